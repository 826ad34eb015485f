"""The command line: `python -m retention_helpers …`, which is what `make` calls.

Exit status: 0 done; 1 a notebook failed; 2 the input or the arguments are wrong; 130 stopped with Ctrl-C.
"""

import argparse
import json
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retention_helpers.commands.arguments import Parser
from retention_helpers.report import notebooks
from retention_helpers.sources import IMPORTERS
from retention_helpers.words.errors import InputError, nearest
from retention_helpers.words.written import ORDERS

if TYPE_CHECKING:
    from retention_helpers.commands.checking import Checked

SAMPLE = notebooks.PROJECT / "data" / "sample"
VERDICTS = {"stop": "stops", "warning": "warnings", "note": "notes"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; mistakes are sentences on stderr, never tracebacks."""
    # A timer or the system says stop with SIGTERM: leave as tidily as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        options = _read(sys.argv[1:] if arguments is None else list(arguments))
        return int(options.command(options))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. Everything is as it was before.", file=sys.stderr)
        return 130


def _read(arguments: list[str]) -> argparse.Namespace:
    parser, commands = _parser()
    if arguments and not arguments[0].startswith("-") and arguments[0] not in commands:
        raise InputError(f"There is no command {arguments[0]}. {nearest(arguments[0], commands)}")
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        known = re.findall(r"--[a-z]+", commands[options.name].format_help())
        raise InputError(f"{options.name} does not know {unknown[0]}. {nearest(unknown[0], set(known))}")
    return options


def _parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    parser = Parser(prog="retention_helpers", description="Who stays, why the others leave, and what to do.")
    commands = parser.add_subparsers(title="commands", dest="name", metavar="COMMAND", required=True)
    data = Parser(add_help=False)
    data.add_argument(
        "--data",
        type=Path,
        default=SAMPLE,
        metavar="DIR",
        help="the folder with your tables (default: the sample)",
    )
    month = Parser(add_help=False)
    month.add_argument(
        "--month",
        type=_month,
        default="",
        metavar="YYYY-MM",
        help="the month to report on (default: the last whole month in the data)",
    )

    report = commands.add_parser(
        "report", parents=[data, month], help="make the report of a month", allow_abbrev=False
    )
    report.add_argument("--out", type=Path, default=Path("reports"), metavar="DIR", help="where reports go")
    report.add_argument("--engine", choices=["duckdb"], default="duckdb", help="what computes")
    report.add_argument(
        "--only",
        nargs="+",
        action="extend",
        default=[],
        metavar="NOTEBOOK",
        help="only these notebooks, such as: measurement",
    )
    report.set_defaults(command=_report)

    check = commands.add_parser(
        "check", parents=[data], help="say what is wrong with the data", allow_abbrev=False
    )
    check.add_argument("--json", action="store_true", help="for other programs")
    check.add_argument(
        "--out",
        type=Path,
        default=Path("reports"),
        metavar="DIR",
        help="where rows go that do not count, into its folder check (default: reports)",
    )
    check.set_defaults(command=_check)

    init = commands.add_parser(
        "init", help="begin: look at your files and write their retention.yml", allow_abbrev=False
    )
    init.add_argument("folder", type=Path, metavar="DIR", help="the data folder to make, such as data/mine")
    init.add_argument(
        "--from",
        dest="places",
        nargs="+",
        action="extend",
        type=Path,
        default=[],
        metavar="PATH",
        help="your files, or the folders that hold them (default: DIR itself)",
    )
    init.add_argument("--business", default="", metavar="NAME", help="what the business is called")
    init.add_argument("--time-zone", default="", metavar="ZONE", help="such as Europe/Berlin")
    init.add_argument("--currency", default="", metavar="CODE", help="such as EUR")
    init.add_argument(
        "--date-order", choices=ORDERS, default="", help="how days such as 05/03/2026 are meant"
    )
    init.set_defaults(command=_init)

    imports = commands.add_parser(
        "import", help="read the export of another tool into a data folder", allow_abbrev=False
    )
    imports.add_argument(
        "source", metavar="SOURCE", choices=IMPORTERS, help=f"one of: {', '.join(IMPORTERS)}"
    )
    imports.add_argument(
        "files", nargs="*", default=[], type=Path, metavar="FILE", help="what the tool exported"
    )
    imports.add_argument("--out", type=Path, metavar="DIR", help="the data folder to write to")
    imports.add_argument(
        "--date-order", choices=ORDERS, default="", help="how days such as 05/03/2026 are meant"
    )
    imports.add_argument(
        "--template", type=Path, metavar="FILE.xlsx", help="write a workbook to fill in (spreadsheet only)"
    )
    imports.set_defaults(command=_import)

    plan = commands.add_parser(
        "plan",
        parents=[data, month],
        help="how many customers an experiment needs, and how many months",
        allow_abbrev=False,
    )
    plan.add_argument("--experiment", metavar="NAME", help="one of experiments.yml; else describe it:")
    plan.add_argument("--outcome", default="retained", help="retained, not_cancelled, paying or event")
    plan.add_argument("--event", default="", metavar="NAME", help="the event, for --outcome event")
    plan.add_argument("--days", type=int, default=35, help="the day after the assignment (default: 35)")
    plan.add_argument("--effect", type=float, default=0.05, help="the smallest worth having (default: 0.05)")
    plan.add_argument("--baseline", type=float, help="the rate without it (default: your own past year)")
    plan.add_argument("--monthly", type=float, help="customers a month (default: your newcomers)")
    plan.add_argument("--arms", type=int, default=2, help="the control and how many others (default: 2)")
    plan.set_defaults(command=_plan)

    explore = commands.add_parser(
        "explore",
        parents=[data, month],
        help="copy the notebooks to work/, for your own data",
        allow_abbrev=False,
    )
    explore.set_defaults(command=_explore)

    committed = commands.add_parser(
        "notebooks", help="run the committed notebooks on the sample, in place", allow_abbrev=False
    )
    committed.add_argument(
        "--check",
        type=Path,
        nargs="?",
        const=notebooks.FOLDER,
        metavar="DIR",
        help="only say which of them are not as this command wrote them",
    )
    committed.set_defaults(command=_notebooks)
    return parser, dict(commands.choices)


def _month(text: str) -> str:
    """Checked before anything slow happens."""
    if not text:  # an empty MONTH of make
        return ""
    from retention_helpers.words.calendar import first_of

    first_of(text)
    return text


def _report(options: argparse.Namespace) -> int:
    from retention_helpers.report.publishing import NotebooksFailed, publish, short

    try:
        folder = publish(options.data, options.month, options.out, tuple(options.only))
    except NotebooksFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The report is ready: {short(folder / 'index.html')}")
    return 0


def _check(options: argparse.Namespace) -> int:
    from retention_helpers.commands.checking import check

    checked = check(options.data, options.out)
    if options.json:
        print(json.dumps(_as_record(checked), indent=1, ensure_ascii=False))
    else:
        _say(checked)
    return 2 if checked.is_stopped else 0


def _as_record(checked: "Checked") -> dict[str, Any]:
    """What the gate says, for other programs: the shape of `quality` in findings.json, and the stops."""
    said: dict[str, Any] = {
        name: [
            {"table": f.table, "rule": f.rule, "rows": f.rows, "message": f.message}
            for f in checked.faults
            if f.level == level
        ]
        for level, name in VERDICTS.items()
    }
    return said | {
        "sources": [asdict(source) for source in checked.sources],
        "set_aside": [str(path) for path in checked.lists],
    }


def _say(checked: "Checked") -> None:
    for level in VERDICTS:
        for fault in checked.faults:
            if fault.level == level:
                print(f"{level}: {fault.message}")
    for path in checked.lists:
        print(f"Rows that were set aside, each with its place and the reason: {path}")
    print(_verdict(*(sum(fault.level == level for fault in checked.faults) for level in VERDICTS)))


def _verdict(stops: int, warnings: int, notes: int) -> str:
    """
    >>> _verdict(1, 0, 2)
    '1 stop, 0 warnings, 2 notes. No report can be made until what stops it is mended.'
    """
    counts = ", ".join(
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((stops, "stop"), (warnings, "warning"), (notes, "note"))
    )
    if stops:
        return f"{counts}. No report can be made until what stops it is mended."
    return f"{counts}. A report can be made."


def _init(options: argparse.Namespace) -> int:
    from retention_helpers.commands import beginning
    from retention_helpers.commands.checking import check
    from retention_helpers.contract.settings import SETTINGS_FILE
    from retention_helpers.words.formats import plural

    folder: Path = options.folder
    asked = options.places or [Path(_ask("Where are your files? A folder or a file", str(folder)))]
    places = [Path(place).expanduser() for place in asked]
    if places == [folder]:
        folder.mkdir(parents=True, exist_ok=True)
    found = beginning.looks(beginning.files_in(places))
    for look in found:
        print(f"  {look.path.name}: {look.what}")
    if any(look.columns for look in found):
        print("  Check that these names mean what they were taken for; retention.yml is yours to change.")
    if not any(look.key for look in found):
        raise InputError(f"No file in {places[0]} looks like customers or subscriptions. {_START}")
    sources, again = beginning.sources_of(found, folder)
    for look in again:
        print(f"  {look.path.name} was left out: another file brings {look.key} already.")
    plan = beginning.Plan(
        options.business
        or _ask("What is the business called?", folder.resolve().name.replace("_", " ").title()),
        options.time_zone or _ask("In which time zone do its days end?", beginning.time_zone_here()),
        options.currency.upper(),
        options.date_order or beginning.date_order_of(found, _ask),
        sources,
    )
    is_new = beginning.write_settings(plan, folder)
    print(f"{'Written' if is_new else 'Left as it is, because it was there'}: {folder / SETTINGS_FILE}\n")
    checked = check(folder, Path("reports"))
    if checked.sources:
        there = [f"{one.table} ({plural(one.rows_kept, 'row')})" for one in checked.sources]
        print(f"There: {', '.join(there)}.")
        print("Not there, and what it would add:")
        for table, adds in beginning.lacking(one.table for one in checked.sources).items():
            print(f"  {table}: {adds}")
        print()
    _say(checked)
    print(
        f"Next: {f'make report DATA={folder}' if not checked.is_stopped else _again(folder / SETTINGS_FILE)}"
    )
    return 2 if checked.is_stopped else 0


_START = (
    "Make customers.csv and subscriptions.csv as the README says, or fill in a workbook: "
    ".venv/bin/python -m retention_helpers import spreadsheet --template FILE.xlsx."
)


def _again(settings: Path) -> str:
    return f"mend what stops it in the files or in {settings}, then: make report DATA={settings.parent}"


def _ask(question: str, default: str) -> str:
    """An answer from the terminal; the default where nobody sits there."""
    if not sys.stdin.isatty():
        return default
    shown = f" [{default}]" if default else ""
    return input(f"{question}{shown} ").strip() or default


def _import(options: argparse.Namespace) -> int:
    if options.template:
        return _template(options)
    from retention_helpers.sources import importer

    file = "" if importer(options.source).is_fetched else "FILE "
    if (file and not options.files) or not options.out:
        missing = "FILE" if file and not options.files else "--out"
        raise InputError(f"{missing} is missing. Such as: import {options.source} {file}--out data/mine")
    if options.files and not file:
        raise InputError(f"{options.source} takes no files: import {options.source} --out data/mine")
    from retention_helpers.commands.checking import check
    from retention_helpers.contract.settings import read_settings
    from retention_helpers.sources.importing import import_files
    from retention_helpers.words.formats import plural

    settings = read_settings(options.out)
    if options.date_order:
        settings = replace(settings, date_order=options.date_order)
    written = import_files(options.source, options.files, options.out, settings)
    for name, rows in written.rows.items():
        print(f"{options.out / name}: {plural(rows, 'row')}")
    for fault in written.faults:
        print(f"{fault.level}: {fault.message}")
    if written.set_aside:
        print(f"{plural(written.rows_set_aside, 'row')} set aside, with the reason: {written.set_aside}")
    if written.unmatched:
        print(f"Customers of whom {options.source} knows nothing: {written.unmatched}")
    checked = check(options.out, Path("reports"))
    _say(checked)
    if not checked.is_stopped:
        print(f"Next: make report DATA={options.out}")
    return 2 if checked.is_stopped else 0


def _template(options: argparse.Namespace) -> int:
    if options.source != "spreadsheet" or options.files or options.out:
        raise InputError("--template stands alone: import spreadsheet --template FILE.xlsx")
    from retention_helpers.sources.spreadsheet.template import write_template

    write_template(options.template)
    print(f"Fill in {options.template}, then: import spreadsheet {options.template} --out data/mine")
    return 0


def _plan(options: argparse.Namespace) -> int:
    from retention_helpers import experiments
    from retention_helpers.business import open_business

    _refuse_impossible(options)
    business = open_business(options.data, options.month)
    try:
        if options.experiment:
            known = experiments.plans(business, {})
            if options.experiment not in known:
                raise InputError(
                    f"experiments.yml has no {options.experiment}. {nearest(options.experiment, known)}"
                )
            plan = known[options.experiment]
        else:
            plan = experiments.proposed(
                business,
                outcome=experiments.Outcome(options.outcome, options.days, options.event),
                effect=options.effect,
                baseline=options.baseline,
                a_month=options.monthly,
                arms=options.arms,
            )
        gains = experiments.gains(plan)
        print(experiments.proposal(business, plan, gains).sentence())
        print()
        print(gains.table(caption="How many customers a gain in points needs"))
    finally:
        business.close()
    return 0


def _refuse_impossible(options: argparse.Namespace) -> None:
    """What no experiment can be, said before anything slow happens."""
    from retention_helpers.contract.experiments import MOST_DAYS, OUTCOMES, no_room

    if options.outcome not in OUTCOMES:
        raise InputError(f"There is no outcome {options.outcome}. {nearest(options.outcome, OUTCOMES)}")
    if options.outcome == "event" and not options.event:
        raise InputError("An event needs its name: --event NAME.")
    for name in ("effect", "baseline"):
        value = getattr(options, name)
        if value is not None and not 0 < value < 1:
            raise InputError(f"--{name} is {value:g}, and should lie between 0 and 1, such as 0.05.")
    if fault := no_room(options.effect, options.baseline):
        raise InputError(f"--effect {fault}")
    if not 0 <= options.days <= MOST_DAYS:
        raise InputError(f"--days should be 0 to {MOST_DAYS:,}.")
    if options.arms < 2 or (options.monthly is not None and options.monthly <= 0):
        raise InputError("--arms should be 2 or more, and --monthly above 0.")


def _explore(options: argparse.Namespace) -> int:
    from retention_helpers.business import open_business

    open_business(options.data, options.month).close()  # says what is wrong before JupyterLab opens
    copies = notebooks.copy_for_exploring(options.data, options.month, notebooks.PROJECT / "work")
    print(copies)
    return 0


def _notebooks(options: argparse.Namespace) -> int:
    if options.check:
        complaints = notebooks.unlocked(options.check)
        print(*complaints, sep="\n", end="\n" if complaints else "")
        return 1 if complaints else 0
    failed = notebooks.execute_all()
    for name, trouble in failed.items():
        print(f"{name}.ipynb was left as it was:\n{trouble}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

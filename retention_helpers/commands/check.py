"""`check`: the data gate alone, and what it says, for people or for other programs."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retention_helpers.commands.arguments import Commands, data

if TYPE_CHECKING:
    from retention_helpers.commands.checking import Checked

NAME = "check"
VERDICTS = {"stop": "stops", "warning": "warnings", "note": "notes"}


def declare(commands: Commands) -> None:
    parser = commands.add_parser(
        NAME, parents=[data()], help="say what is wrong with the data", allow_abbrev=False
    )
    parser.add_argument("--json", action="store_true", help="for other programs")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("reports"),
        metavar="DIR",
        help="where rows go that do not count, into its folder check (default: reports)",
    )


def run(options: argparse.Namespace) -> int:
    from retention_helpers.commands.checking import check

    checked = check(options.data, options.out)
    if options.json:
        print(json.dumps(_as_record(checked), indent=1, ensure_ascii=False))
    else:
        say(checked)
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


def say(checked: "Checked") -> None:
    """Print what the gate says, the worst first, and whether a report can be made."""
    for level in VERDICTS:
        for fault in checked.faults:
            if fault.level == level:
                print(f"{level}: {fault.message}")
    for path in checked.lists:
        print(f"Rows to look at, each with its place and the reason: {path}")
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

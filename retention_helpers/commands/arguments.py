"""The arguments of the command line: those that several commands take, and what is wrong with one."""

import argparse
import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from retention_helpers import shipped
from retention_helpers.words.errors import InputError, nearest

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["Parser"]
else:
    Commands = object

_INVALID = re.compile(r"argument (\S+): invalid choice: '?(.*?)'? \(choose from (.+)\)")
_COMPLAINTS = (
    (r"the following arguments are required: COMMAND", r"Say what to do, such as: report."),
    (r"the following arguments are required: (.+)", r"\1 is missing."),
    (r"argument (\S+): expected (?:one|at least one) argument", r"\1 needs a value."),
    (r"argument (\S+): ignored explicit argument .*", r"\1 takes no value."),
)


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are sentences; raises InputError where argparse would print its usage."""

    def error(self, said: str) -> NoReturn:
        raise InputError(complaint(said, f"{self.prog} --help"))


def complaint(said: str, help_of: str) -> str:
    """What argparse complains about, as a sentence.

    >>> complaint("argument --month: expected one argument", "retention report --help")
    '--month needs a value. All there is: retention report --help'
    >>> complaint("argument --engine: invalid choice: 'duck' (choose from 'duckdb')", "report --help")
    '--engine cannot be duck. Did you mean duckdb?'
    """
    invalid = _INVALID.fullmatch(said)
    if invalid:
        known = [word.strip(" '") for word in invalid[3].split(",")]
        return f"{invalid[1]} cannot be {invalid[2]}. {nearest(invalid[2], known)}"
    for pattern, sentence in _COMPLAINTS:
        if re.fullmatch(pattern, said):
            return f"{re.sub(pattern, sentence, said)} All there is: {help_of}"
    return f"{said}. All there is: {help_of}"


def data() -> Parser:
    """The argument that names the data folder."""
    parser = Parser(add_help=False)
    parser.add_argument(
        "--data",
        type=Path,
        default=shipped.SAMPLE,
        metavar="DIR",
        help="the folder with your tables (default: the sample)",
    )
    return parser


def out() -> Parser:
    """The argument that names the reports' folder."""
    parser = Parser(add_help=False)
    parser.add_argument(
        "--out", type=Path, default=Path("reports"), metavar="DIR", help="where reports go (default: reports)"
    )
    return parser


def data_and_month() -> list[Parser]:
    """The arguments that name the data folder and the month."""
    parser = Parser(add_help=False)
    parser.add_argument(
        "--month",
        type=_month,
        default="",
        metavar="YYYY-MM",
        help="the month to report on (default: the last whole month in the data)",
    )
    return [data(), parser]


def _month(text: str) -> str:
    """Checked before anything slow happens."""
    if not text:  # an empty MONTH of make
        return ""
    from retention_helpers.words.calendar import first_of

    first_of(text)
    return text


def day(text: str) -> str:
    """The argument that names a day; empty is none, as an empty DATE of make.

    Raises InputError with the right spelling.
    """
    try:
        return str(dt.date.fromisoformat(text)) if text else ""
    except ValueError:
        raise InputError(f"{text!r} is not a day. Write it as YYYY-MM-DD, such as 2026-11-03.") from None

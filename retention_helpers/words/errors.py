"""Mistakes that the owner can mend, told in the owner's words."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Real

# An address with a user and a password, whatever stands around it, and a password as programs take it. Each
# begins where a word does: else a name of thousands of letters is looked through once from every letter on.
_SECRETS = (
    (re.compile(r"(\b\w++:/{1,2})[^/\n]*:[^\n]*@"), r"\1…@"),
    (re.compile(r"(?<![^\s:/@'\"])[^\s:/@'\"]++:[^\s@:/]+@(?=[\w.-]+(?::\d+|/|\b))"), "…@"),
    (re.compile(r"(?i)(password|passwd|pwd)=[^\s&'\"]+"), r"\1=…"),
)


def without_secrets(text: str) -> str:
    """A text without the passwords of addresses, wherever somebody put one by mistake.

    >>> without_secrets("There is no file postgresql://reader:my secret@host/shop.")
    'There is no file postgresql://…@host/shop.'
    """
    for secret, masked in _SECRETS:
        text = secret.sub(masked, text)
    return text


LONGEST_WORD = 400  # of a mistake: longer than a path is


def without_long_words(text: str, most: int = LONGEST_WORD) -> str:
    """A text without the middle of words that nobody would read, such as an id of a thousand letters.

    >>> without_long_words("no table " + 500 * "x", 50)
    'no table xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxx'
    """
    return re.sub(rf"\S{{{most + 1},}}", lambda word: f"{word[0][:40]}…{word[0][-10:]}", text)


class InputError(Exception):
    """The input or the arguments are wrong; the text of the error is the whole message.

    The command line prints it and exits with 2; a notebook shows it without a traceback.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(without_long_words(without_secrets(text)))

    def _render_traceback_(self) -> list[str]:
        # IPython asks the exception itself how it wants to be shown.
        return [str(self)]


class BeingMade(InputError):
    """Another run makes the same thing at this moment. Nothing has failed."""


_DISK = re.compile(
    "no space left on device|disk quota exceeded|read-only file system|permission denied|input/output error"
    "|failed to (create|offload)|could not write",
    re.IGNORECASE,
)


def is_of_the_disk(said: str) -> bool:
    """Whether an error that some tool raised is one of a folder that cannot be written, or is full.

    >>> is_of_the_disk("IO Error: Could not write file: No space left on device"), is_of_the_disk("KeyError")
    (True, False)
    """
    return _DISK.search(said) is not None


def of_the_disk(error: OSError, way_out: str = "Free some space there, or allow writing.") -> str:
    """What the system says of a file or folder, with the way out where it cannot be written.

    >>> of_the_disk(PermissionError(13, "Permission denied", "reports/x"))
    'reports/x: permission denied. Free some space there, or allow writing.'
    >>> of_the_disk(FileNotFoundError(2, "No such file or directory", "reports"))
    'reports: no such file or directory.'
    """
    reason = (error.strerror or str(error) or "it cannot be used").lower().rstrip(".")
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{reason}.{f' {way_out}' if is_of_the_disk(reason) else ''}"


def nearest(word: object, known: Iterable[str]) -> str:
    """A question that offers the nearest right spelling, or lists what there is.

    >>> nearest("chrun", ["churn", "retention"])
    'Did you mean churn?'
    >>> nearest("colour", ["churn", "retention"])
    'Known: churn, retention.'
    """
    names = sorted(known)
    close = get_close_matches(str(word).lower(), names, n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else f"Known: {', '.join(names)}."


def whole(number: float, name: str, least: int) -> int:
    """A whole number that was asked for by a name; InputError for what is none.

    >>> whole(3.0, "months", 1)
    3
    """
    if not isinstance(number, Real) or number % 1 or number < least:
        raise InputError(f"{name} is a whole number from {least} on, not {number!r}.")
    return int(number)

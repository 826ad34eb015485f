"""Mistakes that the owner can mend, told in the owner's words."""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(Exception):
    """The input or the arguments are wrong; the text of the error is the whole message.

    The command line prints it and exits with 2; a notebook shows it without a traceback.
    """

    def _render_traceback_(self) -> list[str]:
        # IPython asks the exception itself how it wants to be shown.
        return [str(self)]


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

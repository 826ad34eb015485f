"""How periods, reasons and small numbers are written in the sentences about reasons."""

from retention_helpers.churn_reasons.answers import Period
from retention_helpers.words import formats


def in_words(small: int) -> str:
    """A number of a sentence, up to twelve as a word.

    >>> in_words(3), in_words(24)
    ('three', '24')
    """
    return formats.spelled(small, up_to=12)


def span(when: Period) -> str:
    """Its months."""
    return formats.month_span(when.first, when.last)


def inside(when: Period) -> str:
    """When something was, inside a sentence."""
    return f"in {span(when)}" if when.months == 1 else f"from {span(when)}"


def named(reason: str) -> str:
    """A reason, as it is quoted."""
    return f"“{reason.replace('_', ' ')}”"


def begun(text: str) -> str:
    """The words at the start of a sentence."""
    return text[:1].upper() + text[1:]

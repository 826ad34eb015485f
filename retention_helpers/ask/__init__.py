"""Own questions, in a line each: an open business, and what to ask of it.

>>> from retention_helpers import ask
>>> business = ask.open_business(ask.SAMPLE, "2026-10")
>>> ask.churn(business, where={"acquisition_channel": "ads"})  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
retention_helpers.words.errors.InputError: No customer has acquisition_channel ads. The levels of ...

What there is to ask by stands in `ask.groups(business)`, what a column means in `ask.columns()`.
"""

from retention_helpers.ask.controls import controls
from retention_helpers.ask.dictionary import columns
from retention_helpers.ask.groups import groups
from retention_helpers.ask.people import customers
from retention_helpers.ask.questions import activity, churn, cohorts, differences, mrr, reasons, stay
from retention_helpers.ask.tables import table
from retention_helpers.business import SAMPLE, open_business
from retention_helpers.words.errors import nearest

__all__ = [
    "SAMPLE",
    "activity",
    "churn",
    "cohorts",
    "columns",
    "controls",
    "customers",
    "differences",
    "groups",
    "mrr",
    "open_business",
    "reasons",
    "stay",
    "table",
]


def __getattr__(name: str) -> object:
    raise AttributeError(f"ask.{name} is none of the questions. {nearest(name, __all__)}")

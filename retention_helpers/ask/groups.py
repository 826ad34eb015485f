"""By what customers may be asked for."""

from functools import partial

import pandas as pd

from retention_helpers.ask.questions import answer, asked_by, of_some
from retention_helpers.business import Business, levels
from retention_helpers.business.levels import By
from retention_helpers.business.opening import Where
from retention_helpers.shown.answers import Answer
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.shown.units import COUNT, TEXT, columns


@columns(by=TEXT("Name"), level=TEXT, customers=COUNT)
def customers_by_level(business: Business, by: By = ()) -> pd.DataFrame:
    """One row per name and level that `by` and `where` may ask for: how many customers have it.

    Everybody counts who ever had service or stands in the table of customers.
    """
    every = levels.chosen(business, by) or levels.names(business)
    found = pd.concat([_counted(business, one) for one in every], ignore_index=True)
    return found[["by", "level", "customers"]]


def _counted(business: Business, by: str) -> pd.DataFrame:
    return levels.counts(business, by).reset_index().assign(by=by)


_MEASURE = Measure(customers_by_level, "What customers can be grouped and narrowed by")


def groups(business: Business, *, by: By | None = (), where: Where | None = None) -> Answer:
    """What `by` and `where` may name: a row a name and level, with the customers (a count) that have it.

    How customers began, their attributes as they were at sign-up, and arms of experiments; never personal
    columns. Every level stands here, also those that answers of rates put together as "(other)", which
    `where` does not take: it takes their names. plan, mrr_band and interval, which customers change, are for
    `by` of `churn` and `reasons`, tenure for that of `reasons`. `by` asks for some of the names alone,
    `where` counts among some customers alone.

    >>> from retention_helpers import ask
    >>> business = ask.open_business(ask.SAMPLE, "2026-10")
    >>> ask.groups(business).to_frame().query("by == 'first_interval'")
                   by        level  customers
    4  first_interval  (not given)         50
    5  first_interval        month        679
    6  first_interval         year         88
    """
    asked = of_some(business, where)
    return answer(asked, _MEASURE(asked, asked_by(by)), _MEASURE.caption, partial(_told, asked))


def _told(business: Business) -> Sentence:
    return Sentence(f"by= and where= take {listed(list(levels.names(business)))}.")


def to_begin_with(business: Business) -> dict[str, str | list[str]]:
    """What the questions of `start_here` ask by, for this business: its parameters by, kind and two.

    Of its attributes with two levels or more that stand by themselves the first, the last, and the two
    largest levels of that one; the first plan where there is none.
    """
    wanted = [by for by in levels.attributes(business) if len(_apart(business, by)) > 1] or ["first_plan"]
    kind = wanted[-1]
    largest = (
        _apart(business, kind).reset_index().sort_values(["customers", "level"], ascending=[False, True])
    )
    return {"by": wanted[0], "kind": kind, "two": list(largest["level"].head(2))}


def _apart(business: Business, by: str) -> pd.Series:
    """The known levels that are shown by themselves, with how many customers each has."""
    return levels.counts(business, by).drop(
        [levels.NOT_GIVEN, *levels.together(business, by).index], errors="ignore"
    )

"""How many purchases are to be expected of those who have bought, and what they are worth."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.repeat_purchase.gaps import gaps, last_day
from retention_helpers.repeat_purchase.rhythm import AHEAD, STATES, people_at, people_now
from retention_helpers.shown.units import COUNT, DAY, MONEY, TENTHS, TIMES, columns, names_of, one_of
from retention_helpers.statistics.buying import Buying, Spending, fit_buying, fit_spending

FEWEST_CUSTOMERS, FEWEST_REPEATS = 50, 20  # for a model
MOST_TESTS, FEWEST_TESTS = 4, 2
MOST_LEARNED = 10_000  # customers a model is learned from; of more, evenly many by the order of their ids
WEEK = 7  # days: the model's unit of time
BOUGHT = ("once", "2 or 3 times", "4 times or more")


@dataclass(frozen=True)
class Model:
    """The two models, and the customers from whom they were learned."""

    buying: Buying
    spending: Spending
    customers: int

    def purchases(self, people: pd.DataFrame, days: int) -> np.ndarray:
        """How many purchases each of `people_at` is expected to make in so many days."""
        return self.buying.expected(*_history(people), ahead=days / WEEK)

    def worth(self, people: pd.DataFrame) -> np.ndarray:
        """What a purchase of each is expected to be worth."""
        return self.spending.expected(people["purchases"], people["spent"] / people["purchases"])


def _history(people: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Purchases after the first, when the last was, and how long ago the first was; in weeks."""
    last = (people["last_on"] - people["first_on"]).dt.days / WEEK
    return people["purchases"] - 1, last, last + people["silent"] / WEEK


def model(business: Business) -> Model | None:
    """The model of today's customers; None where FEWEST_CUSTOMERS customers or FEWEST_REPEATS purchases after
    the first are not there.

    Glossary: expected purchases.
    """
    found: Model | None = business.once("model of buying", lambda: learned(people_now(business)))
    return found


def learned(people: pd.DataFrame) -> Model | None:
    repeats = int((people["purchases"] - 1).sum())
    if len(people) < FEWEST_CUSTOMERS or repeats < FEWEST_REPEATS:
        return None
    some = people.iloc[:: -(-len(people) // MOST_LEARNED)]
    spending = fit_spending(some["purchases"], some["spent"] / some["purchases"])
    return Model(fit_buying(*_history(some)), spending, len(some))


@columns(learned_on=DAY("Known by"), customers=COUNT, expected=TENTHS("Purchases expected"),
         came=COUNT("Purchases made"), times=TIMES("Made / expected"))  # fmt: skip
def tests(business: Business) -> pd.DataFrame:
    """One row per past day, AHEAD days apart: what a model that knew no later purchase expected of the
    customers of then in the AHEAD days after, and what they made.

    Glossary: expected purchases.
    """
    rows, found = gaps(business), []
    for nth in range(MOST_TESTS, 0, -1):
        end = last_day(business) - dt.timedelta(days=AHEAD * nth)
        people = people_at(rows, end)
        made = learned(people)
        if made is None:
            continue
        expected = float(made.purchases(people, AHEAD).sum())
        after = (rows["bought_on"] - pd.Timestamp(end)).dt.days
        mine = rows["customer_id"].isin(people["customer_id"])
        came = int((mine & after.between(1, AHEAD)).sum())
        found.append((end, len(people), expected, came, came / expected if expected else np.nan))
    return pd.DataFrame(found, columns=names_of(tests))


@dataclass(frozen=True)
class Ahead:
    """What the customers of today are expected to do in the AHEAD days to come.

    The ends of the range are as far off as the model was in its tests; None with fewer than FEWEST_TESTS.
    """

    purchases: float | None
    low: float | None
    high: float | None
    worth: float | None
    tests: int


def ahead(business: Business, tested: pd.DataFrame) -> Ahead:
    """The purchases of the AHEAD days to come, and their worth; all None without a model. Takes `tests`.

    Glossary: expected purchases.
    """
    made, people = model(business), people_now(business)
    if made is None:
        return Ahead(None, None, None, None, 0)
    each = made.purchases(people, AHEAD)
    total, worth = float(each.sum()), float((each * made.worth(people)).sum())
    if len(tested) < FEWEST_TESTS:
        return Ahead(total, None, None, worth, len(tested))
    off = [*tested["times"], 1.0]
    return Ahead(total, total * min(off), total * max(off), worth, len(tested))


def with_expectation(business: Business, people: pd.DataFrame) -> pd.DataFrame:
    """`people_at` with expected (purchases in AHEAD days) and worth (their amount); NaN without a model."""
    made = model(business)
    if made is None:
        return people.assign(expected=np.nan, worth=np.nan)
    each = made.purchases(people, AHEAD)
    return people.assign(expected=each, worth=each * made.worth(people))


@columns(
    state=one_of(*STATES)("Silence"),
    bought=one_of(*BOUGHT),
    customers=COUNT,
    spent=MONEY("Spent in all"),
    expected=TENTHS.or_null("Purchases expected"),
    worth=MONEY.or_null("Worth"),
)
def standing(business: Business) -> pd.DataFrame:
    """One row per state of silence and number of purchases: how many customers, what they have spent, and
    what is to be expected of them in the AHEAD days to come. All rows together are all who ever bought.

    Glossary: overdue.
    """
    people = with_expectation(business, people_now(business))
    kind = pd.cut(people["purchases"], [0, 1, 3, np.inf], labels=list(BOUGHT)).astype(str)
    each = people.assign(bought=kind).groupby(["state", "bought"])
    sums = each[["spent", "expected", "worth"]].sum(min_count=1).assign(customers=each.size())
    sums = sums.round({"spent": 2, "worth": 2})
    order = pd.MultiIndex.from_product([STATES, BOUGHT], names=["state", "bought"])
    return sums.reindex([key for key in order if key in sums.index]).reset_index()[names_of(standing)]

"""Whose silence is a loss: by each customer's own rhythm, held against one number of days for everybody."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.repeat_purchase.gaps import DAY, gaps, known_at, last_day
from retention_helpers.shown.units import COUNT, RATE, TENTHS, columns, names_of, one_of
from retention_helpers.statistics.clusters import clustered_rate
from retention_helpers.statistics.intervals import Change, paired_change

LEANING = 2  # gaps of the business's usual length that are added to everybody's own
LATE, OVERDUE = 1.0, 2.0  # times the usual gap
STATES = ("on time", "late", "overdue")
IN_QUESTION = 365  # days since the last purchase; who was silent for longer is in no test
AHEAD = 90  # days in which those who were called lapsed might have come
MOST_TESTS, FEWEST = 8, 20  # month ends, and customers at each
OWN, FIXED = "own rhythm", "fixed number of days"


def people_at(rows: pd.DataFrame, last: dt.date) -> pd.DataFrame:
    """One row per customer who had bought by the end of a day, from what was known then.

    Columns: customer_id, purchases, first_on, last_on, spent, usual (days between two purchases: the mean of
    the own gaps and of LEANING more of the business's median length), silent (days since the last), ratio
    (silent / usual), state (of STATES).

    Glossary: own rhythm; overdue.
    """
    seen = known_at(rows, last)
    typical = float(seen.loc[seen["again"], "days"].median()) if seen["again"].any() else np.nan
    each = seen.groupby("customer_id", sort=True)
    people = each.agg(
        purchases=("nth", "size"), first_on=("bought_on", "min"), last_on=("bought_on", "max"),
        spent=("amount", "sum"),
    ).reset_index()  # fmt: skip
    own = (people["last_on"] - people["first_on"]).dt.days
    usual = (own + LEANING * typical) / (people["purchases"] - 1 + LEANING)
    silent = (pd.Timestamp(last) - people["last_on"]).dt.days
    ratio = silent / usual
    state = np.select([ratio > OVERDUE, ratio > LATE], STATES[:0:-1], STATES[0])
    return people.assign(
        usual=usual, silent=silent, ratio=ratio, state=np.where(usual.isna(), STATES[0], state)
    )


def people_now(business: Business) -> pd.DataFrame:
    """`people_at` the end of the report month."""
    found: pd.DataFrame = business.once("buyers now", lambda: people_at(gaps(business), last_day(business)))
    return found


@dataclass(frozen=True)
class Tested:
    """How the two rules did on the past.

    Attributes:
        ends: how many past days they were held against.
        rules: a row a rule, as `back_test` says.
        better: own rhythm less fixed number, of the customers called lapsed; None where nobody was called.
        verdict: which of the two was right more often, or that it is not clear.
    """

    ends: int
    rules: pd.DataFrame
    better: Change | None
    verdict: str

    @property
    def days(self) -> float:
        """The fixed number of days that called as many lapsed as the own rhythm, on average."""
        return float(self.rules["days"].iloc[1]) if len(self.rules) else np.nan


VERDICTS = ("own rhythm is better", "a fixed number of days is better", "no clear difference", "too few")


def back_test(business: Business) -> Tested:
    """How often who was called lapsed did not buy in the AHEAD days after, by either rule.

    At past days that lie AHEAD days apart, so that no outcome counts twice, from what was known then. The own
    rhythm calls lapsed who is overdue; the fixed number is chosen at each day so that it calls as many: those
    who were silent for longest. Who was silent for more than IN_QUESTION days is in neither. The verdict
    needs the exact test of those whom one rule alone calls lapsed.

    Glossary: back-test of lapse.
    """
    found: Tested = business.once("lapse tested", lambda: _back_test(gaps(business), last_day(business)))
    return found


def _back_test(rows: pd.DataFrame, last: dt.date) -> Tested:
    ends = [last - dt.timedelta(days=AHEAD * nth) for nth in range(1, MOST_TESTS + 1)]
    parts = [part for end in ends if (part := _called(rows, end)) is not None]
    if not parts:
        return Tested(0, pd.DataFrame(columns=names_of(rules)), None, VERDICTS[3])
    whole = pd.concat(parts, ignore_index=True)
    cluster = pd.factorize(whole["customer_id"])[0]
    gone = ~whole["came"].to_numpy(dtype=bool)
    found = []
    for rule, days in ((OWN, np.nan), (FIXED, float(whole["limit"].mean()))):
        called = whole[rule].to_numpy(dtype=bool)
        share = clustered_rate(gone[called], cluster[called])
        found.append((rule, days, share.denominator, share.numerator, share.value, share.low, share.high))
    own, fixed = (whole[rule].to_numpy(dtype=bool) for rule in (OWN, FIXED))
    better = paired_change(int((gone & own & ~fixed).sum()), int((gone & fixed & ~own).sum()), int(own.sum()))
    verdict = {"rose": VERDICTS[0], "fell": VERDICTS[1]}.get(better.verdict, VERDICTS[2])
    return Tested(len(parts), pd.DataFrame(found, columns=names_of(rules)), better, verdict)


def _called(rows: pd.DataFrame, end: dt.date) -> pd.DataFrame | None:
    """The customers in question at the end of a day: whom each rule calls lapsed, and who came after all."""
    people = people_at(rows, end)
    asked = people[people["silent"] <= IN_QUESTION].reset_index(drop=True)
    own = asked["state"] == STATES[2]
    if len(asked) < FEWEST or not own.any():
        return None
    longest = asked["silent"].to_numpy().argsort(kind="stable")[::-1][: int(own.sum())]
    after = rows["bought_on"] - np.datetime64(end)
    came = set(rows.loc[(after > 0 * DAY) & (after <= AHEAD * DAY), "customer_id"])
    return asked.assign(
        **{OWN: own, FIXED: asked.index.isin(longest)},
        limit=float(asked["silent"].to_numpy()[longest].min()),
        came=asked["customer_id"].isin(came),
    )


@columns(rule=one_of(OWN, FIXED), days=TENTHS.or_null("More than days"), called=COUNT("Called lapsed"),
         right=COUNT("Did not come"), share=RATE("Rightly", of=("right", "called")))  # fmt: skip
def rules(tested: Tested) -> pd.DataFrame:
    """One row per rule: whom it called lapsed at the past days, and how many of them did not buy in the AHEAD
    days after. `days` is the number that did as much, on the average of the days.

    Glossary: back-test of lapse.
    """
    return tested.rules

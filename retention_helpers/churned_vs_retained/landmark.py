"""Who is compared, from which day on, and what became of them: the design of the comparison.

Everybody is looked at on the same day after sign-up, the landmark. Only what was known by then is compared,
and only what happened afterwards is the outcome; so nobody looks better for having had longer to use the
product. Days are counted from `signed_up_at` (day 0), in the business time zone; at day N means at its end.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.losses import kept_leavings
from retention_helpers.shown.units import COUNT, TEXT, columns
from retention_helpers.words import formats

Remember = Callable[[str, Callable[[], Any]], Any]
Kind = Literal["number", "yes or no", "category"]
TIERS = ("sign-up", "first week", "later")
AT_SIGN_UP, FIRST_WEEK, LATER = range(len(TIERS))
EARLY_LANDMARK = 7
WEEK = 7  # days 0 to 6


class LooksAhead(ValueError):
    """Something that was not known at the landmark stands among what is compared."""


@dataclass(frozen=True)
class Driver:
    """Something that may differ between those who leave and those who stay.

    Attributes:
        name: its column, and its name in findings.json.
        label: what an owner calls it.
        kind: number, yes or no, or category.
        tier: when it is known: 0 at sign-up, 1 in the first week, 2 later.
        is_count: a number without an upper end, compared on a logarithmic scale where scale matters.
        parts: the names of the drivers that it is made of; others are adjusted for these, not for it.
    """

    name: str
    label: str
    kind: Kind
    tier: int
    is_count: bool = False
    parts: tuple[str, ...] = ()


def _at_once(name: str, compute: Callable[[], Any]) -> Any:
    return compute()


@dataclass(frozen=True)
class Comparison:
    """Customers at a landmark: what was known about each by then, and what became of them.

    `rows` has a row a customer: customer_id, signed_up_on, known_day (the latest day after sign-up of which
    anything here tells), days (from the landmark to the leaving, or as far as it was seen, at most the
    horizon), lost (left within the horizon), settled (the whole horizon is over), and a column a driver.
    `set_apart` has a row a column that is not compared, with the reason. Without `knows_days` nobody can be
    looked at on a day, and there are no rows. `remember` is where what follows from it is kept by its name,
    for those who ask again.

    Raises LooksAhead where a row knows of a day after the landmark.
    """

    rows: pd.DataFrame
    drivers: tuple[Driver, ...]
    landmark_days: int
    horizon_days: int
    min_customers: int
    set_apart: pd.DataFrame
    knows_days: bool = True
    counts_buyers: bool = False
    remember: Remember = field(default=_at_once, compare=False, repr=False)

    def __post_init__(self) -> None:
        refuse_later(self.rows, self.landmark_days)

    @property
    def settled(self) -> pd.DataFrame:
        """The customers of whom it is known whether they left within the horizon: it is over for them."""
        return self.rows[self.rows["settled"]]


def refuse_later(rows: pd.DataFrame, landmark_day: int) -> None:
    """Raises LooksAhead where `known_day`, the latest day of which a row tells, lies after the landmark."""
    ahead = rows[rows["known_day"] > landmark_day]
    if len(ahead):
        first = ahead.sort_values("customer_id").iloc[0]
        later = formats.plural(int(first["known_day"]) - landmark_day, "day")
        raise LooksAhead(
            f"{formats.count(len(ahead))} of {formats.plural(len(rows), 'row')} are described with what "
            f"happened after the landmark (first: {first['customer_id']}, {later} after it). Cut what is "
            "compared at the landmark: those who stay have longer to do anything."
        )


def newcomers(business: Business) -> ir.Table:
    """A row a customer who signed up: when they began and left, in days after sign-up.

    Columns: customer_id, signed_up_on, begin_day (of the first service; null: never), left_day (the first
    request to cancel or the end of that service; null: neither by the cut), seen_days (whole days from
    sign-up to the last day before the cut).
    """
    customers = business.table("customers")
    first = kept_leavings(business).filter(lambda service: service.service == 1)
    both = customers.left_join(first, "customer_id")
    cut = ibis.literal(business.as_of)
    return both.select(
        "customer_id",
        "signed_up_on",
        begin_day=both.begin_on.delta(both.signed_up_on, unit="day"),
        left_day=both.left_on.delta(both.signed_up_on, unit="day"),
        seen_days=cut.delta(both.signed_up_on, unit="day") - 1,
    )


def kept_newcomers(business: Business) -> ir.Table:
    """`newcomers`, computed once."""
    return business.keep("newcomers", lambda: newcomers(business))


STAGES = (
    "signed up before the records begin",
    "not that old yet",
    "left before the landmark",
    "no customer at the landmark",
    "of whom no day is known",
    "compared",
)


def _stage(business: Business, people: ir.Table, landmark_days: int) -> ir.StringValue:
    """What the design makes of a newcomer: one of STAGES."""
    before, young, gone, never, dayless, compared = STAGES
    starts_on = business.settings.history_starts_on
    too_early = people.signed_up_on < starts_on if starts_on else ibis.literal(False)
    return ibis.cases(
        (ibis.literal(not business.knows("days")), dayless),
        (too_early, before),
        (people.seen_days < landmark_days, young),
        (people.left_day.notnull() & (people.left_day <= landmark_days), gone),
        (people.begin_day.isnull() | (people.begin_day > landmark_days), never),
        else_=compared,
    )


@columns(stage=TEXT, customers=COUNT)
def flow(business: Business, *, landmark_days: int) -> pd.DataFrame:
    """One row per stage of the design: how many of those who signed up come so far.

    *Left before the landmark* asked to cancel or ended by that day; *no customer* had not begun to pay by
    then, or never did.

    Glossary: landmark.
    """
    people = kept_newcomers(business)
    stages = people.mutate(stage=_stage(business, people, landmark_days)).group_by("stage")
    found = stages.aggregate(customers=lambda rows: rows.count()).execute().set_index("stage")["customers"]
    counted = [int(found.get(stage, 0)) for stage in STAGES]
    frame = pd.DataFrame({"stage": ["signed up", *STAGES], "customers": [sum(counted), *counted]})
    return frame[(frame["customers"] > 0) | frame["stage"].isin(["signed up", "compared"])].reset_index(
        drop=True
    )


def at_landmark(business: Business, *, landmark_days: int) -> ir.Table:
    """A row a customer who is compared: a customer on the landmark who has neither asked nor ended.

    Columns: customer_id, signed_up_on, left_day, days, lost, settled (see `Comparison`).
    """
    people = kept_newcomers(business)
    horizon = business.settings.horizon_days
    there = people.filter(_stage(business, people, landmark_days) == STAGES[-1])
    after = there.left_day - landmark_days
    seen = ibis.least(there.seen_days - landmark_days, horizon)
    lost = after.notnull() & (after <= horizon)
    return there.select(
        "customer_id",
        "signed_up_on",
        "left_day",
        days=ibis.ifelse(lost, after, seen).cast("int64"),
        lost=lost,
        settled=there.seen_days >= landmark_days + horizon,
    )

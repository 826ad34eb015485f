"""Who comes back to use it, as analysts count it: by day, week or month, and by other tools' conventions.

A *start* puts somebody into a cohort, a *return* brings them back k periods later. What differs between tools
is what a period is (of the calendar, or a time since one's own start), whether only the first start counts,
and whether coming back later counts as well. Everything is counted in one pass over the events that matter.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business, levels, months
from retention_helpers.engine.dialects import months_between
from retention_helpers.shown.units import COUNT, DAY, RATE, columns, names_of, one_of
from retention_helpers.statistics.intervals import with_rate
from retention_helpers.words import calendar
from retention_helpers.words.errors import InputError, nearest

Unit = Literal["day", "week", "month"]
DAYS: Mapping[str, int] = {"day": 1, "week": 7, "month": 30}  # of a period that runs since one's own start
COHORTS: Mapping[str, int] = {"day": 30, "week": 12, "month": 12}
PERIODS: Mapping[str, int] = {"day": 14, "week": 8, "month": 6}
UNITS, WEEKS, CRITERIA = tuple(DAYS), ("monday", "sunday"), ("on", "on or after")
WINDOWS = ("calendar", "24 hours", "whole hours")


@dataclass(frozen=True)
class Convention:
    """How one tool counts, unless it is told otherwise.

    Attributes:
        window: "calendar": periods of the calendar, period 0 being the cohort itself, always 100 %.
            "24 hours": 24 hours × the days of the period since one's own start, to the second. "whole
            hours": the same with instants rounded down to the hour, and of weeks and months (7 and 30 days)
            by calendar days.
        first: whether the first start ever counts alone, or every start (recurring: one may be in each
        cohort). week_starts: monday or sunday. criterion: "on": came back within period k. "on or after":
        within it or any later one (unbounded).
    """

    window: str = "calendar"
    first: bool = True
    week_starts: str = "monday"
    criterion: str = "on"


OURS = "ours"
CONVENTIONS: Mapping[str, Convention] = {
    OURS: Convention(),
    # Calendar dates are PostHog's default, weeks begin on Sunday unless the project says otherwise, and
    # period 0 is the cohort: posthog.com/docs/product-analytics/retention.
    "posthog": Convention(week_starts="sunday"),
    # 24 hours for each interval, interval 0 within them, `birth` as default: docs.mixpanel.com, Query
    # Retention Report.
    "mixpanel": Convention(window="24 hours"),
    # A rolling window by whole hours; weeks of 7 and months of 30 days by the day: amplitude.com/docs, How
    # time works in a Retention Analysis.
    "amplitude": Convention(window="whole hours"),
}


@dataclass(frozen=True)
class Asked:
    """What is asked: a convention, the length of a period, and what starts and what returns."""

    how: Convention
    unit: str
    start: tuple[str, ...]
    back: tuple[str, ...]
    times: int
    cohorts: int
    periods: int


@columns(
    cohort=DAY("Cohort from"), k=COUNT("Periods later"), size=COUNT("Accounts"), returned=COUNT("Came back"),
    rate=RATE("Retention", of=("returned", "size")),
)  # fmt: skip
def usage_retention(
    business: Business,
    *,
    like: str = OURS,
    unit: Unit = "week",
    start: str | Sequence[str] = (),
    back: str | Sequence[str] = (),
    times: int = 1,
    first: bool | None = None,
    criterion: str = "",
    week_starts: str = "",
    window: str = "",
    where: Mapping[str, Any] | None = None,
    cohorts: int = 0,
    periods: int = 0,
) -> pd.DataFrame:
    """One row per cohort and k: of the accounts that started in the cohort's day, week or month, how many
    came back k periods later.

    Accounts are everybody in the table of customers with such an event, customer or not. Days, weeks and
    months of the calendar are those of the business time zone. A cell stands only where its whole period is
    over by the end of the report month, for everybody in the cohort; of "on or after" later returns may still
    come. The interval takes each account of a cell by itself.

    Args:
        like: whose convention holds where nothing else is said: ours, posthog, mixpanel or amplitude
        (`Convention`). unit: day, week or month. start, back: names of events that start, and that return;
        empty: what counts as activity. times: how many returning events it takes within one period. first:
        the first start ever alone (True), or every start (False). criterion: "on" or "on or after".
        week_starts: "monday" or "sunday". window: "calendar", "24 hours" or "whole hours". where: only
        accounts with these levels, such as {"country": "DE"} (`levels.names`). cohorts, periods: how many of
        them, the latest; 0: as many as are usual for the unit.

    Raises InputError for a word that is none of these.

    Glossary: usage retention.
    """
    of = CONVENTIONS[_known("like", like, CONVENTIONS)]
    how = Convention(
        window or of.window,
        of.first if first is None else first,
        week_starts or of.week_starts,
        criterion or of.criterion,
    )
    for name, known in (("criterion", CRITERIA), ("week_starts", WEEKS), ("window", WINDOWS)):
        _known(name, getattr(how, name), known)
    _known("unit", unit, UNITS)
    if times < 1:
        raise InputError("times should be 1 or more.")
    asked = Asked(
        how, unit, _names(start), _names(back), times, cohorts or COHORTS[unit], periods or PERIODS[unit]
    )
    return _counted(business, asked, _events(business, asked, where))


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) and given else tuple(given)


def _known(name: str, value: str, known: Sequence[str] | Mapping[str, object]) -> str:
    if value not in known:
        raise InputError(f"{name} is {value!r}. {nearest(str(value), list(known))}")
    return value


def _events(business: Business, asked: Asked, where: Mapping[str, Any] | None) -> ir.Table:
    """The events that matter, of known accounts: customer_id, at (instant), on (day), starts, returns."""
    events = business.table("events")
    starts, returns = (_is_one(business, events, names) for names in (asked.start, asked.back))
    rows = events.filter(starts | returns).select(
        "customer_id", at="occurred_at", on="occurred_on", starts=starts, returns=returns
    )
    people = business.table("customers").select("customer_id").distinct()
    for by, wanted in (where or {}).items():
        given = [wanted] if isinstance(wanted, str | int | float) else list(wanted)
        own = levels.of(business, by)
        people = people.semi_join(own.filter(own.level.isin(list(map(str, given)))), "customer_id")
    return rows.semi_join(people, "customer_id")


def _is_one(business: Business, events: ir.Table, names: tuple[str, ...]) -> ir.BooleanValue:
    return events.event.isin(names) if names else months.is_activity(business, events)


def period_start(day: ir.DateValue, unit: str, week_starts: str) -> ir.DateValue:
    """The first day of the period in which a day lies."""
    if unit == "month":
        return day.truncate("M")
    if unit == "day":
        return day
    # ISO weeks begin on Monday: a week that begins on Sunday is that of the day after, a day earlier.
    if week_starts == "monday":
        return day.truncate("W")
    later = (day.cast("timestamp") + ibis.interval(days=1)).cast("date").truncate("W")
    return (later.cast("timestamp") - ibis.interval(days=1)).cast("date")


def shown_cohorts(business: Business, asked: Asked) -> list[dt.date]:
    """The first days of the latest cohorts, the last of which is over by the cut."""
    last = business.as_of - dt.timedelta(days=1)
    if asked.unit == "month":
        return [calendar.months_after(last.replace(day=1), -back) for back in range(asked.cohorts)][::-1]
    length = DAYS[asked.unit]
    begin = business.as_of - dt.timedelta(days=length)
    if asked.unit == "week":
        weekday = begin.weekday() if asked.how.week_starts == "monday" else begin.isoweekday() % 7
        begin -= dt.timedelta(days=weekday)
    return [begin - dt.timedelta(days=length * back) for back in range(asked.cohorts)][::-1]


def _over(business: Business, asked: Asked, cohort: dt.date, k: int) -> bool:
    """Whether period k is over by the cut for everybody of a cohort."""
    if asked.how.window == "calendar":
        return _later(asked.unit, cohort, k + 1) <= business.as_of
    ends = _later(asked.unit, cohort, 1) + dt.timedelta(days=DAYS[asked.unit] * (k + 1))
    return ends <= business.as_of


def _later(unit: str, day: dt.date, periods: int) -> dt.date:
    if unit == "month":
        return calendar.months_after(day, periods)
    return day + dt.timedelta(days=DAYS[unit] * periods)


def _counted(business: Business, asked: Asked, rows: ir.Table) -> pd.DataFrame:
    every = shown_cohorts(business, asked)
    begun = _begun(asked, rows)
    begun = begun.filter(begun.cohort.isin(every))
    sizes = begun.group_by("cohort").aggregate(size=begun.customer_id.nunique()).execute()
    came = _came(asked, rows, begun)
    if asked.how.criterion == "on or after":
        came = came.group_by(["customer_id", "cohort"]).aggregate(k=came.k.max())
    each = came.group_by(["cohort", "k"]).aggregate(returned=came.customer_id.nunique()).execute()
    size = {pd.Timestamp(row.cohort).date(): int(row.size) for row in sizes.itertuples(index=False)}
    returned = {
        (pd.Timestamp(row.cohort).date(), int(row.k)): int(row.returned)
        for row in each.itertuples(index=False)
    }
    cells = [
        (cohort, k, size[cohort], _returned(asked, returned, cohort, k, size[cohort]))
        for cohort in every
        if cohort in size
        for k in range(asked.periods + 1)
        if _over(business, asked, cohort, k)
    ]
    frame = pd.DataFrame(cells, columns=["cohort", "k", "size", "returned"])
    return with_rate(frame, "rate", "returned", "size")[names_of(usage_retention)]


def _returned(
    asked: Asked, found: Mapping[tuple[dt.date, int], int], cohort: dt.date, k: int, size: int
) -> int:
    if k == 0 and asked.how.window == "calendar":
        return size
    if asked.how.criterion == "on":
        return found.get((cohort, k), 0)
    return sum(many for (own, last), many in found.items() if own == cohort and last >= k)


def _begun(asked: Asked, rows: ir.Table) -> ir.Table:
    """A row a start that counts: customer_id, cohort, at, on; in a calendar one a customer and cohort."""
    starts = rows.filter(rows.starts)
    if asked.how.first:
        begun = starts.group_by("customer_id").aggregate(at=starts.at.min(), on=starts.on.min())
    elif asked.how.window == "calendar":
        placed = starts.mutate(cohort=period_start(starts.on, asked.unit, asked.how.week_starts))
        begun = placed.group_by(["customer_id", "cohort"]).aggregate(
            at=placed["at"].min(), on=placed["on"].min()
        )
        return begun
    else:
        begun = starts.select("customer_id", "at", "on").distinct()
    return begun.mutate(cohort=period_start(begun["on"], asked.unit, asked.how.week_starts))


def _came(asked: Asked, rows: ir.Table, begun: ir.Table) -> ir.Table:
    """A row a customer, a cohort and a period in which they came back often enough: customer_id, "
    "cohort, k."""
    back = rows.filter(rows.returns)
    if asked.how.window == "calendar":
        in_period = back.mutate(period=period_start(back.on, asked.unit, asked.how.week_starts))
        often = in_period.group_by(["customer_id", "period"]).aggregate(many=in_period.count())
        pairs = begun.join(often.filter(often.many >= asked.times), "customer_id")
        placed = pairs.filter(pairs.period > pairs.cohort)
        return _near(asked, placed.select("customer_id", "cohort", k=_apart(asked.unit, placed)))
    returns = back.select("customer_id", came_at="at", came_on="on")
    pairs = begun.join(returns, "customer_id")
    after = pairs.filter(pairs.came_at >= pairs["at"])
    counted = _near(asked, after.mutate(k=_elapsed(asked, after)))
    often = counted.group_by(["customer_id", "cohort", "at", "k"]).aggregate(many=counted.count())
    return often.filter(often.many >= asked.times).select("customer_id", "cohort", "k")


def _near(asked: Asked, rows: ir.Table) -> ir.Table:
    """Of "on" only the periods that are shown."""
    return rows.filter(rows.k <= asked.periods) if asked.how.criterion == "on" else rows


def _apart(unit: str, pairs: ir.Table) -> ir.IntegerValue:
    if unit == "month":
        return months_between(pairs.cohort, pairs.period)
    return (pairs.period.delta(pairs.cohort, unit="day") // DAYS[unit]).cast("int64")


def _elapsed(asked: Asked, pairs: ir.Table) -> ir.IntegerValue:
    """How many whole periods lie between a start and a return, by the clock since the start."""
    days = DAYS[asked.unit]
    if asked.how.window == "whole hours" and asked.unit != "day":
        return (pairs.came_on.delta(pairs["on"], unit="day") // days).cast("int64")
    ends = (pairs.came_at, pairs["at"])
    if asked.how.window == "whole hours":
        ends = tuple(one.truncate("h") for one in ends)
    seconds = ends[0].epoch_seconds() - ends[1].epoch_seconds()
    return (seconds // (days * 86_400)).cast("int64")


@columns(
    like=one_of(*CONVENTIONS)("Counted like"), k=COUNT("Weeks later"), size=COUNT("Accounts"),
    returned=COUNT("Came back"), rate=RATE("Retention", of=("returned", "size")),
)  # fmt: skip
def by_convention(business: Business) -> pd.DataFrame:
    """One row per convention and week: the cohorts of the last twelve weeks together, as each tool counts
    them.

    Of a week's row only cohorts for which it is over, so later weeks have fewer accounts. By first activity;
    no row without events.

    Glossary: usage retention.
    """
    parts = []
    for like in CONVENTIONS:
        cells = usage_retention(business, like=like)
        sums = cells.groupby("k")[["size", "returned"]].sum().reset_index()
        parts.append(sums[sums["k"].isin(SHOWN_WEEKS)].assign(like=like))
    whole = reduce(lambda one, more: pd.concat([one, more], ignore_index=True), parts)
    return with_rate(whole.astype({"k": "int64"}), "rate", "returned", "size")[names_of(by_convention)]


SHOWN_WEEKS = (1, 2, 4, 8)

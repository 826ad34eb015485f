"""How many use what they pay for: what it says, and how it is shown.

Without events there is one sentence, which says what they would add, and no other.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from retention_helpers.measurement import activity
from retention_helpers.measurement.activity import FOLLOWED, N_DAYS, SIGN_UP_MONTHS, Known
from retention_helpers.shown import figures
from retention_helpers.shown.records import change_record
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.shown.units import (
    CHANGE,
    COUNT,
    MONTH,
    RATE,
    SHARE,
    TEXT,
    Node,
    Unit,
    by_name,
    fields,
    noted,
    or_null,
    rows,
    several,
)
from retention_helpers.statistics.intervals import rate
from retention_helpers.words import formats

__all__ = [
    "active_customers", "activity_movement", "activity_triangle", "back_after_sign_up", "known_activity",
    "sign_ups", "use",
]  # fmt: skip

_DAYS = listed([str(n) for n in N_DAYS])


def basis(known: Known) -> Sentence:
    """What counts as activity, and since when it is known; without events, what they would add."""
    if not known.is_brought:
        return Sentence(
            "It takes events.csv (customer_id, occurred_at, event): how many use what they pay for, "
            f"who stopped using it, and how many come back {_DAYS} days after they sign up."
        )
    month = formats.month(known.report_month)
    if not known.is_any:
        named = f"bears one of the names in activity_events ({', '.join(known.events)})"
        rule = f"{named}. Check the names in retention.yml: " if known.events else "is there, so "
        return Sentence(f"No event of the five years up to {month} {rule}there is no activity to show.")
    counted = f"one of these events: {', '.join(known.events)}" if known.events else "any event"
    said = [f"Activity is {counted}."]
    said.append(
        f"It is known for whole months from {formats.month(known.months[0])} on."
        if known.months
        else "The events begin in this month, so no month is known whole yet."
    )
    if known.is_quiet:
        said.append(
            f"No such event lies in the last seven days of {month}: if the events were exported before they "
            "were over, activity is missing here, and the month looks quieter than it was."
        )
    return Sentence(" ".join(said))


def usage(active: pd.DataFrame) -> Sentence | None:
    """How many customers were active in the last month of the table; None without a month."""
    if active.empty:
        return None
    now = active.iloc[-1]
    month = formats.month(now["month"])
    if not now["customers_at_end"]:
        return Sentence(f"{month} ended without customers, so nobody could be active.")
    share = formats.rate_in(now, "active_share")
    text = (
        f"Of the {formats.plural(now['customers_at_end'], 'customer')} at the end of {month}, "
        f"{formats.count(now['mau'])} were active in it: {share}."
    )
    if not now["mau"]:
        return Sentence(text)
    sticky = formats.rate_in(now, "stickiness")
    return Sentence(
        f"{text} In its last seven days {formats.count(now['wau'])} of these were: a stickiness of {sticky}."
    )


def movement(moved: pd.DataFrame) -> Sentence | None:
    """Who took up use again and who let it rest in the last month; None without a month before."""
    if moved.empty:
        return None
    now = moved.iloc[-1]
    month = formats.month(now["month"])
    dormant = formats.plural(now["dormant_at_end"], "customer")
    paying = f"{month} ended with {dormant} who had not been active in it."
    change = activity.activity_change(moved)
    if change is None:
        return Sentence(f"{paying} Nobody was a customer from its start to its end.")
    verdict = {
        "rose": "use rose",
        "fell": "use fell",
        "no clear change": "no clear change",
    }[change.verdict]
    return Sentence(
        f"{paying} Of the {formats.count(now['customers_throughout'])} who were customers from its start to "
        f"its end, {formats.count(now['returning'])} became active again after a month without, and "
        f"{formats.count(now['gone_dormant'])} were active the month before and no longer: {verdict}, "
        f"{formats.points(change.value)} percentage points, compatible with anything from "
        f"{formats.points(change.low)} to {formats.points(change.high)}."
    )


def triangle(cells: pd.DataFrame, *, k: int) -> Sentence | None:
    """How many of all cohorts together are active customers at one age; None without any cell."""
    if cells.empty:
        return None
    at = cells[cells["k"] == k]
    months = formats.plural(k, "month")
    if at.empty:
        return Sentence(f"Of no cohort is it known how active it was {months} after its own.")
    share = rate(int(at["active"].sum()), int(at["size"].sum()))
    text = (
        f"Of the {formats.plural(share.denominator, 'customer')} of the {formats.plural(len(at), 'cohort')} "
        f"that are {months} old, {formats.rate(share.value, share.low, share.high)} were active customers "
        "then."
    )
    low, high = at.loc[at["rate"].idxmin()], at.loc[at["rate"].idxmax()]
    if low["rate"] == high["rate"]:
        return Sentence(text)
    ends = [
        f"{formats.percent(cell['rate'], 0)} of {formats.plural(int(cell['size']), 'customer')} "
        f"({formats.month(cell['cohort'])})"
        for cell in (low, high)
    ]
    return Sentence(f"{text} Single cohorts lie between {ends[0]} and {ends[1]}.")


def n_day(together: pd.DataFrame) -> Sentence | None:
    """How many come back after they signed up; None where nobody has reached the first of the days."""
    reached = [row for row in together.to_dict(orient="records") if row["reached"]]
    if not reached:
        return None
    said = [f"{formats.rate_in(row, 'n_day')} on day {formats.count(row['n'])}" for row in reached]
    text = f"Of those who have reached the day, {listed(said)} were active."
    followed = [row for row in reached if row["followed"]]
    if not followed:
        return Sentence(text)
    last = followed[-1]
    return Sentence(
        f"{text} Given {FOLLOWED} days more, "
        f"{formats.rate_in(last, 'unbounded')} were active on "
        f"day {formats.count(last['n'])} or later."
    )


_LAST: Mapping[str, Unit | Node] = {
    **dict.fromkeys(("customers_at_end", "mau", "wau", "active_accounts"), COUNT.or_null),
    "active_share": or_null(RATE.node),
    "stickiness": noted(or_null(RATE.node), "WAU / MAU"),
}
_MOVEMENT = noted(
    rows_of(activity.activity_movement)["items"], "How the number of active customers moved in a month."
)


def _use(
    known: Known,
    active: pd.DataFrame,
    moved: pd.DataFrame,
    triangle: pd.DataFrame,
    sign_ups: pd.DataFrame,
) -> dict[str, Any] | None:
    """All that is measured of activity, for findings.json; None where no event counts as activity."""
    if not known.is_any:
        return None
    by_month = records(active, activity.active_customers)
    movement = records(moved, activity.activity_movement)
    by_n = {
        str(one.pop("n")): one
        for one in records(activity.n_day_retention(sign_ups), activity.n_day_retention)
    }
    last = by_month[-1] if by_month else dict.fromkeys(_LAST)
    return {
        "events": list(known.events),
        "known_from": formats.iso_month(known.months[0]) if known.months else None,
        **{name: last[name] for name in _LAST},
        "movement": movement[-1] if movement else None,
        "change": change_record(activity.activity_change(moved)),
        **{kind: {n: one[kind] for n, one in by_n.items()} for kind in ("n_day", "unbounded")},
        "sign_ups": records(sign_ups, activity.n_day_by_month),
        "cohorts": _cohort_records(triangle),
        "by_month": by_month,
        "movement_by_month": movement,
    }


def _cohort_records(triangle: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "cohort": formats.iso_month(cohort),
            "size": int(cells["size"].iloc[0]),
            "calendar": {
                str(cell.k): {
                    "active": cell.active,
                    "rate": cell.rate,
                    "low": cell.rate_low,
                    "high": cell.rate_high,
                }
                for cell in cells.itertuples()
            },
        }
        for cohort, cells in triangle.groupby("cohort")
    ]


known_activity = Measure(activity.known, sentence=basis)
active_customers = Measure(
    activity.active_customers,
    "Active customers month by month",
    sentence=usage,
    figure=partial(
        figures.counts_by_month,
        counts=["customers_at_end", "mau", "wau"],
        title="Customers, active in the month (MAU), and in its last seven days (WAU)",
    ),
)
activity_movement = Measure(
    activity.activity_movement, "How the number of active customers moved", sentence=movement
)
activity_triangle = Measure(
    activity.activity_triangle,
    "The latest cells of activity",
    sentence=triangle,
    figure=partial(
        figures.triangle,
        title="Active customers in each month, by cohort",
        share="active customers",
        cohorts=7,
        periods=6,
    ),
)
sign_ups = Measure(activity.n_day_by_month, "Active again after the sign-up, month by month")
back_after_sign_up = Measure(
    activity.n_day_retention,
    f"Active again {_DAYS} days after the sign-up, last {SIGN_UP_MONTHS} months",
    sentence=n_day,
)
use = Measure(
    _use,
    findings={
        "activity": noted(
            or_null(
                fields(
                    events=noted(several(TEXT), "the names that count; empty: every event"),
                    known_from=noted(MONTH.or_null, "the first calendar month that is known whole"),
                    **_LAST,
                    movement=or_null(_MOVEMENT),
                    change=CHANGE,
                    n_day=fields(**{str(n): RATE for n in N_DAYS}),
                    unbounded=fields(**{str(n): RATE for n in N_DAYS}),
                    sign_ups=rows_of(activity.n_day_by_month),
                    cohorts=rows(
                        cohort=MONTH,
                        size=COUNT,
                        calendar=by_name(fields(active=COUNT, rate=SHARE, low=SHARE, high=SHARE)),
                    ),
                    by_month=rows_of(activity.active_customers),
                    movement_by_month=several(_MOVEMENT),
                )
            ),
            "Use by customers, from the events that count as activity; null without any.",
        )
    },
)

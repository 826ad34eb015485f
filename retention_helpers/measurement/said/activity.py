"""The sentences of the measurement about activity, and their part of findings.json.

Without events there is one sentence, which says what they would add, and no other.
"""

from typing import Any

import pandas as pd

from retention_helpers.measurement.activity import FOLLOWED, Known
from retention_helpers.shown.records import change_record, rate_of
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.statistics.intervals import Change, rate
from retention_helpers.words import formats


def basis(known: Known) -> Sentence:
    """What counts as activity, and since when it is known; without events, what they would add."""
    if not known.is_brought:
        return Sentence(
            "There is no table of events. With one (customer_id, occurred_at, event), this part would show "
            "how many customers use what they pay for, who stopped using it while still paying, and how "
            "many come back 1, 7 and 30 days after they sign up."
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
    share = formats.rate(now["active_share"], now["active_share_low"], now["active_share_high"])
    text = (
        f"Of the {formats.plural(now['customers_at_end'], 'customer')} at the end of {month}, "
        f"{formats.count(now['mau'])} were active in it: {share}."
    )
    if not now["mau"]:
        return Sentence(text)
    sticky = formats.rate(now["stickiness"], now["stickiness_low"], now["stickiness_high"])
    return Sentence(
        f"{text} In its last seven days {formats.count(now['wau'])} of these were: a stickiness of {sticky}."
    )


def movement(moved: pd.DataFrame, change: Change | None) -> Sentence | None:
    """Who took up use again and who let it rest in the last month; None without a month before."""
    if moved.empty:
        return None
    now = moved.iloc[-1]
    month = formats.month(now["month"])
    dormant = formats.plural(now["dormant_at_end"], "customer")
    paying = f"{month} ended with {dormant} who had not been active in it."
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
    said = [
        f"{formats.rate(row['n_day'], row['n_day_low'], row['n_day_high'])} on day {formats.count(row['n'])}"
        for row in reached
    ]
    text = f"Of those who have reached the day, {listed(said)} were active."
    followed = [row for row in reached if row["followed"]]
    if not followed:
        return Sentence(text)
    last = followed[-1]
    return Sentence(
        f"{text} Given {FOLLOWED} days more, "
        f"{formats.rate(last['unbounded'], last['unbounded_low'], last['unbounded_high'])} were active on "
        f"day {formats.count(last['n'])} or later."
    )


def record(
    *,
    known: Known,
    active: pd.DataFrame,
    moved: pd.DataFrame,
    change: Change | None,
    triangle: pd.DataFrame,
    together: pd.DataFrame,
    by_month: pd.DataFrame,
) -> dict[str, Any] | None:
    """The part `activity` of the measurement's findings; None where no event counts as activity."""
    if not known.is_any:
        return None
    months = [_month_record(row) for row in active.to_dict(orient="records")]
    last: dict[str, Any] = months[-1] if months else dict.fromkeys(_MONTH_KEYS)
    return {
        "events": list(known.events),
        "known_from": formats.iso_month(known.months[0]) if known.months else None,
        **{key: last[key] for key in _MONTH_KEYS},
        "movement": _movement_record(moved.iloc[-1]) if len(moved) else None,
        "change": change_record(change),
        "n_day": {str(row["n"]): _n_day_of(row) for row in together.to_dict(orient="records")},
        "unbounded": {str(row["n"]): _unbounded_of(row) for row in together.to_dict(orient="records")},
        "sign_ups": [
            {
                "month": formats.iso_month(row["month"]),
                "n": row["n"],
                "signed_up": row["signed_up"],
                "n_day": _n_day_of(row),
                "unbounded": _unbounded_of(row),
            }
            for row in by_month.to_dict(orient="records")
        ],
        "cohorts": _cohort_records(triangle),
        "by_month": months,
        "movement_by_month": [_movement_record(row) for _, row in moved.iterrows()],
    }


_MONTH_KEYS = ("customers_at_end", "mau", "wau", "active_accounts", "active_share", "stickiness")


def _month_record(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        "month": formats.iso_month(row["month"]),
        **{key: row[key] for key in ("customers_at_end", "mau", "wau", "active_accounts")},
        "active_share": rate_of(row, "active_share", "mau", "customers_at_end"),
        "stickiness": rate_of(row, "stickiness", "wau", "mau"),
    }


def _movement_record(row: pd.Series) -> dict[str, Any]:
    return {"month": formats.iso_month(row["month"]), **row.drop("month").to_dict()}


def _n_day_of(row: dict[Any, Any]) -> dict[str, Any]:
    return rate_of(row, "n_day", "active_on_day", "reached")


def _unbounded_of(row: dict[Any, Any]) -> dict[str, Any]:
    return rate_of(row, "unbounded", "active_since", "followed")


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

"""What a comparison without a landmark would claim, on the owner's own data: a warning, not a result.

It sets everything that a customer ever did against whether the customer is still there. Those who stay have
longer to do anything, so everything seems to keep them.
"""

from typing import NamedTuple

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.churned_vs_retained.known import since_sign_up
from retention_helpers.churned_vs_retained.landmark import at_landmark, kept_newcomers
from retention_helpers.churned_vs_retained.univariate import FEWEST_LOST
from retention_helpers.churned_vs_retained.use import kept_early_days
from retention_helpers.shown.units import COUNT, NUMBER, P_VALUE, SHARE, TEXT, columns
from retention_helpers.statistics.association import area, mann_whitney_p


class _Measure(NamedTuple):
    """Something counted over a lifetime, and up to the landmark."""

    name: str
    table: str
    ever: ir.Table
    by_landmark: ir.Table


_FOUND = {
    "left": COUNT, "stayed": COUNT, "typical_left": NUMBER, "typical_stayed": NUMBER, "area": SHARE.interval,
    "p_value": P_VALUE,
}  # fmt: skip


@columns(measure=TEXT, **_FOUND, **{f"landmark_{name}": unit for name, unit in _FOUND.items()})
def compare_without_landmark(business: Business) -> pd.DataFrame:
    """One row per thing counted: those who left against those who stay, over their whole lives and fairly.

    Over whole lives: everybody who ever began, by whether they asked or ended by the cut, everything that
    they ever did. Fairly: the same counts up to the landmark, among those who were customers on it, by
    whether they left within the horizon. No row for a table that is not there.

    `typical_left` and `typical_stayed` are medians; what begins with landmark_ is of the fair comparison.

    Glossary: whole lives.
    """
    people = kept_newcomers(business).filter(lambda who: who.begin_day.notnull()).execute()
    people = people.assign(lost=people["left_day"].notna())
    fair = at_landmark(business, landmark_days=business.settings.landmark_days).execute()
    fair = fair[fair["settled"]]
    rows = []
    for measure in _measures(business):
        ever = _compared(people, measure.ever)
        by_landmark = _compared(fair, measure.by_landmark)
        rows.append(
            {"measure": measure.name, **ever, **{f"landmark_{name}": of for name, of in by_landmark.items()}}
        )
    return pd.DataFrame(rows)


def _measures(business: Business) -> list[_Measure]:
    upto = business.settings.landmark_days
    found = []
    if business.has("events"):
        days = months.kept_customer_days(business)
        early = kept_early_days(business)
        names = business.settings.activity_events
        used = early.filter(
            (early.day <= upto) & (early.event.isin(names) if names else early.event.notnull())
        )
        found.append(
            _Measure(
                "days of use",
                "events",
                days.group_by("customer_id").aggregate(times=days.count(where=days.activity > 0)),
                used.group_by("customer_id").aggregate(times=used.day.nunique()),
            )
        )
    for name, table in (("tickets", "tickets"), ("mails opened", "emails"), ("payments made", "payments")):
        if business.has(table):
            whole, cut = business.table(table), since_sign_up(business, table, upto=upto)
            found.append(_Measure(name, table, _counted(whole, table), _counted(cut, table, upto)))
    return found


def _counted(rows: ir.Table, table: str, upto: int | None = None) -> ir.Table:
    """How many of a customer's rows count: mails opened, payments that succeeded, every ticket."""
    counts = rows.customer_id.notnull()
    if table == "emails":
        counts = rows.opened_on.notnull()
        if upto is not None:
            counts = counts & (rows.opened_on.delta(rows.signed_up_on, unit="day") <= upto)
    if table == "payments":
        counts = rows.status == "succeeded"
    return rows.group_by("customer_id").aggregate(times=rows.count(where=counts))


def _compared(people: pd.DataFrame, counted: ir.Table) -> dict[str, float]:
    both = people[["customer_id", "lost"]].merge(counted.execute(), on="customer_id", how="left")
    times, lost = both["times"].fillna(0).to_numpy(dtype=float), both["lost"].to_numpy(dtype=bool)
    enough = min(lost.sum(), (~lost).sum()) >= FEWEST_LOST
    found = area(times, lost) if enough else (np.nan, np.nan, np.nan)
    return {
        "left": int(lost.sum()),
        "stayed": int((~lost).sum()),
        "typical_left": float(np.median(times[lost])) if lost.any() else np.nan,
        "typical_stayed": float(np.median(times[~lost])) if (~lost).any() else np.nan,
        "area": found[0],
        "area_low": found[1],
        "area_high": found[2],
        "p_value": mann_whitney_p(times, lost) if enough else np.nan,
    }

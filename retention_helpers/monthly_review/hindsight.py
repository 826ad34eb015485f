"""Was I right? What earlier reports expected and concluded, held against what came."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from retention_helpers.business import Business, losses, months
from retention_helpers.experiments import Reading
from retention_helpers.shown.units import MONTH, TEXT, YES_NO, columns
from retention_helpers.words import calendar, formats

LOOKED_BACK = (1, 3, 6, 12)  # months: the year ahead of these reports is held against this month


class _Held(NamedTuple):
    month: str
    what: str
    expected: str
    came: str
    is_range: bool
    held: bool


@columns(month=MONTH, what=TEXT, expected=TEXT, came=TEXT, is_range=YES_NO(is_shown=False), held=YES_NO)
def hindsight(earlier: Mapping[str, Mapping[str, Any]], business: Business, tested: Reading) -> pd.DataFrame:
    """One row per thing that an earlier report expected and that can be known by now; misses first.

    The customers and the MRR that the year ahead of the reports of 1, 3, 6 and 12 months ago expected at this
    month's end; how many of those at risk would ask to cancel or leave, where the days for that are over; and
    whether an experiment that was called better or worse still is. `held`: it lies in the range that was
    given, or the verdict is the same.

    Glossary: was I right.
    """
    found = [
        row
        for month, record in sorted(earlier.items(), reverse=True)
        for row in (
            *_year_ahead(month, record, business),
            *_at_risk(month, record, business),
            *_experiments(month, record, tested),
        )
    ]
    frame = pd.DataFrame(found, columns=_Held._fields).sort_values("held", kind="stable", ignore_index=True)
    return frame.astype({"is_range": "object", "held": "object"})


def _year_ahead(month: str, record: Mapping[str, Any], business: Business) -> Iterator[_Held]:
    back = calendar.months_between(dt.date.fromisoformat(f"{month}-01"), business.report_month)
    ahead = (record.get("measurement") or {}).get("projection") or []
    own = next((row for row in ahead if row["month"] == business.month), None)
    if back not in LOOKED_BACK or own is None:
        return
    customers, mrr = _at_end(business)
    name = formats.month(business.report_month)
    if own["customers"]["low"] is not None:
        yield _within(month, f"customers at the end of {name}", own["customers"], customers, formats.count)
    if own["mrr"]["low"] is not None and (record.get("currency") or "") == business.currency:
        yield _within(month, f"MRR at the end of {name}", own["mrr"], mrr, formats.money)


def _at_end(business: Business) -> tuple[int, float]:
    rows = months.kept_customer_months(business)
    now = rows.filter((rows.month == business.report_month) & (rows.state_at_end != "none"))
    found = now.aggregate(customers=now.count(), mrr=now.mrr_at_end.sum()).execute().iloc[0]
    return int(found["customers"]), float(found["mrr"] or 0)


def _at_risk(month: str, record: Mapping[str, Any], business: Business) -> Iterator[_Held]:
    """Of the customers at risk then, those who asked or left within the days that the risk is about."""
    risk, listed = record.get("risk") or {}, [row["customer_id"] for row in record.get("at_risk") or []]
    expected = ((risk.get("totals") or {}).get("at_risk") or {}) if risk else {}
    first = calendar.months_after(dt.date.fromisoformat(f"{month}-01"), 1)
    last = first + dt.timedelta(days=int(risk.get("horizon_days") or 0))
    if not listed or expected.get("expected_low") is None or last > business.as_of:
        return
    left = losses.leavings(business)
    within = left.filter(left.customer_id.isin(listed) & (left.left_on >= first) & (left.left_on < last))
    came = int(within.customer_id.nunique().execute())
    given = {name: expected[f"expected_{name}"] for name in ("low", "high")}
    given["value"] = expected["expected_left"]
    words = f"of {formats.plural(len(listed), 'customer')} at risk, asked to cancel or left in time"
    yield _within(month, words, given, came, formats.count)


def _within(month: str, what: str, given: Mapping[str, float], came: float, written: Any) -> _Held:
    value = round(given["value"]) if written is formats.count else given["value"]
    expected = f"{written(value)} ({written(given['low'])}–{written(given['high'])})"
    return _Held(month, what, expected, written(came), True, given["low"] <= came <= given["high"])


def _experiments(month: str, record: Mapping[str, Any], tested: Reading) -> Iterator[_Held]:
    now = {row.experiment: row.verdict for row in tested.comparisons.itertuples()}
    for one in record.get("experiments") or []:
        if one["verdict"] in ("better", "worse") and one["name"] in now:
            verdict = now[one["name"]]
            held = verdict == one["verdict"]
            yield _Held(month, f"experiment {one['name']}", one["verdict"], verdict, False, held)

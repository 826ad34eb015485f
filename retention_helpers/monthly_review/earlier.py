"""Earlier reports: what they said, what would be said otherwise today, what became of their actions.

They are read from their findings.json, never from the present data.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.opening import sample_identity
from retention_helpers.measurement import measures, revenue
from retention_helpers.shown import lists
from retention_helpers.shown.units import COUNT, MONTH, NUMBER, TEXT, columns
from retention_helpers.words import calendar, formats

HALF_A_MILLIONTH = 5e-7  # amounts have six decimals
HALF_A_CENT = 0.005  # converted amounts are rounded span by span


class Earlier(dict[str, dict[str, Any]]):
    """The findings of earlier months' reports of this business, by month.

    Attributes:
        of_before: how many of them bear no name, or one of before `business:` told whose they are.
        others: how many reports beside them bear the name of another business, by that name.
    """

    def __init__(self) -> None:
        super().__init__()
        self.of_before = 0
        self.others: Counter[str] = Counter()


def earlier_reports(reports: str, business: Business) -> Earlier:
    """The findings of earlier months' reports of this business, by month; empty where there are none.

    A report is of this business where it bears its name (`business:` in retention.yml), whatever the data
    folder is called. A folder without findings.json or with one that cannot be read is passed over; reports
    of another business are counted, the sample's are not.
    """
    found = Earlier()
    if not reports or not Path(reports).is_dir():
        return found
    for path in sorted(Path(reports).glob("[12]*-[01]*/findings.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        month = record.get("month", "") if isinstance(record, dict) else ""
        if not month or month != path.parent.name or month >= business.month:
            continue
        mark = record.get("business")
        if mark is None or business.identity.is_of(str(mark)):
            found[month] = record
            found.of_before += mark != business.identity.mark
        elif not sample_identity().is_of(str(mark)):
            found.others[str(mark)] += 1
    return found


def compared(earlier: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What earlier reports measured, by month; those that failed before they measured are left out."""
    measured = {month: record.get("measurement") for month, record in earlier.items()}
    return {month: found for month, found in measured.items() if isinstance(found, dict)}


@columns(month=MONTH, number=TEXT, then=NUMBER, now=NUMBER)
def restated(earlier: dict[str, dict[str, Any]], business: Business) -> pd.DataFrame:
    """One row per number that an earlier report gave otherwise: month, number, then, now.

    Compares the movement of customers, who ended it, and the movement of MRR. Where the owner has changed
    the exchange rates since, every amount is another: then their effect on the MRR at the month's end
    stands on a row of its own, and what else moved that MRR on another. Amounts of a report in another
    currency are not compared.

    Glossary: exchange rates.
    """
    kinds = measures.churn_kinds(business).drop(columns="lost")
    customers = measures.customer_movement(business).merge(kinds, on="month").to_dict(orient="records")
    mrr = measures.mrr_movement(business).to_dict(orient="records")
    money = {formats.iso_month(row["month"]): row for row in mrr}
    rates = revenue.exchange_rates(business) if earlier else {}
    foreign = revenue.mrr_by_currency(business) if rates else None
    rows = []
    for now in customers:
        month = formats.iso_month(now.pop("month"))
        then = compared(earlier).get(month, {})
        known = {key: int(value) for key, value in now.items() if not formats.is_missing(value)}
        pairs = [(formats.label(key), then.get(key), value) for key, value in known.items()]
        rows += _given_otherwise(month, pairs)
        if (earlier.get(month, {}).get("currency") or business.currency) != business.currency:
            continue
        changed = _changed_rates(then.get("exchange_rates") or {}, rates)
        amounts = then.get("mrr") or {}
        if changed and foreign is not None:
            own = foreign[foreign["month"] == pd.Timestamp(f"{month}-01")]
            rows += _at_other_rates(month, amounts, money[month], own, changed)
        else:
            rows += _given_otherwise(month, _amounts(amounts, money[month]))
    return pd.DataFrame(rows, columns=["month", "number", "then", "now"]).astype({"then": "object"})


def _given_otherwise(
    month: str, pairs: Sequence[tuple[str, Any, float]], least: float = HALF_A_MILLIONTH
) -> list[tuple[str, str, Any, float]]:
    return [
        (month, name, before, after)
        for name, before, after in pairs
        if before is not None and abs(before - after) > least
    ]


def _amounts(then: Mapping[str, Any], now: Mapping[Any, Any]) -> list[tuple[str, Any, float]]:
    named = {key.removeprefix("mrr_"): amount for key, amount in now.items() if key != "month"}
    return [(f"MRR {key.replace('_', ' ')}", then.get(key), float(amount)) for key, amount in named.items()]


def _changed_rates(then: Mapping[str, float], now: Mapping[str, Decimal]) -> dict[str, tuple[float, float]]:
    """The exchange rates of then and now, where they differ."""
    both = {code: (float(then[code]), float(rate)) for code, rate in now.items() if code in then}
    return {code: rates for code, rates in both.items() if rates[0] != rates[1]}


def _at_other_rates(
    month: str,
    then: Mapping[str, Any],
    now: Mapping[Any, Any],
    foreign: pd.DataFrame,
    changed: Mapping[str, tuple[float, float]],
) -> list[tuple[str, str, Any, float]]:
    """What the changed rates make of the MRR at the month's end, and what else changed it."""
    before = then.get("at_end")
    if before is None:
        return []
    today = dict(zip(foreign["currency"], foreign["mrr_at_end"].astype(float), strict=True))
    effect = sum(today.get(code, 0.0) * (1 - old / new) for code, (old, new) in changed.items())
    said = ", ".join(f"{code} {old} → {new}" for code, (old, new) in changed.items())
    at_new_rates = round(before + effect, 6)
    return [
        *_given_otherwise(month, [(f"MRR at end, by the exchange rates ({said})", before, at_new_rates)]),
        *_given_otherwise(month, [("MRR at end", at_new_rates, float(now["mrr_at_end"]))], HALF_A_CENT),
    ]


@columns(id=TEXT, what=TEXT, customers=COUNT, still_customers=COUNT)
def became_of(reports: str, earlier: dict[str, dict[str, Any]], business: Business) -> pd.DataFrame:
    """One row per action of last month's report: how many of its customers are customers now.

    At the end of the report month. Without a report of last month there is no row.
    """
    last = formats.iso_month(calendar.months_after(business.report_month, -1))
    rows = months.kept_customer_months(business)
    now = rows.filter((rows.month == business.report_month) & (rows.state_at_end != "none"))
    found = []
    for action in earlier.get(last, {}).get("actions", []):
        ids = lists.listed_customers(Path(reports) / last / "actions" / f"{action['id']}.csv")
        if ids:
            still = now.filter(now.customer_id.isin(sorted(ids))).count().execute()
            found.append((action["id"], action["what"], len(ids), int(still)))
    return pd.DataFrame(found, columns=["id", "what", "customers", "still_customers"])

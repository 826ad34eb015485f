"""Earlier reports: what they said, what would be said otherwise today, what became of their actions.

They are read from their findings.json, never from the present data.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from retention_helpers import calendar, formats, lists, measures, months
from retention_helpers.business import Business

HALF_A_MILLIONTH = 5e-7  # amounts have six decimals


def earlier_reports(reports: str, business: Business) -> dict[str, dict[str, Any]]:
    """The findings of earlier months' reports of this business, by month; empty where there are none.

    A folder without findings.json, with one that cannot be read, or with one of another business is passed
    over.
    """
    if not reports or not Path(reports).is_dir():
        return {}
    found = {}
    for path in sorted(Path(reports).glob("[12]*-[01]*/findings.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        month = record.get("month", "") if isinstance(record, dict) else ""
        is_ours = record.get("business") == business.identity if isinstance(record, dict) else False
        if is_ours and month == path.parent.name and month < business.month:
            found[month] = record
    return found


def compared(earlier: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What earlier reports measured, by month; those that failed before they measured are left out."""
    measured = {month: record.get("measurement") for month, record in earlier.items()}
    return {month: found for month, found in measured.items() if isinstance(found, dict)}


def restated(earlier: dict[str, dict[str, Any]], business: Business) -> pd.DataFrame:
    """One row per number that an earlier report gave otherwise: month, number, then, now.

    Compares the movement of customers, who ended it, and the movement of MRR.
    """
    kinds = measures.churn_kinds(business).drop(columns="lost")
    customers = measures.customer_movement(business).merge(kinds, on="month").to_dict(orient="records")
    mrr = measures.mrr_movement(business).to_dict(orient="records")
    money = {formats.iso_month(row["month"]): row for row in mrr}
    rows = []
    for now in customers:
        month = formats.iso_month(now.pop("month"))
        then = compared(earlier).get(month, {})
        amounts = {name.removeprefix("mrr_"): amount for name, amount in money[month].items()}
        pairs: list[tuple[str, Any, float]] = [
            (formats.label(key), then.get(key), int(value)) for key, value in now.items()
        ]
        pairs += [
            (f"MRR {key.replace('_', ' ')}", (then.get("mrr") or {}).get(key), float(value))
            for key, value in amounts.items()
            if key != "month"
        ]
        rows += [
            (month, name, before, after)
            for name, before, after in pairs
            if before is not None and abs(before - after) > HALF_A_MILLIONTH
        ]
    return pd.DataFrame(rows, columns=["month", "number", "then", "now"]).astype({"then": "object"})


def became_of(reports: str, earlier: dict[str, dict[str, Any]], business: Business) -> pd.DataFrame:
    """One row per action of last month's report: how many of its customers are customers now.

    Columns: id, what, customers, still_customers (at the end of the report month). Without a report of
    last month there is no row.
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

"""Earlier reports: what they said, what would be said otherwise today, what became of their plans.

They are read from their findings.json, never from the present data.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.losses import kept_leavings
from retention_helpers.churn_reasons import calls
from retention_helpers.early_warning import HORIZON_DAYS, expected_range
from retention_helpers.measurement import measures, revenue
from retention_helpers.shown.units import CODE, COUNT, DAY, MONTH, NUMBER, TEXT, columns, names_of
from retention_helpers.words import calendar, formats

HALF_A_MILLIONTH = 5e-7  # amounts have six decimals
HALF_A_CENT = 0.005  # converted amounts are rounded span by span


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


@columns(
    month=MONTH, action=CODE, planned=COUNT, done=COUNT, reached=COUNT, still_customers=COUNT,
    left=COUNT.or_null, expected_left=NUMBER("Expected without"), expected_low=COUNT.or_null(is_shown=False),
    expected_high=COUNT.or_null(is_shown=False), judged_on=DAY(is_shown=False),
)  # fmt: skip
def became_of(earlier: dict[str, dict[str, Any]], business: Business) -> pd.DataFrame:
    """One row per action of the plans whose horizon was not over at last month's report: what became of it.

    `planned` customers had the action; `done` of them have a contact of its kind since, `reached` without
    those whom nobody answered, `still_customers` of the done are customers at the month's end. `left` of the
    done asked or left from the day of the contact on, within the horizon of the risk. `expected_left` is how
    many would have, had nothing been done: by the risk that the plan's report gave each, spread evenly over
    the horizon and taken from the contact to the month's end; with the exact 95 % range. Null where no risk
    was given, as of those who had asked already.

    Glossary: what became of the plan.
    """
    last = calendar.months_after(business.report_month, -1)
    found = []
    for month, record in sorted(earlier.items(), reverse=True):
        begun = calendar.months_after(calendar.first_of(month), 1)
        judged_on = begun + dt.timedelta(days=HORIZON_DAYS)
        planned = pd.DataFrame(record.get("plan") or [], columns=["customer_id", "action", "risk"])
        if judged_on > calendar.months_after(last, 1):
            for action, own in planned.dropna(subset="customer_id").groupby("action", sort=False):
                done = _done(business, str(action), own, begun)
                found.append(
                    (
                        calendar.first_of(month),
                        action,
                        len(own),
                        *_followed(business, done, judged_on),
                        judged_on,
                    )
                )
    frame = pd.DataFrame(found, columns=names_of(became_of))
    return frame.astype(dict.fromkeys(("left", "expected_low", "expected_high"), "Int64"))


def _done(business: Business, action: str, planned: pd.DataFrame, begun: dt.date) -> pd.DataFrame:
    """The customers of a plan with a contact of its kind since: customer_id, risk, contacted_on, outcome."""
    contacts = business.table("contacts")
    made = contacts.filter((contacts.kind.lower() == action) & (contacts.contacted_on >= begun))
    rows = made.select("customer_id", "contacted_on", "outcome").execute()
    first = rows.sort_values(["contacted_on", "outcome"]).drop_duplicates("customer_id")
    return planned[["customer_id", "risk"]].merge(first, on="customer_id")


def _followed(business: Business, done: pd.DataFrame, judged_on: dt.date) -> tuple[Any, ...]:
    """Of those contacted: how many, reached, still customers, left, and how many were expected to leave."""
    rows = months.kept_customer_months(business)
    now = rows.filter((rows.month == business.report_month) & (rows.state_at_end != "none"))
    still = now.filter(now.customer_id.isin(list(done["customer_id"]) or [""])).count().execute()
    reached = ~done["outcome"].map(calls.as_word).isin(calls.NOT_REACHED)
    until = min(judged_on, business.as_of)
    contacted = pd.to_datetime(done["contacted_on"])
    left = done.assign(contacted=contacted).merge(_leavings(business, done), on="customer_id")
    is_after = (left["left_on"] >= left["contacted"]) & (left["left_on"] < pd.Timestamp(until))
    many = len(done), int(reached.sum()), int(still), int(left.loc[is_after, "customer_id"].nunique())
    risks = done["risk"].dropna().astype(float)
    if len(risks) < max(len(done), 1):
        return (*many[:-1], None, None, None, None)
    share = ((pd.Timestamp(until) - contacted).dt.days / HORIZON_DAYS).clip(0, 1)
    chances = 1 - (1 - risks) ** share
    return (*many, float(chances.sum()), *expected_range(chances))


def _leavings(business: Business, done: pd.DataFrame) -> pd.DataFrame:
    own = kept_leavings(business)
    chosen = own.filter(own.customer_id.isin(list(done["customer_id"]) or [""]) & own.left_on.notnull())
    return chosen.select("customer_id", "left_on").execute().astype({"left_on": "datetime64[s]"})

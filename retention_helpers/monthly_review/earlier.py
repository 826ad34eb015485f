"""Earlier reports: what they said, what would be said otherwise today, what became of their actions.

They are read from their findings.json, never from the present data.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.measurement import measures, revenue
from retention_helpers.shown import lists
from retention_helpers.shown.units import COUNT, MONEY, MONTH, NUMBER, TEXT, columns, names_of
from retention_helpers.words import calendar, formats

HALF_A_MILLIONTH = 5e-7  # amounts have six decimals
SIXTH = Decimal("0.000001")
HALF_A_CENT = Decimal("0.005")  # converted amounts are rounded span by span


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

    Compares the movement of customers, who ended it, and the movement of MRR. Where an earlier report had
    other exchange rates, MRR is compared at the rates of then: what they alone change is no restatement, and
    stands in `exchange`. Amounts of a report in another currency are not compared.

    Glossary: exchange rates.
    """
    kinds = measures.churn_kinds(business).drop(columns="lost")
    customers = measures.customer_movement(business).merge(kinds, on="month").to_dict(orient="records")
    mrr = measures.mrr_movement(business).to_dict(orient="records")
    money = {formats.iso_month(row["month"]): row for row in mrr}
    then_and_now = _changed_rates(earlier, business)
    rows = []
    for now in customers:
        month = formats.iso_month(now.pop("month"))
        then = compared(earlier).get(month, {})
        known = {key: int(value) for key, value in now.items() if not formats.is_missing(value)}
        pairs = [(formats.label(key), then.get(key), value) for key, value in known.items()]
        rows += _given_otherwise(month, pairs)
        if not _is_of_currency(earlier, month, business):
            continue
        amounts = then.get("mrr") or {}
        if month in then_and_now:
            rows += _at_rates_of_then(
                month, amounts, money[month], _effects(business, month, then_and_now[month])
            )
        else:
            rows += _given_otherwise(month, _amounts(amounts, money[month]))
    return pd.DataFrame(rows, columns=["month", "number", "then", "now"]).astype({"then": "object"})


@columns(month=MONTH, rates=TEXT, mrr_then=MONEY, mrr_now=MONEY, exchange=MONEY)
def exchange(earlier: dict[str, dict[str, Any]], business: Business) -> pd.DataFrame:
    """One row per earlier report of other exchange rates: what they alone make of its MRR at the month's end.

    Columns: month, rates (of then and now), mrr_then and mrr_now (of today's data, at the rates of then and
    of this report), exchange (their difference).

    Glossary: exchange rates.
    """
    rows = []
    for month, changed in _changed_rates(earlier, business).items():
        now = _amount(measures.mrr_movement(business), month, "mrr_at_end")
        effect = _of_rates_at_end(business, month, changed)
        pairs = ((code, *map(formats.exact, both)) for code, both in changed.items())
        said = ", ".join(f"{code} {old} → {new}" for code, old, new in pairs)
        rows.append((month, said, now - effect, now, effect))
    return pd.DataFrame(rows, columns=names_of(exchange))


_Restated = tuple[str, str, Any, float]


def _given_otherwise(month: str, pairs: Sequence[tuple[str, Any, float]]) -> list[_Restated]:
    return [
        (month, name, before, after)
        for name, before, after in pairs
        if before is not None and abs(before - after) > HALF_A_MILLIONTH
    ]


def _amounts(then: Mapping[str, Any], now: Mapping[Any, Any]) -> list[tuple[str, Any, float]]:
    named = {str(name): amount for name, amount in now.items() if name != "month"}
    return [(_called(name), then.get(_key(name)), float(amount)) for name, amount in named.items()]


def _key(name: str) -> str:
    """A column of the movement of MRR as findings.json calls it."""
    return name.removeprefix("mrr_")


def _called(name: str) -> str:
    return f"MRR {_key(name).replace('_', ' ')}"


def _is_of_currency(earlier: Mapping[str, Any], month: str, business: Business) -> bool:
    return (earlier.get(month, {}).get("currency") or business.currency) == business.currency


_Pair = tuple[Decimal, Decimal]  # the rates of then and of now
_Changed = dict[str, dict[str, _Pair]]


def _changed_rates(earlier: dict[str, dict[str, Any]], business: Business) -> _Changed:
    """By month of an earlier report, the rates of then and now that differ."""
    rates = revenue.exchange_rates(business) if earlier else {}
    found = {}
    for month, then in compared(earlier).items():
        given = then.get("exchange_rates") or {}
        both = {code: (Decimal(str(given[code])), rate) for code, rate in rates.items() if code in given}
        changed = {code: pair for code, pair in both.items() if pair[0] != pair[1]}
        if changed and _is_of_currency(earlier, month, business):
            found[month] = changed
    return found


def _amount(frame: pd.DataFrame, month: str, name: str) -> Decimal:
    """An amount of a month's row; 0 where there is none."""
    own = frame.loc[frame["month"] == pd.Timestamp(f"{month}-01"), name]
    return sum(own, Decimal(0))


def _of_rates_at_end(business: Business, month: str, changed: Mapping[str, _Pair]) -> Decimal:
    """What of the MRR at a month's end only the changed rates made."""
    every = business.once("foreign MRR", lambda: revenue.mrr_by_currency(business))
    of = {code: _amount(every[every["currency"] == code], month, "mrr_at_end") for code in changed}
    return sum((of[code] * _share(pair) for code, pair in changed.items()), Decimal(0)).quantize(SIXTH)


def _share(rates: _Pair) -> Decimal:
    """Which part of an amount of now the change of its rate made."""
    old, new = rates
    return 1 - old / new


class _Effect(NamedTuple):
    """What of an amount only the rates changed, and how far that is not known."""

    of_rates: Decimal
    unsure: Decimal = HALF_A_CENT


def _effects(business: Business, month: str, changed: Mapping[str, _Pair]) -> dict[str, _Effect]:
    """What the changed rates make of each sum of a month's movement of MRR.

    Of what is there at its start and end each span goes with its own rate. Of the movements between, a
    customer's go with the rate of their currency; for those who pay in several only bounds are known.
    """
    every = business.once("MRR by currency", lambda: revenue.mrr_movement_by_currency(business))
    own = every[every["month"] == pd.Timestamp(f"{month}-01")]
    of = {code: own[own["currency"] == code] for code in changed}
    mixed = own[own["currency"] == revenue.SEVERAL]
    most = max(abs(_share(pair)) for pair in changed.values())
    unsure = HALF_A_CENT + sum(mixed["mrr_at_start"] + mixed["mrr_at_end"], Decimal(0)) * most
    parts = {
        name: [_amount(of[code], month, name) * _share(pair) for code, pair in changed.items()]
        for name in own.columns[2:]
    }
    found = {name: _Effect(sum(each, Decimal(0)), unsure) for name, each in parts.items()}
    before = formats.iso_month(calendar.months_after(calendar.first_of(month), -1))
    return found | {
        "mrr_at_start": _Effect(_of_rates_at_end(business, before, changed)),
        "mrr_at_end": _Effect(_of_rates_at_end(business, month, changed)),
    }


def _at_rates_of_then(
    month: str, then: Mapping[str, Any], now: Mapping[Any, Any], effects: Mapping[str, _Effect]
) -> list[_Restated]:
    """What is given otherwise although the rates of then are taken."""
    found = []
    for name, effect in effects.items():
        before, after = then.get(_key(name)), now[name] - effect.of_rates
        if before is not None and abs(Decimal(str(before)) - after) > effect.unsure:
            found.append((month, f"{_called(name)}, at the exchange rates of then", before, float(after)))
    return found


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

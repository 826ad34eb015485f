"""Earlier reports: what they said, what would be said otherwise today, what became of their plans.

They are read from their findings.json, never from the present data.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from retention_helpers import win_back_and_loyalty
from retention_helpers.business import Business, months
from retention_helpers.business.losses import kept_leavings
from retention_helpers.business.opening import sample_identity
from retention_helpers.churn_reasons import calls
from retention_helpers.early_warning import EXACT, HORIZON_DAYS, expected_range
from retention_helpers.measurement import measures, revenue
from retention_helpers.shown.units import CODE, COUNT, DAY, MONEY, MONTH, NUMBER, TEXT, columns, names_of
from retention_helpers.win_back_and_loyalty.away import GONE, LAST
from retention_helpers.words import calendar, formats

HALF_A_MILLIONTH = 5e-7  # amounts have six decimals
SIXTH = Decimal("0.000001")
HALF_A_CENT = Decimal("0.005")  # converted amounts are rounded span by span


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


@columns(
    month=MONTH, action=CODE, planned=COUNT, done=COUNT, reached=COUNT, still_customers=COUNT,
    left=COUNT.or_null, expected_left=NUMBER("Expected without"), expected_low=COUNT.or_null(is_shown=False),
    expected_high=COUNT.or_null(is_shown=False), judged_on=DAY(is_shown=False),
    usual=COUNT.or_null(is_shown=False, is_recorded=False),
    usual_of=COUNT.or_null(is_shown=False, is_recorded=False),
)  # fmt: skip
def became_of(earlier: dict[str, dict[str, Any]], business: Business) -> pd.DataFrame:
    """One row per action of the plans whose horizon was not over at last month's report: what became of it.

    `planned` customers had the action; `done` of them have a contact of its kind since, `reached` without
    those whom nobody answered, `still_customers` of the done are customers at the month's end. `left` of the
    done asked or left from the day of the contact on, within the horizon of the risk. `expected_left` is how
    many would have, had nothing been done: by the risk that the plan's report gave each, spread evenly over
    the horizon and taken from the contact to the month's end; with the exact 95 % range. Null where no risk
    was given, as of those who had asked already. Beside these stands what became of others without the touch:
    `usual` of `usual_of` requests that nobody answered were customers on day 90, and as many of those who had
    left came back unasked within 90 days.

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
                        *(_usual(business, str(action)) if len(done) else (None, None)),
                    )
                )
    frame = pd.DataFrame(found, columns=names_of(became_of))
    counts = ("left", "expected_low", "expected_high", "usual", "usual_of")
    return frame.astype(dict.fromkeys(counts, "Int64"))


def _usual(business: Business, action: str) -> tuple[int | None, int | None]:
    """How many of how many were customers on day 90 without such a touch; None where that is unknown."""
    if action == "keep":
        rows = win_back_and_loyalty.answered_before(business).value
        own = rows.loc[rows["answered"] == "not answered", ["still_there", "asked"]]
    elif action == "win_back":
        rows = win_back_and_loyalty.natural(business).value
        own = rows.loc[(rows["kind"] == GONE) & (rows["days"] == LAST), ["back", "followed"]]
    else:
        return None, None
    many, of = own.sum()
    return (int(many), int(of)) if of else (None, None)


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
    return (*many, float(chances.sum()), *expected_range(chances, EXACT))


def _leavings(business: Business, done: pd.DataFrame) -> pd.DataFrame:
    own = kept_leavings(business)
    chosen = own.filter(own.customer_id.isin(list(done["customer_id"]) or [""]) & own.left_on.notnull())
    return chosen.select("customer_id", "left_on").execute().astype({"left_on": "datetime64[s]"})

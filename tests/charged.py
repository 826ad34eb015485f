"""Businesses whose service is known day by day, written as the ledger of charges that they would leave.

Service is what is paid for. A failed charge is retried within three weeks and then paid, or the customer is
lost on the day that was due. A refund in the middle takes nothing away; one of the last charge ends service
on its day. In a pause, of a month or more and longer than a late payment, nobody is charged and nobody is
served. A moved day, a new price and a change of plan (with its whole price at once, or a part of it and the
whole from the next day on) leave no gap. Debits wait until a weekend is over, and things that are bought
once are no service.
"""

import calendar
import csv
import datetime as dt
import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import Stopped
from retention_helpers.sources.importing import import_files
from retention_helpers.words.calendar import months_after

FIRST, LAST = dt.date(2024, 1, 1), dt.date(2026, 1, 14)  # of the ledger
PRICES = {"Solo": 19, "Team": 49, "Firm": 99}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
HAZARD = {"month": 0.05, "quarter": 0.12, "year": 0.3}  # of leaving at the end of a paid time
SWITCH_GAP_DAYS = 3  # as the settings have it
ONCE = 120  # what a workshop costs, which is no subscription
COLUMNS = ("date", "customer", "amount", "currency", "product", "status")


@dataclass(frozen=True)
class Noise:
    """How often something happens at a charge, as a share of all.

    `stays` is the share of those who got a charge back whole and are served for its time all the same;
    `may_leave_then` is whether they may leave at its end, as after any other charge.
    """

    failed: float = 0.0
    refunded: float = 0.0
    priced: float = 0.0
    paused: float = 0.0
    moved: float = 0.0
    switched: float = 0.0
    bought: float = 0.0
    waits_for_monday: bool = False
    stays: float = 0.5
    may_leave_then: bool = False

    @classmethod
    def usual(cls) -> "Noise":
        return cls(0.05, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, waits_for_monday=True)

    @classmethod
    def generous(cls) -> "Noise":
        """The same without changes of plan and things bought once, where all who got money back stay."""
        return cls(0.05, 0.01, 0.01, 0.01, 0.01, stays=1.0, may_leave_then=True)


@dataclass
class Charged:
    """A business: its ledger, and from when to when each customer truly had service."""

    rows: list[tuple] = field(default_factory=list)
    lengths: dict[str, str] = field(
        default_factory=lambda: {"Workshop": "once", f"Workshop {ONCE}.00": "once", f"{ONCE}.00": "once"}
    )
    service: dict[str, list[tuple[dt.date, dt.date]]] = field(default_factory=dict)

    def write(self, path: Path, columns: tuple[str, ...] = COLUMNS) -> Path:
        """The ledger with these columns; without one of states, charges that failed do not stand in it."""
        at = [COLUMNS.index(name) for name in columns]
        rows = [row for row in self.rows if "status" in columns or row[-1] != "failed"]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows([row[nth] for nth in at] for row in sorted(rows))
        return path

    def is_served(self, who: str, day: dt.date) -> bool:
        """Whether a customer has service at the end of a day; a gap of a plan switch is none."""
        own = sorted(self.service.get(who, ()))
        reach = dt.date.min
        for start, end in own:
            since = start if (start - reach).days > SWITCH_GAP_DAYS or reach == dt.date.min else reach
            if since <= day < end:
                return True
            reach = max(reach, end)
        return False


def charged(
    customers: int, seed: int, noise: Noise = Noise(), lengths: tuple[str, ...] = ("month",)
) -> Charged:
    """A business with so many customers over its whole time; yearly ones are rarer than monthly ones."""
    draw, made = random.Random(seed), Charged()
    days = (LAST - FIRST).days
    for n in range(customers):
        who = f"C-{n:05}"
        length = draw.choices(lengths, [4, 1, 2][: len(lengths)])[0]
        start = FIRST + dt.timedelta(days=draw.randrange(days))
        made.service[who] = list(_life(draw, made, who, start, length, noise))
        if draw.random() < 0.05:  # a second product beside it, at days of its own
            other = FIRST + dt.timedelta(days=draw.randrange(days))
            made.service[who] += _life(draw, made, who, other, "month", noise, product="Storage", price=7)
    return made


def _life(
    draw: random.Random,
    made: Charged,
    who: str,
    start: dt.date,
    length: str,
    noise: Noise,
    product: str = "",
    price: int = 0,
) -> Iterator[tuple[dt.date, dt.date]]:
    """The stretches of service of one subscription; what was charged for them goes to the ledger."""
    plan = product or draw.choice(list(PRICES))
    amount = price or PRICES[plan] * (10 if length == "year" else MONTHS[length])
    anchor, times, begun, switched = start, 0, start, False
    while True:
        on = months_after(anchor, times * MONTHS[length])
        if on > LAST:
            yield begun, dt.date.max
            return
        is_first = not times and (anchor in (start, begun) or switched)
        paid_on = on if is_first else _paid_on(draw, made, who, on, amount, plan, noise)
        switched = False
        if paid_on is None:
            yield begun, on
            return
        if paid_on > LAST:
            yield begun, dt.date.max
            return
        made.lengths |= {f"{plan} {amount}.00": length, plan: length, f"{amount}.00": length}
        booked_on = _monday(paid_on) if noise.waits_for_monday and paid_on != begun else paid_on
        made.rows.append((booked_on, who, f"{amount}.00", "EUR", plan, "paid"))
        if draw.random() < noise.bought:
            bought_on = paid_on + dt.timedelta(days=draw.randrange(2, 26))
            made.rows += (
                [(bought_on, who, f"{ONCE}.00", "EUR", "Workshop", "paid")] if bought_on <= LAST else []
            )
        times += 1
        end = months_after(anchor, times * MONTHS[length])
        if draw.random() < noise.refunded and booked_on + dt.timedelta(days=8) <= LAST:
            back = booked_on + dt.timedelta(days=draw.randrange(1, 8))
            made.rows.append((back, who, f"-{amount}.00", "EUR", plan, "refunded"))
            if draw.random() < 1 - noise.stays:
                yield begun, back
                return
            if not noise.may_leave_then:
                continue
        if not product and draw.random() < noise.switched and length == "month":
            if draw.random() < 0.5:
                plan, amount = _upgraded(draw, made, who, paid_on, end, plan)
                continue
            plan, amount, anchor, times = _switched(draw, paid_on, end, plan)
            switched = True
            if anchor > LAST:
                yield begun, dt.date.max
                return
            continue
        if draw.random() < HAZARD[length]:
            yield begun, end
            return
        if draw.random() < noise.priced:
            amount = round(amount * draw.choice((0.8, 1.1, 1.25)))
        if draw.random() < noise.paused:
            yield begun, end
            anchor, times = months_after(end, draw.choice((1, 2, 3) if length == "month" else (2, 3))), 0
            begun = anchor
            if anchor > LAST:
                return
        elif draw.random() < noise.moved:
            anchor, times = (
                max(end + dt.timedelta(days=draw.randrange(-14, 15)), paid_on + dt.timedelta(days=8)),
                0,
            )


def _paid_on(
    draw: random.Random, made: Charged, who: str, on: dt.date, amount: int, plan: str, noise: Noise
) -> dt.date | None:
    """The day on which a charge came, days late after a failure; None where it never came."""
    if draw.random() >= noise.failed:
        return on
    made.rows.append((on, who, f"{amount}.00", "EUR", plan, "failed"))
    return on + dt.timedelta(days=draw.choice((3, 5, 7, 14, 21))) if draw.random() < 0.7 else None


def _monday(day: dt.date) -> dt.date:
    """The day itself, or the Monday after a weekend; not after the end of the ledger."""
    return min(LAST, day + dt.timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0))


def _upgraded(
    draw: random.Random, made: Charged, who: str, on: dt.date, end: dt.date, plan: str
) -> tuple[str, int]:
    """Another plan in the middle of a month: a part of its price at once, all of it from the next due day
    on.
    """
    other = draw.choice([one for one in PRICES if one != plan])
    day = on + dt.timedelta(days=draw.randrange(3, max(4, (end - on).days - 2)))
    part = round(PRICES[other] * (end - day).days / 30, 2)
    if day <= LAST:
        made.rows.append((day, who, f"{part:.2f}", "EUR", other, "paid"))
        made.lengths.setdefault(f"{other} {part:.2f}", "once")
        made.lengths.setdefault(f"{part:.2f}", "once")
    return other, PRICES[other]


def _switched(draw: random.Random, on: dt.date, end: dt.date, plan: str) -> tuple[str, int, dt.date, int]:
    """Another plan in the middle of a month: its whole price at once, and its month counts from there."""
    other = draw.choice([one for one in PRICES if one != plan])
    return other, PRICES[other], on + dt.timedelta(days=draw.randrange(3, max(4, (end - on).days - 2))), 0


ASKED = re.compile(r"rhythms: \{(.*?)\}")


def import_answering(truth: Charged, path: Path, out: Path) -> int:
    """Import a ledger as its owner would, who answers what the stops ask; how many rhythms were asked
    about.
    """
    answers: dict[str, str] = {}
    while True:
        try:
            import_files("ledger", [path], out, Settings(), {"rhythms": answers})
        except Stopped as stopped:
            (asked,) = ASKED.findall(str(stopped))
            labels = [entry.rsplit(":", 1)[0].strip(' "') for entry in asked.split(",")]
            assert not set(labels) <= set(answers), stopped
            answers |= {label: truth.lengths.get(label, "month") for label in labels}
        else:
            return len(answers)


# --- what was told -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Errors:
    """What a reading of a ledger got wrong.

    Attributes:
        customer_months: month ends at which a customer truly was there, or was said to be.
        wrong: how many of them only one of the two has.
        asked: how many products and prices their owner was asked about.
        provisional: how many were left out because a payment may still come.
        churn: by month, the true churn and the one that was told.
    """

    customer_months: int
    wrong: int
    provisional: int
    churn: dict[str, tuple[float, float]]
    asked: int = 0
    cases: tuple[tuple[str, dt.date, bool], ...] = ()

    @property
    def share(self) -> float:
        return self.wrong / self.customer_months

    def months_off(self, points: float = 0.005) -> tuple[int, int]:
        """In how many months churn is further from the truth, of how many."""
        return sum(abs(one - other) > points for one, other in self.churn.values()), len(self.churn)


def month_ends() -> list[dt.date]:
    """The last days of the months that the ledger holds whole."""
    ends, month = [], FIRST
    while (end := month.replace(day=calendar.monthrange(month.year, month.month)[1])) <= LAST:
        ends.append(end)
        month = months_after(month, 1)
    return ends


def errors(truth: Charged, subscriptions: Path, asked: int = 0) -> Errors:
    """Hold the spans that an import wrote against the truth, month end by month end."""
    spans: dict[str, list[tuple[str, str, str]]] = {}
    with subscriptions.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            one = row["started_at"], row["ended_at"] or "9999", row["status"]
            spans.setdefault(row["customer_id"], []).append(one)
    ends, cases, provisional, seen = month_ends(), [], 0, 0
    states: dict[dt.date, dict[str, tuple[bool, bool]]] = {end: {} for end in ends}
    for who in truth.service:
        own = spans.get(who, [])
        for end in ends:
            day = end.isoformat()
            covering = [status for start, stop, status in own if start <= day < stop]
            if covering and set(covering) == {"past_due"}:
                provisional += 1
                continue
            both = truth.is_served(who, end), bool(covering)
            states[end][who] = both
            seen += any(both)
            if both[0] != both[1]:
                cases.append((who, end, both[0]))
    churn = {
        f"{now:%Y-%m}": (_churn(states, before, now, 0), _churn(states, before, now, 1))
        for before, now in itertools.pairwise(ends)
        if sum(one[0] for one in states[before].values()) >= 50
    }
    return Errors(seen, len(cases), provisional, churn, asked, tuple(cases))


def _churn(
    states: dict[dt.date, dict[str, tuple[bool, bool]]], before: dt.date, now: dt.date, nth: int
) -> float:
    there = [who for who, both in states[before].items() if both[nth] and who in states[now]]
    return sum(not states[now][who][nth] for who in there) / max(1, len(there))

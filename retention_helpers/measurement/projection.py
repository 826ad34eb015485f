"""How many of today's customers will still be here in a year, and what if more of them stayed?

The risk to leave is one of those of `risks`. What is drawn at random is drawn from a fixed seed, so the
same data give the same bands.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from retention_helpers.measurement import risks
from retention_helpers.measurement.risks import Choice
from retention_helpers.shown.units import COUNT, MONEY, MONTH, SHARE, TEXT, columns, names_of
from retention_helpers.statistics.intervals import LEVEL, Floats, Rate
from retention_helpers.words import calendar

AHEAD = 12  # months
RUNS = 500
BETTER_BY = (1, 2, 3, 4, 5)  # percentage points of monthly retention
CHURNS = 101  # of an interval; the gain does not always rise or fall all along it


@dataclass(frozen=True)
class _Outlook:
    """What the coming months may bring: hazards by age, expected (first row) and drawn (the others)."""

    hazards: Floats  # a row a run, a column an age; the first row is the expectation
    shocks: Floats  # a row a run, a column a month ahead; 1 in the first row
    ages: Floats  # of today's cohorts
    customers: Floats
    mrr: Floats
    came: Floats  # a row a run, a column a month ahead
    mrr_came: Floats
    unequal: float  # how much more an amount varies than a count


def _outlook(cells: pd.DataFrame, chosen: Choice) -> _Outlook | None:
    """None where nobody is there, or nobody could have left yet."""
    now = cells[(cells["month"] == cells["month"].max()) & (cells["customers_at_end"] > 0)]
    if now.empty or not risks.last_rate(cells).denominator:
        return None
    draws = np.random.default_rng(20260101)
    ages, customers = now["k"].to_numpy(), now["customers_at_end"].to_numpy(dtype=float)
    hazards, varied = risks.drawn_hazards(draws, cells, chosen, int(ages.max()) + AHEAD, runs=RUNS)
    runs = len(hazards) - 1
    recent = cells.groupby("month")[["came", "mrr_came"]].sum().tail(AHEAD)
    came, mrr_came = (recent[name].to_numpy(dtype=float) for name in recent.columns)
    picked = draws.integers(len(recent), size=(runs, AHEAD))
    mrr = now["mrr_at_end"].to_numpy(dtype=float)
    squares = float(now["mrr_squared"].astype(float).sum())
    return _Outlook(
        hazards=hazards,
        shocks=risks.shocks(draws, varied, AHEAD),
        ages=ages,
        customers=customers,
        mrr=mrr,
        came=np.vstack([np.full(AHEAD, came.mean()), came[picked]]),
        mrr_came=np.vstack([np.full(AHEAD, mrr_came.mean()), mrr_came[picked]]),
        unequal=float(np.sqrt(customers.sum() * squares)) / mrr.sum() if mrr.sum() else 1.0,
    )


@dataclass(frozen=True)
class _Course:
    """What becomes of today's customers and of newcomers: a row a run, a column a month ahead.

    The first row is the expectation. `expected_*` are without the chance of single customers.
    """

    still_here: Floats
    customers: Floats
    mrr: Floats
    expected_customers: Floats
    expected_mrr: Floats
    newcomers_share: Floats
    newcomer_revenue: Floats  # a number a run: of the first twelve months


def _course(outlook: _Outlook, better_by: float = 0.0) -> _Course:
    draws = np.random.default_rng(20260102)
    risk = np.maximum(outlook.hazards - better_by, 0)
    today = _path(risk, outlook.shocks, outlook.ages)
    fresh = np.zeros((*outlook.came.shape, AHEAD))  # what is left in a month of those who came in another
    for month in range(AHEAD):
        fresh[:, month, month] = 1
        fresh[:, month, month + 1 :] = _path(risk, outlook.shocks[:, month + 1 :], np.zeros(1))[:, 0]
    expected_here = np.einsum("c,rcm->rm", outlook.customers, today)
    expected_came = np.einsum("ri,rim->rm", outlook.came, fresh)
    money = np.einsum("c,rcm->rm", outlook.mrr, today) + np.einsum("ri,rim->rm", outlook.mrr_came, fresh)
    here = _drawn(draws, np.broadcast_to(outlook.customers, today.shape[:2]), today, expected_here)
    came = _drawn(draws, outlook.came, fresh, expected_came)
    expected = expected_here + expected_came
    each = outlook.mrr.sum() / outlook.customers.sum()
    newcomers = _path(risk, outlook.shocks, np.zeros(1))[:, 0]
    return _Course(
        still_here=here,
        customers=here + came,
        mrr=np.maximum(money + (here + came - expected) * each * outlook.unequal, 0),
        expected_customers=expected,
        expected_mrr=money,
        newcomers_share=newcomers,
        newcomer_revenue=_first_price(outlook) * (1 + newcomers[:, : AHEAD - 1].sum(axis=1)),
    )


def _first_price(outlook: _Outlook) -> float:
    """What a newcomer of the last twelve months pays a month, on average; 0 where nobody came."""
    came = float(outlook.came[0].sum())
    return float(outlook.mrr_came[0].sum()) / came if came else 0.0


def _path(hazards: Floats, shocks: Floats, ages: Floats) -> Floats:
    """The share left of customers of every age, one month ahead after the other: run × age × month."""
    steps = (ages[:, None] + np.arange(shocks.shape[1])).astype(int)
    return np.cumprod(1 - np.minimum(hazards[:, steps] * shocks[:, None, :], 1), axis=2)


def _drawn(draws: np.random.Generator, customers: Floats, shares: Floats, expected: Floats) -> Floats:
    """How many of all groups are there, drawn month by month, so that who has left stays away.

    `shares` are those to expect, run × group × month: 0 before a group is there. The first run stays what
    is expected.
    """
    people = np.floor(customers).astype(int)
    there = np.where(shares[:, :, 0] > 0, people, 0)
    found = np.empty(expected.shape)
    before = np.where(shares[:, :, 0] == 1, 0.0, 1.0)
    for month in range(shares.shape[2]):
        now = shares[:, :, month]
        stay = np.divide(now, before, out=np.zeros_like(now), where=before > 0)
        there = np.where((before == 0) & (now == 1), people, draws.binomial(there, np.minimum(stay, 1)))
        found[:, month] = there.sum(axis=1)
        before = now
    found[0] = expected[0]
    return found


def _ends(runs: Floats) -> tuple[float, float]:
    """The ends of the middle 95 % of the runs; they hold the expectation, which stands first."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(runs[1:], [tail, 1 - tail])
    return min(float(low), float(runs[0])), max(float(high), float(runs[0]))


def _counted(name: str, runs: Floats) -> dict[str, int]:
    low, high = _ends(runs)
    return {name: round(float(runs[0])), f"{name}_low": round(low), f"{name}_high": round(high)}


def _cents(amount: float) -> Decimal:
    return Decimal(float(amount)).quantize(Decimal("0.01"))


def _priced(name: str, runs: Floats) -> dict[str, Decimal]:
    ends = dict(zip(("", "_low", "_high"), (float(runs[0]), *_ends(runs)), strict=True))
    return {f"{name}{end}": _cents(amount) for end, amount in ends.items()}


def _with_ends(*names: str) -> list[str]:
    return [f"{name}{end}" for name in names for end in ("", "_low", "_high")]


@columns(
    month=MONTH, still_here=COUNT.estimate("Of today's customers"),
    newcomers_share=SHARE.estimate("Of this month's newcomers"), customers=COUNT.estimate, mrr=MONEY.estimate,
)  # fmt: skip
def projection(cells: pd.DataFrame, chosen: Choice) -> pd.DataFrame:
    """One row for today and each month of the year ahead: who will be there, without and with newcomers.

    Takes the table of `risks.cohort_months`, and the way of looking ahead that `risks.choice` named.
    Newcomers are as many, and pay as much, as those who came in the last twelve months did on average;
    prices stay. The bands (95 %) hold what is not known of the risks, which way of looking ahead is right,
    how much whole months vary, and chance, by drawing the past and the months ahead 500 times. No row where
    nobody could have left yet.

    Columns: month, still_here (of today's customers), newcomers_share (of those who came in the report
    month, how many are there still), customers (newcomers included), mrr (theirs, Decimal), each with
    _low and _high; the first row is today, without them.

    Glossary: projection, what if.
    """
    outlook = _outlook(cells, chosen)
    if outlook is None:
        return pd.DataFrame(columns=names_of(projection))
    course, last = _course(outlook), pd.Timestamp(cells["month"].max())
    rows: list[dict[str, object]] = [_today(outlook, last)]
    for ahead in range(AHEAD):
        share = course.newcomers_share[:, ahead]
        ends = dict(zip(_with_ends("newcomers_share"), (float(share[0]), *_ends(share)), strict=True))
        rows.append(
            {
                "month": pd.Timestamp(calendar.months_after(last.date(), ahead + 1)),
                **_counted("still_here", course.still_here[:, ahead]),
                **ends,
                **_counted("customers", course.customers[:, ahead]),
                **_priced("mrr", course.mrr[:, ahead]),
            }
        )
    counts = {name: "Int64" for name in _with_ends("still_here", "customers")}
    return pd.DataFrame(rows, columns=names_of(projection)).astype({"month": "datetime64[s]", **counts})


def _today(outlook: _Outlook, month: pd.Timestamp) -> dict[str, object]:
    people, amount = int(outlook.customers.sum()), _cents(outlook.mrr.sum())
    return {"month": month, "still_here": people, "newcomers_share": 1.0, "customers": people, "mrr": amount}


@columns(
    points_better=COUNT, customers=COUNT.estimate, more_customers=COUNT.estimate, mrr=MONEY.estimate,
    more_revenue=MONEY.estimate,
    newcomer_revenue=MONEY.estimate(
        "A newcomer's first year",
        note="what somebody who comes now brings in over the first twelve months",
    ),
)  # fmt: skip
def what_if(cells: pd.DataFrame, chosen: Choice) -> pd.DataFrame:
    """One row per 0, 1, … 5 points by which more stay each month: what that makes in a year.

    The year ahead of `projection`, with every month's risk of leaving lower by so many percentage points
    (nowhere below 0). As many points as leave in a month of the last year, or more, are left out. What is
    gained is the difference between the two years to expect, so its band is that of the risks alone.

    Columns: points_better, customers at the end of the year, more_customers (against 0 points; empty
    there), mrr at the end of the year, more_revenue (in MRR, month end by month end, against 0 points) and
    newcomer_revenue (what somebody who comes now brings in over twelve months; empty where nobody came),
    the amounts Decimal, each with _low and _high.

    Glossary: projection, what if.
    """
    points_better, *names = names_of(what_if)
    outlook = _outlook(cells, chosen)
    if outlook is None:
        return pd.DataFrame(columns=[points_better, *names])
    usual, year = _course(outlook), risks.last_rate(cells, months_back=AHEAD)
    rows: list[dict[str, object]] = [{"points_better": 0, **_year(usual)}]
    for points in BETTER_BY:
        if points / 100 < year.value:
            better = _course(outlook, points / 100)
            rows.append({"points_better": points, **_year(better), **_gained(usual, better)})
    frame = pd.DataFrame(rows, columns=[points_better, *names]).astype({name: "object" for name in names})
    counts = {name: "Int64" for name in _with_ends("customers", "more_customers")}
    return frame.astype(counts)


def _gained(usual: _Course, better: _Course) -> dict[str, object]:
    """What the better year has more; of the numbers as they stand in the table, so that they add up."""
    shown = round(float(better.customers[0, -1])) - round(float(usual.customers[0, -1]))
    low, high = _ends(better.expected_customers[:, -1] - usual.expected_customers[:, -1])
    return {
        "more_customers": shown,
        "more_customers_low": min(round(low), shown),
        "more_customers_high": max(round(high), shown),
        **_priced("more_revenue", (better.expected_mrr - usual.expected_mrr).sum(axis=1)),
    }


def _year(course: _Course) -> dict[str, object]:
    newcomer = course.newcomer_revenue
    return {
        **_counted("customers", course.customers[:, -1]),
        **_priced("mrr", course.mrr[:, -1]),
        **(_priced("newcomer_revenue", newcomer) if newcomer[0] else {}),
    }


READINGS = ("5 % fewer leave", "5 points more stay in a year", "5 points more stay in a month")


@columns(
    reading=TEXT,
    asked_rate=SHARE("Churn asked for, a month"),
    gain_share=SHARE.estimate("More lifetime revenue", key="more_lifetime_revenue"),
)
def five_percent(churn: Rate) -> pd.DataFrame:
    """One row per way to read "5 % better retention": what it asks for, and what it makes of a lifetime.

    From a monthly churn c, taken as it is for good: a customer is then expected to pay
    for 1/c months, so a churn of c' makes c/c' − 1 more of it. Costs and discounting are left out: this
    is revenue, not profit. A reading that would have fewer than nobody leave has no number.

    Columns: reading, asked_rate (the churn a month that it asks for), gain_share (more revenue from a
    customer's lifetime) with _low and _high (the least and the most over c's interval; empty where it is
    the same everywhere, or where a c in it would ask the impossible).

    Glossary: 5 % better.
    """
    rows = []
    for reading, asked in zip(READINGS, (_fewer, _more_in_a_year, _more_in_a_month), strict=True):
        gains = [_gain(asked, share) for share in np.linspace(churn.low, churn.high, CHURNS)]
        low, high = min(gains), max(gains)
        is_same = np.isnan(gains).any() or np.isclose(low, high)
        ends = (np.nan, np.nan) if is_same else (low, high)
        rows.append((reading, _or_nothing(asked(churn.value)), _gain(asked, churn.value), *ends))
    return pd.DataFrame(rows, columns=names_of(five_percent))


def _fewer(churn: float) -> float:
    return 0.95 * churn


def _more_in_a_year(churn: float) -> float:
    stay = (1 - churn) ** 12 + 0.05
    return 1 - stay ** (1 / 12) if stay < 1 else 0.0


def _more_in_a_month(churn: float) -> float:
    return churn - 0.05


def _or_nothing(churn: float) -> float:
    return churn if churn > 0 else np.nan


def _gain(asked: Callable[[float], float], churn: float) -> float:
    return float(churn / _or_nothing(asked(churn)) - 1)

"""The risk of leaving in the months to come: three ways to read it off the past, and which was nearer.

*The last rate*: what left in the last three months, whoever the customers are. *The last rates by tenure*:
the same of the last twelve months, in three stages. *The falling risk*: the shifted-beta-geometric model
of `lifetimes`. They are held against each other on months that none of them was shown.
"""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.measurement.measures import CHURN
from retention_helpers.shown.units import COUNT, MONTH, columns, names_of
from retention_helpers.statistics import lifetimes
from retention_helpers.statistics.intervals import Floats, Rate, rate, with_rate
from retention_helpers.words import calendar

HELD_BACK = 6  # months that a back-test hides
FEWEST_MONTHS = 12  # that begin with customers and are shown
MOST_TESTS = 12
LAST_MONTHS = 3  # whose rate is "the last": a single month is a throw of the dice
STAGES = (1, 3, 13)  # first months of tenure of the stages, counted from the cohort's own month
STAGE_MONTHS = 12
LEANING = 20  # customer-months of the rate of all, so that a stage of few customers leans on it
LAST_RATE, BY_TENURE, FALLING_RISK = "last rate", "last rates by tenure", "falling risk"
METHODS = {LAST_RATE: "by_last_rate", BY_TENURE: "by_tenure", FALLING_RISK: "by_falling_risk"}


def cohort_months(business: Business) -> pd.DataFrame:
    """One row per cohort and calendar month: who was there, who left, and who was there half a year later.

    The customers at the start, lost and at the end are those of `measures.customer_movement`, split by
    the month of the first day; k is how many calendar months after it the month lies.

    Columns: cohort, month, k, customers_at_start, lost, customers_at_end, still_there (of those at the end,
    the ones who are customers six months later; 0 where that lies ahead), came (new and reactivated),
    mrr_came, mrr_at_end, mrr_squared (each customer's, added up).
    """
    rows = months.kept_customer_months(business)
    at_end = rows.filter(rows.state_at_end != "none")
    half_a_year_on = at_end.select(
        "customer_id", month=(at_end.month - ibis.interval(months=HELD_BACK)).cast("date"), is_there=True
    )
    placed = (
        rows.join(months.first_days(business), "customer_id")
        .left_join(half_a_year_on, ["customer_id", "month"])
        .drop("customer_id_right", "month_right")
    )
    is_customer = placed.state_at_end != "none"
    came = placed.movement.isin(["new", "reactivated"])
    wide = placed.mrr_at_end.cast("decimal(38, 6)")
    found = placed.group_by(["cohort", "month"]).aggregate(
        customers_at_start=placed.count(where=placed.state_at_start != "none"),
        lost=placed.count(where=placed.movement == "lost"),
        customers_at_end=placed.count(where=is_customer),
        still_there=placed.count(where=is_customer & placed.is_there),
        came=placed.count(where=came),
        mrr_came=ibis.ifelse(came, placed.mrr_at_end, 0).sum(),
        mrr_at_end=placed.mrr_at_end.sum(),
        mrr_squared=(wide * wide).cast("decimal(38, 9)").sum(),
    )
    frame = found.order_by(["cohort", "month"]).execute()
    frame = frame.astype({"cohort": "datetime64[s]", "month": "datetime64[s]"})
    pairs = zip(frame["cohort"], frame["month"], strict=True)
    return frame.assign(k=[calendar.months_between(cohort, month) for cohort, month in pairs])


def _by_age(cells: pd.DataFrame) -> tuple[Floats, Floats]:
    """How many customers began their month 1, 2, … after the cohort's own, and how many left in it."""
    sums = cells[cells["k"] > 0].groupby("k")[["customers_at_start", "lost"]].sum()
    every = sums.reindex(range(1, int(cells["k"].max()) + 1), fill_value=0)
    return every["customers_at_start"].to_numpy(dtype=float), every["lost"].to_numpy(dtype=float)


def _latest(cells: pd.DataFrame, months_back: int) -> pd.DataFrame:
    last = sorted(cells["month"].unique())[-months_back:]
    return cells[cells["month"].isin(last) & (cells["k"] > 0)]


def last_rate(cells: pd.DataFrame, *, months_back: int = LAST_MONTHS) -> Rate:
    """The monthly churn of the last months of the table together (a customer counts once for every month).

    Takes the table of `cohort_months`.
    """
    within = _latest(cells, months_back)
    return rate(int(within["lost"].sum()), int(within["customers_at_start"].sum()))


@columns(from_month=COUNT, to_month=COUNT.or_null, customers_at_start=COUNT, lost=COUNT, churn_rate=CHURN)
def rates_by_tenure(cells: pd.DataFrame) -> pd.DataFrame:
    """One row per stage of tenure: the monthly churn in it, of the last twelve months together.

    Tenure in calendar months after the cohort's own, so month 1 is the first whole one. Takes the table of
    `cohort_months`. Without to_month there is no end.
    """
    within = _latest(cells, STAGE_MONTHS)
    stage = pd.cut(within["k"], [*STAGES, np.inf], right=False, labels=False)
    sums = within.groupby(stage)[["customers_at_start", "lost"]].sum()
    frame = sums.reindex(range(len(STAGES)), fill_value=0).reset_index(drop=True)
    last = pd.array([*(month - 1 for month in STAGES[1:]), None], dtype="Int64")
    named = frame.assign(from_month=STAGES, to_month=last).astype({"customers_at_start": "int64"})
    ordered = named[["from_month", "to_month", "customers_at_start", "lost"]]
    return with_rate(ordered, "churn_rate", "lost", "customers_at_start")


def hazards(cells: pd.DataFrame, method: str, ages: int) -> Floats:
    """The share to leave in month 1, 2, … after the cohort's own, by one of the three ways."""
    if method == FALLING_RISK:
        return lifetimes.fit(*_by_age(cells)).hazard(np.arange(1, ages + 1))
    if method == LAST_RATE:
        return np.full(ages, last_rate(cells).value)
    stages, overall = rates_by_tenure(cells), last_rate(cells, months_back=STAGE_MONTHS).value
    lost, base = stages["lost"].to_numpy(), stages["customers_at_start"].to_numpy()
    return _spread_out((lost + LEANING * overall) / (base + LEANING), ages)


def _spread_out(stages: Floats, ages: int) -> Floats:
    """Rates by stage (in the last dimension) as rates by month of tenure."""
    place = np.searchsorted(STAGES, np.arange(1, ages + 1), side="right") - 1
    return np.asarray(stages[..., place], dtype=np.float64)


def left_after(hazards: Floats, ages: Floats, ahead: int) -> Floats:
    """The share left after 1, 2, … months of customers who are so many months old, a row an age."""
    steps = np.asarray(ages, dtype=int)[:, None] + np.arange(ahead)
    return np.asarray(np.cumprod(1 - hazards[steps], axis=1), dtype=np.float64)


@columns(month=MONTH, customers_at_end=COUNT, still_there=COUNT, **dict.fromkeys(METHODS.values(), COUNT))
def back_test(cells: pd.DataFrame) -> pd.DataFrame:
    """One row per month from which the six after it were hidden: what each of the three ways expected.

    Takes the table of `cohort_months`. Each way sees the months up to `month` alone, at least twelve of
    them that began with customers, and says how many of the customers at its end are customers six
    months later, in whole numbers. The data are those of today: what was entered late is known to all three.

    Glossary: the risk of the year ahead.
    """
    every = sorted(cells["month"].unique())
    begun = set(cells.loc[cells["customers_at_start"] > 0, "month"])
    shown = [sum(month in begun for month in every[: place + 1]) for place in range(len(every))]
    enough = [
        month for month, count in zip(every[:-HELD_BACK], shown, strict=False) if count >= FEWEST_MONTHS
    ]
    rows = [_tested(cells, pd.Timestamp(month)) for month in enough[-MOST_TESTS:]]
    return pd.DataFrame(rows, columns=names_of(back_test))


def _tested(cells: pd.DataFrame, origin: pd.Timestamp) -> tuple[object, ...]:
    seen = cells[cells["month"] <= origin]
    now = seen[(seen["month"] == origin) & (seen["customers_at_end"] > 0)]
    customers, ages = now["customers_at_end"].to_numpy(dtype=float), now["k"].to_numpy()
    oldest = int(ages.max(initial=0)) + HELD_BACK
    expected = [
        customers @ left_after(hazards(seen, method, oldest), ages, HELD_BACK)[:, -1] for method in METHODS
    ]
    return origin, int(customers.sum()), int(now["still_there"].sum()), *(round(float(n)) for n in expected)


@dataclass(frozen=True)
class Choice:
    """Which way of looking ahead is used, and how far each was off in the back-test.

    `errors`: by way, the mean distance from what happened, as a share of the customers; empty without a
    test.
    """

    method: str
    tests: int
    errors: dict[str, float]

    @property
    def weights(self) -> dict[str, float]:
        """How much each way is believed: by one over the square of its error; without a test, the used one.

        >>> Choice("last rate", 3, {"last rate": 0.1, "falling risk": 0.2}).weights
        {'last rate': 0.8, 'falling risk': 0.2}
        """
        if not self.errors:
            return {self.method: 1.0}
        precisions = {method: 1 / max(error, 1e-3) ** 2 for method, error in self.errors.items()}
        whole = sum(precisions.values())
        return {method: round(precision / whole, 9) for method, precision in precisions.items()}


def choice(tests: pd.DataFrame) -> Choice:
    """The way that was nearest on average; of equals the simplest, and the last rate without a test.

    Takes the table of `back_test`.

    >>> choice(pd.DataFrame({"customers_at_end": [100], "still_there": [80], "by_last_rate": [70],
    ...                      "by_tenure": [78], "by_falling_risk": [82]})).method
    'last rates by tenure'

    Glossary: the risk of the year ahead.
    """
    told = tests[tests["customers_at_end"] > 0]
    if told.empty:
        return Choice(LAST_RATE, 0, {})
    errors = {
        method: float(((told[column] - told["still_there"]).abs() / told["customers_at_end"]).mean())
        for method, column in METHODS.items()
    }
    return Choice(min(errors, key=lambda method: errors[method]), len(told), errors)


def variation(cells: pd.DataFrame, hazards: Floats) -> float:
    """The variance of the months' own risks around the hazards, relative, beyond chance; by moments."""
    seen = cells[cells["k"] > 0]
    chance = hazards[seen["k"].to_numpy() - 1]
    expected = seen["customers_at_start"] * chance
    each = (
        pd.DataFrame({"lost": seen["lost"], "expected": expected, "variance": expected * (1 - chance)})
        .groupby(seen["month"])
        .sum()
    )
    beyond = float(((each["lost"] - each["expected"]) ** 2 - each["variance"]).sum())
    squares = float((each["expected"] ** 2).sum())
    return max(beyond / squares, 0.0) if squares else 0.0


def shocks(draws: np.random.Generator, variances: Floats, months_ahead: int) -> Floats:
    """Factors with a mean of 1 by which whole months are worse or better than usual, a row a variance."""
    shape = (len(variances), months_ahead)
    some = np.maximum(variances, 1e-12)[:, None]
    return np.where(variances[:, None] > 0, draws.gamma(1 / some, some, shape), 1.0)


def drawn_hazards(
    draws: np.random.Generator, cells: pd.DataFrame, chosen: Choice, ages: int, *, runs: int
) -> tuple[Floats, Floats]:
    """The hazards to expect (first row) and as other pasts like this one would give them, a row a run.

    Also each row's relative variance of the months' risks (the first: 0). The expectation is that of the
    way chosen; of the runs, every way has its share by `Choice.weights`, because which of them is right is
    not known either. The falling risk is fitted anew to losses drawn from itself (parametric bootstrap);
    the simple ways are drawn from what the losses leave open (Jeffreys' prior), and made worse or better
    by the months they come from.
    """
    oldest = max(ages, int(cells["k"].max()))
    rows, variances = [hazards(cells, chosen.method, ages)[None]], [np.zeros(1)]
    for method, weight in chosen.weights.items():
        share, expected = round(weight * runs), hazards(cells, method, oldest)
        varied = np.full(share, variation(cells, expected))
        rows.append(
            _fitted_anew(draws, cells, expected, varied, ages)
            if method == FALLING_RISK
            else _drawn_rates(draws, cells, method, varied, ages)
        )
        variances.append(varied)
    return np.vstack(rows), np.concatenate(variances)


def _fitted_anew(
    draws: np.random.Generator, cells: pd.DataFrame, expected: Floats, varied: Floats, ages: int
) -> Floats:
    seen = cells[cells["k"] > 0]
    customers = _by_age(cells)[0]
    month, age = pd.factorize(seen["month"])[0], seen["k"].to_numpy() - 1
    risk = np.minimum(expected[age] * shocks(draws, varied, int(month.max()) + 1)[:, month], 1)
    lost = draws.binomial(seen["customers_at_start"].to_numpy(), risk)
    return lifetimes.hazards_of_many(customers, lost @ np.eye(len(customers))[age], ages)


def _drawn_rates(
    draws: np.random.Generator, cells: pd.DataFrame, method: str, varied: Floats, ages: int
) -> Floats:
    back, runs = LAST_MONTHS if method == LAST_RATE else STAGE_MONTHS, len(varied)
    overall = last_rate(cells, months_back=back)
    stayed = overall.denominator - overall.numerator
    drawn = draws.beta(overall.numerator + 0.5, stayed + 0.5, runs)[:, None]
    if method == BY_TENURE:
        stages = rates_by_tenure(cells)
        lost, base = stages["lost"].to_numpy(), stages["customers_at_start"].to_numpy()
        drawn = draws.beta(lost + LEANING * drawn, base - lost + LEANING * (1 - drawn))
    shared = shocks(draws, varied, back).mean(axis=1)
    by_age = _spread_out(np.broadcast_to(drawn, (runs, len(STAGES))), ages)
    return np.minimum(by_age * shared[:, None], 1)

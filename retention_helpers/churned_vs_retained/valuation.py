"""What a driver would be worth if it were a cause: the risk if everybody were on its better side.

An association put into numbers, no promise: the customers on the better side may differ in what nobody wrote
down. So an experiment is proposed with it.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from retention_helpers.business import Business
from retention_helpers.churned_vs_retained.adjusted import Setting, leading, setting_of
from retention_helpers.churned_vs_retained.landmark import AT_SIGN_UP, Comparison, Driver, kept_newcomers
from retention_helpers.churned_vs_retained.models import ENOUGH_LOST, PENALTY
from retention_helpers.churned_vs_retained.univariate import is_on_level
from retention_helpers.shown.units import COUNT, NUMBER, POINTS, SHARE, TEXT, columns, names_of
from retention_helpers.statistics.intervals import LEVEL, rate
from retention_helpers.words import calendar

POWER = 0.8
LATEST_MONTHS = 6
MOST_STEPS = 30
SLICE = 8_192  # rows, which stay beside the processor while they are worked on
Z = float(special.ndtri(0.5 + LEVEL / 2))

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]


class Standardised(NamedTuple):
    """The risk as it is, as it would be on the one side of a driver and on the other, and what each row adds.

    The last three hold what each row adds to the error of the three risks.
    """

    observed: float
    on_worse: float
    on_better: float
    observed_parts: Floats
    worse_parts: Floats
    better_parts: Floats


def standardised(
    lost: Booleans, is_worse: Booleans, covariates: Floats, penalty: float = 0.0
) -> Standardised:
    """The risk of everybody if all were on one side of a driver, from a logistic model with its covariates.

    The parts are those of the model's estimating equations, so that their sum of squares is the variance.
    Sources: Robins 1986 (standardisation); Stefanski and Boos 2002 (the variance).
    """
    y = lost.astype(float)
    design = np.column_stack([np.ones(len(y)), is_worse.astype(float), covariates])
    held_back = np.concatenate([[0.0, 0.0], np.full(covariates.shape[1], penalty)])
    beta, inverse = _logistic(design, y, held_back)
    line = design @ beta
    residual = y - special.expit(line)
    sides = []
    for side in (1.0, 0.0):
        risk = special.expit(line + (side - design[:, 1]) * beta[1])
        variance = risk * (1 - risk)
        slope = variance @ design / len(y)
        slope[1] = side * variance.mean()
        moved = residual * (design @ (inverse @ slope))
        sides.append((float(risk.mean()), (risk - risk.mean()) / len(y) + moved))
    (worse, worse_parts), (better, better_parts) = sides
    return Standardised(float(y.mean()), worse, better, (y - y.mean()) / len(y), worse_parts, better_parts)


def _logistic(design: Floats, y: Floats, held_back: Floats) -> tuple[Floats, Floats]:
    """The coefficients by Newton's method, and the inverse of the information."""
    beta = np.zeros(design.shape[1])
    inverse = np.eye(len(beta))
    for _ in range(MOST_STEPS):
        risk = special.expit(design @ beta)
        variance = risk * (1 - risk)
        information = np.asarray(np.diag(held_back), dtype=float)
        for low in range(0, len(y), SLICE):  # else the whole design once more
            rows = design[low : low + SLICE]
            information += rows.T @ (rows * variance[low : low + SLICE, None])
        inverse = np.linalg.pinv(information, hermitian=True)
        step = inverse @ (design.T @ (y - risk) - held_back * beta)
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return beta, inverse


@columns(
    name=TEXT, label=TEXT, worse=TEXT, better=TEXT, customers=COUNT, lost=COUNT, risk=SHARE.interval,
    risk_if=SHARE.interval, fewer=POINTS.interval, worse_customers=COUNT, worse_lost=COUNT, evalue=NUMBER,
)  # fmt: skip
def worth(comparison: Comparison, together: pd.DataFrame) -> pd.DataFrame:
    """One row per confirmed driver of the first week or later: the risk if everybody were on its better side.

    Among the customers whose horizon is over, standardised over the drivers of its own and earlier tiers. An
    association, no effect. `evalue`: how many times as likely something unknown would have to make both the
    worse side and leaving to explain away the weakest association that the interval allows.

    Takes the table of `compare_together`; of drivers that move together one is given. `worse` and `better`
    are the two sides, `fewer` is risk less risk_if, the largest first. A driver whose better side is a harm
    (a negative ticket, a failed payment) is in no row.
    Source of `evalue`: VanderWeele and Ding 2017.

    Glossary: what it would be worth.
    """
    setting = setting_of(comparison, together)
    by_name = {driver.name: driver for driver in comparison.drivers}
    found = [
        _worth(comparison, setting, by_name[row.name], row)
        for row in leading(together).itertuples(index=False)
        if by_name[row.name].tier > AT_SIGN_UP and row.kind != "category"
    ]
    frame = wanted(pd.DataFrame(found, columns=names_of(worth)))
    return frame.sort_values(["fewer", "name"], ascending=[False, True], ignore_index=True)


def wanted(valued: pd.DataFrame) -> pd.DataFrame:
    """The rows whose better side somebody could want for a customer.

    Who writes at all, be it in anger, often stays longer; nobody would bring that about.
    """
    return valued[~(valued["name"].isin(HARMS) & (valued["better"] == "yes"))]


def _worth(comparison: Comparison, setting: Setting, driver: Driver, row: Any) -> tuple[Any, ...]:
    known = (comparison.rows["settled"] & comparison.rows[driver.name].notna()).to_numpy(dtype=bool)
    rows = comparison.rows[known]
    lost = rows["lost"].to_numpy(dtype=bool)
    is_worse = is_on_level(driver, row, rows[driver.name], comparison.min_customers)
    covariates = setting.models.covariates(setting.beside(driver), known)
    few = int(lost.sum()) < ENOUGH_LOST * (covariates.shape[1] + 1)
    found = standardised(lost, is_worse, covariates, PENALTY if few else 0.0)
    observed = rate(int(lost.sum()), len(lost))
    told = valued(found) if (lost & ~is_worse).any() else _nobody_lost(is_worse, lost)
    sides = (driver.name, driver.label, row.level, row.rest)
    on_worse = int(is_worse.sum()), int((is_worse & lost).sum())
    of_all = len(lost), int(lost.sum()), observed.value, observed.low, observed.high
    return *sides, *of_all, *told[:-1], *on_worse, told[-1]


def valued(found: Standardised) -> tuple[float, ...]:
    """The risk on the better side and how many fewer, with their intervals, and the E-value."""
    ratio = np.log(found.on_worse / found.on_better)
    error = _error(found.worse_parts / found.on_worse - found.better_parts / found.on_better)
    return (
        *_share(found.on_better, _error(found.better_parts)),
        *_difference(found.observed - found.on_better, _error(found.observed_parts - found.better_parts)),
        evalue(float(np.exp(max(ratio - Z * error, 0.0)))),
    )


def _nobody_lost(is_worse: Booleans, lost: Booleans) -> tuple[float, ...]:
    """Nobody on the better side left, so that a model has no end there: Wilson's interval of none of them.

    The interval of the difference puts both together as Newcombe does.
    """
    worse_customers, worse_lost = int(is_worse.sum()), int((is_worse & lost).sum())
    observed, better = rate(worse_lost, len(lost)), rate(0, len(lost) - worse_customers)
    worse = rate(worse_lost, worse_customers)
    below, above = np.hypot(observed.value - observed.low, better.high), observed.high - observed.value
    fewer = observed.value, observed.value - float(below), observed.value + above
    return 0.0, better.low, better.high, *fewer, evalue(max(worse.low / better.high, 1.0))


def _error(parts: Floats) -> float:
    return float(np.sqrt((parts**2).sum()))


def _difference(value: float, error: float) -> tuple[float, float, float]:
    return value, value - Z * error, value + Z * error


def _share(value: float, error: float) -> tuple[float, float, float]:
    """A share with its interval on the logit scale."""
    half = Z * error / (value * (1 - value))
    low, high = special.expit(special.logit(value) + np.array([-half, half]))
    return value, float(low), float(high)


def evalue(ratio: float) -> float:
    """How strongly something unknown must go with both sides of a risk ratio of at least 1 to explain it.

    >>> round(evalue(3.9), 2)
    7.26
    """
    return ratio + float(np.sqrt(ratio * (ratio - 1)))


def newcomers_a_month(business: Business) -> float:
    """How many signed up in a month, over the last six or as many as there are.

    Glossary: proposed experiment.
    """
    people = kept_newcomers(business)
    first = calendar.months_after(business.report_month, -(LATEST_MONTHS - 1))
    lately = people.filter(people.signed_up_on >= first)
    begun = people.signed_up_on.min().execute()
    if pd.isna(begun):
        return 0.0
    there = calendar.months_between(pd.Timestamp(begun).date(), business.report_month) + 1
    return int(lately.count().execute()) / min(there, LATEST_MONTHS)


class Proposal(NamedTuple):
    """An experiment for the driver that is worth most, and how long it would take.

    `per_arm` and `months` are the best case: everybody brought to the better side, the whole association an
    effect. `step_per_arm` and `step_months` are for the step before: raising the share on the better side
    from `step_from` to `step_to`. The months count the sign-ups, not the wait for the outcome.
    """

    name: str
    label: str
    better: str
    risk: float
    risk_if: float
    newcomers_a_month: float
    per_arm: int
    months: float
    step_from: float
    step_to: float
    step_per_arm: int
    step_months: float


HARMS = ("negative_ticket", "failed_payment")
STEP = 0.15  # of all customers, brought to the better side
TOP = 0.98


def proposed_experiment(valued: pd.DataFrame, newcomers_a_month: float) -> Proposal | None:
    """An experiment for the first row of `worth`; None where nothing is confirmed or nobody signs up.

    Glossary: proposed experiment.
    """
    if valued.empty or not newcomers_a_month:
        return None
    first = valued.iloc[0]
    per_arm = needed_per_arm(first["risk"], first["risk_if"])
    step_from = 1 - first["worse_customers"] / first["customers"]
    step_to = min(step_from + STEP, TOP)
    step_per_arm = needed_per_arm(step_from, step_to)
    return Proposal(
        first["name"], first["label"], first["better"], first["risk"], first["risk_if"], newcomers_a_month,
        per_arm, 2 * per_arm / newcomers_a_month,
        step_from, step_to, step_per_arm, 2 * step_per_arm / newcomers_a_month,
    )  # fmt: skip


def needed_per_arm(one: float, other: float) -> int:
    """Customers an arm to see two shares differ, with 80 % power at 5 %, by the arcsine rule.

    Source: Cohen 1988, Statistical Power Analysis, section 6.4.

    >>> needed_per_arm(0.8, 0.9)
    195
    """
    apart = 2 * abs(np.arcsin(np.sqrt(one)) - np.arcsin(np.sqrt(other)))
    return int(np.ceil(2 * ((Z + special.ndtri(POWER)) / apart) ** 2)) if apart else 0

"""How long they stay: the statistics of survival, on whole days.

Time is counted in whole days (or any other whole steps) from a customer's day 0, and a day is looked at
at its end, as everywhere here: who is lost on day t is no customer at the end of day t. Every function
takes a value a customer: `days`, the day of the loss or the last day on which a loss would have been seen;
`lost`, whether it was a loss; and `entry`, the first day on which a loss would have been seen (left out:
day 0).

At risk on day t are those with entry ≤ t ≤ days. So a loss on the very day of entry counts, and so does
one on day 0, because such a customer would be in the data; a customer who was last seen on day t is still
at risk on it. R's `Surv(start, stop)` leaves its start out, so it gives the same numbers for
`Surv(entry - 0.5, days, lost)`.

The follow-up of a curve ends where nobody is at risk any more, also where later entries would open it
again: nothing says how many were lost in between. It ends, too, before a day on which all of the few at risk
are lost although others are seen later: a curve that is at 0 would contradict them. After that there is no
number.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from retention_helpers.statistics.intervals import LEVEL, wilson

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

Z = float(special.ndtri(0.5 + LEVEL / 2))
WIDEST = 700.0  # of a band on the log-log scale: from there on its ends are 0 and 1, and exp has an end, too


class Survival(NamedTuple):
    """The share still there at the end of a day, its interval, and how many were at risk on that day."""

    value: float
    low: float
    high: float
    at_risk: int


class Median(NamedTuple):
    """The day by whose end half are lost, and its interval; NaN where that is not reached."""

    value: float
    low: float
    high: float


class RestrictedMean(NamedTuple):
    """The mean number of days as a customer up to a horizon, its interval, and its variance."""

    value: float
    low: float
    high: float
    variance: float


class Collected(NamedTuple):
    """The mean amount that a customer brings in up to a horizon, its interval, and its standard error."""

    value: float
    low: float
    high: float
    deviation: float


class LogRank(NamedTuple):
    """The log-rank test of "all groups are lost alike"."""

    chi2: float
    dof: int
    p: float


def _whole_days(values: npt.ArrayLike) -> Integers:
    given = np.asarray(values)
    if given.size and (not np.issubdtype(given.dtype, np.number) or not (given == np.floor(given)).all()):
        raise ValueError("Days are whole numbers without gaps: set apart rows that have none.")
    whole = given.astype(np.int64)
    if (whole < 0).any():
        raise ValueError("A day before day 0: set apart rows whose end lies before their first day.")
    return whole


def _checked(days: npt.ArrayLike, entry: npt.ArrayLike | None) -> tuple[Integers, Integers]:
    last = _whole_days(days)
    first = np.zeros_like(last) if entry is None else _whole_days(entry)
    if last.shape != first.shape:
        raise ValueError(f"{last.size} days, but {first.size} entries.")
    if (first > last).any():
        raise ValueError("An entry after the last day: set apart rows that ended before they came in sight.")
    return last, first


def _at_risk(last: Integers, first: Integers, groups: Integers, shape: tuple[int, int]) -> Integers:
    """How many of each group are at risk on each day: entered by then, and not ended before."""
    entered, ended = _counted(first, groups, shape), _counted(last, groups, shape)
    return entered.cumsum(axis=1) - (ended.cumsum(axis=1) - ended)


def _counted(days: Integers, groups: Integers, shape: tuple[int, int]) -> Integers:
    return np.bincount(groups * shape[1] + days, minlength=shape[0] * shape[1]).reshape(shape)


def _table(
    days: npt.ArrayLike, entry: npt.ArrayLike | None, risk_group: Integers, loss_group: Integers
) -> tuple[Integers, Integers]:
    """At risk and lost, a row a group and a column a day.

    A `loss_group` of -1 is no loss.
    """
    last, first = _checked(days, entry)
    if last.shape != loss_group.shape or last.shape != risk_group.shape:
        raise ValueError(f"{last.size} days, but {loss_group.size} ends and {risk_group.size} groups.")
    length = int(last.max()) + 1 if last.size else 0
    groups = [int(codes.max()) + 1 if codes.size else 1 for codes in (risk_group, loss_group)]
    at_risk = _at_risk(last, first, risk_group, (groups[0], length))
    is_loss = loss_group >= 0
    return at_risk, _counted(last[is_loss], loss_group[is_loss], (max(groups[1], 1), length))


def _followed(at_risk: Integers, gone: Integers) -> int:
    """How many days from day 0 a curve can be followed."""
    is_open = (at_risk > 0) & (at_risk > gone)
    stops = np.flatnonzero(~is_open)
    if not stops.size:
        return len(at_risk)
    first = int(stops[0])
    is_the_end = at_risk[first] > 0 and not at_risk[first + 1 :].any()
    return first + 1 if is_the_end else first


def _alone(size: int) -> Integers:
    return np.zeros(size, dtype=np.int64)


def _band(share: Floats, deviation: Floats) -> tuple[Floats, Floats]:
    """The log-log band of shares strictly between 0 and 1, NaN elsewhere.

    Source: Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, section 1.4.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.where((share > 0) & (share < 1), share, np.nan)
        width = Z * deviation / (inside * np.log(inside))
        width = np.clip(width, -WIDEST, WIDEST)
        return inside ** np.exp(-width), inside ** np.exp(width)


def kaplan_meier(
    days: npt.ArrayLike, lost: npt.ArrayLike, entry: npt.ArrayLike | None = None
) -> pd.DataFrame:
    """One row per day from day 0 to the end of the follow-up: the share still there at its end.

    The interval is the log-log band (95 %). Where nobody is lost yet that band has no width, which so few
    customers do not justify: Wilson's lower end for those at risk stands there. Where everybody is lost, the
    upper end is that of the day before, or Wilson's where it is lower.

    Columns: day, at_risk, lost, survival, low, high. No row where nobody is at risk on day 0.
    Source: Kaplan and Meier 1958; Greenwood's variance.

    >>> kaplan_meier([1, 2, 2, 3], [True, True, False, False])[["day", "at_risk", "survival"]].values.tolist()
    [[0.0, 4.0, 1.0], [1.0, 4.0, 0.75], [2.0, 3.0, 0.5], [3.0, 1.0, 0.5]]

    Glossary: survival curve.
    """
    is_lost = np.asarray(lost, dtype=bool)
    at_risk, ends = (
        found[0] for found in _table(days, entry, _alone(is_lost.size), np.where(is_lost, 0, -1))
    )
    followed = _followed(at_risk, ends)
    at_risk, ends = at_risk[:followed], ends[:followed]
    survival = np.cumprod(1 - ends / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(ends / (at_risk * (at_risk - ends)))
        low, high = _band(survival, survival * np.sqrt(greenwood))
    nobody, everybody = survival == 1, survival == 0
    low[nobody], high[nobody] = wilson(at_risk, at_risk)[0][nobody], 1.0
    low[everybody], high[everybody] = 0.0, wilson(0, at_risk)[1][everybody]
    if everybody.any():
        end = int(np.argmax(everybody))
        high[end:] = min(high[end], high[end - 1] if end else 1.0)
    return pd.DataFrame(
        {
            "day": np.arange(len(survival)),
            "at_risk": at_risk,
            "lost": ends,
            "survival": survival,
            "low": low,
            "high": high,
        }
    )


def _goes_on_at_zero(curve: pd.DataFrame) -> bool:
    return len(curve) > 0 and curve["survival"].iloc[-1] == 0


def survival_at(curve: pd.DataFrame, day: int) -> Survival:
    """The curve at the end of one day; NaN after the end of the follow-up, unless everybody is lost.

    Glossary: survival curve.
    """
    if day < len(curve):
        row = curve.iloc[day]
        return Survival(float(row["survival"]), float(row["low"]), float(row["high"]), int(row["at_risk"]))
    if _goes_on_at_zero(curve):
        return Survival(0.0, 0.0, float(curve["high"].iloc[-1]), 0)
    return Survival(np.nan, np.nan, np.nan, 0)


def median(curve: pd.DataFrame) -> Median:
    """The first day at whose end at most half are left; its interval is where the band crosses one half.

    NaN where the curve, or an end of its band, does not come down so far.
    Source: Brookmeyer and Crowley 1982.

    Glossary: median of a curve.
    """
    crossed = [np.flatnonzero(curve[column] <= 0.5) for column in ("survival", "low", "high")]
    return Median(*(float(curve["day"].iloc[days[0]]) if days.size else np.nan for days in crossed))


def restricted_mean(curve: pd.DataFrame, upto: int) -> RestrictedMean:
    """The mean number of days as a customer among the first `upto`: the area under the curve.

    The interval is taken on the log odds of the share of the horizon: with twenty customers it covers 93
    to 95 % where the plain one covers 86 to 92 %. Where nobody is lost yet, or everybody on day 0, it is
    Wilson's for those at risk. NaN where the follow-up ends before the horizon.
    Source of the variance: Klein and Moeschberger, Survival Analysis, section 4.5.

    Glossary: restricted mean.
    """
    if upto > len(curve) and not _goes_on_at_zero(curve):
        return RestrictedMean(np.nan, np.nan, np.nan, np.nan)
    within = curve.head(upto)
    survival = within["survival"].to_numpy(dtype=float)
    at_risk, ends = within["at_risk"].to_numpy(dtype=float), within["lost"].to_numpy(dtype=float)
    ahead = np.cumsum(survival[::-1])[::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(ends < at_risk, ahead**2 * ends / (at_risk * (at_risk - ends)), 0.0)
    value, variance = float(survival.sum()), float(terms.sum())
    share = value / upto
    if share == 1:
        return RestrictedMean(value, upto * float(wilson(at_risk[-1], at_risk[-1])[0]), value, variance)
    if share == 0:
        return RestrictedMean(value, value, upto * float(wilson(0, at_risk[0])[1]), variance)
    half = Z * np.sqrt(variance) / upto / (share * (1 - share))
    low, high = special.expit(special.logit(share) + np.array([-half, half]))
    return RestrictedMean(value, float(upto * low), float(upto * high), variance)


def collected(
    days: npt.ArrayLike,
    lost: npt.ArrayLike,
    amounts: npt.NDArray[np.float64],
    on_days: npt.ArrayLike,
    entry: npt.ArrayLike | None = None,
) -> Collected:
    """The mean amount that a customer brings in on the days of `on_days` while still there at their end.

    `amounts` has a row a customer and a column a day of `on_days`. On each day survival is multiplied with
    the mean amount of those who are at risk and not lost, and the products are added: without censoring that
    is the plain mean over all customers. The interval is a t interval on the logarithm, because amounts are
    skewed; with twenty to forty customers it covers 89 to 94 %, a bootstrap (BCa) 87 to 93. Where
    nobody is lost, its lower end is lowered by Wilson's lower end for those at risk. NaN where the follow-up
    ends before the last of the days; no interval for an amount of 0 or of a single customer.

    Source: Lin, Feuer, Etzioni and Wax 1997, Biometrics 53, 419–434; the standard error is the infinitesimal
    jackknife's.

    Glossary: mean amount up to a horizon.
    """
    is_lost = np.asarray(lost, dtype=bool)
    curve = kaplan_meier(days, is_lost, entry)
    grid = _whole_days(on_days)
    if int(grid.max()) >= len(curve) and not _goes_on_at_zero(curve):
        return Collected(np.nan, np.nan, np.nan, np.nan)
    last, first = _checked(days, entry)
    survival = curve["survival"].to_numpy(dtype=float)
    value, influence = 0.0, np.zeros(len(last))
    for nth, day in enumerate(grid[grid < len(curve)]):
        if survival[day] == 0:
            break
        is_there = (first <= day) & (last >= day) & ~(is_lost & (last == day))
        paid = amounts[:, nth]
        mean = float(paid[is_there].mean())
        value += float(survival[day]) * mean
        on_the_mean = is_there * (paid - mean) / is_there.sum()
        influence += survival[day] * (on_the_mean + mean * _influence(curve, last, first, is_lost, int(day)))
    size = len(last)
    if not value or size < 2:
        return Collected(value, np.nan, np.nan, np.nan)
    deviation = float(np.sqrt((influence**2).sum() * size / (size - 1)))
    half = float(special.stdtrit(size - 1, 0.5 + LEVEL / 2)) * deviation / value
    at_risk = float(curve["at_risk"].iloc[min(int(grid.max()), len(curve) - 1)])
    unlost = float(wilson(at_risk, at_risk)[0]) if survival[: grid.max() + 1].min() == 1 else 1.0
    ends = value * np.exp([-half, half])
    return Collected(value, float(ends[0]) * unlost, float(ends[1]), deviation)


def _influence(
    curve: pd.DataFrame, last: Integers, first: Integers, is_lost: npt.NDArray, day: int
) -> Floats:
    """How far one customer more moves survival at a day, as a fraction of it."""
    at_risk, ends = (curve[column].to_numpy(dtype=float)[: day + 1] for column in ("at_risk", "lost"))
    passed = np.concatenate([[0.0], np.cumsum(ends / (at_risk * (at_risk - ends)))])
    until = np.minimum(last, day)
    at_stake = passed[until + 1] - passed[np.minimum(first, day + 1)]
    own_loss = np.where(is_lost & (last <= day), 1 / (at_risk - ends)[until], 0.0)
    return at_stake - own_loss


def log_rank(
    days: npt.ArrayLike, lost: npt.ArrayLike, group: npt.ArrayLike, entry: npt.ArrayLike | None = None
) -> LogRank:
    """Whether groups are lost alike: the log-rank test, ties by the hypergeometric variance.

    A group that is at risk on no day of a loss says nothing and takes no degree of freedom. With nobody lost,
    or one group, there is nothing to tell: chi2 0, p 1. Source: Mantel 1966; Peto and Peto 1972.

    Glossary: log-rank test.
    """
    is_lost = np.asarray(lost, dtype=bool)
    codes = pd.factorize(np.asarray(group), sort=True)[0].astype(np.int64)
    if (codes < 0).any():
        raise ValueError("A row without a group: set such rows apart, or name their group.")
    at_risk, ends = _table(days, entry, codes, np.where(is_lost, codes, -1))
    missing = len(at_risk) - len(ends)
    ends = np.pad(ends, ((0, missing), (0, 0)))
    of_loss = ends.sum(axis=0) > 0
    at_risk, ends = at_risk[:, of_loss], ends[:, of_loss]
    base, gone = at_risk.sum(axis=0), ends.sum(axis=0)
    share = at_risk / base
    expected = (share * gone).sum(axis=1)
    judged = np.flatnonzero(expected > 0)
    if len(judged) < 2:
        return LogRank(0.0, 0, 1.0)
    spread = gone * (base - gone) / np.maximum(base - 1, 1)
    share, apart = share[judged], (ends.sum(axis=1) - expected)[judged]
    variance = np.diag((share * spread).sum(axis=1)) - (share * spread) @ share.T
    # The differences add up to 0, so one group carries no information of its own.
    chi2 = float(apart @ np.linalg.pinv(variance, hermitian=True) @ apart)
    dof = len(judged) - 1
    return LogRank(chi2, dof, float(special.chdtrc(dof, chi2)))


def aalen_johansen(
    days: npt.ArrayLike, cause: npt.ArrayLike, entry: npt.ArrayLike | None = None
) -> pd.DataFrame:
    """One row per cause and day: the share that are lost to this cause by the end of the day.

    Losses to the other causes end the time at risk; they are no censoring, so the shares of all causes and
    the survival of `kaplan_meier` add up to 1. A missing cause is no loss. The interval is the log-log band
    (95 %) on the multinomial variance; where nobody is lost to the cause yet, Wilson's upper end.

    Columns: cause, day, at_risk, lost (to this cause), incidence, low, high.
    Source: Aalen and Johansen 1978.

    Glossary: competing causes.
    """
    codes, causes = pd.factorize(np.asarray(cause, dtype=object), sort=True)
    risk, lost = _table(days, entry, _alone(len(codes)), codes.astype(np.int64))
    followed = _followed(risk[0], lost.sum(axis=0))
    at_risk, lost = risk[0, :followed], lost[:, :followed]
    gone = lost.sum(axis=0)
    before = np.concatenate([[1.0], np.cumprod(1 - gone / at_risk)])[: len(at_risk)]
    parts = [
        pd.DataFrame(
            {
                "cause": name,
                "day": np.arange(len(at_risk)),
                "at_risk": at_risk,
                "lost": own,
                **_incidence(own, gone, at_risk, before),
            }
        )
        for name, own in zip(causes, lost, strict=False)
    ]
    nothing = dict.fromkeys(["at_risk", "lost", "incidence", "low", "high"], np.empty(0))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"cause": [], "day": [], **nothing})


def _incidence(own: Integers, gone: Integers, at_risk: Integers, before: Floats) -> dict[str, Floats]:
    """The cumulative incidence of one cause with its band; `before` is survival at each day's start."""
    hazard, total = own / at_risk, gone / at_risk
    incidence = np.minimum(np.cumsum(before * hazard), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where everybody at risk is lost, nothing is left that could depend on it.
        odds = np.where(gone < at_risk, total / (1 - total), 0.0) / at_risk
    moved = before * hazard / at_risk
    variance = (
        np.cumsum(before * moved * (1 - hazard))
        - 2 * (incidence * np.cumsum(moved) - np.cumsum(moved * incidence))
        + incidence**2 * np.cumsum(odds)
        - 2 * incidence * np.cumsum(odds * incidence)
        + np.cumsum(odds * incidence**2)
    )
    low, high = _band(incidence, np.sqrt(np.maximum(variance, 0.0)))
    nobody, everybody = incidence == 0, incidence > 1 - 1e-12
    low[nobody], high[nobody] = 0.0, wilson(0, at_risk)[1][nobody]
    if everybody.any():
        end = int(np.argmax(everybody))
        own_low = float(wilson(at_risk[end], at_risk[end])[0])
        low[end:], high[end:] = max(own_low, low[end - 1] if end else 0.0), 1.0
    return {"incidence": incidence, "low": low, "high": high}

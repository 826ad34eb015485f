"""Segments that leave more than others: rates as counted, and shrunk by as much as chance spreads them."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from retention_helpers.churned_vs_retained.known import SIGNED_UP_IN
from retention_helpers.churned_vs_retained.landmark import AT_SIGN_UP, Comparison, Driver
from retention_helpers.shown.units import COUNT, SHARE, TEXT, columns, columns_of, names_of
from retention_helpers.statistics.intervals import LEVEL, against_the_rest, wilson, with_rate
from retention_helpers.words import formats

Floats = npt.NDArray[np.float64]

_SHRUNK = ("shrunk_risk", "shrunk_risk_low", "shrunk_risk_high")
_NO_SEGMENT = pd.DataFrame({"by": pd.Series(dtype=object), "segment": pd.Series(dtype=object),
                            "customers": pd.Series(dtype="int64"), "lost": pd.Series(dtype="int64"),
                            **{name: pd.Series(dtype="float64") for name in _SHRUNK}})  # fmt: skip
SPREADS = np.linspace(0, 1, 32)[1:-1]  # that segments may have, as shares of the largest there can be
MEANS = np.linspace(-4, 4, 33)  # of the whole, in standard errors of its log odds
NEGLIGIBLE = 1e-3  # a pair of mean and spread that explains the counts so much worse than the best
HALVINGS = 24  # until an end is known to a ten-millionth


def shrunk(lost: npt.ArrayLike, customers: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Each segment's risk, drawn towards that of the whole, with its 95 % interval.

    Neither the risk of the whole nor how far the segments lie apart is known: every pair of them is weighed
    by how well it explains the counts (beta-binomial, flat priors). So the interval also holds what a plain
    empirical Bayes estimate leaves out: with six segments of 20 to 170 customers that holds 85 to 87 % in the
    mean of nine settings, this one 95 to 97. A segment alone, and all where nobody or everybody left, have
    the risk of the whole.
    Source: Gelman and others, Bayesian Data Analysis (3rd ed.), section 5.3.
    """
    x, n = np.asarray(lost, dtype=float), np.asarray(customers, dtype=float)
    if len(x) < 2 or not 0 < x.sum() < n.sum():
        low, high = wilson(x.sum(), n.sum())
        return tuple(np.full(len(x), end) for end in (x.sum() / n.sum(), low, high))  # type: ignore[return-value]
    weights, a, b = _believed(x, n)
    half = (1 - LEVEL) / 2
    ends = [_quantile(share, weights, a, b) for share in (half, 1 - half)]
    return weights @ (a / (a + b)), *ends  # type: ignore[return-value]


def _believed(x: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """How much each pair of mean and spread is believed, and each segment's beta distribution if it is so."""
    stays = n.sum() - x.sum()
    error = np.sqrt(1 / (x.sum() + 0.5) + 1 / (stays + 0.5) + 1 / len(x))
    mean = special.expit(np.log((x.sum() + 0.5) / (stays + 0.5)) + error * MEANS)
    mean, spread = (part.ravel()[:, None] for part in np.meshgrid(mean, SPREADS))
    prior_a, prior_b = mean * (spread**-2 - 1), (1 - mean) * (spread**-2 - 1)
    height = special.betaln(prior_a + x, prior_b + n - x) - special.betaln(prior_a, prior_b)
    believed = height.sum(axis=1) + np.log(mean * (1 - mean))[:, 0]  # flat in the mean, not in its log odds
    weight = np.exp(believed - believed.max())
    kept = weight > NEGLIGIBLE
    return weight[kept] / weight[kept].sum(), prior_a[kept] + x, prior_b[kept] + n - x


def _quantile(share: float, weights: Floats, a: Floats, b: Floats) -> Floats:
    """The quantile of each segment's mixture of beta distributions, by halving."""
    low, high = np.zeros(a.shape[1]), np.ones(a.shape[1])
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_below = weights @ special.betainc(a, b, middle) < share
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return (low + high) / 2


_OWN_NAME = replace(TEXT, write=formats.words)  # the owner's, whatever the word means to us


@columns(
    by=_OWN_NAME, segment=TEXT, customers=COUNT, lost=COUNT, risk=SHARE.interval, shrunk_risk=SHARE.interval,
    verdict=TEXT,
)  # fmt: skip
def segments(comparison: Comparison) -> pd.DataFrame:
    """One row per segment: its risk of leaving within the horizon, as counted and shrunk.

    Segments are the levels of each attribute and of the first purchase; the time of sign-up is none, because
    nobody can act on it. Those below `min_customers` are *too few* and take no part in the shrinking. A
    segment is *above* or *below the rest* of its kind only after Holm's correction over all of them.

    The highest shrunk risk first; those that are too few have none, and come last.

    Glossary: shrunk risk.
    """
    settled = comparison.settled
    drivers = [
        driver
        for driver in comparison.drivers
        if driver.kind == "category" and driver.tier == AT_SIGN_UP and driver.name != SIGNED_UP_IN
    ]
    families = [_counted(settled, one) for one in drivers]
    parts = [_with_shrunk(family, comparison.min_customers) for family in families]
    frame = pd.concat([_NO_SEGMENT, *parts], ignore_index=True)
    frame = with_rate(frame, "risk", "lost", "customers")
    lost, customers, kinds = (list(frame[name]) for name in ("lost", "customers", "by"))
    verdicts = against_the_rest(lost, customers, kinds=kinds, min_customers=comparison.min_customers)
    return (
        frame.assign(verdict=verdicts)[names_of(columns_of(segments))]
        .sort_values(["shrunk_risk", "customers"], ascending=False, na_position="last", kind="stable")
        .reset_index(drop=True)
    )


def _counted(settled: pd.DataFrame, driver: Driver) -> pd.DataFrame:
    counted = settled.groupby(driver.name)["lost"].agg(["size", "sum"])
    return pd.DataFrame(
        {
            "by": driver.label,
            "segment": counted.index.astype(str),
            "customers": counted["size"].to_numpy(dtype="int64"),
            "lost": counted["sum"].to_numpy(dtype="int64"),
        }
    )


def _with_shrunk(family: pd.DataFrame, min_customers: int) -> pd.DataFrame:
    enough = (family["customers"] >= min_customers).to_numpy()
    columns = {name: np.full(len(family), np.nan) for name in _SHRUNK}
    if enough.any():
        found = shrunk(family.loc[enough, "lost"], family.loc[enough, "customers"])
        for name, values in zip(_SHRUNK, found, strict=True):
            columns[name][enough] = values
    return family.assign(**columns)

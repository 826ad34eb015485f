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
PRECISIONS = np.geomspace(1, 1e5, 401)  # of the prior, in customers


def prior_precision(lost: npt.ArrayLike, customers: npt.ArrayLike) -> float:
    """How many customers the risk of the whole is worth beside a segment's own.

    Infinite where chance alone explains the spread of the segments. By maximum likelihood of the
    beta-binomial distribution around the risk of the whole.
    Source: Griffiths 1973, Biometrics 29, 637–648.
    """
    x, n = np.asarray(lost, dtype=float), np.asarray(customers, dtype=float)
    mean = x.sum() / n.sum() if n.sum() else np.nan
    if not 0 < mean < 1 or len(x) < 2:
        return np.inf
    a, b = mean * PRECISIONS[:, None], (1 - mean) * PRECISIONS[:, None]
    height = (special.betaln(a + x, b + n - x) - special.betaln(a, b)).sum(axis=1)
    binomial = float((special.xlogy(x, mean) + special.xlog1py(n - x, -mean)).sum())
    best = int(np.argmax(height))
    return float(PRECISIONS[best]) if height[best] > binomial + 1e-6 else np.inf


def shrunk(lost: npt.ArrayLike, customers: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Each segment's risk, drawn towards that of the whole, with its 95 % interval (empirical Bayes).

    Where chance alone explains the spread, all have the risk of the whole, with its own interval.
    """
    x, n = np.asarray(lost, dtype=float), np.asarray(customers, dtype=float)
    precision = prior_precision(x, n)
    if np.isinf(precision):
        low, high = wilson(x.sum(), n.sum())
        return tuple(np.full(len(x), end) for end in (x.sum() / n.sum(), low, high))  # type: ignore[return-value]
    mean = x.sum() / n.sum()
    a, b = mean * precision + x, (1 - mean) * precision + n - x
    half = (1 - LEVEL) / 2
    return a / (a + b), special.betaincinv(a, b, half), special.betaincinv(a, b, 1 - half)


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

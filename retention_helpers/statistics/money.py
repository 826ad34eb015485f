"""What became of an amount: gross and net retention of MRR, with intervals that few customers deserve.

Customers weigh by what they pay, so that a few large ones can move the share. Nobody, or one, of fifty
customers changes what is paid in many a month: a bootstrap then sees no chance at all, while these
intervals keep their promise (the simulation is in `tests/bench_statistics/revenue_retention.py`).
"""

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import special

from retention_helpers.statistics.intervals import LEVEL, Floats, wilson

Z = float(special.ndtri(0.5 + LEVEL / 2))
FIRST_GROWTH = 0.5  # where nobody pays more, the first who will is taken to pay half as much again
WIDE = "decimal(38, 6)"  # the engine multiplies within the width that it is given
SQUARE = "decimal(38, 9)"  # nine decimals, so that a sum of squares of the largest amounts has room
SUMS = ("base", "base_squared", "kept", "kept_squared", "kept_by_base", "grown", "grown_squared",
        "grown_by_base")  # fmt: skip

SHARES = tuple(
    f"{share}_revenue_retention{end}" for share in ("gross", "net") for end in ("", "_low", "_high")
)


def sums(base: ir.DecimalColumn, now: ir.DecimalColumn) -> dict[str, ir.DecimalScalar]:
    """What an interval needs of customers who paid `base` and pay `now`, as exact sums.

    `kept` is what each still pays of the base, `grown` what each pays beyond it.
    """
    base, now = base.cast(WIDE), now.cast(WIDE)
    kept = (now < base).ifelse(now, base)
    grown = now - kept
    products = {
        "base_squared": base * base,
        "kept_squared": kept * kept,
        "kept_by_base": kept * base,
        "grown_squared": grown * grown,
        "grown_by_base": grown * base,
    }
    amounts = {"base": base.sum(), "kept": kept.sum(), "grown": grown.sum()}
    return {**amounts, **{name: product.cast(SQUARE).sum() for name, product in products.items()}}


def _shares(frame: pd.DataFrame, name: str) -> Floats:
    """An amount over the base, divided exactly; NaN over nothing."""
    pairs = zip(frame[name], frame["base"], strict=True)
    return np.array([float(part / base) if base else np.nan for part, base in pairs], dtype=float)


def _spread(frame: pd.DataFrame, name: str, share: Floats) -> Floats:
    """The variance of an amount's share of the base, from how unequally the customers make it up."""
    squared, crossed, base_squared = (
        frame[column].astype(float).to_numpy()
        for column in (f"{name}_squared", f"{name}_by_base", "base_squared")
    )
    whole = squared - 2 * share * crossed + share**2 * base_squared
    return np.maximum(whole, 0) / frame["base"].astype(float).to_numpy() ** 2


def with_retention(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with gross and net revenue retention in place of the columns of `sums`.

    Gross: Wilson's interval at the effective number of customers, which is what equal customers would
    be as uncertain as these (Kish), or fewer where the spread of what they kept says so. Net: gross and
    the growth beyond it, each with its own interval, put together (MOVER); for growth, a score interval
    whose variance is in proportion to the mean. Sources: Kish 1965; Dean and Pagano 2015 for Wilson's
    interval with weights; Zou and Donner 2008.

    Columns added: gross_revenue_retention and net_revenue_retention, both with _low and _high (95 %); NaN
    where nothing was paid.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        gross, growth = _shares(frame, "kept"), _shares(frame, "grown")
        spread = _spread(frame, "kept", gross)
        alone = frame["base_squared"].astype(float).to_numpy() / frame["base"].astype(float).to_numpy() ** 2
        measured = np.where(spread > 0, gross * (1 - gross) / spread, np.inf)
        effective = np.minimum(measured, 1 / alone)
        low, high = wilson(gross * effective, effective)
        scale = np.where(growth > 0, _spread(frame, "grown", growth) / growth, FIRST_GROWTH * alone)
        half = Z * np.sqrt(growth * scale + (Z * scale / 2) ** 2)
        less, more = half - Z**2 * scale / 2, half + Z**2 * scale / 2
        net = gross + growth
        parts = {
            "gross_revenue_retention": gross,
            "gross_revenue_retention_low": low,
            "gross_revenue_retention_high": high,
            "net_revenue_retention": net,
            "net_revenue_retention_low": np.maximum(net - np.hypot(gross - low, less), 0),
            "net_revenue_retention_high": net + np.hypot(high - gross, more),
        }
    return frame.drop(columns=list(SUMS)).assign(**parts)


def without_retention(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame of `with_retention` where past prices or pauses are not known: no share, no interval."""
    return frame.assign(**dict.fromkeys(SHARES, np.nan))

"""Columns that cannot be compared, with the reason: what leaks the outcome, and what says nothing."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.churned_vs_retained.known import prices_not_known
from retention_helpers.churned_vs_retained.landmark import AT_SIGN_UP, Comparison, Driver
from retention_helpers.contract.attributes import goes_on_changing
from retention_helpers.shown.units import TEXT, columns

COLUMNS = ("column", "why")
PERFECT = 0.98  # an area under the curve beyond it is no difference between people, but the outcome itself
GROWS_WITH_TIME = 0.6  # rank correlation with the time until they left
FEWEST = 10  # on either side, to call anything near perfect
FILLED_IN_LATER = "it tells almost without fail who left: it was filled in afterwards"
OWN_VALUE = 0.5  # share of customers with a value of their own


def leaks(business: Business) -> pd.DataFrame:
    """One row per attribute that the gate found to leak, unless the owner vouched for it: column, why.

    And per price of then, where the source knows the price of today alone.
    """
    leaking = [name for name in business.attributes.leaking if name not in business.settings.attributes]
    changing = (
        "it goes on changing, so it knows who left; if it is as it was at sign-up, name it in `attributes`"
    )
    found = [(name, changing if goes_on_changing(name) else FILLED_IN_LATER) for name in leaking]
    found += [(name, "the source knows the price of today alone") for name in prices_not_known(business)]
    return pd.DataFrame(found, columns=list(COLUMNS))


@columns(column=TEXT, why=TEXT)
def not_compared(comparison: Comparison) -> pd.DataFrame:
    """One row per column that is set apart, with the reason.

    Glossary: set apart.
    """
    return comparison.set_apart


def sorted_out(
    rows: pd.DataFrame, drivers: Sequence[Driver], *, vouched: Sequence[str] = ()
) -> tuple[list[Driver], pd.DataFrame]:
    """The drivers that can be compared, and one row per other: column, why.

    What the owner vouched for, by naming it in `attributes`, is taken at the owner's word.
    """
    reasons = {driver: _why_not(rows, driver, driver.name in vouched) for driver in drivers}
    apart = [(driver.name, why) for driver, why in reasons.items() if why]
    return [driver for driver in drivers if not reasons[driver]], pd.DataFrame(apart, columns=list(COLUMNS))


def _why_not(rows: pd.DataFrame, driver: Driver, is_vouched: bool) -> str:
    values = rows[driver.name]
    given = values.dropna()
    if given.nunique() < 2:
        return "the same for everybody" if len(given) else "nothing is known"
    if driver.kind == "category":
        if pd.to_datetime(given, format="ISO8601", errors="coerce").notna().all():
            return "a date is neither more nor less; bring what it says as a word or a number"
        if given.nunique() > max(OWN_VALUE * len(given), 2):
            return "nearly everybody has a value of their own"
    return "" if is_vouched else _leak(rows, driver)


def _leak(rows: pd.DataFrame, driver: Driver) -> str:
    """Why a column must have been filled after the outcome; empty where nothing says so."""
    from scipy import stats

    is_told = rows["settled"] & rows[driver.name].notna()
    lost = rows.loc[is_told, "lost"].to_numpy(dtype=bool)
    gone, stayed = int(lost.sum()), int((~lost).sum())
    if min(gone, stayed) >= FEWEST:
        ranks = stats.rankdata(_risk_score(rows.loc[is_told, driver.name], lost, driver))
        area = (ranks[lost].sum() - gone * (gone + 1) / 2) / (
            gone * stayed
        )  # Mann and Whitney's U, as a share
        if max(area, 1 - area) >= PERFECT:
            return FILLED_IN_LATER
    left = rows.loc[rows["left_day"].notna() & rows[driver.name].notna(), ["left_day", driver.name]]
    if driver.tier == AT_SIGN_UP and driver.kind == "number" and len(left) >= 2 * FEWEST:
        varies = left[driver.name].nunique() > 1 and left["left_day"].nunique() > 1
        if varies and abs(stats.spearmanr(left[driver.name], left["left_day"]).statistic) >= GROWS_WITH_TIME:
            return "it grows with the time as a customer: it was filled in afterwards"
    return ""


def _risk_score(values: pd.Series, lost: np.ndarray, driver: Driver) -> np.ndarray:
    """A number a customer that orders by risk: the value itself, or the risk of its level."""
    if driver.kind != "category":
        return values.to_numpy(dtype=float)
    return pd.Series(lost, index=values.index).groupby(values).transform("mean").to_numpy(dtype=float)

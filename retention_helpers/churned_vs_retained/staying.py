"""How the two sides of a driver stay, day by day after the landmark."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from retention_helpers.churned_vs_retained.landmark import Comparison
from retention_helpers.churned_vs_retained.univariate import is_on_level
from retention_helpers.shown.units import COUNT, P_VALUE, SHARE, TEXT, columns, names_of
from retention_helpers.statistics.curves import kaplan_meier, log_rank

_SHARE = replace(SHARE.interval, is_number=False)  # on the left, as in the other tables of the page
_of_curves = columns(
    by=TEXT("What"), side=TEXT, day=COUNT, at_risk=COUNT, lost=COUNT(is_shown=False), still_there=_SHARE,
    p_value=P_VALUE(is_shown=False),
)  # fmt: skip


@_of_curves
def still_there(comparison: Comparison, together: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """One row per driver, side and day after the landmark: the share that has neither asked nor ended.

    All customers of the landmark, also those whose horizon is not over (Kaplan–Meier). The sides are those of
    the comparison: the level described, and the rest. `p_value` is that of the log-rank test.

    Glossary: still there.
    """
    chosen = together.set_index("name", drop=False).loc[list(names)]
    parts = [_of_one(comparison, row) for row in chosen.itertuples()]
    return pd.concat([pd.DataFrame(columns=_NAMES), *parts], ignore_index=True)


@_of_curves
def at_days(curves: pd.DataFrame, *, horizon_days: int) -> pd.DataFrame:
    """The rows of `still_there` at every third of the horizon."""
    days = [horizon_days * third // 3 for third in (1, 2, 3)]
    return curves[curves["day"].isin(days)].reset_index(drop=True)


_NAMES = names_of(still_there)


def _of_one(comparison: Comparison, row: Any) -> pd.DataFrame:
    driver = next(driver for driver in comparison.drivers if driver.name == row.name)
    known = comparison.rows[comparison.rows[driver.name].notna()]
    on_level = is_on_level(driver, row, known[driver.name], comparison.min_customers)
    p_value = log_rank(known["days"], known["lost"], on_level).p
    sides = []
    for side, chosen in ((row.level, on_level), (row.rest, ~on_level)):
        curve = kaplan_meier(known.loc[chosen, "days"], known.loc[chosen, "lost"])
        named = {"survival": "still_there", "low": "still_there_low", "high": "still_there_high"}
        sides.append(curve.rename(columns=named).assign(by=driver.label, side=side, p_value=p_value))
    return pd.concat(sides, ignore_index=True)[_NAMES]

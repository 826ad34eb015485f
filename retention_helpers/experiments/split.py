"""Were the customers split as planned? If not, a difference between the arms says nothing.

The shares are tested against the plan as a whole, in every month, and for every attribute; customers who
were assigned to two arms, before they signed up, or to an arm that the plan does not name are counted.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import special

from retention_helpers.business import Business
from retention_helpers.contract.experiments import Design
from retention_helpers.experiments.outcomes import assigned, attributes
from retention_helpers.experiments.plan import Plan
from retention_helpers.experiments.units import MONTH, NAME, SPLIT, framed, hidden
from retention_helpers.shown.units import COUNT, P_VALUE, TEXT, columns
from retention_helpers.statistics.intervals import holm

SPLIT_LEVEL = 0.001  # a split that chance alone makes so seldom is no chance
TOLERATED = 0.02  # the share of customers of whom it may be open in which arm they were, or since when
FEW = 4  # so many of them spoil no experiment, however small it is: both ways of counting them are told
FEWEST = 12  # customers of a month or an attribute; fewer cannot reach the level
FEWEST_EXPECTED = 5.0  # in every arm, for the chi-square test


def shares_p(counts: Sequence[int], shares: Sequence[float]) -> float:
    """The p-value of "customers fell into the arms in the planned shares".

    Two arms: the exact binomial test. More: the chi-square test, or, where fewer than five are expected in
    an arm, the exact test of each arm, the smallest p-value times their number.

    >>> round(shares_p([60, 40], [0.5, 0.5]), 4)
    0.0569
    """
    total = int(sum(counts))
    if not total:
        return 1.0
    if len(counts) == 2:
        return _binomial_p(int(counts[0]), total, shares[0])
    expected = total * np.asarray(shares)
    if expected.min() >= FEWEST_EXPECTED:
        chi2 = float(((np.asarray(counts) - expected) ** 2 / expected).sum())
        return float(special.chdtrc(len(counts) - 1, chi2))
    each = [_binomial_p(int(count), total, share) for count, share in zip(counts, shares, strict=True)]
    return min(1.0, len(each) * min(each))


def _binomial_p(successes: int, trials: int, share: float) -> float:
    """Two-sided: the chance of every count that is as unlikely as the one seen, or more so."""
    counts = np.arange(trials + 1)
    ways = special.gammaln(trials + 1) - special.gammaln(counts + 1) - special.gammaln(trials - counts + 1)
    log_chance = ways + counts * np.log(share) + (trials - counts) * np.log1p(-share)
    return float(min(1.0, np.exp(log_chance[log_chance <= log_chance[successes] + 1e-7]).sum()))


def analysed(rows: pd.DataFrame, plans: Mapping[str, Plan]) -> pd.DataFrame:
    """The customers who count: in their experiment's period, eligible, in an arm that its plan names."""
    named = {(name, arm) for name, plan in plans.items() for arm in plan.design.arms}
    is_named = [pair in named for pair in zip(rows["experiment"], rows["arm"], strict=True)]
    return rows[rows["in_period"] & rows["is_eligible"] & np.array(is_named, dtype=bool)]


def may_count(rows: pd.DataFrame, plans: Mapping[str, Plan]) -> pd.DataFrame:
    """These, and whom unknown arms and the other reading of the day of the draw add."""
    is_planned = rows["experiment"].isin(list(plans))
    return rows[is_planned & rows["in_period"] & (rows["is_eligible"] | rows["eligible_else"])]


@columns(
    experiment=NAME, split=SPLIT, split_p=P_VALUE("p"),
    **hidden(worst_month=MONTH, month_p=P_VALUE, worst_attribute=TEXT.or_null, attribute_p=P_VALUE),
    two_arms=COUNT, before_sign_up=COUNT("Too early"), unknown_arm=COUNT,
    **hidden(outside_dates=COUNT, not_eligible=COUNT),
)  # fmt: skip
def split_checks(business: Business, plans: Mapping[str, Plan]) -> pd.DataFrame:
    """One row per randomised experiment with customers: were they split as planned?

    `split_p` is of the whole; `worst_month` and `worst_attribute` have the smallest p-values, corrected after
    Holm for all of them. Left out are customers outside its dates, and not eligible.

    `two_arms` counts who was assigned to another arm, too, by the outcome's day. Broken: a p-value below
    0.001; more than 2 % of the customers, and more than four of them, assigned to two arms, before they
    signed up, or to an arm that the plan does not name. Fewer are counted both ways.

    Glossary: split.
    """
    everybody = assigned(business)
    everybody = everybody[everybody["experiment"].isin([n for n, p in plans.items() if p.design.randomised])]
    used = analysed(everybody, plans)
    by_level = _by_level(used, attributes(business))
    sizes = used.groupby(["experiment", "arm"]).size().to_dict()
    left_out = _left_out(everybody, used)
    odd = used.assign(two_arms=used["arms"].notna()).groupby("experiment")[["two_arms", "before_sign_up"]]
    odd = odd.sum().astype(int)
    rows = []
    for name in everybody["experiment"].unique():
        design = plans[name].design
        counts = [int(sizes.get((name, arm), 0)) for arm in design.arms]
        two_arms, too_early = odd.loc[name] if name in odd.index else (0, 0)
        whole = shares_p(counts, design.shares)
        month, attribute = _worst(by_level.get(name, {}), design)
        is_broken = min(whole, month[1], attribute[1]) < SPLIT_LEVEL or max(
            two_arms, too_early, left_out.loc[name, "unknown_arm"]
        ) > max(TOLERATED * sum(counts), FEW)
        told = map(int, (two_arms, too_early, *left_out.loc[name]))
        rows.append((name, "broken" if is_broken else "ok", whole, *month, *attribute, *told))
    return framed(split_checks, rows)


def _left_out(everybody: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    """Per experiment: customers in an unknown arm, outside its dates, and not eligible."""
    inside = everybody["in_period"] & everybody["is_eligible"]
    return (
        pd.DataFrame(
            {
                "experiment": everybody["experiment"],
                "unknown_arm": inside & ~everybody.index.isin(used.index),
                "outside_dates": ~everybody["in_period"],
                "not_eligible": everybody["in_period"] & ~everybody["is_eligible"],
            }
        )
        .groupby("experiment")
        .sum()
    )


Levels = dict[tuple[str, str], dict[str, int]]  # (factor, level) → customers by arm


def _by_level(used: pd.DataFrame, known: pd.DataFrame) -> dict[str, Levels]:
    """Per experiment: how many of each month, and of each level of each attribute, are in which arm."""
    factors = {"month": used["assigned_on"].dt.strftime("%Y-%m")}
    factors |= {name: used["customer_id"].map(known[name]) for name in known.columns}
    found: dict[str, Levels] = {}
    for factor, levels in factors.items():
        counted = used.groupby(["experiment", levels.to_numpy(), "arm"]).size()
        for (experiment, level, arm), customers in counted.items():
            found.setdefault(experiment, {}).setdefault((factor, str(level)), {})[arm] = int(customers)
    return found


def _worst(levels: Levels, design: Design) -> tuple[tuple[str | None, float], tuple[str | None, float]]:
    """The month and the attribute with the smallest p-value, corrected for all of them together."""
    tested = [key for key, arms in levels.items() if sum(arms.values()) >= FEWEST]
    counts = [[levels[key].get(arm, 0) for arm in design.arms] for key in tested]
    corrected = holm([shares_p(count, design.shares) for count in counts])
    months = [(p, level) for (factor, level), p in zip(tested, corrected, strict=True) if factor == "month"]
    attributes = [
        (p, f"{factor}: {level}")
        for (factor, level), p in zip(tested, corrected, strict=True)
        if factor != "month"
    ]
    return _least(months), _least(attributes)


def _least(tested: list[tuple[float, str]]) -> tuple[str | None, float]:
    if not tested:
        return None, 1.0
    p_value, where = min(tested)
    return where, p_value

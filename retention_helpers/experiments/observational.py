"""Experiments that were not drawn at random: an association, never an effect.

The mails went to those who reached a milestone, and to those of them whom the owner chose. Who reaches a
milestone has stayed that long already, and who is chosen differs in other ways too. So everybody is looked
at from one landmark on, a fixed number of days after the milestone, if they have neither asked to cancel nor
left by then; and both groups are weighted to be alike in what came before.

Sources: overlap weights, Li, Morgan and Zaslavsky 2018, JASA 113, 390–400; the effective number of weighted
customers, Kish 1965; the E-value, VanderWeele and Ding 2017, Annals of Internal Medicine 167, 268–274.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from retention_helpers.business import Business, months
from retention_helpers.business.losses import kept_leavings
from retention_helpers.contract.experiments import Design
from retention_helpers.experiments.outcomes import (
    EACH,
    assigned,
    attributes,
    followed,
    held,
    is_told,
    units_table,
)
from retention_helpers.experiments.plan import Plan
from retention_helpers.experiments.units import ABOUT, NAME, framed, hidden
from retention_helpers.shown.units import NUMBER, POINTS, SHARE, columns, one_of
from retention_helpers.statistics.intervals import Difference, newcombe

Floats = npt.NDArray[np.float64]

DELAY = 0.9  # of those who were treated have been by the landmark
MOST_DELAY = 14  # days
USE_BEFORE = 28  # days of use before the landmark that are adjusted for
RARE_LEVEL = 5  # customers; rarer levels of an attribute go together
RIDGE = 1.0


class Association(NamedTuple):
    """What is left of a difference once both groups are alike in what came before.

    Attributes:
        rates: the weighted rate of the treated, and of the others.
        effective: how many equally weighted customers carry as much.
        difference: of the rates, with its interval.
    """

    rates: tuple[float, float]
    effective: tuple[float, float]
    difference: Difference


def overlap_weights(treated: npt.NDArray[np.bool_], before: Floats) -> Floats:
    """A weight a customer: the chance of having been in the other group, given what came before.

    So both groups become alike where they overlap. The chances come from a logistic regression with a weak
    ridge on standardised columns.
    """
    spread = before.std(axis=0)
    varying = before[:, spread > 0]
    standard = (varying - varying.mean(axis=0)) / spread[spread > 0]
    design = np.column_stack([np.ones(len(treated)), standard])
    penalty = RIDGE * np.eye(design.shape[1])
    penalty[0, 0] = 0.0
    slopes = np.zeros(design.shape[1])
    for _ in range(50):
        chance = special.expit(design @ slopes)
        gradient = design.T @ (treated - chance) - penalty @ slopes
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature + 1e-9 * np.eye(len(slopes)), gradient)
        slopes = slopes + step
        if np.abs(step).max() < 1e-8:
            break
    chance = special.expit(design @ slopes)
    return np.where(treated, 1 - chance, chance)


def adjusted(treated: npt.NDArray[np.bool_], success: npt.NDArray[np.bool_], before: Floats) -> Association:
    """The difference of the success rates, treated − others, both groups weighted to overlap.

    The interval is Newcombe's on the effective numbers. All NaN where a group is empty.
    """
    if not treated.any() or treated.all():
        return Association((math.nan,) * 2, (0.0, 0.0), Difference(math.nan, math.nan, math.nan))
    weights = overlap_weights(treated, before)
    rates, sizes = [], []
    for own in (treated, ~treated):
        weight = weights[own]
        rates.append(float(weight @ success[own] / weight.sum()))
        sizes.append(float(weight.sum() ** 2 / (weight**2).sum()))
    made = [rate * size for rate, size in zip(rates, sizes, strict=True)]
    found = newcombe(made[0], sizes[0], made[1], sizes[1])
    return Association((rates[0], rates[1]), (sizes[0], sizes[1]), found)


def e_value(ratio: float) -> float:
    """How strongly something unmeasured would have to go with both to explain a risk ratio away.

    >>> round(e_value(3.9), 2), round(e_value(0.8), 2)
    (7.26, 1.81)

    Glossary: E-value.
    """
    if math.isnan(ratio):
        return math.nan
    if ratio <= 0:
        return math.inf
    ratio = max(ratio, 1 / ratio)
    return ratio + math.sqrt(ratio * (ratio - 1))


@columns(
    experiment=NAME,
    comparison=one_of("everybody else", "reached it too", "alike before")("Compared with"),
    **hidden(treated_successes=ABOUT), treated_customers=ABOUT, treated_rate=SHARE,
    **hidden(others_successes=ABOUT), others_customers=ABOUT("Other customers"),
    others_rate=SHARE("Other rate"), association=POINTS.interval,
    **hidden(e_value=NUMBER, e_value_of_bound=NUMBER),
)  # fmt: skip
def associations(business: Business, plans: Mapping[str, Plan]) -> pd.DataFrame:
    """One row per comparison of an experiment that was not randomised, from the misleading to the adjusted.

    `everybody else`: the treated after the milestone, all others after their first day, as one would compare
    carelessly. `reached it too`: from the same landmark on, only who reached the milestone and had neither
    asked to cancel nor left. `alike before`: these, weighted to be alike in attributes, tenure, plan and use
    before the landmark; its customers are effective numbers.

    The last comparison has e_value and e_value_of_bound (1 where the interval holds 0).

    Glossary: association.
    """
    chosen = {
        name: plan
        for name, plan in plans.items()
        if not plan.design.randomised and is_told(business, plan.design.outcome)
    }
    if not chosen:
        return framed(associations, [])
    at_landmark = landmarks(business, chosen)
    rows = [
        row
        for name, plan in chosen.items()
        for row in _compared(business, plan, at_landmark[at_landmark["experiment"] == name])
    ]
    return framed(associations, rows)


def landmarks(business: Business, plans: Mapping[str, Plan]) -> pd.DataFrame:
    """One row per customer of such an experiment, at the landmark; the carelessly compared others too.

    Columns: experiment, customer_id, group (treated, others, everybody else), stays (a customer at the
    landmark who has not asked to cancel), reached (the outcome's day is over), success, and what came
    before: tenure_days, use_days, plan_held.

    Glossary: association.
    """
    found = {name: plan.design for name, plan in plans.items()}
    reachers = _with_groups(_reached(business, found), assigned(business), found)
    units = pd.concat([reachers, _everybody_else(business, reachers, found)], ignore_index=True)
    units = units[units["assigned_on"] < pd.Timestamp(business.as_of)]
    table = units_table(units, [found[name.removesuffix(ELSE)].outcome for name in units["experiment"]])
    rows = followed(business, table, found)
    for part in (_stays(business, table), _use(business, table), held(business, table)):
        rows = rows.left_join(part, EACH).drop(*(f"{name}_right" for name in EACH))
    told = rows.filter(rows.is_eligible).select(
        *EACH, "arm", "reached", "success", "tenure_days", "stays", "use_days", "plan_held"
    )
    frame = business.engine.execute(told.order_by(EACH)).rename(columns={"arm": "group"})
    is_careless = frame["group"] == "everybody else"
    frame["experiment"] = frame["experiment"].str.removesuffix(ELSE)
    return frame.assign(stays=frame["stays"].fillna(False).astype(bool) | is_careless)


def _reached(business: Business, found: Mapping[str, Design]) -> pd.DataFrame:
    """A row an experiment and customer: the day of the milestone, within the experiment's period."""
    rows = [
        (
            name,
            design.milestone.event,
            design.milestone.count,
            design.started_on,
            design.ended_on or business.as_of,
        )
        for name, design in found.items()
        if design.milestone
    ]
    types = {"experiment": "string", "event": "string", "nth": "int64", "from_on": "date", "to_on": "date"}
    if not rows:
        return pd.DataFrame({"experiment": [], "customer_id": [], "reached_on": []})
    wanted = ibis.memtable(pd.DataFrame(rows, columns=list(types)), schema=types)
    events = business.table("events")
    own = events.join(wanted, "event")
    ordered = ibis.window(group_by=EACH, order_by=own.occurred_at)
    numbered = own.mutate(place=ibis.row_number().over(ordered) + 1)
    milestones = numbered.filter(
        (numbered.place == numbered.nth) & numbered.occurred_on.between(numbered.from_on, numbered.to_on)
    )
    return business.engine.execute(milestones.select(*EACH, reached_on="occurred_on"))


def _with_groups(
    reached: pd.DataFrame, assignments: pd.DataFrame, found: Mapping[str, Design]
) -> pd.DataFrame:
    """Who was treated by the landmark: experiment, customer_id, arm (the group), assigned_on (that day)."""
    parts = []
    for name, design in found.items():
        own = assignments[(assignments["experiment"] == name) & assignments["in_period"]]
        given = own[["experiment", "customer_id", "arm", "assigned_on"]]
        if design.milestone:
            there = reached[reached["experiment"] == name].astype({"reached_on": "datetime64[s]"})
            rows = there.merge(given, on=["experiment", "customer_id"], how="left")
        else:
            rows = given.assign(reached_on=given["assigned_on"])
        is_treated = rows["arm"].isin(design.treated)
        waited = (rows["assigned_on"] - rows["reached_on"]).dt.days[is_treated]
        usual = waited[waited >= 0].quantile(DELAY) if (waited >= 0).any() else 0
        delay = pd.Timedelta(days=min(math.ceil(usual), MOST_DELAY))
        landmark = rows["reached_on"] + delay
        by_then = is_treated & (rows["assigned_on"] <= landmark)
        parts.append(
            rows.assign(arm=np.where(by_then, "treated", "others"), assigned_on=landmark)[
                ["experiment", "customer_id", "arm", "assigned_on"]
            ]
        )
    return pd.concat(parts, ignore_index=True)


ELSE = "\n(everybody else)"  # no name of an experiment ends in it


def _everybody_else(business: Business, reachers: pd.DataFrame, found: Mapping[str, Design]) -> pd.DataFrame:
    """Customers who came during the experiment and were never treated, from their first day on."""
    firsts = business.engine.execute(months.first_days(business).select("customer_id", "first_on"))
    firsts = firsts.astype({"first_on": "datetime64[s]"})
    parts = []
    for name, design in found.items():
        if not design.milestone:
            continue
        treated = reachers[(reachers["experiment"] == name) & (reachers["arm"] == "treated")]["customer_id"]
        until = pd.Timestamp(design.ended_on or business.as_of)
        came = firsts["first_on"].between(pd.Timestamp(design.started_on), until)
        own = firsts[came & ~firsts["customer_id"].isin(treated)]
        parts.append(
            pd.DataFrame(
                {
                    "experiment": name + ELSE,
                    "customer_id": own["customer_id"],
                    "arm": "everybody else",
                    "assigned_on": own["first_on"],
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else reachers.head(0)


def _stays(business: Business, units: ir.Table) -> ir.Table:
    """Whether they are customers at the landmark who have not asked to cancel."""
    left = kept_leavings(business)
    own = units.join(left, "customer_id")
    there = (own.begin_on <= own.assigned_on) & (own.left_on.isnull() | (own.left_on > own.assigned_on))
    return own.group_by(EACH).aggregate(stays=there.any())


def _use(business: Business, units: ir.Table) -> ir.Table:
    """Days with activity before the landmark."""
    days = months.kept_customer_days(business)
    from_on = (units.assigned_on - ibis.interval(days=USE_BEFORE)).cast("date")
    own = units.mutate(from_on=from_on).join(days, "customer_id")
    within = own.filter((own.activity > 0) & (own.day >= own.from_on) & (own.day < own.assigned_on))
    return within.group_by(EACH).aggregate(use_days=within.count())


def _compared(business: Business, plan: Plan, rows: pd.DataFrame) -> list[tuple]:
    matured = rows[rows["reached"]]
    stayed = matured[matured["stays"]]
    treated = stayed[stayed["group"] == "treated"]
    others = stayed[stayed["group"] == "others"]
    careless = matured[matured["group"] == "everybody else"]
    found = []
    if plan.design.milestone:
        found.append((plan.name, "everybody else", *_crude(matured[matured["group"] == "treated"], careless)))
    found.append((plan.name, "reached it too", *_crude(treated, others)))
    both = pd.concat([treated, others], ignore_index=True)
    before = _before(business, both)
    result = adjusted((both["group"] == "treated").to_numpy(), both["success"].to_numpy(dtype=bool), before)
    counts = [round(size) for size in result.effective]
    alike = (math.nan, counts[0], result.rates[0], math.nan, counts[1], result.rates[1], *result.difference)
    found.append((plan.name, "alike before", *alike, *_e_values(result)))
    return found


def _e_values(found: Association) -> tuple[float, float]:
    """Of the association, and of the end of its interval that is nearer to none; on the rarer outcome."""
    treated, others = found.rates
    low, high = found.difference.low, found.difference.high
    if math.isnan(found.difference.value):
        return math.nan, math.nan
    nearest = low if low > 0 else high if high < 0 else 0.0
    return _e_of(treated, others), _e_of(others + nearest, others) if nearest else 1.0


def _e_of(treated: float, others: float) -> float:
    rates = (1 - treated, 1 - others) if others > 0.5 else (treated, others)
    return e_value(rates[0] / rates[1]) if rates[1] > 0 else math.nan


def _crude(treated: pd.DataFrame, others: pd.DataFrame) -> tuple:
    made = [int(own["success"].sum()) for own in (treated, others)]
    sizes = [len(treated), len(others)]
    rates = [x / n if n else math.nan for x, n in zip(made, sizes, strict=True)]
    difference = newcombe(made[0], sizes[0], made[1], sizes[1])
    return made[0], sizes[0], rates[0], made[1], sizes[1], rates[1], *difference, math.nan, math.nan


def _before(business: Business, rows: pd.DataFrame) -> Floats:
    """What came before the landmark, as numbers: attributes, plan, tenure, use."""
    columns: list[Floats] = [
        np.log1p(rows["tenure_days"].fillna(0).clip(lower=0).to_numpy(dtype=float)),
        rows["use_days"].fillna(0).to_numpy(dtype=float),
    ]
    known = attributes(business)
    named = {name: rows["customer_id"].map(known[name]) for name in known.columns}
    for levels in (rows["plan_held"], *named.values()):
        counted = levels.fillna("").astype(str)
        common = counted.value_counts()
        for level in sorted(common[common >= RARE_LEVEL].index)[1:]:
            columns.append((counted == level).to_numpy(dtype=float))
    return np.column_stack(columns)

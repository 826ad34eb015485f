"""The customers of each comparison, month by month; in several versions where something cannot be told.

Two things can stay open about a customer. Rows of the day of the draw may lie before or after it: then
everybody is counted once so and once so. And a few customers may stand in several arms, in one that no plan
names, or be drawn before they signed up: then they are counted once as best, and once as worst, for the
treated arm. What holds in every version is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.experiments.covariates import LEVEL_OF, known_before
from retention_helpers.experiments.outcomes import untold
from retention_helpers.experiments.plan import Plan
from retention_helpers.experiments.split import analysed, may_count
from retention_helpers.statistics.looks import Look, look_of
from retention_helpers.statistics.means import Means, adjusted, cap_of, means_of

FEWEST = 10  # customers of an arm whose amounts are compared, or adjusted


class Doubts(NamedTuple):
    """How many matured customers of a comparison cannot be told for sure.

    Attributes:
        day: a row of the day of the draw has no time.
        arm: in several arms, in an unknown one, or drawn before they signed up.
    """

    day: int = 0
    arm: int = 0


@dataclass(frozen=True)
class Customers:
    """The customers who count, by experiment and arm.

    Attributes:
        arms: the rows of each arm, as drawn.
        every: the rows of each experiment that may count in some version.
        none: no row of that kind.
        before: what was known of each before the draw, by experiment, where there are enough to adjust.
    """

    arms: Mapping[tuple[str, str], pd.DataFrame]
    every: Mapping[str, pd.DataFrame]
    none: pd.DataFrame
    before: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    _counted: dict[tuple[str, str], list[pd.DataFrame]] = field(default_factory=dict)

    @classmethod
    def of(cls, business: Business, rows: pd.DataFrame, plans: Mapping[str, Plan]) -> "Customers":
        """Of an outcome that cannot be told nobody has matured."""
        rows = rows.assign(reached=rows["reached"] & ~rows["experiment"].isin(untold(business)))
        counted = analysed(rows, plans)
        every = may_count(rows, plans)
        return cls(
            arms={key: own for key, own in counted.groupby(["experiment", "arm"])},
            every={name: own for name, own in every.groupby("experiment")},
            none=every.head(0),
            before=known_before(business, plans, every),
        )

    def assigned(self, name: str, arm: str) -> int:
        return len(self.arms.get((name, arm), ()))

    def of_plan(self, plan: Plan) -> list[pd.DataFrame]:
        return [self.arms[plan.name, arm] for arm in plan.design.arms if (plan.name, arm) in self.arms]

    def matured(self, name: str, arm: str, until: str) -> pd.DataFrame:
        """Those of an arm whose outcome's day was over at the end of a month."""
        own = self.arms.get((name, arm), self.none)
        return own[own["reached"] & (own["matured_in"] <= until)]

    def month_ends(self, plan: Plan, arm: str) -> tuple[Look, ...]:
        """How many had matured, and made it, at the end of each month with news.

        Amounts are compared from ten customers an arm on, and adjusted where there are enough for a column.
        """
        versions = self.versions(plan, arm)
        months = sorted(set(versions[0]["matured_in"]))
        tables = zip(*(_cumulative(one, months) for one in versions), strict=True)
        looks = [
            look_of(month, first, tuple(others))
            for month, (first, *others) in zip(months, tables, strict=True)
        ]
        if plan.design.outcome.is_amount:
            enough = [look for look in looks if all(min(n1, n2) >= FEWEST for _, n1, _, n2 in look.tables)]
            return tuple(look._replace(means=self._means(plan, versions, look.month)) for look in enough)
        if plan.is_adjusted:
            return tuple(look._replace(means=self._means(plan, versions, look.month)) for look in looks)
        return tuple(looks)

    def versions(self, plan: Plan, arm: str) -> list[pd.DataFrame]:
        """The matured customers of an arm and its control: as drawn, then as it may be, too.

        Columns: customer_id, is_treated, matured_in, made, value (of the outcome).
        """
        key = (plan.name, arm)
        if key not in self._counted:
            self._counted[key] = self._versions(plan, arm)
        return self._counted[key]

    def _versions(self, plan: Plan, arm: str) -> list[pd.DataFrame]:
        rows, is_doubtful = self._matured(plan)
        control, is_amount = plan.design.control, plan.design.outcome.is_amount
        drawn = rows[rows["arm"].isin([arm, control])]
        drawn = drawn.assign(is_treated=drawn["arm"] == arm)
        found = [_version(drawn[drawn["is_eligible"]], is_amount)]
        doubts = self.doubts(plan, arm)
        if not any(doubts):
            return found
        sure = drawn[~is_doubtful.loc[drawn.index]]
        for end, side in product(
            ["", "_else"] if doubts.day else [""], ["best", "worst"] if doubts.arm else [""]
        ):
            placed = [_placed(rows[is_doubtful], plan, arm, end, side == "best")] if side else []
            both = pd.concat([sure, *placed])
            found.append(_version(both[both["eligible_else" if end else "is_eligible"]], is_amount, end))
        return found

    def _matured(self, plan: Plan) -> tuple[pd.DataFrame, pd.Series]:
        """The matured rows that may count, and which of them are in doubt."""
        rows = self.every.get(plan.name, self.none)
        rows = rows[rows["reached"]]
        is_unknown = ~rows["arm"].isin(list(plan.design.arms))
        return rows, rows["arms"].notna() | is_unknown | rows["before_sign_up"]

    def doubts(self, plan: Plan, arm: str) -> Doubts:
        """How many of those who matured cannot be told for sure."""
        rows, is_doubtful = self._matured(plan)
        pair = {arm, plan.design.control}
        differs = (
            (rows["success"] != rows["success_else"])
            | (rows["is_eligible"] != rows["eligible_else"])
            | (rows["amount"] != rows["amount_else"])
        )
        return Doubts(
            day=int((differs & rows["arm"].isin(list(pair))).sum()),
            arm=sum(bool(pair & _possible(row, plan)) for row in rows[is_doubtful].itertuples())
            if is_doubtful.any()
            else 0,
        )

    def adjusted_means(self, plan: Plan, arm: str, month: str, columns: Sequence[str]) -> Means | None:
        """The means at the end of a month, adjusted; None where too few are known, or nothing varies."""
        first = self.versions(plan, arm)[0]
        return self._fitted(plan, first, month, columns)

    def _means(self, plan: Plan, versions: Sequence[pd.DataFrame], month: str) -> tuple[Means, ...]:
        """Of each version; none where shares are to be adjusted, and there are too few customers for it."""
        found = [self._fitted(plan, one, month, plan.adjusts) for one in versions]
        if plan.design.outcome.is_amount:
            found = [
                one or self._fitted(plan, version, month, ())
                for one, version in zip(found, versions, strict=True)
            ]
        return tuple(one for one in found if one) if all(found) else ()

    def _fitted(self, plan: Plan, version: pd.DataFrame, month: str, columns: Sequence[str]) -> Means | None:
        """The means of what is compared; None where it is to be adjusted, and no column can be."""
        own = version[version["matured_in"] <= month]
        values = own["value"].to_numpy(dtype=float)
        is_treated = own["is_treated"].to_numpy(dtype=bool)
        is_amount = plan.design.outcome.is_amount
        if is_amount:
            values = np.minimum(values, cap_of(values))
        used = 0
        if columns:
            known = self.before.get(plan.name)
            if known is None:
                return None
            matrix = known.loc[own["customer_id"], _columns(known, columns)].to_numpy(dtype=float)
            values, used = adjusted(values, is_treated, matrix)
            if not used:
                return None
        return means_of(values, is_treated, plan.smallest_effect if is_amount else 1.0, used)

    def capped(self, plan: Plan, arm: str, month: str) -> tuple[float, int]:
        """The amount above which nothing counts at the end of a month, and how many had paid more."""
        first = self.versions(plan, arm)[0]
        amounts = first.loc[first["matured_in"] <= month, "value"].to_numpy(dtype=float)
        cap = cap_of(amounts)
        return cap, int((amounts > cap).sum())


def _columns(known: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """The columns of what is adjusted for, in the order in which it is named."""
    return [column for name in names for column in known.columns if column.split(LEVEL_OF)[0] == name]


def _version(rows: pd.DataFrame, is_amount: bool, end: str = "") -> pd.DataFrame:
    made = rows[f"success{end}"].to_numpy(dtype=bool)
    return pd.DataFrame(
        {
            "customer_id": rows["customer_id"].to_numpy(),
            "is_treated": rows["is_treated"].to_numpy(dtype=bool),
            "matured_in": rows["matured_in"].to_numpy(dtype=str),
            "made": made,
            "value": rows[f"amount{end}"].to_numpy(dtype=float) if is_amount else made.astype(float),
        }
    )


def _cumulative(version: pd.DataFrame, months: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Successes and customers of the treated and of the control, matured by the end of each month."""
    counted = version.groupby(["matured_in", "is_treated"])["made"].agg(["sum", "size"])
    known = {key: (int(made), int(size)) for key, made, size in counted.itertuples()}
    totals, found = [0, 0, 0, 0], []
    for month in months:
        added = (*known.get((month, True), (0, 0)), *known.get((month, False), (0, 0)))
        totals = [total + more for total, more in zip(totals, added, strict=True)]
        found.append((totals[0], totals[1], totals[2], totals[3]))
    return found


def _possible(row: Any, plan: Plan) -> set[str]:
    """The arms that a customer may have been in; any, where one of them is in no plan."""
    arms, known = set(str(row.arms).split("\n") if pd.notna(row.arms) else [row.arm]), set(plan.design.arms)
    return arms if arms <= known else known


def _placed(rows: pd.DataFrame, plan: Plan, arm: str, end: str, is_best: bool) -> pd.DataFrame:
    """The customers in doubt, each as good for the treated arm as can be, or as bad."""
    made, side = [], []
    for row in rows.itertuples():
        possible, success = _possible(row, plan), bool(getattr(row, f"success{end}"))
        sides = [
            *([True] if arm in possible else []),
            *([False] if plan.design.control in possible else []),
            *([None] if possible - {arm, plan.design.control} else []),
        ]
        outcomes = [True, False] if row.before_sign_up else [success]
        options = sorted(product(sides, outcomes), key=_good_for_the_treated)
        chosen = options[-1] if is_best else options[0]
        side.append(chosen[0])
        made.append(chosen[1])
    placed = rows.assign(is_treated=side, **{f"success{end}": made})
    return placed[[one is not None for one in side]].astype({"is_treated": bool})


def _good_for_the_treated(option: tuple[bool | None, bool]) -> int:
    side, made = option
    return 0 if side is None else 1 if side == made else -1

"""The warnings: each a measure of what was seen of a customer by a date, held against a threshold.

The thresholds are where to start, not truths: `thresholds` looks for better ones in a business's own past.
"""

import datetime as dt
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.contract.settings import WARNINGS
from retention_helpers.early_warning import seen
from retention_helpers.words import formats

Compared = Literal["at least", "more than", "at most", "below"]
Booleans = npt.NDArray[np.bool_]

_COMPARED: Mapping[str, Callable[[pd.Series, float], pd.Series]] = {
    "at least": operator.ge,
    "more than": operator.gt,
    "at most": operator.le,
    "below": operator.lt,
}
STARTING_POINTS = ("no_login_30_days", "use_down_half", "failed_payment")


@dataclass(frozen=True)
class Rule:
    """A warning: `measure` is `compared` to `at`.

    Attributes:
        name: the same in every report. words: the warning in a few words, with a place for its threshold.
        case: one customer's warning in a few words, with a place for the measure, or for the day that it
        counts from. measure, compared, at: a column of `snapshots`, how it is compared, and the threshold.
        others: thresholds to try instead. source: a key of `seen.first_rows`; "": the subscriptions suffice.
        reach: a column that has to reach the threshold before the warning can be on at all. up_to_day: of
        tenure, after which it is not asked any more. is_drop: measure and threshold are what is left, and are
        said as what is gone.
    """

    name: str
    words: str
    case: str
    measure: str
    compared: Compared
    at: float
    others: tuple[float, ...] = ()
    source: str = ""
    reach: str = ""
    up_to_day: int | None = None
    is_drop: bool = False

    @property
    def label(self) -> str:
        """The warning with its threshold, such as "No login for 30 days"."""
        return self.words.format(self._said(self.at))

    def of_case(self, value: float, last_day: dt.date) -> str:
        """One customer's warning, such as "no login for 41 days"."""
        began = last_day - dt.timedelta(days=int(value)) if "{day}" in self.case else last_day
        return self.case.format(n=self._said(value), day=formats.day(began))

    def _said(self, value: float) -> str:
        return formats.percent(1 - value, 0) if self.is_drop else formats.count(value)

    def can_judge(self, rows: pd.DataFrame) -> Booleans:
        """Where the warning could be on or off: the customer pays, did neither, and enough was seen."""
        judged = rows["is_open"].to_numpy(dtype=bool) & rows[self.measure].notna().to_numpy()
        if self.reach:
            judged &= (rows[self.reach] >= self.at).to_numpy(dtype=bool)
        if self.up_to_day is not None:
            judged &= (rows["tenure_days"] <= self.up_to_day).to_numpy(dtype=bool)
        return judged

    def is_on(self, rows: pd.DataFrame) -> Booleans:
        """Where the warning is on."""
        beyond = _COMPARED[self.compared](rows[self.measure], self.at)
        return self.can_judge(rows) & beyond.to_numpy(dtype=bool)

    def moved(self, at: float) -> "Rule":
        """The same warning with another threshold."""
        return replace(self, at=at)


RULES = (
    Rule(
        "no_login_7_days", "No login for {} days", "no login for {n} days",
        "silent_days", "at least", 7, source="use", reach="there_days",
    ),
    Rule(
        "no_login_30_days", "No login for {} days", "no login for {n} days",
        "silent_days", "at least", 30, (10, 14, 21, 45, 60), source="use", reach="there_days",
    ),
    Rule(
        "use_down_half", "Days of use down by {} or more", "days of use down by {n}",
        "use_ratio", "at most", 0.5, (0.7, 0.6, 0.4, 0.3, 0.2), source="use", is_drop=True,
    ),
    Rule(
        "fewer_actions", "Actions on a day of use down by {} or more", "actions on a day of use down by {n}",
        "action_ratio", "at most", 0.7, (0.8, 0.6, 0.5), source="use", is_drop=True,
    ),
    Rule(
        "onboarding_missed", "Onboarding not finished by day {}", "onboarding not finished in the first week",
        "onboarding_days", "more than", 7, (3, 5, 14, 21), source="onboarding", reach="tenure_days",
        up_to_day=90,
    ),
    Rule(
        "failed_payment", "Payment failed in the last {} days",
        "payment failed on {day}", "days_since_failed", "below", 30, (7, 14, 60), source="payments",
    ),
    Rule(
        "downgrade", "Downgraded in the last {} months", "downgraded lately",
        "months_since_downgrade", "below", 2, (1, 3), source="prices",
    ),
    Rule(
        "negative_ticket", "Negative ticket in the last {} days", "negative ticket on {day}",
        "days_since_negative", "below", 30, (14, 60, 90), source="tickets",
    ),
    Rule(
        "mails_unopened", "Last {} mails not opened", "last {n} mails not opened",
        "unopened_in_a_row", "at least", 3, (2, 4, 5), source="emails", reach="mails",
    ),
    Rule(
        "nps_detractor", "Would not recommend: a score of {} or less", "would not recommend: a score of {n}",
        "nps_score", "at most", 6, (3, 4, 5, 7), source="nps",
    ),
)  # fmt: skip


assert tuple(rule.name for rule in RULES) == WARNINGS


def usable(business: Business) -> list[Rule]:
    """The warnings whose tables say enough to judge them, at the owner's thresholds where there are any."""
    first, chosen = seen.first_rows(business), business.settings.warning_thresholds
    found = [rule for rule in RULES if not rule.source or first[rule.source] is not None]
    return [rule.moved(chosen.get(rule.name, rule.at)) for rule in found]


def left_out(business: Business) -> list[Rule]:
    """The warnings that nothing in the data can raise.

    Glossary: left out.
    """
    first = seen.first_rows(business)
    return [rule for rule in RULES if rule.source and first[rule.source] is None]

"""Every warning, held against what came after: which of them deserve belief in this business.

At each past month end, who raised a warning, and who asked to cancel or left within the horizon? Only
customers who had done neither take part: after the decision use falls silent, and silence that follows it
would "predict" it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from retention_helpers.business import Business, levels
from retention_helpers.business.levels import By
from retention_helpers.business.losses import kept_leavings
from retention_helpers.early_warning.rules import Rule, usable
from retention_helpers.early_warning.snapshots import HORIZON_DAYS, snapshots
from retention_helpers.shown.units import (
    COUNT,
    P_VALUE,
    RATE,
    TENTHS,
    TEXT,
    TIMES,
    WHOLE,
    columns,
    named,
    names_of,
    one_of,
)
from retention_helpers.statistics.clusters import Booleans, Integers, Ratio, clustered_rate, matched_ratio
from retention_helpers.statistics.intervals import LEVEL, Rate, holm, rate

TENURE_BANDS = (8, 31, 61, 91, 181, 366)  # first days; those of one band and month are of the same age
WORTH_IT = 1.5  # times as often as others of the same age: below it a warning that holds is a weak one
NOT_TO_MISS = 2.0  # times as often: a warning is no good only where the data rule this out
OF_LEVEL = {
    "by": named(levels.HEADINGS)(is_recorded=False, is_optional=True),
    "level": TEXT(is_recorded=False, is_optional=True),
}
VERDICTS = ("works", "works weakly", "does not work for you", "too few")


class Past(NamedTuple):
    """The month ends whose horizon is over, as arrays; a row a customer a month end."""

    rows: pd.DataFrame
    place: Integers  # of each row in `snapshots`
    customer: Integers
    nth: Integers  # of the month
    left: Booleans  # asked or left within the horizon
    stratum: Integers  # month and age

    @property
    def months(self) -> int:
        return len(np.unique(self.nth))

    def where(self, kept: Booleans) -> "Past":
        return Past(
            self.rows[kept],
            self.place[kept],
            self.customer[kept],
            self.nth[kept],
            self.left[kept],
            self.stratum[kept],
        )


def age_band(rows: pd.DataFrame) -> Integers:
    """The band of tenure that a row lies in: 0, 1, …"""
    return np.searchsorted(TENURE_BANDS, rows["tenure_days"].to_numpy(), side="right")


def past(rows: pd.DataFrame, as_of: pd.Timestamp) -> Past:
    """The rows of `snapshots` of which it is known what came after."""
    place = np.flatnonzero((as_of - rows["as_of"]).dt.days >= HORIZON_DAYS)
    over = rows.iloc[place]
    nth = over["nth"].to_numpy(dtype=np.int64)
    return Past(
        over,
        place,
        over["customer"].to_numpy(),
        nth,
        (over["leaves_in"] <= HORIZON_DAYS).to_numpy(dtype=bool),
        nth * (len(TENURE_BANDS) + 1) + age_band(over),
    )


def first_of_episode(is_on: Booleans, customer: Integers, nth: Integers) -> Booleans:
    """Where a warning comes on: it is on, and was not on for the same customer at the month end before."""
    goes_on = np.zeros(len(is_on), dtype=bool)
    goes_on[1:] = is_on[:-1] & (customer[1:] == customer[:-1]) & (nth[1:] == nth[:-1] + 1)
    return is_on & ~goes_on


class Flags(NamedTuple):
    """Where a warning could be judged, where it is on, and where it comes on."""

    judged: Booleans
    on: Booleans
    alert: Booleans


def flags(rule: Rule, known: Past) -> Flags:
    is_on = rule.is_on(known.rows)
    alert = first_of_episode(is_on, known.customer, known.nth)
    return Flags(rule.can_judge(known.rows), is_on, alert)


def lift(found: Flags, known: Past) -> Ratio:
    """How many times as often the alerted leave as others of their age in the same month."""
    compared = found.judged & (found.alert | ~found.on)
    return matched_ratio(
        found.alert[compared], known.left[compared], known.stratum[compared], known.customer[compared]
    )


def verdict(times: Ratio, corrected_p: float, *, customers: int, min_customers: int, holds: bool) -> str:
    """What a back-test says of a warning.

    Belief needs that those alerted leave more often than others of their age, with an interval above 1 and a
    p-value that survives Holm's correction for looking at every warning at once. Then it *works* where they
    leave WORTH_IT times as often at least, and more often in both halves of the past, and *works weakly*
    else. *Does not work for you*: the interval includes 1 and rules out NOT_TO_MISS times as often. *Too
    few*: the rest, and wherever fewer customers were alerted than `min_customers`.
    """
    if customers < min_customers or np.isnan(times.value):
        return "too few"
    if times.low > 1:
        if corrected_p >= 1 - LEVEL:
            return "too few"
        return "works" if times.value >= WORTH_IT and holds else "works weakly"
    return "too few" if times.high >= NOT_TO_MISS else "does not work for you"


def _recall(found: Flags, known: Past) -> Rate:
    """Of those who left, judged at a month end within the horizon before: who had the warning on at one."""
    leavers = found.judged & known.left
    day = known.rows["as_of"].to_numpy()[leavers].astype("datetime64[D]").astype(np.int64)
    left_on = day + known.rows["leaves_in"].to_numpy()[leavers].astype(np.int64)
    frame = pd.DataFrame({"who": known.customer[leavers], "on": left_on, "warned": found.on[leavers]})
    warned = frame.groupby(["who", "on"])["warned"].any()
    return rate(int(warned.sum()), len(warned))


def _halves(found: Flags, known: Past) -> tuple[float, float]:
    """The lift in the first and in the second half of the months."""
    nths = np.unique(known.nth)
    is_early = known.nth < nths[len(nths) // 2] if len(nths) else known.left
    both = [(is_early, found), (~is_early, found)]
    return tuple(  # type: ignore[return-value]
        lift(Flags(*(column[half] for column in columns)), known.where(half)).value for half, columns in both
    )


def judge(known: Past, rules: list[Rule], *, min_customers: int) -> pd.DataFrame:
    """One row a warning, from rows whose outcome is known; the columns are those of `back_test`."""
    return _with_verdicts([_record(rule, known) for rule in rules], min_customers).drop(columns=[*OF_LEVEL])


def judge_levels(
    known: Past, level: Mapping[str, pd.Series], rules: list[Rule], *, min_customers: int
) -> pd.DataFrame:
    """One row a level of each grouping a warning; Holm's correction is for all rows together.

    `level` has for each name of a grouping the level of each row.
    """
    records = [
        {"by": by, "level": one, **_record(rule, known.where((own == one).to_numpy()))}
        for by, own in level.items()
        for one in sorted(own.unique())
        for rule in rules
    ]
    return _with_verdicts(records, min_customers)


def _with_verdicts(records: list[dict[str, Any]], min_customers: int) -> pd.DataFrame:
    tested = [record for record in records if not np.isnan(record["p_value"])]
    for record, p_value in zip(tested, holm([one["p_value"] for one in tested]), strict=True):
        record["corrected"] = p_value
    for record in records:
        times = Ratio(record["lift"], record["lift_low"], record["lift_high"], record["p_value"])
        record["verdict"] = verdict(
            times,
            record.get("corrected", 1.0),
            customers=record["customers"],
            min_customers=min_customers,
            holds=record["first_half_lift"] > 1 and record["second_half_lift"] > 1,
        )
    return pd.DataFrame(records, columns=names_of(back_test)).astype({"median_lead_days": "Int64"})


def _record(rule: Rule, known: Past) -> dict[str, Any]:
    found = flags(rule, known)
    alert, judged = found.alert, found.judged
    precision = clustered_rate(known.left[alert], known.customer[alert])
    base = clustered_rate(known.left[judged], known.customer[judged])
    recall = _recall(found, known)
    times = lift(found, known)
    leads = known.rows["leaves_in"].to_numpy()[alert & known.left]
    first, second = _halves(found, known)
    return {
        "name": rule.name,
        "warning": rule.label,
        "alerts": precision.denominator,
        "alerts_a_month": precision.denominator / known.months if known.months else np.nan,
        "customers": len(np.unique(known.customer[alert])),
        "left": precision.numerator,
        "precision": precision.value,
        "precision_low": precision.low,
        "precision_high": precision.high,
        "base_left": base.numerator,
        "base_rows": base.denominator,
        "base_rate": base.value,
        "base_rate_low": base.low,
        "base_rate_high": base.high,
        "lift": times.value,
        "lift_low": times.low,
        "lift_high": times.high,
        "p_value": times.p_value,
        "recalled": recall.numerator,
        "leavers": recall.denominator,
        "recall": recall.value,
        "recall_low": recall.low,
        "recall_high": recall.high,
        "median_lead_days": int(np.sort(leads)[(len(leads) - 1) // 2]) if len(leads) else None,
        "first_half_lift": first,
        "second_half_lift": second,
    }


@columns(
    **OF_LEVEL,
    name=TEXT(is_shown=False),
    warning=TEXT,
    alerts=COUNT(is_recorded=True),
    alerts_a_month=TENTHS,
    customers=COUNT(is_shown=False),
    left=COUNT(is_shown=False),
    precision=RATE("Left after an alert", of=("left", "alerts")),
    base_left=COUNT(is_shown=False),
    base_rows=COUNT(is_shown=False),
    base_rate=RATE("Left of all", of=("base_left", "base_rows")),
    lift=TIMES.interval("Times as often", is_recorded=False),
    p_value=P_VALUE(is_shown=False, is_recorded=False),
    recalled=COUNT(is_shown=False),
    leavers=COUNT(is_shown=False),
    recall=RATE(is_shown=False, of=("recalled", "leavers")),
    median_lead_days=WHOLE.or_null(is_shown=False),
    first_half_lift=TIMES(is_shown=False),
    second_half_lift=TIMES(is_shown=False),
    verdict=one_of(*VERDICTS),
)
def back_test(business: Business, *, by: By = ()) -> pd.DataFrame:
    """One row a warning: how often it came on at past month ends, and what came after within the horizon.

    An alert is the first month end of an episode: the warning is on, and was not the month before.
    `customers` are those alerted. `precision` is the share of alerts followed by a request to cancel or the
    end of service within the horizon, `base_rate` that share among all customers at the same month ends of
    whom the warning could be judged; both with intervals that count a customer once. `lift` says how many
    times as often the alerted left as customers without the warning of the same age (bands of tenure) in the
    same month. `recall`: of those who left, the share that had the warning on at a month end within the
    horizon before. `median_lead_days`: whole days from that month end to the day on which they asked or left,
    among the alerts that came true. `by` is one of `levels.names` or several: then a row for each warning
    and `level`, each against the customers of that level.

    Glossary: warning; login; alert; precision; base rate; times as often (lift); recall; days ahead; *works*;
    *does not work for you*.
    """
    groupings = levels.chosen(business, by)
    frame: pd.DataFrame = business.once(f"back test {groupings}", lambda: _back_test(business, groupings))
    return frame


@columns(
    **OF_LEVEL,
    warning=TEXT,
    recall=RATE("Leavers it warned of"),
    median_lead_days=WHOLE("Days ahead, median"),
    first_half_lift=TIMES("Times as often, first half"),
    second_half_lift=TIMES("Times as often, second half"),
)
def steadiness(judged: pd.DataFrame) -> pd.DataFrame:
    """One row a warning of `back_test`: how early it comes, how many leavers it warns of, in both halves."""
    return judged.filter(names_of(steadiness))


def leavers_seen(business: Business) -> Rate:
    """Of those who asked or left since the first month end: who had been open at the month end before.

    The others came and went between two month ends, or were paused: no list of a month end can hold them.

    Glossary: leavers seen.
    """
    rows = snapshots(business)
    if rows.empty:
        return rate(0, 0)
    next_end = rows["as_of"] + pd.offsets.MonthBegin(1)
    left = rows["is_open"] & (rows["leaves_in"] <= (next_end - rows["as_of"]).dt.days)
    own = kept_leavings(business)
    gone = own.filter((own.left_on >= rows["as_of"].min().date()) & (own.left_on < business.as_of))
    return rate(int(left.sum()), int(gone.count().execute()))


def _back_test(business: Business, groupings: Sequence[str]) -> pd.DataFrame:
    known, rules = past(snapshots(business), pd.Timestamp(business.as_of)), usable(business)
    min_customers = business.settings.min_customers
    if not groupings:
        return judge(known, rules, min_customers=min_customers)
    level = {by: levels.of_rows(known.rows, business, by).astype(object) for by in groupings}
    return judge_levels(known, level, rules, min_customers=min_customers)

"""Better thresholds than the usual ones: suggested by the first half of the past, confirmed on the second."""

from typing import Any

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.early_warning.past import Past, back_test, flags, lift, past
from retention_helpers.early_warning.rules import Rule, usable
from retention_helpers.early_warning.snapshots import HORIZON_DAYS, snapshots
from retention_helpers.shown.records import estimate_of
from retention_helpers.shown.results import records, rows_of
from retention_helpers.shown.units import (
    COUNT,
    NUMBER,
    TEXT,
    TIMES,
    Unit,
    columns,
    columns_of,
    fields,
    names_of,
    one_of,
    or_null,
)
from retention_helpers.statistics.clusters import UNKNOWN, Ratio
from retention_helpers.words.formats import shortest


def halves(known: Past) -> tuple[Past, Past]:
    """The first half of the months and the second, without the month ends whose horizon reaches into it."""
    nths = np.unique(known.nth)
    if len(nths) < 2:
        nothing = np.zeros(len(known.nth), dtype=bool)
        return known.where(nothing), known.where(nothing)
    is_late = known.nth >= nths[len(nths) // 2]
    second = known.where(is_late)
    ends = second.rows["as_of"].iloc[0] if second.rows.empty else second.rows["as_of"].min()
    is_over = ((ends - known.rows["as_of"]).dt.days >= HORIZON_DAYS).to_numpy(dtype=bool)
    return known.where(~is_late & is_over), second


def _tried(rule: Rule, known: Past, min_customers: int) -> Ratio:
    """The lift of a warning at its threshold; unknown where too few customers were alerted."""
    found = flags(rule, known)
    if len(np.unique(known.customer[found.alert])) < min_customers:
        return UNKNOWN
    return lift(found, known)


def _verdict(usual: Ratio, suggested: Ratio, moved: bool) -> str:
    if np.isnan(suggested.value):
        return "too few"
    if not moved:
        return "keep"
    return "use it" if suggested.low > 1 and not suggested.value <= usual.value else "keep"


AT = NUMBER.within(type="number")(is_shown=False)


@columns(
    name=TEXT(is_shown=False, is_recorded=False),
    warning=TEXT(is_recorded=False),
    at=AT,
    suggested=TEXT,
    suggested_at=AT,
    setting=TEXT(is_shown=False),
    first_half_lift=TIMES(is_shown=False),
    usual_lift=TIMES.estimate("Usual: times as often"),
    suggested_lift=TIMES.estimate("Suggested: times as often"),
    verdict=one_of("use it", "keep", "too few"),
)
def better_thresholds(business: Business) -> pd.DataFrame:
    """One row a warning with other thresholds: what half of the past suggests, and what that did then.

    The suggested threshold is the one whose lift has the highest lower end in the first half of the months,
    among those that alerted at least `min_customers` customers. *Use it*: in the second half its lift lies
    above 1 with its interval, and above that of the usual threshold; *keep*: the usual one is suggested or
    did as well; *too few*: too few alerts to say. `suggested` is in words, `setting` how to set it;
    `first_half_lift` is that of the suggested one, the other two are those of the second half.

    Glossary: better threshold.
    """
    known = past(snapshots(business), pd.Timestamp(business.as_of))
    return suggest(known, usable(business), min_customers=business.settings.min_customers)


@columns(
    **columns_of(back_test),
    horizon_days=COUNT,
    lift_and_p=Unit(str, fields(value=NUMBER, low=NUMBER, high=NUMBER, p_value=NUMBER))(key="lift"),
    threshold=Unit(str, or_null(rows_of(better_thresholds)["items"])),
)
def with_thresholds(judged: pd.DataFrame, better: pd.DataFrame) -> pd.DataFrame:
    """One row a warning of `back_test`; `threshold`: its record of `better_thresholds`, or None."""
    tried = dict(zip(better["name"], records(better, better_thresholds), strict=True))
    lifts = [{**estimate_of(row, "lift"), "p_value": row["p_value"]} for row in judged.to_dict("records")]
    return judged.assign(
        horizon_days=HORIZON_DAYS,
        lift_and_p=lifts,
        threshold=[tried.get(name) for name in judged["name"]],
    )


def suggest(known: Past, rules: list[Rule], *, min_customers: int) -> pd.DataFrame:
    """`better_thresholds` from rows whose outcome is known."""
    first, second = halves(known)
    records = [_record(rule, first, second, min_customers) for rule in rules if rule.others]
    return pd.DataFrame(records, columns=names_of(better_thresholds))


def _record(rule: Rule, first: Past, second: Past, min_customers: int) -> dict[str, Any]:
    tries = {at: _tried(rule.moved(at), first, min_customers) for at in (rule.at, *rule.others)}
    lows = {at: tried.low for at, tried in tries.items() if not np.isnan(tried.value)}
    best = max(lows, key=lambda at: lows[at]) if lows else rule.at
    usual = _tried(rule, second, min_customers)
    suggested = _tried(rule.moved(best), second, min_customers) if lows else UNKNOWN
    return {
        "name": rule.name,
        "warning": rule.label,
        "at": rule.at,
        "suggested": rule.moved(best).label,
        "suggested_at": best,
        "setting": f"{rule.name}: {shortest(best)}",
        "first_half_lift": tries[best].value,
        "usual_lift": usual.value,
        "usual_lift_low": usual.low,
        "usual_lift_high": usual.high,
        "suggested_lift": suggested.value,
        "suggested_lift_low": suggested.low,
        "suggested_lift_high": suggested.high,
        "verdict": _verdict(usual, suggested, best != rule.at),
    }

"""What newcomers did: onboarding, days of use and kinds of event, in the first week and after it.

The events are read once, cut at the latest landmark while they are read; everything else comes from the
small table that is left.
"""

import re

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.churned_vs_retained.known import NOTHING, Known, since_sign_up
from retention_helpers.churned_vs_retained.landmark import (
    EARLY_LANDMARK,
    FIRST_WEEK,
    LATER,
    WEEK,
    Driver,
    Kind,
)

MOST_KINDS = 8  # kinds of event that are compared one by one: those of most customers
ONCE = 0.95  # what so many of those who do it do once is a yes or no
SHORTEST_HALF = 7  # days on which a trend can be told
_ENDING = re.compile(r"[\W_]*(completed?|done|finish(ed)?|ready)$", re.IGNORECASE)


def early_days(business: Business) -> ir.Table:
    """A row a customer a day after sign-up a kind of event, up to the latest landmark: day, event, times."""
    rows = since_sign_up(business, "events", upto=max(business.settings.landmark_days, EARLY_LANDMARK))
    return rows.group_by(["customer_id", "day", "event"]).aggregate(times=rows.count())


def kept_early_days(business: Business) -> ir.Table:
    """`early_days`, computed once: the only pass over the events."""
    return business.keep("early_days", lambda: early_days(business))


def _kinds(early: ir.Table) -> list[str]:
    """The kinds of event, those of most customers first."""
    counted = early.group_by("event").aggregate(customers=early.customer_id.nunique())
    return list(counted.order_by([ibis.desc("customers"), "event"]).execute()["event"])


def onboarding_steps(kinds: list[str], onboarding_event: str) -> list[str]:
    """The kinds of event that are steps of the onboarding: named like its completion, up to the ending.

    >>> onboarding_steps(["login", "onboarding_step_1", "onboarding_completed"], "onboarding_completed")
    ['onboarding_step_1']
    """
    stem = _ENDING.sub("", onboarding_event)
    if len(stem) < 3 or stem == onboarding_event:
        return []
    return sorted(kind for kind in kinds if kind.startswith(stem) and kind != onboarding_event)


def _in_words(kind: str) -> str:
    return kind.replace("_", " ")


def use(business: Business, landmark_days: int) -> list[Known]:
    """Onboarding and use in the first week, and use from then to the landmark, from the events."""
    if not business.has("events"):
        return [NOTHING]
    early = kept_early_days(business).filter(lambda row: row.day <= landmark_days)
    kinds = _kinds(early)
    steps = onboarding_steps(kinds, business.settings.onboarding_event)
    about_onboarding = {business.settings.onboarding_event, *steps}
    shown = [kind for kind in kinds if kind not in about_onboarding][:MOST_KINDS]
    names = business.settings.activity_events
    is_use = early.event.isin(names) if names else ~early.event.isin(sorted(about_onboarding))
    found = [_first_week(business, early, is_use, shown, steps)]
    if landmark_days - WEEK + 1 >= WEEK:
        found.append(_later(early, is_use, shown, landmark_days))
    return found


def _first_week(
    business: Business, early: ir.Table, is_use: ir.BooleanValue, shown: list[str], steps: list[str]
) -> Known:
    """Days 0 to 6."""
    week = early.filter(early.day < WEEK)
    completed = week.event == business.settings.onboarding_event
    rows = week.group_by("customer_id").aggregate(
        known_day=week.day.max(),
        onboarding_completed=completed.any().cast("float64"),
        onboarding_steps_skipped=len(steps) - week.event.nunique(where=week.event.isin(steps or [""])),
        first_week_days_of_use=week.day.nunique(where=is_use),
        days_to_first_use=week.day.min(where=is_use).fill_null(WEEK),
        first_week_kinds=week.event.nunique(where=is_use),
        **{f"first_week_{nth}": week.times.sum(where=week.event == kind) for nth, kind in enumerate(shown)},
    )
    first_use = f"days to the first use ({WEEK}: none in the first week)"
    done, parts = "different things done in the first week", tuple(f"first_week_{kind}" for kind in shown)
    drivers = [
        Driver("onboarding_completed", "onboarding completed in the first week", "yes or no", FIRST_WEEK),
        Driver("first_week_days_of_use", "days of use in the first week", "number", FIRST_WEEK),
        Driver("days_to_first_use", first_use, "number", FIRST_WEEK),
        Driver("first_week_kinds", done, "number", FIRST_WEEK, parts=parts),
    ]
    absent = {"onboarding_completed": 0.0, "first_week_days_of_use": 0.0, "first_week_kinds": 0.0,
              "days_to_first_use": float(WEEK), "onboarding_steps_skipped": float(len(steps))}  # fmt: skip
    if steps:
        label = f"onboarding steps not done in the first week (of {len(steps)})"
        drivers.insert(1, Driver("onboarding_steps_skipped", label, "number", FIRST_WEEK))
    return _with_kinds(drivers, rows.execute(), absent, shown, "first_week", "in the first week", FIRST_WEEK)


def _later(early: ir.Table, is_use: ir.BooleanValue, shown: list[str], landmark_days: int) -> Known:
    """Day 7 to the landmark; the trend is the days of use in the second half less those in the first."""
    later = early.filter(early.day >= WEEK)
    half = (landmark_days - WEEK + 1) // 2
    second = later.day > landmark_days - half
    first = (later.day > landmark_days - 2 * half) & ~second
    rows = later.group_by("customer_id").aggregate(
        known_day=later.day.max(),
        later_days_of_use=later.day.nunique(where=is_use),
        later_kinds=later.event.nunique(where=is_use),
        use_trend=later.day.nunique(where=is_use & second) - later.day.nunique(where=is_use & first),
        **{f"later_{nth}": later.times.sum(where=later.event == kind) for nth, kind in enumerate(shown)},
    )
    when, parts = f"days {WEEK} to {landmark_days}", tuple(f"later_{kind}" for kind in shown)
    drivers = [
        Driver("later_days_of_use", f"days of use, {when}", "number", LATER),
        Driver("later_kinds", f"different things done, {when}", "number", LATER, parts=parts),
    ]
    if half >= SHORTEST_HALF:
        label = f"use gaining (days of use, last {half} days less the {half} before)"
        drivers.append(Driver("use_trend", label, "number", LATER))
    absent = {"later_days_of_use": 0.0, "later_kinds": 0.0, "use_trend": 0.0}
    return _with_kinds(drivers, rows.execute(), absent, shown, "later", when, LATER)


def _with_kinds(
    drivers: list[Driver],
    rows: pd.DataFrame,
    absent: dict[str, float],
    shown: list[str],
    window: str,
    when: str,
    tier: int,
) -> Known:
    """All of these and a driver a kind of event: how often, or whether at all where nearly all do it once."""
    told = {"customer_id": rows["customer_id"], "known_day": rows["known_day"]}
    told |= {driver.name: rows[driver.name].astype(float) for driver in drivers}
    named = []
    for nth, kind in enumerate(shown):
        times = rows[f"{window}_{nth}"].fillna(0).astype(float)
        does = times > 0
        is_once = bool((times[does] <= 1).mean() >= ONCE) if does.any() else True
        name = f"{window}_{kind}"
        told[name] = does.astype(float) if is_once else times
        answer: Kind = "yes or no" if is_once else "number"
        named.append(Driver(name, f"{_in_words(kind)} {when}", answer, tier, not is_once))
    whole = {**absent, **{driver.name: 0.0 for driver in named}}
    return Known([*drivers, *named], pd.DataFrame(told), whole, "events")

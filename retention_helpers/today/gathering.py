"""The list of a day: what is new since the list before it, and what the plan has for the day, decided."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from retention_helpers import churn_reasons, early_warning, experiments
from retention_helpers.business import Business
from retention_helpers.business.contacts import LATELY_CONTACTED_DAYS
from retention_helpers.business.losses import trial_requests
from retention_helpers.contract.tables import TABLES, day_name
from retention_helpers.early_warning.risk import Risk
from retention_helpers.gate.lots import CALLED, PLAY
from retention_helpers.plan.actions import ACTIONS
from retention_helpers.plan.deciding import decide
from retention_helpers.shown.proposals import CALL, proposals
from retention_helpers.today.coming import LATE_DAYS, pauses_ending, renewals_coming, trials_ending
from retention_helpers.today.earlier import Earlier, Planned, Said
from retention_helpers.today.newcomers import not_onboarded, sees_onboarding
from retention_helpers.today.standing import Standing
from retention_helpers.words import calendar

ORDER = {action: place for place, action in enumerate(ACTIONS)}
ANSWERS = ("recover_payment", "keep")
WAITS = ("interview",)  # where a letter would not do
GAVE_WAY, LATE = "another touch takes its place", "its month is over"
MOST_DAYS = 7  # newcomers that a longer gap between two lists hid are not looked for
ONE_DAY = dt.timedelta(days=1)

When = Callable[[str], dt.date]
Touch = tuple[str, str, str]  # as `Row.touch`


class Today(NamedTuple):
    """The list of a day.

    Attributes:
        day: whose end is the cut.
        since: the first day that no list before knew.
        touches: what is new, a row a customer, as `plan.deciding` has them; all due on the day.
        held: customer_id, action and cause of what was proposed and is on no list.
        due: the touches of the plan whose day has come, or that are timely today.
        written: those of them that were to be calls and are letters.
        settled: the open touches, planned or listed before, that need nobody any more, and why.
        waiting: those that stood on earlier lists, are not done, and still need somebody.
        at_risk: everybody at risk at the cut; None where no report told how to tell.
        unseen: the keys of what the data, or the lack of a report, keep from sight.
        latest_on: the day of the latest row of the data.
        before: what was said before it.
    """

    day: dt.date
    since: dt.date
    touches: pd.DataFrame
    held: pd.DataFrame
    due: Sequence[Planned]
    written: frozenset[Touch]
    settled: Sequence[tuple[Planned, str]]
    waiting: Sequence[Planned]
    at_risk: Sequence[str] | None
    unseen: Sequence[str]
    latest_on: dt.date
    before: Earlier

    @property
    def called(self) -> list[tuple[str, str]]:
        """Customer and action of what is new and a call."""
        own = self.touches[self.touches["way"] == CALL]
        return [*zip(own["customer_id"], own["action"], strict=True)]


def todays(business: Business, before: Earlier) -> Today:
    """The list of the day at whose end the business is cut. Takes what was said before it.

    New is what neither an earlier list nor the newest plan has said of the same matter: a payment that
    failed, a request to cancel, a trial that ends, a pause that ends or a renewal within 14 days of whoever
    has not asked to leave, a newcomer on day 3 or 7 without the onboarding, and who is at risk and was not by
    the list before. Every touch that was planned or listed before and is not done is asked of the data of the
    day whether its cause still stands (`standing`): who is over holds nothing back and keeps no call.

    One customer gets one touch, decided as in the plan of the month; beside it a touch of the last 30 days,
    or a more urgent one that is planned, holds back every other than an answer. What the plan has for later
    and the day finds as well comes today. Calls are those that the month has left; a more urgent touch takes
    the call of a planned one, which becomes a letter.

    Glossary: today's list.
    """
    day = business.as_of - ONE_DAY
    since = max(before.last_on + ONE_DAY, day - (MOST_DAYS - 1) * ONE_DAY) if before.last_on else day
    risk = _risk(business, before)
    at_risk = early_warning.who_is_at_risk(business, risk) if risk else None
    people = early_warning.at_risk(business, risk, but=before.at_risk).value if risk else proposals([])
    every, leaving = _proposed(business, before, since, people)
    over = _over(business, before, every, leaving, at_risk)
    open_ones = [one for one in before.planned if not one.is_done]
    stands = [one for one in open_ones if one.row.touch not in over]
    rows, held, forward = _kept_apart(every, before, stands, day)
    left = _with_calls_left(business, before)
    promised = _promised(business, _booked(business, stands, day), day)
    decided = decide(left, rows, _drawn(business, before), promised)
    new = decided.touches.assign(due_on=day).reset_index(drop=True)
    over |= {one.row.touch: GAVE_WAY for one in stands if not _left_in_place(one, _said_on(new, day))}
    stands = [one for one in stands if one.row.touch not in over]
    come = _come(stands, forward, set(new["customer_id"]), day)
    calls = left.settings.calls_a_month - int((new["way"] == CALL).sum())
    written = {one.row.touch for one in _booked(business, stands, day)[max(calls, 0) :]}
    due = [one for one in come if one.row.touch not in written or one.action not in WAITS]
    held += [(one.customer, one.action, "no_call") for one in come if one not in due]
    return Today(
        day,
        since,
        new,
        pd.concat([decided.held, pd.DataFrame(held, columns=decided.held.columns)], ignore_index=True),
        due,
        frozenset(one.row.touch for one in due if one.row.touch in written),
        [(one, over[one.row.touch]) for one in open_ones if one.row.touch in over],
        sorted((one for one in stands if one.is_said), key=lambda one: ORDER[one.action]),
        at_risk,
        _unseen(business, risk),
        _latest_on(business),
        before,
    )


def _risk(business: Business, before: Earlier) -> Risk | None:
    """The risk as the newest report learned it; None without one, or where it is of another version."""
    try:
        return early_warning.risk_by(business, before.for_lists["risk"])
    except (KeyError, TypeError, ValueError):
        return None


# --- what is new


def _proposed(
    business: Business, before: Earlier, since: dt.date, people: pd.DataFrame
) -> tuple[pd.DataFrame, set[str]]:
    """All that could be done, with `is_said`: whether that matter was said already; and who is leaving.

    Takes who is at risk and was not by the list before, or by the report.
    """
    lately = business.as_of - (LATELY_CONTACTED_DAYS + 1) * ONE_DAY
    asked = early_warning.scheduled(business).value
    leaving = set(asked.loc[asked["standing"] == "leaving", "customer_id"])  # nothing goes on for them
    in_trial = trial_requests(business).execute()
    every = pd.concat([asked[["customer_id", "asked_on"]], in_trial[["customer_id", "asked_on"]]])
    requested_on = dict(zip(every["customer_id"], pd.to_datetime(every["asked_on"]).dt.date, strict=True))
    to_keep = (
        early_warning.to_keep(business, asked),
        early_warning.to_keep_of_trials(business, since - LATE_DAYS * ONE_DAY),
    )
    parts = [
        _marked(churn_reasons.to_recover(business), before, _failures(business), before.plan_on),
        *(_marked(rows, before, requested_on.__getitem__, before.plan_on) for rows in to_keep),
        _marked(
            _without(trials_ending(business, since), set(in_trial["customer_id"])), before, lambda _: lately
        ),
        early_warning.to_speak_to(people).assign(is_said=False),
        not_onboarded(business, since).assign(is_said=False),
        _marked(_without(renewals_coming(business), leaving), before, lambda _: lately),
        _marked(_without(pauses_ending(business, since), leaving), before, lambda _: lately),
    ]
    found = pd.concat([part.astype("object") for part in parts], ignore_index=True)
    return found, leaving | set(in_trial["customer_id"])


def _without(rows: pd.DataFrame, customers: Collection[str]) -> pd.DataFrame:
    return rows[~rows["customer_id"].isin(customers)].reset_index(drop=True)


def _marked(rows: pd.DataFrame, before: Earlier, began: When, plan_on: dt.date = dt.date.min) -> pd.DataFrame:
    """With is_said: whether a list has had it since the matter began, or the plan knew of the matter."""
    on_list: dict[tuple[str, str], dt.date] = {}
    for one in before.said:
        on_list[one.customer, one.action] = max(one.on, on_list.get((one.customer, one.action), one.on))
    marks = []
    for who, action in zip(rows["customer_id"], rows["action"], strict=True):
        on = began(who)
        listed = on_list.get((who, action))
        marks.append((listed is not None and listed >= on) or plan_on > on)
    return rows.assign(is_said=pd.Series(marks, index=rows.index, dtype="object"))


def _failures(business: Business) -> When:
    """The day on which a payment first failed; of one that is not known, the first that would still count."""
    rows = churn_reasons.open_failures(business).execute()
    known = dict(zip(rows["customer_id"], pd.to_datetime(rows["failed_on"]).dt.date, strict=True))
    first = business.as_of - business.settings.dunning_days * ONE_DAY
    return lambda who: max(known.get(who, first), first)


# --- decided


def _kept_apart(
    every: pd.DataFrame, before: Earlier, stands: Sequence[Planned], day: dt.date
) -> tuple[pd.DataFrame, list[tuple[str, str, str]], set[tuple[str, str]]]:
    """What may be decided, what an earlier touch or a more urgent planned one holds back, what is planned.

    What is planned comes today, in the row of the plan; but for an answer, which is of something new.
    """
    lately: dict[str, set[str]] = {}
    for said in before.said:
        if said.on > day - LATELY_CONTACTED_DAYS * ONE_DAY:
            lately.setdefault(said.customer, set()).add(said.action)
    planned: dict[str, int] = {}
    for one in stands:
        if not one.is_said:
            planned[one.customer] = min(ORDER[one.action], planned.get(one.customer, len(ORDER)))
    held, free, forward = [], [], set()
    for row in every.itertuples():
        who, action = row.customer_id, row.action
        if row.is_said:
            continue
        is_own = ACTIONS[action].is_series and lately.get(who) == {action}
        is_touched, place = who in lately and not is_own, planned.get(who, len(ORDER))
        if action in ANSWERS or not (is_touched or place <= ORDER[action]):
            free.append(row.Index)
        elif is_touched or place < ORDER[action]:
            held.append((who, action, "touched"))
        else:
            forward.add((who, action))
    return every.loc[free].drop(columns="is_said").reset_index(drop=True), held, forward


def _with_calls_left(business: Business, before: Earlier) -> Business:
    left = max(business.settings.calls_a_month - before.calls, 0)
    return replace(business, settings=replace(business.settings, calls_a_month=left))


def _drawn(business: Business, before: Earlier) -> pd.DataFrame:
    """Who was drawn into what is not decided: by the newest report, where there is one."""
    return experiments.draws_by(business, before.for_lists.get("decided", ()))


# --- what was planned or listed before


def _over(
    business: Business,
    before: Earlier,
    every: pd.DataFrame,
    leaving: Collection[str],
    at_risk: Sequence[str] | None,
) -> dict[Touch, str]:
    """Why open touches need nobody any more; those that still do are not in it."""
    day = business.as_of - ONE_DAY
    open_ones = [one for one in before.planned if not one.is_done]
    answers = every[every["action"].isin(ANSWERS)]
    standing = Standing(
        business,
        set(zip(answers["customer_id"], answers["action"], strict=True)),
        leaving,
        None if at_risk is None else frozenset(at_risk),
        {one.customer for one in open_ones},
    )
    said: dict[str, list[Said]] = {}
    for one in before.said:
        said.setdefault(one.customer, []).append(one)
    found = {}
    for touch in open_ones:
        why = standing.over(touch)
        why = why or ("" if _left_in_place(touch, said) else GAVE_WAY)
        why = why or (LATE if _is_late(touch, day) else "")
        if why:
            found[touch.row.touch] = why
    return found


def _said_on(new: pd.DataFrame, day: dt.date) -> dict[str, list[Said]]:
    pairs = zip(new["customer_id"], new["action"], strict=True)
    return {who: [Said(who, action, day)] for who, action in pairs}


def _left_in_place(one: Planned, said: Mapping[str, Sequence[Said]]) -> bool:
    """Whether no list has named the customer since for another touch; for an answer: for the same anew."""
    own = said.get(one.customer, ())
    listed = [other.on for other in own if other.action == one.action and other.on >= one.since]
    unsaid = one.since - ONE_DAY
    after = one.since if one.row.is_of_list else min([on for on in listed if one.is_said], default=unsaid)
    is_answer = one.action in ANSWERS
    return not any(other.on > after and (not is_answer or other.action == one.action) for other in own)


def _is_late(one: Planned, day: dt.date) -> bool:
    """Whether it came due in a month that is over, longer ago than a list looks back."""
    is_over = day >= calendar.months_after(one.since, 1)
    is_old = one.due_on < day - MOST_DAYS * ONE_DAY
    return is_over and is_old and not one.is_said and one.action not in ANSWERS


def _come(
    stands: Sequence[Planned], forward: Collection[tuple[str, str]], touched: Collection[str], day: dt.date
) -> list[Planned]:
    """The planned touches whose day has come and that no list had; and those that are timely today.

    An answer to somebody who has another one today comes tomorrow.
    """
    return [
        one
        for one in stands
        if not one.is_said
        and (one.due_on <= day or (one.customer, one.action) in forward)
        and one.customer not in touched
    ]


# --- calls


def _booked(business: Business, stands: Sequence[Planned], day: dt.date) -> list[Planned]:
    """The planned calls of the month that are still to come, those first that keep their call the longest.

    Whom a lot gave the call comes first, and what the owner worded; then by urgency.
    """
    begun = day.replace(day=1)
    to_come = [one for one in stands if one.is_call and not one.is_said and one.since == begun]
    arms = business.lots.drawn.get(begun, {})
    return sorted(to_come, key=lambda one: (not _is_fast(one, arms), ORDER[one.action]))


def _is_fast(one: Planned, arms: Mapping[str, str]) -> bool:
    is_by_lot = one.action == PLAY and arms.get(one.customer) == CALLED
    return is_by_lot or one.row.cells["action"] != ACTIONS[one.action].called(CALL)


def _promised(business: Business, booked: Sequence[Planned], day: dt.date) -> dict[str, int]:
    """By action, how many calls are booked that it may not take: of those that are no less urgent."""
    arms = business.lots.drawn.get(day.replace(day=1), {})
    return {
        action: sum(_is_fast(one, arms) or ORDER[one.action] <= place for one in booked)
        for action, place in ORDER.items()
    }


# --- what cannot be seen


def _unseen(business: Business, risk: Risk | None) -> list[str]:
    lacking = {
        "payments": business.has("payments"),
        "cancellations": business.has("cancellations"),
        "onboarding": sees_onboarding(business),
        "report": risk is not None,
    }
    return [name for name, is_there in lacking.items() if not is_there]


def _latest_on(business: Business) -> dt.date:
    """The day of the latest row before the cut, of tables with a row a happening."""
    latest = []
    for name, table in TABLES.items():
        column = day_name(table.clock)
        rows = business.table(name)
        if business.has(name) and column in rows.columns:
            found = rows[column].max().execute()
            latest += [] if pd.isna(found) else [pd.Timestamp(found).date()]
    return max(latest)

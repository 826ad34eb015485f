"""The list of a day: what is new since the list before it, and what the plan has for the day, decided."""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from retention_helpers import churn_reasons, early_warning, experiments
from retention_helpers.business import Business, months
from retention_helpers.business.contacts import LATELY_CONTACTED_DAYS, last_contacts
from retention_helpers.business.losses import trial_requests
from retention_helpers.contract.tables import TABLES, day_name
from retention_helpers.early_warning.risk import Risk
from retention_helpers.gate.running_plan import Row
from retention_helpers.plan.actions import ACTIONS
from retention_helpers.plan.deciding import decide
from retention_helpers.shown.proposals import CALL, proposals
from retention_helpers.today.coming import LATE_DAYS, pauses_ending, renewals_coming, trials_ending
from retention_helpers.today.earlier import Earlier, Planned
from retention_helpers.today.newcomers import not_onboarded, sees_onboarding

ORDER = {action: place for place, action in enumerate(ACTIONS)}
ANSWERS = ("recover_payment", "keep")
OF_THE_GONE = ("win_back", "interview")  # touches of those who are no customers
MOST_DAYS = 7  # newcomers that a longer gap between two lists hid are not looked for
ONE_DAY = dt.timedelta(days=1)

When = Callable[[str], dt.date]


class Today(NamedTuple):
    """The list of a day.

    Attributes:
        day: whose end is the cut.
        since: the first day that no list before knew.
        touches: what is new, a row a customer, as `plan.deciding` has them; all due on the day.
        held: customer_id, action and cause of what was proposed and is on no list.
        due: the rows of the plan whose day has come.
        settled: the action and cause of what the plan had and needs nobody any more.
        waiting: how many touches of the plan and of earlier lists are due and not done.
        at_risk: everybody at risk at the cut; None where no report told how to tell.
        unseen: the keys of what the data, or the lack of a report, keep from sight.
        latest_on: the day of the latest row of the data.
        before: what was said before it.
    """

    day: dt.date
    since: dt.date
    touches: pd.DataFrame
    held: pd.DataFrame
    due: Sequence[Row]
    settled: Sequence[tuple[str, str]]
    waiting: int
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
    the list before. One customer gets one touch, decided as in the plan of the month; beside it a touch of
    the last 30 days, or one that is planned and no less urgent, holds back every other than an answer. Calls
    are those that the month has left.

    Glossary: today's list.
    """
    day = business.as_of - ONE_DAY
    since = max(before.last_on + ONE_DAY, day - (MOST_DAYS - 1) * ONE_DAY) if before.last_on else day
    risk = _risk(business, before)
    people = early_warning.at_risk(business, risk, but=before.at_risk).value if risk else proposals([])
    every = _proposed(business, before, since, people)
    rows, held = _kept_apart(every, before, day)
    decided = decide(_with_calls_left(business, before), rows, _drawn(business, before))
    due, settled = _due(business, before, every, set(decided.touches["customer_id"]), day)
    is_touched = {row.customer for row in due}
    new = decided.touches[~decided.touches["customer_id"].isin(is_touched)]
    gone = decided.touches[decided.touches["customer_id"].isin(is_touched)]
    left = [(row.customer_id, row.action, "touched") for row in gone.itertuples()]
    apart = pd.DataFrame([*held, *left], columns=["customer_id", "action", "cause"])
    return Today(
        day,
        since,
        new.assign(due_on=day).reset_index(drop=True),
        pd.concat([decided.held, apart], ignore_index=True),
        due,
        settled,
        _waiting(before, day),
        early_warning.who_is_at_risk(business, risk) if risk else None,
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


def _proposed(business: Business, before: Earlier, since: dt.date, people: pd.DataFrame) -> pd.DataFrame:
    """All that could be done, with `is_said`: whether that matter was said already.

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
    return pd.concat([part.astype("object") for part in parts], ignore_index=True)


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
    every: pd.DataFrame, before: Earlier, day: dt.date
) -> tuple[pd.DataFrame, list[tuple[str, str, str]]]:
    """What may be decided, and what an earlier touch, or a planned one that is no less urgent, holds back."""
    lately: dict[str, set[str]] = {}
    for said in before.said:
        if said.on > day - LATELY_CONTACTED_DAYS * ONE_DAY:
            lately.setdefault(said.customer, set()).add(said.action)
    planned: dict[str, int] = {}
    for one in before.planned:
        if not one.is_done:
            planned[one.customer] = min(ORDER[one.action], planned.get(one.customer, len(ORDER)))
    held, free = [], []
    for row in every.itertuples():
        who, action = row.customer_id, row.action
        if row.is_said:
            continue
        is_own = ACTIONS[action].is_series and lately.get(who) == {action}
        is_held = (who in lately and not is_own) or planned.get(who, len(ORDER)) <= ORDER[action]
        if is_held and action not in ANSWERS:
            held.append((who, action, "touched"))
        else:
            free.append(row.Index)
    return every.loc[free].drop(columns="is_said").reset_index(drop=True), held


def _with_calls_left(business: Business, before: Earlier) -> Business:
    left = max(business.settings.calls_a_month - before.calls, 0)
    return replace(business, settings=replace(business.settings, calls_a_month=left))


def _drawn(business: Business, before: Earlier) -> pd.DataFrame:
    """Who was drawn into what is not decided: by the newest report, where there is one."""
    return experiments.draws_by(business, before.for_lists.get("decided", ()))


# --- what the plan has for the day


def _due(
    business: Business, before: Earlier, every: pd.DataFrame, touched: set[str], day: dt.date
) -> tuple[list[Row], list[tuple[str, str]]]:
    """The rows of the plan whose day has come and that no list had; and why others are not needed."""
    if not before.planned:
        return [], []
    said = {(one.customer, one.action) for one in before.said if one.on >= before.plan_on}
    on_lists = {who for who, _ in said}
    open_ones = set(zip(every["customer_id"], every["action"], strict=True))
    customers = _customers(business)
    contacts = last_contacts(business)
    since = pd.to_datetime(contacts["contacted_on"]) >= pd.Timestamp(before.plan_on)
    contacted = set(contacts.loc[since, "customer_id"])

    def cause(one: Planned) -> str:
        if one.action in ANSWERS:
            return "" if (one.customer, one.action) in open_ones else "over"
        if (one.customer in customers) == (one.action in OF_THE_GONE):
            return "over"
        if one.customer in touched or one.customer in on_lists:
            return "touched"
        return "contacted" if one.customer in contacted else ""

    come = [
        one
        for one in before.planned
        if not one.is_done and one.due_on <= day and (one.customer, one.action) not in said
    ]
    causes = [cause(one) for one in come]
    due = [one.row for one, why in zip(come, causes, strict=True) if not why]
    return due, [(one.action, why) for one, why in zip(come, causes, strict=True) if why]


def _customers(business: Business) -> set[str]:
    rows = months.kept_customer_months(business)
    now = rows.filter((rows.month == business.report_month) & (rows.state_at_end != "none"))
    return set(now.customer_id.execute())


def _waiting(before: Earlier, day: dt.date) -> int:
    """Touches of the plan that stood on earlier lists and were not done."""
    said = {(one.customer, one.action) for one in before.said if one.on >= before.plan_on}
    return sum(not one.is_done and (one.customer, one.action) in said for one in before.planned)


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

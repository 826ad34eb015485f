"""Whether the cause of a touch still stands at the end of a day, asked of the data of that day, by its kind.

Of every open touch alike, whether a month's report planned it or a list found it: what was true when it was
planned may be over by the day on which somebody is to act on it.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.contacts import last_contacts
from retention_helpers.business.people import rows_of
from retention_helpers.business.spans import covers, kept_spans
from retention_helpers.churn_reasons import open_failures
from retention_helpers.contract.tables import MAY_NOT
from retention_helpers.early_warning.seen import onboarded
from retention_helpers.plan.actions import ACTIONS
from retention_helpers.repeat_purchase.gaps import gaps
from retention_helpers.today.coming import latest_trials, renewals_coming
from retention_helpers.today.earlier import Planned
from retention_helpers.win_back_and_loyalty.away import sees_use
from retention_helpers.win_back_and_loyalty.nps import DETRACTOR, PROMOTER, answers
from retention_helpers.win_back_and_loyalty.pauses import pauses
from retention_helpers.words import formats

OF_THE_GONE = ("win_back", "interview")  # touches of those who are no customers
OF_ANYBODY = ("trial", "buyer", "recover_payment", "keep")  # who is a customer does not decide these
LATE_DAYS = 14  # a trial that ended longer ago without service needs no word of its end
LEFT, ASKED = "no customer any more", "they asked to cancel"


@dataclass(frozen=True)
class Standing:
    """What is known on the day of those for whom a touch is open.

    Attributes:
        business: cut at the end of the day.
        to_answer: customer and action of the failed payments and requests that are open.
        leaving: who has asked to cancel and is to leave.
        at_risk: everybody at risk; None where it is not told.
        who: the customers whose touches are asked about.
    """

    business: Business
    to_answer: Collection[tuple[str, str]]
    leaving: Collection[str]
    at_risk: Collection[str] | None
    who: Collection[str]

    def over(self, one: Planned) -> str:
        """Why a touch is not needed any more, in a few words; "" where its cause stands.

        The kind's own question comes first, then what ends every touch but an answer: who was spoken to
        since, and who is not to be contacted.
        """
        return self._cause(one) or ("" if ACTIONS[one.action].is_answer else self._reached(one))

    def _cause(self, one: Planned) -> str:
        is_here = one.customer in self._customers
        if one.action in OF_THE_GONE:
            return "a customer again" if is_here else ""
        if one.action not in OF_ANYBODY and not (is_here or self._is_trying(one.customer)):
            return LEFT
        if one.customer in self.leaving and not ACTIONS[one.action].is_answer:
            return ASKED
        own = QUESTIONS.get(one.action)
        return own(self, one) if own else ""

    def _is_trying(self, who: str) -> bool:
        """Whether a trial goes on: such a newcomer is no customer yet, and is not gone."""
        now = self._trials.get(who)
        if now is None or not pd.isna(now.served_on):
            return False
        return bool(pd.isna(now.end_on) or now.end_on.date() > self._day)

    def _reached(self, one: Planned) -> str:
        if one.customer in self._refused:
            return "not to be contacted"
        on = self._contacts.get(one.customer)
        return f"spoken to on {formats.day(on)}" if on and on >= one.since else ""

    # --- a question a kind

    def _recovered(self, one: Planned) -> str:
        if (one.customer, one.action) in self.to_answer:
            return ""
        if one.customer not in self._customers:
            return LEFT
        if one.customer in self._unpaid:
            return f"it failed more than {formats.plural(self.business.settings.dunning_days, 'day')} ago"
        return "no payment is open any more"

    def _kept(self, one: Planned) -> str:
        if (one.customer, one.action) in self.to_answer:
            return ""
        reached = self._reached(one)
        return reached or ("they stay" if one.customer in self._customers else "they have left")

    def _tried(self, one: Planned) -> str:
        now = self._trials.get(one.customer)
        if now is None:
            return "no free time is known any more"
        if not pd.isna(now.served_on):
            return f"a customer since {formats.day(now.served_on)}"
        if pd.isna(now.end_on):
            ends = one.row.cells.get("leaves_on", "")
            is_past = not one.is_said and "" < ends < str(self._day)
            return "the free time goes on longer than was expected" if is_past else ""
        is_late = (self._day - now.end_on.date()).days > LATE_DAYS
        return "" if one.is_said and not is_late else f"the free time ended on {formats.day(now.end_on)}"

    def _safe(self, one: Planned) -> str:
        is_told = self.at_risk is not None
        return "not at risk any more" if is_told and one.customer not in (self.at_risk or ()) else ""

    def _onboarded(self, one: Planned) -> str:
        return "the onboarding is finished" if one.customer in self._finished else ""

    def _renewed(self, one: Planned) -> str:
        return "" if one.customer in self._renewing else "no renewal is near any more"

    def _content(self, one: Planned) -> str:
        score = self._scores.get(one.customer)
        return f"gave {score} of 10 since" if score is not None and score > DETRACTOR else ""

    def _less_glad(self, one: Planned) -> str:
        answer = self._answered.get(one.customer)
        is_new = answer is not None and answer >= one.since
        score = self._scores.get(one.customer)
        return f"gave {score} of 10 since" if is_new and score is not None and score < PROMOTER else ""

    def _resumed(self, one: Planned) -> str:
        begun = self._pauses.get(one.customer)
        return "" if begun is not None and begun <= one.since else "the pause is over"

    def _bought(self, one: Planned) -> str:
        if one.customer in self.leaving:
            return ASKED
        on = self._purchases.get(one.customer)
        if on is not None and on >= one.since:
            return f"bought on {formats.day(on)}"
        return LEFT if one.customer in self._unsubscribed else ""

    def _used(self, one: Planned) -> str:
        on = self._uses.get(one.customer)
        return f"used it on {formats.day(on)}" if on is not None and on >= one.since else ""

    def _grown(self, one: Planned) -> str:
        was = self._plans(one.since - dt.timedelta(days=1)).get(one.customer)
        now = self._plans(self._day).get(one.customer)
        return f"on the plan {now} by now" if was is not None and now != was else ""

    # --- what the data say, of those who are asked about, once

    @property
    def _day(self) -> dt.date:
        return self.business.as_of - dt.timedelta(days=1)

    @cached_property
    def _customers(self) -> set[str]:
        rows = months.kept_customer_months(self.business)
        now = rows.filter((rows.month == self.business.report_month) & (rows.state_at_end != "none"))
        return set(now.customer_id.execute())

    @cached_property
    def _refused(self) -> set[str]:
        customers = self.business.table("customers")
        return set(customers.filter(customers.may_contact == MAY_NOT).customer_id.execute())

    @cached_property
    def _contacts(self) -> dict[str, dt.date]:
        return _days(last_contacts(self.business), "contacted_on")

    @cached_property
    def _unpaid(self) -> set[str]:
        return set(rows_of(open_failures(self.business), self.who).customer_id.execute())

    @cached_property
    def _trials(self) -> dict[str, Any]:
        return {row.customer_id: row for row in latest_trials(self.business).itertuples()}

    @cached_property
    def _finished(self) -> set[str]:
        return set(rows_of(onboarded(self.business), self.who).customer_id.execute())

    @cached_property
    def _renewing(self) -> set[str]:
        return set(renewals_coming(self.business)["customer_id"])

    @cached_property
    def _latest(self) -> pd.DataFrame:
        rows = answers(self.business)
        return rows[rows["is_latest"]]

    @cached_property
    def _scores(self) -> dict[str, int]:
        return {row.customer_id: int(row.score) for row in self._latest.itertuples()}

    @cached_property
    def _answered(self) -> dict[str, dt.date]:
        return _days(self._latest, "answered_on")

    @cached_property
    def _pauses(self) -> dict[str, dt.date]:
        """Since when those are paused who are paused on the day."""
        rows = pauses(self.business)
        return _days(rows[rows["end_on"].isna()], "begin_on")

    @cached_property
    def _purchases(self) -> dict[str, dt.date]:
        latest = gaps(self.business).groupby("customer_id", as_index=False)["bought_on"].max()
        return _days(latest, "bought_on")

    @cached_property
    def _unsubscribed(self) -> set[str]:
        if self.business.counts_buyers:
            return set()
        spans = rows_of(kept_spans(self.business), self.who)
        return set(spans.customer_id.execute()) - self._customers

    @cached_property
    def _uses(self) -> dict[str, dt.date]:
        """The latest day on which each of them used it; where no use is seen, read a mail."""
        if sees_use(self.business):
            used = rows_of(months.days_of_use(self.business), self.who)
            seen = [used.select("customer_id", on=used.day)]
        else:
            mails = rows_of(self.business.table("emails"), self.who)
            seen = [mails.select("customer_id", on=mails[name]) for name in ("opened_on", "clicked_on")]
        every = pd.concat([part.execute() for part in seen], ignore_index=True).dropna()
        every["on"] = pd.to_datetime(every["on"])
        return _days(every.groupby("customer_id", as_index=False)["on"].max(), "on")

    def _plans(self, day: dt.date) -> dict[str, str]:
        """The plan of each at the end of a day; of several the first by name."""
        spans = rows_of(kept_spans(self.business), self.who)
        found = spans.filter(covers(spans, day)).group_by("customer_id").aggregate(plan=spans.plan.min())
        rows = found.execute()
        return dict(zip(rows["customer_id"], rows["plan"], strict=True))


def _days(rows: pd.DataFrame, column: str) -> dict[str, dt.date]:
    return dict(zip(rows["customer_id"], pd.to_datetime(rows[column]).dt.date, strict=True))


QUESTIONS: Mapping[str, Callable[[Standing, Planned], str]] = {
    "recover_payment": Standing._recovered,
    "keep": Standing._kept,
    "trial": Standing._tried,
    "at_risk": Standing._safe,
    "onboarding": Standing._onboarded,
    "renewal": Standing._renewed,
    "detractor": Standing._content,
    "pause": Standing._resumed,
    "buyer": Standing._bought,
    "silent": Standing._used,
    "recommend": Standing._less_glad,
    "grow": Standing._grown,
}

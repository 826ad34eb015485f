"""Make the sample business: two years of a small subscription company with known truths inside.

    python data/sample/make_sample.py [--out DIR] [--seed N]

Kiebitzplan is an invented project planner for small studios. Nobody in it exists. README.md says
what the tables hold, which truths are planted and which customer shows which boundary case.

The texts stand in sample_texts.py, the calendar and the hand-made customers in sample_cases.py.
Every subject (people, use, requests, payments, …) draws from a random stream of its own, so that
a change in one table does not shuffle the others.
"""

from __future__ import annotations

import argparse
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import sample_texts as texts
from numpy.random import Generator
from numpy.typing import NDArray
from sample_cases import (
    DAY,
    DAYS,
    DUPLICATED,
    END,
    FIRST_MIDNIGHT,
    HAND_MADE,
    OPEN,
    UNKNOWN,
    Payment,
    Request,
    Span,
    Story,
    instant,
    instants,
    minute,
    months_after,
    told,
)

HERE = Path(__file__).resolve().parent
SEED = 30

# ------------------------------------------------------------------------------- planted numbers

CHANNELS = ("search", "referral", "partner", "paid_social")
CHANNEL_SHARES = (0.25, 0.28, 0.17, 0.30)
# The confounder: the channel drives the integration and, on its own, staying.
INTEGRATION_CHANCE = (0.35, 0.85, 0.85, 0.06)
CHANNEL_HAZARD = (1.0, 0.45, 0.45, 1.9)

ONBOARDED_SHARE = 0.5
PROJECTS_WEEK1 = 1.2
# Daily chance of use from day 7: log odds of a weekday.
USE_BASE, USE_ONBOARDED, USE_PER_PROJECT, USE_KEENNESS = -1.05, 1.40, 0.40, 0.40
WEEK1_CHANCE, WEEKEND = 0.50, 0.25
# The mediator: from day 30 to day 119 after sign-up each active day of days 7–29 multiplies the
# daily chance of a request to cancel by this; nothing else carries onboarding or projects.
HAZARD_PER_ACTIVE_DAY, USUAL_ACTIVE_DAYS = 0.78, 8.0

# Daily chance of a request to cancel, by days since the first day of service.
BASE_HAZARD = ((0, 0.0084), (30, 0.0080), (60, 0.0010), (90, 0.0008), (120, 0.00062))
FOUNDER_HAZARD = 0.4
ANNUAL_HAZARD = 0.5
# A fade: use drops to a tenth for some weeks and, from its tenth day, adds to the daily chance.
FADE_EVERY, FADE_DAYS, FADE_USE, FADE_HAZARD, FADE_DELAY = 500, (45, 80), 0.1, 0.012, 10

CALL_STARTS, CALL_HAZARD, CALL_DAYS = minute("2026-02-01"), 0.12, 35
PAUSE_OFFER_STARTS, PAUSE_ACCEPTED, PAUSE_RESUMED = minute("2025-09-01"), 0.40, 0.65
CHECKIN_DAYS = ("2026-01-15", "2026-04-15", "2026-07-15")
CHECKIN_SHARE, CHECKIN_HAZARD, CHECKIN_LASTS = 0.20, 0.50, 90
VIDEO_LOST = 0.36
# Whom the owner mails at the tenth project: by channel, so the channel confounds this too.
MAIL_CHANCE = (0.30, 0.92, 0.92, 0.06)

OUTAGE, OUTAGE_SHARE, OUTAGE_DAYS = minute("2026-03-04"), 0.10, 24
PRICE_RISE, RISE_ON_RENEWAL = minute("2026-06-01"), minute("2026-06-15")
LAUNCH = minute("2026-01-20")

RETURN_CHANCE, RETURN_WITHIN = 0.05, 120
WIN_BACKS = (("spring_win_back", "2026-04-14T09:00"), ("autumn_win_back", "2026-09-22T09:00"))
WIN_BACK_MAILED, WIN_BACK_CHANCE, WIN_BACK_DAYS = 0.7, {"mailed": 0.14, "held_out": 0.05}, 80

# A mail to who pays and was silent for a week: it does nothing at all.
GREETING, GREETING_AT, GREETING_SILENT, GREETING_MAILED = "summer_greeting", "2026-06-16T09:00", 7, 0.5

PAYMENT_FAILS, FAILURE_IS_FINAL, DUNNING = 0.035, 0.28, (3, 5, 7, 14)

# Training, bought by the hour beside the subscription: who buys says nothing about who stays.
TRAINS, FIRST_TRAINING, HOUR, HOURS = 0.35, (5, 120), 45, ((1, 2, 4), (0.5, 0.35, 0.15))
TRAINING_PACE, NEVER_AGAIN = (2.0, 45.0), (1.0, 3.0)  # gamma: days between; beta: gone after a purchase

# Support answers within a day or so, and closes some days later: longer at weekends, or never.
ANSWER_HOURS, CLOSE_DAYS, NEVER_ANSWERED = 9.0, 2.5, 0.04
# What a month of a channel costs, in euros, give or take; word of mouth costs nothing that is written down.
SPEND, SPEND_VARIES = {"search": 620, "partner": 480, "paid_social": 2600}, 0.12

PLANS = ("solo", "team", "studio")
PRICES = {"solo": (19, 21), "team": (59, 65), "studio": (149, 159), "free": (0, 0)}
REASONS = tuple(texts.COMMENTS)
# Shares of the reasons among answers: before the launch, after it, after the price rise.
REASON_SHARES: dict[str, tuple[float, ...]] = {
    #             unused  price   feature other   value   then the six rarer ones
    "at_first": (0.25, 0.18, 0.30, 0.10, 0.09, 0.02, 0.02, 0.00, 0.02, 0.01, 0.01),
    "launched": (0.35, 0.18, 0.10, 0.16, 0.13, 0.02, 0.02, 0.00, 0.02, 0.01, 0.01),
    "dearer": (0.20, 0.42, 0.10, 0.11, 0.09, 0.02, 0.02, 0.00, 0.02, 0.01, 0.01),
}
NOT_ASKED, LEAVES_AT_ONCE, NOT_ANSWERED, COMMENTED = 0.12, 0.18, 0.18, 0.55

COUNTRIES, COUNTRY_SHARES = ("DE", "AT", "CH", "NL", "FR", "DK"), (0.5, 0.14, 0.1, 0.1, 0.1, 0.06)
USE_CASES = ("client_projects", "campaigns", "exhibitions", "internal_planning")
USE_CASE_SHARES = (0.5, 0.22, 0.1, 0.18)
INDUSTRIES = ("architecture", "graphic_design", "film", "advertising", "interior_design")
INDUSTRY_SHARES = (0.3, 0.25, 0.15, 0.18, 0.12)
SIZES, SIZE_SHARES = ("1", "2 to 5", "6 to 15", "16 to 50"), (0.34, 0.36, 0.22, 0.08)
PLAN_BY_SIZE = ((0.80, 0.17, 0.03), (0.40, 0.48, 0.12), (0.12, 0.58, 0.30), (0.04, 0.36, 0.60))

STREAMS = (
    "people", "use", "fades", "requests", "lives", "payments", "answers", "experiments",
    "win_back", "events", "emails", "tickets", "nps", "contacts", "greeting", "orders", "help", "spend",
)  # fmt: skip  # new streams go to the end: each keeps its numbers


def streams(seed: int) -> dict[str, Generator]:
    """One random stream a subject."""
    children = np.random.SeedSequence(seed).spawn(len(STREAMS))
    return {name: np.random.default_rng(child) for name, child in zip(STREAMS, children, strict=True)}


# ---------------------------------------------------------------------------------------- people


@dataclass(frozen=True)
class People:
    """One place a customer in every array: who they are and how they came, fixed at sign-up."""

    ids: NDArray[np.str_]
    signed_up: NDArray[np.int64]
    first: NDArray[np.int64]  # the first instant of service; OPEN for those who never paid
    is_dated: NDArray[np.bool_]  # signed and billed by day: founders, and those who pay by invoice
    is_founder: NDArray[np.bool_]
    has_trial: NDArray[np.bool_]
    is_annual: NDArray[np.bool_]
    is_discounted: NDArray[np.bool_]
    is_onboarded: NDArray[np.bool_]
    is_connected: NDArray[np.bool_]
    projects: NDArray[np.int64]
    keenness: NDArray[np.float64]
    channel: NDArray[np.int64]
    size: NDArray[np.int64]
    plan: NDArray[np.int64]
    industry: NDArray[np.int64]
    use_case: NDArray[np.int64]
    country: NDArray[np.int64]
    made: int  # from this place on, customers are hand-made

    def __len__(self) -> int:
        return len(self.ids)


def sign_ups(rng: Generator) -> tuple[NDArray[np.int64], int]:
    """Minutes of the sign-ups in order: 130 founders in the first month, then a slow ramp."""
    founders = np.sort(rng.integers(0, 29, 130)) * DAY
    later = []
    for month in range(1, 24):
        start, end = months_after(0, month) // DAY, months_after(0, month + 1) // DAY
        count = round(24.0 + 0.37 * month + 2 * rng.standard_normal())
        later.append(rng.integers(start, end, count) * DAY + rng.integers(480, 1200, count))
    return np.concatenate([founders, np.sort(np.concatenate(later))]), len(founders)


def people(rng: Generator) -> People:
    """Draw the customers: attributes, first days and plans, then place the hand-made ones last."""
    signed_up, founders = sign_ups(rng)
    made = len(signed_up)
    signed_up = np.concatenate([signed_up, [minute(case.signed_up) for case in HAND_MADE]])
    count = len(signed_up)
    order = np.arange(count)
    is_founder = order < founders
    is_made = order >= made
    by_invoice = (rng.random(count) < 0.05) & ~is_founder & ~is_made & (signed_up < END - DAY)
    has_trial = (rng.random(count) < 0.35) & ~is_founder & ~by_invoice & ~is_made
    never_pays = has_trial & (rng.random(count) < 0.22)
    first = np.where(has_trial, signed_up + 14 * DAY, signed_up + rng.integers(4, 60, count))
    first = np.where(by_invoice, (signed_up // DAY + 1) * DAY, first)
    first = np.where(is_founder, signed_up, first)
    first = np.where(never_pays | (first >= END), OPEN, first)
    first[made:] = [minute(case.spans[0].split("|")[0].strip()) for case in HAND_MADE]
    size = rng.choice(4, count, p=SIZE_SHARES)
    chance = np.cumsum(PLAN_BY_SIZE, axis=1)[size]
    is_annual = rng.random(count) < 0.12
    numbers = [*range(1, made + 1), *(case.number for case in HAND_MADE)]
    return People(
        ids=np.array([f"C-{n:04d}" for n in numbers]),
        signed_up=signed_up,
        first=first,
        is_dated=is_founder | by_invoice,
        is_founder=is_founder,
        has_trial=has_trial,
        is_annual=is_annual,
        is_discounted=~is_annual & (rng.random(count) < 0.15),
        is_onboarded=rng.random(count) < ONBOARDED_SHARE,
        projects=np.minimum(rng.poisson(PROJECTS_WEEK1, count), 6),
        keenness=rng.standard_normal(count),
        channel=(channel := rng.choice(4, count, p=CHANNEL_SHARES)),
        is_connected=rng.random(count) < np.take(INTEGRATION_CHANCE, channel),
        size=size,
        plan=np.minimum((rng.random(count)[:, None] > chance).sum(axis=1), 2),
        industry=rng.choice(len(INDUSTRIES), count, p=INDUSTRY_SHARES),
        use_case=rng.choice(len(USE_CASES), count, p=USE_CASE_SHARES),
        country=rng.choice(len(COUNTRIES), count, p=COUNTRY_SHARES),
        made=made,
    )


# ------------------------------------------------------------------------- use and wish to leave

WEEKDAY = (np.arange(DAYS) + FIRST_MIDNIGHT.weekday()) % 7


def chance_of_use(who: People) -> NDArray[np.float64]:
    """Customer × day: the chance to log in on that day if nothing comes between."""
    odds = (
        USE_BASE
        + USE_ONBOARDED * who.is_onboarded
        + USE_PER_PROJECT * (who.projects - PROJECTS_WEEK1)
        + USE_KEENNESS * who.keenness
    )
    usual = 1 / (1 + np.exp(-odds))
    since = np.arange(DAYS) - (who.signed_up // DAY)[:, None]
    chance = np.where(since < 7, WEEK1_CHANCE, usual[:, None])
    chance = chance * np.where(WEEKDAY >= 5, WEEKEND, 1.0)
    return np.where(since == 0, 1.0, np.where(since < 0, 0.0, chance))


def fades(who: People, rng: Generator) -> NDArray[np.bool_]:
    """Customer × day: is this a time in which use has faded? None in the first 30 days."""
    count, episodes = len(who), 8
    waits = rng.exponential(FADE_EVERY, (count, episodes)).astype(int)
    lasts = rng.integers(*FADE_DAYS, (count, episodes))
    starts = np.cumsum(waits + lasts, axis=1) - lasts + (who.signed_up // DAY + 30)[:, None]
    faded = np.zeros((count, DAYS), dtype=bool)
    for i, episode in np.argwhere(starts < DAYS):
        faded[i, starts[i, episode] : starts[i, episode] + lasts[i, episode]] = True
    return faded


def delayed(faded: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The days of a fade from its tenth on: use falls first, the wish to leave follows."""
    late = faded.copy()
    late[:, FADE_DELAY:] &= faded[:, :-FADE_DELAY]
    return late


def wishes(
    who: People,
    early_days: NDArray[np.int64],
    faded: NDArray[np.bool_],
    called: NDArray[np.bool_],
    rng: Generator,
) -> list[list[tuple[int, bool]]]:
    """For each customer the instants at which they would ask to leave; True = for the outage."""
    day = np.arange(DAYS)
    tenure = day - (who.first // DAY)[:, None]
    since = day - (who.signed_up // DAY)[:, None]
    from_day, level = np.array(BASE_HAZARD).T
    effective = np.where(who.is_founder[:, None], tenure + 120, tenure)
    hazard = np.where(tenure >= 1, level[np.searchsorted(from_day, effective, "right") - 1], 0.0)
    use = HAZARD_PER_ACTIVE_DAY ** (early_days - USUAL_ACTIVE_DAYS)
    hazard *= np.where((since >= 30) & (since < 120), use[:, None], 1.0)
    hazard += np.where(delayed(faded) & (tenure >= 1), FADE_HAZARD, 0.0)
    hazard *= np.take(CHANNEL_HAZARD, who.channel)[:, None]
    hazard *= np.where(called[:, None] & (tenure < CALL_DAYS), CALL_HAZARD, 1.0)
    hazard *= np.where(who.is_annual, ANNUAL_HAZARD, 1.0)[:, None]
    hazard *= np.where(who.is_founder, FOUNDER_HAZARD, 1.0)[:, None]
    asks = rng.random(hazard.shape) < -np.expm1(-hazard)
    at = rng.integers(8 * 60, 21 * 60, (len(who), 2))
    by_outage = rng.random(len(who)) < OUTAGE_SHARE
    outage_day = OUTAGE // DAY + 1 + rng.integers(0, OUTAGE_DAYS, len(who))
    found: list[list[tuple[int, bool]]] = [[] for _ in range(len(who))]
    for i, d in np.argwhere(asks):
        found[i].append((int(d) * DAY + int(at[i, 0]), False))
    for i in np.flatnonzero(by_outage & ~who.is_annual & (who.first // DAY < outage_day)):
        found[i].append((int(outage_day[i]) * DAY + int(at[i, 1]), True))
        found[i].sort()
    return found


# ----------------------------------------------------------------------------------------- lives

LIVES, PERIODS = 2, 26


@dataclass(frozen=True)
class Draws:
    """Uniform numbers for what can happen to a customer, drawn before any story is told."""

    fails: NDArray[np.float64]  # customer × life × period, as are the next three
    is_final: NDArray[np.float64]
    switch: NDArray[np.float64]
    courtesy: NDArray[np.float64]
    manner: NDArray[np.float64]  # customer × life: leaves at once, not asked, or at period end
    answer: NDArray[np.float64]
    reason: NDArray[np.float64]
    comment: NDArray[np.float64]
    accepts: NDArray[np.float64]  # customer
    resumes: NDArray[np.float64]
    returns: NDArray[np.float64]
    delay: NDArray[np.float64]
    second_stay: NDArray[np.float64]
    offered: NDArray[np.bool_]


def draws(count: int, stream: dict[str, Generator]) -> Draws:
    """All uniforms at once, from the streams of their subjects."""
    lives, pay, answers = stream["lives"], stream["payments"], stream["answers"]
    periods = (count, LIVES, PERIODS)
    return Draws(
        fails=pay.random(periods),
        is_final=pay.random(periods),
        switch=lives.random(periods),
        courtesy=lives.random(periods),
        manner=lives.random((count, LIVES)),
        answer=answers.random((count, LIVES)),
        reason=answers.random((count, LIVES)),
        comment=answers.random((count, LIVES, 2)),
        accepts=lives.random(count),
        resumes=lives.random(count),
        returns=lives.random(count),
        delay=lives.random(count),
        second_stay=lives.exponential(900, count),
        offered=stream["experiments"].random(count) < 0.5,
    )


def plans_held(first_plan: int, draw: NDArray[np.float64]) -> list[str]:
    """The plan in each billing period: now and then a switch, upwards more often than down."""
    plan, held = first_plan, []
    for period, chance in enumerate(draw):
        if period >= 2 and chance < 0.014:
            plan = min(plan + 1, 2) if chance < 0.009 else max(plan - 1, 0)
        held.append(PLANS[plan])
    return held


def monthly_price(plan: str, at: int, *, is_new: bool, is_annual: bool, off: bool) -> Decimal:
    """What a month costs: the new list price for newcomers at once, for others on renewal."""
    risen = at >= (PRICE_RISE if is_new else RISE_ON_RENEWAL)
    price = Decimal(PRICES[plan][int(risen)])
    if is_annual:
        return round(price * 10 / 12, 6)
    return price * Decimal("0.8") if off else price


@dataclass
class Teller:
    """Tells the story of each customer from numbers that are already drawn."""

    who: People
    wishes: list[list[tuple[int, bool]]]
    faded: NDArray[np.bool_]
    draws: Draws
    ignored: dict[int, tuple[int, int]] = field(default_factory=dict)  # wishes that a call averts
    returns: dict[int, int | None] = field(default_factory=dict)  # decided by a win-back campaign

    def story(self, i: int) -> Story:
        """From the trial through at most two stays with service."""
        story = Story()
        signed_up, first = int(self.who.signed_up[i]), int(self.who.first[i])
        if self.who.has_trial[i]:
            plan = PLANS[self.who.plan[i]]
            end = signed_up + 14 * DAY
            story.spans.append(Span(signed_up, end, plan, None, "trialing", "month", 1))
        if first >= END:
            return story
        averted = self.ignored.get(i, (0, 0))
        wish, outage = next(
            ((at, outage) for at, outage in self.wishes[i] if not averted[0] <= at < averted[1]),
            (OPEN, False),
        )
        end, asked = self._stay(story, i, 0, first, wish, outage, subscription=1)
        if end >= END:
            return story
        is_offered = story.offer is not None and story.offer[1] == "pause_offered"
        if is_offered and self.draws.accepts[i] < PAUSE_ACCEPTED:
            self._pause(story, i, end, asked)
            return story
        story.lapsed_at = end
        back = end + DAY * 5 + int(self.draws.delay[i] * (RETURN_WITHIN - 5)) * DAY + 37
        if i in self.returns:
            back = self.returns[i] or OPEN
        elif self.draws.returns[i] >= RETURN_CHANCE:
            back = OPEN
        if back < END:
            story.returned_at = back
            self._stay(story, i, 1, back, self._second_wish(i, back), False, subscription=2)
        return story

    def _second_wish(self, i: int, start: int) -> int:
        return start + DAY + int(self.draws.second_stay[i]) * DAY

    def _pause(self, story: Story, i: int, start: int, asked: int) -> None:
        """The customer takes the month's pause instead of leaving, then comes back or goes."""
        story.requests.pop()  # the wish was taken back: no cancellation
        last = story.spans[-1]
        end = months_after(start, 1)
        story.spans.append(last._replace(start=start, end=end, mrr=None, status="paused"))
        if end >= END:
            return
        if self.draws.resumes[i] < PAUSE_RESUMED:
            self._stay(story, i, 1, end, self._second_wish(i, end), False, subscription=1)
        else:
            story.requests.append(self._request(i, 1, end - 3 * DAY, end, is_asked=True))
            story.lapsed_at = end

    def _request(self, i: int, life: int, at: int, end: int, *, is_asked: bool,
                 outage: bool = False) -> Request:  # fmt: skip
        """A voluntary wish to leave with the answer that the customer gave, if any."""
        reason, comment = "", ""
        if is_asked and self.draws.answer[i, life] >= NOT_ANSWERED:
            phase = "at_first" if at < LAUNCH else "launched" if at < PRICE_RISE else "dearer"
            shares = np.array(REASON_SHARES[phase])
            if self.faded[i, min(at // DAY, DAYS - 1)]:  # said fits done: the faded say "unused"
                shares[0], shares[3] = shares[0] + shares[3] * 0.8, shares[3] * 0.2
            chosen = int((np.cumsum(shares)[:-1] <= self.draws.reason[i, life]).sum())
            reason = "low_quality" if outage else REASONS[chosen]
            said, which = self.draws.comment[i, life]
            if said < COMMENTED:
                pool = texts.COMMENTS[reason]
                comment = pool[int(which * len(pool))]
        return Request(at, end, "voluntary", is_asked, reason, comment)

    def _stay(self, story: Story, i: int, life: int, start: int, wish: int, outage: bool, *,
              subscription: int) -> tuple[int, int]:  # fmt: skip
        """Tell one stay with service; answer when it ends and when they asked."""
        annual = bool(self.who.is_annual[i]) and life == 0
        step = 12 if annual else 1
        due = billing_days(start, step)
        manner = 1.0 if annual else self.draws.manner[i, life]
        at_once = outage or manner < LEAVES_AT_ONCE
        end = OPEN if wish >= END else wish if at_once else next(at for at in due if at > wish)
        held = plans_held(int(self.who.plan[i]), self.draws.switch[i, life])
        new: list[Span] = []
        gave_up = False
        for k, at in enumerate(due[:-1]):
            if at >= min(end, END):
                break
            plan = PLANS[self.who.plan[i]] if annual else held[k]
            price = monthly_price(
                plan,
                at,
                is_new=k == 0,
                is_annual=annual,
                off=bool(self.who.is_discounted[i]) and life == 0 and k < 3,
            )
            usual = Span(at, due[k + 1], plan, price, "active", "year" if annual else "month",
                         subscription, bool(self.who.is_dated[i]) and life == 0)  # fmt: skip
            bill = round(price * step, 2)
            pay_at = at + 3 if at % DAY else at + 9 * 60
            courtesy = self.draws.courtesy[i, life, k]
            if k >= 3 and not annual and courtesy < 0.008 and wish > due[k + 1]:
                status = "paused" if courtesy < 0.006 else "comped"
                new.append(usual._replace(mrr=None, status=status))
            elif k and self.draws.fails[i, life, k] < PAYMENT_FAILS and end > at + 14 * DAY:
                gave_up = self.draws.is_final[i, life, k] < FAILURE_IS_FINAL
                tries = [at] + [at + days * DAY for days in DUNNING]
                if not gave_up:
                    tries = tries[: 2 + int(self.draws.is_final[i, life, k] * 3 % 3)]
                story.payments += [Payment(pay_at - at + t, "failed", bill) for t in tries[:-1]]
                status = "failed" if gave_up else "succeeded"
                story.payments.append(Payment(pay_at - at + tries[-1], status, bill))
                new.append(usual._replace(end=tries[-1], status="past_due"))
                if gave_up:
                    end = tries[-1]
                    break
                new.append(usual._replace(start=tries[-1]))
            else:
                story.payments.append(Payment(pay_at, "succeeded", bill))
                new.append(usual)
        new[-1] = new[-1]._replace(end=min(end, new[-1].end))
        if end < new[-1].start:
            new.pop()
        story.spans += joined(new)
        if gave_up:
            reason = "payment_disputed" if self.draws.answer[i, life] < 0.06 else "payment_failed"
            story.requests.append(Request(end, end, "involuntary", True, reason, ""))
        elif wish < END:
            is_asked = outage or manner >= NOT_ASKED
            request = self._request(i, life, wish, end, is_asked=is_asked, outage=outage)
            story.requests.append(request)
            if is_asked and not outage and not annual and life == 0 and wish >= PAUSE_OFFER_STARTS:
                story.offer = (wish, "pause_offered" if self.draws.offered[i] else "control")
            if at_once and end < END:
                story.payments.append(Payment(end + 30, "refunded", story.payments[-1].amount))
        return end, wish


def billing_days(start: int, step: int) -> list[int]:
    """The first instants of the billing periods, up to the first one after the history."""
    due = [start]
    while due[-1] < END:
        due.append(months_after(start, step * len(due)))
    return due


def joined(spans: Sequence[Span]) -> list[Span]:
    """Neighbouring periods of the same plan, price and status as one span."""
    found: list[Span] = []
    for span in spans:
        if found and found[-1]._replace(start=span.start, end=span.end) == span:
            found[-1] = found[-1]._replace(end=span.end)
        else:
            found.append(span)
    return found


def mrr_at(story: Story, at: int) -> Decimal:
    """The MRR of a customer at an instant."""
    covering = (s.mrr for s in story.spans if s.start < at <= s.end and s.mrr is not None)
    return sum((mrr for mrr in covering), Decimal(0))


class Assignment(NamedTuple):
    """A customer in an arm of an experiment."""

    experiment: str
    customer: int
    arm: str
    at: int


class Enrolment(NamedTuple):
    """A lapsed customer in a win-back campaign."""

    campaign: str
    customer: int
    group: str
    at: int


def told_in_order(
    teller: Teller, stream: dict[str, Generator]
) -> tuple[list[Story], list[Assignment], list[Enrolment]]:
    """All stories. Check-ins and win-backs see who is there on their day, and change the rest."""
    who = teller.who
    stories = [teller.story(i) for i in range(who.made)]
    assignments: list[Assignment] = []
    enrolments: list[Enrolment] = []
    days = [(minute(day), "") for day in CHECKIN_DAYS]
    days += [(minute(at), campaign) for campaign, at in WIN_BACKS]
    for at, campaign in sorted(days):
        if campaign:
            enrolments += win_back(teller, stories, campaign, at, enrolments, stream["win_back"])
        else:
            assignments += check_in(teller, stories, at, assignments, stream["experiments"])
    stories += [told(case) for case in HAND_MADE]
    return stories, assignments, enrolments


def check_in(
    teller: Teller, stories: list[Story], at: int, before: list[Assignment], rng: Generator
) -> list[Assignment]:
    """Randomise the largest fifth by MRR who are not yet in; a call averts every second wish."""
    coin, averts = rng.random((2, len(stories)))
    mrr = np.array([float(mrr_at(story, at)) for story in stories])
    seen = {assignment.customer for assignment in before}
    largest = np.argsort(-mrr, kind="stable")[: int((mrr > 0).sum() * CHECKIN_SHARE)]
    new = []
    for i in sorted(int(i) for i in largest):
        if i in seen or any(request.at < at for request in stories[i].requests):
            continue
        arm = "checkin" if coin[i] < 0.5 else "control"
        new.append(Assignment("quarterly_checkins", i, arm, at + 9 * 60))
        if arm == "checkin" and averts[i] >= CHECKIN_HAZARD:
            teller.ignored[i] = (at, at + CHECKIN_LASTS * DAY)
            stories[i] = teller.story(i)
    return new


def win_back(
    teller: Teller,
    stories: list[Story],
    campaign: str,
    at: int,
    before: list[Enrolment],
    rng: Generator,
) -> list[Enrolment]:
    """Enrol those who left in the year before and are away; the mails bring some of them back."""
    coin, returns, delay = rng.random((3, len(stories)))
    seen = {enrolment.customer for enrolment in before}
    new = []
    for i, story in enumerate(stories):
        left_in_time = story.lapsed_at and at - 365 * DAY <= story.lapsed_at < at - 7 * DAY
        is_back = story.returned_at is not None and story.returned_at < at
        after_pause = story.spans[-1].status == "paused"
        if not left_in_time or is_back or after_pause or i in seen:
            continue
        group = "mailed" if coin[i] < WIN_BACK_MAILED else "held_out"
        new.append(Enrolment(campaign, i, group, at))
        comes = returns[i] < WIN_BACK_CHANCE[group]
        at_day = at + int(1 + delay[i] * WIN_BACK_DAYS) * DAY + 150
        teller.returns[i] = at_day if comes else None
        stories[i] = teller.story(i)
    return new


def greeting(who: People, stories: Sequence[Story], events: pd.DataFrame, rng: Generator) -> list[Enrolment]:
    """Draw who pays and has not used it for a week; the mail is another tool's, and changes nothing."""
    coin, at = rng.random(len(stories)), minute(GREETING_AT)
    since = instant(at - GREETING_SILENT * DAY)
    recent = events[(events["occurred_at"] >= since) & (events["occurred_at"] < instant(at))]
    active = set(recent["customer_id"])
    return [
        Enrolment(GREETING, i, "mailed" if coin[i] < GREETING_MAILED else "held_out", at)
        for i, story in enumerate(stories)
        if mrr_at(story, at) > 0
        and story.spans[0].start < at - GREETING_SILENT * DAY
        and str(who.ids[i]) not in active
        and not any(request.at < at <= request.end for request in story.requests)
    ]


# ---------------------------------------------------------------------------------------- tables


def customers_table(who: People, rng: Generator) -> pd.DataFrame:
    """One row a customer: attributes at sign-up and two invented personal columns."""
    first = rng.choice(texts.FIRST_NAMES, len(who))
    last = rng.choice(texts.LAST_NAMES, len(who))
    plain = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
    emails = [
        f"{f}.{n}.{i[2:]}@example.com".lower().translate(plain)
        for f, n, i in zip(first, last, who.ids, strict=True)
    ]
    dated = who.is_founder | (who.ids == "C-9018")
    signed_up = instants(who.signed_up)
    return pd.DataFrame({
        "customer_id": who.ids,
        "signed_up_at": np.where(dated, signed_up.astype("U10"), signed_up),
        "industry": np.take(INDUSTRIES, who.industry),
        "company_size": np.take(SIZES, who.size),
        "use_case": np.take(USE_CASES, who.use_case),
        "country": np.take(COUNTRIES, who.country),
        "acquisition_channel": np.take(CHANNELS, who.channel),
        "email": emails,
        "name": [f"{f} {n}" for f, n in zip(first, last, strict=True)],
    })  # fmt: skip


def moment(at: int, is_dated: bool) -> str:
    """An instant as text: empty beyond the history, a plain date at midnight for dated rows."""
    if at >= END:
        return ""
    text = instant(at)
    return text[:10] if is_dated and at % DAY == 0 else text


def money(amount: Decimal | None) -> str:
    """An amount without useless zeros; unknown is empty."""
    return "" if amount is None else f"{amount.normalize():f}"


def subscriptions_table(who: People, stories: Sequence[Story]) -> pd.DataFrame:
    """One row a span, in the order of their starts; one is there twice, one belongs to nobody."""
    spans = sorted(
        (span.start, str(who.ids[i]), span)
        for i, story in enumerate(stories)
        for span in story.spans
        if span.start < END
    )
    nobody = Span(minute("2026-07-01T09:00"), OPEN, "solo", Decimal(21), "active", "month", 1)
    spans = sorted([*spans, (nobody.start, UNKNOWN, nobody)])
    numbers: dict[tuple[str, int], int] = {}
    rows = []
    for _, customer, span in spans:
        number = numbers.setdefault((customer, span.subscription), len(numbers) + 1)
        row = (
            customer, moment(span.start, span.is_dated), moment(span.end, span.is_dated),
            money(span.mrr), span.plan, span.status, "EUR", span.interval, f"S-{number:04d}",
        )  # fmt: skip
        rows += [row, row] if customer == DUPLICATED else [row]
    columns = ["customer_id", "started_at", "ended_at", "mrr", "plan", "status", "currency",
               "interval", "subscription_id"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def cancellations_table(who: People, stories: Sequence[Story]) -> pd.DataFrame:
    """One row a request to cancel, or the biller giving up; those who were not asked have none."""
    rows = sorted(
        (instant(r.at), str(who.ids[i]), r.reason, r.comment, r.kind)
        for i, story in enumerate(stories)
        for r in story.requests
        if r.is_asked and r.at < END
    )
    columns = ["canceled_at", "customer_id", "reason", "comment", "kind"]
    table = pd.DataFrame(rows, columns=columns)
    return table[["customer_id", "canceled_at", "reason", "comment", "kind"]]


def payments_table(who: People, stories: Sequence[Story]) -> pd.DataFrame:
    """One row an attempt, stamped in UTC as payment providers do."""
    rows = sorted(
        (payment.at, str(who.ids[i]), payment.status, f"{payment.amount:.2f}")
        for i, story in enumerate(stories)
        for payment in story.payments
        if payment.at < END
    )
    table = pd.DataFrame(rows, columns=["at", "customer_id", "status", "amount"])
    local = pd.to_datetime(instants(table["at"].to_numpy())).tz_localize("Europe/Berlin")
    table["attempted_at"] = local.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ")
    return table[["customer_id", "attempted_at", "status", "amount"]]


Intervals = list[list[tuple[int, int]]]


def times_of_use(stories: Sequence[Story], quiet: bool) -> Intervals:
    """For each customer when they can use the product; or when they have decided to go."""
    if quiet:
        return [[(r.at, r.end) for r in s.requests if r.kind == "voluntary"] for s in stories]
    return [
        [(s.start, s.end) for s in story.spans if s.status != "paused" and s.plan != "free"]
        for story in stories
    ]


def on_days(intervals: Intervals) -> NDArray[np.bool_]:
    """Customer × day: does the day lie in one of the intervals (its last day does not)?"""
    grid = np.zeros((len(intervals), DAYS), dtype=bool)
    for i, pairs in enumerate(intervals):
        for start, end in pairs:
            grid[i, start // DAY : min(max(end // DAY, start // DAY + 1), DAYS)] = True
    return grid


def events_table(
    who: People,
    stories: Sequence[Story],
    active: NDArray[np.bool_],
    faded: NDArray[np.bool_],
    rng: Generator,
) -> pd.DataFrame:
    """One row an event, in the order of time. Every event lies on a day with a login."""
    use = times_of_use(stories, quiet=False)
    serving = on_days(use)
    earliest = np.zeros((len(who), DAYS), dtype=np.int64)
    for i, times in enumerate(use):
        ends = {end for _, end in times}
        for begin in (begin for begin, _ in times if begin not in ends):
            earliest[i, begin // DAY] = begin
    quiet = on_days(times_of_use(stories, quiet=True))
    quiet[:, 1:] &= quiet[:, :-1]  # the day of the request itself is like any other
    kept = rng.random(active.shape)
    active = active & serving & (kept < np.where(faded, FADE_USE, 1.0))
    active &= kept < np.where(quiet, 0.06, 1.0)
    customer, day = np.nonzero(active)
    sign_up_day = who.signed_up // DAY
    start = rng.integers(7 * 60, 20 * 60, len(day))
    is_first = day == sign_up_day[customer]
    start = np.where(is_first, who.signed_up[customer] % DAY + 2, start)
    start = np.where(is_first & (start < 7 * 60), 9 * 60, start)
    login = day * DAY + start
    rows: list[tuple[NDArray[np.int64], NDArray[np.int64], str]] = [(customer, login, "login")]

    week1 = day - sign_up_day[customer] < 7
    for name, chance in (("project_created", 0.22), ("report_exported", 0.17),
                         ("comment_posted", 0.24)):  # fmt: skip
        does = rng.random(len(day)) < chance
        if name == "project_created":
            does &= ~week1
        rows.append((customer[does], login[does] + rng.integers(3, 170, does.sum()), name))
    rows += first_steps(who, login, customer, rng)

    who_did = np.concatenate([r[0] for r in rows])
    when = np.concatenate([r[1] for r in rows])
    what = np.repeat([r[2] for r in rows], [len(r[0]) for r in rows])
    last = np.array([max(s.end for s in story.spans if s.plan != "free") for story in stories])
    inside = (when >= earliest[who_did, when // DAY]) & (when < last[who_did])
    who_did, when, what = who_did[inside], when[inside], what[inside]
    order = np.lexsort((what, who_did, when))
    return pd.DataFrame({
        "customer_id": who.ids[who_did[order]],
        "occurred_at": instants(when[order]),
        "event": what[order],
    })  # fmt: skip


def first_steps(
    who: People, login: NDArray[np.int64], customer: NDArray[np.int64], rng: Generator
) -> list[tuple[NDArray[np.int64], NDArray[np.int64], str]]:
    """Onboarding, the first projects and the integration, on active days of the first weeks."""
    bounds = np.searchsorted(customer, np.arange(len(who) + 1))
    found: dict[str, list[tuple[int, int]]] = {}
    uniform = rng.random((len(who), 16))
    for i in range(len(who)):
        mine = login[bounds[i] : bounds[i + 1]]
        since = mine // DAY - who.signed_up[i] // DAY
        week, late = mine[since < 7], mine[(since >= 8) & (since < 26)]
        if not len(week):
            continue
        u = uniform[i]
        if who.is_onboarded[i]:
            done = week[int(u[0] * min(len(week), 3))] + 60 + int(u[1] * 60)
            found.setdefault("onboarding_completed", []).append((i, done))
            for step, before in ((1, 45), (2, 30), (3, 12)):
                if u[1 + step] < 0.88:
                    found.setdefault(f"onboarding_step_{step}", []).append((i, done - before))
        else:
            for step, chance in ((1, 0.65), (2, 0.35), (3, 0.10)):
                if u[1 + step] < chance:
                    at = week[0] + 6 * step + int(u[5] * 4)
                    found.setdefault(f"onboarding_step_{step}", []).append((i, at))
            if len(late) and u[6] < 0.2:
                found.setdefault("onboarding_completed", []).append((i, late[0] + 20))
        for project in range(int(who.projects[i])):
            at = week[int(u[7 + project] * len(week))] + 5 + 21 * project
            found.setdefault("project_created", []).append((i, at))
        if who.is_connected[i]:
            at = week[int(u[14] * len(week))] + 130
            found.setdefault("integration_connected", []).append((i, at))
    steps = []
    for name, pairs in found.items():
        table = np.array(pairs, dtype=np.int64)
        steps.append((table[:, 0], table[:, 1], name))
    return steps


def sign_up_experiments(who: People, called: NDArray[np.bool_], rng: Generator) -> list[Assignment]:
    """The experiments that newcomers enter: the call, the button (an A/A) and the film."""
    button, film, lost, after = rng.random((4, len(who)))
    found = []
    for i in range(who.made):
        first, signed_up = int(who.first[i]), int(who.signed_up[i])
        if CALL_STARTS <= first < END - DAY:
            arm = "call" if called[i] else "control"
            at = first + 10 + int(after[i] * 50) + (9 * 60 if first % DAY == 0 else 0)
            found.append(Assignment("onboarding_call", i, arm, at))
        if minute("2025-11-01") <= signed_up < minute("2026-04-01"):
            arm = "green" if button[i] < 0.5 else "control"
            found.append(Assignment("button_colour", i, arm, signed_up + 1))
        if minute("2025-02-01") <= signed_up < minute("2025-11-01"):
            arm = "video" if film[i] < 0.5 and lost[i] >= VIDEO_LOST else "control"
            found.append(Assignment("welcome_video", i, arm, signed_up + 2))
    return found


def milestone_mails(who: People, events: pd.DataFrame, rng: Generator) -> list[Assignment]:
    """Who reaches the tenth project; the owner mails whom he knows: referrals more than others."""
    coin = rng.random(len(who))
    projects = events[events["event"] == "project_created"]
    tenth = projects.groupby("customer_id", sort=False).nth(9)
    place = {customer: i for i, customer in enumerate(who.ids)}
    found = []
    for customer, at in zip(tenth["customer_id"], tenth["occurred_at"], strict=True):
        i = place[customer]
        when = minute(at)
        if i < who.made and minute("2025-08-01") <= when < minute("2026-08-01"):
            arm = "mailed" if coin[i] < MAIL_CHANCE[who.channel[i]] else "control"
            found.append(Assignment("milestone_mails", i, arm, when + 5))
    return found


def assignments_table(who: People, found: Sequence[Assignment]) -> pd.DataFrame:
    """One row a customer an experiment."""
    rows = sorted((a.at, a.experiment, str(who.ids[a.customer]), a.arm) for a in found)
    return pd.DataFrame({
        "experiment": [row[1] for row in rows],
        "customer_id": [row[2] for row in rows],
        "arm": [row[3] for row in rows],
        "assigned_at": [instant(row[0]) for row in rows],
    })  # fmt: skip


def enrolments_table(who: People, found: Sequence[Enrolment]) -> pd.DataFrame:
    """One row a lapsed customer in a win-back campaign."""
    return pd.DataFrame({
        "campaign": [e.campaign for e in found],
        "customer_id": [str(who.ids[e.customer]) for e in found],
        "group": [e.group for e in found],
        "enrolled_at": [instant(e.at) for e in found],
    })  # fmt: skip


def with_service(stories: Sequence[Story], at: int) -> NDArray[np.int64]:
    """The places of those who have service at an instant."""
    return np.array([
        i for i, story in enumerate(stories)
        if any(s.start < at <= s.end and s.status != "trialing" and s.plan != "free"
               for s in story.spans)
    ], dtype=np.int64)  # fmt: skip


def emails_table(
    who: People, stories: Sequence[Story], enrolments: Sequence[Enrolment], rng: Generator
) -> pd.DataFrame:
    """One row a mail: the monthly newsletter and the win-back sequence. Opening is a habit."""
    habit = rng.beta(2.0, 2.4, len(who))
    sent: list[tuple[int, int, str]] = []
    for month in range(1, 24):
        at = months_after(11 * DAY + 10 * 60, month)
        month_name = instant(at)[:7]
        sent += [(at, int(i), f"newsletter_{month_name}") for i in with_service(stories, at)]
    for e in enrolments:
        if e.group == "mailed":
            sent += [(e.at + 60 + d * DAY, e.customer, f"{e.campaign}_{n}")
                     for n, d in enumerate((0, 3, 7, 10, 14), 1)]  # fmt: skip
    sent.sort()
    sent_at, customer = np.array([mail[:2] for mail in sent]).T
    opened_at = sent_at + rng.geometric(1 / 400, len(sent))
    clicked_at = opened_at + rng.integers(1, 9, len(sent))
    opens = (rng.random(len(sent)) < habit[customer]) & (opened_at < END)
    clicks = opens & (rng.random(len(sent)) < 0.18) & (clicked_at < END)
    return pd.DataFrame({
        "customer_id": who.ids[customer],
        "sent_at": instants(sent_at),
        "opened_at": np.where(opens, instants(opened_at), ""),
        "clicked_at": np.where(clicks, instants(clicked_at), ""),
        "campaign": [mail[2] for mail in sent],
        "channel": ["newsletter" if mail[2].startswith("newsletter") else "campaign" for mail in sent],
    })  # fmt: skip


def days_with_service(stories: Sequence[Story]) -> NDArray[np.bool_]:
    """Customer × day: service, trials not counted."""
    return on_days([
        [(s.start, s.end) for s in story.spans if s.status != "trialing" and s.plan != "free"]
        for story in stories
    ])  # fmt: skip


def tickets_table(who: People, served: NDArray[np.bool_], rng: Generator) -> pd.DataFrame:
    """One row a question to support. Who writes, and in which mood, says nothing about leaving."""
    opened = served & (rng.random(served.shape) < 0.085 / 30)
    customer, day = np.nonzero(opened)
    at = day * DAY + rng.integers(8 * 60, 19 * 60, len(day))
    mood = rng.choice(["negative", "neutral", "positive"], len(day), p=[0.3, 0.5, 0.2])
    which = rng.random(len(day))
    table = pd.DataFrame({
        "at": np.maximum(at, who.first[customer] + 1),
        "customer_id": who.ids[customer],
        "sentiment": mood,
        "text": [texts.TICKETS[m][int(u * len(texts.TICKETS[m]))]
                 for m, u in zip(mood, which, strict=True)],
    }).sort_values(["at", "customer_id"], kind="stable")  # fmt: skip
    table["opened_at"] = instants(table["at"].to_numpy())
    return table[["at", "customer_id", "opened_at", "sentiment", "text"]].reset_index(drop=True)


def with_help(tickets: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """The tickets with when support answered and closed them; empty: not by the end."""
    size = len(tickets)
    at = tickets["at"].to_numpy()
    answered = at + np.ceil(rng.exponential(60 * ANSWER_HOURS, size)).astype(int)
    answered = np.where(rng.random(size) < NEVER_ANSWERED, OPEN, answered)
    closed = answered + np.ceil(rng.exponential(DAY * CLOSE_DAYS, size)).astype(int)
    days = {"answered_at": answered, "closed_at": closed}
    said = {name: [moment(int(one), is_dated=False) for one in column] for name, column in days.items()}
    return tickets.assign(**said)[["customer_id", "opened_at", *said, "sentiment", "text"]]


def orders_table(who: People, served: NDArray[np.bool_], rng: Generator) -> pd.DataFrame:
    """One row an order of training: at a pace of the customer's own, until none comes any more."""
    rows = []
    buys = rng.random(len(who)) < TRAINS
    first = who.first // DAY + rng.integers(*FIRST_TRAINING, len(who))
    pace = rng.gamma(TRAINING_PACE[0], TRAINING_PACE[1] / TRAINING_PACE[0], len(who))
    stops = rng.beta(*NEVER_AGAIN, len(who))
    for i in np.flatnonzero(buys):
        day = int(first[i])
        while day < DAYS:
            at, hours = day * DAY + int(rng.integers(9 * 60, 17 * 60)), rng.choice(HOURS[0], p=HOURS[1])
            if served[i, day]:
                rows.append((at, str(who.ids[i]), int(hours) * HOUR, str(rng.choice(["shop", "phone"]))))
            if rng.random() < stops[i]:
                break
            day += max(1, round(rng.exponential(pace[i])))
    rows.sort()
    return pd.DataFrame({
        "customer_id": [row[1] for row in rows],
        "ordered_at": [instant(row[0]) for row in rows],
        "amount": [row[2] for row in rows],
        "order_id": [f"T-{nth:04}" for nth in range(1, len(rows) + 1)],
        "channel": [row[3] for row in rows],
    })  # fmt: skip


def nps_table(who: People, served: NDArray[np.bool_], rng: Generator) -> pd.DataFrame:
    """One row an answer, asked on day 45 and then twice a year; it says nothing about leaving."""
    rows = []
    mood = rng.normal(8.0, 1.4, len(who))
    uniform = rng.random((len(who), 6, 4))
    noise = rng.normal(0, 1.1, (len(who), 6))
    for i in np.flatnonzero(who.first < END):
        for turn in range(5):
            day = int(who.first[i]) // DAY + 45 + 180 * turn + int(uniform[i, turn, 3] * 6)
            if day >= DAYS or not served[i, day] or uniform[i, turn, 0] > 0.4:
                continue
            score = int(np.clip(round(mood[i] + noise[i, turn]), 0, 10))
            kind = "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"
            pool = texts.NPS_COMMENTS[kind]
            said = uniform[i, turn, 1] < 0.3
            comment = pool[int(uniform[i, turn, 2] * len(pool))] if said else ""
            at = day * DAY + 9 * 60 + int(uniform[i, turn, 2] * 500)
            rows.append((at, str(who.ids[i]), score, comment))
    rows.sort()
    return pd.DataFrame({
        "customer_id": [row[1] for row in rows],
        "answered_at": [instant(row[0]) for row in rows],
        "score": [row[2] for row in rows],
        "comment": [row[3] for row in rows],
    })  # fmt: skip


def contacts_table(who: People, stories: Sequence[Story], rng: Generator) -> pd.DataFrame:
    """One row a contact: interviews with those who left, outreach and thanks to those who stay."""
    uniform = rng.random((len(who), 4))
    rows = []
    for i, story in enumerate(stories):
        for request in story.requests:
            if request.kind == "voluntary" and request.end >= minute("2025-10-01"):
                at = (request.end // DAY + 2 + int(uniform[i, 1] * 8)) * DAY + 11 * 60
                if uniform[i, 0] < 0.35 and at < END:
                    outcome = ("no_answer", "done", "done", "declined")[int(uniform[i, 2] * 4)]
                    rows.append((at, str(who.ids[i]), "interview", outcome))
    for month in range(16, 24):
        at = months_after(18 * DAY + 14 * 60, month)
        for i in rng.choice(with_service(stories, at), 6, replace=False):
            kind = "outreach" if rng.random() < 0.7 else "thank_you"
            outcome = "reached" if rng.random() < 0.6 else "no_answer"
            rows.append((at + int(rng.integers(0, 180)), str(who.ids[i]), kind, outcome))
    rows.sort()
    return pd.DataFrame({
        "customer_id": [row[1] for row in rows],
        "contacted_at": [instant(row[0]) for row in rows],
        "kind": [row[2] for row in rows],
        "outcome": [row[3] for row in rows],
    })  # fmt: skip


def spend_table(rng: Generator) -> pd.DataFrame:
    """One row a month and channel that was paid for, from the first month after the founders."""
    rows = []
    for month in range(1, 24):
        name = instant(months_after(0, month))[:7]
        for channel, usual in SPEND.items():
            amount = round(usual * float(np.exp(SPEND_VARIES * rng.standard_normal())))
            rows.append((name, channel, amount))
    return pd.DataFrame(rows, columns=["month", "channel", "amount"])


# ------------------------------------------------------------------------------------ the sample


def sample(seed: int = SEED) -> dict[str, pd.DataFrame]:
    """The tables of the contract, every cell as it stands in the files."""
    stream = streams(seed)
    who = people(stream["people"])
    active = stream["use"].random((len(who), DAYS)) < chance_of_use(who)
    since = np.arange(DAYS) - (who.signed_up // DAY)[:, None]
    early_days = (active & (since >= 7) & (since < 30)).sum(axis=1)
    faded = fades(who, stream["fades"])
    called = (stream["experiments"].random(len(who)) < 0.5) & (who.first >= CALL_STARTS)
    wished = wishes(who, early_days, faded, called, stream["requests"])
    teller = Teller(who, wished, faded, draws(len(who), stream))
    stories, assignments, enrolments = told_in_order(teller, stream)
    events = events_table(who, stories, active, faded, stream["events"])
    assignments += sign_up_experiments(who, called, stream["experiments"])
    assignments += milestone_mails(who, events, stream["experiments"])
    assignments += [Assignment("pause_offer", i, story.offer[1], story.offer[0])
                    for i, story in enumerate(stories) if story.offer]  # fmt: skip
    served = days_with_service(stories)
    enrolments += greeting(who, stories, events, stream["greeting"])
    return {
        "customers": customers_table(who, stream["people"]),
        "subscriptions": subscriptions_table(who, stories),
        "events": events,
        "cancellations": cancellations_table(who, stories),
        "payments": payments_table(who, stories),
        "tickets": with_help(tickets_table(who, served, stream["tickets"]), stream["help"]),
        "emails": emails_table(
            who, stories, [one for one in enrolments if one.campaign != GREETING], stream["emails"]
        ),
        "nps": nps_table(who, served, stream["nps"]),
        "assignments": assignments_table(who, assignments),
        "contacts": contacts_table(who, stories, stream["contacts"]),
        "notes": pd.DataFrame(texts.NOTES, columns=["happened_on", "note"]),
        "enrolments": enrolments_table(who, sorted(enrolments, key=lambda one: one.at)),
        "orders": orders_table(who, served, stream["orders"]),
        "spend": spend_table(stream["spend"]),
    }


def write(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write the tables and the two settings files; the same tables give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        content = table.to_csv(index=False, lineterminator="\n").encode()
        if name == "events":
            packed = io.BytesIO()
            with gzip.GzipFile("", "wb", 9, packed, mtime=0) as file:
                file.write(content)
            (folder / "events.csv.gz").write_bytes(packed.getvalue())
        else:
            (folder / f"{name}.csv").write_bytes(content)
    (folder / "retention.yml").write_bytes(texts.RETENTION_YML.encode())
    (folder / "experiments.yml").write_bytes(texts.EXPERIMENTS_YML.encode())


def main() -> None:
    """Write the sample to a folder, by default beside this script."""
    parser = argparse.ArgumentParser(description="Make the sample business.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    parser.add_argument("--seed", type=int, default=SEED, help="another number, another sample")
    arguments = parser.parse_args()
    write(sample(arguments.seed), arguments.out)


if __name__ == "__main__":
    main()

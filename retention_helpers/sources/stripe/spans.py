"""A subscription as rows of the contract: stretches at one price and state, and the request to cancel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from retention_helpers.sources.folder import PLACE
from retention_helpers.sources.interface import as_text
from retention_helpers.sources.prices import in_sixths
from retention_helpers.sources.stripe.subscription import ENDED, NEVER_BEGAN, Subscription, iso

Row = dict[str, str | None]
SPAN_COLUMNS = (
    "customer_id", "started_at", "ended_at", "mrr", "plan", "status", "currency", "interval",
    "subscription_id", PLACE,
)  # fmt: skip
CANCELLATION_COLUMNS = ("customer_id", "canceled_at", "reason", "comment", "kind", PLACE)
INVOLUNTARY = ("payment_disputed", "payment_failed", "canceled_by_retention_policy")
REQUESTED = "cancellation_requested"


ACTIVE, PAUSED, COMPED, GIVEN = "active", "paused", "comped", "given"


@dataclass(frozen=True)
class Step:
    """From an instant on: what a subscription costs a month, and in which state it is.

    `listed` is what it would cost without discounts. *Comped* is a payer's free time that ends; *given* one
    without an end, which is no service.
    """

    at: int
    monthly: Decimal
    listed: Decimal
    state: str = ACTIVE
    plan: str = ""
    interval: str = ""

    @property
    def is_paid(self) -> bool:
        return self.state == ACTIVE and self.monthly > 0

    @property
    def is_free(self) -> bool:
        """Whether nothing is paid for what has a price."""
        return self.state == ACTIVE and self.monthly == 0 and self.listed > 0


def end_of(subscription: Subscription, gave_up_at: int | None = None) -> int | None:
    """When service ended; None while it goes on.

    An unpaid subscription ended where the first period began that was never paid (`gave_up_at`), as far as
    the invoices tell, else with the period that is under way. A paused one is a trial that ended without a
    card.
    """
    if subscription.status == "unpaid":
        return subscription.ended_at or gave_up_at or subscription.period_start
    if subscription.status == "paused":
        return subscription.ended_at or subscription.trial_end
    return subscription.ended_at


def steps_of_now(subscription: Subscription) -> list[Step]:
    """The steps that a subscription itself knows: its discounts, and a pause that is on now.

    It does not say since when it has been paused: the period that is under way is taken for it.
    """
    begin = subscription.started
    turns = sorted({begin, *(at for at in subscription.turns if at > begin)})
    paused_from = subscription.period_start if subscription.is_pausing else None
    if paused_from is not None:
        turns = sorted({*(at for at in turns if at < paused_from), max(paused_from, begin)})
    listed = subscription.listed or Decimal(0)
    states = [PAUSED if paused_from is not None and at >= paused_from else ACTIVE for at in turns]
    return [
        Step(at, subscription.monthly_at(at), listed, state) for at, state in zip(turns, states, strict=True)
    ]


def with_free_time(subscription: Subscription, steps: Sequence[Step]) -> list[Step]:
    """The steps with a payer's free time told from a free plan, however it was granted.

    A trial that begins after something was paid is free time, and so is what costs nothing between two paid
    steps. It is comped where its end is known: paid again, or said by what grants it; else it is given away.
    """
    found = _with_late_trial(subscription, steps)
    if not any(step.is_free for step in found):  # as nearly always
        return found
    first = next((nth for nth, step in enumerate(found) if step.is_paid), len(found))
    last = max((nth for nth, step in enumerate(found) if step.monthly > 0), default=0)
    open_end = GIVEN if subscription.is_free_for_good else COMPED
    return [
        replace(step, state=COMPED if nth < last else open_end) if step.is_free and nth > first else step
        for nth, step in enumerate(found)
    ]


def _with_late_trial(subscription: Subscription, steps: Sequence[Step]) -> list[Step]:
    begin, end = _trial(subscription)
    if begin is None or not _is_late(begin, steps):
        return list(steps)
    turns = sorted({*(step.at for step in steps), begin, *([] if end is None else [end])})
    found = [replace(_step_at(steps, at), at=at) for at in turns]
    return [
        replace(step, monthly=Decimal(0), state=COMPED)
        if begin <= step.at and (end is None or step.at < end)
        else step
        for step in found
    ]


def _is_late(begin: int, steps: Sequence[Step]) -> bool:
    """Whether a trial began when something had been paid already."""
    return any(step.is_paid and step.at < begin for step in steps)


def spans_of(subscription: Subscription, steps: Sequence[Step], end: int | None) -> list[Row]:
    """The rows of `subscriptions`: a trial, and every stretch at one price and state."""
    if subscription.status in NEVER_BEGAN:
        return []
    pieces = list(_pieces(subscription, steps, end))
    rows = [_row(subscription, *piece) for piece in pieces]
    if rows and subscription.status == "past_due" and rows[-1]["status"] == "active":
        rows[-1]["status"] = "past_due"
    return rows


def _pieces(
    subscription: Subscription, steps: Sequence[Step], end: int | None
) -> Iterator[tuple[int, int | None, Step | None]]:
    """Begin, end and step of every stretch; no step during the trial."""
    trial_from, trial_to = _trial(subscription)
    if trial_from is not None and _is_late(trial_from, steps):
        trial_from = trial_to = None
    cuts = {subscription.started, *(step.at for step in steps), trial_from, trial_to}
    begins = sorted(at for at in cuts if at is not None and at >= subscription.started)
    last: tuple[int, int | None, Step | None] | None = None
    for begin, until in zip(begins, [*begins[1:], None], strict=True):
        if end is not None and begin >= end and not (begin == subscription.started == end):
            break
        stop = end if until is None or (end is not None and end < until) else until
        on_trial = trial_from is not None and trial_from <= begin and (trial_to is None or begin < trial_to)
        step = None if on_trial else _step_at(steps, begin)
        if last is not None and _same(last[2], step):
            last = (last[0], stop, last[2])
            continue
        if last is not None:
            yield last
        last = (begin, stop, step)
    if last is not None:
        yield last


def _trial(subscription: Subscription) -> tuple[int | None, int | None]:
    """From when to when a trial lasts; one that is still on has no end that is known."""
    begin, end = subscription.trial_start, subscription.trial_end
    if subscription.status == "trialing":
        return (subscription.started if begin is None else begin), None
    return (begin, end) if begin is not None and end is not None and end > begin else (None, None)


def _step_at(steps: Sequence[Step], at: int) -> Step:
    """The step that holds at an instant; before the first one it is the first."""
    before = [step for step in steps if step.at <= at]
    return before[-1] if before else steps[0]


def _same(one: Step | None, other: Step | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.monthly, one.state, one.plan, one.interval) == (
        other.monthly, other.state, other.plan, other.interval,
    )  # fmt: skip


def _row(subscription: Subscription, begin: int, end: int | None, step: Step | None) -> Row:
    main = subscription.main
    state = "trialing" if step is None else ACTIVE if step.state == GIVEN else step.state
    return {
        "customer_id": subscription.customer,
        "started_at": iso(begin),
        "ended_at": iso(end),
        "mrr": as_text(in_sixths(step.monthly)) if step is not None and state == ACTIVE else None,
        "plan": (step.plan if step else "") or (main.plan if main else "") or None,
        "status": state,
        "currency": subscription.currency or None,
        "interval": (step.interval if step else "") or (main.interval if main else None),
        "subscription_id": subscription.id,
        PLACE: subscription.place,
    }


def cancellation_of(subscription: Subscription, end: int | None) -> Row | None:
    """The row of `cancellations`: when it was asked for or given up, why, and by whom; None without either.

    Reasons keep Stripe's words, which `reason_codes` knows.
    """
    said = subscription.cancellation
    at = subscription.canceled_at
    if at is None and end is not None and subscription.status in ENDED:
        at = end
    if at is None or subscription.status in NEVER_BEGAN:
        return None
    reason = said.reason or ("payment_failed" if subscription.status == "unpaid" else "")
    is_involuntary = reason in INVOLUNTARY
    is_voluntary = reason == REQUESTED or bool(said.feedback or said.comment)
    if not (is_involuntary or is_voluntary) and subscription.canceled_at is None:
        return None
    return {
        "customer_id": subscription.customer,
        "canceled_at": iso(at),
        "reason": (reason if is_involuntary else said.feedback) or None,
        "comment": said.comment.strip() or None,
        "kind": "involuntary" if is_involuntary else "voluntary" if is_voluntary else None,
        PLACE: subscription.place,
    }

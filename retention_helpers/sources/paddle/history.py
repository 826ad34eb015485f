"""A subscription's spans: from its present state, and from the bills of its periods where they are there.

A bill begins a price, a gap between two bills of a subscription that goes on is a pause, a bill of nothing
for what had been paid before is free time, and a change within a period takes the price of the bill after it.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from retention_helpers.contract.tables import PAYING
from retention_helpers.sources.documents import Object
from retention_helpers.sources.paddle.prices import (
    Bill,
    Price,
    bills_of,
    changes_of,
    charged_items,
    is_known,
    periods_of,
    present_price,
    terms_of,
)

_A_CENT = Decimal("0.01")
_A_GAP = dt.timedelta(days=1)  # the bills of a renewal leave none
_NEVER = "9999-12-31T00:00:00Z"


def moment(text: str) -> dt.datetime:
    """An instant to compare by. Raises ValueError."""
    found = dt.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Life:
    """What is known of a subscription's course. Instants stay as Paddle writes them; "" is none."""

    begin: str
    trial_end: str
    end: str
    pauses: Sequence[tuple[str, str]]
    prices: Sequence[tuple[str, Price]]  # each from its instant on; the first one from the begin
    owing_since: str
    comped: Sequence[tuple[str, str]] = ()  # free time of a payer whose end is known

    def status(self, at: str) -> str:
        """The state from this instant on."""
        when = moment(at)
        if self.trial_end and when < moment(self.trial_end):
            return "trialing"
        if any(moment(start) <= when < moment(end or _NEVER) for start, end in self.pauses):
            return "paused"
        if any(moment(start) <= when < moment(end or _NEVER) for start, end in self.comped):
            return "comped"
        return "past_due" if self.owing_since and moment(self.owing_since) <= when else "active"

    def price(self, at: str) -> Price:
        begun = [price for start, price in self.prices[1:] if moment(start) <= moment(at)]
        return begun[-1] if begun else self.prices[0][1]

    def turns(self) -> list[str]:
        """The instants at which something may change, from the begin to before the end."""
        named = [self.trial_end, self.owing_since, *(start for start, _ in self.prices)]
        named += [instant for time in (*self.pauses, *self.comped) for instant in time]
        last = moment(self.end or _NEVER)
        inside = {text for text in named if text and moment(self.begin) < moment(text) < last}
        return [self.begin, *sorted(inside, key=moment)]


def begin_of(subscription: Object) -> str:
    return str(subscription.get("started_at") or subscription.get("created_at") or "")


def spans_of(subscription: Object, transactions: Sequence[Object]) -> Iterator[dict[str, object]]:
    """The rows of `subscriptions` for one of Paddle's and its transactions, in order."""
    life = _life(subscription, transactions)
    states = [(at, life.status(at), life.price(at)) for at in life.turns()]
    kept = states[:1] + [later for earlier, later in pairwise(states) if later[1:] != earlier[1:]]
    ends = [start for start, *_ in kept[1:]] + [life.end]
    for (start, status, price), end in zip(kept, ends, strict=True):
        yield {
            "customer_id": subscription.get("customer_id"),
            "started_at": start,
            "ended_at": end,
            "mrr": price.mrr if status in PAYING else None,
            "plan": price.plan,
            "status": status,
            "currency": price.currency,
            "interval": price.interval,
            "subscription_id": subscription.get("id"),
        }


def _life(subscription: Object, transactions: Sequence[Object]) -> Life:
    begin, change = begin_of(subscription), subscription.get("scheduled_change") or {}
    is_canceling = change.get("action") == "cancel"
    end = subscription.get("canceled_at") or (change.get("effective_at") if is_canceling else None)
    bills = bills_of(transactions)
    return Life(
        begin,
        _trial_end(subscription, begin),
        str(end or ""),
        [*_gaps(periods_of(transactions)), *_present_pauses(subscription, change)],
        _prices(subscription, begin, bills, changes_of(transactions)),
        _owing_since(subscription, begin, bills),
        [
            *_free_times(subscription, bills),
            *_late_trials(subscription, begin),
            *([] if bills else _given_times(subscription, begin)),
        ],
    )


def was_never_billed(subscription: Object) -> bool:
    """Whether it is, or was to its end, a trial."""
    is_unbilled = "first_billed_at" in subscription and not subscription["first_billed_at"]
    is_on_trial = subscription.get("status") == "trialing"
    is_first = not any(_late_trials(subscription, begin_of(subscription)))
    return (is_on_trial and is_first) or (is_unbilled and bool(subscription.get("canceled_at")))


def _trial_end(subscription: Object, begin: str) -> str:
    """When the trial ended: as the items say, else with the first bill, where that came later."""
    if was_never_billed(subscription):
        return _NEVER
    dates = [item.get("trial_dates") or {} for item in subscription.get("items") or []]
    ends = [str(date["ends_at"]) for date in dates if date.get("ends_at") and not _is_late(date, begin)]
    first = str(subscription.get("first_billed_at") or begin)
    if not ends and moment(first) - moment(begin) > _A_GAP:
        return first
    return max(ends, key=moment, default="")


def _is_late(trial: Object, begin: str) -> bool:
    """Whether a trial began after the subscription: of an item that was added, or given to a payer."""
    start = trial.get("starts_at")
    return bool(start and trial.get("ends_at")) and moment(str(start)) - moment(begin) > _A_GAP


def _late_trials(subscription: Object, begin: str) -> Iterator[tuple[str, str]]:
    """The time in which every item of a subscription that had been billed before is on trial."""
    trials = [item.get("trial_dates") or {} for item in charged_items(subscription)]
    first = subscription.get("first_billed_at")
    if trials and first and all(_is_late(trial, begin) for trial in trials):
        starts = max((str(trial["starts_at"]) for trial in trials), key=moment)
        if moment(str(first)) < moment(starts):
            yield starts, min((str(trial["ends_at"]) for trial in trials), key=moment)


def _free_times(subscription: Object, bills: Sequence[Bill]) -> Iterator[tuple[str, str]]:
    """The periods that cost nothing between paid ones, and the last ones where the discount has an end."""
    is_paid = False
    for nth, bill in enumerate(bills):
        later = bills[nth + 1 :]
        is_ending = any(not one.is_free for one in later) or not is_free_for_good(subscription, bills)
        if bill.is_free and is_paid and is_ending:
            yield bill.starts_at, later[0].starts_at if later else ""
        is_paid = is_paid or (bill.price.mrr != 0 and not bill.is_free)


def _given_times(subscription: Object, begin: str) -> Iterator[tuple[str, str]]:
    """The time in which a discount that began after the first bill takes everything off, where it ends."""
    discount = subscription.get("discount") or {}
    starts, ends = str(discount.get("starts_at") or ""), str(discount.get("ends_at") or "")
    if ends and _is_given(subscription, begin):
        yield starts, ends


def _is_given(subscription: Object, begin: str) -> bool:
    """Whether what the discount object says takes everything off that had been billed before."""
    starts = str((subscription.get("discount") or {}).get("starts_at") or "")
    first = str(subscription.get("first_billed_at") or begin)
    if not starts or moment(starts) - moment(first) <= _A_GAP:
        return False
    items = charged_items(subscription)
    whole, left = (present_price(subscription, items, terms).mrr for terms in (None, terms_of(subscription)))
    return whole != 0 and left == 0


def is_free_for_good(subscription: Object, bills: Sequence[Bill]) -> bool:
    """Whether what was paid before costs nothing now, by a discount without an end."""
    discount = subscription.get("discount") or {}
    if not bills:
        return not discount.get("ends_at") and _is_given(subscription, begin_of(subscription))
    was_paid = any(bill.price.mrr != 0 for bill in bills)
    return was_paid and bills[-1].is_free and bool(discount) and not discount.get("ends_at")


def _gaps(periods: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The times that no period covers, between two that something was billed for."""
    covered = ""
    for start, end in periods:
        if covered and moment(start) - moment(covered) > _A_GAP:
            yield covered, start
        covered = max(covered or end, end, key=moment)


def _present_pauses(subscription: Object, change: Object) -> Iterator[tuple[str, str]]:
    """The pause that goes on, or was on when it was canceled, and one that is scheduled."""
    if subscription.get("paused_at"):
        is_resuming = change.get("action") == "resume"
        yield str(subscription["paused_at"]), str(change.get("effective_at") if is_resuming else "")
    if change.get("action") == "pause":
        yield str(change.get("effective_at")), str(change.get("resume_at") or "")


def _prices(
    subscription: Object, begin: str, bills: Sequence[Bill], changes: Sequence[str]
) -> list[tuple[str, Price]]:
    if not bills:
        return _present_prices(subscription, begin)
    found = [(bill.starts_at, bill.price) for bill in bills]
    for change in changes:
        later = [bill.price for bill in bills if moment(bill.starts_at) > moment(change)]
        found.append((change, later[0] if later else _changed_price(subscription, bills[-1])))
    return sorted(found, key=lambda one: moment(one[0]))


def _present_prices(subscription: Object, begin: str) -> list[tuple[str, Price]]:
    """The price of now; an item that was added on trial counts from its end on, a discount while it lasts."""
    items = charged_items(subscription)
    trials = [item.get("trial_dates") or {} for item in items]
    late = [str(trial["ends_at"]) if _is_late(trial, begin) else "" for trial in trials]
    since = dict.fromkeys([begin, *sorted({*late, *_turns_of_discount(subscription)} - {""}, key=moment)])
    if all(late):  # given to a payer
        late = [""] * len(items)
    return [
        (turn, present_price(subscription, [item for item, end in zip(items, late, strict=True)
                                            if not end or moment(end) <= moment(turn)],
                             _terms_at(subscription, turn)))
        for turn in since
        if moment(turn) >= moment(begin)
    ]  # fmt: skip


def _turns_of_discount(subscription: Object) -> list[str]:
    discount = subscription.get("discount") if terms_of(subscription) else None
    return [str((discount or {}).get(name) or "") for name in ("starts_at", "ends_at")]


def _terms_at(subscription: Object, at: str) -> Object | None:
    """The terms of the discount where it lasts at an instant; one for the first bill alone is none."""
    discount, terms = subscription.get("discount") or {}, terms_of(subscription)
    begin, end = (str(discount.get(name) or "") for name in ("starts_at", "ends_at"))
    if terms is None or not (end or terms.get("recur")):
        return None
    lasts = (not begin or moment(begin) - moment(at) <= _A_GAP) and (not end or moment(at) < moment(end))
    return terms if lasts else None


def _changed_price(subscription: Object, last: Bill) -> Price:
    """What the items of now will be billed, without the tax in them; the last bill's where that is open."""
    price = present_price(subscription, charged_items(subscription))
    if not is_known(subscription) or price.currency != last.price.currency:
        return last.price
    return replace(price, mrr=price.mrr * last.without_tax) if isinstance(price.mrr, Decimal) else price


def differs_from_last_bill(subscription: Object, transactions: Sequence[Object]) -> bool:
    """Whether the items of now cost another amount than the last bill's, and nothing was charged for it."""
    bills = bills_of(transactions)
    if not bills or subscription.get("status") not in PAYING or not is_known(subscription):
        return False
    last, changes = bills[-1], changes_of(transactions)
    if any(moment(change) >= moment(last.starts_at) for change in changes):
        return False
    now = present_price(subscription, charged_items(subscription)).mrr
    if not (isinstance(now, Decimal) and isinstance(last.listed, Decimal)):
        return False
    return abs(now * last.without_tax - last.listed) > _A_CENT


def _owing_since(subscription: Object, begin: str, bills: Sequence[Bill]) -> str:
    """The begin of the first period that nobody has paid for since."""
    if subscription.get("status") != "past_due":
        return ""
    unpaid = ""
    for bill in bills:
        unpaid = (unpaid or bill.starts_at) if bill.is_unpaid else ""
    return unpaid or begin


def has_all_bills(subscription: Object, bills: Sequence[Bill]) -> bool:
    """Whether the bills go back to its first one, so that past prices and pauses are known."""
    if was_never_billed(subscription):
        return True
    first = str(subscription.get("first_billed_at") or begin_of(subscription))
    return bool(bills) and moment(bills[0].starts_at) - moment(first) <= _A_GAP

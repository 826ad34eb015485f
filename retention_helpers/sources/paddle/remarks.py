"""What has to be said about the subscriptions of an export: what their prices leave open."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from retention_helpers.contract.tables import Fault, Level, message
from retention_helpers.sources.documents import Object
from retention_helpers.sources.paddle.files import Found
from retention_helpers.sources.paddle.history import (
    differs_from_last_bill,
    is_free_for_good,
    was_never_billed,
)
from retention_helpers.sources.paddle.prices import BILLED, Bill, is_known, may_include_tax, terms_of

_BRING = "Export the transactions too: they say what was billed."


def remarks(
    found: Found, bills: Mapping[str, Sequence[Bill]], transactions: Mapping[str, Sequence[Object]]
) -> Iterator[Fault]:
    """What the prices of the subscriptions leave open."""

    def billed(one: Object) -> Sequence[Bill]:
        return bills.get(str(one["id"]), ())

    def say(level: Level, rule: str, is_so: Callable[[Object], bool], what: str, way_out: str) -> list[Fault]:
        return _said(found, Fault(level, "subscriptions", rule, 0, what), is_so, way_out)

    yield from say(
        "stop",
        "price not known",
        lambda one: not (billed(one) or was_never_billed(one) or is_known(one)),
        "it is not known what the price is in the customer's currency",
        _BRING,
    )
    yield from say(
        "warning",
        "tax in the price",
        lambda one: not billed(one) and may_include_tax(one),
        "the price includes tax, or may (tax_mode), and MRR stands with it",
        _BRING,
    )
    yield from say(
        "warning",
        "discount without its amount",
        lambda one: not billed(one) and bool(one.get("discount")) and terms_of(one) is None,
        "there is a discount whose amount is not said, and MRR stands at the price before it",
        "Export the discounts, or the transactions: they say what was billed.",
    )
    yield from say(
        "warning",
        "free without an end",
        lambda one: is_free_for_good(one, billed(one)),
        "a customer who had paid has a discount of everything without an end, which counts as a loss",
        "If it is to end, give the discount an end in Paddle.",
    )
    yield from _of_no_subscription(found)
    yield from say(
        "note",
        "price differs from the last bill",
        lambda one: differs_from_last_bill(one, transactions.get(str(one["id"]), ())),
        "the present price is another than that of the last bill",
        "What was billed counts; the new price does from its first bill on.",
    )


def _of_no_subscription(found: Found) -> Iterator[Fault]:
    """A warning where bills name subscriptions that no file holds."""
    known = found.objects["subscriptions"]
    bills = [
        (spot, name)
        for spot, one in found.of("transactions")
        if one.get("status") in BILLED
        and (name := str(one.get("subscription_id") or ""))
        and name not in known
    ]
    if not known or not bills:
        return
    spot, name = bills[0]
    said = message(
        "Paddle",
        f"a bill is of a subscription that no file holds, such as {name}",
        "Export the subscriptions too, canceled ones included: else who had them is missing.",
        rows=len(bills),
        of=len(found.objects["transactions"]),
        first=str(spot),
    )
    yield Fault("warning", "subscriptions", "bill of no subscription", len(bills), said)


def _said(found: Found, fault: Fault, is_so: Callable[[Object], bool], way_out: str) -> list[Fault]:
    """A fault about the subscriptions of which it is so; nothing where it is so of none."""
    spots = [spot for spot, one in found.of("subscriptions") if is_so(one)]
    if not spots:
        return []
    every = len(found.objects["subscriptions"])
    said = message("Paddle", fault.message, way_out, rows=len(spots), of=every, first=str(spots[0]))
    return [Fault(fault.level, fault.table, fault.rule, len(spots), said)]

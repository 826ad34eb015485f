"""Who ended it, and why, as far as Paddle knows: what Retain's survey heard, and what was never paid.

Paddle Billing itself asks nobody. A cancellation that is scheduled is a request without a reason; one after
a bill that was never paid, or after a chargeback, was not the customer's choice.
"""

from collections.abc import Iterator, Mapping, Sequence

from retention_helpers.contract.reason_codes import NOT_ASKED
from retention_helpers.sources.documents import Object
from retention_helpers.sources.exports import first
from retention_helpers.sources.interface import PLACE, Spot
from retention_helpers.sources.paddle.files import WHEN, WHO, WHY, Found
from retention_helpers.sources.paddle.history import begin_of, moment
from retention_helpers.sources.paddle.prices import Bill

Cancellation = dict[str, object]
Bills = Mapping[str, Sequence[Bill]]
_WORDS = ("comment", "feedback", "additional_feedback", "details", "cancellation_comment")


def cancellations_of(found: Found, bills: Bills) -> Iterator[Cancellation]:
    """The rows of `cancellations`. An answer goes before what only follows from bills."""
    answers = list(_answers(found))
    yield from answers
    asked = {str(answer["customer_id"]): str(answer["canceled_at"]) for answer in answers}
    disputed = {
        str(one.get("subscription_id")): str(one.get("created_at"))
        for _, one in found.of("adjustments")
        if one.get("action") == "chargeback"
    }
    for spot, one in found.of("subscriptions"):
        if begin_of(one) > asked.get(str(one.get("customer_id")), ""):
            yield from _without_answer(spot, one, bills.get(str(one["id"]), ()), disputed)


def _answers(found: Found) -> Iterator[Cancellation]:
    people = [one for _, one in found.of("customers") if one.get("email")]
    by_email = {str(one["email"]).strip().lower(): one["id"] for one in people}
    for spot, row in found.answers:
        who = first(row, "customer_id") or by_email.get((first(row, *WHO) or "").lower())
        if not who:
            found.leave_out(spot, "no customer of the export has this e-mail", row)
            continue
        yield {
            "customer_id": who,
            "canceled_at": first(row, *WHEN),
            "reason": first(row, *WHY),
            "comment": first(row, *_WORDS),
            "kind": "voluntary",
            PLACE: spot,
        }


def _without_answer(
    spot: Spot, one: Object, bills: Sequence[Bill], disputed: Mapping[str, str]
) -> Iterator[Cancellation]:
    ended, change = one.get("canceled_at"), one.get("scheduled_change") or {}
    row: Cancellation = {"customer_id": one.get("customer_id"), PLACE: spot}
    chargeback = disputed.get(str(one["id"]))
    if ended and chargeback and moment(chargeback) <= moment(str(ended)):
        yield row | {"canceled_at": ended, "kind": "involuntary", "reason": "payment_disputed"}
    elif ended and bills and bills[-1].is_unpaid:
        yield row | {"canceled_at": ended, "kind": "involuntary", "reason": "payment_failed"}
    elif not ended and change.get("action") == "cancel":
        # The request itself has no time; the subscription's last change is no earlier than it.
        at = one.get("updated_at") or begin_of(one)
        yield row | {"canceled_at": at, "reason": NOT_ASKED}

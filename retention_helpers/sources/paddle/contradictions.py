"""Objects that would decide churn wrongly, were they read at all: each kind's first one is a stop."""

from collections.abc import Iterator
from itertools import islice

from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.documents import Object
from retention_helpers.sources.paddle.files import Found
from retention_helpers.sources.paddle.history import begin_of, moment

STATUSES = ("active", "canceled", "past_due", "paused", "trialing")
_PARTS = frozenset(
    {"scheduled_change", "billing_cycle", "price", "unit_price", "product", "trial_dates", "billing_period",
     "details", "totals", "proration"}
)  # fmt: skip
_LISTS = frozenset({"items", "line_items", "payments", "unit_price_overrides"})


def contradictions(found: Found) -> Iterator[Fault]:
    """A stop for the first object of each kind that cannot be what it says."""
    for kind in found.objects:
        wrong = ((spot, one, what) for spot, one in found.of(kind) if (what := _contradiction(kind, one)))
        for spot, one, what in islice(wrong, 1):
            said = message("Paddle", f"{one['id']} {what}", "Export it again.", first=str(spot))
            yield Fault("stop", kind, "unclear object", 1, said)


def _contradiction(kind: str, one: Object) -> str:
    odd = next(_odd_fields(one), "")
    if odd:
        return f"has {odd}"
    if kind == "transactions":
        period = one.get("billing_period") or {}
        lacking = [name for name in ("starts_at", "ends_at") if period and not period.get(name)]
        if lacking:
            return f"has a billing_period without its {lacking[0]}"
        prices = (item.get("price") or {} for item in one.get("items") or [])
        is_cut = any(price and "billing_cycle" not in price for price in prices)  # null is sold once
        return "has a price without a billing_cycle, which is null for what is sold once" if is_cut else ""
    if kind != "subscriptions":
        return ""
    if one.get("status") not in STATUSES:
        return f"is {one.get('status')}, which is no status of Paddle Billing"
    if one["status"] == "canceled" and not one.get("canceled_at"):
        return "is canceled, and has no canceled_at"
    change = one.get("scheduled_change") or {}
    if change and not change.get("effective_at"):
        return "has a scheduled change without its effective_at"
    return "" if begin_of(one) else "has no started_at"


def _odd_fields(thing: Object) -> Iterator[str]:
    """What has another form than Paddle's reference says, within an object; what is the owner's apart."""
    for name, value in thing.items():
        if name == "custom_data" or value is None:
            continue
        if name.endswith("_at") and not _is_instant(value):
            yield f"{name} {value}, which is no date and time"
        elif name in _PARTS and not isinstance(value, dict):
            yield f"{name} {value}, which is no object"
        elif name in _LISTS and not _is_list_of_objects(value):
            yield f"{name} {value}, which is no list of objects"
        else:
            inner = value if isinstance(value, list) else [value]
            for one in (item for item in inner if isinstance(item, dict)):
                yield from _odd_fields(one)


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _is_instant(value: object) -> bool:
    try:
        moment(str(value))
    except ValueError:
        return False
    return True

"""What was bought, and how long it makes somebody a customer where nobody subscribes."""

import ibis
import ibis.expr.types as ir

from retention_helpers.business.opened import FAR, Business

WHOLE = "decimal(18, 6)"
MONTH = 30  # days; what a buyer bought within `lapse_days` is told by so many


def purchases(business: Business) -> ir.Table:
    """A row a customer a day on which something was bought: the orders of a day are one purchase.

    Orders whose amount is not above zero are none: gifts, samples, refunds. Days are those of the business.

    Columns: customer_id, nth (1, 2, …), bought_on, amount (of all orders of the day).

    Glossary: purchase.
    """
    orders = business.table("orders")
    bought = orders.filter(orders.amount > 0).rename(bought_on="ordered_on")
    days = bought.group_by(["customer_id", "bought_on"]).aggregate(amount=bought.amount.sum().cast(WHOLE))
    ordered = ibis.window(group_by="customer_id", order_by="bought_on")
    return days.mutate(nth=ibis.row_number().over(ordered) + 1)


def kept_purchases(business: Business) -> ir.Table:
    """`purchases`, computed once."""
    return business.keep("purchases", lambda: purchases(business))


def spans_of_purchases(business: Business) -> ir.Table:
    """A row a purchase, as a span of paying service: from its day on for `lapse_days` days.

    So a customer at the end of a day is who bought on it or in the `lapse_days` - 1 days before. The MRR of a
    span is its amount by 30 of those days; that of a customer is what was bought within them, a month. An end
    after the cut is not known yet. Columns: as in `spans.spans`.

    Glossary: MRR of a buyer.
    """
    bought = kept_purchases(business)
    lasts = business.settings.lapse_days
    end = bought.bought_on.cast("timestamp") + ibis.interval(days=lasts)
    end_on = end.cast("date")
    is_known = end_on < ibis.literal(business.as_of)
    nothing = {name: ibis.literal(given) for name, given in _OF_NO_PLAN.items()}
    return bought.select(
        "customer_id",
        started_at=bought.bought_on.cast("timestamp"),
        started_on="bought_on",
        end_at=ibis.ifelse(is_known, end, ibis.literal(FAR)),
        end_on=ibis.ifelse(is_known, end_on, ibis.null("date")),
        state=ibis.literal("paying"),
        mrr=(bought.amount * MONTH / lasts).round(6).cast(WHOLE),
        **nothing,
        currency=ibis.literal(business.currency),
    )


_OF_NO_PLAN = {"plan": "(no plan)", "interval": "(not given)", "status": "active"}

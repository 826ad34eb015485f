"""When a customer had service: the spans of the subscriptions, short gaps stitched, and their unions."""

import datetime as dt
from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from retention_helpers.business.opened import FAR, Business
from retention_helpers.business.purchases import spans_of_purchases
from retention_helpers.contract.tables import PAUSED, PAYING
from retention_helpers.engine.dialects import on_clocks

TRIAL = "trialing"


def _wall(business: Business, at: ir.TimestampColumn) -> ir.TimestampColumn:
    """What the business's own clocks show at an instant of naive UTC."""
    return on_clocks(at, business.settings.time_zone)


def _service_spans(business: Business, gap_days: int) -> ir.Table:
    """The spans that are service: paying, or paused. A stay of less than a day ends as it starts."""
    every = _known_spans(business)
    service = every.filter(every.state != TRIAL)
    trials = every.filter(every.state == TRIAL)
    return service.union(_free_time_of_payers(business, trials, service.view(), gap_days))


def _known_spans(business: Business) -> ir.Table:
    """The spans that are service, and trials."""
    spans = business.table("subscriptions")
    status = spans.status.fill_null("active")
    state = ibis.cases(
        (status.isin(PAYING) & (spans.mrr > 0), "paying"),
        (status.isin(PAUSED), "paused"),
        (status == TRIAL, TRIAL),
    )
    end = ibis.greatest(spans.ended_at, spans.started_at)
    return spans.select(
        "customer_id",
        "started_at",
        "started_on",
        end_at=ibis.ifelse(spans.ended_at.isnull(), ibis.literal(FAR), end),
        end_on=spans.ended_on,
        state=state,
        mrr=ibis.ifelse(state == "paying", spans.mrr, 0).cast("decimal(18, 6)"),
        plan=spans.plan.fill_null("(no plan)"),
        interval=spans.interval.fill_null("(not given)"),
        status=status,
        currency=spans.currency.upper().fill_null(business.currency),
    ).filter(lambda span: span.state.notnull())


def _free_time_of_payers(business: Business, trials: ir.Table, service: ir.Table, gap_days: int) -> ir.Table:
    """The trials that a payer was given: begun in service, or at most a switch gap after it, and paid before.

    A trial is free time before the first payment; later it is comped. It ends, by its nature.
    """
    paying = service.filter(service.state == "paying").view()
    least = _wall(business, trials.started_at) - ibis.interval(hours=24 * gap_days)
    after_service = trials.semi_join(
        service,
        [
            trials.customer_id == service.customer_id,
            service.started_at < trials.started_at,
            _wall(business, service.end_at) >= least,
        ],
    )
    given = after_service.semi_join(
        paying,
        [
            after_service.customer_id == paying.customer_id,
            paying.started_at < after_service.started_at,
        ],
    )
    return given.mutate(state=ibis.literal("paused"), status=ibis.literal("comped"))


def _with_breaks(spans: ir.Table) -> ir.Table:
    """Each span with `reached`: the latest end of service among the customer's earlier spans."""
    ordered = ibis.window(group_by="customer_id", order_by=["started_at", "end_at"])
    so_far = spans.mutate(
        reach=spans.end_at.max().over(
            ibis.cumulative_window(group_by="customer_id", order_by=["started_at", "end_at"])
        )
    )
    return so_far.mutate(reached=so_far.reach.lag().over(ordered)).drop("reach")


def spans(business: Business, *, gap_days: int) -> ir.Table:
    """A row a span of service, at a constant plan and price, short gaps stitched.

    Where service is interrupted for at most `gap_days` × 24 hours on the business's own clocks, the spans
    that end where the gap opens are taken to last until service goes on: 31 October to 3 November is three
    days, also where the clocks are set back between them. Without subscriptions, the spans are those that
    purchases make, and no gap between them is stitched.

    Columns: customer_id, started_at, end_at (far away: open), started_on, end_on (null: open), state
    (paying, paused), mrr (in the report's currency), plan, interval, status, currency (of the price).

    Glossary: span; paying; paused; switch gap.
    """
    if business.counts_buyers:
        return spans_of_purchases(business)
    all_spans = _service_spans(business, gap_days)
    breaks = _with_breaks(all_spans)
    gap_hours = ibis.interval(hours=24 * gap_days)
    lasts_at_most = _wall(business, breaks.started_at) <= _wall(business, breaks.reached) + gap_hours
    short = breaks.filter((breaks.started_at > breaks.reached) & lasts_at_most)
    gaps = short.select(
        "customer_id", opens_at="reached", closes_at="started_at", closes_on="started_on"
    ).distinct()
    joined = all_spans.left_join(
        gaps,
        [all_spans.customer_id == gaps.customer_id, all_spans.end_at == gaps.opens_at],
    )
    return joined.mutate(
        end_at=ibis.coalesce(joined.closes_at, joined.end_at),
        end_on=ibis.coalesce(joined.closes_on, joined.end_on),
    ).select(*all_spans.columns)


def kept_spans(business: Business, *, gap_days: int | None = None) -> ir.Table:
    """`spans` at a switch gap (default: the setting `switch_gap_days`), computed once."""
    days = business.settings.switch_gap_days if gap_days is None else gap_days
    return business.keep(f"spans_{days}", lambda: spans(business, gap_days=days))


def lasting(
    business: Business, interval: ir.StringValue, of: Callable[[str], int | None], *, otherwise: int
) -> ir.IntegerValue:
    """How long an interval lasts: by the words that stand there, else (or null) `otherwise`."""
    words = business.once("intervals", lambda: _intervals(business))
    known = [(word, lasts) for word in words if (lasts := of(word))]
    return interval.cases(*known, else_=otherwise) if known else ibis.literal(otherwise)


def _intervals(business: Business) -> list[str]:
    """The intervals of all subscriptions."""
    found = kept_spans(business).select("interval").distinct().execute()["interval"]
    return sorted(found.dropna())


def covers(own: ir.Table, day: dt.date | ir.DateValue) -> ir.BooleanColumn:
    """Whether a span lasts at the end of a day: it began on it or before, and ends later or not at all."""
    return (own.started_on <= day) & (own.end_on.isnull() | (own.end_on > day))


def stretches(own: ir.Table) -> ir.Table:
    """A row a customer an unbroken stretch of spans.

    Columns: customer_id, service (1, 2, …), begin_on, end_on and end_at (null: the stretch goes on).
    """
    breaks = _with_breaks(own)
    begins = ibis.cases((breaks.reached.isnull() | (breaks.started_at > breaks.reached), breaks.started_at))
    numbered = breaks.mutate(
        service=begins.count().over(
            ibis.cumulative_window(group_by="customer_id", order_by=["started_at", "end_at"])
        )
    )
    goes_on = (numbered.end_at == ibis.literal(FAR)).any()
    return numbered.group_by(["customer_id", "service"]).aggregate(
        begin_on=numbered.started_on.min(),
        end_at=ibis.ifelse(goes_on, ibis.null("timestamp"), numbered.end_at.max()),
        end_on=ibis.ifelse(
            goes_on,
            ibis.null("date"),
            # The day of the latest end; an end on the day of the start may be stamped before it.
            ibis.greatest(numbered.end_on.max(), numbered.started_on.min()),
        ),
    )


def services(business: Business) -> ir.Table:
    """A row a customer a service: an unbroken stretch of paying or paused time.

    Columns: customer_id, service (1, 2, …), begin_on, end_on and end_at (null: going on). A customer who
    comes back after a longer gap has two services.

    Glossary: service.
    """
    return stretches(kept_spans(business))


def kept_services(business: Business) -> ir.Table:
    """`services`, computed once."""
    return business.keep("services", lambda: services(business))


def trials(business: Business) -> ir.Table:
    """A row a customer who began a trial before ever having paid: the first of them, extensions included.

    Columns: customer_id, begun_on, ended_on (null: it goes on), plan (of its first day), paid_on (the first
    day, from its begin on, of a span that is paid; null: none yet). Free time of payers is no trial.

    Glossary: trial.
    """
    known = _known_spans(business)
    service = known.filter(known.state != TRIAL)
    every = known.filter(known.state == TRIAL)
    given = _free_time_of_payers(business, every, service.view(), business.settings.switch_gap_days)
    own = every.anti_join(given, ["customer_id", "started_at"])
    paying = service.filter(service.state == "paying")
    paid = paying.group_by("customer_id").aggregate(paid_at=paying.started_at.min())
    both = own.left_join(paid, "customer_id").drop("customer_id_right")
    before = both.filter(both.paid_at.isnull() | (both.started_at < both.paid_at)).drop("paid_at")
    first = stretches(before).filter(lambda row: row.service == 1)
    opening = ibis.window(group_by="customer_id", order_by=["started_at", "end_at", "plan"])
    plans = before.mutate(nth=ibis.row_number().over(opening)).filter(lambda span: span.nth == 0)
    begun = first.join(plans.select("customer_id", "plan"), "customer_id")
    paid_on = paying.group_by("customer_id").aggregate(paid_on=paying.started_on.min())
    told = begun.left_join(paid_on, "customer_id")
    return told.select("customer_id", "plan", "paid_on", begun_on="begin_on", ended_on="end_on")


def past_due(business: Business) -> set[str]:
    """Who has a span that is past due at the end of the month."""
    own = kept_spans(business)
    last_day = business.as_of - dt.timedelta(days=1)
    due = own.filter((own.status == "past_due") & covers(own, last_day))
    return set(due.customer_id.execute())

"""The derived tables that every measure stands on.

`spans` and `services` say when a customer had service, after stitching short gaps; `customer_months` has
a row a customer a month, `losses` a row a loss, `customer_days` a row a customer a day of activity.
All are expressions of the engine; a state is always the state at the end of a day.
"""

import datetime as dt

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business.opened import Business
from retention_helpers.contract.reason_codes import NOT_ANSWERED, NOT_ASKED, reason_of
from retention_helpers.contract.tables import INVOLUNTARY_REASONS, PAUSED, PAYING
from retention_helpers.words import calendar
from retention_helpers.words.errors import InputError

FAR = dt.datetime(9999, 12, 31)


def _service_spans(business: Business) -> ir.Table:
    """The spans that are service: paying, or paused. A stay of less than a day ends as it starts."""
    spans = business.table("subscriptions")
    status = spans.status.fill_null("active")
    state = ibis.cases(
        (status.isin(PAYING) & (spans.mrr > 0), "paying"),
        (status.isin(PAUSED), "paused"),
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

    Where service is interrupted for at most `gap_days` × 24 hours, the spans that end where the gap opens
    are taken to last until service goes on.

    Columns: customer_id, started_at, end_at (far away: open), started_on, end_on (null: open), state
    (paying, paused), mrr (in the report's currency), plan, interval, status, currency (of the price).

    Glossary: span; paying; paused; switch gap.
    """
    all_spans = _service_spans(business)
    breaks = _with_breaks(all_spans)
    gap_hours = ibis.interval(hours=24 * gap_days)
    short = breaks.filter(
        (breaks.started_at > breaks.reached) & (breaks.started_at <= breaks.reached + gap_hours)
    )
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


def covers(own: ir.Table, day: dt.date | ir.DateValue) -> ir.BooleanColumn:
    """Whether a span lasts at the end of a day: it began on it or before, and ends later or not at all."""
    return (own.started_on <= day) & (own.end_on.isnull() | (own.end_on > day))


def stretches(own: ir.Table) -> ir.Table:
    """A row a customer an unbroken stretch of spans: customer_id, service (1, 2, …), begin_on, end_on.

    end_on is null where the stretch goes on.
    """
    breaks = _with_breaks(own)
    begins = ibis.cases((breaks.reached.isnull() | (breaks.started_at > breaks.reached), breaks.started_at))
    numbered = breaks.mutate(
        service=begins.count().over(
            ibis.cumulative_window(group_by="customer_id", order_by=["started_at", "end_at"])
        )
    )
    return numbered.group_by(["customer_id", "service"]).aggregate(
        begin_on=numbered.started_on.min(),
        end_on=ibis.ifelse(
            (numbered.end_at == ibis.literal(FAR)).any(),
            ibis.null("date"),
            # The day of the latest end; an end on the day of the start may be stamped before it.
            ibis.greatest(numbered.end_on.max(), numbered.started_on.min()),
        ),
    )


def services(business: Business) -> ir.Table:
    """A row a customer a service: an unbroken stretch of paying or paused time.

    Columns: customer_id, service (1, 2, …), begin_on, end_on (null: going on). A customer who comes back
    after a longer gap has two services.

    Glossary: service.
    """
    return stretches(kept_spans(business))


def kept_services(business: Business) -> ir.Table:
    """`services`, computed once."""
    return business.keep("services", lambda: services(business))


def month_starts(business: Business) -> list[dt.date]:
    """The first day of every month from the first service to the report month.

    Raises InputError where nobody had service before the cut: free plans and trials are none.
    """
    first = business.once("first service", lambda: kept_services(business).begin_on.min().execute())
    if pd.isna(first):
        raise InputError(
            f"Nobody had a paid or paused subscription before {business.as_of}, so there is nothing to "
            "report. Trials and plans with an mrr of 0 are not service: check status and mrr."
        )
    return calendar.month_starts(pd.Timestamp(first).date(), business.report_month)


def month_table(business: Business) -> ir.Table:
    """A row a calendar month with service, up to the report month: month, next_month, last_day."""
    starts = month_starts(business)
    following = [calendar.months_after(start, 1) for start in starts]
    frame = pd.DataFrame(
        {
            "month": starts,
            "next_month": following,
            "last_day": [start - dt.timedelta(days=1) for start in following],
        }
    )
    return ibis.memtable(frame, schema={"month": "date", "next_month": "date", "last_day": "date"})


def month_ends(business: Business) -> ir.Table:
    """A row a customer a month at whose end the customer is one.

    Columns: customer_id, month, next_month, state (paying, paused), mrr (the sum of the paying spans),
    plan, interval (of the span with the largest MRR).

    Glossary: state; MRR.
    """
    own = kept_spans(business)
    months = month_table(business)
    covering = own.join(months, covers(own, months.last_day))
    each = [covering.customer_id, covering.month]
    leading = ibis.window(
        group_by=each,
        order_by=[covering.state.desc(), covering.mrr.desc(), covering.plan, covering.interval,
                  covering.started_at],
    )  # fmt: skip
    ranked = covering.mutate(
        rank=ibis.row_number().over(leading),
        total=covering.mrr.sum().over(ibis.window(group_by=each)),
    )
    return ranked.filter(ranked["rank"] == 0).select(
        "customer_id",
        "month",
        "next_month",
        "state",
        "plan",
        "interval",
        mrr=ranked.total.cast("decimal(18, 6)"),
    )


def _edges(business: Business) -> ir.Table:
    """A row a customer a month with an edge of service inside it: how many begins and ends."""
    own = kept_services(business)
    begins = own.select("customer_id", month=own.begin_on.truncate("M"), edge=ibis.literal("begin"))
    ended = own.filter(own.end_on.notnull())
    ends = ended.select("customer_id", month=ended.end_on.truncate("M"), edge=ibis.literal("end"))
    both = begins.union(ends)
    return both.group_by(["customer_id", "month"]).aggregate(
        begins=both.count(where=both.edge == "begin"), ends=both.count(where=both.edge == "end")
    )


def customer_months(business: Business) -> ir.Table:
    """A row a customer a month: the state and MRR at its start and end, and what moved in between.

    Only months in which the customer was one at the start or the end, or began service. Columns:
    customer_id, month, state_at_start, state_at_end (paying, paused, none), mrr_at_start, mrr_at_end,
    plan, interval (at the start; at the end for those who came), begins, ends (of service,
    stamped inside the month), movement (stayed, lost, new, reactivated, joined_and_left), mrr_movement
    (new, reactivated, expansion, contraction, paused, resumed, churned; null where nothing moved),
    left_and_returned.

    Glossary: customer.
    """
    states = month_ends(business)
    at_end = states.select(
        "customer_id",
        "month",
        state_at_end="state",
        mrr_at_end="mrr",
        plan_at_end="plan",
        interval_at_end="interval",
    )
    earlier = states.filter(states.month < business.report_month)
    at_start = earlier.select(
        "customer_id",
        month="next_month",
        state_at_start="state",
        mrr_at_start="mrr",
        plan_at_start="plan",
        interval_at_start="interval",
    )
    edges = _edges(business)
    keys = ["customer_id", "month"]
    touched = edges.filter(edges.month < business.as_of)
    everybody = at_end.select(*keys).union(at_start.select(*keys), touched.select(*keys)).distinct()
    own = kept_services(business)
    firsts = own.group_by("customer_id").aggregate(first_month=own.begin_on.min().truncate("M"))
    wide = (
        everybody.left_join(at_start, keys)
        .drop("customer_id_right", "month_right")
        .left_join(at_end, keys)
        .drop("customer_id_right", "month_right")
        .left_join(edges, keys)
        .drop("customer_id_right", "month_right")
        .left_join(firsts, "customer_id")
    )
    zero = ibis.literal(0).cast("decimal(18, 6)")
    filled = wide.select(
        *keys,
        "first_month",
        state_at_start=wide.state_at_start.fill_null("none"),
        state_at_end=wide.state_at_end.fill_null("none"),
        mrr_at_start=wide.mrr_at_start.fill_null(zero),
        mrr_at_end=wide.mrr_at_end.fill_null(zero),
        plan=ibis.coalesce(wide.plan_at_start, wide.plan_at_end),
        interval=ibis.coalesce(wide.interval_at_start, wide.interval_at_end),
        begins=wide.begins.fill_null(0),
        ends=wide.ends.fill_null(0),
    )
    return _with_movement(filled)


def _with_movement(rows: ir.Table) -> ir.Table:
    at_start, at_end = rows.state_at_start != "none", rows.state_at_end != "none"
    movement = ibis.cases(
        (at_start & at_end, "stayed"),
        (at_start, "lost"),
        (at_end & (rows.first_month < rows.month), "reactivated"),
        (at_end, "new"),
        else_="joined_and_left",
    )
    before, after = rows.mrr_at_start, rows.mrr_at_end
    mrr_movement = ibis.cases(
        (movement == "lost", "churned"),
        (movement.isin(["new", "reactivated"]), movement),
        (movement == "joined_and_left", ibis.null("string")),
        ((before > 0) & (after == 0), "paused"),
        ((before == 0) & (after > 0), "resumed"),
        (after > before, "expansion"),
        (after < before, "contraction"),
    )
    return rows.mutate(
        movement=movement,
        mrr_movement=mrr_movement,
        left_and_returned=at_start & at_end & (rows.ends > 0),
    ).drop("first_month")


def kept_customer_months(business: Business) -> ir.Table:
    """`customer_months`, computed once."""
    return business.keep("customer_months", lambda: customer_months(business))


def first_days(business: Business) -> ir.Table:
    """A row a customer who ever had service: customer_id, first_on, cohort (first day of its month).

    Glossary: first day; cohort.
    """
    own = kept_services(business)
    first = own.group_by("customer_id").aggregate(first_on=own.begin_on.min())
    return first.mutate(cohort=first.first_on.truncate("M"))


def anniversaries(business: Business) -> pd.DataFrame:
    """A row a first day and k: the day on which k calendar months from it are over, up to the cut.

    The same day of a later month, counted from the first day; the last day of the month where it does not
    exist. k = 0 is the first day itself. Columns: first_on, k, day.
    """
    return business.once("anniversaries", lambda: _anniversaries(business))


def _anniversaries(business: Business) -> pd.DataFrame:
    begun = first_days(business).first_on.as_table().distinct().order_by("first_on").execute()["first_on"]
    rows = [
        (first, k, calendar.months_after(first, k))
        for first in (pd.Timestamp(day).date() for day in begun)
        for k in range(calendar.months_between(first, business.report_month) + 1)
    ]
    return pd.DataFrame(rows, columns=["first_on", "k", "day"])


def _asked(business: Business) -> ir.Table:
    """A row a row of the cancellations, with the service that it is about: the latest that had begun.

    Placed by days, because many surveys export dates only: a row of the day on which service began belongs
    to that service.
    """
    asked = business.table("cancellations").mutate(row=ibis.row_number())
    own = kept_services(business)
    pairs = asked.join(own, [asked.customer_id == own.customer_id, own.begin_on <= asked.canceled_on]).drop(
        "customer_id_right"
    )
    latest_service = ibis.window(group_by="row", order_by=ibis.desc("service"))
    return pairs.mutate(nth=ibis.row_number().over(latest_service)).filter(lambda pair: pair.nth == 0)


def _reasons(business: Business) -> ir.Table:
    """A row a code that stands in the cancellations: code, and the reason that it means."""
    written = business.table("cancellations").select(code="reason").distinct()
    found = sorted(written.filter(written.code.notnull()).execute()["code"])
    meant = [(code, reason_of(code, business.settings.reason_map)) for code in found]
    return ibis.memtable(meant, schema={"code": "string", "meaning": "string"})


def answers(business: Business) -> ir.Table:
    """A row a service that somebody asked to cancel: the latest row of the cancellations after it began.

    Columns: customer_id, service, answered_on, reason (of the one list, or "unmapped"; null: none given),
    reason_code (as the source wrote it), comment, kind (null: not given), asked (false where the row says
    itself that nobody asked).

    Glossary: reason.
    """
    latest_row = ibis.window(
        group_by=["customer_id", "service"],
        order_by=[ibis.desc("canceled_at"), ibis.desc("kind"), "reason", "comment"],
    )
    asked = _asked(business).mutate(last=ibis.row_number().over(latest_row))
    latest = asked.filter(asked["last"] == 0)
    codes = _reasons(business)
    meant = latest.left_join(codes, latest.reason == codes.code)
    is_reason = meant.meaning.notnull() & ~meant.meaning.isin([NOT_ASKED, NOT_ANSWERED])
    return meant.select(
        "customer_id",
        "service",
        "comment",
        "kind",
        answered_on=meant.canceled_on,
        reason_code=meant.code,
        reason=ibis.ifelse(is_reason, meant.meaning, ibis.null("string")),
        asked=meant.meaning.isnull() | (meant.meaning != NOT_ASKED),
    )


def endings(business: Business) -> ir.Table:
    """A row a customer a service that ended: when, and who ended it.

    Columns: customer_id, service (1, 2, …), begin_on, end_on, kind (voluntary, involuntary, unknown), reason
    (of the one list, or "unmapped"; null: not asked or not answered), asked (a row of cancellations exists),
    reason_code, comment and answered_on (as in `answers`).
    """
    own = kept_services(business)
    ended = own.filter(own.end_on.notnull())
    answered = ended.left_join(answers(business), ["customer_id", "service"])
    by_biller = answered.reason.isin(INVOLUNTARY_REASONS)
    kind = ibis.cases(
        (answered.kind.notnull(), answered.kind),
        (by_biller, "involuntary"),
        (answered.reason.notnull(), "voluntary"),
        else_="unknown",
    )
    return answered.select(
        "customer_id",
        "service",
        "begin_on",
        "end_on",
        "reason",
        "reason_code",
        "comment",
        "answered_on",
        kind=kind,
        asked=answered.asked.fill_null(False),
    )


def kept_endings(business: Business) -> ir.Table:
    """`endings`, computed once."""
    return business.keep("endings", lambda: endings(business))


def losses(business: Business) -> ir.Table:
    """A row a loss: a customer at the start of a month who is none at its end.

    Columns: customer_id, month, lost_on (the day of the last end of service in the month), tenure_days
    (whole days from the first day), mrr, plan, interval (at the start of the month), kind, reason, asked,
    service, reason_code, comment and answered_on (as in `endings`).

    Glossary: tenure.
    """
    rows = kept_customer_months(business).filter(lambda row: row.movement == "lost")
    ended = kept_endings(business).mutate(month=lambda service: service.end_on.truncate("M"))
    latest = ibis.window(group_by=["customer_id", "month"], order_by=ibis.desc("service"))
    last = ended.mutate(nth=ibis.row_number().over(latest)).filter(lambda service: service.nth == 0)
    placed = rows.join(last, ["customer_id", "month"]).join(first_days(business), "customer_id")
    return placed.select(
        "customer_id",
        "month",
        "plan",
        "interval",
        "kind",
        "reason",
        "asked",
        "service",
        "reason_code",
        "comment",
        "answered_on",
        lost_on=placed.end_on,
        tenure_days=placed.end_on.delta(placed.first_on, unit="day"),
        mrr=placed.mrr_at_start,
    )


def kept_losses(business: Business) -> ir.Table:
    """`losses`, computed once."""
    return business.keep("losses", lambda: losses(business))


def leavings(business: Business) -> ir.Table:
    """A row a customer a service: when the customer left, in the sense of every question about causes.

    Leaving is the first request to cancel or the end of service, whichever comes first: what happens after
    the decision, such as silence, says nothing about its cause. A request counts also where the customer
    then stayed. Placed by days, as in `losses`.

    Columns: customer_id, service (1, 2, …), begin_on, asked_on (the first request, by the customer or
    because the biller gave up, from the day on which this service began to the day on which it ended; null:
    none), ended_on (null: going on), left_on (the earlier of the two; null: neither by the cut).

    Glossary: leaving.
    """
    asked = _asked(business).filter(lambda row: row.end_on.isnull() | (row.canceled_on <= row.end_on))
    first = asked.group_by(["customer_id", "service"]).aggregate(asked_on=asked.canceled_on.min())
    own = kept_services(business)
    both = own.left_join(first, ["customer_id", "service"])
    return both.select(
        "customer_id",
        "service",
        "begin_on",
        "asked_on",
        ended_on="end_on",
        left_on=ibis.coalesce(both.asked_on, both.end_on),  # a request never comes after the end
    )


def kept_leavings(business: Business) -> ir.Table:
    """`leavings`, computed once."""
    return business.keep("leavings", lambda: leavings(business))


def is_activity(business: Business, events: ir.Table) -> ir.BooleanValue:
    """Whether an event counts as activity: one of `activity_events`, or any where the owner named none.

    Glossary: activity.
    """
    names = business.settings.activity_events
    return events.event.isin(names) if names else ibis.literal(True)


def customer_days(business: Business) -> ir.Table:
    """A row a customer a day with an event, in one pass over the events.

    Columns: customer_id, day (business time zone), events, activity (events that count as activity).
    """
    events = business.table("events")
    return events.group_by(["customer_id", events.occurred_on.name("day")]).aggregate(
        events=events.count(), activity=events.count(where=is_activity(business, events))
    )


def kept_customer_days(business: Business) -> ir.Table:
    """`customer_days`, computed once."""
    return business.keep("customer_days", lambda: customer_days(business))

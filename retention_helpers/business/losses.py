"""How service ended: who asked, who ended it, which customers were lost in a month, and when they left."""

import ibis
import ibis.expr.types as ir

from retention_helpers.business.months import first_days, kept_customer_months
from retention_helpers.business.opened import Business
from retention_helpers.business.spans import kept_services, lasting, trials
from retention_helpers.contract.reason_codes import NOT_ANSWERED, NOT_ASKED, reason_of
from retention_helpers.contract.tables import INVOLUNTARY_REASONS
from retention_helpers.words.spellings import days_in

A_YEAR = 366  # days that an interval in words that nobody knows is taken to last


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


def requests(business: Business) -> ir.Table:
    """A row a request to cancel, by the customer or because the biller gave up, of a service that had begun.

    Requests after the end of that service are none. Columns: customer_id, service, begin_on, end_on (null:
    going on), canceled_at, canceled_on.
    """
    asked = _asked(business).filter(lambda row: row.end_on.isnull() | (row.canceled_on <= row.end_on))
    return asked.select("customer_id", "service", "begin_on", "end_on", "canceled_at", "canceled_on")


def latest_requests(business: Business, dates: ir.Table) -> ir.Table:
    """A row a customer a date before which they asked to cancel the service that lasts then.

    `dates` has the column as_of, midnights. Columns: customer_id, as_of, asked_on (the latest request before
    it: who stayed and asks again has asked anew).
    """
    asked = requests(business)
    lasts = asked.end_on.isnull() | (asked.end_on >= dates.as_of)
    pairs = asked.join(dates.select("as_of"), [asked.canceled_on < dates.as_of, lasts])
    return pairs.group_by(["customer_id", "as_of"]).aggregate(asked_on=pairs.canceled_on.max())


def trial_requests(business: Business) -> ir.Table:
    """A row a customer who asked to cancel during a trial and has never paid.

    Columns: customer_id, asked_on (the latest request, from the day on which the trial began to the day on
    which it ended), ended_on (of the trial; null: it goes on).
    """
    own = trials(business).filter(lambda trial: trial.paid_on.isnull())
    both = own.join(business.table("cancellations"), "customer_id")
    within = both.filter(
        (both.canceled_on >= both.begun_on) & (both.ended_on.isnull() | (both.canceled_on <= both.ended_on))
    )
    return within.group_by(["customer_id", "ended_on"]).aggregate(asked_on=within.canceled_on.max())


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
    asked = requests(business)
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


def holds(
    business: Business, asked_on: ir.DateValue, as_of: ir.DateValue, interval: ir.StringValue
) -> ir.BooleanValue:
    """Whether a request to cancel still holds: it lies before `as_of`, within what a paid period lasts.

    Whoever is still a customer after that has stayed. An interval that nobody knows is a year.
    """
    paid = lasting(business, interval, days_in, otherwise=A_YEAR)
    return ((asked_on < as_of) & (as_of.delta(asked_on, unit="day") - 1 <= paid)).fill_null(False)


def kept_leavings(business: Business) -> ir.Table:
    """`leavings`, computed once."""
    return business.keep("leavings", lambda: leavings(business))

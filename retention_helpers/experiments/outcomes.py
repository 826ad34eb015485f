"""Who was assigned to what, and what became of them: the rows that every reading counts.

Everybody counts in the arm they were drawn into, whatever they then got (intention to treat). What counts
lies after the moment of the draw; days are counted from its day, in the business time zone, and looked at at
their end.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import and_

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.losses import requests
from retention_helpers.business.spans import covers, kept_services, kept_spans, lasting
from retention_helpers.contract.experiments import Bound, Design, Outcome, Top
from retention_helpers.experiments.instants import after, begun
from retention_helpers.words.spellings import days_in, months_in

FAR = dt.date(9999, 12, 31)
EACH = ["experiment", "customer_id"]
MOST_LEVELS = 20  # an attribute with more is a name, or a number
TYPES = {
    "experiment": "str", "customer_id": "str", "arm": "str", "assigned_at": "datetime64[us]",
    "assigned_on": "datetime64[s]", "arms": "str", "in_period": "bool", "is_eligible": "bool",
    "eligible_else": "bool", "before_sign_up": "bool", "tenure_days": "float64", "reached": "bool",
    "matured_in": "str", "retained": "bool", "paying": "bool", "not_cancelled": "bool", "event": "bool",
    "success": "bool", "success_else": "bool", "amount": "float64", "amount_else": "float64",
    "curve_days": "int64", "curve_ended": "bool",
}  # fmt: skip
_UNIT = {"experiment": "string", "customer_id": "string", "arm": "string", "assigned_at": "timestamp",
         "assigned_on": "date", "arms": "string", "in_period": "boolean", "days": "int64", "kind": "string",
         "event_name": "string"}  # fmt: skip
_BOTH = {"": True, "_else": False}  # the two readings of the day of the draw


def is_told(business: Business, outcome: Outcome) -> bool:
    """Whether the tables can tell an outcome at all: no row of its kind does not say that nobody made it.

    Glossary: *not interpretable*.
    """
    if outcome.kind == "event":
        return outcome.event in business.once("events that happen", lambda: _events_that_happen(business))
    if outcome.is_amount:
        return bool(business.once("amounts are paid", lambda: _amounts_are_paid(business)))
    return True


def _events_that_happen(business: Business) -> frozenset[str]:
    """The names of all events, found in one pass for every experiment."""
    named = business.table("events").select("event").distinct().execute()
    return frozenset(named["event"])


def _amounts_are_paid(business: Business) -> bool:
    payments = business.table("payments")
    rows = payments.filter((payments.status == "succeeded") & payments.amount.notnull())
    return bool(rows.limit(1).count().execute())


def untold(business: Business) -> set[str]:
    """The experiments with customers whose outcome's day is over, and cannot be told."""
    rows = assigned(business)
    over = set(rows.loc[rows["reached"], "experiment"])
    return {name for name in over if not is_told(business, business.experiments[name].outcome)}


def assigned(business: Business) -> pd.DataFrame:
    """One row per customer of an experiment of `experiments.yml`: the first assignment, and what came of it.

    Columns: experiment, customer_id, arm, assigned_at, assigned_on, arms (all of them by the outcome's day,
    a line each, where they are several; else missing), in_period (between the experiment's start and end),
    is_eligible, before_sign_up (assigned before the day of signing up), tenure_days (from the first day of
    service; missing without any), reached (the outcome's day is over), matured_in (the month of that day),
    what was so at its end (retained, paying, not_cancelled, event), success (the experiment's own outcome; of
    `revenue`: anything was paid), amount (net payments from the draw on, of `revenue`; else 0), and for the
    curve: curve_days (to the day on which service ended, the customer left, or the event happened, or the
    last day known) and curve_ended (it did).

    Rows of the day of the draw that have no time, or where the draw has none, are taken to come after it;
    eligible_else, success_else and amount_else take them to come before.

    Glossary: assigned; day N; matured; retained, paying; not_cancelled; event; revenue; moment of the draw.
    """
    if not business.experiments or not business.has("assignments"):
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in TYPES.items()})
    return business.once("assigned", lambda: _assigned(business))


def _assigned(business: Business) -> pd.DataFrame:
    found = business.experiments
    kept = business.keep(
        "assigned", lambda: followed(business, _first_assignments(business, found.values()), found)
    )
    return kept.order_by(EACH).execute().astype(TYPES)


def plans_table(found: Iterable[Design]) -> ir.Table:
    """A row an experiment, for the engine: experiment, started_on, ended_on, days, kind, event_name."""
    rows = [
        (one.name, one.started_on, one.ended_on or FAR, one.outcome.days, one.outcome.kind, one.outcome.event)
        for one in found
    ]
    types = {"experiment": "string", "started_on": "date", "ended_on": "date", "days": "int64",
             "kind": "string", "event_name": "string"}  # fmt: skip
    return ibis.memtable(pd.DataFrame(rows, columns=list(types)), schema=types)


def units_table(rows: pd.DataFrame, outcomes: Sequence[Outcome]) -> ir.Table:
    """Customers to follow, for the engine, each with the outcome that is looked at.

    Takes experiment, customer_id, arm and assigned_on (an instant); assigned_at where the moment is known.
    """
    frame = rows.assign(
        assigned_at=rows.get("assigned_at", pd.NaT),
        assigned_on=rows["assigned_on"].dt.date,
        arms=None,
        in_period=True,
        days=[outcome.days for outcome in outcomes],
        kind=[outcome.kind for outcome in outcomes],
        event_name=[outcome.event for outcome in outcomes],
    )
    return ibis.memtable(frame[list(_UNIT)].astype({"assigned_at": "datetime64[us]"}), schema=_UNIT)


def _first_assignments(business: Business, found: Iterable[Design]) -> ir.Table:
    """Who was assigned more than once counts in the first arm; every arm by the outcome's day is kept."""
    rows = business.table("assignments").join(plans_table(found), "experiment")
    each = ibis.window(group_by=EACH)
    dated = rows.mutate(
        nth=ibis.row_number().over(ibis.window(group_by=EACH, order_by=["assigned_at", "arm"])),
        until=(rows.assigned_on.min().over(each) + rows.days.as_interval("D")).cast("date"),
    )
    within = dated.filter(dated.assigned_on <= dated.until)
    arms = within.group_by(EACH).aggregate(
        arms=ibis.ifelse(
            within.arm.min() != within.arm.max(), within.arm.group_concat("\n"), ibis.null("string")
        )
    )
    first = dated.filter(dated.nth == 0).join(arms, EACH)
    return first.select(
        *EACH,
        "arm",
        "assigned_at",
        "assigned_on",
        "arms",
        "days",
        "kind",
        "event_name",
        in_period=first.assigned_on.between(first.started_on, first.ended_on),
    )


def followed(business: Business, units: ir.Table, found: Mapping[str, Design]) -> ir.Table:
    """The units with what became of them.

    Takes experiment, customer_id, arm, assigned_at, assigned_on, arms, in_period, days, kind and event_name;
    a customer stands once in an experiment.
    """
    dated = units.mutate(day_n=(units.assigned_on + units.days.as_interval("D")).cast("date"))
    rows = dated
    for part in (_states(business, dated), _ends(business, dated), _requests(business, dated),
                 _events(business, dated), _payments(business, dated),
                 _before(business, dated, found)):  # fmt: skip
        rows = rows.left_join(part, EACH).drop(*(f"{name}_right" for name in EACH))
    rows = rows.left_join(_last_spans(business), "customer_id").drop("customer_id_right")
    return _counted(rows, business.as_of)


def _states(business: Business, units: ir.Table) -> ir.Table:
    """Whether they are customers, and pay, at the end of the outcome's day."""
    spans = kept_spans(business)
    own = units.join(spans, [units.customer_id == spans.customer_id, covers(spans, units.day_n)])
    return own.group_by(EACH).aggregate(
        retained=own.state.notnull().any(), paying=(own.state == "paying").any()
    )


def _ends(business: Business, units: ir.Table) -> ir.Table:
    """From the draw on: the first end of service."""
    services = kept_services(business)
    own = units.join(services, "customer_id")
    later = {end: after(own, own.end_at, own.end_on, day_is_after=side) for end, side in _BOTH.items()}
    return own.group_by(EACH).aggregate(
        **{f"ended_on{end}": own.end_on.min(where=is_later) for end, is_later in later.items()},
        served=(own.end_on.isnull() | later[""]).any(),
        tenure_days=own.assigned_on.max().delta(own.begin_on.min(), unit="day"),
    )


def _requests(business: Business, units: ir.Table) -> ir.Table:
    """The first request to cancel from the draw on; and the last one before it, of the service at the draw.

    `renews_on` is when that one has lapsed: the next renewal, by the interval and the day on which service
    began. Where the interval is not known it is taken to be a month.
    """
    own = units.join(requests(business), "customer_id")
    own = own.left_join(held(business, units), EACH).drop(*(f"{name}_right" for name in EACH))
    lasts = own.end_on.isnull() | (own.end_on >= own.assigned_on)
    found = {}
    for end, side in _BOTH.items():
        is_later = after(own, own.canceled_at, own.canceled_on, day_is_after=side)
        pending = ~is_later & lasts & (own.begin_on <= own.assigned_on)
        found[f"asked_on{end}"] = own.canceled_on.min(where=is_later)
        found[f"renews_on{end}"] = _next_renewal(business, own).max(where=pending)
    return own.group_by(EACH).aggregate(**found)


def _next_renewal(business: Business, own: ir.Table) -> ir.DateValue:
    """The first day after a request on which service would be paid for anew."""
    days = lasting(business, own.interval_held, _days_alone, otherwise=0)
    since_begin = own.canceled_on.delta(own.begin_on, unit="day")
    by_days = own.begin_on + ((since_begin // days.nullif(0) + 1) * days).as_interval("D")
    months = lasting(business, own.interval_held, months_in, otherwise=1)
    since = (own.canceled_on.year() - own.begin_on.year()) * 12 + own.canceled_on.month()
    since = since - own.begin_on.month() - (own.canceled_on.day() < own.begin_on.day()).cast("int64")
    to_come = (since // months + 1) * months
    by_months = own.begin_on + to_come.as_interval("M")
    return ibis.ifelse(days > 0, by_days, by_months).cast("date")


def _days_alone(interval: str) -> int | None:
    """The days that one of days or weeks lasts."""
    return None if months_in(interval) else days_in(interval)


def _events(business: Business, units: ir.Table) -> ir.Table:
    """The first day, from the draw on, with the experiment's event."""
    events = business.table("events")
    own = units.filter(units.kind == "event").join(
        events,
        [
            units.customer_id == events.customer_id,
            units.event_name == events.event,
            events.occurred_on >= units.assigned_on,
        ],
    )
    return own.group_by(EACH).aggregate(
        **{
            f"happened_on{end}": own.occurred_on.min(
                where=after(own, own.occurred_at, own.occurred_on, day_is_after=side)
            )
            for end, side in _BOTH.items()
        }
    )


def _payments(business: Business, units: ir.Table) -> ir.Table:
    """What was paid from the draw to the end of the outcome's day, less what was paid back."""
    payments = business.table("payments")
    own = units.filter(units.kind == "revenue").join(
        payments,
        [
            units.customer_id == payments.customer_id,
            payments.attempted_on >= units.assigned_on,
            payments.attempted_on <= units.day_n,
        ],
    )
    net = ibis.cases(
        (own.status == "succeeded", own.amount), (own.status == "refunded", -own.amount.abs()), else_=0
    )
    return own.group_by(EACH).aggregate(
        **{
            f"amount{end}": net.sum(
                where=after(own, own.attempted_at, own.attempted_on, day_is_after=side)
            ).cast("float64")
            for end, side in _BOTH.items()
        }
    )


def _last_spans(business: Business) -> ir.Table:
    """Until when a customer has a subscription of any kind, trials too."""
    spans = business.table("subscriptions")
    return spans.group_by("customer_id").aggregate(
        any_open=spans.ended_on.isnull().any(), last_end_on=spans.ended_on.max()
    )


def _before(business: Business, units: ir.Table, found: Mapping[str, Design]) -> ir.Table:
    """What was known of them at the moment of the draw: signed up, and eligible."""
    customers = business.table("customers")
    known = units.left_join(customers, "customer_id")
    answered = {}
    for end, side in _BOTH.items():
        own = held(business, units, day_is_after=side).rename(
            **{f"{name}{end}": name for name in ("plan_held", "interval_held", "mrr_held") if end}
        )
        known = known.left_join(own, EACH, rname="{name}_again")
        known = known.drop(*(f"{name}_again" for name in EACH))
    for end in _BOTH:
        tests = [
            (known.experiment != one.name)
            | reduce(and_, _tests(business, known, one, customers.columns, end))
            for one in found.values()
            if one.eligible
        ]
        answered[end] = reduce(and_, tests).fill_null(False) if tests else ibis.literal(True)
    return known.select(
        *EACH,
        before_sign_up=(known.assigned_on < known.signed_up_on).fill_null(False),
        is_eligible=answered[""],
        eligible_else=answered["_else"],
    )


def _tests(
    business: Business, rows: ir.Table, design: Design, columns: Iterable[str], end: str
) -> list[ir.BooleanValue]:
    """A test for each condition; one about something that the tables do not hold lets nobody in."""
    return [
        _test(business, rows, design, name, wanted, f"plan_held{end}" if name == "plan" else f"mrr_held{end}")
        if name in ("plan", "mrr")
        else _test(business, rows, design, name, wanted, name)
        if name in columns
        else ibis.literal(False)
        for name, wanted in design.eligible.items()
    ]


def _test(
    business: Business,
    rows: ir.Table,
    design: Design,
    name: str,
    wanted: tuple[str, ...] | Bound | Top,
    column: str,
) -> ir.BooleanValue:
    if isinstance(wanted, Top):
        return rows.customer_id.isin(_top(business, design.started_on, wanted.share).customer_id)
    if isinstance(wanted, Bound):
        return wanted.holds(rows[column].try_cast("float64"))
    return rows[column].cast("string").isin(wanted)


def eligible_of_the_top(business: Business, design: Design) -> int:
    """How many can take part in all, of an experiment for a share of those who pay as it begins.

    Before that day, those of now.
    """
    eve = min(design.started_on, business.as_of) - dt.timedelta(days=1)
    share = next(wanted.share for wanted in design.eligible.values() if isinstance(wanted, Top))
    # On the day after the eve whatever had begun on the eve is known to have.
    rows = _top(business, design.started_on, share).mutate(
        experiment=ibis.literal(design.name),
        assigned_on=ibis.literal(eve + dt.timedelta(days=1)),
        assigned_at=ibis.null("timestamp"),
    )
    able = _before(business, rows, {design.name: design})
    return int(able.count(where=able.is_eligible).execute())


def _top(business: Business, started_on: dt.date, share: float) -> ir.Table:
    """The customers with the highest MRR on the eve of the first day: so large a share, equals all in."""
    spans = kept_spans(business)
    eve = min(started_on, business.as_of) - dt.timedelta(days=1)
    there = spans.filter(covers(spans, eve))
    amounts = there.group_by("customer_id").aggregate(amount=there.mrr.sum())
    paying = amounts.filter(amounts.amount > 0)
    ranked = paying.mutate(
        place=ibis.rank().over(ibis.window(order_by=ibis.desc("amount"))), customers=ibis._.count()
    )
    return ranked.filter(ranked.place < (ranked.customers * share).ceil()).select("customer_id")


def held(business: Business, units: ir.Table, *, day_is_after: bool = True) -> ir.Table:
    """What they had at the moment of the draw: plan_held, interval_held, mrr_held (null: nothing).

    The plan is that of the latest subscription that had begun, also of one that is over. One that began on
    the day of the draw, at no known time, counts where there is no earlier one.
    """
    spans = business.table("subscriptions")
    own = units.join(spans, [units.customer_id == spans.customer_id, spans.started_on <= units.assigned_on])
    is_sure = begun(own, own.started_at, own.started_on, day_is_after=True)
    can_be = own.mutate(is_first=is_sure if day_is_after else ibis.literal(True)).filter(
        begun(own, own.started_at, own.started_on, day_is_after=False)
    )
    latest = ibis.window(
        group_by=EACH,
        order_by=[can_be.is_first.desc(), can_be.started_at.desc(), can_be.mrr.desc(), can_be.plan],
    )
    ranked = can_be.mutate(nth=ibis.row_number().over(latest))
    plans = ranked.filter(ranked.nth == 0).select(*EACH, plan_held="plan", interval_held="interval")
    amounts = _mrr_held(business, units, day_is_after=day_is_after)
    return plans.left_join(amounts, EACH).drop(*(f"{name}_right" for name in EACH))


def _mrr_held(business: Business, units: ir.Table, *, day_is_after: bool) -> ir.Table:
    spans = kept_spans(business)
    own = units.join(spans, [units.customer_id == spans.customer_id, spans.started_on <= units.assigned_on])
    sums = [
        own.mrr.sum(
            where=begun(own, own.started_at, own.started_on, day_is_after=side)
            & (own.end_on.isnull() | after(own, own.end_at, own.end_on, day_is_after=side))
        )
        for side in ((True, False) if day_is_after else (False, True))
    ]
    return own.group_by(EACH).aggregate(mrr_held=ibis.coalesce(*sums).cast("float64"))


def attributes(business: Business) -> pd.DataFrame:
    """The attributes at sign-up by customer, without what is personal, leaks, or has too many levels."""
    customers = business.table("customers")
    names = business.attributes.compared(business.settings.attributes)
    if not names:
        return pd.DataFrame(index=pd.Index([], dtype="str"))
    frame = customers.select("customer_id", *names).execute()
    frame = frame.drop_duplicates("customer_id").set_index("customer_id")
    return frame[[name for name in names if frame[name].nunique() <= MOST_LEVELS]]


def _counted(rows: ir.Table, as_of: dt.date) -> ir.Table:
    left_on = {end: ibis.least(rows[f"asked_on{end}"], rows[f"ended_on{end}"]) for end in _BOTH}
    retained, paying = rows.retained.fill_null(False), rows.paying.fill_null(False)
    not_cancelled = {end: _not_cancelled(rows, left_on[end], rows[f"renews_on{end}"]) for end in _BOTH}
    event = {end: (rows[f"happened_on{end}"] <= rows.day_n).fill_null(False) for end in _BOTH}
    amount = {end: rows[f"amount{end}"].fill_null(0.0) for end in _BOTH}
    served = rows.served.fill_null(False)
    # Nobody yet: in a trial still, or over with it.
    never_began = ibis.ifelse(
        rows.any_open.fill_null(False),
        ibis.null("date"),
        ibis.greatest(rows.last_end_on, rows.assigned_on),
    )
    service_ended_on = ibis.ifelse(served, rows.ended_on, never_began)
    went_on = ibis.cases(
        (rows.kind == "event", rows.happened_on),
        (rows.kind == "not_cancelled", left_on[""]),
        else_=service_ended_on,
    )
    last_known = ibis.literal(as_of - dt.timedelta(days=1))
    success = {
        f"success{end}": ibis.cases(
            (rows.kind == "retained", retained),
            (rows.kind == "paying", paying),
            (rows.kind == "event", event[end]),
            (rows.kind == "revenue", amount[end] > 0),
            else_=not_cancelled[end],
        )
        for end in _BOTH
    }
    return rows.select(
        *EACH,
        "arm",
        "assigned_at",
        "assigned_on",
        "arms",
        "in_period",
        "is_eligible",
        "eligible_else",
        "before_sign_up",
        "tenure_days",
        reached=rows.day_n < as_of,
        matured_in=rows.day_n.strftime("%Y-%m"),
        retained=retained,
        paying=paying,
        not_cancelled=not_cancelled[""],
        event=event[""],
        **success,
        **{f"amount{end}": amount[end] for end in _BOTH},
        curve_days=ibis.coalesce(went_on, last_known).delta(rows.assigned_on, unit="day"),
        curve_ended=went_on.notnull(),
    )


def _not_cancelled(rows: ir.Table, left_on: ir.DateValue, renews_on: ir.DateValue) -> ir.BooleanValue:
    """Neither asked nor ended from the draw on; who had asked before it has let that lapse by then, too."""
    neither = left_on.isnull() | (left_on > rows.day_n)
    has_lapsed = rows.retained.fill_null(False) & (renews_on <= rows.day_n)
    return neither & (renews_on.isnull() | has_lapsed)

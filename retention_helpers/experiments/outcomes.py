"""Who was assigned to what, and what became of them: the rows that every reading counts.

Everybody counts in the arm they were drawn into, whatever they then got (intention to treat). Days are
counted from the day of the assignment, in the business time zone, and looked at at their end.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import and_

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.losses import kept_leavings
from retention_helpers.business.spans import covers, kept_spans
from retention_helpers.contract.experiments import Design, Outcome

FAR = dt.date(9999, 12, 31)
EACH = ["experiment", "customer_id"]
MOST_LEVELS = 20  # an attribute with more is a name, or a number
TYPES = {
    "experiment": "str", "customer_id": "str", "arm": "str", "assigned_on": "datetime64[s]",
    "other_arm": "bool", "in_period": "bool", "is_eligible": "bool", "before_sign_up": "bool",
    "tenure_days": "float64", "reached": "bool", "matured_in": "str", "retained": "bool", "paying": "bool",
    "not_cancelled": "bool", "event": "bool", "success": "bool", "curve_days": "int64", "curve_ended": "bool",
}  # fmt: skip


def assigned(business: Business) -> pd.DataFrame:
    """One row per customer of an experiment of `experiments.yml`: the first assignment, and what came of it.

    Columns: experiment, customer_id, arm, assigned_on, other_arm (was assigned to another one too),
    in_period (between the experiment's start and end), is_eligible, before_sign_up (assigned before the day
    of signing up), tenure_days (from the first day of service; missing without any), reached (the outcome's
    day is over), matured_in (the month of that day), what was so at its end (retained, paying,
    not_cancelled, event), success (the experiment's own outcome), and for the curve: curve_days (to the day
    on which service ended, the customer left, or the event happened, or the last day known) and
    curve_ended (it did).

    Glossary: assigned; day N; matured; retained, paying; not_cancelled; event.
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

    Takes experiment, customer_id, arm and assigned_on (an instant).
    """
    types = {"experiment": "string", "customer_id": "string", "arm": "string", "assigned_on": "date",
             "other_arm": "boolean", "in_period": "boolean", "days": "int64", "kind": "string",
             "event_name": "string"}  # fmt: skip
    frame = rows.assign(
        assigned_on=rows["assigned_on"].dt.date,
        other_arm=False,
        in_period=True,
        days=[outcome.days for outcome in outcomes],
        kind=[outcome.kind for outcome in outcomes],
        event_name=[outcome.event for outcome in outcomes],
    )
    return ibis.memtable(frame[list(types)], schema=types)


def _first_assignments(business: Business, found: Iterable[Design]) -> ir.Table:
    """Who was assigned more than once counts in the first arm."""
    rows = business.table("assignments").join(plans_table(found), "experiment")
    each = ibis.window(group_by=EACH)
    numbered = rows.mutate(
        nth=ibis.row_number().over(ibis.window(group_by=EACH, order_by=["assigned_at", "arm"])),
        other_arm=rows.arm.min().over(each) != rows.arm.max().over(each),
    )
    first = numbered.filter(numbered.nth == 0)
    return first.select(
        *EACH,
        "arm",
        "assigned_on",
        "other_arm",
        "days",
        "kind",
        "event_name",
        in_period=first.assigned_on.between(first.started_on, first.ended_on),
    )


def followed(business: Business, units: ir.Table, found: Mapping[str, Design]) -> ir.Table:
    """The units with what became of them.

    Takes experiment, customer_id, arm, assigned_on, other_arm, in_period, days, kind and event_name; a
    customer stands once in an experiment.
    """
    dated = units.mutate(day_n=(units.assigned_on + units.days.as_interval("D")).cast("date"))
    rows = dated
    for part in (_states(business, dated), _leavings(business, dated), _events(business, dated),
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


def _leavings(business: Business, units: ir.Table) -> ir.Table:
    """From the day of the assignment on: the first request to cancel, and the first end of service."""
    left = kept_leavings(business)
    own = units.join(left, "customer_id")
    asked, ended = own.asked_on >= own.assigned_on, own.ended_on >= own.assigned_on
    return own.group_by(EACH).aggregate(
        asked_on=own.asked_on.min(where=asked),
        ended_on=own.ended_on.min(where=ended),
        served=(own.ended_on.isnull() | ended).any(),
        tenure_days=own.assigned_on.max().delta(own.begin_on.min(), unit="day"),
    )


def _events(business: Business, units: ir.Table) -> ir.Table:
    """The first day, from the assignment on, with the experiment's event."""
    events = business.table("events")
    own = units.filter(units.kind == "event").join(
        events,
        [
            units.customer_id == events.customer_id,
            units.event_name == events.event,
            events.occurred_on >= units.assigned_on,
        ],
    )
    return own.group_by(EACH).aggregate(happened_on=own.occurred_on.min())


def _last_spans(business: Business) -> ir.Table:
    """Until when a customer has a subscription of any kind, trials too."""
    spans = business.table("subscriptions")
    return spans.group_by("customer_id").aggregate(
        any_open=spans.ended_on.isnull().any(), last_end_on=spans.ended_on.max()
    )


def _before(business: Business, units: ir.Table, found: Mapping[str, Design]) -> ir.Table:
    """What was known of them on the day of the assignment: signed up, and eligible."""
    customers = business.table("customers")
    known = units.left_join(customers, "customer_id")
    with_plan = known.left_join(plans_held(business, units), EACH)
    tests = [
        (with_plan.experiment != one.name) | reduce(and_, _tests(with_plan, one, customers.columns))
        for one in found.values()
        if one.eligible
    ]
    return with_plan.select(
        *EACH,
        before_sign_up=(with_plan.assigned_on < with_plan.signed_up_on).fill_null(False),
        is_eligible=reduce(and_, tests).fill_null(False) if tests else ibis.literal(True),
    )


def _tests(rows: ir.Table, design: Design, columns: Iterable[str]) -> list[ir.BooleanValue]:
    """A test for each condition; one about something that the tables do not hold lets nobody in."""
    return [
        rows.plan_held.isin(wanted)
        if name == "plan"
        else rows[name].cast("string").isin(wanted)
        if name in columns
        else ibis.literal(False)
        for name, wanted in design.eligible.items()
    ]


def plans_held(business: Business, units: ir.Table) -> ir.Table:
    """The plan of the latest subscription that began by the day of the assignment."""
    spans = business.table("subscriptions")
    own = units.join(spans, [units.customer_id == spans.customer_id, spans.started_on <= units.assigned_on])
    latest = ibis.window(group_by=EACH, order_by=[own.started_at.desc(), own.mrr.desc(), own.plan])
    ranked = own.mutate(nth=ibis.row_number().over(latest))
    return ranked.filter(ranked.nth == 0).select(*EACH, plan_held="plan")


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
    left_on = ibis.least(rows.asked_on, rows.ended_on)
    not_cancelled = left_on.isnull() | (left_on > rows.day_n)
    event = (rows.happened_on <= rows.day_n).fill_null(False)
    retained, paying = rows.retained.fill_null(False), rows.paying.fill_null(False)
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
        (rows.kind == "not_cancelled", left_on),
        else_=service_ended_on,
    )
    last_known = ibis.literal(as_of - dt.timedelta(days=1))
    success = ibis.cases(
        (rows.kind == "retained", retained),
        (rows.kind == "paying", paying),
        (rows.kind == "event", event),
        else_=not_cancelled,
    )
    return rows.select(
        *EACH,
        "arm",
        "assigned_on",
        "other_arm",
        "in_period",
        "is_eligible",
        "before_sign_up",
        "tenure_days",
        reached=rows.day_n < as_of,
        matured_in=rows.day_n.strftime("%Y-%m"),
        retained=retained,
        paying=paying,
        not_cancelled=not_cancelled,
        event=event,
        success=success,
        curve_days=ibis.coalesce(went_on, last_known).delta(rows.assigned_on, unit="day"),
        curve_ended=went_on.notnull(),
    )

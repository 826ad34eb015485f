"""What could be wrong with a business's data, a rule a function, a module by idea.

`FACTS` say what is certain, whatever else is wrong. `SUSPICIONS` say what good data seldom look like, are
held only where nothing stops the report, and can be answered with `accepted` in `retention.yml`.
"""

from collections.abc import Callable

from retention_helpers.gate.evidence import Evidence
from retention_helpers.gate.rules import (
    attributes,
    customers,
    days,
    experiments,
    free_time,
    leaving,
    money,
    orders,
    scores,
    spans,
    spend,
)

Rule = Callable[[Evidence], None]

FACTS: tuple[tuple[Rule, tuple[str, ...]], ...] = (
    (spans.intervals_in_words, ("subscriptions",)),
    (customers.one_row_a_customer, ("customers",)),
    (customers.ids_that_name_nobody, ("customers",)),
    (customers.known_customers, ("customers",)),
    (attributes.attributes_named, ("customers",)),
    (attributes.personal_columns, ("customers",)),
)

CUSTOMERS = ("customers",)
SPANS = (*CUSTOMERS, "subscriptions")
SUSPICIONS: tuple[tuple[Rule, tuple[str, ...]], ...] = (
    (spans.ends_before_starts, SPANS),
    (spans.active_alone, SPANS),
    (spans.late_history, SPANS),
    (spans.overlapping_spans, SPANS),
    (spans.ends_of_a_move, SPANS),
    (spans.starts_of_a_move, SPANS),
    (spans.last_days_as_ends, SPANS),
    (spans.sign_ups_after_start, SPANS),
    (spans.canceled_without_end, (*SPANS, "cancellations")),
    (free_time.free_between_paid, SPANS),
    (money.present_amounts, SPANS),
    (money.no_amounts, SPANS),
    (money.minor_units, SPANS),
    (money.amounts_out_of_scale, SPANS),
    (money.annual_amounts, SPANS),
    (customers.test_accounts, CUSTOMERS),
    (customers.internal_accounts, CUSTOMERS),
    (customers.service_of_customers, SPANS),
    (customers.ids_in_two_spellings, CUSTOMERS),
    (customers.subscriptions_of_two, SPANS),
    (orders.that_are_none, ("orders",)),
    (orders.in_several_rows, ("orders",)),
    (attributes.leaking_attributes, CUSTOMERS),
    (days.stale_tables, CUSTOMERS),
    (days.ends_alone, SPANS),
    (days.holes, CUSTOMERS),
    (days.stray_days, CUSTOMERS),
    (scores.another_scale, (*CUSTOMERS, "nps")),
    (spend.channels_of_customers, (*CUSTOMERS, "spend")),
    (leaving.answers_of_those_who_stayed, (*SPANS, "cancellations")),
    (leaving.events_of_the_gone, (*SPANS, "events")),
    (experiments.planned, (*CUSTOMERS, "assignments")),
    (experiments.who_takes_part, CUSTOMERS),
    (experiments.events_that_happen, CUSTOMERS),
    (experiments.amounts_that_are_paid, CUSTOMERS),
    (experiments.requests_that_count, CUSTOMERS),
    (experiments.one_arm_a_customer, (*CUSTOMERS, "assignments")),
    (experiments.assigned_after_sign_up, (*CUSTOMERS, "assignments")),
)


def hold(evidence: Evidence, rules: tuple[tuple[Rule, tuple[str, ...]], ...]) -> None:
    """Hold the rules against the tables that they need, where these could be read."""
    for rule, tables in rules:
        if evidence.has(*tables):
            rule(evidence)

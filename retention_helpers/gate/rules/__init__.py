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

SPANS = ("customers", "subscriptions")
SUSPICIONS: tuple[tuple[Rule, tuple[str, ...]], ...] = (
    (spans.ends_before_starts, SPANS),
    (spans.active_alone, SPANS),
    (spans.late_history, SPANS),
    (spans.overlapping_spans, SPANS),
    (spans.ends_of_a_move, SPANS),
    (spans.starts_of_a_move, SPANS),
    (spans.sign_ups_after_start, SPANS),
    (spans.canceled_without_end, (*SPANS, "cancellations")),
    (free_time.free_between_paid, SPANS),
    (money.present_amounts, SPANS),
    (money.no_amounts, SPANS),
    (money.minor_units, SPANS),
    (money.amounts_out_of_scale, SPANS),
    (money.annual_amounts, SPANS),
    (customers.test_accounts, SPANS),
    (customers.internal_accounts, SPANS),
    (customers.service_of_customers, SPANS),
    (customers.ids_in_two_spellings, SPANS),
    (customers.subscriptions_of_two, SPANS),
    (attributes.leaking_attributes, SPANS),
    (days.stale_tables, SPANS),
    (days.ends_alone, SPANS),
    (days.holes, SPANS),
    (days.stray_days, SPANS),
    (scores.another_scale, (*SPANS, "nps")),
    (spend.channels_of_customers, (*SPANS, "spend")),
    (leaving.answers_of_those_who_stayed, (*SPANS, "cancellations")),
    (leaving.events_of_the_gone, (*SPANS, "events")),
    (experiments.planned, (*SPANS, "assignments")),
    (experiments.who_takes_part, SPANS),
    (experiments.events_that_happen, SPANS),
    (experiments.amounts_that_are_paid, SPANS),
    (experiments.one_arm_a_customer, (*SPANS, "assignments")),
    (experiments.assigned_after_sign_up, (*SPANS, "assignments")),
)


def hold(evidence: Evidence, rules: tuple[tuple[Rule, tuple[str, ...]], ...]) -> None:
    """Hold the rules against the tables that they need, where these could be read."""
    for rule, tables in rules:
        if evidence.has(*tables):
            rule(evidence)

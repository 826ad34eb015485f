"""Rules that hold assignments against the plans of `experiments.yml` and against the customers."""

from retention_helpers.contract.experiments import EXPERIMENTS_FILE
from retention_helpers.gate.evidence import Evidence
from retention_helpers.gate.rules.attributes import columns_of
from retention_helpers.words.errors import nearest
from retention_helpers.words.formats import plural


def planned(evidence: Evidence) -> None:
    """Assignments to experiments or arms that no plan knows."""
    for name, arm, count in evidence.rows(
        f"SELECT experiment, arm, count(*) FROM {evidence.of('assignments')} "
        "WHERE experiment IS NOT NULL AND arm IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
    ):
        plan = evidence.experiments.get(name)
        if plan is not None and arm not in plan.arms:
            _unknown_arm(evidence, name, arm, count)
    unknown = [
        name
        for (name,) in evidence.rows(
            f"SELECT DISTINCT experiment FROM {evidence.of('assignments')} ORDER BY 1"
        )
        if name is not None and name not in evidence.experiments
    ]
    if unknown:
        hint = f" {nearest(unknown[0], evidence.experiments)}" if evidence.experiments else ""
        evidence.say(
            "note",
            "assignments",
            "unknown experiment",
            f"{EXPERIMENTS_FILE} has no plan for {', '.join(unknown[:5])}",
            f"Write the plan down there.{hint}",
            effect="Without one, nothing is said about it.",
        )


def who_takes_part(evidence: Evidence) -> None:
    """An experiment for customers with something that the tables do not hold, so for nobody."""
    columns = ["plan", *columns_of(evidence)]
    for name, plan in evidence.experiments.items():
        for wanted in plan.eligible:
            if wanted not in columns:
                evidence.say(
                    "warning",
                    "customers",
                    "unknown condition",
                    f"there is no column {wanted}, which {EXPERIMENTS_FILE} asks for in {name} (eligible)",
                    f"{nearest(wanted, columns)} Correct it there.",
                    effect="So nobody takes part in that experiment.",
                )


def events_that_happen(evidence: Evidence) -> None:
    """An experiment with an outcome that no row of events has, or without events at all."""
    for name, plan in evidence.experiments.items():
        event = plan.outcome.event
        if event and not evidence.has("events"):
            evidence.say(
                "warning",
                "customers",
                "unknown event",
                f"no events lie beside it, and {name} in {EXPERIMENTS_FILE} counts one ({event})",
                "Add the events, or choose another outcome.",
                effect="So no arm of that experiment can succeed.",
            )
        elif event and not evidence.count(f"(FROM {evidence.of('events')} WHERE event = {_text(event)})"):
            known = [one for (one,) in evidence.rows(f"SELECT DISTINCT event FROM {evidence.of('events')}")]
            evidence.say(
                "warning",
                "events",
                "unknown event",
                f"{event}, the outcome of {name} in {EXPERIMENTS_FILE}, never happens",
                f"{nearest(event, known)} Correct it there.",
                effect="So no arm of that experiment can succeed.",
            )


def _unknown_arm(evidence: Evidence, name: str, arm: str, count: int) -> None:
    arms = evidence.experiments[name].arms
    where = f"{evidence.of('assignments')} WHERE experiment = {_text(name)} AND arm = {_text(arm)}"
    evidence.say(
        "warning",
        "assignments",
        "unknown arm",
        f"{arm} is no arm of {name}",
        f"{nearest(arm, arms)} Correct the arm here, or the plan in {EXPERIMENTS_FILE}.",
        effect="These customers are in no comparison.",
        rows=count,
        of=evidence.totals["assignments"],
        first=evidence.case("assignments", where),
    )


def one_arm_a_customer(evidence: Evidence) -> None:
    """Customers in two arms of one experiment."""
    several = (
        f"SELECT experiment, customer_id FROM {evidence.of('assignments')} "
        "GROUP BY 1, 2 HAVING count(DISTINCT arm) > 1"
    )
    found = evidence.rows(
        f"SELECT experiment, count(*), min(customer_id) FROM ({several}) GROUP BY 1 ORDER BY 1"
    )
    for name, count, first in found:
        evidence.say(
            "warning",
            "assignments",
            "two arms",
            f"{plural(count, 'customer is', 'customers are')} in several arms of {name}",
            "Keep the arm that they were given first, and look for how they came into the other.",
            effect="Nobody can tell which arm worked on them, and the split can be trusted less.",
            first=f"customer {first}",
        )


def assigned_after_sign_up(evidence: Evidence) -> None:
    """Customers who were assigned before they signed up: one of the two dates is another one."""
    early = (
        f"(SELECT a.* FROM {evidence.of('assignments')} AS a JOIN {evidence.of('customers')} AS c "
        "USING (customer_id) WHERE a.assigned_on < c.signed_up_on)"
    )
    count = evidence.count(early)
    if count:
        evidence.say(
            "warning",
            "assignments",
            "assigned before sign-up",
            "assigned_at lies before signed_up_at",
            "Correct the dates.",
            effect="The days of the outcome would be counted from the wrong day.",
            rows=count,
            of=evidence.totals["assignments"],
            first=evidence.case("assignments", early),
        )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

"""Rules that hold assignments against the plans of `experiments.yml` and against the customers."""

from retention_helpers.contract.experiments import EXPERIMENTS_FILE
from retention_helpers.gate.evidence import Evidence
from retention_helpers.gate.rules.attributes import columns_of
from retention_helpers.words.errors import nearest
from retention_helpers.words.formats import plural

KNOWN_BEFORE = ("plan", "mrr", "tenure", "use", "paid")  # beside the attributes, what a plan may adjust for
MOST = 5  # names in one sentence


def planned(evidence: Evidence) -> None:
    """Assignments to experiments or arms that no plan knows."""
    for name, arm, count in evidence.rows(
        f"SELECT experiment, arm, count(*) FROM {evidence.of('assignments')} "
        "WHERE experiment IS NOT NULL AND arm IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
    ):
        plan = evidence.experiments.get(name)
        if plan is not None and arm not in plan.arms:
            _unknown_arm(evidence, name, arm, count)
    _names(evidence)


def _names(evidence: Evidence) -> None:
    """Names that meet nothing on the other side: rows without a plan, and plans without a row."""
    counted = dict(
        evidence.rows(
            f"SELECT experiment, count(*) FROM {evidence.of('assignments')} "
            "WHERE experiment IS NOT NULL GROUP BY 1 ORDER BY 1"
        )
    )
    unknown = {name: rows for name, rows in counted.items() if name not in evidence.experiments}
    begun = [name for name, plan in evidence.experiments.items() if plan.started_on <= evidence.latest_on]
    empty = [name for name in begun if name not in counted]
    rows = sum(unknown.values())
    names = ", ".join(list(unknown)[:MOST])
    without_plan = f"{plural(rows, 'row names', 'rows name')} an experiment without a plan ({names})"
    if unknown and empty:
        evidence.say(
            "warning",
            "assignments",
            "unknown experiment",
            f"nobody was assigned to {', '.join(empty[:MOST])}, and {without_plan}",
            f"If they are the same, write one name in {EXPERIMENTS_FILE} and in the assignments.",
            effect="Nothing is said about either.",
            rows=rows,
        )
    elif unknown:
        hint = f" {nearest(next(iter(unknown)), evidence.experiments)}" if evidence.experiments else ""
        evidence.say(
            "note",
            "assignments",
            "unknown experiment",
            without_plan,
            f"Write the plan down in {EXPERIMENTS_FILE}.{hint}",
            effect="Without one, nothing is said about it.",
            rows=rows,
        )
    elif empty:
        evidence.say(
            "note",
            "assignments",
            "nobody assigned",
            f"nobody was assigned to {', '.join(empty[:MOST])}",
            f"Add the rows, or take it out of {EXPERIMENTS_FILE}.",
            effect="So nothing is said about it.",
        )


def who_takes_part(evidence: Evidence) -> None:
    """An experiment for customers with something that the tables do not hold, so for nobody."""
    attributes = columns_of(evidence)
    for name, plan in evidence.experiments.items():
        for key, asked, known, effect in (
            (
                "eligible",
                plan.eligible,
                ["plan", "mrr", *attributes],
                "So nobody takes part in that experiment.",
            ),
            ("adjust", plan.adjust, [*KNOWN_BEFORE, *attributes], "So nothing is adjusted for it."),
        ):
            for wanted in asked:
                if wanted not in known:
                    evidence.say(
                        "warning",
                        "customers",
                        "unknown condition",
                        f"there is no column {wanted}, which {EXPERIMENTS_FILE} asks for in {name} ({key})",
                        f"{nearest(wanted, known)} Correct it there.",
                        effect=effect,
                    )


def amounts_that_are_paid(evidence: Evidence) -> None:
    """An experiment about revenue where no payment has an amount."""
    for name, plan in evidence.experiments.items():
        paid = evidence.has("payments") and evidence.count(
            f"(FROM {evidence.of('payments')} WHERE status = 'succeeded' AND amount IS NOT NULL)"
        )
        if plan.outcome.is_amount and not paid:
            evidence.say(
                "warning",
                "payments" if evidence.has("payments") else "customers",
                "no amounts",
                f"no payment that succeeded has an amount, and {name} in {EXPERIMENTS_FILE} counts revenue",
                "Add the payments with their amounts, or choose another outcome.",
                effect="So that experiment has no verdict.",
            )


def requests_that_count(evidence: Evidence) -> None:
    """An experiment about requests to cancel, without any."""
    asking = [name for name, plan in evidence.experiments.items() if plan.outcome.kind == "not_cancelled"]
    if asking and not evidence.has("cancellations"):
        evidence.say(
            "warning",
            "customers",
            "no requests",
            f"no cancellations lie beside it, and {', '.join(asking[:MOST])} in {EXPERIMENTS_FILE} "
            f"{'counts' if len(asking) == 1 else 'count'} who asked to cancel",
            "Add the cancellations with the day of the request, or choose another outcome.",
            effect="So only who is gone already counts.",
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
                effect="So that experiment has no verdict.",
            )
        elif event and not evidence.count(
            f"(FROM {evidence.by('events', 'event')} WHERE value = {_text(event)})"
        ):
            known = [one for (one,) in evidence.rows(f"SELECT value FROM {evidence.by('events', 'event')}")]
            evidence.say(
                "warning",
                "events",
                "unknown event",
                f"{event}, the outcome of {name} in {EXPERIMENTS_FILE}, never happens",
                f"{nearest(event, known)} Correct it there.",
                effect="So that experiment has no verdict.",
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
        effect="Nobody can tell in which arm these customers were: a few are counted as best and as worst.",
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
            effect="Nobody can tell which arm worked on them: a few are counted as best and as worst; more "
            "than 2 %, and than four, leave the experiment without a verdict.",
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

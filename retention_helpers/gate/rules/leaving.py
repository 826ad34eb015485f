"""Rules that hold the other tables against who left and when."""

from retention_helpers.gate.evidence import OPEN, Evidence
from retention_helpers.words.formats import count, plural

SETTLED_DAYS = 62
LONG_GONE_DAYS = 7
FEW_CASES, FEW_SHARE = 3, 0.05


def answers_of_those_who_stayed(evidence: Evidence) -> None:
    """Requests to cancel that no end of service followed, and those of customers without any service."""
    asked = f"(SELECT * FROM {evidence.of('cancellations')} WHERE customer_id IS NOT NULL)"
    stayed, without, total = evidence.one(
        f"SELECT count(*) FILTER (WHERE p.until = {OPEN} OR p.until < a.canceled_on), "
        "count(*) FILTER (WHERE p.customer_id IS NULL), count(*) "
        f"FROM {asked} AS a LEFT JOIN {evidence.people()} AS p USING (customer_id) "
        f"WHERE date_diff('day', a.canceled_on, {evidence.latest}) > {SETTLED_DAYS}"
    )
    if stayed:
        evidence.say(
            "note",
            "cancellations",
            "answers of those who stayed",
            f"{count(stayed)} of {plural(total, 'request')} to cancel older than two months "
            f"{'was' if stayed == 1 else 'were'} followed by no end of service",
            "They changed their minds, were won over, or paused; nothing is to be done if that is so.",
            effect="Such an answer is no reason of any loss.",
        )
    if without:
        evidence.say(
            "note",
            "cancellations",
            "answers without service",
            f"{count(without)} of {plural(total, 'request')} to cancel came from customers who never had a "
            "paid or paused subscription",
            "Trials that end are like that; if there are none, their subscriptions are missing.",
            effect="Such an answer is no reason of any loss.",
        )


def events_of_the_gone(evidence: Evidence) -> None:
    """Customers who go on using the product long after their service ended."""
    gone = f"(SELECT * FROM {evidence.people()} WHERE until < {OPEN} AND NOT is_open)"
    active, total, first = evidence.one(
        "SELECT count(DISTINCT e.customer_id), any_value(g.total), min(e.customer_id) "
        f"FROM {evidence.of('events')} AS e JOIN {gone} AS p USING (customer_id), "
        f"(SELECT count(*) AS total FROM {gone}) AS g WHERE e.occurred_on > p.until + {LONG_GONE_DAYS}"
    )
    if active and active >= max(FEW_CASES, FEW_SHARE * total):
        evidence.say(
            "warning",
            "events",
            "events of the gone",
            f"{count(active)} of {plural(total, 'customer')} who left go on using the product more than "
            f"{LONG_GONE_DAYS} days later",
            "Look at a few of them: their service may have ended later, or the events bear another's id.",
            effect="If they are still customers, churn is too high.",
            first=f"customer {first}",
        )

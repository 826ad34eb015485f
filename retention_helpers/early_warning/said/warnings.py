"""What is said of the warnings: which deserve belief, and where other thresholds do better."""

from collections.abc import Sequence
from functools import partial

import pandas as pd

from retention_helpers.early_warning import past, rules, thresholds
from retention_helpers.early_warning.rules import Rule
from retention_helpers.early_warning.snapshots import HORIZON_DAYS
from retention_helpers.shown import figures
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.shown.units import RATE
from retention_helpers.statistics.intervals import Rate
from retention_helpers.words import formats

__all__ = ["back_test", "better_thresholds", "leavers_seen", "left_out", "steadiness", "with_thresholds"]

_BRING = {
    "use": "events.csv (customer_id, occurred_at, event)",
    "onboarding": "an event for a finished onboarding, named by onboarding_event",
    "tickets": "tickets.csv with opened_at, and sentiment or text",
    "payments": "payments.csv with attempted_at and status",
    "emails": "emails.csv with sent_at and opened_at",
    "prices": "past prices, such as a biller's invoices",
    "nps": "nps.csv with answered_at and score",
}


def belief(judged: pd.DataFrame) -> Sentence:
    """Which warnings deserve belief, which do not, and which cannot be told yet."""
    if "level" in judged:
        judged = judged.assign(warning=judged["warning"] + ": " + judged["level"])
    parts = []
    for word, said in (
        ("works", "Believe"),
        ("works weakly", "Believe with care"),
        ("does not work for you", "No warning of leaving here"),
        ("too few", "Not to be judged yet, for want of alerts"),
    ):
        own = judged[judged["verdict"] == word]
        if len(own):
            rows = [f"“{row.warning}” ({formats.times(row.lift)})" for row in own.itertuples()]
            bare = [f"“{row.warning}”" for row in own.itertuples()]
            parts.append(f"{said}: {listed(bare if word == 'too few' else rows)}.")
    if "nps_detractor" in set(judged.loc[judged["verdict"] == "does not work for you", "name"]):
        parts.append("Whom the plan calls for a low score is asked why, and not called as one at risk.")
    if not parts:
        return Sentence("There is no warning that the data could raise.")
    return Sentence(" ".join(parts))


def needed(rules: Sequence[Rule]) -> Sentence | None:
    """The warnings that no table can raise, and what would bring them; None where there is none."""
    if not rules:
        return None
    sources = dict.fromkeys(rule.source for rule in rules)
    said = "; ".join(_BRING[source] for source in sources)
    return Sentence(f"For {formats.plural(len(rules), 'more warning')} it takes {said}.")


def reach(seen: Rate) -> Sentence:
    """How many of those who leave a list made at the month's end can hold at all."""
    if not seen.denominator:
        return Sentence("Nobody has asked or left since the first month end.")
    return Sentence(
        f"Of {formats.plural(seen.denominator, 'customer')} who asked or left since the first month end, "
        f"{formats.count(seen.numerator)}, or {formats.rate(seen.value, seen.low, seen.high)}, had been "
        "paying customers without a request at the month end before. No list made once a month can hold the "
        "others."
    )


def suggested(frame: pd.DataFrame) -> Sentence:
    """Which thresholds did better than the usual ones, in both halves of the past."""
    if (frame["verdict"] == "too few").all():
        return Sentence("It takes more alerts to look for better thresholds.")
    better = frame[frame["verdict"] == "use it"]
    if better.empty:
        return Sentence("No other threshold did better in both halves of the past: keep the usual ones.")
    said = [
        f"“{row.suggested}” instead of “{row.warning}” "
        f"({formats.times(row.suggested_lift, row.suggested_lift_low, row.suggested_lift_high)} against "
        f"{formats.times(row.usual_lift, row.usual_lift_low, row.usual_lift_high)} in the second half)"
        for row in better.itertuples()
    ]
    is_close = (better["suggested_lift_low"] <= better["usual_lift_high"]).any()
    caution = " Where the ranges overlap, the gain may be chance." if is_close else ""
    return Sentence(
        f"Suggested by the first half of the past and ahead in the second, too: {listed(said)}.{caution} "
        f"To use them, write into retention.yml: warning_thresholds: {{{', '.join(better['setting'])}}}"
    )


back_test = Measure(
    past.back_test,
    "Every warning against what came after",
    sentence=belief,
    figure=partial(figures.precision_by_warning, horizon_days=HORIZON_DAYS),
)
steadiness = Measure(past.steadiness, "How early, how many, how steady")
left_out = Measure(rules.left_out, sentence=needed)
leavers_seen = Measure(
    past.leavers_seen,
    sentence=reach,
    findings={"leavers_seen": RATE},
    record=lambda seen: {"leavers_seen": seen},
    part="risk",
)
better_thresholds = Measure(
    thresholds.better_thresholds,
    "Thresholds suggested by the first half, and what they did in the second",
    sentence=suggested,
)
with_thresholds = Measure(
    thresholds.with_thresholds,
    findings="signals",
    note="Every warning that the data can raise, held against what came after: alerts at past month ends, "
    "and who asked or left within the horizon.",
)

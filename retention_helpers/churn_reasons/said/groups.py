"""Whether different customers leave for different reasons, as the page shows it."""

import pandas as pd

from retention_helpers.churn_reasons import groups
from retention_helpers.churn_reasons.answers import YEAR
from retention_helpers.churn_reasons.said.answers import STAND_OUT
from retention_helpers.churn_reasons.said.wording import begun, named
from retention_helpers.shown import figures
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence, kind_of_group, listed
from retention_helpers.words import formats

__all__ = ["by_group", "depends_on", "side_by_side"]


def _what_differs(tested: pd.DataFrame, parts: pd.DataFrame) -> Sentence:
    """Whether different customers leave for different reasons."""
    judged = tested[tested["verdict"].isin(["differs", "no clear difference"])]
    if len(tested) and (tested["verdict"] == "the only one").all():
        return Sentence("All who answered are of one kind: there are no groups to compare.")
    if judged.empty:
        return Sentence(
            "It takes more answers (cancellations.csv with a column reason): whether different customers "
            "leave for different reasons."
        )
    differing = [kind_of_group(by) for by in judged.loc[judged["verdict"] == "differs", "by"]]
    out = parts[parts["verdict"].isin(STAND_OUT)]
    said = [f"the reasons differ by {listed(differing)}"] if differing else []
    said += [
        f"of {formats.plural(int(row.answered), 'answer')} with {kind_of_group(row.by)} {row.level}, "
        f"{formats.count(row.customers)} name {named(row.reason)}, "
        f"{formats.rate(row.share, row.share_low, row.share_high)}, {row.verdict}"
        for row in out.itertuples()
    ]
    if not said:
        ways = formats.plural(len(judged), "way")
        return Sentence(f"Of {ways} to group customers, the reasons differ clearly in none.")
    return Sentence(f"{begun('; '.join(said))}.")


def _first_reason(parts: pd.DataFrame, tested: pd.DataFrame) -> figures.Figure | None:
    """The most common reason in each group that has enough answers; None where no groups differ."""
    stand_out = parts["verdict"].isin(STAND_OUT).any()
    if parts.empty or not (stand_out or (tested["verdict"] == "differs").any()):
        return None
    reason = parts["reason"].iloc[0]
    shown = parts[(parts["reason"] == reason) & (parts["verdict"] != "too few")]
    title = f"Share that named {named(reason)}, by group"
    return figures.rate_by_level(shown, "share", title=title, base="answered")


depends_on = Measure(
    groups.depends_on,
    f"Do the reasons differ between groups? Last {YEAR} months",
    sentence=_what_differs,
    findings="depends_on",
    note="Whether the reasons differ between groups, by permutation; corrected after Holm.",
)
_SHARES = f"Share of each group's answers, last {YEAR} months"
by_group = Measure(groups.by_group, _SHARES, figure=_first_reason, findings="by_group")
side_by_side = Measure(groups.side_by_side, _SHARES)

"""How many said why, as the page shows it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from retention_helpers.churn_reasons import answers
from retention_helpers.churn_reasons.answers import ANSWERS, QUARTER, YEAR
from retention_helpers.contract.yaml_files import lines
from retention_helpers.shown.results import Measure, of_values, records, rows_of
from retention_helpers.shown.sentences import Sentence, kind_of_group, listed
from retention_helpers.shown.tables import Quotation
from retention_helpers.shown.units import COUNT
from retention_helpers.words import formats

__all__ = ["coverage", "lines_to_paste", "silent", "unmapped_codes"]

STAND_OUT = ("above the rest", "below the rest")


def _who_said_why(heard: pd.DataFrame) -> Sentence:
    """How many of those lost in the month said why."""
    now = heard.iloc[0]
    month = formats.month_span(now["first_month"], now["last_month"])
    if not now["lost"]:
        return Sentence(f"Nobody was lost in {month}, so there is no reason to look for.")
    biller = f"the biller ended {formats.count(now['involuntary'])}" if now["involuntary"] else ""
    words = (
        f" ({formats.count(now['unmapped'])} of them in words that nobody mapped)" if now["unmapped"] else ""
    )
    parts = [
        (now["answered"], f"said why{words}"),
        (now["not_answered"], "did not answer"),
        (now["not_asked"], "was not asked" if now["not_asked"] == 1 else "were not asked"),
    ]
    said = listed([f"{formats.count(many)} {what}" for many, what in parts if many])
    others = f"of the other {formats.count(now['decided'])}, {said}" if said else ""
    told = "; ".join(part for part in (biller, others) if part) if biller else said
    return Sentence(f"Of {formats.plural(now['lost'], 'customer')} lost in {month}, {told}.")


_COUNTS = ("lost", *ANSWERS, "decided")


def _coverage_record(heard: pd.DataFrame) -> dict[str, Any]:
    """The counts of the month, and all periods."""
    month = heard.iloc[0]
    counts = {name: month[name] for name in _COUNTS}
    asked = month["decided"] - month["not_asked"]
    return {**counts, "asked": asked, "coverage": records(heard, answers.coverage)}


coverage = Measure(
    answers.coverage,
    f"Customers lost, by what is known of their reason: the month, {QUARTER} months, {YEAR} months",
    sentence=_who_said_why,
    findings={
        **dict.fromkeys((*_COUNTS, "asked"), COUNT),
        "coverage": rows_of(
            answers.coverage,
            f"The month, the last {QUARTER}, the last {YEAR}. lost = involuntary + not_asked + not_answered "
            "+ answered; decided = lost − involuntary.",
        ),
    },
    record=_coverage_record,
)


def _how_the_silent_differ(groups: pd.DataFrame) -> Sentence:
    """Whether those who said nothing differ from those who answered."""
    out = groups[groups["verdict"].isin(STAND_OUT)]
    if groups.empty:
        return Sentence("Nobody left in this time whom the biller did not end.")
    if not groups["verdict"].isin(["no clear difference", *STAND_OUT]).any():
        return Sentence(
            "It takes more answers, of more kinds of customers: whether the silent are like the others."
        )
    if out.empty:
        return Sentence(
            f"No {_any_of(list(groups['by'].unique()))} is clearly more or less silent than the others. With "
            "so few, that does not prove that the silent left for the same reasons."
        )
    said = [
        f"{row.level} {formats.rate(row.silent_share, row.silent_share_low, row.silent_share_high)}, "
        f"{row.verdict}"
        for row in out.itertuples()
    ]
    return Sentence(
        f"Silent more or less often: {'; '.join(said)}. For them the reasons of the others may not hold."
    )


def _any_of(names: list[str]) -> str:
    """Ways to group customers, inside a sentence."""
    *others, last = ["stage of tenure" if name == "tenure" else kind_of_group(name) for name in names]
    return f"{', '.join(others)} or {last}" if others else last


silent = Measure(
    answers.silent,
    f"Who said nothing, among those whom the biller did not end, last {YEAR} months",
    sentence=_how_the_silent_differ,
    findings="silent",
    note=f"Who said nothing, of those whom the biller did not end, last {YEAR} months.",
)


def _how_many_unmapped(codes: pd.DataFrame) -> Sentence | None:
    """How many answered in words that no map knows, and the way out; None where nobody did."""
    if codes.empty:
        return None
    many, by_biller = int(codes["customers"].sum()), int(codes["involuntary"].sum())
    ended = f" The biller ended {formats.count(by_biller)} of them: their cause is “not said”."
    told = int(codes["proposed"].notna().sum())
    return Sentence(
        f"{formats.plural(many, 'customer')} left with a reason that no map knows, so they are counted under "
        f"none.{ended if by_biller else ''} What {formats.count(told)} of these "
        f"{formats.plural(len(codes), 'answer')} seem to mean stands beside them: check it, and paste the "
        "lines "
        "below into retention.yml."
    )


@of_values
def lines_to_paste(codes: pd.DataFrame, known: Mapping[str, str]) -> Quotation | None:
    """The `reason_map` with what is known and what these answers seem to mean; None where there are none.

    `known` is the owner's own map, whose place the lines take. An answer of which nothing is known stands
    there as a remark.
    """
    if codes.empty:
        return None
    told = codes[codes["proposed"].notna()]
    both = {**known, **dict(zip(told["reason_code"], told["proposed"], strict=True))}
    mapped = [f"  {line}" for line in lines(both).splitlines()] if both else []
    open_ones = [f"  # {lines({code: '…'})}" for code in codes["reason_code"][codes["proposed"].isna()]]
    text = "\n".join(["reason_map:", *mapped, *open_ones])
    return Quotation(text, "to paste into retention.yml, in the place of the reason_map that is there")


unmapped_codes = Measure(
    answers.unmapped_codes,
    f"Answers that no map knows, last {YEAR} months",
    sentence=_how_many_unmapped,
    findings="unmapped",
    note=f"Answers that no map knows, last {YEAR} months, and the reason that they seem to mean; the biller "
    "ended `involuntary` of the customers.",
)

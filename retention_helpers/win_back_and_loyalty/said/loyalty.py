"""What the page says of those who stay: tiers, thanks, the yearly plan, NPS and the stages' messages."""

from typing import Any

import pandas as pd

from retention_helpers.shown.figures import score_over_time
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.shown.units import COUNT, NUMBER, fields
from retention_helpers.win_back_and_loyalty import loyalty, nps, touches, yearly
from retention_helpers.win_back_and_loyalty.loyalty import FEWEST_FOR_TIERS, LOYAL, VIP
from retention_helpers.win_back_and_loyalty.yearly import EVERYBODY, OF
from retention_helpers.words import formats

__all__ = [
    "ahead", "board", "detractors", "first_renewals", "might_grow", "nps_all", "nps_by", "nps_by_quarter",
    "nps_themes", "persons_to_know", "recommend", "stage_messages", "thanks", "tiers", "who_answered",
    "yearly_plan", "yearly_test",
]  # fmt: skip


def tier_sentence(rows: pd.DataFrame) -> Sentence:
    """What the VIPs are worth, and whether they leave less than others who have been there as long."""
    if rows.empty:
        return Sentence(f"Tiers begin at {FEWEST_FOR_TIERS} customers; below, it is persons to know.")
    of = rows.set_index("tier")
    vip, long = of.loc[VIP], of.loc[LOYAL]
    words = {"rose": "more leave", "fell": "fewer leave", "no clear change": "no clear difference"}
    told = words[loyalty.vip_against_the_long(rows)]
    return Sentence(
        f"{formats.plural(int(vip['customers']), 'VIP')} bring {formats.percent(vip['share_of_mrr'], 0)} "
        "of the MRR; "
        f"{formats.rate_in(vip, 'churn')} of them leave in a month, of the others who have been here as long "
        f"{formats.rate_in(long, 'churn')}: {told}. Whoever stays grows old, so a tier of the old always "
        "leaves less."
    )


def thanks_sentence(rows: pd.DataFrame) -> Sentence:
    """How many to thank."""
    if rows.empty:
        return Sentence("Nobody has an occasion for thanks this month.")
    return Sentence(
        f"{formats.plural(len(rows), 'customer')} to thank, unless a more urgent touch comes first."
    )


def board_sentence(rows: pd.DataFrame) -> Sentence:
    """Whom to ask for advice."""
    if rows.empty:
        return Sentence("Nobody is known to have told you enough yet to sit on an advisory board.")
    return Sentence(
        f"{formats.plural(len(rows), 'customer')} for an advisory board, the weightiest first, unless a "
        "more urgent touch comes first."
    )


def yearly_sentence(rows: pd.DataFrame) -> Sentence:
    """When a yearly price pays, and why that has to be tested."""
    own = rows[rows["plan"] == EVERYBODY]
    if own.empty:
        return Sentence(
            "It takes more monthly customers who were followed for a year: what a yearly price costs."
        )
    parts = [
        f"{_must(row['must_leave'])} at {formats.percent(row['discount'], 0)}"
        for row in own.to_dict(orient="records")
    ]
    row = own.iloc[0]
    ends = f"{formats.tenths(row['leave_low'])}–{formats.tenths(row['leave_high'])}"
    leave = f"{formats.tenths(row['leave'])} ({ends})"
    return Sentence(
        f"Of ten who take the yearly price, so many must otherwise have left within the year for it to pay: "
        f"{listed(parts)}. Of ten newcomers {leave} do. But those who take it tend to be those who would "
        "stay: of "
        "them each costs the whole discount. So do not offer it to a list; test it by lot."
    )


def _must(leave: float) -> str:
    return formats.tenths(leave) if leave <= OF else "more than all ten"


def yearly_test_sentence(rows: pd.DataFrame) -> Sentence:
    """The plan of the test."""
    if rows.empty:
        return Sentence("The past is too short to plan that test.")
    row = rows.iloc[0]
    months = (
        f"about {formats.count(round(row['months']))} months" if row["months"] == row["months"] else "no end"
    )
    return Sentence(
        f"The test: every second newcomer sees the yearly price, judged on day {yearly.FIRST_RENEWAL_DAY}, "
        "after the "
        f"first renewal; {formats.count(row['needed'])} an arm, {months} at "
        f"{formats.count(row['a_month'])} newcomers a month, to tell "
        f"{formats.size_of_points(row['effect'])}."
    )


def nps_sentence(rows: pd.DataFrame) -> Sentence:
    """The NPS with its interval, of all answers and of the latest of each customer."""
    if rows.empty:
        return Sentence("No answer to the question whether they would recommend you is known.")
    every, latest = (row for row in rows.to_dict(orient="records")[:2])
    return Sentence(
        f"NPS {nps.SCORE.between(every['nps'], every['nps_low'], every['nps_high'])}: "  # type: ignore[misc]
        f"{formats.plural(every['responses'], 'answer')} of "
        f"{formats.plural(every['customers'], 'customer')}, "
        f"{formats.plural(every['promoters'], 'promoter')}, {formats.count(every['passives'])} passive, "
        f"{formats.plural(every['detractors'], 'detractor')}. By each customer's latest answer it is "
        f"{nps.SCORE.write(latest['nps'])}."
    )


def silent_sentence(rows: pd.DataFrame) -> Sentence:
    """How much those who did not answer could move it."""
    if rows.empty:
        return Sentence("No customer of today answered in the last twelve months.")
    row = rows.iloc[0]
    return Sentence(
        f"{formats.percent(1 - row['share'], 0)} of today's customers did not answer in twelve months; "
        "they could "
        f"move it to anything from {nps.SCORE.write(row['least'])} to {nps.SCORE.write(row['most'])}."
    )


def ahead_sentence(rows: pd.DataFrame) -> Sentence:
    """Whether a low score runs ahead of leaving here."""
    if rows.empty:
        return Sentence("No answer is old enough to say whether a low score runs ahead of leaving.")
    first, second = rows.to_dict(orient="records")
    return Sentence(
        f"Within {nps.LEFT_WITHIN_DAYS} days of their first answer {formats.rate_in(first, 'share')} of "
        "the detractors "
        f"asked to cancel or left, and {formats.rate_in(second, 'share')} of all others: "
        f"{nps.runs_ahead(rows)}."
    )


def call_sentence(rows: pd.DataFrame) -> Sentence:
    """Whom to call."""
    if rows.empty:
        return Sentence("No detractor waits for a call.")
    return Sentence(
        f"To {formats.plural(len(rows), 'detractor')} nobody has spoken since. The plan says whom of them to "
        "call."
    )


_COUNTS = ("responses", "customers", "promoters", "passives", "detractors")


def _nps_record(rows: pd.DataFrame) -> dict[str, Any]:
    every = rows.iloc[0] if len(rows) else None
    names = {"value": "nps", "low": "nps_low", "high": "nps_high"}
    return {
        "nps": {
            **{key: None if every is None else every[name] for key, name in names.items()},
            **{name: None if every is None else int(every[name]) for name in _COUNTS},
            "latest": None if every is None else rows.iloc[1]["nps"],
        }
    }


NPS = fields(
    "In points from -100 to 100, of all answers; `latest` counts the latest answer of each customer. All are "
    "null where no answer is known.",
    value=NUMBER, low=NUMBER, high=NUMBER, latest=NUMBER, **dict.fromkeys(_COUNTS, COUNT.or_null),
)  # fmt: skip
LOYALTY = "loyalty"

nps_all = Measure(
    nps.nps, "NPS", sentence=nps_sentence, findings={"nps": NPS}, part=LOYALTY, record=_nps_record
)
nps_by_quarter = Measure(
    nps.nps_by_quarter,
    "NPS, three months at a time",
    figure=score_over_time,
    findings="nps_by_quarter",
    part=LOYALTY,
)
nps_by = Measure(
    nps.nps_by, "NPS by stage, tier and plan: each customer's latest answer", findings="nps_by", part=LOYALTY
)
who_answered = Measure(
    nps.who_answered, "Who did not answer", sentence=silent_sentence, findings="nps_silent", part=LOYALTY
)
detractors = Measure(
    nps.to_call, "Detractors to call", sentence=call_sentence, findings="detractors", part=LOYALTY
)
ahead = Measure(
    nps.ahead_of_leaving,
    "Does it run ahead of leaving?",
    sentence=ahead_sentence,
    findings="nps_ahead",
    part=LOYALTY,
)
nps_themes = Measure(nps.nps_themes, "Themes of the comments", findings="nps_themes", part=LOYALTY)
tiers = Measure(loyalty.tiers, "Tiers", sentence=tier_sentence, findings="tiers", part=LOYALTY)
persons_to_know = Measure(loyalty.to_know, "Persons to know", findings="persons_to_know", part=LOYALTY)
thanks = Measure(loyalty.thanks, "Whom to thank", sentence=thanks_sentence, findings="thanks", part=LOYALTY)
board = Measure(
    loyalty.board, "For an advisory board", sentence=board_sentence, findings="board", part=LOYALTY
)
recommend = Measure(loyalty.recommend, "Who might recommend you", findings="recommend", part=LOYALTY)
might_grow = Measure(loyalty.might_grow, "Who might grow", findings="might_grow", part=LOYALTY)
yearly_plan = Measure(
    yearly.yearly_plan, "The yearly plan", sentence=yearly_sentence, findings="yearly_plan", part=LOYALTY
)
first_renewals = Measure(
    yearly.first_renewals, "First renewals of yearly plans", findings="first_renewals", part=LOYALTY
)
yearly_test = Measure(
    yearly.yearly_test,
    "The plan of its test",
    sentence=yearly_test_sentence,
    findings="yearly_test",
    part=LOYALTY,
)
stage_messages = Measure(
    touches.touches_by_stage, "Messages by stage", findings="messages_by_stage", part=LOYALTY
)

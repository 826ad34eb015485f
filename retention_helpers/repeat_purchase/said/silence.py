"""What the page says of silence: whose is a loss, whom to write to, and what is to be expected."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.repeat_purchase import expected, overdue, rewards, rhythm
from retention_helpers.repeat_purchase.expected import Ahead, Model
from retention_helpers.repeat_purchase.repeating import REPEAT_DAYS
from retention_helpers.repeat_purchase.rhythm import AHEAD, VERDICTS, Tested
from retention_helpers.repeat_purchase.said.again import NEEDS
from retention_helpers.shown import figures
from retention_helpers.shown.figures import Figure
from retention_helpers.shown.records import change_record
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence
from retention_helpers.shown.units import CHANGE, COUNT, MONEY, NUMBER, RATE, fields, one_of, or_null
from retention_helpers.statistics.intervals import Rate
from retention_helpers.words import formats

__all__ = [
    "ahead", "bought_anyway", "model", "model_tests", "overdue_now", "rewards_pay", "rules", "standing",
    "tested",
]  # fmt: skip


def of_the_test(tested: Tested) -> Sentence:
    """Whether each customer's own rhythm tells a lapse better than one number of days."""
    if not tested.ends or tested.better is None:
        return Sentence(
            "Too few customers, or too short a time, to hold a rule of lapse against later orders."
        )
    own, fixed = (row for row in tested.rules.to_dict(orient="records"))
    said = (
        f"Of those whom their own rhythm called lapsed, {formats.rate_in(own, 'share')} did not buy in the "
        f"{AHEAD} days after; of as many whom {formats.count(round(fixed['days']))} days of silence "
        "called so, "
        f"{formats.rate_in(fixed, 'share')}"
    )
    return Sentence(f"{said}: {tested.verdict}. {_USED[tested.verdict]}")


_USED = {
    VERDICTS[0]: "The own rhythm is used below.",
    VERDICTS[1]: "The fixed number of days is used below.",
    VERDICTS[2]: "The own rhythm is used below; the fixed number would do as well.",
}


def shown_rules(rules: pd.DataFrame) -> Figure | None:
    return figures.shares(
        rules, "rule", "share", title=f"Called lapsed, and did not buy in the {AHEAD} days after"
    )


def where_they_stand(rows: pd.DataFrame, currency: str) -> Sentence:
    """How many are on time, late and overdue, and what is to be expected of them."""
    if rows.empty:
        return Sentence(NEEDS)
    sums = rows.groupby("state", sort=False)["customers"].sum()
    parts = [f"{formats.count(many)} {'is' if many == 1 else 'are'} {state}" for state, many in sums.items()]
    said = f"Of {formats.plural(int(sums.sum()), 'customer')} who ever bought, {', '.join(parts)}."
    worth = _late_worth(rows)
    if worth is not None:
        said += f" The late ones are worth {formats.money(round(worth), currency)} in the next {AHEAD} days."
    return Sentence(said)


def _late_worth(rows: pd.DataFrame) -> float | None:
    """What the late ones are expected to bring; None without a model, or where nobody is late."""
    worth = rows.loc[rows["state"] == rhythm.STATES[1], "worth"].dropna()
    return float(worth.sum()) if len(worth) else None


def expectation(found: Ahead, currency: str) -> Sentence:
    """How many purchases are to be expected of today's customers."""
    if found.purchases is None:
        return Sentence(
            f"It takes {expected.FEWEST_CUSTOMERS} customers, and {expected.FEWEST_REPEATS} purchases after "
            "the first, to say what is to be expected of them."
        )
    many = formats.count(round(found.purchases))
    worth = formats.money(round(found.worth or 0), currency)
    if found.low is None or found.high is None:
        return Sentence(
            f"Today's customers are expected to buy {many} times in the next {AHEAD} days, for {worth}. How "
            "far that may be off is not known yet: there is no past to test it on."
        )
    return Sentence(
        f"Today's customers are expected to buy {many} times ({formats.count(round(found.low))}–"
        f"{formats.count(round(found.high))}) in the next {AHEAD} days, for {worth}: tested "
        f"{formats.plural(found.tests, 'time')} on {AHEAD} days that it had not seen, it was never "
        "further off."
    )


def to_write(rows: pd.DataFrame, currency: str, business: Business) -> Sentence:
    """Whom to write to this month."""
    if rows.empty:
        return Sentence(f"Nobody became overdue in {formats.month(business.report_month)}.")
    once = int((rows["purchases"] == 1).sum())
    spent = formats.money(round(rows["spent"].sum()), currency)
    many = len(rows)
    return Sentence(
        f"Since {formats.month(business.report_month)} {formats.plural(many, 'customer')} "
        f"{'has' if many == 1 else 'have'} been silent for longer than the limit; "
        f"{formats.count(once)} of them "
        f"bought once. Together they have spent {spent}. They are proposed to the plan of the month."
    )


USUAL_MARGIN, USUAL_REWARD = rewards.MARGINS[1], rewards.REWARDS[1]  # of which the sentence speaks


def pays(rows: pd.DataFrame, anyway: Rate) -> Sentence:
    """What a reward must bring to pay."""
    if rows.empty:
        return Sentence("Nobody was followed long enough to say how many buy again without a reward.")
    share = formats.rate(anyway.value, anyway.low, anyway.high)
    said = f"Without a reward {share} buy again within {REPEAT_DAYS} days."
    told = rows[rows["needed"].notna()]
    if told.empty:
        return Sentence(f"{said} No reward of this size can pay.")
    usual = told[(told["margin"] == USUAL_MARGIN) & (told["reward"] == USUAL_REWARD)]
    named = (usual if len(usual) else told).iloc[0]
    margin, reward, bought = (formats.percent(named[name], 0) for name in ("margin", "reward", "paid_anyway"))
    return Sentence(
        f"{said} At a margin of {margin} a reward of {reward} on the next order pays from "
        f"{formats.percent(named['needed'])} on; {bought} of it would go to those who come anyway. "
        "Only a draw "
        f"by lot tells whether it brings so many: {formats.count(named['an_arm'])} customers an arm."
    )


def _model(found: Model | None) -> dict[str, Any]:
    if found is None:
        return {"model": None}
    return {"model": {**asdict(found.buying), **asdict(found.spending), "customers": found.customers}}


_PARAMETERS = fields(
    "BG/NBD by weeks (r, alpha, a, b), gamma-gamma (p, q, v), and of how many customers.",
    r=NUMBER, alpha=NUMBER, a=NUMBER, b=NUMBER, p=NUMBER, q=NUMBER, v=NUMBER, customers=COUNT,
)  # fmt: skip
tested = Measure(
    rhythm.back_test,
    sentence=of_the_test,
    findings={
        "back_test": fields(days=COUNT, verdict=one_of(*VERDICTS), better=CHANGE, rules=rows_of(rhythm.rules))
    },
    record=lambda found: {
        "back_test": {
            "days": found.ends,
            "verdict": found.verdict,
            "better": change_record(found.better),
            "rules": records(found.rules, rhythm.rules),
        }
    },
)


rules = Measure(rhythm.rules, "The two rules, held against later orders", figure=shown_rules)
standing = Measure(
    expected.standing,
    "Customers by silence and purchases",
    sentence=where_they_stand,
    findings={"standing": rows_of(expected.standing), "late_worth": MONEY.or_null},
    record=lambda found: {
        "standing": records(found, expected.standing),
        "late_worth": _late_worth(found),
    },
)
model = Measure(expected.model, findings={"model": or_null(_PARAMETERS)}, record=_model)
model_tests = Measure(
    expected.tests, "Purchases of a past time, as expected and as made", findings="model_tests"
)
ahead = Measure(
    expected.ahead,
    sentence=expectation,
    findings={
        "ahead": fields(
            purchases=NUMBER.or_null,
            low=NUMBER.or_null,
            high=NUMBER.or_null,
            worth=NUMBER.or_null,
            tests=COUNT,
        )
    },
    record=lambda found: {"ahead": asdict(found)},
)
overdue_now = Measure(
    overdue.overdue,
    "Customers who became overdue this month",
    sentence=to_write,
    findings={"overdue": rows_of(overdue.overdue), "overdue_spent": MONEY},
    record=lambda found: {
        "overdue": records(found, overdue.overdue),
        "overdue_spent": float(found["spent"].sum()),
    },
)
bought_anyway = Measure(rewards.anyway, findings={"bought_anyway": RATE})
rewards_pay = Measure(
    rewards.rewards,
    "From which share of customers coming back a reward pays",
    sentence=pays,
    findings="rewards",
)

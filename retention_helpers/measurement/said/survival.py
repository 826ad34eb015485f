"""How long customers stay and what they are worth: what it says, and how it is shown."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import pandas as pd

from retention_helpers.measurement import survival
from retention_helpers.measurement.survival import Basis
from retention_helpers.shown import figures
from retention_helpers.shown.records import estimate_of
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence, kind_of_group, listed
from retention_helpers.shown.units import (
    COUNT,
    ESTIMATE,
    MONEY,
    NUMBER,
    RATE,
    SHARE,
    TEXT,
    by_name,
    columns_of,
    fields,
    noted,
    rows,
)
from retention_helpers.statistics.curves import Median
from retention_helpers.statistics.intervals import Rate, rate
from retention_helpers.words import formats

__all__ = [
    "causes_at_months", "followed", "group_tests", "lost_by_cause", "median_tenure", "months_stayed",
    "revenue_of_customers", "stay", "stay_at_months", "stay_by_group", "stay_by_plan", "tenure_months",
    "worth",
]  # fmt: skip


def basis(whom: Basis) -> Sentence:
    """Whom the curves follow, and who takes no part."""
    text = _followed(whom.lost, whom.customers)
    if whom.history_starts_on is None:
        return Sentence(text)
    late, aside = whom.entered_late, whom.left_out
    text += (
        f" Who was lost before {formats.day(whom.history_starts_on)} is missing from the data (the setting "
        f"history_starts_on), so {formats.plural(late, 'customer')} who began before it "
        f"{'counts' if late == 1 else 'count'} from that day on."
    )
    if aside:
        takes = "takes" if aside == 1 else "take"
        text += f" {formats.plural(aside, 'customer')} lost before it {takes} no part."
    return Sentence(text)


def _followed(lost: int, customers: int) -> str:
    if not lost:
        return f"Nobody of {formats.plural(customers, 'customer')} has been lost yet."
    has = "has" if lost == 1 else "have"
    said = f"{formats.count(lost)} of {formats.plural(customers, 'customer')} {has} been lost at least once"
    rest = customers - lost
    others = "the other one is" if rest == 1 else f"the other {formats.count(rest)} are"
    return f"{said}; {others} followed to the end of the month." if rest else f"{said}."


def still_there(at: pd.DataFrame, median: Median, *, is_alone: bool = False) -> Sentence:
    """How many are still there after some months, and when half are lost; alone, or on its page."""
    reached = at[at["survival"].notna()]
    if reached.empty:
        return Sentence("Nobody has been followed from the first day through a full month yet.")
    said = [
        f"{formats.rate_in(row, 'survival')} after {formats.plural(int(row['k']), 'month')}"
        for row in reached.to_dict(orient="records")
    ]
    beside = (
        ""
        if is_alone
        else (
            " Retention at 12 months, further up, as that of 3 and 6 on the review, is another number: it "
            "counts those who came back, and only who began that long ago or earlier."
        )
    )
    return Sentence(f"Never lost since they began are {listed(said)}.{beside} {_half(median)}")


def _half(median: Median) -> str:
    if math.isnan(median.value):
        return "More than half are still there as far as the data reach, so there is no median yet."
    if isinstance(median, survival.OfMonths):
        return _half_in_months(median)
    low, high = (formats.count(end) for end in (median.low, median.high))
    if math.isnan(median.high):
        return (
            f"Half are lost by day {formats.count(median.value)}; the data are compatible with day {low} or "
            "any later one."
        )
    return (
        f"Half are lost by day {formats.count(median.value)}; the data are compatible with anything from day "
        f"{low} to day {high}."
    )


def _half_in_months(median: survival.OfMonths) -> str:
    half, low, high = (math.nan if math.isnan(end) else round(end * 12 / 365.25) for end in median)
    upper = "or any later one" if math.isnan(high) else f"to {formats.plural(int(high), 'month')}"
    after = formats.plural(int(half), "month")
    return f"Half are lost after {after}; the data are compatible with {int(low)} {upper}."


def rest_of_months(months: pd.DataFrame) -> Rate:
    """The months of tenure that are not heavy, together: lost / began, in customer-months."""
    others = months[months["verdict"] != survival.HEAVY]
    return rate(int(others["lost"].sum()), int(others["began"].sum()))


def heavy_months(months: pd.DataFrame) -> Sentence:
    """The months of tenure in which clearly more leave than in the others, if there are any."""
    judged = months[months["verdict"] != "too few"]
    if len(judged) < 2:
        return Sentence(
            "Too few customers have been followed through two months of tenure to compare months."
        )
    heavy = judged[judged["verdict"] == survival.HEAVY].to_dict(orient="records")
    others = rest_of_months(months)
    rest = formats.rate(others.value, others.low, others.high)
    if not heavy:
        return Sentence(f"No month of tenure stands out from the others: {rest} are lost in a month.")
    named = listed([formats.count(row["month_of_tenure"]) for row in heavy])
    shares = listed([formats.rate_in(row, "loss_rate") for row in heavy])
    subject = (
        f"Month {named} of tenure stands out: {shares} of those who begin it are"
        if len(heavy) == 1
        else f"Months {named} of tenure stand out: {shares} of those who begin them are"
    )
    return Sentence(f"{subject} lost before it is over. In the other months it is {rest} a month.")


def groups(levels: pd.DataFrame, tests: pd.DataFrame) -> Sentence:
    """Whether plans, and years of start, differ in how long their customers stay."""
    return Sentence(" ".join(_group(levels, test) for test in tests.to_dict(orient="records")))


def _group(levels: pd.DataFrame, test: Mapping[Any, Any]) -> str:
    by = kind_of_group(test["by"])
    if test["verdict"] == "too few":
        return f"By {by}, there are too few groups with enough customers, or too few losses, to compare."
    compared = f"{formats.plural(test['groups'], 'group')} compared, p {_is(test['p_value'])}"
    if test["verdict"] != "differ":
        return f"By {by}, there is no clear difference in how long customers stay ({compared})."
    own = levels[(levels["by"] == test["by"]) & (levels["verdict"] == "compared")]
    k = max((k for k in survival.MONTHS_OF_GROUPS if own[f"month_{k}"].notna().sum() > 1), default=1)
    said = [
        f"{formats.rate_in(row, f'month_{k}')} of {row['level']}"
        for row in own.to_dict(orient="records")
        if not pd.isna(row[f"month_{k}"])
    ]
    return (
        f"By {by}, customers clearly differ in how long they stay ({compared}): after "
        f"{formats.plural(k, 'month')} there are still {listed(said)}."
    )


def _is(p_value: float) -> str:
    written = formats.p_value(p_value)
    return written if written.startswith("below") else f"= {written}"


_ENDED = {
    "voluntary": "have decided to leave",
    "involuntary": "have fallen to a failed payment, a dispute or the biller's policy",
    "kind_unknown": "are gone without anything in the data that says who ended it",
}


def causes(at: pd.DataFrame) -> Sentence:
    """What becomes of those who begin, by who ended it, at the longest month followed."""
    reached = at[at["kind_unknown"].notna()]
    if reached.empty:
        return Sentence("Nobody has been followed from the first day through a full month yet.")
    row = reached.to_dict(orient="records")[-1]
    said = [f"{formats.rate_in(row, cause)} {words}" for cause, words in _ENDED.items() if row[cause] > 0]
    after = formats.plural(int(row["k"]), "month")
    if not said:
        return Sentence(f"After {after}, nobody is lost.")
    return Sentence(f"Of all who begin, after {after} {listed(said)}.")


def revenue(
    revenue: pd.DataFrame, stayed: pd.DataFrame, lifetime: pd.DataFrame, currency: str = ""
) -> Sentence:
    """What a new customer brings in over 12 and 24 months, and what ARPA over churn would say."""
    said = [
        _horizon(row, months, currency)
        for row, months in zip(
            revenue.to_dict(orient="records"), stayed.to_dict(orient="records"), strict=True
        )
    ]
    return Sentence(" ".join([*said, _ltv(lifetime, currency)]))


def _horizon(row: Mapping[Any, Any], stayed: Mapping[Any, Any], currency: str) -> str:
    horizon = int(row["horizon"])
    if pd.isna(row["revenue"]):
        followed = formats.plural(int(row["followed"]), "customer") if row["followed"] else "nobody"
        why = (
            f"and it takes {formats.count(survival.FEWEST_FOLLOWED)}"
            if row["followed"] < survival.FEWEST_FOLLOWED
            else "all of them left, and who is still there began later"
        )
        return f"Over {horizon} months there is no number yet: {followed} began so long ago, {why}."
    amount = formats.amount(row["revenue"], row["revenue_low"], row["revenue_high"], currency)
    months = formats.about(stayed["months"], stayed["months_low"], stayed["months_high"])
    return (
        f"On average a new customer brings in {amount} in the first {horizon} months, and stays for {months} "
        "of them."
    )


def _ltv(lifetime: pd.DataFrame, currency: str) -> str:
    row = lifetime[lifetime["measure"] == survival.LTV].iloc[0]
    arpa = lifetime[lifetime["measure"] == survival.ARPA].iloc[0]
    if formats.is_missing(arpa["amount"]):
        return "ARPA / churn gives no number: the month ended without customers."
    if formats.is_missing(row["amount"]):
        return "ARPA / churn gives no number: nobody was lost in the month, and nothing can be divided by 0."
    low, high = (formats.amount(row[end], currency="") for end in ("amount_low", "amount_high"))
    return (
        f"ARPA / churn would say {formats.amount(row['amount'], currency=currency)}, and the chance in one "
        f"month's churn alone makes that anything from {low} to {high}: it takes for granted that this "
        "month's churn is everybody's for ever."
    )


_AT = [str(k) for k in survival.MONTHS]
_HORIZONS = [str(horizon) for horizon in survival.HORIZONS]
_SHARE = {"rate": SHARE, "low": SHARE, "high": SHARE}
STILL_THERE = fields(
    "A share of a curve with its 95 % interval; null where the follow-up ends before.", **_SHARE
)


def _share_of(row: Mapping[Any, Any], name: str) -> dict[str, Any]:
    return {"rate": row[name], "low": row[f"{name}_low"], "high": row[f"{name}_high"]}


def _survival_record(at: pd.DataFrame) -> dict[str, Any]:
    return {
        "survival": {
            str(row["k"]): {**_share_of(row, "survival"), "at_risk": row["at_risk"]}
            for row in at.to_dict(orient="records")
        }
    }


def _median_record(median: Median) -> dict[str, Any]:
    ends = {"": median.value, "_low": median.low, "_high": median.high}
    return {f"median_tenure_days{end}": day for end, day in ends.items()}


def _months_record(months: pd.DataFrame) -> dict[str, Any]:
    return {
        "loss_by_month_of_tenure": records(months, survival.loss_by_month_of_tenure),
        "loss_in_other_months_of_tenure": rest_of_months(months),
    }


def _groups_record(levels: pd.DataFrame) -> dict[str, Any]:
    return {
        "survival_by": [
            {
                "by": survival.BY.plain(row["by"]),
                **{name: row[name] for name in ("level", "customers", "lost", "verdict")},
                "survival": {str(k): _share_of(row, f"month_{k}") for k in survival.MONTHS_OF_GROUPS},
            }
            for row in levels.to_dict(orient="records")
        ]
    }


def _causes_record(at: pd.DataFrame) -> dict[str, Any]:
    return {
        "lost_by_cause": {
            str(row["k"]): {cause: _share_of(row, cause) for cause in survival.CAUSES}
            for row in at.to_dict(orient="records")
        }
    }


def _stayed_record(stayed: pd.DataFrame) -> dict[str, Any]:
    found = stayed.to_dict(orient="records")
    return {"months_stayed": {str(row["horizon"]): estimate_of(row, "months") for row in found}}


def _worth_record(worth: pd.DataFrame) -> dict[str, Any]:
    by_measure = {row["measure"]: row for row in worth.to_dict(orient="records")}
    revenues = [by_measure[name] for name in (survival.REVENUE_12, survival.REVENUE_24)]
    pairs = list(zip(_HORIZONS, revenues, strict=True))
    return {
        "lifetime": {
            **{f"revenue_{horizon}": estimate_of(row, "amount") for horizon, row in pairs},
            "arpa": by_measure[survival.ARPA]["amount"],
            "ltv": estimate_of(by_measure[survival.LTV], "amount"),
            "followed": {horizon: row["followed"] for horizon, row in pairs},
            "fewest_followed": survival.FEWEST_FOLLOWED,
        }
    }


followed = Measure(
    survival.basis,
    sentence=basis,
    findings={
        "survival_basis": fields(
            "whom the curves follow; left_out: lost before the history starts",
            customers=COUNT,
            lost=COUNT,
            followed=COUNT,
            history_starts_on=TEXT.or_null,
            entered_late=COUNT,
            left_out=COUNT,
        )
    },
    record=lambda whom: {"survival_basis": asdict(whom)},
)
stay = Measure(survival.curve, figure=figures.survival)
stay_at_months = Measure(
    survival.at_months,
    "Customers still there, by months since the first day",
    sentence=still_there,
    findings={
        "survival": by_name(
            fields(**_SHARE, at_risk=COUNT),
            *_AT,
            note="by calendar months of tenure: the share still there, until the first loss of service",
        )
    },
    record=_survival_record,
)
median_tenure = Measure(
    survival.median_tenure,
    findings={
        "median_tenure_days": noted(NUMBER, "null where it is not reached"),
        "median_tenure_days_low": NUMBER,
        "median_tenure_days_high": NUMBER,
    },
    record=_median_record,
)
tenure_months = Measure(
    survival.loss_by_month_of_tenure,
    "Lost in each month of tenure",
    sentence=heavy_months,
    figure=figures.loss_by_month_of_tenure,
    findings={
        "loss_by_month_of_tenure": rows_of(survival.loss_by_month_of_tenure),
        "loss_in_other_months_of_tenure": RATE,
    },
    record=_months_record,
)
_months = listed([str(k) for k in survival.MONTHS_OF_GROUPS])
_group_columns = columns_of(survival.by_group)
stay_by_group = Measure(
    survival.by_group,
    f"Customers still there after {_months} months, by first plan and year of start",
    sentence=groups,
    findings={
        "survival_by": rows(
            **{name: _group_columns[name] for name in ("by", "level", "customers", "lost", "verdict")},
            survival=by_name(STILL_THERE, *_AT),
        )
    },
    record=_groups_record,
)
stay_by_plan = Measure(
    survival.curves_by_plan,
    figure=partial(figures.survival_by_level, title="Customers still there, by first plan"),
)
group_tests = Measure(
    survival.group_tests,
    "Do the groups differ in how long they stay?",
    findings="survival_tests",
    note="log-rank tests, p-values corrected after Holm",
)
lost_by_cause = Measure(survival.causes, figure=figures.lost_by_cause)
causes_at_months = Measure(
    survival.causes_at_months,
    "Lost to each cause, by months since the first day",
    sentence=causes,
    findings={
        "lost_by_cause": by_name(
            fields(**dict.fromkeys(survival.CAUSES, STILL_THERE)),
            *_AT,
            note="by calendar months of tenure: the share lost to each cause (cumulative incidence)",
        )
    },
    record=_causes_record,
)
months_stayed = Measure(
    survival.months_stayed,
    f"Months as a customer, of the first {listed(_HORIZONS)}",
    findings={
        "months_stayed": fields(
            f"the mean number of months as a customer within {listed(_HORIZONS)}",
            **dict.fromkeys(_HORIZONS, ESTIMATE),
        )
    },
    record=_stayed_record,
)
revenue_of_customers = Measure(survival.restricted_revenue, sentence=revenue)
worth = Measure(
    survival.lifetime,
    "What a customer is worth",
    findings={
        "lifetime": fields(
            **{f"revenue_{horizon}": ESTIMATE for horizon in _HORIZONS},
            arpa=MONEY.or_null,
            ltv=ESTIMATE,
            followed=fields(
                "customers who began at least so many months ago", **dict.fromkeys(_HORIZONS, COUNT)
            ),
            fewest_followed=COUNT,
        )
    },
    record=_worth_record,
)

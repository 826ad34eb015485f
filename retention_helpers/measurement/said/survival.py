"""The sentences of how long customers stay and what they are worth, and their part of findings.json."""

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from retention_helpers.measurement import survival
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.statistics.curves import Median
from retention_helpers.statistics.intervals import Rate, rate
from retention_helpers.words import formats


def basis(tenures: pd.DataFrame, history_starts_on: dt.date | None = None) -> Sentence:
    """Whom the curves follow, and who takes no part."""
    rows = survival.in_sight(tenures)
    text = _followed(int(rows["is_lost"].sum()), len(rows))
    if history_starts_on is None:
        return Sentence(text)
    late = int((rows["entry_days"] > 0).sum())
    aside = len(tenures) - len(rows)
    text += (
        f" Who was lost before {formats.day(history_starts_on)} is missing from the data (the setting "
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


def still_there(at: pd.DataFrame, median: Median) -> Sentence:
    """How many are still there after some months, and when half are lost."""
    reached = at[at["survival"].notna()]
    if reached.empty:
        return Sentence("Nobody has been followed from the first day through a full month yet.")
    said = [
        f"{_share(row, 'survival')} after {formats.plural(int(row['k']), 'month')}"
        for row in reached.to_dict(orient="records")
    ]
    return Sentence(f"Of all who begin, there are still {listed(said)}. {_half(median)}")


def _share(row: Mapping[Any, Any], name: str) -> str:
    return formats.rate(row[name], row[f"{name}_low"], row[f"{name}_high"])


def _half(median: Median) -> str:
    if math.isnan(median.value):
        return "More than half are still there as far as the data reach, so there is no median yet."
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
    shares = listed([_share(row, "loss_rate") for row in heavy])
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
    by = str(test["by"])
    if test["verdict"] == "too few":
        return f"By {by}, there are too few groups with enough customers, or too few losses, to compare."
    compared = f"{formats.plural(test['groups'], 'group')} compared, p {_is(test['p_value'])}"
    if test["verdict"] != "differ":
        return f"By {by}, there is no clear difference in how long customers stay ({compared})."
    own = levels[(levels["by"] == by) & (levels["verdict"] == "compared")]
    k = max((k for k in (1, 3, 6, 12) if own[f"month_{k}"].notna().sum() > 1), default=1)
    said = [
        f"{_share(row, f'month_{k}')} of {row['level']}"
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
    reached = at[at["voluntary"].notna()]
    if reached.empty:
        return Sentence("Nobody has been followed from the first day through a full month yet.")
    row = reached.to_dict(orient="records")[-1]
    said = [f"{_share(row, cause)} {words}" for cause, words in _ENDED.items() if row[cause] > 0]
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
        return (
            f"Over {horizon} months there is no number yet: {followed} began so long ago, and it takes "
            f"{formats.count(survival.FEWEST_FOLLOWED)}."
        )
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


def record(
    *,
    tenures: pd.DataFrame,
    history_starts_on: dt.date | None,
    at: pd.DataFrame,
    median: Median,
    months: pd.DataFrame,
    levels: pd.DataFrame,
    tests: pd.DataFrame,
    causes: pd.DataFrame,
    stayed: pd.DataFrame,
    revenue: pd.DataFrame,
    lifetime: pd.DataFrame,
) -> dict[str, Any]:
    """What this part of the notebook measurement adds to `measurement` in findings.json."""
    rows = survival.in_sight(tenures)
    worth = {row["measure"]: row for row in lifetime.to_dict(orient="records")}
    return {
        "survival_basis": {
            "customers": len(rows),
            "lost": int(rows["is_lost"].sum()),
            "followed": int((~rows["is_lost"]).sum()),
            "history_starts_on": history_starts_on,
            "entered_late": int((rows["entry_days"] > 0).sum()),
            "left_out": len(tenures) - len(rows),
        },
        "survival": {
            str(row["k"]): {**_ends(row, "survival", "rate"), "at_risk": row["at_risk"]}
            for row in at.to_dict(orient="records")
        },
        "median_tenure_days": median.value,
        "median_tenure_days_low": median.low,
        "median_tenure_days_high": median.high,
        "loss_by_month_of_tenure": [
            {
                "month_of_tenure": row["month_of_tenure"],
                "loss": {
                    **_ends(row, "loss_rate", "value"),
                    "numerator": row["lost"],
                    "denominator": row["began"],
                },
                "verdict": row["verdict"],
            }
            for row in months.to_dict(orient="records")
        ],
        "loss_in_other_months_of_tenure": rest_of_months(months),
        "survival_by": [
            {
                "by": row["by"],
                "level": row["level"],
                "customers": row["customers"],
                "lost": row["lost"],
                "survival": {str(k): _ends(row, f"month_{k}", "rate") for k in (1, 3, 6, 12)},
                "verdict": row["verdict"],
            }
            for row in levels.to_dict(orient="records")
        ],
        "survival_tests": tests,
        "lost_by_cause": {
            str(row["k"]): {
                cause: _ends(row, cause, "rate") for cause in ("voluntary", "involuntary", "kind_unknown")
            }
            for row in causes.to_dict(orient="records")
        },
        "months_stayed": {
            str(row["horizon"]): _ends(row, "months", "value") for row in stayed.to_dict(orient="records")
        },
        "lifetime": {
            "revenue_12": _ends(worth[survival.REVENUE_12], "amount", "value"),
            "revenue_24": _ends(worth[survival.REVENUE_24], "amount", "value"),
            "arpa": worth[survival.ARPA]["amount"],
            "ltv": _ends(worth[survival.LTV], "amount", "value"),
            "followed": {str(row["horizon"]): row["followed"] for row in revenue.to_dict(orient="records")},
            "fewest_followed": survival.FEWEST_FOLLOWED,
        },
    }


def _ends(row: Mapping[Any, Any], name: str, value: str) -> dict[str, Any]:
    return {value: row[name], "low": row[f"{name}_low"], "high": row[f"{name}_high"]}

"""The sentences of the measurement, and its part of findings.json."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from retention_helpers.measurement.measures import Target, involuntary_share, past_is_known
from retention_helpers.shown.records import change_record, rate_of
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.statistics.intervals import Change, Rate, rate
from retention_helpers.words import formats


def churn_of_month(churn: pd.DataFrame) -> Sentence:
    """How many left in the last month of the table, and how many stayed."""
    now = churn.iloc[-1]
    month = formats.month(now["month"])
    if not now["customers_at_start"]:
        return Sentence(f"{month} began without customers, so it has no churn rate.")
    low, high = now["churn_rate_low"], now["churn_rate_high"]
    return Sentence(
        f"In {month}, {formats.count(now['lost'])} of "
        f"{formats.plural(now['customers_at_start'], 'customer')} left and "
        f"{formats.count(now['retained'])} stayed. That is a churn of {formats.percent(now['churn_rate'])}; "
        f"with {formats.plural(now['customers_at_start'], 'customer')}, anything from "
        f"{formats.percent(low)} to {formats.percent(high)} would be "
        "no surprise."
    )


def churn_change(change: Change | None, churn: pd.DataFrame, *, months_back: int = 1) -> Sentence:
    """How churn compares with so many months before."""
    if change is None:
        period = (
            "a year" if months_back == 12 else "one month" if months_back == 1 else f"{months_back} months"
        )
        return Sentence(f"There is no rate of {period} earlier to compare with.")
    then = churn.iloc[-1 - months_back]
    before = f"{formats.month(then['month'])} ({formats.percent(then['churn_rate'])})"
    verdict = {
        "rose": "churn rose",
        "fell": "churn fell",
        "no clear change": "churn shows no clear change",
    }[change.verdict]
    return Sentence(
        f"Against {before}, {verdict}: {formats.points(change.value)} percentage points, and the data are "
        f"compatible with anything from {formats.points(change.low)} to {formats.points(change.high)}."
    )


def movement(moved: pd.DataFrame) -> Sentence:
    """Where the customers at the end of the last month came from."""
    now = moved.iloc[-1]
    besides = []
    if now["joined_and_left"]:
        besides.append(f"{formats.count(now['joined_and_left'])} came and went within the month")
    if now["left_and_returned"]:
        besides.append(f"{formats.count(now['left_and_returned'])} left and came back within it")
    if not formats.is_missing(now["paused_at_end"]) and now["paused_at_end"]:
        paused = now["paused_at_end"]
        besides.append(f"{formats.count(paused)} {'is' if paused == 1 else 'are'} paused at its end")
    aside = f" Besides, {listed(besides)}." if besides else ""
    return Sentence(
        f"{formats.month(now['month'])} began with {formats.plural(now['customers_at_start'], 'customer')}; "
        f"{formats.count(now['new'])} came for the first time, {formats.count(now['reactivated'])} came "
        f"back, {formats.count(now['lost'])} left, and it ended with "
        f"{formats.count(now['customers_at_end'])}.{aside}"
    )


def target(goal: Target) -> Sentence:
    """How far the month is from the owner's target."""
    limit = formats.percent(goal.churn)
    if goal.met is None or goal.customers_away is None:
        return Sentence(f"The target is at most {limit} a month; there is no rate to hold against it.")
    if goal.met:
        return Sentence(f"The target of at most {limit} a month is met.")
    away = formats.plural(goal.customers_away, "customer")
    return Sentence(
        f"The target of at most {limit} a month is missed by {away}: had "
        f"{formats.count(goal.customers_away)} more stayed, it would be met."
    )


_BANDS = {
    "churn": {
        "good": "below 5 % a month",
        "needs work": "5 to 10 % a month",
        "serious": "above 10 % a month",
    },
    "retention": {"good": "above 70 %", "needs work": "50 to 70 %", "serious": "below 50 %"},
}


def bands(churn: Rate, retention_12: Rate, named: Mapping[str, str | None]) -> Sentence:
    """In which of the usual bands the month's churn and retention at 12 months lie."""
    parts = []
    churn_band, retention_band = named["churn_band"], named["retention_12_band"]
    if churn_band:
        parts.append(
            f"Churn of {formats.rate(churn.value, churn.low, churn.high)} lies in the band "
            f"“{churn_band}” ({_BANDS['churn'][churn_band]})."
        )
    if retention_band:
        kept = formats.rate(retention_12.value, retention_12.low, retention_12.high)
        parts.append(
            f"On the same day a year after their first, {kept} of those who have reached it "
            f"({formats.plural(retention_12.denominator, 'customer')}) were customers: "
            f"“{retention_band}” ({_BANDS['retention'][retention_band]})."
        )
    else:
        parts.append("Nobody has reached a twelfth month yet, so there is no retention at 12 months.")
    return Sentence(" ".join(parts))


def mrr(moved: pd.DataFrame, kept: pd.DataFrame, currency: str) -> Sentence:
    """How MRR moved in the last month, and what became of the MRR at its start."""
    now, shares = moved.iloc[-1], kept.iloc[-1]
    if not past_is_known(now):
        return _mrr_without_past(now, currency)
    gained = now["new"] + now["reactivated"] + now["expansion"] + now["resumed"]
    lost = now["contraction"] + now["paused"] + now["churned"]
    text = (
        f"MRR went from {formats.money(now['mrr_at_start'], currency)} to "
        f"{formats.money(now['mrr_at_end'], currency)}: {formats.money(gained, currency)} gained, "
        f"{formats.money(lost, currency)} given up."
    )
    if math.isnan(shares["gross_revenue_retention"]):
        return Sentence(text)
    return Sentence(
        f"{text} Of the MRR at the start, {_share(shares, 'gross_revenue_retention')} was kept (gross), "
        f"{_share(shares, 'net_revenue_retention')} with expansion counted (net)."
    )


def _mrr_without_past(now: pd.Series, currency: str) -> Sentence:
    """How MRR moved, as far as a source without past prices or pauses can tell."""
    came = formats.money(now["new"] + now["reactivated"], currency)
    return Sentence(
        f"MRR went from {formats.money(now['mrr_at_start'], currency)} to "
        f"{formats.money(now['mrr_at_end'], currency)}, at the prices that are known: {came} came with "
        f"customers, {formats.money(now['churned'], currency)} left with customers. What those who stayed "
        "paid more or less, or paused, is not known from these data, so there is no revenue retention, gross "
        "or net."
    )


def _share(row: pd.Series, name: str) -> str:
    return formats.rate(row[name], row[f"{name}_low"], row[f"{name}_high"])


def bridge(tools: pd.DataFrame, customers: pd.DataFrame) -> Sentence:
    """How far the tools' rules lie apart on this month."""
    low, high = tools["churn_rate"].min(), tools["churn_rate"].max()
    own = tools["churn_rate"].iloc[0]
    if math.isnan(own):
        return Sentence(
            "The month began without customers: only Stripe's rule, with newcomers in its base, gives a rate."
        )
    if customers.empty:
        same = formats.percent(own)
        joined = " except Stripe's, which counts newcomers in the base" if low != high else ""
        return Sentence(f"Nobody left and returned, or joined and left: every rule gives {same}{joined}.")
    return Sentence(
        f"The same month is a churn of {formats.percent(low)} by one rule and {formats.percent(high)} by "
        f"another. The rules differ on {formats.plural(len(customers), 'customer')}, listed above."
    )


def churn_by(levels: pd.DataFrame) -> Sentence:
    """Which plans, bands or intervals stand out from the rest, if any do."""
    out = levels[levels["verdict"].isin(["above the rest", "below the rest"])]
    few = int((levels["verdict"] == "too few").sum())
    aside = f" {formats.plural(few, 'row')} with too few customers to judge." if few else ""
    if out.empty:
        return Sentence(f"No plan, MRR band or billing interval differs clearly from the others.{aside}")
    said = [
        f"{_named(row.by, row.level)} with "
        f"{formats.rate(row.churn_rate, row.churn_rate_low, row.churn_rate_high)}, {row.verdict}"
        for row in out.itertuples()
    ]
    return Sentence(f"Clearly different from the others of its kind: {'; '.join(said)}.{aside}")


_LEVELS = {"mrr_band": "MRR band", "interval": "billing interval"}


def _named(by: str, level: str) -> str:
    """A level as people name it: plan solo, MRR band 10 to 25, billing interval month."""
    return f"{_LEVELS.get(by, by)} {level}"


def losses_by_tenure(stages: pd.DataFrame) -> Sentence:
    """Whether most of the loss falls into the first 30 days."""
    in_all = int(stages["lost_in_all"].iloc[0])
    if not in_all:
        return Sentence("Nobody was lost in this period.")
    early = _early_share(stages)
    answer = (
        "Most of the loss falls into the first 30 days"
        if early.low > 0.5
        else "Most of the loss comes after the first 30 days"
        if early.high < 0.5
        else "Whether most of the loss falls into the first 30 days cannot be told yet"
    )
    return Sentence(
        f"{answer}: {formats.count(early.numerator)} of {formats.count(in_all)} left by day 30, "
        f"{formats.rate(early.value, early.low, early.high)}."
    )


def _early_share(stages: pd.DataFrame) -> Rate:
    early = stages[stages["from_day"] <= 30]
    return rate(int(early["lost"].sum()), int(stages["lost_in_all"].iloc[0]))


def switch_gaps(gaps: pd.DataFrame) -> Sentence:
    """How much the length of a plan switch matters for the rate."""
    low, high = gaps["churn_rate"].min(), gaps["churn_rate"].max()
    if math.isnan(low):
        return Sentence("The month began without customers, so there is no rate to vary.")
    if formats.percent(low) == formats.percent(high):
        return Sentence(
            f"The switch gap does not matter this month: churn is {formats.percent(low)} with each."
        )
    return Sentence(
        f"Depending on the switch gap, the same month has a churn of {formats.percent(low)} to "
        f"{formats.percent(high)}."
    )


def churn_kinds(kinds: pd.DataFrame) -> Sentence:
    """Who ended it in the last month: the customer, the biller, or nobody knows."""
    now = kinds.iloc[-1]
    if not now["lost"]:
        return Sentence(f"Nobody was lost in {formats.month(now['month'])}.")
    parts = [
        (now["voluntary"], "decided to leave"),
        (now["involuntary"], "fell to a failed payment, a dispute or the biller's policy"),
        (now["kind_unknown"], "left without anything in the data that says who ended it"),
    ]
    said = [f"{formats.count(amount)} {what}" for amount, what in parts if amount]
    if now["lost"] == 1:
        return Sentence(f"One customer was lost, and {said[0].removeprefix('1 ')}.")
    return Sentence(f"Of the {formats.count(now['lost'])} customers lost, {listed(said)}.")


def recent_cohorts(parts: pd.DataFrame, change: Change | None, *, k: int = 1) -> Sentence:
    """Whether the latest cohorts stay better or worse than the earlier ones."""
    month = "first month" if k == 1 else f"{k} months"
    if change is None or len(parts) < 2:
        return Sentence(f"There are too few cohorts past their {month} to compare.")
    latest, earlier = parts.iloc[0], parts.iloc[1]
    word = {
        "rose": "more stay than before",
        "fell": "fewer stay than before",
        "no clear change": "no clear change",
    }[change.verdict]
    return Sentence(
        f"Of the customers of {formats.month(latest['first_cohort'])} to "
        f"{formats.month(latest['last_cohort'])}, "
        f"{formats.rate(latest['rate'], latest['rate_low'], latest['rate_high'])} were still there after "
        f"their {month}; of those before, "
        f"{formats.rate(earlier['rate'], earlier['rate_low'], earlier['rate_high'])}: {word}."
    )


def standing_out(cohorts: pd.DataFrame, *, k: int = 3) -> Sentence:
    """Which cohorts stay better or worse than the rest, if any do."""
    out = cohorts[cohorts["verdict"].isin(["above the rest", "below the rest"])]
    judged = int((cohorts["verdict"] != "too few").sum())
    after = formats.plural(k, "month")
    if judged < 2:
        return Sentence(f"There are too few large cohorts past {after} to hold one against the rest.")
    if out.empty:
        return Sentence(
            f"None of the {formats.count(judged)} cohorts that are large enough differs clearly from the "
            f"rest after {after}."
        )
    said = [
        f"{formats.month(row.cohort)} with {formats.rate(row.rate, row.rate_low, row.rate_high)}, "
        f"{row.verdict}"
        for row in out.itertuples()
    ]
    return Sentence(
        f"Clearly different after {after}: {'; '.join(said)}. {formats.count(judged)} cohorts were large "
        "enough to look at, and the verdict allows for looking at all of them."
    )


def triangle(cells: pd.DataFrame, *, k: int) -> Sentence:
    """How wide the cohorts spread at one age."""
    at = cells[(cells["k"] == k) & (cells["size"] > 0)]
    if "final" in at.columns:
        at = at[at["final"].astype(bool)]
    if at.empty:
        return Sentence(f"No cohort has a final cell at month {k} yet.")
    if len(at) == 1:
        only = at.iloc[0]
        return Sentence(
            f"At month {k} there is one cohort, of {formats.month(only['cohort'])}: "
            f"{formats.percent(only['rate'], 0)} of {formats.plural(int(only['size']), 'customer')}."
        )
    low, high = at.loc[at["rate"].idxmin()], at.loc[at["rate"].idxmax()]
    if low["rate"] == high["rate"]:
        share = formats.percent(low["rate"], 0)
        return Sentence(f"At month {k}, all {formats.plural(len(at), 'cohort')} stand at {share}.")
    spread = [
        f"{formats.percent(cell['rate'], 0)} of {formats.plural(int(cell['size']), 'customer')} "
        f"({formats.month(cell['cohort'])})"
        for cell in (low, high)
    ]
    return Sentence(
        f"At month {k}, the {formats.plural(len(at), 'cohort')} lie between {spread[0]} and {spread[1]}. "
        "Single cohorts are small: read the colours as a whole before believing one cell."
    )


def record(
    *,
    moved: pd.DataFrame,
    churn: pd.DataFrame,
    last_month: Change | None,
    last_year: Change | None,
    bands: Mapping[str, str | None],
    retention_12: Rate,
    goal: Target,
    kinds: pd.DataFrame,
    mrr: pd.DataFrame,
    kept: pd.DataFrame,
    levels: Mapping[str, pd.DataFrame],
    tenure: Mapping[str, pd.DataFrame],
    cohorts: Sequence[Mapping[str, Any]],
    recent: pd.DataFrame,
    recent_change: Change | None,
    standing_out: pd.DataFrame,
    bridge: pd.DataFrame,
    bridge_customers: pd.DataFrame,
    gaps: pd.DataFrame,
    left: pd.DataFrame,
    activity: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The part `measurement` of findings.json, from the tables of the notebook of that name.

    `levels` and `tenure` hold a table each for "month" and "last_12_months".
    """
    now = churn.iloc[-1]
    parts = {
        **moved.iloc[-1].drop("month").to_dict(),
        "churn": rate_of(now, "churn_rate", "lost", "customers_at_start"),
        "retention": rate_of(now, "retention_rate", "retained", "customers_at_start"),
        **kinds.iloc[-1][["voluntary", "involuntary", "kind_unknown"]].to_dict(),
        "involuntary_share": involuntary_share(kinds),
        "churn_change": change_record(last_month),
        "churn_change_year": change_record(last_year),
        **bands,
        "retention_12": retention_12,
        "target": {"churn": goal.churn, "met": goal.met, "customers_away": goal.customers_away},
        "mrr": _mrr_record(mrr.iloc[-1]),
        **kept.iloc[-1].drop("month").to_dict(),
        "bridge": {
            row["tool"].lower(): rate_of(row, "churn_rate", "numerator", "denominator")
            for row in bridge.to_dict(orient="records")
        },
        "bridge_customers": bridge_customers,
        "left": left,
        "activity": activity,
        "churn_by": _level_records(levels["month"]),
        "churn_by_last_12_months": _level_records(levels["last_12_months"]),
        "losses_by_tenure": _tenure_records(tenure["month"]),
        "losses_by_tenure_last_12_months": _tenure_records(tenure["last_12_months"]),
        "lost_by_day_30_last_12_months": _early_share(tenure["last_12_months"]),
        "cohorts": cohorts,
        "recent_cohorts": [
            {
                "cohorts": row["cohorts"],
                "first_cohort": formats.iso_month(row["first_cohort"]),
                "last_cohort": formats.iso_month(row["last_cohort"]),
                "retained": rate_of(row, "rate", "retained", "reached"),
            }
            for row in recent.to_dict(orient="records")
        ],
        "recent_cohorts_change": change_record(recent_change),
        "cohorts_standing_out": [
            {
                "cohort": formats.iso_month(row["cohort"]),
                "retained": rate_of(row, "rate", "retained", "reached"),
                "verdict": row["verdict"],
            }
            for row in standing_out.to_dict(orient="records")
        ],
        "cohorts_large_enough": int((standing_out["verdict"] != "too few").sum()),
        "switch_gaps": [
            {
                "switch_gap_days": row["switch_gap_days"],
                "churn": rate_of(row, "churn_rate", "lost", "customers_at_start"),
            }
            for row in gaps.to_dict(orient="records")
        ],
        "by_month": [
            {
                **moved.loc[place].drop("month").to_dict(),
                "month": formats.iso_month(row["month"]),
                "churn": rate_of(row, "churn_rate", "lost", "customers_at_start"),
                "retention": rate_of(row, "retention_rate", "retained", "customers_at_start"),
                **kinds.loc[place, ["voluntary", "involuntary", "kind_unknown"]].to_dict(),
                "mrr": _mrr_record(mrr.loc[place]),
                **kept.loc[place].drop("month").to_dict(),
            }
            for place, row in churn.iterrows()
        ],
    }
    return parts


def _mrr_record(row: pd.Series) -> dict[str, Any]:
    amounts = {name.removeprefix("mrr_"): amount for name, amount in row.items() if name != "month"}
    return {
        **amounts,
        "gained": row["new"] + row["reactivated"] + row["expansion"] + row["resumed"],
        "given_up": row["contraction"] + row["paused"] + row["churned"],
        "grew_by": row["mrr_at_end"] - row["mrr_at_start"] if past_is_known(row) else None,
    }


def _level_records(levels: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "by": row["by"],
            "level": row["level"],
            "churn": rate_of(row, "churn_rate", "lost", "customers_at_start"),
            "verdict": row["verdict"],
        }
        for row in levels.to_dict(orient="records")
    ]


def _tenure_records(stages: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "from_day": row["from_day"],
            "to_day": row["to_day"],
            "lost": row["lost"],
            "share": rate_of(row, "share", "lost", "lost_in_all"),
        }
        for row in stages.to_dict(orient="records")
    ]

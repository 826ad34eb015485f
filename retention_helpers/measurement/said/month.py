"""The month, its levels and its cohorts: what they say, and how they are shown."""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import pandas as pd

from retention_helpers.business.levels import NOT_GIVEN, OF_A_MONTH, OTHER
from retention_helpers.contract.settings import Bands
from retention_helpers.measurement import cohorts, days_of_loss, measures
from retention_helpers.measurement.measures import (
    EARLY_DAYS,
    GAINS,
    LOSSES,
    YEAR,
    Target,
    involuntary_share,
    past_is_known,
)
from retention_helpers.shown import figures
from retention_helpers.shown.figures import Figure
from retention_helpers.shown.records import change_record, rate_of
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence, kind_of_group, listed
from retention_helpers.shown.units import (
    CHANGE,
    COUNT,
    DAY,
    MONEY,
    MONTH,
    NUMBER,
    RATE,
    SHARE,
    WHOLE,
    YES_NO,
    by_name,
    columns_of,
    fields,
    names_of,
    noted,
    one_of,
    rows,
)
from retention_helpers.statistics.control import FEWEST_MONTHS
from retention_helpers.statistics.intervals import Change, Rate, rate
from retention_helpers.statistics.varying import USUAL_SPREAD, MonthChange
from retention_helpers.words import formats

__all__ = [
    "anniversary_triangle", "both_clocks", "calendar_triangle", "change_of_cohorts", "change_of_month",
    "change_of_year", "change_since_last_month", "churn", "churn_by_level", "churn_by_level_of_year",
    "churn_by_switch_gap", "churn_target", "cohorts_standing_out", "customer_movement",
    "customers_lost", "days_of_lost", "differing_customers", "kinds_of_loss", "latest_cohorts",
    "months", "mrr_by_level", "mrr_movement", "other_tools", "retained_by_level", "retention_12",
    "revenue_retention", "tenure_of_lost", "tenure_of_lost_in_year", "usual_bands",
]  # fmt: skip

MONTHS_SHOWN = YEAR + 1
AGAINST = ("the months before", "the month before", "the same month a year before")
POWER = 0.8  # to see a doubled churn, below which it is said
LEAST_POWER = 0.2  # below which a single month is not held against another one
ONLY = "the only one"


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


def churn_change(
    change: MonthChange | None, churn: pd.DataFrame, *, months_back: int | None = None
) -> Sentence | None:
    """How churn compares with the months before, or with one of them alone.

    None where a single month would hardly show a churn that doubles, and shows no change.
    """
    if change is None:
        period = "a year earlier" if months_back == YEAR else "an earlier month"
        return Sentence(f"There is no rate of {period} to compare with.")
    if (
        months_back is not None
        and change.verdict == "no clear change"
        and change.seen_if_doubled < LEAST_POWER
    ):
        return None
    verdict = {
        "rose": "churn rose",
        "fell": "churn fell",
        "no clear change": "churn shows no clear change",
    }[change.verdict]
    return Sentence(
        f"Against {_compared_with(change, churn, months_back)} ({formats.percent(change.then)}), {verdict}: "
        f"{formats.points(change.value)} percentage points, and the data are compatible with anything from "
        f"{formats.points(change.low)} to {formats.points(change.high)}.{_spread(change, months_back)}"
        f"{_power(change, months_back)}"
    )


def _compared_with(change: MonthChange, churn: pd.DataFrame, months_back: int | None) -> str:
    if months_back is None and change.months > 1:
        return f"the {formats.count(change.months)} months before it"
    alone = " alone" if months_back == 1 else ""
    return f"{formats.month(churn.iloc[-1 - (months_back or 1)]['month'])}{alone}"


def _spread(change: MonthChange, months_back: int | None) -> str:
    """What the interval allows for besides chance; said once, of the months before."""
    if months_back is not None:
        return ""
    if change.spread.is_assumed:
        return (
            f" So few months cannot tell how much months differ by themselves: "
            f"{formats.percent(USUAL_SPREAD, 0)} of the rate is allowed for it."
        )
    if change.spread.is_seen:
        return " These months differ by more than chance, and the range is wider for it."
    return " The range allows for how these months differ." if change.spread.variance else ""


def _power(change: MonthChange, months_back: int | None) -> str:
    """How often this comparison would see a doubled churn, where that is seldom."""
    if math.isnan(change.seen_if_doubled) or (months_back is None and change.seen_if_doubled >= POWER):
        return ""
    return (
        f" A churn that doubles would be called a rise here in about "
        f"{formats.count(round(100 * change.seen_if_doubled))} of 100 months."
    )


def _change_record(change: MonthChange | None, key: str, against: str) -> dict[str, Any]:
    return {
        key: {
            **change_record(change),
            "against": against,
            "then": change and change.then,
            "months": change and change.months,
            "months_differ": change and change.spread.is_seen,
            "seen_if_doubled": change and change.seen_if_doubled,
        }
    }


def _change(months_back: int | None, key: str, against: str) -> Measure:
    """The change of churn against the months before, or against one of them."""
    return Measure(
        partial(measures.churn_change, months_back=months_back),
        sentence=partial(churn_change, months_back=months_back),
        findings={
            key: fields(
                "The change of churn, in fractions, and what it is held against.",
                value=NUMBER, low=NUMBER, high=NUMBER,
                verdict=one_of("rose", "fell", "no clear change").or_null,
                against=one_of(*AGAINST),
                then=noted(SHARE, "the churn of those months together"),
                months=noted(WHOLE.or_null, "how many months it is held against"),
                months_differ=noted(
                    YES_NO.or_null, "the months before differ by more than chance, which widens the interval"
                ),
                seen_if_doubled=noted(
                    SHARE, "how often a churn of twice the usual would be called a rise by this comparison"
                ),
            )
        },
        record=lambda change: _change_record(change, key, against),
    )  # fmt: skip


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
    if goal.churn is None:
        return Sentence("There is no target: write your own as `targets` in retention.yml.")
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


def _band(name: str, good: float, serious: float, *, is_lower_better: bool) -> str:
    """A band by its name, with its limits."""
    sides = ("below", "above") if is_lower_better else ("above", "below")
    low, high = sorted((good, serious))
    limits = {
        "good": f"{sides[0]} {100 * good:g} %",
        "needs work": f"{100 * low:g} to {100 * high:g} %",
        "serious": f"{sides[1]} {100 * serious:g} %",
    }
    return f"“{name}” ({limits[name]}{' a month' if is_lower_better else ''})"


def bands(named: Mapping[str, str | None], churn: Rate, retention_12: Rate, held: Bands | None) -> Sentence:
    """In which of the usual bands the month's churn and retention at 12 months lie."""
    if held is None:
        return Sentence(
            "The usual bands are of subscriptions, and say nothing of buyers: write your own as "
            "`benchmarks` in "
            "retention.yml."
        )
    parts = []
    churn_band, retention_band = named["churn_band"], named["retention_12_band"]
    if churn_band:
        parts.append(
            f"Churn of {formats.rate(churn.value, churn.low, churn.high)} lies in the band "
            f"{_band(churn_band, held.good_churn, held.serious_churn, is_lower_better=True)}."
        )
    if retention_band:
        kept = formats.rate(retention_12.value, retention_12.low, retention_12.high)
        parts.append(
            f"Of the {formats.plural(retention_12.denominator, 'customer')} who began a year ago or "
            f"earlier, {kept} were customers a year later, those who had left and come back "
            "included: "
            f"{_band(retention_band, held.good_retention, held.serious_retention, is_lower_better=False)}."
        )
    else:
        parts.append("Nobody has reached a twelfth month yet, so there is no retention at 12 months.")
    return Sentence(" ".join(parts))


def mrr(moved: pd.DataFrame, kept: pd.DataFrame, currency: str) -> Sentence:
    """How MRR moved in the last month, and what became of the MRR at its start."""
    now, shares = moved.iloc[-1], kept.iloc[-1]
    if not past_is_known(now):
        return _mrr_without_past(now, currency)
    gained, lost = (sum(now[part] for part in parts) for parts in (GAINS, LOSSES))
    text = (
        f"MRR went from {formats.money(now['mrr_at_start'], currency)} to "
        f"{formats.money(now['mrr_at_end'], currency)}: {formats.money(gained, currency)} gained, "
        f"{formats.money(lost, currency)} given up."
    )
    if math.isnan(shares["gross_revenue_retention"]):
        return Sentence(text)
    return Sentence(
        f"{text} Of the MRR at the start, {formats.rate_in(shares, 'gross_revenue_retention')} was kept "
        f"(gross), {formats.rate_in(shares, 'net_revenue_retention')} with expansion counted (net)."
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


def _churn_by_level(levels: pd.DataFrame) -> Figure | None:
    title = f"Monthly churn by kind of customer, last {YEAR} months"
    return figures.rate_by_level(levels[levels["verdict"] != ONLY], "churn_rate", title=title)


def churn_by(levels: pd.DataFrame) -> Sentence:
    """Which plans, bands or intervals stand out from the rest, if any do."""
    return _standing_out(levels, "churn_rate", {"above": "more leave", "below": "fewer leave"})


def retained_by(levels: pd.DataFrame, *, k: int) -> Sentence:
    """Which groups stay longer or less long than the rest, if any do."""
    if levels.empty:
        return Sentence(f"No cohort has reached month {k} for good yet.")
    found = _standing_out(levels, "rate", {"above": "more stay", "below": "fewer stay"})
    return Sentence(f"After {formats.plural(k, 'month')}: {found.text}")


def mrr_by(moved: pd.DataFrame, currency: str) -> Sentence:
    """With which group MRR rose most in the last month, and with which it fell most."""
    now = moved[moved["month"] == moved["month"].max()]
    grew = now["mrr_at_end"] - now["mrr_at_start"]
    month = f"In {formats.month(moved['month'].max())}"
    in_order = now.assign(grew=grew).sort_values(["grew", "level"])
    said = []
    if grew.max() > 0:
        said.append(f"rose most with {_moved(in_order.iloc[-1], currency)}")
    if grew.min() < 0:
        said.append(f"fell most with {_moved(in_order.iloc[0], currency)}")
    if not said:
        return Sentence(f"{month}, MRR was of each group at the end what it was at the start.")
    return Sentence(f"{month}, MRR {', and '.join(said)}.")


def _moved(row: pd.Series, currency: str) -> str:
    start, end = (formats.money(row[name], currency) for name in ("mrr_at_start", "mrr_at_end"))
    return f"{kind_of_group(row['by'])} {row['level']}, from {start} to {end}"


def _standing_out(levels: pd.DataFrame, rate: str, more: Mapping[str, str]) -> Sentence:
    """The levels above and below the rest of their kind, how many have too few, and what has no rest.

    A kind of which "(other)" is the only row has several levels, each of too few customers to be shown.
    """
    alone = levels["verdict"] == ONLY
    are_together, unknown = (alone & (levels["level"] == one) for one in (OTHER, NOT_GIVEN))
    said = [] if len(levels) and alone.all() else [_against_each_other(levels[~alone], rate, more)]
    if few := _kinds(levels[are_together]):
        said.append(f"No {' or '.join(few)} has enough customers to be compared.")
    if none := _kinds(levels[unknown]):
        said.append(f"No {' or '.join(none)} is given for those counted here.")
    if one := _kinds(levels[alone & ~are_together & ~unknown]):
        said.append(f"All counted here are of one {listed(one)}: nothing to compare.")
    return Sentence(" ".join(said))


def _kinds(levels: pd.DataFrame) -> list[str]:
    return [kind_of_group(by) for by in levels["by"].unique()]


def _against_each_other(levels: pd.DataFrame, rate: str, more: Mapping[str, str]) -> str:
    out = levels[levels["verdict"].isin(["above the rest", "below the rest"])]
    few = int((levels["verdict"] == "too few").sum())
    aside = f" {formats.plural(few, 'row')} with too few customers to judge." if few else ""
    if out.empty:
        *others, last = _kinds(levels) or map(kind_of_group, OF_A_MONTH)
        kinds = f"{', '.join(others)} or {last}" if others else last
        return f"No {kinds} differs clearly from the others.{aside}"
    said = [
        f"Clearly {they} than of the others of their kind: {listed(rows)}."
        for side, they in more.items()
        if (rows := [_level(row, rate) for _, row in out[out["verdict"] == f"{side} the rest"].iterrows()])
    ]
    return f"{' '.join(said)}{aside}"


def _level(row: pd.Series, rate: str) -> str:
    return f"{kind_of_group(row['by'])} {row['level']} {formats.rate_in(row, rate)}"


def losses_by_tenure(stages: pd.DataFrame) -> Sentence:
    """Whether most of the loss falls into the first weeks."""
    if stages.empty:
        return Sentence("After how many days they left is not known: the data say months alone.")
    in_all = int(stages["lost_in_all"].iloc[0])
    if not in_all:
        return Sentence("Nobody was lost in this period.")
    early = _early_share(stages)
    answer = (
        f"Most of the loss falls into the first {EARLY_DAYS} days"
        if early.low > 0.5
        else f"Most of the loss comes after the first {EARLY_DAYS} days"
        if early.high < 0.5
        else f"Whether most of the loss falls into the first {EARLY_DAYS} days cannot be told yet"
    )
    return Sentence(
        f"{answer}: {formats.count(early.numerator)} of {formats.count(in_all)} left by day {EARLY_DAYS}, "
        f"{formats.rate(early.value, early.low, early.high)}."
    )


def losses_by_day(days: pd.DataFrame) -> Sentence | None:
    """How many of those lost left when what they had paid for was over; None without any billing interval."""
    if days.empty:
        return Sentence("Nobody was lost in this period, or on which day is not known.")
    known = days_of_loss.on_renewal_day(days)
    if not known.denominator:
        return None
    in_all = int(days["lost"].sum())
    aside = "" if known.denominator == in_all else f", as far as it is known of {formats.count(in_all)}"
    return Sentence(
        f"{formats.count(known.numerator)} of {formats.count(known.denominator)} left on a renewal day, "
        f"{formats.rate(known.value, known.low, known.high)}{aside}: when what they had paid for was over."
    )


def _early_share(stages: pd.DataFrame) -> Rate:
    early = stages[stages["from_day"] <= EARLY_DAYS]
    return rate(int(early["lost"].sum()), int(stages["lost_in_all"].max()) if len(stages) else 0)


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


def recent_cohorts(parts: pd.DataFrame, change: Change | None) -> Sentence:
    """Whether the latest cohorts stay better or worse than the earlier ones."""
    if change is None or len(parts) < 2:
        return Sentence("There are too few cohorts whose first months are over to compare.")
    k = int(parts["k"].iloc[0])
    month = "first month" if k == 1 else f"first {formats.spelled(k)} months"
    latest, earlier = parts.iloc[0], parts.iloc[1]
    word = {
        "rose": "more stay than before",
        "fell": "fewer stay than before",
        "no clear change": "no clear change",
    }[change.verdict]
    return Sentence(
        f"Of the customers of {formats.month(latest['first_cohort'])} to "
        f"{formats.month(latest['last_cohort'])}, "
        f"{formats.rate_in(latest, 'rate')} were still there after "
        f"their {month}; of those before, "
        f"{formats.rate_in(earlier, 'rate')}: {word}."
    )


def standing_out(standing: pd.DataFrame, *, k: int = cohorts.SETTLED) -> Sentence:
    """Which cohorts stay better or worse than the rest, if any do."""
    out = standing[standing["verdict"].isin(["above the rest", "below the rest"])]
    judged = _large_enough(standing)
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
    spread = (
        "and for how much the others differ"
        if len(standing) > FEWEST_MONTHS
        else f"and for losses that differ by {formats.percent(USUAL_SPREAD, 0)} anyway, as so few cannot tell"
    )
    return Sentence(
        f"Clearly different after {after}: {'; '.join(said)}. {formats.count(judged)} cohorts were large "
        f"enough to look at; the verdict allows for looking at all of them, {spread}."
    )


def triangle(cells: pd.DataFrame, *, k: int) -> Sentence:
    """How wide the cohorts of the last year spread at one age; older ones are no finding of this month."""
    latest = sorted(cells["cohort"].unique())[-MONTHS_SHOWN:]
    at = cells[(cells["k"] == k) & (cells["size"] > 0) & cells["cohort"].isin(latest)]
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
        f"At month {k}, the {formats.plural(len(at), 'cohort')} of the last year lie between {spread[0]} and "
        f"{spread[1]}. "
        "Single cohorts are small: read the colours as a whole before believing one cell."
    )


def _large_enough(standing: pd.DataFrame) -> int:
    return int((standing["verdict"] != "too few").sum())


def month_by_month(
    moved: pd.DataFrame, churn: pd.DataFrame, kinds: pd.DataFrame, mrr: pd.DataFrame, kept: pd.DataFrame
) -> pd.DataFrame:
    """One row per month: customers, churn, losses by who ended them, revenue and its retention.

    The parts of MRR are named mrr_, with what was gained, given up, and by how much MRR grew; that is NaN
    where past prices or pauses are not known.
    """
    amounts = pd.DataFrame({"month": mrr["month"]} | {f"mrr_{name}": mrr[own] for name, own in _MRR.items()})
    amounts["mrr_gained"], amounts["mrr_given_up"] = (
        sum(mrr[part] for part in parts) for parts in (GAINS, LOSSES)
    )
    grew = mrr["mrr_at_end"] - mrr["mrr_at_start"]
    amounts["mrr_grew_by"] = grew.where([past_is_known(row) for _, row in mrr.iterrows()])
    parts = [moved, churn.drop(columns=["customers_at_start", "lost"]), kinds.drop(columns="lost"), amounts]
    return functools.reduce(lambda left, right: left.merge(right, on="month"), [*parts, kept])


_PARTS_OF_MRR = [name for name in names_of(measures.mrr_movement) if name not in ("by", "level", "month")]
_MRR = {name.removeprefix("mrr_"): name for name in _PARTS_OF_MRR}
_COUNTS = {
    name: unit
    for measure in (measures.customer_movement, measures.churn_kinds)
    for name, unit in columns_of(measure).items()
    if name != "month"
}
_KEPT = [name for name in names_of(measures.revenue_retention) if name != "month"]
_AMOUNTS = [*_MRR, "gained", "given_up", "grew_by"]
_OF_A_MONTH = {
    **_COUNTS,
    "churn": RATE,
    "retention": RATE,
    "mrr": fields(
        "start + new + reactivated + expansion + resumed − contraction − paused − churned = end, in major "
        "units.",
        **dict.fromkeys(_AMOUNTS, MONEY.or_null),
    ),
    **dict.fromkeys(_KEPT, NUMBER),
}


def _month_records(months: pd.DataFrame) -> dict[str, Any]:
    """Every month, and the last one by itself."""
    found = [
        {
            **{name: row[name] for name in (*_COUNTS, *_KEPT)},
            "churn": rate_of(row, "churn_rate", "lost", "customers_at_start"),
            "retention": rate_of(row, "retention_rate", "retained", "customers_at_start"),
            "mrr": {name: row[f"mrr_{name}"] for name in _AMOUNTS},
        }
        for row in months.to_dict(orient="records")
    ]
    dates = [formats.iso_month(month) for month in months["month"]]
    by_month = [{"month": month, **row} for month, row in zip(dates, found, strict=True)]
    return {**found[-1], "by_month": by_month}


BAND = one_of("good", "needs work", "serious").or_null
_TOOLS = ("ours", "chartmogul", "profitwell", "stripe", "baremetrics", "recurly")
_BY = "Churn by kind of customer"
_SHARE = {"rate": SHARE, "low": SHARE, "high": SHARE}


def _movement_figure(
    frame: pd.DataFrame,
    *,
    gains: Sequence[str],
    losses: Sequence[str],
    ends: tuple[str, str],
    what: str,
    by_month: bool = False,
) -> figures.Figure | None:
    """The last month as a waterfall, or what came and what went month by month; None where nothing did."""
    shown = frame.tail(MONTHS_SHOWN if by_month else 1)
    if not shown[[*gains, *losses]].fillna(0).to_numpy(dtype=float).any():
        return None
    if by_month:
        title = f"{what} gained and lost by month"
        return figures.movement_by_month(shown, gains=gains, losses=losses, title=title)
    return figures.waterfall(frame, ends=ends, gains=gains, losses=losses, title=what)


customer_movement = Measure(
    measures.customer_movement,
    "Customers month by month",
    sentence=movement,
    figure=partial(
        _movement_figure,
        gains=("new", "reactivated"),
        losses=("lost",),
        ends=("customers_at_start", "customers_at_end"),
        what="Customers",
    ),
)
churn = Measure(
    measures.customer_churn,
    "Churn and retention month by month",
    sentence=churn_of_month,
    figure=partial(figures.rate_by_month, rate="churn_rate"),
)
change_of_month = _change(None, "churn_change", AGAINST[0])
change_since_last_month = _change(1, "churn_change_month", AGAINST[1])
change_of_year = _change(YEAR, "churn_change_year", AGAINST[2])
churn_target = Measure(
    measures.churn_target,
    sentence=target,
    findings={"target": fields(churn=MONEY.or_null, met=YES_NO.or_null, customers_away=WHOLE.or_null)},
    record=lambda goal: {"target": asdict(goal)},
)
retention_12 = Measure(partial(cohorts.retention_after, k=YEAR), findings={"retention_12": RATE})
usual_bands = Measure(
    measures.bands,
    sentence=bands,
    findings={"churn_band": BAND, "retention_12_band": BAND},
    record=dict,
)
mrr_movement = Measure(
    measures.mrr_movement,
    "MRR month by month",
    sentence=mrr,
    figure=partial(
        _movement_figure, gains=GAINS, losses=LOSSES, ends=("mrr_at_start", "mrr_at_end"), what="MRR"
    ),
)
mrr_by_level = Measure(measures.mrr_movement, "MRR by group, month by month", sentence=mrr_by)
revenue_retention = Measure(measures.revenue_retention, "Revenue retention month by month")
churn_by_level = Measure(measures.churn_by, f"{_BY}, this month", sentence=churn_by, findings="churn_by")
churn_by_level_of_year = Measure(
    partial(measures.churn_by, months_back=YEAR),
    f"{_BY}, last {YEAR} months",
    sentence=churn_by,
    figure=_churn_by_level,
    findings=f"churn_by_last_{YEAR}_months",
)
tenure_of_lost = Measure(
    measures.losses_by_tenure,
    "Losses by days since the first, this month",
    sentence=losses_by_tenure,
    findings="losses_by_tenure",
)
tenure_of_lost_in_year = Measure(
    partial(measures.losses_by_tenure, months_back=YEAR),
    f"Losses by days since the first, last {YEAR} months",
    sentence=losses_by_tenure,
    findings={
        f"losses_by_tenure_last_{YEAR}_months": rows_of(measures.losses_by_tenure),
        f"lost_by_day_{EARLY_DAYS}_last_{YEAR}_months": RATE,
    },
    record=lambda stages: {
        f"losses_by_tenure_last_{YEAR}_months": records(stages, measures.losses_by_tenure),
        f"lost_by_day_{EARLY_DAYS}_last_{YEAR}_months": _early_share(stages),
    },
)
days_of_lost = Measure(
    days_of_loss.losses_by_day,
    f"Losses by day since the first, last {YEAR} months",
    sentence=losses_by_day,
    figure=figures.losses_by_day,
    findings={
        f"losses_by_day_last_{YEAR}_months": rows_of(days_of_loss.losses_by_day),
        f"lost_on_renewal_day_last_{YEAR}_months": RATE,
    },
    record=lambda days: {
        f"losses_by_day_last_{YEAR}_months": records(days, days_of_loss.losses_by_day),
        f"lost_on_renewal_day_last_{YEAR}_months": days_of_loss.on_renewal_day(days),
    },
)
kinds_of_loss = Measure(
    measures.churn_kinds,
    "Losses by who ended it",
    sentence=churn_kinds,
    findings={"involuntary_share": RATE},
    record=lambda kinds: {"involuntary_share": involuntary_share(kinds)},
)
months = Measure(
    month_by_month,
    findings={**_OF_A_MONTH, "by_month": rows(month=MONTH, **_OF_A_MONTH)},
    record=_month_records,
)
calendar_triangle = Measure(
    cohorts.calendar_triangle,
    "The latest cells on the calendar clock",
    sentence=triangle,
    figure=partial(figures.triangle, title="Still customers at the end of each month, by cohort"),
)
anniversary_triangle = Measure(
    cohorts.anniversary_triangle,
    "The latest cells on the anniversary clock",
    sentence=triangle,
    figure=partial(figures.triangle, title="Still customers after each full month, by cohort"),
)
retained_by_level = Measure(
    cohorts.retained_by_level,
    "All cohorts of a group together",
    sentence=retained_by,
    figure=partial(figures.rate_by_level, rate="rate", base="reached", more_is_good=True),
)
both_clocks = Measure(
    cohorts.as_records,
    findings={
        "cohorts": rows(
            cohort=MONTH,
            size=COUNT,
            calendar=by_name(fields(retained=COUNT, **_SHARE)),
            anniversary=by_name(
                fields(retained=COUNT, reached=COUNT, **_SHARE, final=YES_NO, final_on=DAY.or_null)
            ),
        )
    },
)
latest_cohorts = Measure(
    cohorts.recent_cohorts,
    "The latest cohorts, and all before",
    sentence=recent_cohorts,
    findings="recent_cohorts",
)
change_of_cohorts = Measure(cohorts.recent_change, findings={"recent_cohorts_change": CHANGE})
cohorts_standing_out = Measure(
    cohorts.standing_out,
    "Customers after three months, cohort by cohort",
    sentence=standing_out,
    findings={
        "cohorts_standing_out": rows_of(
            cohorts.standing_out,
            "cohorts after three months, each against the others together; corrected after Holm",
        ),
        "cohorts_large_enough": COUNT,
    },
    record=lambda standing: {
        "cohorts_standing_out": records(standing, cohorts.standing_out),
        "cohorts_large_enough": _large_enough(standing),
    },
)
other_tools = Measure(
    measures.bridge,
    "The same month by each tool's rule",
    sentence=bridge,
    findings={"bridge": fields(**dict.fromkeys(_TOOLS, RATE))},
    record=lambda tools: {
        "bridge": {
            row["tool"].lower(): rate_of(row, "churn_rate", "numerator", "denominator")
            for row in tools.to_dict(orient="records")
        }
    },
)
differing_customers = Measure(
    measures.bridge_customers, "The customers who make the difference", findings="bridge_customers"
)
churn_by_switch_gap = Measure(
    measures.switch_gap_sensitivity, "Churn by switch gap", sentence=switch_gaps, findings="switch_gaps"
)
customers_lost = Measure(measures.customers_lost, "Customers lost this month", findings="left")

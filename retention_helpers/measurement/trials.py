"""From trial to paying: who began, whose answer is in, who pays, after how long, whose trial ends soon."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from retention_helpers.business import Business, levels, months
from retention_helpers.business import spans as service
from retention_helpers.contract.attributes import CHANNELS, COUNTRIES, first_called
from retention_helpers.measurement.measures import VERDICT
from retention_helpers.shown.units import (
    COUNT,
    DAY,
    QUOTIENT,
    RATE,
    TENTHS,
    TEXT,
    WHOLE,
    columns,
    named,
    names_of,
    one_of,
)
from retention_helpers.statistics.intervals import (
    Change,
    against_the_rest,
    change,
    rate,
    with_rate,
)

WAIT_DAYS = 14  # after a trial's end; who pays later does not count as converted
WEEK = 7
LATELY = 6  # months whose trials are held against those before
USE_STEPS = (1, 3)  # days of use in the first week from which a level begins
FIRST_WEEK, PLAN = "first_week", "trial_plan"
NO_USE, LITTLE, MUCH = "no use", "1 to 2 days of use", "3 or more days of use"
HEADINGS = {
    **levels.HEADINGS,
    FIRST_WEEK: "Use in the first week, undecided by its end",
    PLAN: "Plan of the trial",
}


def trials(business: Business) -> pd.DataFrame:
    """One row per customer who began a trial before ever having paid: the first one, and what became of it.

    It has ended when its span ended, or when they began to pay, whichever comes first; it is settled when
    WAIT_DAYS have passed after that, and then no answer can change any more. Converted is who paid by then:
    a first span with an mrr above 0, whether or not its invoice was collected. Who pays later stays what
    they were, and is counted apart.

    Columns: customer_id, plan, begun_on, ended_on (null: it goes on), paid_on (null: not yet), is_settled,
    is_converted (None: not settled), days (from the begin to the first paid day), ends_on (of one that goes
    on, the day after the usual length; null: ended, or no trial has ended yet), first_week (days of use in
    the first WEEK days, as a level; null: no events, or a trial that was over before they were, which had
    less time to use anything in).

    Glossary: trial; converted.
    """
    rows: pd.DataFrame = business.once("trials", lambda: _trials(business))
    return rows


def _trials(business: Business) -> pd.DataFrame:
    frame = service.trials(business).order_by("customer_id").execute()
    days = ["begun_on", "ended_on", "paid_on"]
    frame = frame.assign(**{name: pd.to_datetime(frame[name]) for name in days})
    ended = frame[["ended_on", "paid_on"]].min(axis=1)
    wait, cut = pd.Timedelta(days=WAIT_DAYS), pd.Timestamp(business.as_of)
    settled = ended + wait < cut
    paid = frame["paid_on"] <= ended + wait
    usual = (ended - frame["begun_on"]).dt.days.median()
    due = frame["begun_on"] + pd.to_timedelta(math.nan if pd.isna(usual) else round(usual), unit="D")
    rows = frame.assign(
        ended_on=ended,
        is_settled=settled,
        is_converted=paid.astype("object").where(settled, None),
        days=(frame["paid_on"] - frame["begun_on"]).dt.days,
        ends_on=due.where(ended.isna()),
    )
    return rows.assign(first_week=_first_week(business, rows))


def _first_week(business: Business, rows: pd.DataFrame) -> pd.Series:
    if not business.has("events") or rows.empty:
        return pd.Series(None, index=rows.index, dtype="object")
    use = months.days_of_use(business).select("customer_id", "day").execute()
    own = rows[["customer_id", "begun_on"]].merge(use, on="customer_id")
    own = own.assign(nth=(pd.to_datetime(own["day"]) - own["begun_on"]).dt.days)
    is_early = own["nth"].between(0, WEEK - 1)
    many = rows["customer_id"].map(own[is_early].groupby("customer_id").size()).fillna(0)
    steps = [many < USE_STEPS[0], many < USE_STEPS[1]]
    level = pd.Series(np.select(steps, [NO_USE, LITTLE], MUCH), index=rows.index, dtype="object")
    is_undecided = rows["ended_on"].isna() | (rows["ended_on"] >= rows["begun_on"] + pd.Timedelta(days=WEEK))
    return level.where(is_undecided, None)


@columns(
    begun=COUNT, open=COUNT("Going on"), waiting=COUNT("Ended lately"), matured=COUNT, conversions=COUNT,
    converted=RATE(of=("conversions", "matured")), paid_late=COUNT("Paid later"),
    paid=COUNT("Paid so far"), days_to_pay=TENTHS("Days to pay"),
    days_low=TENTHS("A quarter by day", is_recorded=True), days_high=TENTHS("Three quarters by day"),
)  # fmt: skip
def summary(trials: pd.DataFrame) -> pd.DataFrame:
    """One row, or none where nobody began a trial: how many began, are over, and converted.

    begun = going on + ended lately + matured; converted is the share of the matured.

    Ended lately: within WAIT_DAYS, so that nobody knows yet. Paid so far = converted + paid later + those of
    the others who pay already. days_to_pay is the median of those who converted, with its quartiles.

    Glossary: converted.
    """
    if trials.empty:
        return pd.DataFrame(columns=names_of(summary))
    settled = trials["is_settled"].astype(bool)
    converted = settled & (trials["is_converted"] == True)  # noqa: E712  # None: not settled
    took = trials.loc[converted, "days"]
    quarters = [float(took.quantile(share)) if len(took) else math.nan for share in (0.5, 0.25, 0.75)]
    is_open = trials["ended_on"].isna()
    row = (
        len(trials), int(is_open.sum()), int((~is_open & ~settled).sum()), int(settled.sum()),
        int(converted.sum()), int((settled & ~converted & trials["paid_on"].notna()).sum()),
        int(trials["paid_on"].notna().sum()), *quarters,
    )  # fmt: skip
    names = ["begun", "open", "waiting", "matured", "conversions", "paid_late", "paid", "days_to_pay",
             "days_low", "days_high"]  # fmt: skip
    return with_rate(pd.DataFrame([row], columns=names), "converted", "conversions", "matured")[
        names_of(summary)
    ]


@columns(
    by=named(HEADINGS), level=TEXT, matured=COUNT, conversions=COUNT(is_shown=False),
    converted=RATE(of=("conversions", "matured")), verdict=VERDICT,
)  # fmt: skip
def by_level(business: Business, trials: pd.DataFrame) -> pd.DataFrame:
    """One row per level of channel, plan of the trial, country and use in the first week: who converted.

    Of the matured trials; by use in the first week, of those that went on to its end: who pays on the third
    day has had three days to use anything in, so that their use says nothing but when they paid (a landmark:
    Anderson, Cain and Gelber 1983, Journal of Clinical Oncology 1, 710–719). The verdict holds a level
    against the others of its kind together, corrected after Holm for every row, as in `measures.churn_by`;
    below `min_customers` it is "too few".

    Glossary: converted.
    """
    settled = trials[trials["is_settled"].astype(bool)]
    if settled.empty:
        return pd.DataFrame(columns=names_of(by_level))
    known = levels.attributes(business)
    asked = [first_called(known, names) for names in (CHANNELS, COUNTRIES)]
    parts = [
        *((name, levels.of_rows(settled, business, name)) for name in asked if name),
        (PLAN, settled["plan"]),
        (FIRST_WEEK, settled["first_week"].dropna()),
    ]
    found = [_counted(settled.loc[level.index], name, level) for name, level in parts if len(level)]
    frame = with_rate(pd.concat(found, ignore_index=True), "converted", "conversions", "matured")
    verdicts = against_the_rest(
        list(frame["conversions"]),
        list(frame["matured"]),
        kinds=list(frame["by"]),
        min_customers=business.settings.min_customers,
    )
    return frame.assign(verdict=verdicts)[names_of(by_level)]


def _counted(settled: pd.DataFrame, by: str, level: pd.Series) -> pd.DataFrame:
    converted = settled["is_converted"].astype(bool).groupby(level.astype(str)).agg(["size", "sum"])
    counted = converted.astype("int64").reset_index(names="level")
    return counted.rename(columns={"size": "matured", "sum": "conversions"}).assign(by=by)


def trend(business: Business, trials: pd.DataFrame) -> Change | None:
    """How the trials begun in the last LATELY months whose trials have matured convert, against those before.

    None without trials on both sides.

    Glossary: trend of trials.
    """
    settled = trials[trials["is_settled"].astype(bool)]
    if settled.empty:
        return None
    last = settled["begun_on"].max().to_period("M")
    is_late = settled["begun_on"].dt.to_period("M") > last - LATELY
    then, now = (settled.loc[side, "is_converted"].astype(bool) for side in (~is_late, is_late))
    if then.empty or now.empty:
        return None
    return change(int(then.sum()), len(then), int(now.sum()), len(now))


@columns(customer_id=TEXT("Customer"), begun_on=DAY, ends_on=DAY, plan=TEXT, first_week=TEXT.or_null)
def ending(business: Business, trials: pd.DataFrame, *, days: int = WEEK) -> pd.DataFrame:
    """One row per trial that goes on and is to end in the days after the month, who ends first on top.

    When it is to end is told by the usual length of the trials so far; one that should have ended already,
    and did not, ends on the first day.

    Glossary: trial that ends.
    """
    going = trials[trials["ends_on"].notna()]
    cut = pd.Timestamp(business.as_of)
    due = going.assign(ends_on=going["ends_on"].clip(lower=cut))
    soon = due[due["ends_on"] < cut + pd.Timedelta(days=days)]
    ordered = soon.sort_values(["ends_on", "customer_id"], ignore_index=True)
    return ordered[names_of(ending)].astype({"first_week": "object"})


# --- the bridge


@dataclass(frozen=True)
class _Counts:
    begun: int
    converted: int
    given_up: int
    collected: int
    cohort: int
    cohort_paid: int


TOOLS = ("ours", "Stripe", "Baremetrics", "ProfitWell", "ChartMogul")


@columns(
    tool=one_of(*TOOLS, unit=TEXT), rule=TEXT, conversions=WHOLE(is_shown=False), of_trials=WHOLE("Of"),
    converted=QUOTIENT("Converted", of=("conversions", "of_trials")),
)  # fmt: skip
def bridge(business: Business, trials: pd.DataFrame) -> pd.DataFrame:
    """One row per tool: the share of trials that convert by its rule, over its own window.

    Ours: of all matured trials. Stripe: the last 30 days' conversions, of these and the trials that were
    given up in them; its first invoice has to be paid, which is held against `payments` where there are any.
    Baremetrics: the last 30 days' conversions over the trials begun in them, so that it may pass 100 %.
    ProfitWell publishes none that could be found: shown, and said to be unverified, is the plain ratio of who
    has paid to all who ever began one, whether or not the trial is over. ChartMogul: of those
    begun in the report month, who has paid. A share above 1 has no interval.

    Glossary: trials by the rules of other tools.
    """
    n = _bridge_counts(business, trials)
    if trials.empty:
        return pd.DataFrame(columns=names_of(bridge))
    row, over = summary(trials).iloc[0], n.collected + n.given_up
    rows = [
        ("ours", f"paid within {WAIT_DAYS} days after the end / matured", row["conversions"], row["matured"]),
        ("Stripe", "first invoice paid / that + given up, last 30 days", n.collected, over),
        ("Baremetrics", "converted / begun, last 30 days", n.converted, n.begun),
        ("ProfitWell", "paid so far / begun; not verified as its own rule", row["paid"], row["begun"]),
        ("ChartMogul", "paid so far / begun in the month", n.cohort_paid, n.cohort),
    ]
    frame = pd.DataFrame(rows, columns=["tool", "rule", "conversions", "of_trials"])
    whole = frame.astype({"conversions": "int64", "of_trials": "int64"})
    found = [_share(one.conversions, one.of_trials) for one in whole.itertuples()]
    return whole.assign(
        **{name: [one[nth] for one in found] for nth, name in enumerate(names_of(bridge)[-3:])}
    )


def _share(part: int, of: int) -> tuple[float, float, float]:
    if part > of:
        return (part / of if of else math.nan, math.nan, math.nan)
    found = rate(part, of)
    return found.value, found.low, found.high


def _bridge_counts(business: Business, trials: pd.DataFrame) -> _Counts:
    cut = pd.Timestamp(business.as_of)
    first = cut - pd.Timedelta(days=30)

    def lately(day: pd.Series) -> pd.Series:
        return (day >= first) & (day < cut)

    paid = lately(trials["paid_on"])
    given_up = trials["paid_on"].isna() & lately(trials["ended_on"])
    cohort = trials["begun_on"] >= pd.Timestamp(business.report_month)
    return _Counts(
        begun=int(lately(trials["begun_on"]).sum()),
        converted=int(paid.sum()),
        given_up=int(given_up.sum()),
        collected=int(paid.sum()) if not business.has("payments") else _collected(business, trials[paid]),
        cohort=int(cohort.sum()),
        cohort_paid=int((cohort & trials["paid_on"].notna()).sum()),
    )


def _collected(business: Business, converted: pd.DataFrame) -> int:
    """Of those who began to pay, whose first payment was made."""
    attempts = business.table("payments")
    made = attempts.filter(attempts.status == "succeeded").select("customer_id").distinct()
    return int(converted["customer_id"].isin(set(made.customer_id.execute())).sum())

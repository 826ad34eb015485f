"""How many stay, and what they pay: the measures of a month, each born beside what it is made of.

Every function takes an open business and gives a small frame, or a small value with its parts. Rates are
fractions with a 95 % interval; money is exact (Decimal).
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business, levels, months
from retention_helpers.business.bands import MRR_BANDS, mrr_band
from retention_helpers.business.losses import kept_losses
from retention_helpers.business.spans import covers, kept_spans
from retention_helpers.contract.settings import Bands
from retention_helpers.shown.units import (
    CODE,
    COUNT,
    DAY,
    MONEY,
    MONTH,
    NUMBER,
    RATE,
    SHARE,
    TEXT,
    WHOLE,
    columns,
    named,
    names_of,
    one_of,
)
from retention_helpers.statistics import money
from retention_helpers.statistics.control import MOST_MONTHS
from retention_helpers.statistics.intervals import Rate, against_the_rest, rate, with_rate
from retention_helpers.statistics.varying import MonthChange, change_beyond_spread, spread_of

SWITCH_GAPS = (0, 3, 7, 30)
TENURE_DAYS = (0, 8, 31, 91, 366)  # first days of the stages of tenure
EARLY_DAYS = TENURE_DAYS[2] - 1  # "the first 30 days"
YEAR = 12  # months
ZERO = Decimal(0)
A_DAY = dt.timedelta(days=1)
VERDICT = one_of("above the rest", "below the rest", "no clear difference", "too few", "the only one")
CHURN = RATE(of=("lost", "customers_at_start"), key="churn")


def _by_month(business: Business, counts: ir.Table, kept_apart: Sequence[str] = ()) -> pd.DataFrame:
    """A small table of the engine with a row for every month, also those in which nothing happened.

    Of each of the groups that are `kept_apart`, in their order.
    """
    every = pd.DataFrame({"month": pd.to_datetime(months.month_starts(business))})
    found = counts.execute()
    found["month"] = pd.to_datetime(found["month"])
    keys = [*kept_apart, "month"]
    if kept_apart:
        every = found[[*kept_apart]].drop_duplicates().merge(every, how="cross")
    joined = every.merge(found, on=keys, how="left").sort_values(keys, ignore_index=True)
    return joined.astype({"month": "datetime64[s]"})


def _whole(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    filled = frame[list(columns)].fillna(0).astype("int64")
    return frame.assign(**{column: filled[column] for column in columns})


@columns(
    month=MONTH, customers_at_start=COUNT, new=COUNT, reactivated=COUNT, lost=COUNT, customers_at_end=COUNT,
    joined_and_left=COUNT, left_and_returned=COUNT, paused_at_end=COUNT.or_null(is_shown=None),
)  # fmt: skip
def customer_movement(business: Business) -> pd.DataFrame:
    """One row per month: how the number of customers moved.

    customers_at_start + new + reactivated − lost = customers_at_end, exactly. `joined_and_left` came and
    went inside the month and is in no rate; `left_and_returned` counts as retained. A pause is not churn;
    where past pauses are not known, paused_at_end is NaN.

    Glossary: customers_at_start; customers_at_end; lost; new; reactivated; joined_and_left;
    left_and_returned; paused_at_end; identity of customers.
    """
    rows = months.kept_customer_months(business)
    at_start, at_end = rows.state_at_start != "none", rows.state_at_end != "none"
    counts = rows.group_by("month").aggregate(
        customers_at_start=rows.count(where=at_start),
        new=rows.count(where=rows.movement == "new"),
        reactivated=rows.count(where=rows.movement == "reactivated"),
        lost=rows.count(where=rows.movement == "lost"),
        customers_at_end=rows.count(where=at_end),
        joined_and_left=rows.count(where=rows.movement == "joined_and_left"),
        left_and_returned=rows.count(where=rows.left_and_returned),
        paused_at_end=rows.count(where=rows.state_at_end == "paused"),
    )
    frame = _by_month(business, counts)
    whole = _whole(frame, [column for column in frame.columns if column != "month"])
    return whole if business.knows("pauses") else whole.assign(paused_at_end=math.nan)


@columns(
    month=MONTH, customers_at_start=COUNT, lost=COUNT, retained=COUNT, churn_rate=CHURN,
    retention_rate=RATE(of=("retained", "customers_at_start"), key="retention"),
)  # fmt: skip
def customer_churn(business: Business) -> pd.DataFrame:
    """One row per month: how many of the customers active at its start left during it.

    A customer who leaves and returns within the month counts as retained. A month that begins without
    customers has no rate. The intervals of both rates are Wilson's.

    Glossary: churn rate; retention rate.
    """
    moved = customer_movement(business)[["month", "customers_at_start", "lost"]]
    moved = moved.assign(retained=moved["customers_at_start"] - moved["lost"])
    churn = with_rate(moved, "churn_rate", "lost", "customers_at_start")
    return with_rate(churn, "retention_rate", "retained", "customers_at_start")


@columns(month=MONTH, lost=COUNT, voluntary=COUNT, involuntary=COUNT, kind_unknown=COUNT)
def churn_kinds(business: Business) -> pd.DataFrame:
    """One row per month: the customers lost, by who ended it.

    Involuntary: a failed payment, a dispute, or the biller's policy. Unknown: no row of cancellations
    says. The three add up to lost.

    Glossary: voluntary, involuntary, kind unknown.
    """
    lost = kept_losses(business)
    counts = lost.group_by("month").aggregate(
        lost=lost.count(),
        voluntary=lost.count(where=lost.kind == "voluntary"),
        involuntary=lost.count(where=lost.kind == "involuntary"),
        kind_unknown=lost.count(where=lost.kind == "unknown"),
    )
    return _whole(_by_month(business, counts), ["lost", "voluntary", "involuntary", "kind_unknown"])


def involuntary_share(kinds: pd.DataFrame) -> Rate:
    """Among the last month's losses of which it is known who ended them, the share that are involuntary.

    Takes the table of `churn_kinds`.

    Glossary: involuntary share.
    """
    now = kinds.iloc[-1]
    return rate(int(now["involuntary"]), int(now["involuntary"] + now["voluntary"]))


UNKNOWN = Decimal("NaN")  # stays unknown in every sum that it enters
_NEEDED = {"expansion": "prices", "contraction": "prices", "paused": "pauses", "resumed": "pauses"}
GAINS, LOSSES = ("new", "reactivated", "expansion", "resumed"), ("churned", "contraction", "paused")
_MRR_PARTS = (*GAINS, "contraction", "paused", "churned")


@columns(
    by=TEXT(is_recorded=False), level=TEXT(is_recorded=False), month=MONTH,
    mrr_at_start=MONEY.or_null, new=MONEY.or_null, reactivated=MONEY.or_null,
    expansion=MONEY.or_null, resumed=MONEY.or_null(is_shown=None), contraction=MONEY.or_null,
    paused=MONEY.or_null(is_shown=None), churned=MONEY.or_null, mrr_at_end=MONEY.or_null,
)  # fmt: skip
def mrr_movement(business: Business, *, by: levels.By = ()) -> pd.DataFrame:
    """One row per month: how monthly recurring revenue moved, in major units, exact.

    at_start + new + reactivated + expansion + resumed − contraction − paused − churned = at_end. What would
    follow from past prices or pauses that are not known is NaN. Where `by` names some of `levels.names`,
    there is a row a month of each level of each of them, and the levels add up to the whole.

    Columns: by and level (where asked for), month, and the parts.

    Glossary: expansion, contraction; paused, resumed; churned; new, reactivated; identity of MRR.
    """
    unknown = [part for part, history in _NEEDED.items() if not business.knows(history)]

    def measured(rows: ir.Table, kept_apart: list[str]) -> pd.DataFrame:
        sums = rows.group_by([*kept_apart, "month"]).aggregate(**mrr_parts(rows))
        frame = _by_month(business, sums, kept_apart)
        amounts = {
            column: [ZERO if pd.isna(amount) else amount for amount in frame[column]]
            for column in ("mrr_at_start", *_MRR_PARTS, "mrr_at_end")
        }
        return frame.assign(**amounts | {part: [UNKNOWN] * len(frame) for part in unknown})

    return levels.by_each(months.kept_customer_months(business), business, by, measured)


def mrr_parts(rows: ir.Table) -> dict[str, ir.Value]:
    """The sums of a movement of MRR over rows of `customer_months`."""
    moved = (rows.mrr_at_end - rows.mrr_at_start).abs()
    parts = {part: moved.sum(where=rows.mrr_movement == part) for part in _MRR_PARTS}
    return {"mrr_at_start": rows.mrr_at_start.sum(), **parts, "mrr_at_end": rows.mrr_at_end.sum()}


def past_is_known(mrr: pd.Series) -> bool:
    """Whether a month of `mrr_movement` says all: past prices and pauses are known.

    Glossary: past prices and pauses.
    """
    return not any(pd.isna(mrr[part]) for part in _NEEDED)


@columns(
    month=MONTH, gross_revenue_retention=SHARE.interval, net_revenue_retention=SHARE.interval,
    quick_ratio=NUMBER,
)  # fmt: skip
def revenue_retention(business: Business) -> pd.DataFrame:
    """One row per month: what became of the MRR at its start.

    Gross leaves expansion out and can at most be 1; net counts it. Reactivated MRR is in neither. The
    quick ratio is MRR gained over MRR given up; NaN where nothing was given up. All are NaN where past prices
    or pauses are not known. The intervals are those of `money.with_retention`.

    Glossary: gross revenue retention; net revenue retention; quick ratio.
    """
    rows = months.kept_customer_months(business)
    own = rows.filter(rows.state_at_start != "none")
    found = own.group_by("month").aggregate(**money.sums(own.mrr_at_start, own.mrr_at_end))
    filled = _by_month(business, found)
    amounts = {name: [ZERO if pd.isna(one) else one for one in filled[name]] for name in money.SUMS}
    kept = money.with_retention(filled.assign(**amounts))
    if not business.knows("prices", "pauses"):
        kept = money.without_retention(kept)
    mrr = mrr_movement(business)
    pairs = zip(sum(mrr[part] for part in GAINS), sum(mrr[part] for part in LOSSES), strict=True)
    return kept.assign(quick_ratio=[float(more / gone) if gone else math.nan for more, gone in pairs])


def churn_of_month(churn: pd.DataFrame) -> Rate:
    """The churn of the last month of the table, with its parts."""
    now = churn.iloc[-1]
    return rate(int(now["lost"]), int(now["customers_at_start"]))


def churn_change(churn: pd.DataFrame, *, months_back: int | None = None) -> MonthChange | None:
    """How churn of the last row's month differs from the months before, or from one of them alone.

    From the up to 24 months before it together; with `months_back`, from the month so many months earlier.
    None without such a month, or where one began without customers. How the business's months differ is told
    by the months before in either case, and is in the interval: the verdict is "rose", "fell" or "no clear
    change", and a month that differs as its business's months do is no change.

    Glossary: churn change.
    """
    now, earlier = churn.iloc[-1], churn.iloc[:-1].tail(MOST_MONTHS)
    before = earlier[earlier["customers_at_start"] > 0]
    then = before if months_back is None else churn.iloc[:-1].iloc[-months_back:].head(1)
    is_short = months_back is not None and len(churn) <= months_back
    if is_short or then.empty or not then["customers_at_start"].all() or not now.customers_at_start:
        return None
    counts = then[["lost", "customers_at_start"]].astype(int).itertuples(index=False, name=None)
    spread = spread_of(before["lost"], before["customers_at_start"])
    return change_beyond_spread([(int(now.lost), int(now.customers_at_start))], list(counts), spread)


def benchmarks(business: Business) -> Bands | None:
    """The bands that the business is held against: the owner's own (`benchmarks`), by its ARPA, or the usual.

    ARPA is the MRR at the month's end over the customers then. The usual ones are of subscriptions: None for
    buyers whose owner wrote none.

    Glossary: benchmarks.
    """
    if business.counts_buyers and "benchmarks" not in business.settings.named:
        return None
    customers = int(customer_movement(business).iloc[-1]["customers_at_end"])
    mrr = float(mrr_movement(business).iloc[-1]["mrr_at_end"])
    return business.settings.benchmarks.at(mrr / customers if customers else math.nan)


def churn_band(rate: float, bands: Bands) -> str | None:
    """The band of a monthly churn rate; what lies on an edge is neither good nor serious.

    >>> [churn_band(rate, Bands()) for rate in (0.049, 0.05, 0.11)]
    ['good', 'needs work', 'serious']

    Glossary: churn band.
    """
    if math.isnan(rate):
        return None
    return "good" if rate < bands.good_churn else "serious" if rate > bands.serious_churn else "needs work"


def retention_band(rate: float, bands: Bands) -> str | None:
    """The band of retention at 12 months; what lies on an edge is neither good nor serious.

    >>> [retention_band(rate, Bands()) for rate in (0.71, 0.7, 0.4)]
    ['good', 'needs work', 'serious']

    Glossary: retention at 12 months.
    """
    if math.isnan(rate):
        return None
    good, serious = rate > bands.good_retention, rate < bands.serious_retention
    return "good" if good else "serious" if serious else "needs work"


def bands(churn: Rate, retention_12: Rate, held: Bands | None) -> dict[str, str | None]:
    """The bands of a month's churn and of retention at 12 months; None where there is no rate, or no band."""
    return {
        "churn_band": churn_band(churn.value, held) if held else None,
        "retention_12_band": retention_band(retention_12.value, held) if held else None,
    }


@dataclass(frozen=True)
class Target:
    """The owner's target for monthly churn, and how many customers lie between it and the month.

    `customers_away`: how many more would have had to stay; 0 where the target is met.
    """

    churn: float | None
    met: bool | None
    customers_away: int | None


def churn_target(churn: pd.DataFrame, target: float | None) -> Target:
    """The last row's month against a monthly churn rate that should not be exceeded; None: there is no
    target.

    >>> month = pd.DataFrame({"customers_at_start": [100], "lost": [8]})
    >>> churn_target(month, 0.05)
    Target(churn=0.05, met=False, customers_away=3)

    Glossary: target.
    """
    now = churn.iloc[-1]
    if target is None or not now.customers_at_start:
        return Target(target, None, None)
    # Exact arithmetic: 0.05 × 100 must be 5 losses, not 5.000000000000001.
    allowed = math.floor(Decimal(str(target)) * int(now.customers_at_start))
    away = max(int(now.lost) - allowed, 0)
    return Target(target, away == 0, away)


def _bridge_counts(business: Business) -> pd.Series:
    rows = months.kept_customer_months(business)
    now = rows.filter(rows.month == business.report_month)
    at_start = now.state_at_start != "none"
    counts = now.aggregate(
        start=now.count(where=at_start),
        lost=now.count(where=now.movement == "lost"),
        ended=now.count(where=at_start & (now.ends > 0)),
        joined=now.count(where=~at_start & (now.begins > 0)),
        joined_and_ended=now.count(where=~at_start & (now.begins > 0) & (now.ends > 0)),
    )
    return counts.execute().iloc[0]


@columns(
    tool=TEXT, rule=TEXT, numerator=COUNT, denominator=COUNT,
    churn_rate=RATE(of=("numerator", "denominator")),
)  # fmt: skip
def bridge(business: Business) -> pd.DataFrame:
    """One row per tool: the report month's churn by that tool's published rule, from the same data.

    S customers at the start, L of them with an end of service in the month (returned or not), J others
    who began service in it, JL of those with an end in it. The vendors' own windows (30 days, UTC) differ
    besides. Source: the vendors' help pages, as the glossary names them.

    Glossary: ours, ChartMogul; ProfitWell; Stripe; Baremetrics, Recurly.
    """
    n = _bridge_counts(business)
    everybody_who_left = n.ended + n.joined_and_ended
    tools = [
        ("ours", "lost / customers at start", n.lost, n.start),
        ("ChartMogul", "lost / customers at start", n.lost, n.start),
        ("ProfitWell", "left, also if they returned / customers at start", n.ended, n.start),
        ("Stripe", "left / customers at start + joined", everybody_who_left, n.start + n.joined),
        ("Baremetrics", "left, newcomers too / customers at start", everybody_who_left, n.start),
        ("Recurly", "left, newcomers too / customers at start", everybody_who_left, n.start),
    ]
    frame = pd.DataFrame(tools, columns=["tool", "rule", "numerator", "denominator"])
    whole = frame.astype({"numerator": "int64", "denominator": "int64"})
    return with_rate(whole, "churn_rate", "numerator", "denominator")


@columns(customer_id=TEXT("Customer"), why=TEXT, churned_for=TEXT)
def bridge_customers(business: Business) -> pd.DataFrame:
    """One row per customer on whom the tools' rules differ in the report month.

    Columns: customer_id, why (left and returned; joined and left; joined, left and joined again), counted
    by the tools that count the customer as churned.
    """
    rows = months.kept_customer_months(business)
    now = rows.filter((rows.month == business.report_month) & (rows.ends > 0))
    at_start, at_end = now.state_at_start != "none", now.state_at_end != "none"
    why = ibis.cases(
        (at_start & at_end, "left and returned"),
        (~at_start & at_end, "joined, left and joined again"),
        (~at_start & ~at_end, "joined and left"),
    )
    differing = now.select("customer_id", why=why).filter(lambda row: row.why.notnull())
    frame = differing.order_by("customer_id").execute()
    counted = {
        "left and returned": "ProfitWell, Stripe, Baremetrics, Recurly",
        "joined, left and joined again": "Stripe, Baremetrics, Recurly",
        "joined and left": "Stripe, Baremetrics, Recurly",
    }
    return frame.assign(churned_for=frame["why"].map(counted).astype("str"))


@columns(
    by=one_of(*levels.OF_A_MONTH, unit=named(levels.HEADINGS)), level=TEXT, customers_at_start=COUNT,
    lost=COUNT, churn_rate=CHURN, verdict=VERDICT,
)  # fmt: skip
def churn_by(business: Business, *, months_back: int = 1, by: levels.By = levels.OF_A_MONTH) -> pd.DataFrame:
    """One row per level of what is asked for: the churn of the customers who had it at the month's start.

    Plan, MRR band and billing interval are those of that time; `by` may name anything of `levels.names`
    instead. Over the last `months_back` months together (customer-months then, so that one customer may
    count once in each). The verdict holds a level against the other levels of its kind together: "above the
    rest" and "below the rest" need Newcombe's interval and the p-value, corrected after Holm for looking
    at every row, to agree; below `min_customers` it is "too few", and such rows should not be ranked.

    Glossary: churn by plan, MRR band, interval.
    """
    wanted = levels.chosen(business, by, beside=levels.OF_A_MONTH)
    if business.counts_buyers and by == levels.OF_A_MONTH:
        wanted = ("mrr_band",)  # buyers have no plan and no billing interval
    rows = months.kept_customer_months(business)
    first = months.month_starts(business)[-months_back:][0]
    own = rows.filter((rows.month >= first) & (rows.state_at_start != "none"))
    found = [_lost_by_level(_with_level(own, business, one)).assign(by=one) for one in wanted]
    frame = with_rate(pd.concat(found, ignore_index=True), "churn_rate", "lost", "customers_at_start")
    place = {("mrr_band", level): place for place, level in enumerate(MRR_BANDS)}
    ordered = frame.assign(
        verdict=against_the_rest(
            list(frame["lost"]),
            list(frame["customers_at_start"]),
            kinds=list(frame["by"]),
            min_customers=business.settings.min_customers,
        ),
        place=[place.get(pair, 0) for pair in zip(frame["by"], frame["level"], strict=True)],
        cut=frame["by"].map({name: nth for nth, name in enumerate(wanted)}),
    ).sort_values(["cut", "place", "level"], ignore_index=True)
    return ordered[names_of(churn_by)]


def _with_level(own: ir.Table, business: Business, by: str) -> ir.Table:
    if by not in levels.OF_A_MONTH:
        return levels.with_level(own, business, by)
    return own.mutate(level=mrr_band(own.mrr_at_start) if by == "mrr_band" else own[by])


def _lost_by_level(own: ir.Table) -> pd.DataFrame:
    counts = own.group_by("level").aggregate(
        customers_at_start=own.count(), lost=own.count(where=own.movement == "lost")
    )
    return counts.execute()


@columns(
    from_day=COUNT, to_day=WHOLE.or_null, lost=COUNT(is_recorded=True), lost_in_all=COUNT,
    share=RATE(of=("lost", "lost_in_all")),
)  # fmt: skip
def losses_by_tenure(business: Business, *, months_back: int = 1) -> pd.DataFrame:
    """One row per stage of tenure: how many of the customers lost left in it.

    Tenure is whole days from the first day; without to_day there is no end. Over the last `months_back`
    months together. No rows where the days are not known.

    Glossary: losses by tenure.
    """
    if not business.knows("days"):
        return pd.DataFrame(columns=names_of(losses_by_tenure))
    rows = kept_losses(business)
    first = months.month_starts(business)[-months_back:][0]
    tenure = rows.filter(rows.month >= first).tenure_days.execute()
    last = [*(day - 1 for day in TENURE_DAYS[1:]), None]
    frame = pd.DataFrame({"from_day": TENURE_DAYS, "to_day": pd.array(last, dtype="Int64")})
    counted = [
        int(((tenure >= low) & (tenure < high)).sum())
        for low, high in zip(TENURE_DAYS, [*TENURE_DAYS[1:], math.inf], strict=True)
    ]
    frame = frame.assign(lost=counted, lost_in_all=len(tenure))
    return with_rate(frame, "share", "lost", "lost_in_all")


@columns(switch_gap_days=COUNT, customers_at_start=COUNT, lost=COUNT, churn_rate=CHURN)
def switch_gap_sensitivity(business: Business) -> pd.DataFrame:
    """One row per switch gap of 0, 3, 7 and 30 days: the report month's churn if it were the setting.

    Glossary: switch gap.
    """
    found = []
    for gap in SWITCH_GAPS:
        spans = kept_spans(business, gap_days=gap)
        each = spans.group_by("customer_id").aggregate(
            at_start=covers(spans, business.report_month - A_DAY).any(),
            at_end=covers(spans, business.as_of - A_DAY).any(),
        )
        counts = each.aggregate(
            at_start=each.count(where=each.at_start),
            lost=each.count(where=each.at_start & ~each.at_end),
        ).execute()
        found.append((gap, int(counts["at_start"][0]), int(counts["lost"][0])))
    frame = pd.DataFrame(found, columns=["switch_gap_days", "customers_at_start", "lost"])
    return with_rate(frame, "churn_rate", "lost", "customers_at_start")


@columns(
    customer_id=TEXT("Customer"), name=TEXT.or_null(is_optional=True), lost_on=DAY.or_null(is_shown=None),
    tenure_days=COUNT.or_null(is_shown=None), mrr=MONEY.or_null, plan=TEXT.or_null(is_shown=None),
    kind=one_of("voluntary", "involuntary", "unknown").or_null(is_shown=None),
    reason=CODE.or_null(is_shown=None),
)  # fmt: skip
def customers_lost(business: Business) -> pd.DataFrame:
    """One row per customer lost in the report month, the largest MRR first.

    name stands only where the owner set `show_names` and brought one; mrr is that of the month's start;
    without a reason nobody asked, or answered; lost_on and tenure_days are null where the days are not known.
    A buyer has no plan, and ends nothing: plan and kind are null.
    """
    rows = kept_losses(business)
    now = rows.filter(rows.month == business.report_month)
    columns = ["customer_id", "lost_on", "tenure_days", "mrr", "plan", "kind", "reason"]
    customers = business.table("customers")
    if business.settings.show_names and "name" in customers.columns:
        named = customers.select("customer_id", "name").distinct(on="customer_id")
        now = now.left_join(named, "customer_id").drop("customer_id_right")
        columns.insert(1, "name")
    ordered = now.order_by([ibis.desc("mrr"), "customer_id"]).select(*columns)
    found = ordered.execute()
    unknown = [] if business.knows("days") else ["lost_on", "tenure_days"]
    unknown += ["plan", "kind"] if business.counts_buyers else []
    return found.assign(**dict.fromkeys(unknown)).astype({"tenure_days": "Int64"})


@columns(happened_on=DAY, note=TEXT)
def owner_notes(business: Business) -> pd.DataFrame:
    """One row per note of the owner (price rise, outage, launch), by day."""
    notes = business.table("notes")
    return notes.order_by(["happened_on", "note"]).select("happened_on", "note").execute()

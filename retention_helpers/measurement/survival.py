"""How long customers stay, from their first day to the day of their first loss of service.

After stitching; a pause does not end it, a return does not start it anew, and who is still there is followed
up to the cut. Two clocks: days, for the median; and months of tenure, which are the customer's own calendar
months. On the clock of months every month has `PLACES` places: a day of a month stands on the place of its
number, and the anniversary, the day on which the month is over, on the last one. So the anniversaries of all
customers fall together, although their months have 28 to 31 days: who is lost on the anniversary itself has
not renewed, and is not retained at that month. Day 30 would call every loss on a 31st day retained.

Where earlier leavers are missing from the data (`history_starts_on`), the customers who began before count
only from that day on: those like them who left earlier cannot be seen.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from retention_helpers.business import Business, levels, months
from retention_helpers.business.losses import kept_endings
from retention_helpers.business.spans import covers, kept_services, kept_spans
from retention_helpers.measurement.measures import VERDICT
from retention_helpers.shown.units import (
    COUNT,
    MONEY,
    P_VALUE,
    RATE,
    SHARE,
    TENTHS,
    TEXT,
    columns,
    named,
    names_of,
    one_of,
)
from retention_helpers.statistics import curves
from retention_helpers.statistics.intervals import LEVEL, against_the_rest, holm, rate, wilson, with_rate

PLACES = 31  # of a month of tenure
MONTHS = (1, 3, 6, 12, 24)  # at which survival is stated
MONTHS_OF_GROUPS = MONTHS[:4]
HEAVY = "above the rest"
HEAVY_UP_TO = 24  # months of tenure that are looked at for heavy loss
HORIZONS = (12, 24)  # months over which revenue is added
FEWEST_FOLLOWED = 10  # customers who began as long ago as a horizon, to speak of it

DAY = np.timedelta64(1, "D")


def _first_services(business: Business) -> ir.Table:
    """A row a customer: first_on, lost_on (null: still there), kind of that loss, first_plan."""
    served = kept_services(business)
    first = served.filter(served.service == 1).select("customer_id", first_on="begin_on")
    ended = kept_endings(business)
    lost = ended.filter(ended.service == 1).select("customer_id", "kind", lost_on="end_on")
    plans = levels.first_spans(business).select("customer_id", first_plan="plan")
    both = first.left_join(lost, "customer_id").drop("customer_id_right").join(plans, "customer_id")
    return both.order_by("customer_id")


def places(first_on: npt.ArrayLike, day: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Where a day stands on the clock of months: `PLACES` a whole month, and the days since the last one.

    The first day stands on 0, the day after on 1, the first anniversary on 31, also of a month of 28 days.

    >>> places(["2026-01-31"] * 3, ["2026-02-27", "2026-02-28", "2026-03-01"]).tolist()
    [27, 31, 32]

    Glossary: month of tenure.
    """
    first, then = np.asarray(first_on, "datetime64[D]"), np.asarray(day, "datetime64[D]")
    own_month = first.astype("datetime64[M]")
    along = (then.astype("datetime64[M]") - own_month).astype("int64")
    along -= then < _anniversary(first, along)
    return along * PLACES + (then - _anniversary(first, along)).astype("int64")


def _anniversary(first: npt.NDArray, k: npt.NDArray) -> npt.NDArray:
    own_month = first.astype("datetime64[M]")
    start = own_month + k
    length = ((start + 1).astype("datetime64[D]") - start.astype("datetime64[D]")).astype("int64")
    return start.astype("datetime64[D]") + np.minimum((first - own_month).astype("int64"), length - 1)


class OfMonths(curves.Median):
    """A median of tenures that run from the first of a month to the first of another."""


def tenures(business: Business, *, by: levels.By = ()) -> pd.DataFrame:
    """One row per customer who ever had service: how long the first service lasted, and how it ended.

    A customer who was lost before the history starts has `is_in_sight` False and takes part in nothing: the
    data hold such customers only by chance, for example because they came back.

    Columns: customer_id, first_on, start_year, first_plan (the one with the largest MRR), seen_from (the
    first day on which a loss would be in the data), lost_on (null: still there), kind (voluntary,
    involuntary, unknown; null: still there), is_lost, is_in_sight, days and place (of the loss, or of the
    last day before the cut), entry_days and entry_place (of seen_from), months_followed (whole months of
    tenure that are over by the cut, lost or not), knows_days (whether the source does), and the `level of`
    each of `levels.names` that `by` names.

    Glossary: tenure to the first loss; history that starts late.
    """
    rows: pd.DataFrame = business.once("tenures", lambda: _tenures(business))
    return levels.with_levels(rows, business, by)


def _tenures(business: Business) -> pd.DataFrame:
    rows = _first_services(business).execute()
    rows = rows.assign(**{day: pd.to_datetime(rows[day]) for day in ("first_on", "lost_on")})
    first = rows["first_on"].to_numpy("datetime64[D]")
    final = np.datetime64(business.as_of, "D") - DAY
    starts_on = business.settings.history_starts_on
    seen_from = np.maximum(first, np.datetime64(starts_on, "D")) if starts_on else first
    last = rows["lost_on"].to_numpy("datetime64[D]")
    last = np.where(np.isnat(last), final, last)
    whole = {
        "days": (last - first).astype("int64"),
        "place": places(first, last),
        "entry_days": (seen_from - first).astype("int64"),
        "entry_place": places(first, seen_from),
        "months_followed": places(first, np.full_like(first, final)) // PLACES,
    }
    return rows.assign(
        start_year=rows["first_on"].dt.year,
        seen_from=pd.to_datetime(seen_from),
        is_lost=rows["lost_on"].notna(),
        is_in_sight=last >= seen_from,
        knows_days=business.knows("days"),
        **whole,
    )


def in_sight(tenures: pd.DataFrame) -> pd.DataFrame:
    """The customers whose loss would be in the data.

    Glossary: history that starts late.
    """
    return tenures[tenures["is_in_sight"]]


@dataclass(frozen=True)
class Basis:
    """Whom the curves follow.

    Attributes:
        customers, lost, followed: those who take part, who of them was lost, who is still there.
        history_starts_on: the setting; who was lost before that day is missing from the data.
        entered_late: of the customers, those who began before it and count from it on.
        left_out: those who are known, and were lost before it.
    """

    customers: int
    lost: int
    followed: int
    history_starts_on: dt.date | None
    entered_late: int
    left_out: int


def basis(tenures: pd.DataFrame, history_starts_on: dt.date | None = None) -> Basis:
    """Whom the curves follow, and who takes no part.

    Glossary: history that starts late.
    """
    rows = in_sight(tenures)
    lost, late = int(rows["is_lost"].sum()), int((rows["entry_days"] > 0).sum())
    return Basis(len(rows), lost, len(rows) - lost, history_starts_on, late, len(tenures) - len(rows))


def _kaplan_meier(rows: pd.DataFrame) -> pd.DataFrame:
    return curves.kaplan_meier(rows["place"], rows["is_lost"], rows["entry_place"])


def curve(tenures: pd.DataFrame) -> pd.DataFrame:
    """One row per place on the clock of months: the share of customers still there at its end.

    Columns: months (of tenure; whole at the anniversaries), at_risk, lost, survival with _low and _high.
    Source: Kaplan and Meier 1958, log-log band.

    Glossary: survival at month k.
    """
    return _on_months(_kaplan_meier(in_sight(tenures)), "survival")


def _on_months(found: pd.DataFrame, share: str) -> pd.DataFrame:
    renamed = found.rename(columns={"low": f"{share}_low", "high": f"{share}_high"})
    renamed.insert(0, "months", renamed["day"] / PLACES)
    return renamed.drop(columns="day")


@columns(k=COUNT("After months"), at_risk=COUNT, survival=SHARE.interval)
def at_months(curve: pd.DataFrame, *, months: Sequence[int] = MONTHS) -> pd.DataFrame:
    """One row per month of tenure: the share of customers still there when it is over.

    That is the end of the day k calendar months after each one's own first day, as on the anniversary clock
    of the cohorts; returns do not count here. Takes the table of `curve`. NaN where the follow-up ends
    before. `at_risk` are the customers who were followed up to that day and not lost before.

    Glossary: survival at month k.
    """
    day_curve = _as_days(curve, "survival")
    rows = [(k, *curves.survival_at(day_curve, k * PLACES)) for k in months]
    frame = pd.DataFrame(rows, columns=["k", "survival", "survival_low", "survival_high", "at_risk"])
    return frame[names_of(at_months)]


def _as_days(curve: pd.DataFrame, share: str) -> pd.DataFrame:
    return curve.rename(columns={f"{share}_low": "low", f"{share}_high": "high"})


def median_tenure(tenures: pd.DataFrame) -> curves.Median:
    """The first day, counted from 0, at whose end at most half of the customers are left, with its interval.

    NaN where that is not reached; `OfMonths` where the source knows no days.

    Glossary: median tenure.
    """
    rows = in_sight(tenures)
    found = curves.median(curves.kaplan_meier(rows["days"], rows["is_lost"], rows["entry_days"]))
    return found if tenures["knows_days"].all() else OfMonths(*found)


@columns(
    month_of_tenure=COUNT.within(minimum=1), began=COUNT, lost=COUNT,
    loss_rate=RATE(of=("lost", "began"), key="loss"), verdict=VERDICT,
)  # fmt: skip
def loss_by_month_of_tenure(tenures: pd.DataFrame, *, min_customers: int) -> pd.DataFrame:
    """One row per month of tenure, up to `HEAVY_UP_TO`: of the customers who began it, the share lost in it.

    Only customers whose month could be seen from its first to its last day, lost or not, so that the share
    is a true proportion. A loss on the anniversary belongs to the month that it ends, one on the first day
    to the first month. The verdict holds a month against the others together, corrected for looking at every
    one: "above the rest" are the months of heavy loss. They are then set apart and the others judged again
    among themselves, until none stands out: else one very heavy month hides the next. Months that fewer than
    `min_customers` began are "too few".

    Glossary: month of heavy loss.
    """
    rows = in_sight(tenures)
    month_of_end = np.maximum(-(-rows["place"] // PLACES), 1)
    found = []
    for nth in range(1, HEAVY_UP_TO + 1):
        is_seen = (rows["entry_place"] <= (nth - 1) * PLACES + 1) & (rows["months_followed"] >= nth)
        began = is_seen & (~rows["is_lost"] | (month_of_end >= nth))
        found.append((nth, int(began.sum()), int((began & rows["is_lost"] & (month_of_end == nth)).sum())))
    frame = pd.DataFrame(found, columns=["month_of_tenure", "began", "lost"])
    frame = frame[frame["began"] > 0].reset_index(drop=True)
    verdicts = _heavy_set_apart(list(frame["lost"]), list(frame["began"]), min_customers)
    return with_rate(frame, "loss_rate", "lost", "began").assign(verdict=verdicts)


def _heavy_set_apart(lost: list[int], began: list[int], min_customers: int) -> list[str]:
    """A verdict a month; each round judges the months that no earlier one found heavy."""
    verdicts = ["the only one"] * len(lost)
    others = list(range(len(lost)))
    while len(others) > 1:
        judged = against_the_rest(
            [lost[nth] for nth in others],
            [began[nth] for nth in others],
            kinds=["month"] * len(others),
            min_customers=min_customers,
        )
        for nth, verdict in zip(others, judged, strict=True):
            verdicts[nth] = verdict
        if HEAVY not in judged:
            break
        others = [nth for nth in others if verdicts[nth] != HEAVY]
    return verdicts


GROUPS = ("first_plan", "start_year")
IN_FINDINGS = dict(zip(GROUPS, ("plan", "year of start"), strict=True))
BY = replace(
    one_of(*IN_FINDINGS.values(), unit=named(levels.HEADINGS)), plain=lambda by: IN_FINDINGS.get(by, by)
)


def _groups(tenures: pd.DataFrame, by: levels.By) -> dict[str, str]:
    return levels.columns_of(tenures, by, GROUPS, adds="tenures")


@columns(
    by=BY, level=TEXT, customers=COUNT, lost=COUNT,
    **{f"month_{k}": SHARE.interval for k in MONTHS_OF_GROUPS}, verdict=one_of("compared", "too few"),
)  # fmt: skip
def by_group(tenures: pd.DataFrame, *, min_customers: int, by: levels.By = GROUPS) -> pd.DataFrame:
    """One row per first plan and per year of start: how many of its customers stay, and for how long.

    month_k is the share still there after k months, NaN where the group was not followed so far. A group
    below `min_customers` is "too few", else it is "compared". `by` may name other groups, by which `tenures`
    was asked to part the customers.

    Glossary: survival by plan and year of start.
    """
    found = []
    for kind, column in _groups(tenures, by).items():
        for level, rows in in_sight(tenures).groupby(column):
            at = at_months(_on_months(_kaplan_meier(rows), "survival"), months=MONTHS_OF_GROUPS)
            shares = {
                f"month_{row.k}{end}": getattr(row, f"survival{end}")
                for row in at.itertuples()
                for end in ("", "_low", "_high")
            }
            verdict = "compared" if len(rows) >= min_customers else "too few"
            lost = int(rows["is_lost"].sum())
            found.append(
                {"by": kind, "level": str(level), "customers": len(rows), "lost": lost, **shares,
                 "verdict": verdict}
            )  # fmt: skip
    return pd.DataFrame(found, columns=names_of(by_group))


def curves_by_plan(
    tenures: pd.DataFrame, *, min_customers: int, by: levels.By = "first_plan"
) -> pd.DataFrame:
    """One row per plan and place on the clock of months, for plans with at least `min_customers`.

    `by` may name other groups, as in `by_group`. Columns: by, level, and those of `curve`.

    Glossary: survival by plan and year of start.
    """
    parts = [
        _on_months(_kaplan_meier(rows), "survival").assign(by=kind, level=str(level))
        for kind, column in _groups(tenures, by).items()
        for level, rows in in_sight(tenures).groupby(column)
        if len(rows) >= min_customers
    ]
    names = ["by", "level", "months", "at_risk", "lost", "survival", "survival_low", "survival_high"]
    return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)


@columns(
    by=BY, groups=COUNT, customers=COUNT, p_value=P_VALUE("p"),
    verdict=one_of("differ", "no clear difference", "too few"),
)  # fmt: skip
def group_tests(tenures: pd.DataFrame, *, min_customers: int, by: levels.By = GROUPS) -> pd.DataFrame:
    """One row per kind of group: whether its groups stay equally long, over the whole time (log-rank).

    Groups below `min_customers` take no part. The p-values are corrected after Holm for looking at every
    kind. Verdict: "differ", "no clear difference", or "too few" where fewer than two groups can be compared.
    `by` is as in `by_group`.

    Columns: by, groups (compared), customers (in them), p_value (corrected; NaN where nothing can be
    compared), verdict.

    Glossary: survival by plan and year of start.
    """
    rows = in_sight(tenures)
    found = []
    for kind, column in _groups(tenures, by).items():
        sizes = rows.groupby(column).size()
        own = rows[rows[column].isin(sizes[sizes >= min_customers].index)]
        test = curves.log_rank(own["place"], own["is_lost"], own[column].astype(str), own["entry_place"])
        p_value = test.p if test.dof else np.nan
        found.append((kind, int((sizes >= min_customers).sum()), len(own), p_value))
    frame = pd.DataFrame(found, columns=["by", "groups", "customers", "p_value"])
    judged = frame["p_value"].notna().to_numpy()
    frame.loc[judged, "p_value"] = holm(list(frame.loc[judged, "p_value"]))
    differs = frame["p_value"] < 1 - LEVEL
    return frame.assign(
        verdict=np.select([~judged, differs], ["too few", "differ"], default="no clear difference")
    )


CAUSES = ("voluntary", "involuntary", "kind_unknown")


def causes(tenures: pd.DataFrame) -> pd.DataFrame:
    """One row per cause and place on the clock of months: the share lost to it by its end.

    The causes compete: who has left by own decision can no longer fall to a failed payment. So the shares
    add up, with survival, to everybody.

    Columns: cause (voluntary, involuntary, kind_unknown), months, at_risk, lost, incidence with _low and
    _high. A cause to which nobody was lost has its rows too; where it is known of nobody who ended it,
    kind_unknown alone has. Source: Aalen and Johansen 1978.

    Glossary: lost to a cause.
    """
    rows = in_sight(tenures)
    kinds = rows["kind"].replace({"unknown": "kind_unknown"})
    found = curves.aalen_johansen(
        rows["place"], kinds.astype(object).where(rows["is_lost"], None), rows["entry_place"]
    )
    at_risk = _kaplan_meier(rows)[["day", "at_risk"]]
    parts = []
    for cause in CAUSES[-1:] if set(found["cause"]) == set(CAUSES[-1:]) else CAUSES:
        own = found[found["cause"] == cause]
        if own.empty:
            none = wilson(np.zeros(len(at_risk)), at_risk["at_risk"])[1]
            own = at_risk.assign(lost=0, incidence=0.0, low=0.0, high=none)
        parts.append(_on_months(own, "incidence").assign(cause=cause))
    names = ["cause", "months", "at_risk", "lost", "incidence", "incidence_low", "incidence_high"]
    return pd.concat(parts, ignore_index=True)[names]


@columns(k=COUNT("After months"), at_risk=COUNT, **dict.fromkeys(CAUSES, SHARE.interval))
def causes_at_months(causes: pd.DataFrame, *, months: Sequence[int] = MONTHS) -> pd.DataFrame:
    """One row per month of tenure: the share lost to each cause when it is over.

    Takes the table of `causes`. NaN where the follow-up ends before.

    Glossary: lost to a cause.
    """
    wide = pd.DataFrame({"k": list(months)})
    for cause in CAUSES:
        own = causes[causes["cause"] == cause].set_index("months")
        at = own.reindex([float(k) for k in months])
        wide = wide.assign(
            **({"at_risk": at["at_risk"].fillna(0).astype("int64").to_list()} if len(own) else {}),
            **{f"{cause}{end}": at[f"incidence{end}"].to_list() for end in ("", "_low", "_high")},
        )
    return wide


@columns(horizon=COUNT, customers=COUNT, followed=COUNT, months=TENTHS.estimate)
def months_stayed(tenures: pd.DataFrame) -> pd.DataFrame:
    """One row per horizon of 12 and 24 months: how many of them customers stay on average.

    The area under the survival curve. NaN where fewer than `FEWEST_FOLLOWED` customers began so long ago:
    they are `followed`.

    Glossary: months stayed.
    """
    rows = in_sight(tenures)
    found = _kaplan_meier(rows)
    means = []
    for horizon in HORIZONS:
        followed = int((rows["months_followed"] >= horizon).sum())
        mean = curves.restricted_mean(found, horizon * PLACES)
        ends = [end / PLACES if followed >= FEWEST_FOLLOWED else np.nan for end in mean[:3]]
        means.append((horizon, len(rows), followed, *ends))
    return pd.DataFrame(means, columns=names_of(months_stayed))


def monthly_amounts(business: Business) -> npt.NDArray[np.float64]:
    """The MRR at the end of the first day and of each anniversary: a column a month.

    A row a customer, in the order of `tenures`.

    Glossary: revenue of the first 12 (24) months.
    """
    days = months.anniversaries(business)
    due = ibis.memtable(
        days[days["k"] < max(HORIZONS)].reset_index(drop=True),
        schema={"first_on": "date", "k": "int64", "day": "date"},
    )
    firsts = months.first_days(business)
    # Numbers instead of names: a million customers have twelve million amounts.
    numbered = firsts.mutate(row=ibis.row_number().over(order_by="customer_id"))
    spans = kept_spans(business)
    paying = spans.filter(spans.state == "paying").join(numbered, "customer_id")
    dated = paying.join(due, "first_on")
    found = (
        dated.filter(covers(dated, dated.day))
        .group_by(["row", "k"])
        .aggregate(mrr=dated.mrr.sum().cast("decimal(18, 6)").cast("float64"))
        .execute()
    )
    amounts = np.zeros((int(firsts.count().execute()), max(HORIZONS)))
    amounts[found["row"].to_numpy(), found["k"].to_numpy()] = found["mrr"]
    return amounts


def restricted_revenue(business: Business, tenures: pd.DataFrame) -> pd.DataFrame:
    """One row per horizon of 12 and 24 months: what a new customer brings in over it, on average.

    The MRR at the end of the first day and of each anniversary, each month's weighted by the share still
    there, so that those who began lately count for the months that they have had. What customers pay after a
    loss and a return is not in it. NaN where fewer than `FEWEST_FOLLOWED` customers began so long ago.

    Columns: horizon, customers, followed (who began at least so long ago), revenue with _low and _high.
    Source: Lin, Feuer, Etzioni and Wax 1997.

    Glossary: revenue of the first 12 (24) months.
    """
    rows = in_sight(tenures)
    amounts = monthly_amounts(business)[rows.index]
    found = []
    for horizon in HORIZONS:
        followed = int((rows["months_followed"] >= horizon).sum())
        ends: Sequence[float] = (np.nan,) * 3
        if followed >= FEWEST_FOLLOWED:
            ends = curves.collected(
                rows["place"],
                rows["is_lost"],
                amounts[:, :horizon],
                PLACES * np.arange(horizon),
                rows["entry_place"],
            )[:3]
        found.append((horizon, len(rows), followed, *ends))
    return pd.DataFrame(
        found, columns=["horizon", "customers", "followed", "revenue", "revenue_low", "revenue_high"]
    )


REVENUE_12, REVENUE_24 = (f"revenue of the first {horizon} months" for horizon in HORIZONS)
ARPA, LTV = "revenue a customer a month (ARPA)", "ARPA / churn (LTV)"


@columns(measure=TEXT, amount=MONEY.estimate, followed=COUNT.or_null(is_shown=False))
def lifetime(revenue: pd.DataFrame, mrr: pd.DataFrame, moved: pd.DataFrame) -> pd.DataFrame:
    """One row per measure of what a customer is worth, in major units.

    ARPA is the MRR at the end of the report month over the customers at that time, paused ones included. LTV
    is ARPA over the month's churn, with the interval that the churn's own interval implies; no number where
    nobody was lost, because dividing by nothing says that customers stay for ever.

    Takes the tables of `restricted_revenue`, `measures.mrr_movement` and `measures.customer_movement`.
    Columns: measure, amount with _low and _high (Decimal; None where it cannot be given), followed (of the
    revenue: customers who began at least so long ago).

    Glossary: ARPA; LTV.
    """
    now, customers = moved.iloc[-1], int(moved.iloc[-1]["customers_at_end"])
    arpa = Decimal(mrr.iloc[-1]["mrr_at_end"]) / customers if customers else None
    churn = rate(int(now["lost"]), int(now["customers_at_start"]))
    ltv = [
        float(arpa) / share if arpa is not None and churn.numerator else np.nan
        for share in (churn.value, churn.high, churn.low)
    ]
    rows: list[tuple] = [
        *(
            (name, row.revenue, row.revenue_low, row.revenue_high, row.followed)
            for name, row in zip((REVENUE_12, REVENUE_24), revenue.itertuples(), strict=True)
        ),
        (ARPA, arpa, None, None, None),
        (LTV, *ltv, None),
    ]
    frame = pd.DataFrame(rows, columns=names_of(lifetime)).astype(object).astype({"followed": "Int64"})
    for name in ("amount", "amount_low", "amount_high"):
        frame[name] = [None if pd.isna(value) else round(Decimal(str(value)), 6) for value in frame[name]]
    return frame

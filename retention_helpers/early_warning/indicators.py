"""The mood of all customers month by month: warnings as shares, and whether any runs ahead of churn."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.early_warning.past import Past, past
from retention_helpers.early_warning.rules import Rule, usable
from retention_helpers.early_warning.snapshots import snapshots
from retention_helpers.shown.results import records, rows_of
from retention_helpers.shown.units import (
    COUNT,
    MONTH,
    NUMBER,
    P_VALUE,
    RATE,
    SHARE,
    TEXT,
    WHOLE,
    Unit,
    columns,
    columns_of,
    names_of,
    one_of,
)
from retention_helpers.statistics import control
from retention_helpers.statistics.clusters import Floats, Integers
from retention_helpers.statistics.intervals import LEVEL, holm, with_rate

INDICATORS = ("no_login_7_days", "negative_ticket", "mails_unopened", "failed_payment")
LAGS = (1, 2, 3)  # months
FEWEST_MONTHS = 18  # below which no lead is looked for
SHUFFLES = 1_999
SEED = 20_260_101
TINY = 1e-9


@columns(
    name=TEXT(is_shown=False, is_recorded=False),
    indicator=TEXT(is_recorded=False),
    month=MONTH,
    customers=COUNT,
    on=COUNT("Warned"),
    share=RATE(of=("on", "customers")),
    lowest_usual_share=SHARE.recorded_as(NUMBER),
    highest_usual_share=SHARE.recorded_as(NUMBER),
    reading=one_of("usual", "above", "below").or_null,
)
def leading_indicators(business: Business) -> pd.DataFrame:
    """One row an indicator a month end: the share of customers with the warning on, and what would be usual.

    Of the customers who pay and have done neither; `month` is the one that ends. The usual range is that of
    the control chart of churn: from up to 24 months before, never the judged one; outside it by chance once
    in a hundred months. Range and `reading` are missing with fewer than 8 months before.

    Glossary: leading indicator.
    """
    shown: pd.DataFrame = business.remember(
        "leading indicators", lambda: series(snapshots(business), _chosen(business))
    )
    return shown


def _chosen(business: Business) -> list[Rule]:
    return [rule for rule in usable(business) if rule.name in INDICATORS]


def series(rows: pd.DataFrame, rules: list[Rule]) -> pd.DataFrame:
    """`leading_indicators` from rows of `snapshots`."""
    parts = [_monthly(rows, rule) for rule in rules]
    names = names_of(leading_indicators)
    return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)


@columns(**columns_of(leading_indicators))
def lately(monthly: pd.DataFrame) -> pd.DataFrame:
    """The last three months of each indicator."""
    return monthly.groupby("name", sort=False).tail(3)


def _monthly(rows: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    judged = rule.can_judge(rows)
    counted = pd.DataFrame({"as_of": rows["as_of"][judged], "on": rule.is_on(rows)[judged]})
    monthly = counted.groupby("as_of")["on"].agg(customers="size", on="sum").reset_index()
    shares = with_rate(monthly.astype({"on": "int64"}), "share", "on", "customers")
    on, customers = (shares[name].to_numpy() for name in ("on", "customers"))
    limits = [_usual_range(on[:nth], customers[:nth], customers[nth]) for nth in range(len(on))]
    low, high = np.array(limits, dtype=float).reshape(-1, 2).T
    reading = np.select([on < low, on > high], ["below", "above"], "usual").astype(object)
    reading[np.isnan(low)] = None
    return shares.assign(
        name=rule.name,
        indicator=rule.label,
        month=shares["as_of"] - pd.offsets.MonthBegin(1),
        lowest_usual_share=low / customers,
        highest_usual_share=high / customers,
        reading=reading,
    )


def _usual_range(on: Integers, customers: Integers, now: int) -> tuple[float, float]:
    """The fewest and the most of so many customers that earlier months make usual; NaN with too few."""
    if len(on) < control.FEWEST_MONTHS:
        return np.nan, np.nan
    expected = control.risk(on[-control.MOST_MONTHS :], customers[-control.MOST_MONTHS :])
    return control.usual_range(expected, int(now))


class Lead(NamedTuple):
    """By how many months a series runs ahead of another, how closely, and the p-value of "by none"."""

    months: int
    correlation: float
    p_value: float


def lead(ahead: Floats, behind: Floats) -> Lead:
    """At which of the lags 1 to 3 the first series says most about the second, tested against chance.

    `behind[t]` is what happened in the month that began when `ahead[t]` was seen. Both series lose their
    trend and what they say about their own next month (Haugh 1976, JASA 71, 378–385): two series that drift
    would go together without any relation. The p-value comes from shuffling the months of the first and
    taking its best lag each time, so that looking at three lags is allowed for.
    """
    x, y = _surprises(ahead), _surprises(behind)
    observed = _correlations(x[None, :], y)[0]
    best = int(np.argmax(observed))
    shuffled = np.random.default_rng(SEED).permuted(np.tile(x, (SHUFFLES, 1)), axis=1)
    beaten = int(np.sum(_correlations(shuffled, y).max(axis=1) >= observed[best] - TINY))
    return Lead(LAGS[best], float(observed[best]), (1 + beaten) / (1 + SHUFFLES))


def _surprises(values: Floats) -> Floats:
    """A series without its trend and without what its own month before says."""
    place = np.arange(len(values))
    flat = values - np.polyval(np.polyfit(place, values, 1), place)
    before, after = flat[:-1], flat[1:]
    power = float(before @ before)
    return after - (before @ after / power if power > TINY**2 else 0.0) * before


def _correlations(ahead: Floats, behind: Floats) -> Floats:
    """Correlation of each row of the first with the second, by lag."""
    found = []
    for lag in LAGS:
        shift = lag - 1  # `behind[t]` follows `ahead[t]` by one month already
        x = ahead[:, : ahead.shape[1] - shift]
        y = behind[shift:]
        x, y = x - x.mean(axis=1, keepdims=True), y - y.mean()
        size = np.sqrt((x**2).sum(axis=1) * (y**2).sum())
        found.append(np.divide(x @ y, size, out=np.zeros(len(x)), where=size > TINY))
    return np.stack(found, axis=1)


@columns(
    name=TEXT(is_shown=False),
    indicator=TEXT,
    months=COUNT(is_recorded=False),
    best_lag=WHOLE.or_null("Best lag, months"),
    correlation=NUMBER,
    p_value=P_VALUE.recorded_as(NUMBER)("p"),
    verdict=one_of("leads churn", "no clear lead", "too few"),
)
def leads(business: Business) -> pd.DataFrame:
    """One row an indicator: by how many months it runs ahead of churn, if it does.

    Held against the share of customers who asked or left in the month after; `months` are those of history.
    *Leads churn*: the p-value stays below 0.05 after Holm's correction for all indicators; *too few*: fewer
    than FEWEST_MONTHS.

    Glossary: *leads churn*.
    """

    def held() -> pd.DataFrame:
        known = past(snapshots(business), pd.Timestamp(business.as_of))
        return held_against_churn(leading_indicators(business), known)

    found: pd.DataFrame = business.remember("leads of churn", held)
    return found


def _monthly_churn(known: Past) -> pd.Series:
    """By the month end before it: the share of open customers who asked or left in the next month."""
    is_open = known.rows["is_open"].to_numpy(dtype=bool)
    rows = known.rows[is_open]
    ends = rows["as_of"] + pd.offsets.MonthBegin(1)
    left = rows["leaves_in"] <= (ends - rows["as_of"]).dt.days
    return left.groupby(rows["as_of"] - pd.offsets.MonthBegin(1)).mean()


def held_against_churn(shown: pd.DataFrame, known: Past) -> pd.DataFrame:
    """`leads` from the series and from rows whose outcome is known."""
    churn = _monthly_churn(known)
    records = []
    for name, part in shown.groupby("name", sort=False):
        own = part.set_index("month")["share"].reindex(churn.index).dropna()
        too_few = len(own) < FEWEST_MONTHS or own.nunique() < 2
        found = None if too_few else lead(own.to_numpy(), churn[own.index].to_numpy())
        records.append((name, part["indicator"].iloc[0], len(own), *(found or (None, np.nan, np.nan))))
    frame = pd.DataFrame(records, columns=names_of(leads)[:-1]).astype({"best_lag": "Int64"})
    tested = frame["p_value"].notna()
    corrected = pd.Series(holm(list(frame.loc[tested, "p_value"])), index=frame.index[tested], dtype=float)
    frame["verdict"] = [
        "too few"
        if nth not in corrected.index
        else "leads churn"
        if corrected[nth] < 1 - LEVEL
        else "no clear lead"
        for nth in frame.index
    ]
    return frame


@columns(**columns_of(leads), by_month=Unit(str, rows_of(leading_indicators)))
def with_leads(monthly: pd.DataFrame, ahead: pd.DataFrame) -> pd.DataFrame:
    """One row an indicator of `leads`; `by_month`: its records of `leading_indicators`."""
    own = [monthly[monthly["name"] == name] for name in ahead["name"]]
    return ahead.assign(by_month=[records(part, leading_indicators) for part in own])

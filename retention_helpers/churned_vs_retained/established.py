"""Established customers: what was different in the last month before they left, against their own past.

The landmarks are the ends of months. A customer comes at several of them, so everything is counted between
customers, not rows. Use in the 30 days up to the landmark is held against the 90 days before those.
"""

import datetime as dt
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from retention_helpers.business import Business, months
from retention_helpers.business.losses import kept_leavings
from retention_helpers.business.moods import kept_tickets
from retention_helpers.churned_vs_retained.adjusted import (
    CONFIRMED,
    EXPLAINED,
    EXPLAINED_BY_OTHERS,
    NOT_TOLD_APART,
    VERDICT,
)
from retention_helpers.churned_vs_retained.known import coverage
from retention_helpers.churned_vs_retained.landmark import LATER, Driver, refuse_later
from retention_helpers.churned_vs_retained.models import ENOUGH_LOST, HARDLY, PENALTY, WITHOUT_END, Z
from retention_helpers.churned_vs_retained.univariate import (
    AUC,
    FEWEST_LOST,
    KIND,
    NOT_SEEN,
    RISK_DIFFERENCE,
    SCALE,
    SEEN_BELOW,
    TOO_FEW,
    typical,
    worse_side,
)
from retention_helpers.contract.tables import TABLES, day_name
from retention_helpers.shown.units import COUNT, NUMBER, P_VALUE, SHARE, TEXT, Declared, columns, names_of
from retention_helpers.statistics import cox
from retention_helpers.statistics.association import area, area_error, benjamini_hochberg, placements
from retention_helpers.statistics.clusters import clustered_rate
from retention_helpers.statistics.intervals import Rate
from retention_helpers.words import calendar

LATELY, BEFORE = 30, 90  # days up to the landmark, and before those
WITHIN = 30  # days after the landmark: about until the next one, so that no loss counts twice
MOST_LANDMARKS = 24
MOST_CUSTOMERS = 25_000  # to look at; beyond, every second, third, … customer
DAY = dt.timedelta(days=1)
_AGAINST_BEFORE = f"use in the last {LATELY} days against the {BEFORE} before (1: the same)"
DRIVERS = (
    Driver("use_against_before", _AGAINST_BEFORE, "number", LATER, is_count=True),
    Driver("usual_use", f"days of use a month, in the {BEFORE} days before those", "number", LATER),
    Driver("ticket", f"a ticket in the last {LATELY} days", "yes or no", LATER),
    Driver("negative_ticket", f"a negative ticket in the last {LATELY} days", "yes or no", LATER),
    Driver("mails_opened", f"share of the mails of the last {BEFORE} days opened", "number", LATER),
    Driver("failed_payment", f"a failed payment in the last {LATELY} days", "yes or no", LATER),
    Driver("mrr", "price a month", "number", LATER, is_count=True),
    Driver("bought", "what was bought, by 30 days", "number", LATER, is_count=True),  # of buyers
    Driver("days_as_customer", "days as a customer", "number", LATER, is_count=True),
)

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]


def _landmarks(business: Business) -> list[dt.date]:
    """The last days of the latest months before the report month, which has nothing after it yet."""
    ends = [calendar.months_after(start, 1) - DAY for start in months.month_starts(business)[:-1]]
    return ends[-MOST_LANDMARKS:]


def _there(business: Business) -> ir.Table:
    """A row a customer a landmark: a customer for 120 days or longer who has neither asked nor ended.

    Columns: customer_id, month, landmark_on, days, lost, settled, days_as_customer.
    """
    ends = _landmarks(business)
    frame = pd.DataFrame({"landmark_on": ends, "month": [end.replace(day=1) for end in ends]}, dtype=object)
    landmarks = ibis.memtable(frame, schema={"landmark_on": "date", "month": "date"})
    own = _looked_at(business)
    both = own.cross_join(landmarks)
    age = both.landmark_on.delta(both.begin_on, unit="day")
    there = both.filter(
        (age >= LATELY + BEFORE - 1) & (both.left_on.isnull() | (both.left_on > both.landmark_on))
    )
    after = there.left_on.delta(there.landmark_on, unit="day")
    seen = ibis.literal(business.as_of).delta(there.landmark_on, unit="day") - 1
    lost = after.notnull() & (after <= WITHIN)
    return there.select(
        "customer_id",
        "month",
        "landmark_on",
        days=ibis.ifelse(lost, after, ibis.least(seen, WITHIN)),
        lost=lost,
        settled=seen >= WITHIN,
        days_as_customer=there.landmark_on.delta(there.begin_on, unit="day"),
    )


def every_nth(business: Business) -> int:
    """1: everybody is looked at; of a large business every second, third, … customer in the order of ids.

    Glossary: established customers.
    """
    customers = business.once("customers", lambda: int(business.table("customers").count().execute()))
    return 1 + int(customers) // MOST_CUSTOMERS


def _looked_at(business: Business) -> ir.Table:
    own, step = kept_leavings(business), every_nth(business)
    if step == 1:
        return own
    place = ibis.dense_rank().over(ibis.window(order_by=own.customer_id))
    return own.mutate(place=place).filter(lambda row: row.place % step == 0).drop("place")


def kept_there(business: Business) -> ir.Table:
    """The customers at the ends of months, computed once."""
    return business.keep("established", lambda: _there(business))


def _lately(business: Business, rows: ir.Table, clock: str, *, days: int) -> ir.Table:
    """The rows of the last `days` days up to each landmark of their customer, with `ago`, days before it."""
    there = kept_there(business).select("customer_id", "month", "landmark_on")
    joined = rows.join(there, "customer_id")
    dated = joined.mutate(ago=joined.landmark_on.delta(joined[clock], unit="day"))
    return dated.filter((dated.ago >= 0) & (dated.ago < days))


def _told(business: Business) -> list[tuple[str, ir.Table, list[str]]]:
    """What each table tells of the time up to a landmark: its name, the rows, the columns that it makes."""
    each = ["customer_id", "month"]
    found = []
    if business.has("events"):
        rows = _lately(business, months.kept_customer_days(business), "day", days=LATELY + BEFORE)
        used = rows.activity > 0
        counted = rows.group_by(each).aggregate(
            known_day=-rows.ago.min(),
            days_of_use=rows.count(where=used & (rows.ago < LATELY)),
            days_before=rows.count(where=used & (rows.ago >= LATELY)),
        )
        found.append(("events", counted, ["days_of_use", "days_before"]))
    if business.has("tickets"):
        rows = _lately(business, kept_tickets(business), _clock("tickets"), days=LATELY)
        counted = rows.group_by(each).aggregate(
            known_day=-rows.ago.min(),
            ticket=rows.count().clip(upper=1),
            negative_ticket=rows.count(where=rows.sentiment == "negative").clip(upper=1),
        )
        found.append(("tickets", counted, ["ticket", "negative_ticket"]))
    if business.has("payments"):
        rows = _lately(business, business.table("payments"), _clock("payments"), days=LATELY)
        failed = rows.count(where=rows.status == "failed").clip(upper=1)
        counted = rows.group_by(each).aggregate(known_day=-rows.ago.min(), failed_payment=failed)
        found.append(("payments", counted, ["failed_payment"]))
    if business.has("emails"):
        rows = _lately(business, business.table("emails"), _clock("emails"), days=BEFORE)
        in_time = rows.opened_on.notnull() & (rows.opened_on <= rows.landmark_on)
        counted = rows.group_by(each).aggregate(
            known_day=-rows.ago.min(), opened=rows.count(where=in_time), sent=rows.count()
        )
        found.append(("emails", counted, ["opened", "sent"]))
    return found


def _clock(table: str) -> str:
    return day_name(TABLES[table].clock)


def at_month_ends(business: Business) -> pd.DataFrame:
    """One row per established customer and month end: what was known then, and whether they left after it.

    Established: a customer for 120 days or longer; of a large business `every_nth` of them.

    Columns: customer_id, month, landmark_on, days, lost, settled, known_day (0 is the
    landmark), and a column a driver where its table is there; unknown in months over which the table was not
    kept.

    Glossary: established customers.
    """
    rows = kept_there(business).order_by(["customer_id", "month"]).execute()
    each = ["customer_id", "month"]
    rows = rows.assign(known_day=-(LATELY + BEFORE))
    for table, told, names in _told(business):
        rows = rows.merge(told.execute(), on=each, how="left", suffixes=("", "_told"))
        rows["known_day"] = rows[["known_day", "known_day_told"]].max(axis=1).astype("int64")
        on = pd.to_datetime(rows["landmark_on"])
        kept = coverage(business, table).holds(on - pd.Timedelta(days=LATELY + BEFORE - 1), on)
        rows[names] = rows[names].fillna(0).astype(float).where(kept)
        rows = rows.drop(columns="known_day_told")
    if business.knows("prices"):
        paid = months.kept_customer_months(business).semi_join(kept_there(business), each)
        name = "bought" if business.counts_buyers else "mrr"
        amounts = paid.select("customer_id", "month", **{name: paid.mrr_at_end.cast("float64")})
        rows = rows.merge(amounts.execute(), on=each, how="left")
    refuse_later(rows, 0)
    return _with_ratios(rows)


def _with_ratios(rows: pd.DataFrame) -> pd.DataFrame:
    """The shares and ratios; unknown where there is nothing to hold against."""
    if "days_before" in rows.columns:
        usual = rows["days_before"] * LATELY / BEFORE
        rows = rows.assign(usual_use=usual, use_against_before=rows["days_of_use"] / usual.where(usual > 0))
    if "sent" in rows.columns:
        rows = rows.assign(mails_opened=rows["opened"] / rows["sent"].where(rows["sent"] > 0))
    return rows.drop(columns=["days_of_use", "days_before", "opened", "sent"], errors="ignore")


_FOUND: Declared = dict(
    name=TEXT, label=TEXT, kind=KIND, rows=COUNT, customers=COUNT, lost=COUNT, typical_lost=NUMBER,
    typical_stayed=NUMBER, level=TEXT, level_rows=COUNT, level_lost=COUNT, level_risk=SHARE.interval,
    rest_rows=COUNT, rest_lost=COUNT, rest_risk=SHARE.interval, scale=SCALE, effect=NUMBER, low=NUMBER,
    high=NUMBER, p_value=P_VALUE,
)  # fmt: skip
_RATIOS: Declared = dict(hazard_ratio=NUMBER, hazard_low=NUMBER, hazard_high=NUMBER, adjusted_p=P_VALUE)


@columns(**_FOUND, **_RATIOS, q_value=P_VALUE, verdict=VERDICT)
def compare_established(rows: pd.DataFrame, *, min_customers: int) -> pd.DataFrame:
    """One row per driver: how established customers who left differed at the month ends before.

    Takes the rows of `at_month_ends`. Every interval and p-value counts customers, not rows. The hazard ratio
    stands beside all the other drivers, within the same month; a standard deviation more of a number, yes
    against no. `lost` are rows that were followed by leaving, `typical_lost` and `typical_stayed` medians or
    shares of yes, `level` the side of the higher risk; the verdicts are those of `compare_together`.

    Glossary: established customers.
    """
    drivers = [driver for driver in DRIVERS if driver.name in rows.columns]
    found = [
        _alone(driver, rows[rows["settled"] & rows[driver.name].notna()], min_customers) for driver in drivers
    ]
    frame = pd.DataFrame(found, columns=names_of(_FOUND))
    judged = [driver for driver, p in zip(drivers, frame["p_value"], strict=True) if not np.isnan(p)]
    frame = frame.merge(_beside_each_other(judged, rows), on="name", how="left")
    frame["q_value"] = benjamini_hochberg(frame["p_value"])
    confirmed_q = benjamini_hochberg(np.maximum(frame["p_value"], frame["adjusted_p"]))
    frame["verdict"] = [_verdict(row, q) for row, q in zip(frame.itertuples(), confirmed_q, strict=True)]
    return frame.drop(columns=["log_ratio", "log_ratio_alone"])


class Established(NamedTuple):
    """The rows of `at_month_ends`, of how many customers one was looked at, and what was different."""

    month_ends: pd.DataFrame
    one_of_every: int
    drivers: pd.DataFrame

    @property
    def customers(self) -> int:
        return int(self.month_ends["customer_id"].nunique())

    @property
    def lost(self) -> int:
        """The month ends that were followed by leaving."""
        return int(self.month_ends.loc[self.month_ends["settled"], "lost"].sum())


def established_customers(business: Business) -> Established:
    """Established customers at the month ends, and how those who left after one differed.

    Glossary: established customers.
    """
    rows = at_month_ends(business)
    drivers = compare_established(rows, min_customers=business.settings.min_customers)
    return Established(rows, every_nth(business), drivers)


def _alone(driver: Driver, rows: pd.DataFrame, min_customers: int) -> tuple[Any, ...]:
    lost, who = rows["lost"].to_numpy(dtype=bool), rows["customer_id"].to_numpy()
    values = rows[driver.name].to_numpy(dtype=float)
    sides = worse_side(driver, values, lost)
    group, codes = sides.is_worse, np.unique(who, return_inverse=True)[1]
    enough = _enough(values, lost, who, min_customers)
    nothing = (AUC if driver.kind == "number" else RISK_DIFFERENCE, np.nan, np.nan, np.nan, np.nan)
    return (
        driver.name, driver.label, driver.kind, len(rows), len(set(who)), int(lost.sum()),
        typical(driver, values[lost]), typical(driver, values[~lost]), sides.worse,
        *_counted(clustered_rate(lost[group], codes[group])),
        *_counted(clustered_rate(lost[~group], codes[~group])),
        *(_effect(driver, values, lost, who) if enough else nothing),
    )  # fmt: skip


def _counted(risk: Rate) -> tuple[int, int, float, float, float]:
    return risk.denominator, risk.numerator, risk.value, risk.low, risk.high


def _enough(values: Floats, lost: Booleans, who: npt.NDArray[np.object_], min_customers: int) -> bool:
    """Whether enough customers left and stayed, and enough differ from what is most common."""
    if min(len(set(who[lost])), len(set(who[~lost]))) < FEWEST_LOST:
        return False
    common = pd.Series(values).mode().iloc[0]
    return len(set(who[values != common])) >= min_customers


def _effect(
    driver: Driver, values: Floats, lost: Booleans, who: npt.NDArray[np.object_]
) -> tuple[str, float, float, float, float]:
    """Scale, effect with its interval, and p-value, counted between customers."""
    if driver.kind == "number":
        value, above = placements(values, lost)
        error = area_error(value, above, lost, who)
        p_value = float(2 * special.ndtr(-abs(value - 0.5) / error)) if error else 1.0
        return AUC, *area(values, lost, who), p_value
    has = values > 0
    difference = lost[has].mean() - lost[~has].mean()
    added = np.where(has, (lost - lost[has].mean()) / has.sum(), (lost[~has].mean() - lost) / (~has).sum())
    sums = np.bincount(np.unique(who, return_inverse=True)[1], weights=added)
    error = float(np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)))
    p_value = float(2 * special.ndtr(-abs(difference) / error)) if error else 1.0
    return RISK_DIFFERENCE, float(difference), difference - Z * error, difference + Z * error, p_value


def _beside_each_other(drivers: list[Driver], rows: pd.DataFrame) -> pd.DataFrame:
    """The hazard ratios of all drivers in one model, within each month, and of each alone."""
    names = ["name", *_RATIOS, "log_ratio", "log_ratio_alone"]
    if not drivers:
        return pd.DataFrame(columns=names, dtype=float).astype({"name": object})
    columns = np.column_stack([_column(driver, rows) for driver in drivers])
    unknown = rows[[driver.name for driver in drivers]].isna().to_numpy(dtype=float)
    unknown = np.unique(unknown[:, unknown.std(axis=0) > 0], axis=1)
    days, lost = rows["days"].to_numpy(dtype=np.int64), rows["lost"].to_numpy(dtype=bool)
    month, who = rows["month"].astype(str), rows["customer_id"]
    few = lost.sum() < ENOUGH_LOST * (columns.shape[1] + unknown.shape[1])
    fitted = cox.fit(
        np.hstack([columns, unknown]), days, lost, strata=month, penalty=PENALTY if few else HARDLY
    )
    errors = np.sqrt(np.diag(fitted.clustered(who)))
    # Where a side lost nobody its rows have nothing left to vary: the model's own error is the larger one.
    is_steep = np.abs(fitted.coefficients) >= WITHOUT_END
    errors = np.where(is_steep, np.maximum(errors, fitted.errors), errors)
    alone = [
        cox.fit(column, days, lost, strata=month, penalty=HARDLY).coefficients[0] for column in columns.T
    ]
    ratio = fitted.coefficients[: len(drivers)]
    error = errors[: len(drivers)]
    ratios = np.exp([ratio, ratio - Z * error, ratio + Z * error])
    p_value = 2 * special.ndtr(-np.abs(ratio) / error)
    found = zip([driver.name for driver in drivers], *ratios, p_value, ratio, alone, strict=True)
    return pd.DataFrame(found, columns=names)


def _column(driver: Driver, rows: pd.DataFrame) -> Floats:
    """A driver as a column: a number standardised, on a logarithmic scale where it is a count or a ratio."""
    values = rows[driver.name].astype(float)
    if driver.kind == "number":
        scaled = np.log1p(values) if driver.is_count else values
        values = (scaled - scaled.mean()) / (scaled.std(ddof=0) or 1.0)
    return values.fillna(values.mean()).to_numpy(dtype=float)


def _verdict(row: Any, confirmed_q: float) -> str:
    if np.isnan(row.p_value):
        return TOO_FEW
    nothing = 0.5 if row.scale == AUC else 0.0
    if row.q_value > SEEN_BELOW or row.low <= nothing <= row.high:
        return NOT_SEEN
    left = row.log_ratio / row.log_ratio_alone
    if confirmed_q <= SEEN_BELOW and left > 0:
        return CONFIRMED
    return NOT_TOLD_APART if left > 1 - EXPLAINED else EXPLAINED_BY_OTHERS

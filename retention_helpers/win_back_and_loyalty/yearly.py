"""Does a yearly plan at a discount pay? Of ten who take it, so many must otherwise have left in the year."""

import math

import numpy as np
import pandas as pd

from retention_helpers.business import Business, levels, months
from retention_helpers.business.spans import kept_services, kept_spans, stretches
from retention_helpers.contract.settings import Settings
from retention_helpers.shown.units import COUNT, NUMBER, RATE, SHARE, TENTHS, TEXT, columns, names_of, one_of
from retention_helpers.statistics import curves
from retention_helpers.statistics.intervals import rate
from retention_helpers.statistics.power import pace

DISCOUNTS = (0.20, 0.25, 0.30)
OF = 10
YEAR_DAYS, YEAR_MONTHS = 365, 12
DAYS_A_MONTH = YEAR_DAYS / YEAR_MONTHS
EVERYBODY = "all monthly plans"
ANNUAL = "year"
PAYS, OPEN, PAYS_NOT = "pays if takers are like all", "cannot be told", "does not pay"
SMALLEST_EFFECT = 0.10
FIRST_RENEWAL_DAY = 395  # thirty days after the first renewal of a yearly plan


def monthly_stays(business: Business) -> pd.DataFrame:
    """One row per customer who began by the month: plan, days of the first service, and whether it ended."""
    return business.once("monthly stays", lambda: _monthly_stays(business))


def _monthly_stays(business: Business) -> pd.DataFrame:
    own = kept_services(business)
    first = own.filter(own.service == 1)
    rows = first.select("customer_id", "begin_on", "end_on")
    interval = levels.of(business, "first_interval").rename(interval="level")
    plan = levels.of(business, "first_plan").rename(plan="level")
    wide = rows.join(interval, "customer_id").join(plan, "customer_id")
    frame = wide.filter(wide.interval == "month").select("plan", "begin_on", "end_on").execute()
    begin, end = pd.to_datetime(frame["begin_on"]), pd.to_datetime(frame["end_on"])
    cut = pd.Timestamp(business.as_of)
    return pd.DataFrame(
        {
            "plan": frame["plan"].astype("object"),
            "days": (end.fillna(cut - pd.Timedelta(days=1)) - begin).dt.days,
            "is_lost": end.notna(),
            "is_followed": (cut - begin).dt.days > YEAR_DAYS,
        }
    )


@columns(
    plan=TEXT,
    discount=SHARE("Discount"),
    customers=COUNT(is_shown=False),
    must_leave=TENTHS("Of ten, must otherwise leave"),
    leave=TENTHS.interval("Of ten, leave within the year"),
    paid_months=TENTHS.interval("Months paid by those who leave"),
    best=NUMBER("Months' price gained, if all takers would leave"),
    worst=NUMBER("… if none would"),
    now=TENTHS("Months' price at once"),
    verdict=one_of(PAYS, OPEN, PAYS_NOT),
)
def yearly_plan(business: Business) -> pd.DataFrame:
    """One row per monthly plan, and one for all of them, and discount: when a yearly price pays.

    Of ten who take it, `must_leave` must otherwise have left within the year: each of these would have paid
    `paid_months` months, the others twelve, against twelve months less the discount in advance. `leave` is
    how many of ten of all customers of the plan leave within their first year (Kaplan–Meier); `paid_months`
    the mean of those who left, among customers followed for a year (t interval). `best` and `worst` are
    gained a taker, in months' prices. The verdict holds the interval of `leave` against `must_leave` at both
    ends of `paid_months`. Plans
    with fewer than `min_customers` followed, or fewer than two who left, are left out.

    Glossary: yearly plan.
    """
    stays = monthly_stays(business)
    plans = {EVERYBODY: stays, **{str(name): own for name, own in stays.groupby("plan", sort=True)}}
    rows = [row for name, own in plans.items() for row in _of_plan(name, own, business.settings)]
    return pd.DataFrame(rows, columns=names_of(yearly_plan))


def _of_plan(name: str, stays: pd.DataFrame, settings: Settings) -> list[tuple[object, ...]]:
    followed = stays[stays["is_followed"]]
    left = followed[followed["is_lost"] & (followed["days"] < YEAR_DAYS)]
    if len(followed) < settings.min_customers or len(left) < 2:
        return []
    curve = curves.kaplan_meier(stays["days"].to_numpy(), stays["is_lost"].to_numpy())
    there = curves.survival_at(curve, YEAR_DAYS)
    leave = [OF * (1 - part) for part in (there.value, there.high, there.low)]
    paid = _mean(left["days"].to_numpy() / DAYS_A_MONTH)
    rows = []
    for discount in DISCOUNTS:
        must = must_leave(discount, paid[0])
        best, worst = YEAR_MONTHS * (1 - discount) - paid[0], -YEAR_MONTHS * discount
        least, most = (must_leave(discount, months) for months in paid[1:])
        word = PAYS if leave[1] > most else PAYS_NOT if leave[2] < least else OPEN
        now = YEAR_MONTHS * (1 - discount)
        rows.append((name, discount, len(followed), must, *leave, *paid, best, worst, now, word))
    return rows


def must_leave(discount: float, paid_months: float) -> float:
    """Of ten who pay a year in advance, how many must otherwise have left for the year to bring as much.

    10 × 12 × (1 − discount) = x × paid_months + (10 − x) × 12; more than ten: it never does.

    >>> round(must_leave(0.25, 4.0), 2)
    3.75
    """
    lost = YEAR_MONTHS - paid_months
    return OF * YEAR_MONTHS * discount / lost if lost > 0 else math.inf


def _mean(values: np.ndarray) -> tuple[float, float, float]:
    """A mean with its t interval."""
    from scipy import special

    half = float(special.stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / math.sqrt(len(values)))
    mean = float(values.mean())
    return mean, max(mean - half, 0.0), min(mean + half, float(YEAR_MONTHS))


@columns(
    renewed=COUNT(is_shown=False), due=COUNT("First renewals due"),
    share=RATE("Renewed", of=("renewed", "due")),
)  # fmt: skip
def first_renewals(business: Business) -> pd.DataFrame:
    """One row: of the yearly plans whose first renewal is `dunning_days` past, who was there after it.

    No row where none is.

    Glossary: yearly plan.
    """
    spans = kept_spans(business)
    terms = stretches(spans.filter(spans.interval == ANNUAL)).execute()
    begin = pd.to_datetime(terms["begin_on"])
    dunning = business.settings.dunning_days
    due = terms[begin + pd.Timedelta(days=YEAR_DAYS + dunning) < pd.Timestamp(business.as_of)]
    if due.empty:
        return pd.DataFrame(columns=names_of(first_renewals))
    every = spans.select("customer_id", "started_on", "end_on").execute()
    pairs = due[["customer_id", "begin_on"]].merge(every, on="customer_id")
    day = pd.to_datetime(pairs["begin_on"]) + pd.Timedelta(days=YEAR_DAYS + dunning)
    ends = pd.to_datetime(pairs["end_on"])
    is_there = (pd.to_datetime(pairs["started_on"]) <= day) & (ends.isna() | (ends > day))
    kept = pairs[is_there].drop_duplicates(["customer_id", "begin_on"])
    told = rate(len(kept), len(due))
    row = (told.numerator, told.denominator, told.value, told.low, told.high)
    return pd.DataFrame([row], columns=names_of(first_renewals))


@columns(
    baseline=SHARE("Customers after a year, without"), effect=SHARE("To be told"),
    needed=COUNT("Needed an arm"),
    a_month=COUNT("Newcomers a month"), months=NUMBER("Months"),
)  # fmt: skip
def yearly_test(business: Business) -> pd.DataFrame:
    """One row: the plan of an experiment that offers the yearly price to every second newcomer by lot.

    Judged on who is a customer FIRST_RENEWAL_DAY days after the draw: after the first renewal, not before it.

    Glossary: yearly plan.
    """
    stays = monthly_stays(business)
    followed = stays[stays["is_followed"]]
    if len(followed) < business.settings.min_customers:
        return pd.DataFrame(columns=names_of(yearly_test))
    curve = curves.kaplan_meier(stays["days"].to_numpy(), stays["is_lost"].to_numpy())
    baseline = curves.survival_at(curve, YEAR_DAYS).value
    every = months.kept_customer_months(business)
    a_month = every.filter(
        (every.movement == "new") & every.month.isin(months.month_starts(business)[-YEAR_MONTHS:])
    )
    new = round(int(a_month.count().execute()) / min(YEAR_MONTHS, len(months.month_starts(business))))
    plan = pace(float(np.clip(baseline, 0.01, 0.99)), SMALLEST_EFFECT, shares=(0.5, 0.5), a_month=new,
                days=FIRST_RENEWAL_DAY)  # fmt: skip
    return pd.DataFrame(
        [(baseline, SMALLEST_EFFECT, plan.size, new, plan.months)], columns=names_of(yearly_test)
    )

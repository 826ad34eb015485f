"""Everything that was known about each customer at the landmark, from all the tables together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.levels import OTHER
from retention_helpers.churned_vs_retained import known
from retention_helpers.churned_vs_retained.known import Known
from retention_helpers.churned_vs_retained.landmark import AT_SIGN_UP, Comparison, Driver, at_landmark
from retention_helpers.churned_vs_retained.set_apart import leaks, sorted_out
from retention_helpers.churned_vs_retained.use import use

DAY = pd.Timedelta(days=1)


class Gathered(NamedTuple):
    """All drivers that the tables give, and a row a customer at the landmark with a column a driver."""

    drivers: list[Driver]
    rows: pd.DataFrame


def gathered(business: Business, *, landmark_days: int) -> Gathered:
    """Everything that the tables tell about each customer at the landmark, before anything is set apart."""
    rows = at_landmark(business, landmark_days=landmark_days).order_by("customer_id").execute()
    return gathered_so_far(business, rows, landmark_days=landmark_days)


def gathered_so_far(business: Business, rows: pd.DataFrame, *, landmark_days: int) -> Gathered:
    """The same of any customers (customer_id, signed_up_on), of the days up to the landmark or to the cut."""
    rows = rows.assign(signed_up_on=rows["signed_up_on"].astype("datetime64[s]"), known_day=0)
    tables = [
        known.time_of_sign_up(rows),
        known.attributes(business),
        known.first_purchase(business, landmark_days),
        *use(business, landmark_days),
        known.tickets(business, landmark_days),
        known.mails(business, landmark_days),
        known.payments(business, landmark_days),
    ]
    for told in tables:
        rows = _joined(business, rows, told, landmark_days)
    return Gathered([driver for told in tables for driver in told.drivers], rows)


def comparison(business: Business, *, landmark_days: int) -> Comparison:
    """The customers at a landmark with everything that was known about them by then.

    Columns that cannot be compared (the same for everybody, leaking the outcome, …) are set apart with the
    reason.

    Glossary: landmark; horizon; driver.
    """
    name = f"comparison at {landmark_days}"
    found: Comparison = business.remember(name, lambda: _comparison(business, landmark_days))
    return replace(found, remember=lambda what, compute: business.remember(f"{what} of {name}", compute))


def _comparison(business: Business, landmark_days: int) -> Comparison:
    every, rows = gathered(business, landmark_days=landmark_days)
    drivers, apart = sorted_out(rows, every, vouched=business.settings.attributes)
    rows = _few_together(rows, drivers, business.settings.min_customers)
    columns = ["customer_id", "signed_up_on", "known_day", "days", "lost", "settled"]
    return Comparison(
        rows=rows[[*columns, *(driver.name for driver in drivers)]],
        drivers=tuple(drivers),
        landmark_days=landmark_days,
        horizon_days=business.settings.horizon_days,
        min_customers=business.settings.min_customers,
        set_apart=pd.concat([leaks(business), apart], ignore_index=True),
        knows_days=business.knows("days"),
        counts_buyers=business.counts_buyers,
    )


def _few_together(rows: pd.DataFrame, drivers: Sequence[Driver], min_customers: int) -> pd.DataFrame:
    """The rows, in which no level of an attribute is one of few customers: such a one may name somebody."""
    told = rows[
        [driver.name for driver in drivers if driver.tier == AT_SIGN_UP and driver.kind == "category"]
    ]
    few = {name: values.map(values.value_counts()) < min_customers for name, values in told.items()}
    few.pop(known.SIGNED_UP_IN, None)
    return rows.assign(**{str(name): told[name].mask(is_few, OTHER) for name, is_few in few.items()})


def _joined(business: Business, rows: pd.DataFrame, told: Known, landmark_days: int) -> pd.DataFrame:
    """The rows with what one table tells; unknown where it was not kept over the whole time."""
    if not told.drivers:
        return rows
    both = rows.merge(told.rows, on="customer_id", how="left", suffixes=("", "_told"))
    both = both.fillna({name: value for name, value in told.absent.items() if name in both.columns})
    if told.table:
        names = [driver.name for driver in told.drivers]
        first = both["signed_up_on"]
        last = (first + pd.Timedelta(days=landmark_days)).clip(upper=pd.Timestamp(business.as_of) - DAY)
        kept = known.coverage(business, told.table).holds(first, last)
        both[names] = both[names].where(kept)
    if "known_day_told" in both.columns:
        latest = both[["known_day", "known_day_told"]].max(axis=1).astype("int64")
        both = both.assign(known_day=latest).drop(columns="known_day_told")
    return both

"""Every purchase of every buyer, with how long it took until the next: what this page is computed from."""

import datetime as dt

import ibis
import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.purchases import kept_purchases

DAY = np.timedelta64(1, "D")


def gaps(business: Business) -> pd.DataFrame:
    """One row per purchase, by customer and day.

    Columns: customer_id, nth (1, 2, …), bought_on (datetime64), amount (float), days (whole days to the next
    purchase; to the last day of the report month where there is none yet), again (whether there is one).
    """
    found: pd.DataFrame = business.once("gaps between purchases", lambda: _gaps(business))
    return found


def _gaps(business: Business) -> pd.DataFrame:
    bought = kept_purchases(business)
    ordered = ibis.window(group_by="customer_id", order_by="bought_on")
    rows = bought.mutate(next_on=bought.bought_on.lead().over(ordered), amount=bought.amount.cast("float64"))
    frame = rows.order_by("customer_id", "bought_on").execute()
    begun, after = (frame[name].astype("datetime64[s]") for name in ("bought_on", "next_on"))
    last = pd.Timestamp(last_day(business))
    return pd.DataFrame(
        {
            "customer_id": frame["customer_id"],
            "nth": frame["nth"].astype("int64"),
            "bought_on": begun,
            "amount": frame["amount"].astype(float),
            "days": (after.fillna(last) - begun).dt.days.astype("int64"),
            "again": after.notna(),
        }
    )


def last_day(business: Business) -> dt.date:
    """The last day of the report month: up to it everybody is followed."""
    return business.as_of - dt.timedelta(days=1)


def known_at(rows: pd.DataFrame, last: dt.date) -> pd.DataFrame:
    """The same as it was known at the end of an earlier day: later purchases do not exist yet."""
    end = pd.Timestamp(last)
    seen = rows[rows["bought_on"] <= end]
    followed = (end - seen["bought_on"]).dt.days
    return seen.assign(
        again=seen["again"] & (seen["days"] <= followed), days=np.minimum(seen["days"], followed)
    )

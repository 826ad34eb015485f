"""Who was spoken to lately."""

import ibis
import pandas as pd

from retention_helpers.business.opened import Business

LATELY_CONTACTED_DAYS = 30


def last_contacts(business: Business) -> pd.DataFrame:
    """A row a customer who was ever contacted: the day and the kind of the latest contact, and days since."""
    contacts = business.table("contacts")
    latest = contacts.mutate(
        rank=ibis.row_number().over(
            ibis.window(group_by="customer_id", order_by=[ibis.desc("contacted_at"), "kind"])
        )
    )
    frame = (
        latest.filter(latest["rank"] == 0).select("customer_id", "contacted_on", "kind", "outcome").execute()
    )
    ago = pd.Timestamp(business.as_of) - pd.to_datetime(frame["contacted_on"])
    return frame.assign(days_ago=ago.dt.days - 1).sort_values("customer_id", ignore_index=True)

"""Whom to write to before their trial ends: what this room proposes to do."""

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.losses import trial_requests
from retention_helpers.measurement.trials import ending, trials
from retention_helpers.shown.proposals import proposals
from retention_helpers.words import calendar, formats

TRIAL = "trial"


def to_convert(business: Business) -> pd.DataFrame:
    """The trials that are to end in the month to come, who ends first on top; none of them pays yet.

    Without those who asked to cancel. What they would pay is not known, so nothing stands at stake.

    Glossary: trial that ends.
    """
    month = (calendar.months_after(business.as_of, 1) - business.as_of).days
    every = ending(business, trials(business), days=month)
    asked = set(trial_requests(business).customer_id.execute())
    soon = every[~every["customer_id"].isin(asked)]
    return proposals(
        {
            "customer_id": row.customer_id,
            "action": TRIAL,
            "why": f"the trial ends on {formats.day(row.ends_on)}{_use(row.first_week)}",
            "message": f"Hello, your trial of {business.name} ends on {formats.day(row.ends_on)}. What is "
            "still missing for you to go on with it? I can show you in ten minutes.",
            "offer": "If you need a few more days, tell me.",
            "leaves_on": row.ends_on.date(),
        }
        for row in soon.itertuples()
    )


def _use(first_week: object) -> str:
    return "" if formats.is_missing(first_week) else f"; {first_week} in the first week"

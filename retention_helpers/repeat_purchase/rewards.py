"""Points, vouchers and rewards on the next order: how many more must come back for one to pay."""

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.repeat_purchase.gaps import gaps
from retention_helpers.repeat_purchase.repeating import REPEAT_DAYS
from retention_helpers.shown.units import COUNT, SHARE, columns, names_of
from retention_helpers.statistics.clusters import clustered_rate
from retention_helpers.statistics.intervals import Rate
from retention_helpers.statistics.power import size

REWARDS = (0.05, 0.10, 0.15)  # of the next order's price
MARGINS = (0.3, 0.5, 0.7)  # what is left of a price before the reward


def anyway(business: Business) -> Rate:
    """Of all purchases of the last year that have been followed for REPEAT_DAYS days, how many were followed
    by another within them, without any reward that we know of: they would have bought anyway.

    Glossary: bought anyway.
    """
    rows = gaps(business)
    age = (pd.Timestamp(business.as_of) - rows["bought_on"]).dt.days - 1
    ripe = rows[age.between(REPEAT_DAYS, REPEAT_DAYS + 365)]
    came = (ripe["again"] & (ripe["days"] <= REPEAT_DAYS)).to_numpy(dtype=bool)
    return clustered_rate(came, pd.factorize(ripe["customer_id"])[0])


@columns(
    reward=SHARE("Reward, of the next order"),
    margin=SHARE,
    bought_anyway=SHARE,
    needed=SHARE.or_null("Must come back"),
    more=SHARE.or_null("That is more by"),
    paid_anyway=SHARE.or_null("Rewards to those who came anyway"),
    an_arm=COUNT.or_null("Customers an arm to see it"),
)
def rewards(business: Business) -> pd.DataFrame:
    """One row per reward and margin: from which share of customers coming back on the reward pays.

    Without it the share that buys anyway brings the margin; with it every order brings the margin less the
    reward, also of those who would have come. So it pays from bought anyway × margin / (margin - reward) on;
    null where nobody could come back often enough. `paid_anyway` is the part of the rewards that goes to
    those who would have come; `an_arm` is the size of an experiment that sees the rise.

    Glossary: break-even of a reward.
    """
    base = anyway(business).value
    found = [(reward, margin, base, *_even(base, reward, margin)) for margin in MARGINS for reward in REWARDS]
    frame = pd.DataFrame(found if not np.isnan(base) else [], columns=names_of(rewards))
    return frame.astype({"an_arm": "Int64"})


def _even(base: float, reward: float, margin: float) -> tuple[float | None, ...]:
    """
    >>> _even(0.4, 0.1, 0.5)[:2]
    (0.5, 0.1)
    """
    needed = base * margin / (margin - reward)
    if not 0 < needed < 1:
        return None, None, None, None
    return round(needed, 9), round(needed - base, 9), base / needed, size(base, needed - base)

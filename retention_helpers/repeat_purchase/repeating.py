"""How many buy again, and when: after the first purchase and after later ones, and cohort by cohort."""

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.repeat_purchase.gaps import gaps, last_day
from retention_helpers.shown.units import COUNT, MONTH, RATE, SHARE, TENTHS, TEXT, YES_NO, columns, names_of
from retention_helpers.statistics.curves import kaplan_meier, survival_at
from retention_helpers.statistics.intervals import Change, Rate, change, rate, with_rate

HORIZONS = (30, 60, 90, 180, 365)  # days after a purchase
REPEAT_DAYS = 90  # the one that the page and the other measures name
MONTH_DAYS = 30  # of the picture and the triangle: every step the same
LONGEST = 720  # days that the picture shows
AGES = 12  # steps of the triangle
LATEST = 3  # cohorts that are held against those before
STEPS = {"first to second": (1, 1), "second to third": (2, 2), "later ones": (3, 10**9)}


def _steps(business: Business) -> list[tuple[str, pd.DataFrame]]:
    rows = gaps(business)
    each = [(name, rows[rows["nth"].between(*ends)]) for name, ends in STEPS.items()]
    return [(name, own) for name, own in each if len(own)]


@columns(step=TEXT, days=COUNT("Within days"), at_risk=COUNT("Not yet, and still followed"),
         share=SHARE.interval("Bought again"))  # fmt: skip
def repeat_rates(business: Business) -> pd.DataFrame:
    """One row per step (first to second purchase, second to third, later ones) and number of days.

    The share that has bought once more by the end of that day, by Kaplan and Meier: who has been followed for
    a shorter time counts as long as they were. Null after the follow-up ends. The interval of later ones
    takes each purchase by itself.

    Glossary: repeat rate.
    """
    found = []
    for name, own in _steps(business):
        curve = kaplan_meier(own["days"], own["again"])
        for days in HORIZONS:
            there = survival_at(curve, days)
            found.append((name, days, there.at_risk, 1 - there.value, 1 - there.high, 1 - there.low))
    return pd.DataFrame(found, columns=names_of(repeat_rates))


def curves(business: Business) -> pd.DataFrame:
    """One row per step and day for the picture: step, months (of 30 days), at_risk, incidence with "
    "its ends."""
    parts = [
        pd.DataFrame(columns=["step", "months", "at_risk", "incidence", "incidence_low", "incidence_high"])
    ]
    for name, own in _steps(business):
        curve = kaplan_meier(own["days"], own["again"]).head(LONGEST + 1)
        parts.append(
            pd.DataFrame(
                {
                    "step": name,
                    "months": curve["day"] / MONTH_DAYS,
                    "at_risk": curve["at_risk"],
                    "incidence": 1 - curve["survival"],
                    "incidence_low": 1 - curve["high"],
                    "incidence_high": 1 - curve["low"],
                }
            )
        )
    return pd.concat(parts[1:] or parts, ignore_index=True)


def repeat_rate(business: Business) -> Rate:
    """Of the customers who have been followed for REPEAT_DAYS days since their first purchase, how many have
    bought again by then.

    Glossary: repeat rate.
    """
    first = _first(business)
    ripe = first[first["followed"] >= REPEAT_DAYS]
    return rate(int((ripe["second_after"] <= REPEAT_DAYS).sum()), len(ripe))


def _first(business: Business) -> pd.DataFrame:
    """A row a buyer: cohort (month of the first purchase), followed (days), second_after (days; "
    "inf: not yet)."""
    rows = gaps(business)
    first = rows[rows["nth"] == 1]
    begun = first["bought_on"]
    return pd.DataFrame(
        {
            "cohort": begun.dt.to_period("M").dt.to_timestamp().astype("datetime64[s]"),
            "followed": (pd.Timestamp(last_day(business)) - begun).dt.days,
            "second_after": first["days"].where(first["again"], np.inf),
        }
    )


@columns(
    cohort=MONTH, k=COUNT("Steps of 30 days"), days=COUNT("Within days"), size=COUNT("Customers"),
    followed=COUNT("Followed so long"), repeated=COUNT("Bought again"),
    rate=RATE("Repeat rate", of=("repeated", "followed")), final=YES_NO("All followed"),
)  # fmt: skip
def by_cohort(business: Business) -> pd.DataFrame:
    """One row per cohort (month of the first purchase) and step of 30 days, up to AGES of them.

    Of the cohort's customers who have been followed so long, how many have bought a second time by then;
    `final` says whether that is all of them. A step for which nobody was followed has no row.

    Glossary: repeat rate by cohort.
    """
    first = _first(business)
    parts = []
    for k in range(1, AGES + 1):
        days = k * MONTH_DAYS
        ripe = first["followed"] >= days
        counted = first.assign(ripe=ripe, repeated=ripe & (first["second_after"] <= days))
        sums = counted.groupby("cohort").agg(
            size=("ripe", "size"), followed=("ripe", "sum"), repeated=("repeated", "sum")
        )
        parts.append(sums.reset_index().assign(k=k, days=days))
    cells = pd.concat(parts, ignore_index=True)
    told = with_rate(cells[cells["followed"] > 0], "rate", "repeated", "followed")
    ordered = told.assign(final=told["followed"] == told["size"]).sort_values(["cohort", "k"])
    return ordered[names_of(by_cohort)].reset_index(drop=True)


def repeat_change(business: Business) -> Change | None:
    """How the repeat rate within REPEAT_DAYS days moved: the latest LATEST cohorts of which all were followed
    so long, against those before. None without cohorts on both sides.

    Glossary: change of the repeat rate.
    """
    first = _first(business)
    young = first.loc[first["followed"] < REPEAT_DAYS, "cohort"]
    ripe = first[~first["cohort"].isin(young)]
    latest = sorted(ripe["cohort"].unique())[-LATEST:]
    new = ripe["cohort"].isin(latest)
    if not new.any() or new.all():
        return None
    came = ripe["second_after"] <= REPEAT_DAYS
    return change(int(came[~new].sum()), int((~new).sum()), int(came[new].sum()), int(new.sum()))


@columns(step=TEXT, purchases=COUNT("Bought again"), quarter=TENTHS("A quarter within days"),
         half=TENTHS("Half within days"), three_quarters=TENTHS("Three quarters within days"))  # fmt: skip
def time_between(business: Business) -> pd.DataFrame:
    """One row per step: within how many days those came who have come.

    Of purchases that were followed by another alone; a gap that is still open may become a long one.

    Glossary: time between purchases.
    """
    found = []
    for name, own in _steps(business):
        came = own.loc[own["again"], "days"].to_numpy(dtype=float)
        parts = np.quantile(came, [0.25, 0.5, 0.75]) if len(came) else [np.nan] * 3
        found.append((name, len(came), *(float(part) for part in parts)))
    return pd.DataFrame(found, columns=names_of(time_between))

"""Who was drawn into something that is not decided yet: they get no more of it, and nothing beside."""

import datetime as dt
from collections.abc import Collection, Mapping

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.contract.experiments import Design
from retention_helpers.experiments.outcomes import assigned
from retention_helpers.experiments.reading import Reading
from retention_helpers.shown.units import DAY, TEXT, YES_NO, columns, names_of

DECIDED = ("better", "worse")
CAMPAIGN_DAYS = 90  # so long after the draw of a campaign it is still judged


@columns(customer_id=TEXT("Customer"), drawn_into=TEXT, treatment=TEXT, until=DAY, is_open=YES_NO)
def draws(business: Business, reading: Reading) -> pd.DataFrame:
    """One row per customer drawn by lot into an experiment, or a campaign, that is not decided.

    `until` is the outcome's day, `is_open` says that it is not past. `treatment` is the kind of touch that is
    tried (setting of the experiment; "mail" for a campaign). Decided is an experiment whose verdict is
    *better* or *worse*, or for which the owner wrote down a decision; a campaign is, CAMPAIGN_DAYS after the
    draw. Every arm counts, the control as well.

    Glossary: drawn and undecided.
    """
    return _drawn(business, {name: plan.design for name, plan in reading.plans.items()}, decided(reading))


def draws_by(business: Business, known: Collection[str]) -> pd.DataFrame:
    """`draws` at any day, where it is known already which experiments are decided.

    Glossary: drawn and undecided.
    """
    return _drawn(business, business.experiments, known)


def decided(reading: Reading) -> list[str]:
    """The experiments whose verdict is *better* or *worse*.

    Glossary: drawn and undecided.
    """
    own = reading.comparisons
    return sorted(set(own.loc[own["verdict"].isin(DECIDED), "experiment"]))


def _drawn(business: Business, designs: Mapping[str, Design], known: Collection[str]) -> pd.DataFrame:
    return pd.concat([_experiments(business, designs, known), _campaigns(business)], ignore_index=True)


def _experiments(business: Business, designs: Mapping[str, Design], known: Collection[str]) -> pd.DataFrame:
    open_ones = {
        name: design
        for name, design in designs.items()
        if design.randomised and not design.decision and name not in known
    }
    rows = assigned(business)
    own = rows[rows["experiment"].isin(list(open_ones))]
    days = own["experiment"].map({name: design.outcome.days for name, design in open_ones.items()})
    return pd.DataFrame(
        {
            "customer_id": own["customer_id"].astype("object"),
            "drawn_into": own["experiment"].astype("object"),
            "treatment": own["experiment"].map({name: one.treatment for name, one in open_ones.items()}),
            "until": (own["assigned_on"] + pd.to_timedelta(days, unit="D")).dt.date,
            "is_open": ~own["reached"].astype(bool),
        },
        columns=names_of(draws),
    )


def _campaigns(business: Business) -> pd.DataFrame:
    """The latest draw of each customer into each campaign, while it is judged."""
    drawn = business.table("enrolments").group_by(["campaign", "customer_id"])
    latest = drawn.aggregate(enrolled_on=lambda rows: rows.enrolled_on.max())
    since = business.as_of - dt.timedelta(days=CAMPAIGN_DAYS)
    rows = latest.filter(latest.enrolled_on >= since).order_by(["campaign", "customer_id"]).execute()
    until = pd.to_datetime(rows["enrolled_on"]) + pd.Timedelta(days=CAMPAIGN_DAYS)
    return pd.DataFrame(
        {
            "customer_id": rows["customer_id"].astype("object"),
            "drawn_into": rows["campaign"].astype("object"),
            "treatment": "mail",
            "until": until.dt.date,
            "is_open": True,
        },
        columns=names_of(draws),
    )

"""The newcomers with whom the proposed experiment could begin, drawn by lot into two halves.

They are not old enough for the landmark yet, so what they did so far can still change.
"""

import datetime as dt
import hashlib
from dataclasses import replace
from itertools import chain

import ibis
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.churned_vs_retained.features import gathered_so_far
from retention_helpers.churned_vs_retained.landmark import FIRST_WEEK, WEEK, Comparison, kept_newcomers
from retention_helpers.churned_vs_retained.univariate import is_on_level
from retention_helpers.churned_vs_retained.valuation import Proposal
from retention_helpers.shown.units import COUNT, DAY, MONEY, TEXT, columns, columns_of, one_of

HELPED, AS_BEFORE = "helped", "as before"


@columns(
    customer_id=TEXT("Customer"), arm=one_of(HELPED, AS_BEFORE), signed_up_on=replace(DAY, node=TEXT.node),
    days_since_sign_up=COUNT, mrr=MONEY.or_null("MRR"),
)  # fmt: skip
def drawn_by_lot(
    business: Business, comparison: Comparison, together: pd.DataFrame, proposed: Proposal | None
) -> pd.DataFrame:
    """One row per newcomer with whom the proposed experiment could begin, the youngest first.

    Customers who are young enough (in their first week for what is known by its end, else younger than the
    landmark), have neither asked nor ended, are not on the better side so far, and were not drawn into an
    experiment that runs or waits for their outcome. The lot is the customer's own: the same in every report.
    `mrr` is that at the month's end. No row without a proposal.

    Glossary: with whom to begin.
    """
    nobody = pd.DataFrame(columns=list(columns_of(drawn_by_lot)))
    if proposed is None:
        return nobody
    young = _young(business, comparison.landmark_days)
    known = gathered_so_far(business, young, landmark_days=comparison.landmark_days).rows
    if proposed.name not in known.columns:
        return nobody
    known = known[known[proposed.name].notna()]
    driver = next(driver for driver in comparison.drivers if driver.name == proposed.name)
    if driver.tier == FIRST_WEEK:
        known = known[known["customer_id"].isin(young.loc[young["days_since_sign_up"] < WEEK, "customer_id"])]
    row = next(together[together["name"] == proposed.name].itertuples(index=False))
    is_worse = is_on_level(driver, row, known[proposed.name], comparison.min_customers)
    open_to_it = known[is_worse]
    if open_to_it.empty:
        return nobody
    arms = [_lot(proposed.name, str(who)) for who in open_to_it["customer_id"]]
    found = open_to_it[["customer_id"]].assign(arm=arms).merge(_paying(business), on="customer_id")
    found = found.merge(young, on="customer_id").sort_values(["days_since_sign_up", "customer_id"])
    return found[list(nobody.columns)].reset_index(drop=True)


def tried_with_newcomers(business: Business, landmark_days: int) -> list[str]:
    """The experiments into which newcomers younger than the landmark were drawn, and that are not decided.

    By name; what else is tried with these newcomers waits for them.

    Glossary: with whom to begin.
    """
    young = set(_here(business, landmark_days).customer_id.execute())
    return [name for name, drawn in _drawn_into(business).items() if drawn & young]


def _here(business: Business, landmark_days: int) -> ibis.Table:
    """Those younger than the landmark who pay, and have neither asked nor ended."""
    people = kept_newcomers(business)
    return people.filter(
        (people.seen_days < landmark_days) & people.begin_day.notnull() & people.left_day.isnull()
    )


def _young(business: Business, landmark_days: int) -> pd.DataFrame:
    """The same, without whoever was drawn into an experiment that waits for them."""
    people = _here(business, landmark_days)
    elsewhere = people.customer_id.isin(sorted({"", *chain(*_drawn_into(business).values())}))
    chosen = people.filter(~elsewhere).select("customer_id", "signed_up_on", days_since_sign_up="seen_days")
    return chosen.order_by("customer_id").execute()


def _drawn_into(business: Business) -> dict[str, set[str]]:
    """Who was drawn into an experiment that runs, or that ended before their outcome's day is over."""
    drawn = business.table("assignments")
    found = {}
    for one in business.experiments.values():
        if not one.randomised or one.decision:
            continue
        own = drawn.filter(drawn.experiment == one.name)
        if one.ended_on is not None:
            own = own.filter(own.assigned_on >= business.as_of - dt.timedelta(days=one.outcome.days))
        found[one.name] = set(own.customer_id.execute())
    return found


def _paying(business: Business) -> pd.DataFrame:
    """The MRR of everybody who is a customer at the month's end."""
    rows = months.kept_customer_months(business)
    now = rows.filter((rows.month == business.report_month) & (rows.state_at_end != "none"))
    return now.select("customer_id", mrr="mrr_at_end").execute()


def _lot(name: str, customer: str) -> str:
    digest = hashlib.blake2b(f"{name}/{customer}".encode(), digest_size=1).digest()
    return HELPED if digest[0] % 2 else AS_BEFORE

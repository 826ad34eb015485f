"""What all rooms propose for the month, and what the plan makes of it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from retention_helpers import (
    churn_reasons,
    early_warning,
    experiments,
    measurement,
    repeat_purchase,
    win_back_and_loyalty,
)
from retention_helpers.business import Business
from retention_helpers.churned_vs_retained.valuation import Proposal
from retention_helpers.early_warning.level import Level
from retention_helpers.early_warning.risk import Risk
from retention_helpers.experiments import Reading
from retention_helpers.plan.deciding import Decided, decide
from retention_helpers.plan.margin import Margin, with_lot
from retention_helpers.shown.results import of_values


class Month(NamedTuple):
    """The month's plan.

    Attributes:
        decided: who gets which touch, and who none.
        orders: what to do about experiments: experiment, what, why.
        level: how far the risks may be off.
        paid_anyway: of the failed payments of a year, how many were made within `dunning_days`, of how many.
        margin: which places of the calls a lot gave.
        for_lists: what the lists of the days after it go by.
    """

    decided: Decided
    orders: pd.DataFrame
    level: Level
    paid_anyway: tuple[int, int]
    margin: Margin
    for_lists: Mapping[str, Any]


@of_values
def month_plan(
    business: Business,
    risk: Risk,
    at_risk: pd.DataFrame,
    lost: pd.DataFrame,
    reading: Reading,
    begin_with: pd.DataFrame,
    proposed: Proposal | None,
) -> Month:
    """The plan of the month after the report's: what every room proposes, decided.

    Takes the risk, the list of those at risk, the losses, the reading of the experiments, and the experiment
    that could begin with its newcomers.
    """
    first, drawn = urgent(business, at_risk), experiments.draws(business, reading)
    sent = win_back_and_loyalty.month_campaigns(business, drawn, first)
    drawn = pd.concat([drawn, win_back_and_loyalty.held_out(sent)], ignore_index=True)
    every = pd.concat(
        [
            first,
            measurement.to_convert(business),
            win_back_and_loyalty.to_mail(business, sent),
            churn_reasons.to_ask_why(business, lost),
            win_back_and_loyalty.to_thank(business),
            win_back_and_loyalty.to_ask(business),
        ],
        ignore_index=True,
    )
    told = every["customer_id"].map(early_warning.risks(business, risk))
    every = every.assign(risk=every["risk"].fillna(told) if early_warning.is_learned(risk) else np.nan)
    decided, margin = with_lot(business, decide(business, every, drawn), drawn, reading)
    orders = pd.concat([experiments.decisions(reading), beginning(begin_with, proposed)], ignore_index=True)
    for_lists = {
        "risk": early_warning.as_learned(business, risk),
        "at_risk": sorted(at_risk["customer_id"]),
        "decided": experiments.decided(reading),
    }
    return Month(decided, orders, risk.level, _paid_anyway(business), margin, for_lists)


@of_values
def urgent(business: Business, at_risk: pd.DataFrame) -> pd.DataFrame:
    """The proposals that go before every campaign.

    Failed payments, requests to cancel, who is at risk, who would not recommend you, whose pause is over,
    buyers who fell silent.
    """
    return pd.concat(
        [
            churn_reasons.to_recover(business),
            early_warning.to_keep(business, early_warning.scheduled(business).value),
            early_warning.to_keep_of_trials(business, business.as_of),
            _kept_first(business, early_warning.to_speak_to(at_risk)),
            win_back_and_loyalty.to_hear(business),
            win_back_and_loyalty.to_welcome_back(business),
            repeat_purchase.to_write_to(business),
        ],
        ignore_index=True,
    )


def _kept_first(business: Business, people: pd.DataFrame) -> pd.DataFrame:
    """Those of `always_call` before all others."""
    is_kept = people["customer_id"].isin(business.settings.always_call)
    return pd.concat([people[is_kept], people[~is_kept]], ignore_index=True)


def beginning(begin_with: pd.DataFrame, proposed: Proposal | None) -> pd.DataFrame:
    """The experiment that could begin; none where there is nobody to begin with."""
    if proposed is None or begin_with.empty:
        return pd.DataFrame(columns=["experiment", "what", "why"])
    what = (
        f"Plan an experiment on “{proposed.label}”: actions/begin_experiment.csv says whom the lot helps "
        "first"
    )
    why = (
        f"customers with “{proposed.better}” left less often; only an experiment tells whether that keeps "
        "them"
    )
    return pd.DataFrame([(proposed.name, what, why)], columns=["experiment", "what", "why"])


def _paid_anyway(business: Business) -> tuple[int, int]:
    year = churn_reasons.period(business, churn_reasons.YEAR)
    rows = churn_reasons.recovered(business, churn_reasons.failed_payments(business, year)).value
    return int(rows["paid_again"].sum()), int(rows["judged"].sum())

"""What the page says of who buys again, and when."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.repeat_purchase import repeating
from retention_helpers.repeat_purchase.gaps import gaps
from retention_helpers.repeat_purchase.overdue import lapsed
from retention_helpers.repeat_purchase.repeating import LATEST, REPEAT_DAYS
from retention_helpers.shown import figures
from retention_helpers.shown.figures import Figure
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence
from retention_helpers.shown.units import CHANGE, COUNT, RATE
from retention_helpers.statistics.intervals import Change, Rate
from retention_helpers.words import formats

__all__ = ["bought_again", "by_cohort", "repeat_change", "repeat_rates", "time_between", "totals"]

NEEDS = "It takes orders.csv (customer_id, ordered_at, amount): who buys again, and whose silence is a loss."


@dataclass(frozen=True)
class Totals:
    """Who ever bought, how many of them are overdue, and how many buy again within REPEAT_DAYS days."""

    customers: int
    lapsed: int
    repeat: Rate


def totals_of(business: Business) -> Totals:
    """The three numbers that the page begins with."""
    return Totals(int((gaps(business)["nth"] == 1).sum()), lapsed(business), repeating.repeat_rate(business))


def again(rates: pd.DataFrame, rate: Rate) -> Sentence:
    """How many buy a second time, in how long, and how many of those a third time."""
    if rates.empty:
        return Sentence(NEEDS)
    if not rate.denominator:
        return Sentence(f"Nobody first bought {REPEAT_DAYS} days ago or earlier: it is too soon to say.")
    first = _at(rates, "first to second", REPEAT_DAYS)
    ever = _furthest(rates, "first to second")
    said = (
        f"Of {formats.plural(rate.denominator, 'customer')} who first bought {REPEAT_DAYS} days ago "
        "or earlier, "
        f"{formats.count(rate.numerator)} bought again within {REPEAT_DAYS} days: "
        f"{formats.rate(rate.value, rate.low, rate.high)}."
    )
    if ever is not None and first is not None and ever["days"] > REPEAT_DAYS:
        said += f" Within {formats.count(ever['days'])} days {formats.rate_in(ever, 'share')} do."
    third = _at(rates, "second to third", REPEAT_DAYS)
    if third is not None:
        said += (
            f" After the second purchase {formats.rate_in(third, 'share')} buy a third time within "
            f"{REPEAT_DAYS} days."
        )
    return Sentence(said)


def _told(rates: pd.DataFrame, step: str) -> pd.DataFrame:
    return rates[(rates["step"] == step) & rates["share"].notna()]


def _at(rates: pd.DataFrame, step: str, days: int) -> Mapping[str, Any] | None:
    own = _told(rates, step)
    found: list[Any] = own[own["days"] == days].to_dict(orient="records")
    return found[0] if found else None


def _furthest(rates: pd.DataFrame, step: str) -> Mapping[str, Any] | None:
    own: list[Any] = _told(rates, step).to_dict(orient="records")
    return own[-1] if own else None


def moved(change: Change | None) -> Sentence:
    """Whether the latest cohorts buy again more often than those before."""
    if change is None:
        return Sentence(
            f"There are no cohorts yet of which all were followed for {REPEAT_DAYS} days, and others "
            "before them."
        )
    verb = {"rose": "buy again more often than", "fell": "buy again less often than"}.get(change.verdict)
    said = verb or "show no clear change against"
    return Sentence(
        f"The latest {formats.spelled(LATEST)} cohorts {said} those before, within {REPEAT_DAYS} "
        f"days: {formats.difference(change.value, change.low, change.high)} percentage points. "
        "Single cohorts are small: read the colours as a whole."
    )


def between(rows: pd.DataFrame) -> Sentence:
    """Within how many days those come who come."""
    told = rows[rows["purchases"] > 0]
    if told.empty:
        return Sentence("Nobody has bought twice yet." if len(rows) else NEEDS)
    first = told.iloc[0]
    quarter, half = (formats.count(round(first[part])) for part in ("quarter", "half"))
    said = f"Of those who bought a second time, half did within {half} days, a quarter within {quarter}"
    if len(told) > 1:
        last = formats.count(round(told.iloc[-1]["half"]))
        said += f"; between later purchases half of the gaps are {last} days or less"
    return Sentence(f"{said}. Longer gaps are still open, so all of these are on the short side.")


def cohort_by_cohort(cells: pd.DataFrame) -> Figure | None:
    """The steps for which a whole cohort was followed; of a part of it a share says little."""
    return figures.triangle(
        cells[cells["final"]],
        title="Bought a second time, by month of the first purchase",
        share="bought again",
        since="steps of 30 days since the first purchase",
    )


totals = Measure(
    totals_of,
    findings={"customers": COUNT, "lapsed": COUNT, "repeat": RATE},
    record=asdict,
)
repeat_rates = Measure(
    repeating.repeat_rates, "Bought once more within so many days", sentence=again, findings="rates"
)
bought_again = Measure(repeating.curves, figure=figures.bought_again)
by_cohort = Measure(
    repeating.by_cohort,
    "Bought a second time, by month of the first purchase",
    figure=cohort_by_cohort,
    findings="by_cohort",
)
repeat_change = Measure(repeating.repeat_change, sentence=moved, findings={"change": CHANGE})
time_between = Measure(
    repeating.time_between,
    "Days to the next purchase, of those who made it",
    sentence=between,
    findings="between",
)

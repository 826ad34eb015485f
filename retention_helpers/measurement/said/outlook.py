"""The year ahead: what it says, and how it is shown."""

from functools import partial
from typing import Any

import pandas as pd

from retention_helpers.measurement import projection as looking_ahead
from retention_helpers.measurement import risks
from retention_helpers.measurement.projection import AHEAD, READINGS
from retention_helpers.measurement.risks import Choice
from retention_helpers.shown import figures
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence
from retention_helpers.shown.units import COUNT, MONEY, RATE, by_name, fields, noted, one_of
from retention_helpers.statistics.intervals import Rate
from retention_helpers.words import formats

__all__ = ["back_test", "better_year", "chosen_way", "churn_of_year", "method", "readings", "year_ahead"]

MEANT = READINGS[1]  # by Reichheld, who measured it
QUOTED = (0.25, 0.95)  # more profit, by branch
FAR = 2.0  # a lifetime three times as long is more than any data have seen

_WAYS = {
    risks.LAST_RATE: "the last rate carried forward",
    risks.BY_TENURE: "the last rates by tenure",
    risks.FALLING_RISK: "the risk that falls with tenure (shifted-beta-geometric)",
}


def choice(chosen: Choice) -> Sentence:
    """Which way of looking ahead is used, and how it did on months that it was not shown."""
    used = _WAYS[chosen.method]
    if not chosen.tests:
        return Sentence(
            f"There are too few months to test a way of looking ahead: it takes {risks.FEWEST_MONTHS} that "
            f"began with customers, and {risks.HELD_BACK} more to hide. The simplest is used: {used}."
        )
    errors = sorted(chosen.errors.items(), key=lambda pair: (pair[0] != chosen.method, pair[1]))
    (_, own), *others = ((way, formats.percent(error)) for way, error in errors)
    missed = "".join(f", by {error} with {_WAYS[way]}" for way, error in others)
    times = "once" if chosen.tests == 1 else f"{formats.count(chosen.tests)} times"
    return Sentence(
        f"Used: {used}. Tested {times} on {risks.HELD_BACK} months not shown to it, it missed the number of "
        f"customers by {own} on average{missed}."
    )


def projection(ahead: pd.DataFrame, currency: str) -> Sentence:
    """How many of today's customers will be here in a year, and how many with newcomers."""
    if ahead.empty:
        return Sentence("Nobody is left, or nobody could have left yet: there is nothing to look ahead from.")
    now, then = ahead.iloc[0], ahead.iloc[-1]
    share = formats.rate_in(then, "newcomers_share")
    here, everybody = (
        formats.counted(then[name], then[f"{name}_low"], then[f"{name}_high"])
        for name in ("still_here", "customers")
    )
    mrr = formats.amount(then["mrr"], then["mrr_low"], then["mrr_high"], currency)
    today = (
        f"If nothing changes, {here} of today's {formats.plural(now['still_here'], 'customer')} will be here "
        f"in {formats.month(then['month'])}"
    )
    if (ahead["customers"] == ahead["still_here"]).all():
        return Sentence(f"{today}, paying {mrr} a month: nobody came in the last {AHEAD} months.")
    return Sentence(
        f"{today}; somebody who comes now will be there with a chance of {share}. With as many newcomers as "
        f"in the last {AHEAD} months there will be {everybody} in all, paying {mrr} a month."
    )


def what_if(rows: pd.DataFrame, currency: str) -> Sentence:
    """What one point more of monthly retention makes in a year."""
    if rows.empty:
        return Sentence("Nobody is left, or nobody could have left yet: there is nothing to do better.")
    if len(rows) < 2:
        return Sentence("Less than one point of the customers leaves in a month: there is no point to gain.")
    usual, better = rows.iloc[0], rows.iloc[1]
    more = formats.counted(
        better["more_customers"], better["more_customers_low"], better["more_customers_high"]
    )
    revenue, newcomer, before = (
        formats.amount(row[name], row[f"{name}_low"], row[f"{name}_high"], currency)
        for row, name in ((better, "more_revenue"), (better, "newcomer_revenue"), (usual, "newcomer_revenue"))
    )
    end = (
        f"there would be {formats.plural(better['customers'], 'customer')} in a year instead of "
        f"{formats.count(usual['customers'])}: {more} more"
        if better["more_customers"]
        else "there would hardly be a customer more in a year, because there are so few"
    )
    said = f"If one customer of a hundred more stayed each month, {end}, and {revenue} more revenue by then."
    if pd.isna(usual["newcomer_revenue"]):
        return Sentence(said)
    return Sentence(f"{said} A newcomer would bring in {newcomer} in the first year instead of {before}.")


def five_percent(rows: pd.DataFrame, churn: Rate) -> Sentence:
    """What "5 % better retention" would mean here, against the profit that is often quoted for it."""
    if not churn.numerator:
        return Sentence(f"Nobody left in the last {AHEAD} months: no retention could be better.")
    by_reading = rows.set_index("reading")
    meant = by_reading.loc[MEANT]
    others = [_other_reading(str(name), row) for name, row in by_reading.drop(MEANT).iterrows()]
    return Sentence(f"{_as_meant(meant, churn)} Read otherwise, {'; '.join(others)}.")


def _as_meant(row: pd.Series, churn: Rate) -> str:
    said = f"In the last {AHEAD} months {formats.percent(churn.value)} of the customers left a month."
    if pd.isna(row["gain_share"]):
        return f"{said} That is less than five points a year, so five points more cannot stay."
    gain, low, high = (row[f"gain_share{end}"] for end in ("", "_low", "_high"))
    least, most = (gain, gain) if pd.isna(low) else (low, high)
    place = (
        "less than" if most < QUOTED[0] else "more than" if least > QUOTED[1] else "which is compatible with"
    )
    return (
        f"{said} As it was meant, {formats.percent(row['asked_rate'])} would, and a customer's lifetime "
        f"would bring in {formats.rate(gain, low, high)} more: {place} the quoted "
        f"{formats.count(100 * QUOTED[0])} to {formats.percent(QUOTED[1], 0)}."
    )


def _other_reading(name: str, row: pd.Series) -> str:
    if pd.isna(row["gain_share"]):
        return f"“{name}” would be more than all who leave"
    gain = formats.rate_in(row, "gain_share")
    far = ", so few that nobody has seen such a lifetime," if row["gain_share"] > FAR else ""
    return f"“{name}” takes {formats.percent(row['asked_rate'])} a month{far} and brings in {gain} more"


def _way(chosen: Choice, cells: pd.DataFrame) -> dict[str, Any]:
    """The way of looking ahead, with the rates of the two simple ones; takes `risks.cohort_months`."""
    return {
        "method": chosen.method,
        "tests": chosen.tests,
        "errors": chosen.errors,
        "last_rate": risks.last_rate(cells),
        "rates_by_tenure": records(risks.rates_by_tenure(cells), risks.rates_by_tenure),
        "fewest_months": risks.FEWEST_MONTHS,
        "months_hidden": risks.HELD_BACK,
    }


def _readings_record(readings: pd.DataFrame) -> dict[str, Any]:
    return {
        "five_percent": records(readings, looking_ahead.five_percent),
        "quoted_gain": dict(zip(("low", "high"), QUOTED, strict=True)),
    }


back_test = Measure(
    risks.back_test,
    "Customers six months later: as it was, and as each way expected",
    findings="projection_back_test",
)
chosen_way = Measure(risks.choice, sentence=choice)
method = Measure(
    _way,
    findings={
        "projection_method": fields(
            method=one_of(*risks.METHODS),
            tests=COUNT,
            errors=by_name(MONEY.within(minimum=0)),
            last_rate=RATE,
            rates_by_tenure=rows_of(risks.rates_by_tenure),
            fewest_months=COUNT,
            months_hidden=COUNT,
        )
    },
)
year_ahead = Measure(
    looking_ahead.projection,
    "The year ahead, month by month, with 95 % bands",
    sentence=projection,
    figure=figures.outlook,
    findings="projection",
    note="today and the twelve months ahead: of today's customers, of this month's newcomers, and everybody "
    "with newcomers as in the last twelve months",
)
better_year = Measure(
    looking_ahead.what_if,
    "The year ahead, if so many points more stayed each month",
    sentence=what_if,
    findings="what_if",
)
churn_of_year = Measure(
    partial(risks.last_rate, months_back=AHEAD),
    findings={"churn_last_12_months": RATE},
)
readings = Measure(
    looking_ahead.five_percent,
    "What “5 % better” may mean",
    sentence=five_percent,
    findings={
        "five_percent": rows_of(looking_ahead.five_percent),
        "quoted_gain": noted(
            fields(low=MONEY, high=MONEY),
            "more profit from 5 % better retention, as it is often quoted",
        ),
    },
    record=_readings_record,
)

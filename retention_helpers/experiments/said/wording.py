"""How a difference is written: in points of a share, or in the currency where the outcome is an amount."""

from retention_helpers.experiments.plan import Plan
from retention_helpers.experiments.units import NEVER
from retention_helpers.words import formats


def effect(plan: Plan, value: float) -> str:
    """A difference with its sign."""
    if formats.is_missing(value) or not plan.design.outcome.is_amount:
        return formats.points(value)
    return f"{'−' if value < 0 else '+'}{formats.money(round(abs(value), 2))}"


def span(plan: Plan, low: float, high: float) -> str:
    """The two ends of its interval."""
    if formats.is_missing(low) or formats.is_missing(high):
        return formats.MISSING
    return f"{effect(plan, low)} to {effect(plan, high)}"


def with_span(plan: Plan, value: float, low: float, high: float) -> str:
    """A difference with its interval."""
    return (
        formats.MISSING if formats.is_missing(value) else f"{effect(plan, value)} ({span(plan, low, high)})"
    )


def unit(plan: Plan) -> str:
    """What it is counted in."""
    return f"{plan.currency} a customer".strip() if plan.design.outcome.is_amount else "points"


def level(plan: Plan, value: float, digits: int = 1) -> str:
    """A rate, or a mean."""
    if plan.design.outcome.is_amount:
        return formats.money(round(value, 2), plan.currency)
    return formats.percent(value, digits)


def takes(months: float) -> str:
    """How long something takes.

    >>> takes(19.8), takes(1934.5)
    ('takes 20 months', 'is never finished')
    """
    return f"takes {formats.months(months)}" if months <= NEVER else "is never finished"

"""An experiment as its owner wrote it down in `experiments.yml`."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from retention_helpers.business import Business

SMALLEST_EFFECT = 0.05  # where the owner named none


@dataclass(frozen=True)
class Outcome:
    """What is looked at: a kind, so many days after the assignment; the name of an event."""

    kind: str  # retained | not_cancelled | paying | event
    days: int
    event: str = ""


@dataclass(frozen=True)
class Design:
    """What the owner wrote down before the experiment, as far as it was known by the end of the month.

    Attributes:
        arms: the names of the arms, the control first.
        shares: the planned share of each.
        ended_on: None while it runs; also where its end lies after the report month.
        smallest_effect: the least difference worth acting on, as a fraction.
        baseline, size: None where the owner left them to be computed.
        guardrails: further outcomes on the same day, with the worst acceptable difference.
        eligible: attributes, or `plan`, and the values that take part.
        milestone: the event and how often, where the arms were not drawn at random.
        aa_test: both arms get the same, to check the split and the counting.
    """

    name: str
    hypothesis: str
    started_on: dt.date
    ended_on: dt.date | None
    randomised: bool
    arms: tuple[str, ...]
    shares: tuple[float, ...]
    outcome: Outcome
    smallest_effect: float
    baseline: float | None
    size: int | None
    guardrails: Mapping[str, float]
    eligible: Mapping[str, tuple[str, ...]]
    milestone: tuple[str, int] | None
    aa_test: bool
    decision: str

    @property
    def control(self) -> str:
        return self.arms[0]

    @property
    def treated(self) -> tuple[str, ...]:
        """The arms that are held against the control."""
        return self.arms[1:]


def _values(wanted: Any) -> tuple[str, ...]:
    several = wanted if isinstance(wanted, Sequence) and not isinstance(wanted, str) else [wanted]
    return tuple(str(value) for value in several)


def _decision(written: Any) -> str:
    if isinstance(written, Mapping):
        return "; ".join(f"{key}: {value}" for key, value in written.items())
    return str(written or "").strip()


def _design(name: str, plan: Mapping[str, Any], as_of: dt.date) -> Design:
    outcome, milestone = plan["outcome"], plan.get("milestone")
    ended_on = plan.get("ended_on")
    is_over = ended_on is not None and ended_on < as_of
    return Design(
        name=name,
        hypothesis=plan["hypothesis"].strip(),
        started_on=plan["started_on"],
        ended_on=ended_on if is_over else None,
        randomised=plan["randomised"],
        arms=tuple(plan["arms"]),
        shares=tuple(float(share) for share in plan["arms"].values()),
        outcome=Outcome(outcome["kind"], outcome["days"], outcome.get("name") or ""),
        smallest_effect=float(plan.get("smallest_effect") or SMALLEST_EFFECT),
        baseline=plan.get("baseline"),
        size=plan.get("size"),
        guardrails=dict(plan.get("guardrails") or {}),
        eligible={key: _values(wanted) for key, wanted in (plan.get("eligible") or {}).items()},
        milestone=(milestone["event"], milestone["count"]) if milestone else None,
        aa_test=bool(plan.get("aa_test")),
        decision=_decision(plan.get("decision")) if is_over else "",
    )


def designs(business: Business) -> dict[str, Design]:
    """The experiments of `experiments.yml` by name, in the order of the file.

    An end or a decision after the report month is not known yet.
    """
    return {name: _design(name, plan, business.as_of) for name, plan in business.experiments.items()}

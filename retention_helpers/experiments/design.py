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

    @property
    def words(self) -> str:
        """
        >>> Outcome("retained", 35).words, Outcome("event", 14, "exported").words
        ('still customers on day 35', '“exported” by day 14')
        """
        return {
            "retained": f"still customers on day {self.days}",
            "not_cancelled": f"had not cancelled by day {self.days}",
            "paying": f"paying on day {self.days}",
            "event": f"“{self.event}” by day {self.days}",
        }[self.kind]

    @property
    def curve_words(self) -> str:
        """What a curve of it shows: a pause, which is no end, is in it."""
        still = "still customers, pauses included"
        return {
            "retained": still,
            "paying": still,
            "not_cancelled": "neither asked to cancel nor left",
            "event": f"had “{self.event}”",
        }[self.kind]

    @property
    def predicate(self) -> str:
        """
        >>> Outcome("retained", 35).predicate, Outcome("event", 14, "exported").predicate
        ('were still customers on day 35', 'had “exported” by day 14')
        """
        verb = {"retained": "were ", "paying": "were ", "event": "had ", "not_cancelled": ""}[self.kind]
        return verb + self.words


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

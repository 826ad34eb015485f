"""The owner's experiments: each key of `experiments.yml` is declared once, and read into what it means.

An unknown key is an error, and so is an absurd value: it would give a plan that nobody meant.
"""

import datetime as dt
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from retention_helpers.contract.yaml_files import as_written, document, fits, is_number, is_share
from retention_helpers.words.errors import InputError, nearest
from retention_helpers.words.formats import count, shortest

EXPERIMENTS_FILE = "experiments.yml"
OUTCOMES = ("retained", "not_cancelled", "paying", "event", "revenue")
LOOKS = ("monthly",)
TREATMENTS = ("call", "mail", "offer")  # what the month's plan could give to somebody, too
MOST_DAYS = 3650  # to the day of an outcome: ten years
MOST_CUSTOMERS = 10**7  # an arm
MOST_TIMES = 10**6  # an event, to be a milestone
LEAST_SHARE = 0.001  # of the customers, in an arm
LEAST_EFFECT = 0.001
MOST_EFFECT = 0.5  # where no baseline says how much room there is
FIRST_YEAR, LAST_YEAR = 1990, 2100


class _Faults(Exception):
    """Sentences about what is wrong with a value."""

    def __init__(self, said: Sequence[str]) -> None:
        super().__init__(*said)
        self.said = list(said)


@dataclass(frozen=True)
class _Key:
    """How a key of the file is read.

    Attributes:
        fits: whether a value is possible.
        says: the sentence to an owner whose value is not.
        read: what a possible value means; raises _Faults.
        name: the key, where the attribute has another name.
        words: those among which the nearest is named.
    """

    fits: Callable[[Any], bool]
    says: str
    read: Callable[[Any], Any] = field(default=lambda value: value)
    name: str = ""
    words: Sequence[str] = ()

    def fault(self, name: str, value: Any) -> str:
        close = nearest(value, self.words) if self.words else ""
        return self.says.format(key=name, value=as_written(value), nearest=close)


def _key(fits: Callable[[Any], bool], says: str, **more: Any) -> dict[str, _Key]:
    """The metadata of a declared key; without a default it has to be there."""
    return {"key": _Key(fits, says, **more)}


def _keys(part: type) -> dict[str, Field[Any]]:
    return {item.metadata["key"].name or item.name: item for item in fields(part) if "key" in item.metadata}


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: any(fits(value, kind) for kind in kinds)


def _is_whole(least: int, most: int) -> Callable[[Any], bool]:
    return lambda value: fits(value, int) and least <= value <= most


def _is_day(value: Any) -> bool:
    return fits(value, dt.date) and FIRST_YEAR <= value.year <= LAST_YEAR


@dataclass(frozen=True)
class Outcome:
    """What is looked at: a kind, so many days after the assignment; the name of an event."""

    kind: str = field(
        metadata=_key(OUTCOMES.__contains__, "outcome is of no known kind. {nearest}", words=OUTCOMES)
    )
    days: int = field(
        metadata=_key(
            _is_whole(0, MOST_DAYS), f"outcome needs its `days`, a whole number, at most {count(MOST_DAYS)}."
        )
    )
    event: str = field(
        default="", metadata=_key(_is(str), "outcome needs the `name` of its event.", name="name")
    )

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
            "revenue": f"revenue by day {self.days}",
        }[self.kind]

    @property
    def is_amount(self) -> bool:
        """Whether it is an amount a customer, where the others are yes or no."""
        return self.kind == "revenue"

    @property
    def curve_words(self) -> str:
        """What a curve of it shows: a pause, which is no end, is in it."""
        still = "still customers, pauses included"
        return {
            "retained": still,
            "paying": still,
            "not_cancelled": "neither asked to cancel nor left",
            "event": f"had “{self.event}”",
            "revenue": still,
        }[self.kind]

    @property
    def predicate(self) -> str:
        """
        >>> Outcome("retained", 35).predicate, Outcome("event", 14, "exported").predicate
        ('were still customers on day 35', 'had “exported” by day 14')
        """
        verb = {"retained": "were ", "paying": "were ", "event": "had ", "revenue": "brought "}
        return verb.get(self.kind, "") + self.words


_MILESTONE = f"milestone needs an `event` and its `count`, at most {count(MOST_TIMES)}."


@dataclass(frozen=True)
class Milestone:
    """Where the arms were not drawn at random: the event, and how often, after which somebody is treated."""

    event: str = field(metadata=_key(_is(str), _MILESTONE))
    count: int = field(metadata=_key(_is_whole(1, MOST_TIMES), _MILESTONE))


def _outcome(written: Mapping[Any, Any]) -> Outcome:
    values, faults = _read(Outcome, written, "outcome: ")
    if values.get("kind") == "event" and not written.get("name"):
        faults.append("outcome needs the `name` of its event.")
    return Outcome(**_right(values, faults))


def _milestone(written: Mapping[Any, Any]) -> Milestone:
    return Milestone(**_right(*_read(Milestone, written, "milestone: ")))


def _arms(written: Mapping[Any, Any]) -> dict[str, float]:
    shares = list(written.values())
    add_up = all(is_number(share) and share > 0 for share in shares) and abs(sum(shares) - 1) < 1e-6
    faults = []
    if not add_up or len(shares) < 2:
        faults.append("the planned shares of its arms should be at least two and add up to 1.")
    elif min(shares) < LEAST_SHARE:
        faults.append(f"the planned share of each arm should be at least {LEAST_SHARE}.")
    return {arm: float(share) for arm, share in _right(written, faults).items()}


def _guardrails(written: Mapping[Any, Any]) -> dict[str, float]:
    # An event would need its name, an amount its currency; the others are looked at on the outcome's own day.
    known = [kind for kind in OUTCOMES if kind not in ("event", "revenue")]
    faults = [
        f"guardrails: {kind} is not known here. {nearest(kind, known)}"
        for kind in written
        if kind not in known
    ]
    if not all(is_number(worst) and -1 <= worst <= 1 for worst in written.values()):
        faults.append("guardrails need the worst acceptable difference, such as paying: -0.02.")
    return dict(_right(written, faults))


_SIGNS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_BOUND = re.compile(r"(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)")
_TOP = re.compile(r"top\s+(\d+(?:\.\d+)?)\s*%", re.IGNORECASE)


class Bound(NamedTuple):
    """A condition on a number, such as ">= 100"."""

    sign: str
    number: float

    def holds(self, value: Any) -> Any:
        """
        >>> Bound(">=", 100.0).holds(100)
        True
        """
        return _SIGNS[self.sign](value, self.number)

    def __str__(self) -> str:
        return f"{self.sign} {shortest(self.number)}"


class Top(NamedTuple):
    """Those with the highest MRR as the experiment begins: so large a share of all who pay."""

    share: float

    def __str__(self) -> str:
        return f"top {shortest(100 * self.share)} %"


Wanted = tuple[str, ...] | Bound | Top


def _eligible(written: Mapping[Any, Any]) -> dict[str, Wanted]:
    wanted = {str(name): value if isinstance(value, list) else [value] for name, value in written.items()}
    faults = [fault for name, values in wanted.items() if (fault := _not_eligible(name, values))]
    return {name: _wanted(values) for name, values in _right(wanted, faults).items()}


def _not_eligible(name: str, values: Sequence[Any]) -> str:
    """What is wrong with a condition of who takes part; "" where nothing is."""
    if not values or any(value is None or isinstance(value, dict | list) for value in values):
        return f"eligible: {name} needs a value, or a list of values, such as plan: [team, studio]."
    read = _wanted(values)
    if name == "mrr" and isinstance(read, tuple) and not isinstance(read, Bound | Top):
        return "eligible: mrr needs a bound in quotes, such as '>= 100', or a share, such as top 20 %."
    if isinstance(read, Top) and (name != "mrr" or not 0 < read.share < 1):
        return f"eligible: {name}: {as_written(values[0])} is for mrr, with a share between 0 and 100 %."
    return ""


def _wanted(values: Sequence[Any]) -> Wanted:
    text = str(values[0]).strip() if len(values) == 1 else ""
    if found := _BOUND.fullmatch(text):
        return Bound(found[1], float(found[2]))
    if found := _TOP.fullmatch(text):
        return Top(float(found[1]) / 100)
    return tuple(map(_as_text, values))


def _adjust(written: Any) -> tuple[str, ...]:
    names = written if isinstance(written, list) else [written]
    if not names or not all(isinstance(name, str) for name in names):
        raise _Faults(["adjust needs the names of what is known before the draw, such as [mrr, tenure]."])
    return tuple(names)


def _as_text(value: Any) -> str:
    """A value as it stands in a table."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _decision(written: Any) -> str:
    if isinstance(written, dict):
        return "; ".join(f"{key}: {value}" for key, value in written.items())
    return str(written).strip()


def _should(what: str) -> str:
    return "{key} is {value}, and should " + what + "."


_DAY = _key(_is_day, _should(f"be a day such as 2026-02-01, from {FIRST_YEAR} to {LAST_YEAR}"))
_SWITCH = _key(_is(bool), _should("be true or false"))
_ARMS = _key(
    _is(dict), _should("be a planned share for each arm, such as {{control: 0.5, call: 0.5}}"), read=_arms
)
_OUTCOME = _key(
    _is(dict), _should("be what is looked at, such as {{kind: retained, days: 35}}"), read=_outcome
)
_EFFECT = _key(
    lambda value: is_number(value) and value >= LEAST_EFFECT,
    _should(f"lie between {LEAST_EFFECT} and 1, or be an amount of revenue"),
    read=float,
)
_BASELINE = _key(lambda value: is_number(value) and value > 0, _should("be a number above 0"), read=float)
_ADJUST = _key(_is(str, list), _should("name what is known before the draw, such as [mrr]"), read=_adjust)
_SIZE = _key(
    _is_whole(1, MOST_CUSTOMERS),
    _should(f"be a whole number of customers an arm, at most {count(MOST_CUSTOMERS)}"),
)
_ELIGIBLE = _key(_is(dict), _should("be who takes part, such as {{plan: [team, studio]}}"), read=_eligible)
_REACHED = _key(_is(dict), _should("be an event, such as {{event: exported, count: 10}}"), read=_milestone)
_GUARDS = _key(_is(dict), _should("be what must not get worse, such as {{paying: -0.02}}"), read=_guardrails)


@dataclass(frozen=True, kw_only=True)
class Design:
    """An experiment as its owner wrote it down.

    Attributes:
        arms: the planned share of each arm by its name, the control first.
        ended_on: None while it runs.
        smallest_effect: the least difference worth acting on, as a fraction; of `revenue` an amount.
        baseline, size: None where the owner left them to be computed.
        ends_on: the planned end that lies ahead; None where none is planned.
        eligible: attributes, `plan` or `mrr`, and the values that take part.
        adjust: what is known before the draw and is to be adjusted for.
        guardrails: further outcomes on the same day, with the worst acceptable difference.
        aa_test: both arms get the same, to check the split and the counting.
        treatment: the kind of touch that is tried; "" where the month's plan gives nothing of the kind.
    """

    name: str
    hypothesis: str = field(metadata=_key(_is(str), _should("be a text"), read=str.strip))
    started_on: dt.date = field(metadata=_DAY)
    ended_on: dt.date | None = field(default=None, metadata=_DAY)
    ends_on: dt.date | None = None
    randomised: bool = field(metadata=_SWITCH)
    arms: Mapping[str, float] = field(metadata=_ARMS)
    outcome: Outcome = field(metadata=_OUTCOME)
    smallest_effect: float = field(default=0.05, metadata=_EFFECT)
    baseline: float | None = field(default=None, metadata=_BASELINE)
    size: int | None = field(default=None, metadata=_SIZE)
    looks: str = field(
        default="monthly", metadata=_key(LOOKS.__contains__, "looks is {value}. {nearest}", words=LOOKS)
    )
    eligible: Mapping[str, Wanted] = field(default_factory=dict, metadata=_ELIGIBLE)
    adjust: tuple[str, ...] = field(default=(), metadata=_ADJUST)
    milestone: Milestone | None = field(default=None, metadata=_REACHED)
    guardrails: Mapping[str, float] = field(default_factory=dict, metadata=_GUARDS)
    aa_test: bool = field(default=False, metadata=_SWITCH)
    treatment: str = field(
        default="",
        metadata=_key(TREATMENTS.__contains__, "treatment is {value}. {nearest}", words=TREATMENTS),
    )
    decision: str = field(
        default="", metadata=_key(_is(str, dict), _should("be a text, or lines of texts"), read=_decision)
    )

    @property
    def shares(self) -> tuple[float, ...]:
        return tuple(self.arms.values())

    @property
    def is_of_the_top(self) -> bool:
        """Whether only a share of those who pay as it begins takes part: nobody comes in later."""
        return any(isinstance(wanted, Top) for wanted in self.eligible.values())

    @property
    def control(self) -> str:
        return next(iter(self.arms))

    @property
    def treated(self) -> tuple[str, ...]:
        """The arms that are held against the control."""
        return tuple(self.arms)[1:]

    def known_by(self, as_of: dt.date) -> "Design":
        """As it is known then: a later end is a plan, and a later decision is not known."""
        is_over = self.ended_on is not None and self.ended_on < as_of
        return self if is_over else replace(self, ended_on=None, ends_on=self.ended_on, decision="")


KEYS = tuple(_keys(Design))


def _read(part: type, written: Mapping[Any, Any], within: str = "") -> tuple[dict[str, Any], list[str]]:
    """The values of a part by attribute, and what is wrong with them."""
    declared = _keys(part)
    faults = [
        f"{within}{name} is not known here. {nearest(name, declared)}"
        for name in written
        if name not in declared
    ]
    values = {}
    for name, item in declared.items():
        key, value = item.metadata["key"], written.get(name)
        is_needed = item.default is MISSING and item.default_factory is MISSING
        if value is None and is_needed:
            faults.append(key.fault(name, value) if within else f"{name} is missing.")
        elif value is not None and not key.fits(value):
            faults.append(key.fault(name, value))
        elif value is not None:
            try:
                values[item.name] = key.read(value)
            except _Faults as wrong:
                faults += wrong.said
    return values, list(dict.fromkeys(faults))


def _right(values: Mapping[Any, Any], faults: Sequence[str]) -> Mapping[Any, Any]:
    """The values, where nothing is wrong with them."""
    if faults:
        raise _Faults(faults)
    return values


def _design(name: str, written: Mapping[Any, Any]) -> Design:
    values, faults = _read(Design, written)
    return Design(name=name, **_right(values, [*faults, *_contradictions(values)]))


def _contradictions(values: Mapping[str, Any]) -> Iterator[str]:
    """What is possible by itself, and not together."""
    started_on, ended_on = values.get("started_on"), values.get("ended_on")
    if started_on and ended_on and ended_on < started_on:
        yield "ended_on lies before started_on. Correct the dates."
    outcome, effect, baseline = (values.get(key) for key in ("outcome", "smallest_effect", "baseline"))
    if outcome and outcome.is_amount:
        if effect is None:
            yield "smallest_effect is missing: an amount of money a customer, such as 5."
        return
    if baseline is not None and not is_share(baseline):
        yield f"baseline is {shortest(baseline)}, and should lie between 0 and 1."
    elif effect is not None and not is_share(effect):
        yield f"smallest_effect is {shortest(effect)}, and should lie between {LEAST_EFFECT} and 1."
    elif fault := no_room(effect or 0.0, baseline):
        yield f"smallest_effect {fault}"


def no_room(effect: float, baseline: float | None) -> str:
    """What is wrong with an effect that fits neither above a baseline nor below it; "" where it fits."""
    if baseline is None:
        too_much = f"is {shortest(effect)}. Without a baseline it should be at most {MOST_EFFECT}."
        return too_much if effect > MOST_EFFECT else ""
    fits_in = effect <= max(baseline, 1 - baseline)
    return (
        ""
        if fits_in
        else f"is {shortest(effect)}, and a baseline of {shortest(baseline)} has no room for so much."
    )


def read_experiments(folder: Path) -> dict[str, Design]:
    """The experiments that the owner wrote down, by name; empty where there is no file.

    Raises InputError with every unknown key and unusable value at once.
    """
    path = folder / EXPERIMENTS_FILE
    if not path.exists():
        return {}
    found: dict[str, Design] = {}
    faults: list[str] = []
    for name, written in document(path).items():
        if not isinstance(written, dict):
            faults.append(f"{EXPERIMENTS_FILE}: {name} should hold lines of the form `key: value`.")
            continue
        try:
            found[str(name)] = _design(str(name), written)
        except _Faults as wrong:
            faults += [f"{EXPERIMENTS_FILE}: {name}: {said}" for said in wrong.said]
    if faults:
        raise InputError("\n".join(faults))
    return found

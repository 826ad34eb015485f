"""The owner's choices: `retention.yml` and `experiments.yml`, checked key by key.

Both files are optional. An unknown key is an error, because a misspelt setting that is ignored in
silence gives a report about something else.
"""

import datetime as dt
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeGuard

import yaml

from retention_helpers.contract.reason_codes import NOT_ANSWERED, NOT_ASKED
from retention_helpers.contract.tables import ACCEPTABLE, REASONS
from retention_helpers.words.errors import InputError, nearest
from retention_helpers.words.written import SIGNS

SETTINGS_FILE = "retention.yml"
EXPERIMENTS_FILE = "experiments.yml"

WARNINGS = (
    "no_login_7_days", "no_login_30_days", "use_down_half", "fewer_actions", "onboarding_missed",
    "failed_payment", "downgrade", "negative_ticket", "mails_unopened", "nps_detractor",
)  # fmt: skip
PLAYS = ("personal_outreach", "payment_help", "usage_reminder", "feature_discovery", "last_resort_offer")
GOOD_CHURN, SERIOUS_CHURN = 0.05, 0.10  # a month
GOOD_RETENTION, SERIOUS_RETENTION = 0.70, 0.50  # at 12 months


@dataclass(frozen=True)
class Settings:
    """What `retention.yml` may hold, with the values that hold where it is silent."""

    business: str = "Your business"
    time_zone: str = "UTC"
    currency: str = ""  # empty: the one currency of the data
    exchange_rates: Mapping[str, Decimal] = field(default_factory=dict)  # 1 unit in `currency`
    history_starts_on: dt.date | None = None  # who left before that day is missing from the data
    switch_gap_days: int = 3
    landmark_days: int = 30
    horizon_days: int = 90
    min_customers: int = 20
    high_value_mrr: Decimal = Decimal(100)
    calls_a_month: int = 10
    play_experiments: Mapping[str, str] = field(default_factory=dict)  # which experiment measures a play
    warning_thresholds: Mapping[str, float] = field(default_factory=dict)  # by the name of a warning
    targets: Mapping[str, float] = field(default_factory=lambda: {"churn": GOOD_CHURN})
    benchmarks: bool = True
    attributes: tuple[str, ...] = ()  # empty: every attribute column
    personal: tuple[str, ...] = ("email", "name", "phone")
    show_names: bool = False
    internal_accounts: tuple[str, ...] = ()
    activity_events: tuple[str, ...] = ()  # empty: every event is activity
    onboarding_event: str = "onboarding_completed"
    reason_map: Mapping[str, str] = field(default_factory=dict)
    dunning_days: int = 30
    date_order: str = ""
    decimal_sign: str = ""  # of amounts such as 1.200; empty: as the other amounts of the column show it
    sources: Mapping[str, Any] = field(default_factory=dict)
    accepted: tuple[str, ...] = ()  # rules of the gate that the owner has looked into

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


NOT_USED_YET = ("benchmarks",)  # read and checked, for pages that are still to come


class _Wrong(Exception):
    """What a value should have been."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong("a text")
    return value.strip()


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("true or false")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _Wrong("a whole number, 0 or more")
    return value


def _amount(value: Any) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal(-1)
    if isinstance(value, bool) or not amount.is_finite() or amount < 0:
        raise _Wrong("a number, 0 or more")
    return amount


def _day(value: Any) -> dt.date | None:
    if value is None:
        return None
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
        raise _Wrong("a day such as 2024-01-31")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    is_list = isinstance(value, list)
    if not is_list or not all(isinstance(item, str) or _fits(item, int) for item in value):
        raise _Wrong("a list of texts")
    return tuple(str(item) for item in value)


def _accepted(value: Any) -> tuple[str, ...]:
    named = _texts(value)
    unknown = [name for name in named if name not in ACCEPTABLE]
    if unknown:
        raise _Wrong(f"a list of rules ({unknown[0]} is none. {nearest(unknown[0], ACCEPTABLE)})")
    return named


def _time_zone(value: Any) -> str:
    known = zoneinfo.available_timezones() - {"localtime"}
    if isinstance(value, str) and value in known:
        return value
    # A city alone is a likely slip; a list of all six hundred would help nobody.
    names = {name.lower(): zone for zone in sorted(known) for name in (zone, zone.rsplit("/")[-1])}
    close = get_close_matches(str(value).lower().replace(" ", "_"), names, n=1, cutoff=0.75)
    hint = f" (did you mean {names[close[0]]}?)" if close else ""
    raise _Wrong(f"a time zone such as Europe/Berlin{hint}")


def _date_order(value: Any) -> str:
    if value not in ("day first", "month first", "year first"):
        raise _Wrong("day first, month first or year first")
    return str(value)


def _decimal_sign(value: Any) -> str:
    if value not in SIGNS:
        raise _Wrong(" or ".join(SIGNS))
    return str(value)


def _mapping(value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, dict):
        raise _Wrong("a list of `key: value` lines")
    return value


def _rates(value: Any) -> dict[str, Decimal]:
    try:
        rates = {code.upper(): _amount(rate) for code, rate in _mapping(value).items()}
    except (_Wrong, AttributeError):  # a word such as NO is no text in YAML
        rates = {"": Decimal(0)}
    if not all(0 < rate < 10**6 and rate == round(rate, 12) for rate in rates.values()):
        raise _Wrong("a rate above 0 with at most 12 decimals for every currency, such as USD: 0.92")
    return rates


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 < value < 1


def _targets(value: Any) -> dict[str, float]:
    targets = dict(_mapping(value))
    if set(targets) - {"churn"}:
        raise _Wrong("`churn` with a monthly rate, such as churn: 0.04")
    if not all(_is_share(goal) for goal in targets.values()):
        raise _Wrong("a monthly rate between 0 and 1, such as churn: 0.04")
    return targets


def _play_experiments(value: Any) -> dict[str, str]:
    named = _mapping(value)
    unknown = [str(play) for play in named if play not in PLAYS]
    if unknown:
        raise _Wrong(f"the experiment of a play. {unknown[0]} is none: {nearest(unknown[0], PLAYS)}")
    if not all(isinstance(experiment, str) for experiment in named.values()):
        raise _Wrong("the name of an experiment for each play, such as usage_reminder: june_mails")
    return {str(play): str(experiment) for play, experiment in named.items()}


def _warning_thresholds(value: Any) -> dict[str, float]:
    thresholds = _mapping(value)
    unknown = [str(name) for name in thresholds if name not in WARNINGS]
    if unknown:
        raise _Wrong(f"thresholds of warnings. {unknown[0]} is none: {nearest(unknown[0], WARNINGS)}")
    if not all(_is_number(threshold) and threshold > 0 for threshold in thresholds.values()):
        raise _Wrong("a number above 0 for each warning, such as no_login_30_days: 14")
    return {str(name): float(threshold) for name, threshold in thresholds.items()}


def _reason_map(value: Any) -> dict[str, str]:
    named = {str(code): str(reason).strip() for code, reason in _mapping(value).items()}
    known = (*REASONS, NOT_ASKED, NOT_ANSWERED)
    for reason in named.values():
        if reason not in known:
            hint = nearest(reason, known).rstrip(".")
            raise _Wrong(f"a map to known reasons; {reason} is none ({hint[0].lower()}{hint[1:]})")
    return named


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "business": _text,
    "time_zone": _time_zone,
    "currency": lambda value: _text(value).upper(),
    "exchange_rates": _rates,
    "history_starts_on": _day,
    "switch_gap_days": _whole,
    "landmark_days": _whole,
    "horizon_days": _whole,
    "min_customers": _whole,
    "high_value_mrr": _amount,
    "calls_a_month": _whole,
    "play_experiments": _play_experiments,
    "warning_thresholds": _warning_thresholds,
    "targets": _targets,
    "benchmarks": _switch,
    "attributes": _texts,
    "personal": _texts,
    "show_names": _switch,
    "internal_accounts": _texts,
    "activity_events": _texts,
    "onboarding_event": _text,
    "reason_map": _reason_map,
    "dunning_days": _whole,
    "date_order": _date_order,
    "decimal_sign": _decimal_sign,
    "sources": _mapping,
    "accepted": _accepted,
}


_LARGEST = 2_000_000  # bytes of a file that a person wrote


class _Loader(yaml.SafeLoader):
    """YAML, but a key that stands twice is a fault, and so is a day that does not exist."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, ArithmeticError):
            problem = f"{getattr(node, 'value', 'a value')} is no value"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f"{key.value} stands twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def document(path: Path) -> dict[Any, Any]:
    """The keys and values of a YAML file. Raises InputError where it has another form."""
    if path.exists() and not path.is_file():  # a pipe would never end
        raise InputError(f"{path.name} cannot be opened. Put the file itself here, readable.")
    if path.exists() and path.stat().st_size > _LARGEST:
        raise InputError(f"{path.name} is larger than any file that a person writes. Correct it.")
    try:
        document = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_Loader)
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is not UTF-8 text. Save it as UTF-8.") from None
    except OSError:
        raise InputError(f"{path.name} cannot be opened. Put the file itself here, readable.") from None
    except RecursionError:
        raise InputError(f"{path.name} is nested too deeply. Correct it.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise InputError(f"{path.name} cannot be read{line}: {problem}. Correct it.") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise InputError(f"{path.name} should hold lines of the form `key: value`.")
    return document


def _as_written(value: Any) -> str:
    """A value as it would stand in the file, on one line."""
    written = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6)
    return " ".join(written.removesuffix("...\n").split())[:60]


def read_settings(folder: Path) -> Settings:
    """The settings of a data folder; the defaults where there is no `retention.yml`.

    Raises InputError with every unknown key and unusable value at once.
    """
    path = folder / SETTINGS_FILE
    if not path.exists():
        return Settings()
    values: dict[str, Any] = {}
    faults: list[str] = []
    for key, value in document(path).items():
        if key not in _CHECKS:
            faults.append(f"{path.name}: {key} is not a setting. {nearest(key, _CHECKS)}")
            continue
        if value is None:
            continue
        try:
            values[key] = _CHECKS[key](value)
        except _Wrong as wrong:
            faults.append(f"{path.name}: {key} is {_as_written(value)}, and should be {wrong}.")
    if faults:
        raise InputError("\n".join(faults))
    defaults = Settings()
    if "targets" in values:
        values["targets"] = {**defaults.targets, **values["targets"]}
    return Settings(**values)


def named_settings(folder: Path) -> set[str]:
    """The keys that the owner wrote into `retention.yml`."""
    path = folder / SETTINGS_FILE
    return set(map(str, document(path))) if path.exists() else set()


_EXPERIMENT_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "hypothesis": str,
    "started_on": dt.date,
    "ended_on": dt.date,
    "randomised": bool,
    "arms": dict,
    "outcome": dict,
    "smallest_effect": (int, float),
    "baseline": (int, float),
    "size": int,
    "looks": str,
    "eligible": dict,
    "milestone": dict,
    "guardrails": dict,
    "aa_test": bool,
    "decision": (str, dict),
}
_REQUIRED_KEYS = ("hypothesis", "started_on", "randomised", "arms", "outcome")
OUTCOMES = ("retained", "not_cancelled", "paying", "event")
LOOKS = ("monthly",)


def _experiment_faults(name: str, plan: Any) -> list[str]:
    where = f"{EXPERIMENTS_FILE}: {name}"
    if not isinstance(plan, dict):
        return [f"{where} should hold lines of the form `key: value`."]
    faults = [
        f"{where}: {key} is not known here. {nearest(key, _EXPERIMENT_KEYS)}"
        for key in plan
        if key not in _EXPERIMENT_KEYS
    ]
    faults += [f"{where}: {key} is missing." for key in _REQUIRED_KEYS if plan.get(key) is None]
    faults += [
        f"{where}: {key} is {_as_written(value)}, which is not of the form that {key} takes."
        for key, value in plan.items()
        if value is not None and key in _EXPERIMENT_KEYS and not _fits(value, _EXPERIMENT_KEYS[key])
    ]
    outcome, arms = plan.get("outcome"), plan.get("arms")
    if isinstance(outcome, dict):
        faults += [f"{where}: {fault}" for fault in _outcome_faults(outcome)]
    if isinstance(arms, dict) and not _shares_add_up(arms):
        faults.append(f"{where}: the planned shares of its arms should be at least two and add up to 1.")
    if isinstance(arms, dict) and not all(isinstance(arm, str) for arm in arms):
        faults.append(f"{where}: the name of an arm is no text. Write it in quotes, such as 'on' or '1'.")
    faults += [
        f"{where}: {key} is {plan[key]!r}, and should lie between 0 and 1."
        for key in ("smallest_effect", "baseline")
        if _is_number(plan.get(key)) and not _is_share(plan[key])
    ]
    if isinstance(plan.get("looks"), str) and plan["looks"] not in LOOKS:
        faults.append(f"{where}: looks is {_as_written(plan['looks'])}. {nearest(plan['looks'], LOOKS)}")
    started_on, ended_on = plan.get("started_on"), plan.get("ended_on")
    if _is_day(started_on) and _is_day(ended_on) and ended_on < started_on:
        faults.append(f"{where}: ended_on lies before started_on. Correct the dates.")
    if _is_number(plan.get("size")) and plan["size"] < 1:
        faults.append(f"{where}: size is {plan['size']!r}, and should be a whole number of customers an arm.")
    return faults + [f"{where}: {fault}" for fault in _nested_faults(plan)]


def _fits(value: Any, kind: type | tuple[type, ...]) -> bool:
    """Whether a value is of this kind; true is no number, and an instant no day."""
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, kind) and not isinstance(value, dt.datetime)


def _is_day(value: Any) -> TypeGuard[dt.date]:
    return _fits(value, dt.date)


def _outcome_faults(outcome: Mapping[Any, Any]) -> list[str]:
    faults = _unknown_keys("outcome", outcome, ("kind", "days", "name"))
    if outcome.get("kind") not in OUTCOMES:
        faults.append(f"outcome is of no known kind. {nearest(outcome.get('kind'), OUTCOMES)}")
    days = outcome.get("days")
    if not isinstance(days, int) or isinstance(days, bool) or days < 0:
        faults.append("outcome needs its `days`, a whole number.")
    if outcome.get("kind") == "event" and not isinstance(outcome.get("name"), str):
        faults.append("outcome needs the `name` of its event.")
    return faults


def _nested_faults(plan: Mapping[Any, Any]) -> list[str]:
    faults: list[str] = []
    milestone, guardrails = plan.get("milestone"), plan.get("guardrails")
    if isinstance(milestone, dict):
        faults += _unknown_keys("milestone", milestone, ("event", "count"))
        if not isinstance(milestone.get("event"), str) or not _fits(milestone.get("count"), int):
            faults.append("milestone needs an `event` and its `count`.")
    if isinstance(guardrails, dict):
        # An event would need its name; the other outcomes are looked at on the outcome's own day.
        faults += _unknown_keys("guardrails", guardrails, [kind for kind in OUTCOMES if kind != "event"])
        if not all(_is_number(worst) for worst in guardrails.values()):
            faults.append("guardrails need the worst acceptable difference, such as paying: -0.02.")
    return faults


def _unknown_keys(key: str, values: Mapping[Any, Any], known: Sequence[str]) -> list[str]:
    return [
        f"{key}: {name} is not known here. {nearest(name, known)}" for name in values if name not in known
    ]


def _shares_add_up(arms: Mapping[Any, Any]) -> bool:
    shares = list(arms.values())
    numbers = all(_is_number(share) and share > 0 for share in shares)
    return numbers and len(shares) > 1 and abs(sum(shares) - 1) < 1e-6


def read_experiments(folder: Path) -> dict[str, dict[str, Any]]:
    """The experiments that the owner wrote down, by name; empty where there is no file.

    Raises InputError with every unknown key and unusable value at once.
    """
    path = folder / EXPERIMENTS_FILE
    if not path.exists():
        return {}
    plans = {str(name): plan for name, plan in document(path).items()}
    faults = [fault for name, plan in plans.items() for fault in _experiment_faults(name, plan)]
    if faults:
        raise InputError("\n".join(faults))
    return plans


assert set(_CHECKS) == {item.name for item in fields(Settings)}

"""The owner's choices: `retention.yml` and `experiments.yml`, checked key by key.

Both files are optional. An unknown key is an error, because a misspelt setting that is ignored in
silence gives a report about something else.
"""

import datetime as dt
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from retention_helpers.errors import InputError, nearest

SETTINGS_FILE = "retention.yml"
EXPERIMENTS_FILE = "experiments.yml"

GOOD_CHURN, SERIOUS_CHURN = 0.05, 0.10  # a month
GOOD_RETENTION, SERIOUS_RETENTION = 0.70, 0.50  # at 12 months


@dataclass(frozen=True)
class Settings:
    """What `retention.yml` may hold, with the values that hold where it is silent."""

    business: str = "Your business"
    time_zone: str = "UTC"
    currency: str = ""  # empty: the one currency of the data
    exchange_rates: Mapping[str, Decimal] = field(default_factory=dict)  # 1 unit in `currency`
    history_starts_on: dt.date | None = None
    switch_gap_days: int = 3
    landmark_days: int = 30
    horizon_days: int = 90
    min_customers: int = 20
    high_value_mrr: Decimal = Decimal(100)
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
    sources: Mapping[str, Any] = field(default_factory=dict)

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


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
    if not isinstance(value, list) or not all(isinstance(item, str | int) for item in value):
        raise _Wrong("a list of texts")
    return tuple(str(item) for item in value)


def _time_zone(value: Any) -> str:
    known = zoneinfo.available_timezones()
    if value not in known:
        raise _Wrong(f"a time zone such as Europe/Berlin. {nearest(value, known)}".rstrip("."))
    return str(value)


def _date_order(value: Any) -> str:
    if value not in ("day first", "month first", "year first"):
        raise _Wrong("day first, month first or year first")
    return str(value)


def _mapping(value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, dict):
        raise _Wrong("a list of `key: value` lines")
    return value


def _rates(value: Any) -> dict[str, Decimal]:
    rates = {str(code).upper(): _amount(rate) for code, rate in _mapping(value).items()}
    if not all(rates.values()):
        raise _Wrong("a rate above 0 for every currency, such as USD: 0.92")
    return rates


def _targets(value: Any) -> dict[str, float]:
    targets = dict(_mapping(value))
    if set(targets) - {"churn"}:
        raise _Wrong("`churn` with a monthly rate, such as churn: 0.04")
    if not all(isinstance(goal, int | float) and 0 < goal < 1 for goal in targets.values()):
        raise _Wrong("a monthly rate between 0 and 1, such as churn: 0.04")
    return targets


def _reason_map(value: Any) -> dict[str, str]:
    return {str(code): str(reason) for code, reason in _mapping(value).items()}


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
    "sources": _mapping,
}


def _document(path: Path) -> dict[Any, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is not UTF-8 text. Save it as UTF-8.") from None
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


def read_settings(folder: Path) -> Settings:
    """The settings of a data folder; the defaults where there is no `retention.yml`.

    Raises InputError with every unknown key and unusable value at once.
    """
    path = folder / SETTINGS_FILE
    if not path.exists():
        return Settings()
    values: dict[str, Any] = {}
    faults: list[str] = []
    for key, value in _document(path).items():
        if key not in _CHECKS:
            faults.append(f"{path.name}: {key} is not a setting. {nearest(key, _CHECKS)}")
            continue
        if value is None:
            continue
        try:
            values[key] = _CHECKS[key](value)
        except _Wrong as wrong:
            faults.append(f"{path.name}: {key} is {value!r}, and should be {wrong}.")
    if faults:
        raise InputError("\n".join(faults))
    defaults = Settings()
    if "targets" in values:
        values["targets"] = {**defaults.targets, **values["targets"]}
    return Settings(**values)


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
    "decision": (str, dict),
}
_REQUIRED_KEYS = ("hypothesis", "started_on", "randomised", "arms", "outcome")
OUTCOMES = ("retained", "not_cancelled", "paying", "event")


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
        f"{where}: {key} is {value!r}, which is not of the form that {key} takes."
        for key, value in plan.items()
        if value is not None and key in _EXPERIMENT_KEYS and not isinstance(value, _EXPERIMENT_KEYS[key])
    ]
    outcome, arms = plan.get("outcome"), plan.get("arms")
    if isinstance(outcome, dict) and outcome.get("kind") not in OUTCOMES:
        faults.append(f"{where}: outcome is of no known kind. {nearest(outcome.get('kind'), OUTCOMES)}")
    if isinstance(arms, dict) and not _shares_add_up(arms):
        faults.append(f"{where}: the planned shares of its arms should be at least two and add up to 1.")
    return faults


def _shares_add_up(arms: Mapping[Any, Any]) -> bool:
    shares = list(arms.values())
    numbers = all(isinstance(share, int | float) and share > 0 for share in shares)
    return numbers and len(shares) > 1 and abs(sum(shares) - 1) < 1e-6


def read_experiments(folder: Path) -> dict[str, dict[str, Any]]:
    """The experiments that the owner wrote down, by name; empty where there is no file.

    Raises InputError with every unknown key and unusable value at once.
    """
    path = folder / EXPERIMENTS_FILE
    if not path.exists():
        return {}
    plans = {str(name): plan for name, plan in _document(path).items()}
    faults = [fault for name, plan in plans.items() for fault in _experiment_faults(name, plan)]
    if faults:
        raise InputError("\n".join(faults))
    return plans


assert set(_CHECKS) == {item.name for item in fields(Settings)}

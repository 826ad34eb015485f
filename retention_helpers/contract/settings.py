"""The owner's choices: `retention.yml`, each setting declared once.

Every line of the file is optional. An unknown key is an error, because a misspelt setting that is ignored in
silence gives a report about something else.
"""

import datetime as dt
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from retention_helpers.contract.delivering import Deliver, deliver
from retention_helpers.contract.exchange import EARLIER, OTHER_MONTHS, Rates, is_month
from retention_helpers.contract.reason_codes import NOT_ANSWERED, NOT_ASKED
from retention_helpers.contract.tables import ACCEPTABLE, REASONS
from retention_helpers.contract.yaml_files import Unfit, as_written, document, fits, is_number, is_share
from retention_helpers.words.commands import DUCKDB, ENGINES
from retention_helpers.words.errors import InputError, nearest
from retention_helpers.words.written import ORDERS, SIGNS

SETTINGS_FILE = "retention.yml"

WARNINGS = (
    "no_login_7_days", "no_login_30_days", "use_down_half", "fewer_actions", "onboarding_missed",
    "failed_payment", "downgrade", "negative_ticket", "mails_unopened", "nps_detractor",
)  # fmt: skip
PLAYS = ("personal_outreach", "payment_help", "usage_reminder", "feature_discovery", "last_resort_offer")


class Wrong(Exception):
    """What a value should have been."""


# --- what a value may be


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong("a text")
    return value.strip()


def _name(value: Any) -> str:
    name = _text(value)
    if not name:
        raise Wrong("a name")
    return name


def _code(value: Any) -> str:
    return _text(value).upper()


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong("true or false")
    return value


def _whole(most: int, what: str = "number") -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not fits(value, int) or not 0 <= value <= most:
            raise Wrong(f"a whole {what}, 0 to {most}")
        return int(value)

    return read


_days = _whole(3660, "number of days")
_short_days = _whole(366, "number of days")


def _lapse(value: Any) -> int:
    if not fits(value, int) or not 1 <= value <= 3660:
        raise Wrong("a whole number of days, 1 to 3660")
    return int(value)


_customers = _whole(10_000_000, "number of customers")


def _amount(value: Any) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal(-1)
    if isinstance(value, bool) or not amount.is_finite() or not 0 <= amount < 10**12:
        raise Wrong("a number, 0 or more")
    return amount


def _day(value: Any) -> dt.date:
    if not fits(value, dt.date) or not 1990 <= value.year <= 2100:
        raise Wrong("a day such as 2024-01-31")
    return dt.date(value.year, value.month, value.day)


def _texts(value: Any) -> tuple[str, ...]:
    is_list = isinstance(value, list)
    if not is_list or not all(isinstance(item, str) or is_number(item) for item in value):
        raise Wrong("a list of texts")
    return tuple(str(item) for item in value)


def _above_nothing(value: Any) -> float:
    if not is_number(value) or not 0 < value <= 10_000:
        raise Wrong("a number above 0")
    return float(value)


def _one_of(words: Sequence[str]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in words:
            raise Wrong(f"{', '.join(words[:-1])} or {words[-1]}")
        return str(value)

    return read


def _same_person(value: Any) -> str:
    if value != "email":
        raise Wrong("email, which makes customers of one e-mail one")
    return str(value)


def _accepted(value: Any) -> tuple[str, ...]:
    named = _texts(value)
    unknown = [name for name in named if name not in ACCEPTABLE]
    if unknown:
        raise Wrong(f"a list of rules ({unknown[0]} is none. {nearest(unknown[0], ACCEPTABLE)})")
    return named


def _time_zone(value: Any) -> str:
    known = zoneinfo.available_timezones() - {"localtime"}
    if isinstance(value, str) and value in known:
        return value
    # A city alone is a likely slip; a list of all six hundred would help nobody.
    names = {name.lower(): zone for zone in sorted(known) for name in (zone, zone.rsplit("/")[-1])}
    close = get_close_matches(str(value).lower().replace(" ", "_"), names, n=1, cutoff=0.75)
    hint = f" (did you mean {names[close[0]]}?)" if close else ""
    raise Wrong(f"a time zone such as Europe/Berlin{hint}")


def _lot(value: Any) -> str | float:
    if value == "off":
        return "off"
    if not is_share(value) or not 0 < value <= 0.5:
        raise Wrong("off, or a share of the calls up to a half, such as 0.2")
    return float(value)


def _mapping(value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, dict):
        raise Wrong("a list of `key: value` lines")
    return value


_RATES = (
    "a rate above 0 with at most 12 decimals for every currency, such as USD: 0.92, or a rate a month, "
    "such as USD: {2026-09: 0.92, 2026-10: 0.91}; other_months beside them may be a rate, or earlier"
)


def _rates(value: Any) -> dict[str, Rates]:
    try:
        return {code.upper(): _rates_of(own) for code, own in _mapping(value).items()}
    except (Wrong, AttributeError):
        raise Wrong(_RATES) from None


def _rates_of(value: Any) -> Rates:
    """The rates of one currency."""
    if not isinstance(value, dict):
        return Rates(otherwise=_rate(value))
    by_month = {month: _rate(rate) for month, rate in value.items() if month != OTHER_MONTHS}
    if not by_month or not all(map(is_month, by_month)):
        raise Wrong(_RATES)
    otherwise = value.get(OTHER_MONTHS)
    if otherwise in (None, EARLIER):
        return Rates(by_month, takes_earlier=otherwise is not None)
    return Rates(by_month, otherwise=_rate(otherwise))


def _rate(value: Any) -> Decimal:
    rate = _amount(value)
    if not 0 < rate < 10**6 or rate != round(rate, 12):
        raise Wrong(_RATES)
    return rate


def _targets(value: Any) -> dict[str, float]:
    wanted = "a map of targets: churn, first_month and net_revenue_retention as fractions, mrr as an amount"
    targets = _mapping(value)
    unknown = [str(name) for name in targets if name not in TARGETED]
    if unknown:
        raise Wrong(f"{wanted} ({unknown[0]} is none. {nearest(unknown[0], TARGETED)})")
    for name, goal in targets.items():
        if not is_number(goal) or not 0 <= goal <= TARGETED[name]:
            raise Wrong(f"{wanted}, such as churn: 0.04")
    return {**TARGETS, **{name: float(goal) for name, goal in targets.items()}}


def _play_experiments(value: Any) -> dict[str, str]:
    named = _mapping(value)
    unknown = [str(play) for play in named if play not in PLAYS]
    if unknown:
        raise Wrong(f"the experiment of a play. {unknown[0]} is none: {nearest(unknown[0], PLAYS)}")
    if not all(isinstance(experiment, str) for experiment in named.values()):
        raise Wrong("the name of an experiment for each play, such as usage_reminder: june_mails")
    return {str(play): str(experiment) for play, experiment in named.items()}


def _warning_thresholds(value: Any) -> dict[str, float]:
    thresholds = _mapping(value)
    unknown = [str(name) for name in thresholds if name not in WARNINGS]
    if unknown:
        raise Wrong(f"thresholds of warnings. {unknown[0]} is none: {nearest(unknown[0], WARNINGS)}")
    if not all(is_number(threshold) and 0 < threshold <= 3660 for threshold in thresholds.values()):
        raise Wrong("a number above 0 for each warning, such as no_login_30_days: 14")
    return {str(name): float(threshold) for name, threshold in thresholds.items()}


def _reason_map(value: Any) -> dict[str, str]:
    named = {str(code): str(reason).strip() for code, reason in _mapping(value).items()}
    known = (*REASONS, NOT_ASKED, NOT_ANSWERED)
    for reason in named.values():
        if reason not in known:
            hint = nearest(reason, known).rstrip(".")
            raise Wrong(f"a map to known reasons; {reason} is none ({hint[0].lower()}{hint[1:]})")
    return named


def _deliver(value: Any) -> Deliver:
    return deliver(value if isinstance(value, str) else _mapping(value))


# --- bands


@dataclass(frozen=True)
class Bands:
    """Where monthly churn and retention at 12 months count as good, and where as serious.

    Good is churn below `good_churn` and retention above `good_retention`; serious is above `serious_churn`
    and below `serious_retention`. With `below`, they hold for a business whose ARPA is lower than that.
    """

    good_churn: float = 0.05
    serious_churn: float = 0.10
    good_retention: float = 0.70
    serious_retention: float = 0.50
    below: Decimal | None = None


@dataclass(frozen=True)
class Benchmarks:
    """The bands that a business is held against: by ARPA, the lowest first, and those that hold above."""

    usual: Bands = field(default_factory=Bands)
    by_arpa: tuple[Bands, ...] = ()

    def at(self, arpa: float) -> Bands:
        """The bands of a business with so much MRR a customer."""
        fitting = (bands for bands in self.by_arpa if arpa < float(bands.below or 0))
        return next(fitting, self.usual)


_BANDS = (
    "bands such as churn: {good: 0.05, serious: 0.1}, retention_12: {good: 0.7, serious: 0.5}, and in "
    "by_arpa a list of them, each with the ARPA that it holds below, such as {below: 25, churn: …}"
)


def _benchmarks(value: Any) -> Benchmarks:
    if not isinstance(value, dict) or not set(value) <= {"churn", "retention_12", "by_arpa"}:
        raise Wrong(_BANDS)
    usual = _bands({name: own for name, own in value.items() if name != "by_arpa"}, Bands())
    listed = [] if value.get("by_arpa") is None else value["by_arpa"]
    if not isinstance(listed, list) or not all(isinstance(one, dict) and "below" in one for one in listed):
        raise Wrong(_BANDS)
    classes = [_bands(one, usual) for one in listed]
    return Benchmarks(usual, tuple(sorted(classes, key=lambda bands: bands.below or 0)))


def _bands(value: Mapping[str, Any], usual: Bands) -> Bands:
    if not set(value) <= {"below", "churn", "retention_12"}:
        raise Wrong(_BANDS)
    churn = _pair(value.get("churn"), usual.good_churn, usual.serious_churn)
    retention = _pair(value.get("retention_12"), usual.good_retention, usual.serious_retention)
    if churn[0] > churn[1] or retention[0] < retention[1]:
        raise Wrong("bands in which good is better than serious")
    below = _amount(value["below"]) if "below" in value else None
    if below == 0:
        raise Wrong(_BANDS)
    return Bands(*churn, *retention, below)


def _pair(value: Any, good: float, serious: float) -> tuple[float, float]:
    if value is None:
        return good, serious
    if not isinstance(value, dict) or not set(value) <= {"good", "serious"}:
        raise Wrong(_BANDS)
    found = (value.get("good", good), value.get("serious", serious))
    if not all(map(is_share, found)):
        raise Wrong(_BANDS)
    return float(found[0]), float(found[1])


# --- the settings

TARGETS = {"churn": 0.05}
# What a target may be about, and the most that it may be.
TARGETED = {"churn": 1.0, "first_month": 1.0, "net_revenue_retention": 3.0, "mrr": 1e12}


def _setting(default: Any, read: Callable[[Any], Any], words: str) -> Any:
    """A setting: what holds where the file is silent, how its value is read, and what it is for."""
    said = {"read": read, "words": words}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=said)
    return field(default=default, metadata=said)


@dataclass(frozen=True)
class Settings:
    """What `retention.yml` may hold, with the values that hold where it is silent.

    Attributes:
        named: the settings that the owner wrote.
    """

    business: str = _setting(
        "Your business", _name, "what the business is called; a report knows its earlier ones by it"
    )
    time_zone: str = _setting("UTC", _time_zone, "days and months end at this midnight")
    currency: str = _setting("", _code, "of the report; needed when the data hold several")
    exchange_rates: Mapping[str, Rates] = _setting(
        {}, _rates, "what one unit of another currency is worth in the report's, always or by month"
    )
    history_starts_on: dt.date | None = _setting(
        None, _day, "who left before that day is missing from the data; left out where nobody is"
    )
    switch_gap_days: int = _setting(3, _short_days, "a shorter interruption is a plan switch, not a loss")
    lapse_days: int = _setting(
        90, _lapse, "without subscriptions: a buyer is a customer for so many days after a purchase"
    )
    landmark_days: int = _setting(30, _days, "the day after sign-up on which customers are compared")
    horizon_days: int = _setting(90, _days, "whether they leave in so many days after it")
    min_customers: int = _setting(20, _customers, "smaller groups are “too few”")
    high_value_mrr: Decimal = _setting(
        Decimal(100), _amount, "so much a month, and you speak to them in person"
    )
    calls_a_month: int = _setting(10, _customers, "how many customers you can speak to in a month")
    calls_by_lot: str | float = _setting(
        "",
        _lot,
        "the share of your calls to customers at risk that a lot gives, to learn what a call saves; half of "
        "them where more are due than you can call and the answer comes within 36 months; off",
    )
    always_call: tuple[str, ...] = _setting(
        (), _texts, "customers whom you call when they are at risk, whatever a lot says"
    )
    play_experiments: Mapping[str, str] = _setting(
        {}, _play_experiments, "the experiment that measured what a play saves"
    )
    warning_thresholds: Mapping[str, float] = _setting({}, _warning_thresholds, "instead of the usual ones")
    targets: Mapping[str, float] = _setting(
        TARGETS,
        _targets,
        "the most churn a month, and the least first_month, net_revenue_retention and mrr, that you want",
    )
    benchmarks: Benchmarks = _setting(
        Benchmarks(), _benchmarks, "your own bands of good and serious, also by ARPA"
    )
    attributes: tuple[str, ...] = _setting(
        (), _texts, "columns of customers to compare; all that are as they were at sign-up"
    )
    personal: tuple[str, ...] = _setting(
        ("email", "name", "phone"), _texts, "columns that tell who somebody is: never compared or shown"
    )
    show_names: bool = _setting(False, _switch, "names instead of ids on the pages")
    internal_accounts: tuple[str, ...] = _setting((), _texts, "your own accounts: left out everywhere")
    activity_events: tuple[str, ...] = _setting((), _texts, "which events count as use; all")
    onboarding_event: str = _setting(
        "onboarding_completed", _text, "the event that ends the onboarding; its steps are named like it"
    )
    reason_map: Mapping[str, str] = _setting({}, _reason_map, "what your own codes for reasons mean")
    dunning_days: int = _setting(30, _short_days, "so long after a failed payment it counts as mended")
    date_order: str = _setting("", _one_of(ORDERS), "how days such as 05/03/2026 are meant")
    decimal_sign: str = _setting(
        "", _one_of(tuple(SIGNS)), "of amounts such as 1.200, where no other amount of the column shows it"
    )
    same_person: str = _setting(
        "", _same_person, "email: customers of one e-mail are one; without it they are said"
    )
    sources: Mapping[str, Any] = _setting({}, _mapping, "where the tables come from, if not from this folder")
    engine: str = _setting(
        DUCKDB, _one_of(ENGINES), "what computes: duckdb in this program, or spark for more than it holds"
    )
    deliver: Deliver | None = _setting(
        None, _deliver, "where reports and lists are sent to you: a mail, a file of one, a webhook"
    )
    memory: float = _setting(
        0.0,
        _above_nothing,
        "how many gigabytes of memory a report may take; half of the machine's, or the container's",
    )
    step_minutes: float = _setting(
        5.0, _above_nothing, "how many minutes one step of a page may work before the page is given up"
    )
    accepted: tuple[str, ...] = _setting((), _accepted, "warnings that you have looked into and found right")
    named: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


DECLARED = {one.name: one for one in fields(Settings) if one.metadata}


def read_settings(folder: Path) -> Settings:
    """The settings of a data folder; the defaults where there is no `retention.yml`.

    Raises InputError with every unknown key and unusable value at once.
    """
    path = folder / SETTINGS_FILE
    if not path.exists():
        return Settings()
    written = document(path)
    values: dict[str, Any] = {}
    faults: list[str] = []
    for key, value in written.items():
        if key not in DECLARED:
            faults.append(f"{path.name}: {key} is not a setting. {nearest(str(key), DECLARED)}")
        elif value is not None:
            try:
                values[key] = DECLARED[key].metadata["read"](value)
            except Unfit as unfit:
                faults.append(f"{path.name}: {key}: {unfit}")
            except Wrong as wrong:
                faults.append(f"{path.name}: {key} is {as_written(value)}, and should be {wrong}.")
    if faults:
        raise InputError("\n".join(faults))
    return Settings(**values, named=frozenset(written))

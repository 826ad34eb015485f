"""Opens a data folder for one report month: through the gate, cut at its end, narrowed where asked to."""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ibis.expr.types as ir

from retention_helpers import engine as engines
from retention_helpers.business import levels
from retention_helpers.business.done import done_by, load
from retention_helpers.business.identity import Identity, identity_of
from retention_helpers.business.opened import Business
from retention_helpers.contract import assumed
from retention_helpers.contract.exchange import EARLIER, OTHER_MONTHS, RateOfMonth
from retention_helpers.contract.settings import SETTINGS_FILE, Settings, read_settings
from retention_helpers.contract.tables import Fault
from retention_helpers.gate import gate, in_place, kept
from retention_helpers.gate.kept import CACHE
from retention_helpers.shipped import IS_CHECKOUT, NOTEBOOKS, SAMPLE, code_of
from retention_helpers.words import calendar, commands, left_behind
from retention_helpers.words.commands import DUCKDB
from retention_helpers.words.errors import InputError
from retention_helpers.words.formats import count, day, iso_month

QUIET_DAYS = 10  # without any row before the month's end; then the export may be old
ENDS_EARLY, ENDS_BEFORE = "data that end early", "no row in the month"
TRACKED_NOTEBOOKS = NOTEBOOKS if IS_CHECKOUT else None

Where = Mapping[str, Any]  # a level, or several, by the name of what customers are grouped by


def sample_identity() -> Identity:
    """The identity of the sample's business."""
    return identity_of(read_settings(SAMPLE), SAMPLE)


def _latest_date(today: dt.date) -> dt.date:
    """The date by the business's clock, or by the owner's where that is further: a day begins in the east."""
    return max(today, dt.date.today())


def _last_month(latest_on: str, today: dt.date) -> str:
    """The last whole month in the data: never one that is still going on."""
    over = calendar.months_after(today.replace(day=1), -1)
    return iso_month(min(dt.date.fromisoformat(latest_on).replace(day=1), over))


def _possible(month: str, first_on: str, today: dt.date) -> dt.date:
    """The first day of a month that is over and not before the data begin."""
    first = calendar.first_of(month)
    if calendar.months_after(first, 1) > today:
        last = iso_month(calendar.months_after(today.replace(day=1), -1))
        raise InputError(f"{month} is not over yet. The last whole month is {last}.")
    if calendar.months_after(first, 1) <= dt.date.fromisoformat(first_on):
        raise InputError(f"{month} lies before the data, which begin on {first_on}.")
    return first


def _silence(latest_on: str, as_of: dt.date) -> tuple[Fault, ...]:
    """A warning where the data end long before the month does."""
    latest = dt.date.fromisoformat(latest_on)
    silent = (as_of - latest).days - 1
    if silent < QUIET_DAYS:
        return ()
    said = (
        f"The latest row is of {day(latest)}, {silent} days before the month's end. If the data were "
        "exported then, everything after it is missing, losses first of all: export them again."
    )
    is_before = latest < calendar.months_after(as_of, -1)
    return (Fault("warning", "", ENDS_BEFORE if is_before else ENDS_EARLY, 0, said),)


def _rates_of(settings: Settings, month: str) -> dict[str, RateOfMonth]:
    """The rates of a month, by currency; not of those that have none."""
    found = {code: rates.of(month) for code, rates in settings.exchange_rates.items()}
    return {code: rate for code, rate in found.items() if rate is not None}


def _earlier_rates(settings: Settings, month: str) -> list[Fault]:
    """A note for each currency whose rate is that of an earlier month."""
    return [
        Fault("note", "subscriptions", "rate of an earlier month", 0,
              f"{SETTINGS_FILE}: {code} has no exchange rate of {month}, so that of {found.month} was taken, "
              f"as `{OTHER_MONTHS}` says.")
        for code, found in _rates_of(settings, month).items()
        if found.month and found.month != month
    ]  # fmt: skip


def _refuse_month_without_rate(business: Business) -> None:
    """Raise InputError where amounts are in a currency that the owner gave no rate of this month for."""
    if business.counts_buyers or all(code in business.rates for code in business.settings.exchange_rates):
        return  # the gate has seen that each currency has one
    codes = business.table("subscriptions").currency.upper().as_table().distinct().execute().iloc[:, 0]
    lacking = sorted(set(codes.dropna()) - {business.currency, *business.rates})
    if lacking:
        business.close()
        raise InputError(
            f"{SETTINGS_FILE}: there is no exchange rate from {lacking[0]} to {business.currency} of "
            f"{business.month}. Add it to `exchange_rates`: {{{lacking[0]}: {{{business.month}: …}}}}, or "
            f"say beside the months `{OTHER_MONTHS}: {EARLIER}` to take that of the latest month before it."
        )


def _refuse_tracked_folder(folder: Path) -> None:
    """The notebooks under version control show the sample; own data there would be committed."""
    if TRACKED_NOTEBOOKS and Path.cwd().is_relative_to(TRACKED_NOTEBOOKS) and folder != SAMPLE:
        raise InputError(
            "The notebooks in notebooks/ are under version control and show the sample only, so that "
            f"customer data cannot be committed. To explore {folder.name}: {commands.explore(folder)}"
        )


def open_business(
    data: Path | str,
    month: str = "",
    *,
    where: Where | None = None,
    plan: Path | None = None,
    cache: Path = CACHE,
    engine: str = "",
) -> Business:
    """Open a data folder for one report month ("2026-10"; empty: the last whole month in the data).

    `where` narrows the whole business to some of its customers, such as {"country": "DE"} or {"first_plan":
    ["solo", "team"]}: by how they began, by attributes, or by arms of experiments (`levels.names`). `plan` is
    the folder of the reports: what its running plan says was done before the cut counts as contacts. `engine`
    computes, duckdb or spark, whatever was chosen.

    Raises Stopped with every fault that would make the report wrong, InputError for a missing folder, an
    impossible month, wrong settings, or own data opened from the tracked notebooks, and
    names or levels in `where` that do not exist.

    >>> business = open_business(SAMPLE, "2026-10", where={"country": "DE"})
    >>> business.month, business.narrowed_to
    ('2026-10', 'country DE')
    """
    folder = kept.pinned_path(Path(data)) or Path(data).resolve()
    _refuse_tracked_folder(folder)
    if month:
        calendar.first_of(month)
    passed = gate.pass_gate(folder, cache)
    today = dt.datetime.now(passed.settings.zone).date()
    chosen = month or _last_month(passed.latest_on, today)
    first = _possible(chosen, passed.first_on, _latest_date(today))
    as_of = calendar.months_after(first, 1)
    silent = _silence(passed.latest_on, as_of)
    cut = _cut(folder, passed, as_of, chosen, cache, silent, engine)
    whole = _with_done(cut, plan, as_of, as_of, chosen)
    return whole if where is None else narrowed(whole, where)


def open_day(
    data: Path | str,
    day: dt.date | None = None,
    *,
    plan: Path | None = None,
    drawn_until: Callable[[dt.date, Identity], dt.date] = lambda day, _: day,
    cache: Path = CACHE,
) -> Business:
    """Open a data folder for the list of a day, cut at its end (default: today).

    What the running plan says was done counts where it was done before the day: what is written into the
    list of a day does not change that list. `drawn_until` tells for the day of a business's list the last
    one whose lots it knows.

    Raises what `open_business` raises, and InputError for a day that has not begun or lies before the data.
    """
    folder = Path(data).resolve()
    passed = gate.pass_gate(folder, cache)
    today = dt.datetime.now(passed.settings.zone).date()
    chosen = day or today
    if chosen > _latest_date(today):
        raise InputError(f"{chosen} has not begun yet. Today is {today}.")
    if chosen < dt.date.fromisoformat(passed.first_on):
        raise InputError(f"{chosen} lies before the data: the first subscription began on {passed.first_on}.")
    as_of = chosen + dt.timedelta(days=1)
    opened = _cut(folder, passed, as_of, str(chosen), cache)
    return _with_done(replace(opened, day=chosen), plan, chosen, drawn_until(chosen, opened.identity))


def _cut(
    folder: Path,
    passed: kept.Passed,
    as_of: dt.date,
    name: str,
    cache: Path,
    faults: tuple[Fault, ...] = (),
    engine: str = "",
) -> Business:
    """What passed the gate, cut at a midnight; what is derived of it lies under a name."""
    month = iso_month(as_of - dt.timedelta(days=1))
    # A folder of its own: two processes that spill into one overwrite each other's files.
    spill = cache / "spill" / f"{left_behind.mark()}-{uuid.uuid4().hex[:8]}"
    spill.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    left_behind.sweep(spill.parent, "*")
    chosen = engine or engines.chosen(passed.settings.engine)
    on = "" if chosen == DUCKDB else f"-{chosen}"
    derived = passed.folder / f"{name}{on}-{code_of()[:8]}"
    kept.forget_other_versions(derived)
    staying = passed.in_place
    if staying:
        _refuse_to_ask(chosen)
    opened = engines.opened(
        chosen,
        spill,
        passed.settings.time_zone,
        memory=passed.settings.memory,
        sql=derived / "sql",
    )
    whole = Business(
        folder=folder,
        settings=passed.settings,
        month=month,
        as_of=as_of,
        currency=passed.currency,
        faults=(
            *passed.faults,
            *faults,
            *assumed.provisional(passed.assumed, as_of),
            *_earlier_rates(passed.settings, month),
        ),
        sources=passed.sources,
        experiments={name: one.known_by(as_of) for name, one in passed.experiments.items()},
        kept=passed.folder,
        derived=derived,
        engine=opened,
        in_place=in_place.as_kept(opened, passed.folder, staying, as_of, derived / "asked")
        if staying
        else None,
        rates=_rates_of(passed.settings, month),
        not_known=passed.not_known,
        known_until=passed.assumed.until,
    )
    _refuse_month_without_rate(whole)
    return whole


def _refuse_to_ask(engine: str) -> None:
    """Raise InputError for an engine that asks nothing of a database."""
    if engine != DUCKDB:
        raise InputError(
            f"{SETTINGS_FILE}: events that stay in their database are asked there with the engine {DUCKDB} "
            f"alone, and it is {engine}. Take that choice out, or bring the events."
        )


def _with_done(
    business: Business, plan: Path | None, before: dt.date, drawn_until: dt.date, month: str = ""
) -> Business:
    """The business with what the running plan says was done: of the reports' folder, or as it is pinned.

    Of the report of a month also what the lists after it said.
    """
    folder = kept.pinned_done(business.folder)
    if plan is not None:
        folder = done_by(
            plan,
            business.identity,
            business.settings,
            before,
            business.kept,
            drawn_until=drawn_until,
            month=month,
        )
    if folder is None:
        return business
    done = load(folder)
    is_begun = bool(done.lots.drawn) and min(done.lots.drawn) < business.as_of
    drawn = {done.lots.design.name: done.lots.design} if is_begun else {}
    return replace(
        business,
        done=folder,
        lots=done.lots,
        listed=done.listed,
        called=done.called,
        experiments={**drawn, **business.experiments},
        derived=business.derived / folder.name,
        sources=(*business.sources, *done.sources),
        faults=(*business.faults, *done.faults),
        _known={},
    )


def narrowed(business: Business, where: Where) -> Business:
    """The business of those customers alone who have one of the given levels of every name.

    Its identity names the levels, and its first warning says whose numbers these are; the other warnings,
    and what was read of each file, are those of the whole business.

    Raises InputError with the names, or the levels, that exist, and where nobody has all of them.
    """
    wanted = levels_by_name(where)
    customers: ir.Table | None = None
    for by, given in wanted.items():
        found = levels.of(business, by)
        known = set(found.level.as_table().distinct().execute()["level"])
        if absent := [one for one in given if one not in known]:
            there = ", ".join(sorted(known))
            if absent[0] == levels.OTHER and (few := ", ".join(levels.together(business, by).index)):
                raise InputError(
                    f"{levels.OTHER} is no level of {by}, but those of fewer than "
                    f"{count(business.settings.min_customers)} customers (min_customers), which answers put "
                    f"together. Name them instead: {few}."
                )
            raise InputError(f"No customer has {by} {absent[0]}. The levels of {by} are: {there}.")
        own = found.filter(found.level.isin(given)).select("customer_id")
        customers = own if customers is None else customers.semi_join(own, "customer_id")
    assert customers is not None
    chosen = customers.distinct().order_by("customer_id")
    key = hashlib.blake2b(json.dumps(wanted, sort_keys=True).encode(), digest_size=6).hexdigest()
    many = int(business.keep(f"only_{key}", lambda: chosen).count().execute())
    if not many:
        raise InputError("No customer has all of these levels. Name fewer, or others.")
    said = "; ".join(f"{by} {' or '.join(given)}" for by, given in wanted.items())
    return replace(
        business,
        where=(*business.where, *((by, tuple(given)) for by, given in wanted.items())),
        faults=(_of_some(said, many, int(found.count().execute())), *business.faults),
        derived=business.derived / key,
        only=business.derived / f"only_{key}.parquet",
        _known={},
    )


def _of_some(said: str, many: int, customers: int) -> Fault:
    """The warning that the numbers are of some customers alone."""
    whose = (
        f"These numbers are of the {count(many)} of {count(customers)} customers with {said} alone. What is "
        "said of files, other warnings among it, is of all customers."
    )
    return Fault("warning", "", f"only {said}", 0, whose)


def levels_by_name(where: Where) -> dict[str, list[str]]:
    """The levels that are asked for, as texts; a single one may stand alone."""
    if not isinstance(where, Mapping) or not where:
        raise InputError('where names levels by what customers are grouped by, such as {"country": "DE"}.')
    listed = {
        by: list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
        for by, given in where.items()
    }
    if empty := [by for by, given in listed.items() if not given]:
        raise InputError(f"where names no level of {empty[0]}, such as {{{empty[0]!r}: 'DE'}}.")
    return {
        by: sorted({levels.NOT_GIVEN if one is None else str(one) for one in given})
        for by, given in listed.items()
    }

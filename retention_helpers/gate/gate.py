"""The data gate: reads a folder's files once, holds every rule against them, keeps what passed.

Every fault of every file is said at once. A fault that would make the numbers wrong is a stop; nothing is
kept then.
"""

import datetime as dt
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from retention_helpers.contract import assumed, not_known, tables
from retention_helpers.contract.assumed import Assumed
from retention_helpers.contract.settings import SETTINGS_FILE, Settings
from retention_helpers.contract.tables import Fault, Stopped
from retention_helpers.contract.yaml_files import as_written
from retention_helpers.engine import EngineError, connect
from retention_helpers.gate import in_place, kept, rules
from retention_helpers.gate.buyers import customers_of_orders
from retention_helpers.gate.evidence import Evidence
from retention_helpers.gate.folder import Folder, as_faults, look_at
from retention_helpers.gate.kept import CACHE, Passed, SourceRead
from retention_helpers.gate.reading import read_table
from retention_helpers.gate.rules.money import headings_in_one_currency, one_currency
from retention_helpers.gate.rules.persons import one_person_one_customer
from retention_helpers.gate.setting_aside import UNMATCHED, keep_imported
from retention_helpers.sources import mapping
from retention_helpers.sources.database.in_place import EVENTS, InPlace
from retention_helpers.sources.folder import Source, find_sources, shortened
from retention_helpers.sources.running import run_importers
from retention_helpers.words import left_behind
from retention_helpers.words.errors import InputError, is_of_the_disk, of_the_disk

WAY_OUT = "Free some space there, or allow writing."


@dataclass(frozen=True)
class _Files:
    """The file of every table, the owner's own ones and those that `sources:` brings; what is wrong there."""

    sources: Mapping[str, Source]
    faults: Sequence[Fault]
    not_known: Mapping[str, Mapping[str, str]]
    assumed: Assumed
    in_place: InPlace | None = None


def _files(looked: Folder, target: Path) -> _Files:
    """Run the importers that `sources:` asks for and find the files of all tables."""
    folder, settings = looked.path, looked.settings
    faults: list[Fault] = []
    elsewhere: list[Source] = []
    missing: dict[str, Mapping[str, str]] = {}
    taken: dict[str, Assumed] = {}
    is_stopped = False
    staying: InPlace | None = None
    try:
        missing |= not_known.read(folder)
        taken |= assumed.read(folder)
        mapped = mapping.tables(folder, settings)
        staying = mapping.in_place(folder, settings)
        brought = run_importers(mapping.entries(folder, settings), settings, target / "imported")
    except InputError as error:
        faults, is_stopped = as_faults(error), True
    else:
        stays = [in_place.source_of(staying)] if staying else []
        elsewhere, is_stopped = [*mapped, *stays, *brought.tables], brought.is_stopped
        missing |= brought.not_known
        taken |= brought.assumed
        said = [*not_known.faults(missing), *assumed.faults(taken)]
        faults = [*brought.faults, *_brought_twice(elsewhere), *said]
        for key, imported in brought.imported.items():
            keep_imported(target, key, imported.set_aside)
            keep_imported(target, key, imported.unmatched, folder=UNMATCHED)
    sources, others = find_sources(folder, elsewhere, looked.named)
    if is_stopped or looked.is_open:  # what was to bring the table is broken, and said
        others = [fault for fault in others if fault.rule != "missing file"]
    return _Files(sources, [*others, *faults], missing, assumed.together(taken.values()), staying)


def _brought_twice(sources: Sequence[Source]) -> list[Fault]:
    seen: dict[str, str] = {}
    faults = []
    for source in sources:
        if source.table in seen:
            said = tables.message(source.name, f"{seen[source.table]} brings {source.table} too",
                                    f"Keep one of the two under `sources:` in {SETTINGS_FILE}.")  # fmt: skip
            faults.append(Fault("stop", source.table, "two files", 0, said))
        seen[source.table] = source.name
    return faults


def _read_folder(looked: Folder, target: Path) -> Passed:
    settings = looked.settings
    files = _files(looked, target)
    engine = connect(target / "spill", settings.time_zone, memory=settings.memory)
    try:
        evidence = Evidence(engine, target, settings, looked.experiments, files.assumed.until)
        evidence.faults += [*files.faults, *looked.faults, *_without_name(looked)]
        sources, staying = _read_tables(evidence, files)
        if evidence.has("orders") and not evidence.has("customers") and not evidence.is_stopped:
            sources.append(customers_of_orders(evidence))
        rules.hold(evidence, rules.FACTS)
        if evidence.has("customers") and not evidence.is_stopped:
            one_person_one_customer(evidence)
        currency, first, latest, ahead = "", "", "", ""
        if evidence.has("subscriptions") and not looked.faults:
            currency = one_currency(evidence)
        elif evidence.has("orders"):
            currency = settings.currency
        headings_in_one_currency(evidence, currency)
        if not evidence.is_stopped:
            rules.hold(evidence, rules.SUSPICIONS)
        if not evidence.is_stopped:
            first, latest = str(evidence.first_on), str(evidence.latest_on)
            ahead = str(evidence.ahead_on or "")
    finally:
        engine.disconnect()
    read = tuple(
        replace(source, rows_kept=evidence.totals[source.table]) for source in sources if source is not None
    )
    unknown = tuple(sorted({history for why in files.not_known.values() for history in why}))
    return Passed(
        folder=target,
        settings=settings,
        experiments=looked.experiments,
        currency=currency,
        first_on=first,
        latest_on=latest,
        ahead_on=ahead,
        sources=read,
        faults=tuple(evidence.faults),
        not_known=unknown,
        assumed=files.assumed,
        in_place=staying,
    )


def _read_tables(evidence: Evidence, files: _Files) -> tuple[list[SourceRead | None], InPlace | None]:
    """Every table's reading, and the events where they stay, as they were counted."""
    staying = files.in_place
    sources: list[SourceRead | None] = []
    for source in files.sources.values():
        if staying and source.table == EVENTS:
            counted, staying = in_place.read(evidence, source, staying)
            sources.append(counted)
        else:
            sources.append(read_table(evidence, source))
    return sources, staying


def _without_name(looked: Folder) -> list[Fault]:
    """A warning where nothing but the folder's name tells this business's reports from those of others."""
    if looked.settings.business != Settings().business or looked.faults:
        return []
    said = tables.message(
        SETTINGS_FILE,
        "the business has no name, and a report knows its earlier ones by it",
        "Once this folder is renamed or copied, the plans of experiments, what was restated and last "
        "month's actions "
        f"are lost. Add the line `business: {as_written(looked.path.name)}`, or a better name.",
    )
    return [Fault("warning", "", "business without a name", 0, said)]


def pass_gate(folder: Path, cache: Path = CACHE) -> Passed:
    """Read a data folder, or find what an earlier reading of the same files kept.

    Raises Stopped with every fault that would make the report wrong, wrong settings included, and
    InputError where there is no folder, or where a file changes while it is read.
    """
    already = kept.pinned(folder)
    if already is not None:
        return already
    looked = look_at(folder)
    today = str(dt.datetime.now(looked.settings.zone).date())
    home = kept.home_of(folder, cache)
    place = home / looked.key(home)
    passed = kept.load(place)
    if passed is not None and not passed.reaches_further(today):
        looked.note(home)
        kept.use_again(place)
        return passed
    if passed is not None:
        place = place.with_name(f"{place.name}-{today}")
        passed = kept.load(place)
        if passed is not None:
            return passed
    try:
        return _read_and_keep(looked, place)
    except OSError as error:
        raise InputError(_of_the_cache(error, cache)) from None
    except EngineError as error:
        if not is_of_the_disk(str(error)):
            raise
        reason = str(error).splitlines()[0]
        raise InputError(f"What was read cannot be kept in {cache} ({reason}). {WAY_OUT}") from None


def _of_the_cache(error: OSError, cache: Path) -> str:
    """Whose fault it is that a reading was not kept: the cache's, unless the error names a file elsewhere."""
    if error.filename and not Path(str(error.filename)).is_relative_to(cache):
        return of_the_disk(error)
    reason = (error.strerror or "it cannot be written").lower()
    return f"What was read cannot be kept in {cache} ({reason}). {WAY_OUT}"


def _read_and_keep(looked: Folder, place: Path) -> Passed:
    home = place.parent
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".building-{left_behind.mark()}-", dir=home))
    try:
        passed = _read_folder(looked, building)
        _refuse_changed(looked)
        if any(fault.level == "stop" for fault in passed.faults):
            raise Stopped(passed.faults)
        kept.save(passed)
        for done in ("spill", "imported"):
            shutil.rmtree(building / done, ignore_errors=True)
        try:
            building.rename(place)
        except OSError:
            if kept.load(place) is None:  # else another process kept the same reading first
                kept.forget(place)
                building.rename(place)
        kept.forget_old(home, place)
        looked.note(home)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    found = kept.load(place)
    if found is None:
        raise OSError
    return found


def _refuse_changed(looked: Folder) -> None:
    """What was read of a file that changed meanwhile may be half old and half new."""
    changed = looked.changed()
    if changed:
        names = shortened([path.name for path in changed])
        raise InputError(
            f"{names} changed while {'it was' if len(changed) == 1 else 'they were'} being read. "
            "Start again when nothing writes there."
        )

"""Events that stay in PostgreSQL: every number is that of the same events in a file, and only results come.

The sample (106,234 events) and a small business of awkward rows are opened twice each. The server really
runs.
"""

import io
import itertools
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import yaml
from conftest import OTHER_COLUMNS, write_folder

from retention_helpers import shipped
from retention_helpers.__main__ import main
from retention_helpers.business import SAMPLE, Business, months, open_business
from retention_helpers.churn_reasons.did import kept_kinds_of_use
from retention_helpers.churned_vs_retained.use import kept_early_days
from retention_helpers.contract.tables import Fault, Stopped
from retention_helpers.early_warning.seen import onboarded
from retention_helpers.engine.dialects import micros_of_midnight
from retention_helpers.experiments import observational, outcomes
from retention_helpers.gate import gate
from retention_helpers.measurement import sessions, usage
from retention_helpers.measurement.activity import kept_accounts, kept_sign_ups
from retention_helpers.sources.database import in_place
from retention_helpers.win_back_and_loyalty import campaigns, letters, loyalty, touches
from retention_helpers.words.commands import SPARK
from retention_helpers.words.errors import InputError

VARIABLE = "RETENTION_TEST_EVENTS"
MONTH = "2026-10"
STAYS = {"events": {"database": "../shop.yml", "in_place": True}}
# Who, when, what: blanks, signs of SQL and of CSV, capitals; nights in which clocks are set; midnights.
AWKWARD = [
    (who, at, event)
    for who, (at, event) in itertools.product(
        [" C-1 ", "C-2", "Ä%, \"'\\", "C-6", "C-7", "stranger"],
        [
            ("2026-01-05T23:30:00Z", "login"),
            ("2026-01-05T23:30:00Z", "login"),
            ("2026-01-06T00:00:00+01:00", '100 % of "it", it\'s\ndone'),
            ("2026-03-29T00:59:59.999999Z", "login"),
            ("2026-03-29T01:00:00Z", " export "),
            ("2026-03-30", "export"),
            ("2026-04-30T21:59:59Z", "\\N"),
            ("2026-04-30T22:00:00Z", "after the cut"),
        ],
    )
]
AWKWARD += [("C-2", f"2026-02-{n:02}T{n % 24:02}:{n % 60:02}:07Z", "login") for n in range(1, 29)]
SPANS = [(who.strip(), "2026-01-05", "", 10) for who, *_ in AWKWARD if who != "stranger"]
SETTINGS = {
    "time_zone": "Europe/Berlin", "activity_events": ["login", "export", "\\N"],
    "internal_accounts": ["C-6"], "same_person": "email",
}  # fmt: skip
CUSTOMERS = [
    {"customer_id": who, "signed_up_at": "2026-01-05", "email": f"{mail % 3}@x.de"}
    for mail, who in enumerate(dict.fromkeys(who for who, *_ in SPANS))
]


def put(address: str, table: str, rows: bytes, kind: str = "timestamptz") -> None:
    with psycopg.connect(address, autocommit=True) as owner, owner.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'Europe/Berlin'")
        cursor.execute(f"CREATE TABLE {table} (customer_id text, occurred_at {kind}, event text)")
        with cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv, HEADER)") as lines:
            lines.write(rows)


def described(home: Path, table: str, **more: Any) -> None:
    entry = {"connect": VARIABLE, "tables": {"events": {"table": table}}, **more}
    (home / "shop.yml").write_text(yaml.safe_dump(entry))


@pytest.fixture(scope="module")
def address(server: str) -> Iterator[str]:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as owner:
        owner.execute("CREATE DATABASE used")
        owner.execute("CREATE ROLE onlooker LOGIN PASSWORD 'looks'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, f"{server}/used")
        yield f"{server}/used"


@pytest.fixture(scope="module")
def both(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Business]]:
    """The sample as it is, and with its events in a database."""
    home = tmp_path_factory.mktemp("both")
    events = pyarrow.csv.read_csv(SAMPLE / "events.csv.gz", convert_options=TEXTS)
    pyarrow.csv.write_csv(events.select(["customer_id", "occurred_at", "event"]), home / "events.csv")
    put(address, "used", (home / "events.csv").read_bytes())
    shutil.copytree(SAMPLE, home / "data", ignore=shutil.ignore_patterns("events.*", "*.py", "README.md"))
    own = yaml.safe_load((home / "data" / "retention.yml").read_text())
    (home / "data" / "retention.yml").write_text(yaml.safe_dump({**own, "sources": STAYS}))
    described(home, "used")
    opened = [open_business(folder, MONTH, cache=home / "cache") for folder in (SAMPLE, home / "data")]
    yield opened
    for business in opened:
        business.close()


TEXTS = pyarrow.csv.ConvertOptions(
    column_types={name: pyarrow.string() for name in ("customer_id", "occurred_at", "event")}
)
TABLES: dict[str, Callable[[Business], ir.Table]] = {
    "customer days": months.kept_customer_days,
    "accounts": kept_accounts,
    "sign-ups": kept_sign_ups,
    "early days": kept_early_days,
    "kinds of use": kept_kinds_of_use,
    "onboarded": onboarded,
    "uses of the enrolled": lambda business: campaigns._uses(business, campaigns._first_draws(business)),
}
FRAMES: dict[str, Callable[[Business], Any]] = {
    "sessions": sessions.intensity,
    "usage retention as each tool counts it": usage.by_convention,
    "outcomes of experiments": lambda business: outcomes.assigned(business).sort_values(outcomes.EACH),
    "events that happen": outcomes._events_that_happen,
    "milestones": lambda business: observational._reached(business, business.experiments).sort_values(
        outcomes.EACH
    ),
    "thanks": loyalty.thanks,
    "who recommends": loyalty.recommend,
    "the usual": lambda business: touches._without_the_usual(business, touches._ages(business)),
    "the last use": lambda business: letters._last_use(business, touches._ages(business)),
}


def frame(rows: ir.Table) -> pd.DataFrame:
    found = rows.execute()
    return found.sort_values(list(found.columns), ignore_index=True)


def same(here: Any, there: Any) -> None:
    if isinstance(here, pd.DataFrame):
        assert len(here) > 0
        # A whole number of 32 bits there may have 64 here.
        own, other = (one.reset_index(drop=True) for one in (here, there))
        pd.testing.assert_frame_equal(own, other, check_dtype=False, check_exact=True)
    else:
        assert here == there and here


@pytest.mark.parametrize("name", [*TABLES, *FRAMES])
def test_every_pass_over_the_events_of_the_sample(both: list[Business], name: str) -> None:
    """Row by row, of every room that has one."""
    measured = FRAMES.get(name) or (lambda business: frame(TABLES[name](business)))
    same(*map(measured, both))


def test_the_gate_counts_what_it_reads_of_a_file(both: list[Business]) -> None:
    here, there = both
    assert [(one.table, one.rows_kept) for one in here.sources if one.table == "events"] == [
        (one.table, one.rows_kept) for one in there.sources if one.table == "events"
    ]
    assert faults(here.faults) == faults(there.faults)


def faults(found: tuple[Fault, ...] | list[Fault]) -> list[tuple[str, ...]]:
    """Without the name of the file."""
    return sorted(
        (one.level, one.table, one.rule, one.message.replace("shop.yml", "events.csv")) for one in found
    )


def test_no_row_of_an_event_comes_here(both: list[Business]) -> None:
    """What was asked is kept: the most of it is a row a customer a day; never a row an event."""
    there = both[1]
    most = months.kept_customer_days(there).count().execute()
    asked = list((there.derived / "asked").glob("*.parquet"))
    assert asked
    for path in [*asked, *there.kept.glob("events*.parquet")]:
        rows = pyarrow.parquet.read_table(path)
        assert "occurred_at" not in rows.column_names and rows.num_rows <= most < 106_234


def test_what_was_asked_once_is_not_asked_again(
    both: list[Business], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = both[1]
    first = frame(onboarded(there))
    monkeypatch.setattr(in_place.Reached, "copy", None)
    assert frame(onboarded(there)).equals(first)
    with closing(open_business(there.folder, MONTH, cache=there.kept.parents[1])) as again:
        assert frame(onboarded(again)).equals(first)


def test_a_narrowed_business(both: list[Business]) -> None:
    from retention_helpers.business.opening import narrowed

    where = {"country": "DE"}
    same(*(frame(months.kept_customer_days(narrowed(business, where))) for business in both))


def test_a_query_does_not_bring_them(both: list[Business]) -> None:
    there = both[1]
    assert there.sql("select sum(events) as n from customer_days")["n"].item() == 106_234
    with pytest.raises(InputError, match=r"events stay in their database.*Ask customer_days"):
        there.sql("select count(*) from events")


# --- awkward rows ----------------------------------------------------------------------------------


def written(rows: list[tuple[str, str, str]]) -> bytes:
    table = pa.table({name: [row[nth] for row in rows] for nth, name in enumerate(OTHER_COLUMNS["events"])})
    told = io.BytesIO()
    pyarrow.csv.write_csv(table, told)
    return told.getvalue()


def opened_twice(address: str, home: Path, rows: list[tuple[str, str, str]], kind: str) -> list[Business]:
    folders = [
        write_folder(home / "file", SPANS, customers=CUSTOMERS, settings=SETTINGS, events=rows),
        write_folder(home / "stays", SPANS, customers=CUSTOMERS, settings={**SETTINGS, "sources": STAYS}),
    ]
    table = f"awkward_{kind}"
    put(address, table, written(rows), kind)
    described(home, table)
    return [open_business(folder, "2026-04", cache=home / "cache") for folder in folders]


KINDS: dict[str, list[tuple[str, str, str]]] = {
    "timestamptz": AWKWARD,
    "timestamp": [(who, at.removesuffix("Z").removesuffix("+01:00"), event) for who, at, event in AWKWARD],
    "date": [(who, at[:10], event) for who, at, event in AWKWARD],
}


@pytest.mark.parametrize("kind", KINDS)
def test_awkward_rows_are_read_as_in_a_file(address: str, tmp_path: Path, kind: str) -> None:
    """Instants with a zone, those of the business's clocks, and days; strangers, and one person twice."""
    with ExitStack() as until_read:
        here, there = (
            until_read.enter_context(closing(one))
            for one in opened_twice(address, tmp_path, KINDS[kind], kind)
        )
        assert faults(here.faults) == faults(there.faults)
        for derive in (
            months.kept_customer_days,
            kept_accounts,
            kept_sign_ups,
            kept_early_days,
            kept_kinds_of_use,
        ):
            same(frame(derive(here)), frame(derive(there)))
        same(sessions.intensity(here), sessions.intensity(there))
        for like in usage.CONVENTIONS:
            asked = {"like": like, "unit": "week", "first": False, "times": 2}
            same(*(usage.usage_retention(business, **asked) for business in (here, there)))
        days = months.kept_customer_days(there).execute()
        assert set(days["customer_id"]) == {"C-1", "C-2", KINDS[kind][16][0]}, (
            "no stranger, no own account, one person"
        )


# --- what goes wrong -------------------------------------------------------------------------------

FEW = [("C-1", f"2026-02-{day:02}T10:00:00Z", "login") for day in range(1, 25)]


def small(address: str, home: Path, table: str, rows: bytes | None = None, kind: str = "timestamptz") -> Path:
    """A folder whose events stay in a table of their own."""
    put(address, table, rows or written(FEW), kind)
    described(home, table)
    return write_folder(home / "data", [("C-1", "2026-01-05", "", 10)], settings={"sources": STAYS})


def executed(address: str, statement: str) -> None:
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute(statement)


def test_rows_that_came_after_the_reading(address: str, tmp_path: Path) -> None:
    """After the cut they do not matter; before it they outdate the reading, and the next one counts them."""
    folder, cache = small(address, tmp_path, "growing"), tmp_path / "cache"
    insert = "INSERT INTO growing VALUES ('C-1', '{}', 'login')"
    gate.pass_gate(folder, cache)
    executed(address, insert.format("2026-03-01 10:00:00+00"))
    with closing(open_business(folder, "2026-02", cache=cache)) as business:
        assert kept_kinds_of_use(business).count().execute() == 1
    executed(address, insert.format("2026-02-03 10:00:00+00"))
    with closing(open_business(folder, "2026-02", cache=cache)) as business:
        assert kept_kinds_of_use(business).count().execute() == 1, "what was asked before is of one state"
        said = r"shop.yml: events changed after they were read: 2026-02-03 had 1 row, and has 2 rows now\."
        with pytest.raises(InputError, match=said):
            months.kept_customer_days(business)
    with closing(open_business(folder, "2026-02", cache=cache)) as business:
        assert months.kept_customer_days(business).events.sum().execute() == 25


def test_a_connection_that_is_lost(address: str, tmp_path: Path) -> None:
    folder = small(address, tmp_path, "lost")
    with closing(open_business(folder, "2026-02", cache=tmp_path / "cache")) as business:
        kept_kinds_of_use(business)
        executed(
            address, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
        with pytest.raises(
            InputError, match=r"shop\.yml: the connection to the database was lost in the middle"
        ):
            months.kept_customer_days(business)
    with closing(open_business(folder, "2026-02", cache=tmp_path / "cache")) as business:
        assert months.kept_customer_days(business).count().execute() == 24


def stopped(folder: Path, cache: Path) -> str:
    with pytest.raises(Stopped) as found:
        gate.pass_gate(folder, cache)
    return str(found.value)


def test_a_user_who_may_not_read(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small(address, tmp_path, "closed")
    monkeypatch.setenv(VARIABLE, address.replace(address.split("//")[1].split("@")[0], "onlooker:looks"))
    said = stopped(folder, tmp_path / "cache")
    assert "shop.yml: the database says: permission denied for table closed. Let its owner" in said
    assert "GRANT SELECT" in said and "looks" not in said


def test_rows_that_are_not_whole(address: str, tmp_path: Path) -> None:
    """Each rule of a row, with how many break it."""
    rows = [*FEW, (" ", "2026-02-01T10:00:00Z", "login"), ("C-1", "2026-02-01T10:00:00Z", "")]
    rows += [("C-1", "-infinity", "login"), ("C-1", "", "login")]
    folder = small(address, tmp_path, "broken", written(rows).replace(b'""', b""))
    said = stopped(folder, tmp_path / "cache")
    for rule in (
        "occurred_at is empty",
        "customer_id is empty",
        "event is empty",
        "occurred_at lies before 1900",
    ):
        assert f"shop.yml: {rule} in 1 of 28 rows" in said.replace(", or is infinity", "")


WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "of another database": (STAYS, {"sqlite": "shop.sqlite"}, "events can stay in PostgreSQL alone, not in"),
    "without events": (STAYS, {"tables": {"customers": {"table": "few"}}}, "should hold a line for events"),
    "no such table": (STAYS, {"tables": {"events": {"table": "none"}}}, "there is no table none. Correct"),
    "no such column": (
        STAYS, {"tables": {"events": {"table": "few", "columns": {"event": "what"}}}}, "has no column what"
    ),
    "text": (
        STAYS, {"tables": {"events": {"query": "SELECT customer_id, '1' AS occurred_at, event FROM few"}}},
        "occurred_at is string, and no time",
    ),
    "another table": ({"payments": STAYS["events"]}, {}, "only events can stay in a database"),
    "not in place": (
        {"events": {"database": "../shop.yml"}}, {}, "sources: events: write `in_place: true` beside"
    ),
    "no such file": ({"events": {"database": "no.yml", "in_place": True}}, {}, "there is no file no.yml"),
}  # fmt: skip


@pytest.fixture(scope="module")
def few(address: str) -> str:
    put(address, "few", written(FEW))
    return "few"


@pytest.mark.parametrize(("sources", "description", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_stay_is_one_sentence(
    few: str, tmp_path: Path, sources: dict[str, Any], description: dict[str, Any], said: str
) -> None:
    described(tmp_path, few, **description)
    if "sqlite" in description:
        (tmp_path / "shop.yml").write_text(
            yaml.safe_dump({**description, "tables": {"events": {"table": few}}})
        )
    folder = write_folder(tmp_path / "data", [("C-1", "2026-01-05", "", 10)], settings={"sources": sources})
    assert said in stopped(folder, tmp_path / "cache")


def test_spark_asks_nothing_there(few: str, tmp_path: Path) -> None:
    described(tmp_path, few)
    folder = write_folder(tmp_path / "data", [("C-1", "2026-01-05", "", 10)], settings={"sources": STAYS})
    with pytest.raises(InputError, match="with the engine duckdb alone, and it is spark"):
        open_business(folder, "2026-02", cache=tmp_path / "cache", engine=SPARK)


def test_a_file_of_events_beside_them_stops(few: str, tmp_path: Path) -> None:
    described(tmp_path, few)
    folder = write_folder(
        tmp_path / "data", [("C-1", "2026-01-05", "", 10)], settings={"sources": STAYS}, events=FEW
    )
    assert "events.csv: shop.yml holds the same table" in stopped(folder, tmp_path / "cache")


# --- what engines say differently ------------------------------------------------------------------

SAID: dict[str, Callable[[ir.Table], ir.Value]] = {
    "rounded down": lambda rows: (rows.n - 3) // 2,
    "the first of a month": lambda rows: rows.day.truncate("M"),
    "a midnight in the zone of the business": lambda rows: micros_of_midnight(rows.day),
    "seconds with their fraction": lambda rows: rows["at"].epoch_seconds(),
    "an hour": lambda rows: rows["at"].truncate("h"),
    "days between": lambda rows: rows.day.delta(rows["at"].date(), unit="day"),
}


def test_it_means_there_what_it_means_here(few: str, tmp_path: Path) -> None:
    """Whole numbers below zero, a day before the clocks are set, an instant between two seconds."""
    described(tmp_path, few)
    folder = write_folder(tmp_path / "data", [("C-1", "2026-01-05", "", 10)], settings={"sources": STAYS})
    given = {
        "n": [-4, 0, 6],
        "day": ["2026-03-29", "1969-12-31", "2026-02-28"],
        "at": ["2026-03-29 00:59:59.999999", "1969-12-31 23:00:00", "2026-02-28 12:00:00.5"],
    }
    kinds = pa.schema({"n": pa.int64(), "day": pa.date32(), "at": pa.timestamp("us")})
    rows = ibis.memtable(pa.table(given).cast(kinds))
    with closing(open_business(folder, "2026-02", cache=tmp_path / "cache")) as business:
        events = business.table("events").select("event")
        here, there = events.distinct().cross_join(rows), events.cross_join(rows).distinct()
        for say in SAID.values():
            same(*(frame(each.select("n", told=say(each)).distinct()) for each in (here, there)))


# --- the document's example ------------------------------------------------------------------------


def blocks(kind: str) -> list[str]:
    """The blocks of one kind in the document's section on PostgreSQL."""
    document = (shipped.HOME / "docs" / "scale.md").read_text(encoding="utf-8")
    section = document.partition("## Events that stay in PostgreSQL\n")[2].partition("\n## ")[0]
    return re.findall(rf"```{kind}\n(.*?)```", section, re.DOTALL)


def test_the_example_of_the_document_runs(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its grants as the owner, its two files, and every command, as the reader that it makes."""
    (grants,), (description, settings), (commands,) = blocks("sql"), blocks("yaml"), blocks("sh")
    executed(address, "CREATE SCHEMA app")
    put(address, "app.events", written(FEW))
    executed(address, grants.replace("reader", "of_the_document"))
    home = tmp_path / "data"
    home.mkdir()
    write_folder(home / "mine", [("C-1", "2026-01-05", "", 10)])
    (home / "shop.yml").write_text(description)
    with (home / "mine" / "retention.yml").open("a") as file:
        file.write(settings)
    exported, *run = commands.splitlines()
    name, _, value = exported.removeprefix("export ").split("  #")[0].strip().partition("=")
    where = address.rpartition("@")[2]
    monkeypatch.setenv(
        name, value.strip("'").replace("host/shop", where).replace("reader", "of_the_document")
    )
    monkeypatch.chdir(tmp_path)
    for line in run:
        asked = line.partition("retention_helpers ")[2].split()
        assert asked and main(asked) == 0, capsys.readouterr().err
    made = json.loads((tmp_path / "reports" / "2026-02" / "findings.json").read_text(encoding="utf-8"))[
        "made"
    ]
    assert {"table": "events", "file": "shop.yml", "rows": len(FEW), "sha256": None} in made["files"]

"""Databases of the owner's: a PostgreSQL server that really runs, and SQLite."""

import datetime as dt
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import postgres
import psycopg
import pyarrow.parquet as pq
import pytest
import yaml

from retention_helpers import sources
from retention_helpers.commands import checking
from retention_helpers.contract.settings import Settings
from retention_helpers.gate import folder, gate
from retention_helpers.sources.database import connections
from retention_helpers.sources.importing import import_files
from retention_helpers.sources.interface import Imported, Order
from retention_helpers.words.errors import InputError

VARIABLE = "RETENTION_TEST_DATABASE"
SECRET = "a secret"

# A shop as applications keep it: their names, their words, times with a zone and without one.
SHOP = """
CREATE TABLE accounts (id integer PRIMARY KEY, created_at timestamptz NOT NULL, "Industry" text,
    password_hash text, email varchar(80));
INSERT INTO accounts VALUES
    (1, '2026-01-05 10:30:00+01', 'law', 'x1', 'a@x.de'), (2, '2026-01-06 23:30:00-01', NULL, 'x2', 'b@x.de');
CREATE TABLE contracts (account_id integer, begins date, ends timestamp, price numeric, state text);
INSERT INTO contracts VALUES
    (1, '2026-01-05', NULL, 49.900000, 'LIVE'), (2, '2026-01-06', '2026-03-01 12:00:00', 0.333333, 'late ');
CREATE SCHEMA app;
CREATE TABLE app.events (customer_id integer, occurred_at timestamptz, event text);
INSERT INTO app.events
    SELECT 1 + n % 2, timestamptz '2026-01-07 00:00:00+00' + n * interval '1 minute', 'login'
    FROM generate_series(1, 1000) AS n;
CREATE TABLE counted (n integer);
CREATE ROLE reader LOGIN PASSWORD 'reads';
GRANT USAGE ON SCHEMA app TO reader;
GRANT SELECT ON accounts, contracts, app.events TO reader;
"""
CUSTOMERS = {"table": "accounts", "columns": {"customer_id": "ID", "signed_up_at": "created_at"}}
SUBSCRIPTIONS = {
    "table": "contracts",
    "columns": {"customer_id": "account_id", "started_at": "begins", "ended_at": "ends", "mrr": "price",
                "status": "state"},
    "values": {"status": {"live": "active", "Late": "past_due"}},
}  # fmt: skip
TABLES = {"customers": CUSTOMERS, "subscriptions": SUBSCRIPTIONS}


@pytest.fixture(scope="module")
def shop(server: str) -> str:
    """The address of a shop's database."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as owner:
        owner.execute("CREATE DATABASE shop")
    with psycopg.connect(f"{server}/shop", autocommit=True) as owner:
        owner.execute(SHOP)
    return f"{server}/shop"


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Imported]:
    """What the importer makes of a description; `address` stands in the environment meanwhile."""

    def reading(tables: Any, address: str = "", **entry: Any) -> Imported:
        monkeypatch.setenv(VARIABLE, address)
        described = tmp_path / "shop.yml"
        entry = entry or {"connect": VARIABLE}
        described.write_text(yaml.safe_dump({**entry, "tables": tables}, sort_keys=False))
        (tmp_path / "into").mkdir(exist_ok=True)
        return sources.importer("database").read(Order([described], tmp_path / "into", Settings()))

    return reading


def rows(found: Imported, table: str) -> list[dict[str, Any]]:
    return pq.read_table(found.tables[table]).to_pylist()


# --- PostgreSQL ------------------------------------------------------------------------------------


def test_tables_of_other_names_and_words(shop: str, read: Callable[..., Imported]) -> None:
    """Instants keep their zone, naive ones stay naive, amounts keep every decimal; words lose blanks."""
    found = read(TABLES, shop)
    assert rows(found, "customers") == [
        {"customer_id": 1, "signed_up_at": dt.datetime(2026, 1, 5, 9, 30, tzinfo=dt.UTC)},
        {"customer_id": 2, "signed_up_at": dt.datetime(2026, 1, 7, 0, 30, tzinfo=dt.UTC)},
    ]
    assert rows(found, "subscriptions") == [
        {"customer_id": 1, "started_at": dt.date(2026, 1, 5), "ended_at": None, "mrr": "49.900000",
         "status": "active"},
        {"customer_id": 2, "started_at": dt.date(2026, 1, 6), "ended_at": dt.datetime(2026, 3, 1, 12),
         "mrr": "0.333333", "status": "past_due"},
    ]  # fmt: skip
    assert found.rows_read == {"shop.yml": 4}


def test_nothing_is_taken_that_is_not_named(shop: str, read: Callable[..., Imported]) -> None:
    """A hash of a password stays where it is; what is left is said."""
    found = read({"customers": CUSTOMERS | {"attributes": ["industry", "email"]}}, shop)
    assert [list(row) for row in rows(found, "customers")] == [
        ["customer_id", "signed_up_at", "industry", "email"]
    ] * 2
    assert [fault.message for fault in found.faults] == [
        "shop.yml: customers: password_hash of accounts were not read. Name under `attributes:` those that "
        "say how a customer was at sign-up."
    ]


def test_a_query(shop: str, read: Callable[..., Imported]) -> None:
    """With a remark at its end, a semicolon, arrays and JSON, which become text."""
    query = (
        "SELECT id AS customer_id, date_trunc('day', created_at) AS signed_up_at, ARRAY[id, 7] AS pair,\n"
        "  json_build_object('a', id) AS more, 1.5::float8 AS weight, true AS is_new\n"
        "FROM accounts WHERE id = 2 -- the second\n;"
    )
    attributes = ["pair", "more", "weight", "is_new"]
    assert rows(read({"customers": {"query": query, "attributes": attributes}}, shop), "customers") == [
        {"customer_id": 2, "signed_up_at": dt.datetime(2026, 1, 7, tzinfo=dt.UTC), "pair": "{2,7}",
         "more": '{"a" : 2}', "weight": "1.5", "is_new": True},
    ]  # fmt: skip


def test_large_tables_come_in_batches(
    shop: str, read: Callable[..., Imported], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "AT_ONCE", 300)
    found = read({"events": {"table": "app.events"}}, shop)
    kept = pq.ParquetFile(found.tables["events"])
    assert [kept.metadata.row_group(nth).num_rows for nth in range(kept.num_row_groups)] == [
        300,
        300,
        300,
        100,
    ]
    assert found.rows_read == {"shop.yml": 1000}


ODD = """
CREATE TYPE mood AS ENUM ('active', 'past_due');
CREATE TABLE odd (id integer, starts timestamp, ends timestamptz, ends_on date, p numeric, m mood,
    r daterange, tags text[], rs tstzrange, days date[], j jsonb, t time, prices numeric[]);
INSERT INTO odd VALUES
    (1, '2026-01-05 23:30', 'infinity', 'infinity', 49.9, 'past_due', '[2026-01-05,)', '{a}');
"""


@pytest.fixture(scope="module")
def odd(shop: str) -> str:
    with psycopg.connect(shop, autocommit=True) as owner:
        owner.execute(ODD)
    return shop


def of_odd(**columns: str) -> dict[str, Any]:
    names = {"customer_id": "id", "started_at": "starts", "ended_at": "ends", "mrr": "p", **columns}
    return {"subscriptions": {"table": "odd", "columns": names}}


@pytest.mark.parametrize("end", ["ends", "ends_on"])
def test_an_end_at_infinity_is_none(odd: str, read: Callable[..., Imported], end: str) -> None:
    (row,) = rows(read(of_odd(ended_at=end, status="m", plan="tags"), odd), "subscriptions")
    assert (row["ended_at"], row["status"], row["plan"]) == (None, "past_due", "{a}")


def test_a_start_at_infinity_is_refused_in_words(odd: str, read: Callable[..., Imported]) -> None:
    """Never "cursor … does not exist", which is what follows from it."""
    with pytest.raises(InputError) as refused:
        read(of_odd(started_at="ends"), odd)
    assert str(refused.value) == (
        "shop.yml: a day is infinity, or lies after the year 9999. Where that means that there is none, ask "
        "in a `query:` for NULLIF(its column, 'infinity')."
    )


RANGE = "is a range, and no single day. Ask for the day in a `query:`, such as SELECT lower({0}) AS {1} "


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ("started_at", "r", RANGE.format("r", "started_at") + "(its end is upper(r))."),
        ("ended_at", "rs", RANGE.format("rs", "ended_at") + "(its end is upper(rs))."),
        ("started_at", "days", "is a list, and no single day. Ask for the day in a `query:`, such as SELECT "
         "days[1] AS started_at."),
        ("started_at", "j", "is JSON, and no single day. Ask for the day in a `query:`, such as SELECT "
         "j->>'its key' AS started_at."),
        ("ended_at", "t", "is a time of day, and no single day. Ask for the day in a `query:`."),
        ("mrr", "prices", "is a list, and no single amount. Ask for the amount in a `query:`, such as SELECT "
         "prices[1] AS mrr."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("asked", ["table", "query"])
def test_what_is_no_single_day_or_amount_is_refused_with_the_way_out(
    odd: str, read: Callable[..., Imported], ours: str, theirs: str, said: str, asked: str
) -> None:
    entry = of_odd(**{ours: theirs})
    if asked == "query":
        entry["subscriptions"]["query"] = f"SELECT * FROM {entry['subscriptions'].pop('table')}"
    with pytest.raises(InputError) as refused:
        read(entry, odd)
    assert str(refused.value) == f"shop.yml: subscriptions: {theirs} for {ours} {said}"


def test_the_parts_of_a_range_are_read(odd: str, read: Callable[..., Imported]) -> None:
    """As the message says; a range without an end has none."""
    query = "SELECT id, lower(r) AS started_at, upper(r) AS ended_at, p FROM odd"
    columns = {"customer_id": "id", "mrr": "p"}
    (row,) = rows(read({"subscriptions": {"query": query, "columns": columns}}, odd), "subscriptions")
    assert (row["started_at"], row["ended_at"]) == (dt.date(2026, 1, 5), None)


def test_a_number_of_three_decimals_is_exact(shop: str, read: Callable[..., Imported]) -> None:
    query = (
        "SELECT 1 AS customer_id, DATE '2026-01-05' AS started_at, NULL::date AS ended_at, "
        "1.200::numeric(10, 3) AS mrr"
    )
    (row,) = rows(read({"subscriptions": {"query": query}}, shop), "subscriptions")
    assert row["mrr"] == "1.2000"


def as_typed(folder: Path, amounts: list[object], days: str = "5 March 2026") -> list[tuple]:
    """What a report reads of a shop's cells, or the faults; the amounts stand in SQLite as they are."""
    (folder / "data").mkdir()
    with sqlite3.connect(folder / "shop.db") as database:
        database.execute("CREATE TABLE c (customer_id, signed_up_at)")
        database.execute("CREATE TABLE s (customer_id, started_at, ended_at, mrr)")
        for nth, amount in enumerate(amounts):
            database.execute("INSERT INTO c VALUES (?, ?)", (f"C-{nth}", days))
            database.execute("INSERT INTO s VALUES (?, ?, NULL, ?)", (f"C-{nth}", days, amount))
    tables = {"customers": {"table": "c"}, "subscriptions": {"table": "s"}}
    (folder / "data" / "shop.yml").write_text(yaml.safe_dump({"sqlite": "../shop.db", "tables": tables}))
    (folder / "data" / "retention.yml").write_text("sources: {database: {path: shop.yml}}\n")
    checked = checking.check(folder / "data", folder / "out", cache=folder / "cache")
    if checked.is_stopped:
        return [(fault.rule, fault.message) for fault in checked.faults if fault.level == "stop"]
    kept = gate.pass_gate(folder / "data", folder / "cache")
    read = pq.read_table(kept.folder / "subscriptions.parquet", columns=["started_on", "mrr", "currency"])
    return [tuple(row.values()) for row in read.to_pylist()]


def test_a_cell_of_a_database_means_what_it_means_in_a_file(tmp_path: Path) -> None:
    """A number is exact, whatever its decimals; a text is read as people write it."""
    found = as_typed(tmp_path, [1.2, 1.234, "49,50", "€1.099,00"])
    march = dt.date(2026, 3, 5)
    assert found == [
        (march, Decimal("1.2"), None), (march, Decimal("1.234"), None), (march, Decimal("49.5"), None),
        (march, Decimal(1099), "EUR"),
    ]  # fmt: skip


def test_a_text_that_may_be_two_amounts_stops_and_names_its_row(tmp_path: Path) -> None:
    """A database has no lines: the row is named by its number."""
    ((rule, message),) = as_typed(tmp_path, ["1.200", "49"])
    assert rule == "mrr unreadable"
    assert "(first: customer C-0, row 1, value '1.200'). It may be 1200 or 1.2" in message


def test_times_in_a_zone_of_their_own(odd: str, read: Callable[..., Imported]) -> None:
    connect = {"connect": VARIABLE, "time_zone": "America/New_York"}
    (row,) = rows(read(of_odd(), odd, **connect), "subscriptions")
    assert row["started_at"] == dt.datetime(2026, 1, 6, 4, 30, tzinfo=dt.UTC)
    with pytest.raises(InputError, match=r"shop\.yml: New York is no time zone\. Name one such as UTC"):
        read(of_odd(), odd, **{**connect, "time_zone": "New York"})


def test_an_empty_table(shop: str, read: Callable[..., Imported]) -> None:
    found = read({"events": {"query": "SELECT * FROM app.events WHERE false"}}, shop)
    assert rows(found, "events") == []
    assert pq.read_schema(found.tables["events"]).names == ["customer_id", "occurred_at", "event"]


WRITES = {
    "a statement within the query": "WITH gone AS (DELETE FROM accounts RETURNING id) SELECT * FROM gone",
    "a function that writes": "SELECT setval('numbers', 1) AS customer_id, now() AS signed_up_at",
    "after the transaction": "SELECT 1) AS a; COMMIT; DELETE FROM accounts; SELECT * FROM (SELECT 1",
    "a second statement": "SELECT 1 AS customer_id) AS a; DELETE FROM accounts; SELECT (1",
}


@pytest.mark.parametrize("query", WRITES.values(), ids=WRITES.keys())
def test_nothing_is_ever_written(shop: str, read: Callable[..., Imported], query: str) -> None:
    with psycopg.connect(shop, autocommit=True) as owner:
        owner.execute("CREATE SEQUENCE IF NOT EXISTS numbers")
        with pytest.raises(InputError, match=r"shop\.yml: the database says: "):
            read({"customers": {"query": query}}, shop)
        assert owner.execute("SELECT count(*) FROM accounts").fetchone() == (2,)


def test_a_user_who_may_only_read_is_enough(shop: str, read: Callable[..., Imported]) -> None:
    reader = shop.replace(f"{postgres.OWNER}:{postgres.QUOTED}", "reader:reads")
    assert len(rows(read(TABLES, reader), "customers")) == 2


REFUSALS: dict[str, tuple[Callable[[str], str], Any, str]] = {
    "a wrong password": (
        lambda shop: shop.replace(postgres.QUOTED, "wrong"), TABLES,
        f"shop.yml: {VARIABLE} leads to no database that can be read: it refuses the user or the password. "
        "Correct the address there.",
    ),
    "no such database": (lambda shop: f"{shop}s", TABLES, "it knows no such database or user."),
    "no server": (
        lambda shop: "postgresql://owner:a%20secret@127.0.0.1:9/shop", TABLES, "it cannot be reached."
    ),
    "an address that is none": (
        lambda shop: "postgresql://owner:a secret@[half/shop", TABLES, "it cannot be reached."
    ),
    "another kind of database, without its driver": (
        lambda shop: "mysql://owner:a%20secret@127.0.0.1/shop", TABLES, "it cannot be reached."
    ),
    "no variable": (
        lambda shop: "", TABLES, "the environment has no variable of the name at `connect:` (not repeated"
    ),
    "no table": (
        str, {"customers": {"table": "acounts"}}, "shop.yml: customers: the database has no table acounts."
    ),
    "no column": (
        str, {"customers": {"table": "accounts"}},
        "shop.yml: customers: accounts has no column customer_id. It has id, created_at, Industry, "
        "password_hash, email. Say under `columns:` which of them is meant.",
    ),
    "no column under a name": (
        str, {"customers": {"table": "accounts", "columns": {"customer_id": "no"}}},
        "accounts has no column no for customer_id.",
    ),
    "no column of ours": (
        str, {"customers": CUSTOMERS | {"columns": CUSTOMERS["columns"] | {"plan": "email"}}},  # type: ignore[operator]
        "plan is no column of ours, and is not named in `attributes`.",
    ),
    "a query that is none": (str, {"customers": {"query": "SELEC 1"}}, "the database says: syntax error"),
}  # fmt: skip


@pytest.mark.parametrize(("address", "tables", "said"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_is_one_sentence_without_the_password(
    shop: str, read: Callable[..., Imported], address: Callable[[str], str], tables: Any, said: str
) -> None:
    with pytest.raises(InputError) as refused:
        read(tables, address(shop))
    assert said.split("shop.yml: ")[-1] in str(refused.value)
    assert SECRET not in str(refused.value) and postgres.QUOTED not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_a_password_in_the_place_of_the_name_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may look like a name; one that looks like none is refused without being repeated, too."""
    monkeypatch.delenv("S3CRET", raising=False)
    path = tmp_path / "shop.yml"
    for mistake in ("S3CRET", "S3CRET!", "postgresql://u:S3CRET@h/shop"):
        path.write_text(yaml.safe_dump({"connect": mistake, "tables": TABLES}))
        with pytest.raises(InputError) as refused:
            sources.importer("database").read(Order([path], tmp_path, Settings()))
        assert "S3CRET" not in str(refused.value) and "connect" in str(refused.value)


def test_from_the_database_to_the_gate_and_the_password_is_nowhere(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Through `sources:`, with events of two weeks; no file that is left holds the password."""
    monkeypatch.setenv(VARIABLE, shop)
    (tmp_path / "data").mkdir()
    (tmp_path / "shop.yml").write_text(
        yaml.safe_dump({"connect": VARIABLE, "tables": {**TABLES, "events": {"table": "app.events"}}})
    )
    settings = {"time_zone": "Europe/Berlin", "sources": {"database": {"path": "../shop.yml"}}}
    (tmp_path / "data" / "retention.yml").write_text(yaml.safe_dump(settings))
    checked = checking.check(tmp_path / "data", tmp_path / "out", cache=tmp_path / "kept")
    assert not checked.is_stopped
    assert {one.table: one.rows_kept for one in checked.sources} == {
        "customers": 2, "subscriptions": 2, "events": 1000,
    }  # fmt: skip
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written and not any(
        secret.encode() in path.read_bytes()
        for path in written
        for secret in (postgres.PASSWORD, postgres.QUOTED)
    )
    printed = capfd.readouterr()
    assert SECRET not in printed.out + printed.err


def test_as_files_for_a_report(shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, shop)
    (tmp_path / "shop.yml").write_text(yaml.safe_dump({"connect": VARIABLE, "tables": TABLES}))
    written = import_files("database", [tmp_path / "shop.yml"], tmp_path / "data", Settings())
    assert written.rows == {"customers.csv": 2, "subscriptions.csv": 2}
    assert not checking.check(tmp_path / "data", tmp_path / "out", cache=tmp_path / "kept").is_stopped


# --- SQLite ----------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file as an application leaves it: days as text, amounts as real, whole and text."""
    path = tmp_path / "shop's 50%.sqlite"
    with sqlite3.connect(path) as made:
        made.executescript(
            """
            CREATE TABLE accounts (id INTEGER PRIMARY KEY, created_at TEXT, industry TEXT);
            INSERT INTO accounts VALUES (1, '2026-01-05 10:30:00', 'law'), (2, '2026-01-06', NULL);
            CREATE TABLE contracts (account_id INTEGER, begins DATE, ends DATETIME, price REAL, state TEXT);
            INSERT INTO contracts VALUES (1, '2026-01-05', NULL, 49.9, 'Live'),
                (2, '2026-01-06', '2026-03-01 12:00:00', '0.10', 'late');
            """
        )
    made.close()
    return path


def test_sqlite(file: Path, read: Callable[..., Imported]) -> None:
    found = read(TABLES | {"customers": CUSTOMERS | {"attributes": ["industry"]}}, sqlite=file.name)
    assert rows(found, "customers") == [
        {"customer_id": "1", "signed_up_at": "2026-01-05 10:30:00", "industry": "law"},
        {"customer_id": "2", "signed_up_at": "2026-01-06", "industry": None},
    ]
    assert rows(found, "subscriptions") == [
        {"customer_id": "1", "started_at": "2026-01-05", "ended_at": None, "mrr": "49.9", "status": "active"},
        {"customer_id": "2", "started_at": "2026-01-06", "ended_at": "2026-03-01 12:00:00", "mrr": "0.1",
         "status": "past_due"},
    ]  # fmt: skip


def test_texts_of_sqlite_in_a_zone_of_their_own(file: Path, read: Callable[..., Imported]) -> None:
    """A day stays a day; a time gets the zone."""
    found = read(TABLES, sqlite=file.name, time_zone="UTC")
    assert [row["signed_up_at"] for row in rows(found, "customers")] == [
        "2026-01-05T10:30:00+00:00",
        "2026-01-06",
    ]


def test_what_the_tables_do_not_keep(file: Path, read: Callable[..., Imported]) -> None:
    assert read(TABLES, sqlite=file.name, not_known={"prices": "Only today's."}).not_known == {
        "prices": "Only today's."
    }


def test_a_query_of_sqlite(file: Path, read: Callable[..., Imported]) -> None:
    query = "SELECT id AS customer_id, date(created_at) AS signed_up_at FROM accounts ORDER BY id"
    found = read({"customers": {"query": query}}, sqlite=file.name)
    assert [row["signed_up_at"] for row in rows(found, "customers")] == ["2026-01-05", "2026-01-06"]


def test_sqlite_is_not_written_to(file: Path, read: Callable[..., Imported]) -> None:
    before = file.read_bytes()
    read(TABLES, sqlite=file.name)
    with pytest.raises(InputError, match=r"shop\.yml"):
        read({"customers": {"query": "DELETE FROM accounts RETURNING id"}}, sqlite=file.name)
    assert file.read_bytes() == before


def test_it_is_read_anew_on_another_day(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database changes while its description stays; all pages of one day are of one reading."""
    (tmp_path / "data").mkdir()
    settings = {"sources": {"shop": {"importer": "database", "path": "../shop.yml"}}}
    (tmp_path / "data" / "retention.yml").write_text(yaml.safe_dump(settings))
    (tmp_path / "shop.yml").write_text(yaml.safe_dump({"sqlite": file.name, "tables": TABLES}))
    readings = []
    for day in (5, 5, 6):
        clock = SimpleNamespace(now=lambda _, day=day: dt.datetime(2026, 4, day))
        monkeypatch.setattr(folder, "dt", SimpleNamespace(datetime=clock, UTC=dt.UTC))
        readings.append(gate.pass_gate(tmp_path / "data", tmp_path / "kept").folder)
    assert readings[0] == readings[1] != readings[2]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no file no.sqlite. Correct the path."),
        (b"no database", "SQLite says of no.sqlite: file is not a database. Copy the database anew."),
    ],
)
def test_a_file_that_is_no_database(
    tmp_path: Path, read: Callable[..., Imported], content: bytes | None, said: str
) -> None:
    if content:
        (tmp_path / "no.sqlite").write_bytes(content * 1000)
    with pytest.raises(InputError, match=r"shop\.yml: ") as refused:
        read(TABLES, sqlite="no.sqlite")
    assert said in str(refused.value)


# --- descriptions ----------------------------------------------------------------------------------

DESCRIPTIONS: dict[str, tuple[Any, str]] = {
    "an address in the file": (
        {"connect": "postgresql://owner:a secret@host/shop", "tables": TABLES},
        "connect is no name of a variable of the environment. An address may hold a password",
    ),
    "neither": ({"tables": TABLES}, "it should hold `connect:`"),
    "both": ({"connect": "A", "sqlite": "b", "tables": TABLES}, "it should hold `connect:`"),
    "no tables": ({"connect": "A"}, "it should hold `tables:`"),
    "an unknown key": ({"connekt": "A"}, "connekt is not known here. Did you mean connect?"),
    "an unknown table": ({"sqlite": "a", "tables": {"custmers": {}}}, "custmers: it is no table"),
    "neither table nor query": ({"sqlite": "a", "tables": {"events": {}}}, "events: it should name a"),
    "an unknown history": (
        {"sqlite": "a", "tables": TABLES, "not_known": {"price": "x"}}, "not_known: price is not known here."
    ),
    "no lines": ({"sqlite": "a", "tables": {"events": "x"}}, "events: it should hold `table:`"),
    "attributes of others": (
        {"sqlite": "a", "tables": {"events": {"table": "e", "attributes": ["x"]}}},
        "events: only customers have attributes.",
    ),
    "attributes that are no list": (
        {"sqlite": "a", "tables": {"customers": {"table": "e", "attributes": "x"}}},
        "attributes should be a list of columns",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "said"), DESCRIPTIONS.values(), ids=DESCRIPTIONS.keys())
def test_a_mistake_in_a_description_is_one_sentence(tmp_path: Path, content: Any, said: str) -> None:
    (tmp_path / "shop.yml").write_text(yaml.safe_dump(content))
    with pytest.raises(InputError) as wrong:
        sources.importer("database").read(Order([tmp_path / "shop.yml"], tmp_path, Settings()))
    assert str(wrong.value).startswith("shop.yml: ") and said in str(wrong.value)
    assert SECRET not in str(wrong.value)


def test_two_files_for_one_table(tmp_path: Path, file: Path) -> None:
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text(
            yaml.safe_dump({"sqlite": file.name, "tables": {"customers": CUSTOMERS}})
        )
    with pytest.raises(InputError, match=r"b\.yml: customers stood in an earlier file\."):
        sources.importer("database").read(
            Order([tmp_path / "a.yml", tmp_path / "b.yml"], tmp_path, Settings())
        )


ADDRESS = "postgresql://reader:a%20secret@host/shop"
MISPLACED = {
    "for the file of SQLite": {"sqlite": ADDRESS, "tables": TABLES},
    "for the variable": {"connect": ADDRESS, "tables": TABLES},
    "for a table": {"connect": VARIABLE, "tables": {"customers": {"table": ADDRESS}}},
    "as a key": {"connect": VARIABLE, ADDRESS: "x", "tables": TABLES},
    "as the name of a table of ours": {"connect": VARIABLE, "tables": {ADDRESS: {"table": "a"}}},
    "for a zone": {"connect": VARIABLE, "time_zone": ADDRESS, "tables": TABLES},
}


@pytest.mark.parametrize("content", MISPLACED.values(), ids=MISPLACED.keys())
def test_an_address_in_a_wrong_place_is_never_repeated(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, content: Any
) -> None:
    monkeypatch.setenv(VARIABLE, "postgresql://owner:x@127.0.0.1:9/shop")
    (tmp_path / "shop.yml").write_text(yaml.safe_dump(content))
    with pytest.raises(InputError) as refused:
        sources.importer("database").read(Order([tmp_path / "shop.yml"], tmp_path, Settings()))
    assert "secret" not in str(refused.value)


def test_an_address_in_place_of_a_file_is_never_repeated(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        import_files("database", [Path(ADDRESS)], tmp_path / "out", Settings())
    assert "secret" not in str(refused.value)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "retention.yml").write_text(
        yaml.safe_dump({"sources": {"database": {"path": ADDRESS}}})
    )
    checked = checking.check(tmp_path / "data", tmp_path / "out", cache=tmp_path / "kept")
    assert checked.is_stopped and not any("secret" in fault.message for fault in checked.faults)


def test_a_name_of_thousands_of_letters_is_shortened(read: Callable[..., Imported], tmp_path: Path) -> None:
    """It is looked through for passwords once, not once from every letter on, which would take minutes."""
    sqlite3.connect(tmp_path / "shop.sqlite").close()
    with pytest.raises(InputError, match=r"has no table x{40}…x{9}\.") as told:
        read({"customers": {**CUSTOMERS, "table": 300_000 * "x"}}, sqlite="shop.sqlite")
    assert len(str(told.value)) < 600

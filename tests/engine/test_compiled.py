"""SQL that is kept is what would be compiled anew, whatever is asked one after the other."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend

from retention_helpers.engine import compiled, connect
from retention_helpers.engine.compiled import Form
from retention_helpers.engine.dialects import bits_together, nearest, on_clocks

COLUMNS = {"customer_id": "string", "n": "int64", "share": "float64", "day": "date", "at": "timestamp"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    engine = connect(tmp_path_factory.mktemp("spill"))
    for name in ("one", "other", 'with "signs"', "n", "t1"):
        engine.create_table(name, schema=ibis.schema(COLUMNS))
    engine.create_table("narrow", schema=ibis.schema(COLUMNS | {"n": "int32"}))
    yield engine
    engine.disconnect()


def test_no_bar_of_progress_stands_on_a_page(engine: Backend) -> None:
    """DuckDB shows one in a kernel, as a widget above what the cell shows, wherever a query takes long."""
    assert engine.con.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]


def asked(rows: ir.Table, other: ir.Table) -> dict[str, ir.Expr]:
    """Expressions of which each differs from another in one thing."""
    small = ibis.memtable(pd.DataFrame({"n": [1]}), schema={"n": "int64"})
    second = ibis.memtable(pd.DataFrame({"n": [2]}), schema={"n": "int64"})
    narrow = ibis.memtable(pd.DataFrame({"n": [1]}), schema={"n": "int32"})
    by_day = {"group_by": "customer_id", "order_by": "day"}
    return {
        "one": rows.filter(rows.n == 1),
        "two": rows.filter(rows.n == 2),
        "a float": rows.filter(rows.share == 1.0),
        "a text": rows.filter(rows.customer_id == "1"),
        "the name of a table": rows.filter(rows.customer_id == rows.get_name()),
        "a truth": rows.mutate(is_one=True),
        "a number": rows.mutate(is_one=1),
        "a wide number": rows.mutate(is_one=ibis.literal(1, type="int64")),
        "a day": rows.filter(rows.day < dt.date(2026, 3, 1)),
        "another": rows.filter(rows.day < dt.date(2026, 4, 1)),
        "an instant": rows.filter(rows["at"] < dt.datetime(2026, 3, 1)),
        "some": rows.filter(rows.customer_id.isin(["A", "B"])),
        "others": rows.filter(rows.customer_id.isin(["B", "A"])),
        "upwards": rows.order_by("n"),
        "downwards": rows.order_by(ibis.desc("n")),
        "by two": rows.order_by("n", "day"),
        "first rows": rows.limit(3),
        "after the first": rows.limit(3, offset=1),
        "a sum so far": rows.mutate(x=rows.n.sum().over(ibis.cumulative_window(**by_day))),
        "a sum of three": rows.mutate(x=rows.n.sum().over(ibis.window(preceding=2, following=0, **by_day))),
        "a sum of all": rows.mutate(x=rows.n.sum().over(ibis.window(**by_day))),
        "a zone": rows.mutate(x=on_clocks(rows["at"], "Europe/Berlin")),
        "another zone": rows.mutate(x=on_clocks(rows["at"], "Asia/Tokyo")),
        "bits": rows.aggregate(x=bits_together(rows.n)),
        "bits where": rows.aggregate(x=bits_together(rows.n, where=rows.n > 1)),
        "a value": rows.n.max(),
        "a column": rows.n,
        "dropped": rows.drop("n", "share"),
        "cast": rows.cast({"n": "decimal(18, 6)"}),
        "cast otherwise": rows.cast({"n": "decimal(18, 2)"}),
        "joined with itself": rows.join(rows.view(), "customer_id"),
        "joined with another": rows.join(other, "customer_id"),
        "the other way round": other.join(rows, "customer_id"),
        "left": rows.left_join(other, "customer_id"),
        "all of both": rows.union(other),
        "each of both": rows.union(other, distinct=True),
        "twice the same": rows.union(rows),
        "the nearest": nearest(rows, other, on="day", day="day", later=True),
        "the one before": nearest(rows, other, on="day", day="day", later=False),
        "in memory": rows.join(small, "n"),
        "in memory twice": rows.join(small, "n").join(second, "n"),
        "in memory once, twice": rows.join(small, "n").join(small.view(), "n"),
        "the other first": rows.join(second, "n").join(small, "n"),
        "narrow in memory": rows.join(narrow, "n"),
        "a middle": rows.group_by("customer_id").agg(x=rows.share.median()),
        "a part": rows.group_by("customer_id").agg(x=rows.share.quantile(0.9)),
        "truncated": rows.mutate(x=rows.day.truncate("M")),
        "truncated to weeks": rows.mutate(x=rows.day.truncate("W")),
    }


def agree(engine: Backend, expression: ir.Expr) -> bool:
    return engine.compile(expression, limit="default") == Backend.compile(engine, expression)


LASTING = compiled.DuckDB()  # compiles, and is connected to nothing

PAIRS = [
    ("one", "other"),
    ("other", "one"),
    ('with "signs"', "n"),
    ("n", "one"),
    ("t1", "one"),
    ("narrow", "narrow"),
]


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_kept_sql_is_what_is_compiled_anew(engine: Backend, pair: tuple[str, str]) -> None:
    """Whatever the tables are called: with signs, as a column, or as ibis calls a part of a query."""
    for what, expression in asked(*map(engine.table, pair)).items():
        assert agree(engine, expression), what
        assert agree(engine, expression), what


def test_one_form_whatever_the_names_and_another_for_everything_else(engine: Backend) -> None:
    tables = engine.table("one"), engine.table("other")
    forms = {what: Form(told.as_table().op()).digest for what, told in asked(*tables).items()}
    again = {what: Form(told.as_table().op()).digest for what, told in asked(*tables).items()}
    assert forms == again
    renamed = asked(engine.table("other"), engine.table('with "signs"'))
    for what, told in renamed.items():
        assert (Form(told.as_table().op()).digest == forms[what]) == (what != "the name of a table"), what
    alike = {"joined with another": "the other way round", "in memory twice": "the other first"}
    told = {what: digest for what, digest in forms.items() if what not in alike}
    assert len(set(told.values())) == len(told)
    assert [forms[one] for one in alike] == [forms[other] for other in alike.values()]


def test_a_limit_asked_for_by_the_way_is_no_part_of_what_is_kept(engine: Backend) -> None:
    rows = engine.table("one")
    assert engine.compile(rows, limit=3).endswith("LIMIT 3")
    assert "LIMIT" not in engine.compile(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ibis.options.sql, "default_limit", 7)
        assert engine.compile(rows, limit="default").endswith("LIMIT 7")
    assert "LIMIT" not in engine.compile(rows, limit="default")


def test_what_is_kept_has_an_end(engine: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "MOST", 5)
    rows = engine.table("one")
    for number in range(100, 120):
        assert agree(engine, rows.filter(rows.n == number))
        assert len(compiled._kept) <= 5


@pytest.fixture
def handing(engine: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Forgets what the process remembers, so that the folder alone can tell; gives that folder."""
    monkeypatch.setattr(engine, "handed_on_in", tmp_path / "sql")

    def forget() -> Path:
        monkeypatch.setattr(compiled, "_kept", {})
        return tmp_path / "sql"

    return forget


def test_a_folder_hands_on_what_another_process_compiled(
    engine: Backend, handing: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under other names, too, and without compiling; not what other versions made."""
    folder = handing()
    for expression in asked(engine.table("one"), engine.table("other")).values():
        assert agree(engine, expression)
    kept = sorted(folder.iterdir())
    assert {path.suffix for path in kept} == {".json"}
    handing()
    others = renamed(engine)
    told = {what: Backend.compile(engine, one) for what, one in others.items()}
    with monkeypatch.context() as patch:
        patch.setattr(compiled.DuckDB, "_without_names", None)
        for what, expression in others.items():
            assert engine.compile(expression) == told[what], what
    assert sorted(folder.iterdir()) == kept
    handing()
    monkeypatch.setattr(compiled, "_MADE_BY", "others")
    assert agree(engine, engine.table("one"))
    assert len(list(folder.iterdir())) == len(kept) + 1


def renamed(engine: Backend) -> dict[str, ir.Expr]:
    expressions = asked(engine.table('with "signs"'), engine.table("n"))
    return {what: one for what, one in expressions.items() if what != "the name of a table"}


@pytest.mark.parametrize(
    "spoilt", ["", "[", '["SELECT', "null", "5", "{}", "[]", "[1]", '["SELECT ", "7", ""]', "[" * 9999]
)
def test_what_is_spoilt_is_compiled_anew(engine: Backend, handing: Callable[[], Path], spoilt: str) -> None:
    folder = handing()
    assert agree(engine, engine.table("one"))
    (path,) = folder.iterdir()
    path.write_text(spoilt)
    handing()
    assert agree(engine, engine.table("one"))
    assert json.loads(path.read_text())


def test_where_nothing_can_be_written_it_is_compiled(engine: Backend, handing: Callable[[], Path]) -> None:
    folder = handing()
    folder.write_text("a file in its place")
    assert agree(engine, engine.table("one"))


def test_a_text_that_may_name_tables_is_compiled_each_time(
    engine: Backend, handing: Callable[[], Path]
) -> None:
    """The names in it are no places for others: of two tables the same text counts the same one."""
    handing()
    for name in ("one", "other"):
        rows = engine.table(name)
        for expression in (rows.sql("SELECT count(*) AS n FROM one"), engine.sql("SELECT n FROM one")):
            assert agree(engine, expression)


STEPS = {
    "filter": lambda rows, by: rows.filter(rows.n > by),
    "mutate": lambda rows, by: rows.mutate(n=rows.n + by),
    "first": lambda rows, by: rows.limit(by + 1),
    "sort": lambda rows, by: rows.order_by("n" if by % 2 else "day"),
    "join": lambda rows, by: rows.semi_join(rows.filter(rows.n == by), "customer_id"),
    "union": lambda rows, by: rows.union(rows.filter(rows.n == by), distinct=bool(by % 2)),
    "window": lambda rows, by: rows.mutate(n=rows.n.lag(by).over(group_by="customer_id", order_by="day")),
    "distinct": lambda rows, by: rows.distinct(),
    "largest": lambda rows, by: rows.group_by("customer_id", "share", "day", "at").agg(n=rows.n.max() - by),
}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 3)), max_size=5))
def test_whatever_is_put_together(steps: list[tuple[str, int]]) -> None:
    """Of tables of another name each time, and of one engine, which remembers what it was asked before."""
    for name in ("first", f"table {len(steps)}"):
        rows = ibis.table(COLUMNS, name=name)
        for step, by in steps:
            rows = STEPS[step](rows, by)
        assert agree(LASTING, rows)

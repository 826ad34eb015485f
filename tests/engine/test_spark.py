"""Spark gives what DuckDB gives, construct by construct, and a report can be asked to run on it."""

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import write_folder

from retention_helpers import ask, engine, shipped
from retention_helpers.__main__ import main
from retention_helpers.business import open_business
from retention_helpers.engine.dialects import (
    bits_together,
    micros_of_midnight,
    months_between,
    nearest,
    on_clocks,
)
from retention_helpers.words.commands import DUCKDB, ENGINE, SPARK
from retention_helpers.words.errors import InputError

ZONE = "Europe/Berlin"
FAR = dt.datetime(9999, 12, 31)
# Around the nights in which the clocks are set.
AT = [dt.datetime(2026, 3, 29, 0, 59, 59, 250_000), dt.datetime(2026, 3, 29, 1), dt.datetime(2026, 10, 25, 1)]
ON = ["2026-03-01", "2026-01-31", "2025-12-31", None, "2024-02-29"]
UNTIL = ["2026-02-28", "2026-03-01", "2026-01-01", None, "2026-02-28"]
MRR = [*map(Decimal, ("10.333333", "20", "0.000001")), None, Decimal("99.9")]


def _days(written: Sequence[str | None]) -> pa.Array:
    return pa.array([day and dt.date.fromisoformat(day) for day in written], pa.date32())


ROWS = {
    "nth": pa.array([1, 2, 3, 4, 5], pa.int64()),
    "who": pa.array(["b", "a", "b", None, "Ä"]),
    "at": pa.array([*AT, None, FAR], pa.timestamp("us")),
    "on": _days(ON),
    "until": _days(UNTIL),
    "mrr": pa.array(MRR, pa.decimal128(18, 6)),
    "is_paid": pa.array([True, False, None, True, False]),
    "bit": pa.array([1, 2, 4, 1 << 45, 1 << 59], pa.int64()),
}
WIDE = "decimal(38, 6)"


def _each(**columns: Callable[[ir.Table], ir.Value]) -> Callable[[ir.Table], ir.Table]:
    return lambda rows: rows.select("nth", **{name: of(rows) for name, of in columns.items()}).order_by("nth")


def _together(**columns: Callable[[ir.Table], ir.Scalar]) -> Callable[[ir.Table], ir.Table]:
    return lambda rows: rows.aggregate(**{name: of(rows) for name, of in columns.items()})


SAID_DIFFERENTLY = {
    "a whole number by a fraction": _each(x=lambda t: t.nth / 3.0, y=lambda t: t.nth * 0.1),
    "a decimal by a number": _each(
        x=lambda t: t.mrr * 30 / 90, y=lambda t: (t.mrr * 30 / 7).round(6).cast(WIDE)
    ),
    "a product of wide decimals": _each(x=lambda t: t.mrr.cast(WIDE) * t.mrr.cast(WIDE)),
    "whole parts": _each(x=lambda t: t.nth // 2, y=lambda t: t.nth % 2),
    "a shift beyond 31": _each(x=lambda t: ibis.literal(1, "int64") << (t.nth + 40)),
    "a month, a week, an hour": _each(
        x=lambda t: t["on"].truncate("M"),
        y=lambda t: t["on"].truncate("W"),
        z=lambda t: t["at"].truncate("h"),
    ),
    "between days": _each(
        x=lambda t: t.until.delta(t["on"], unit="day"), y=lambda t: months_between(t["on"], t.until)
    ),
    "seconds since 1970": _each(x=lambda t: t["at"].epoch_seconds() * 1_000_000),
    "an hour later": _each(x=lambda t: (t["on"].cast("timestamp") + ibis.interval(days=1)).cast("date")),
    "the end of what goes on": _each(x=lambda t: t["at"] == ibis.literal(FAR), y=lambda _: ibis.literal(FAR)),
    "the clocks of a zone": _each(x=lambda t: on_clocks(t["at"], ZONE)),
    "a midnight of the business": _each(x=lambda t: micros_of_midnight(t["on"])),
    "a month as text": _each(x=lambda t: t["on"].strftime("%Y-%m")),
    "nulls in an order": lambda t: t.order_by([ibis.desc("at"), "on"]).select("nth"),
    "the larger of two": _each(
        x=lambda t: ibis.greatest(t["on"], t.until), y=lambda t: ibis.least(t["at"], FAR)
    ),
    "letters": _each(
        x=lambda t: t.who.upper(), y=lambda t: t.who.fill_null("?"), z=lambda t: t.who.isin(["a", "Ä"])
    ),
    "an order of letters": lambda t: t.order_by(["who", "nth"]).select("who"),
    "ranks": _each(
        x=lambda t: ibis.row_number().over(ibis.window(group_by="who", order_by=ibis.desc("nth"))),
        y=lambda t: t["at"].max().over(ibis.cumulative_window(group_by="who", order_by="nth")),
        z=lambda t: t["on"].lag().over(ibis.window(group_by="who", order_by="nth")),
    ),
    "counts": _together(
        x=lambda t: t.count(where=t.is_paid), y=lambda t: t.who.nunique(), z=lambda t: t.is_paid.sum()
    ),
    "counts of nothing": lambda t: t.filter(t.nth > 9).aggregate(
        x=lambda none: none.count(where=none.is_paid), y=lambda none: none.mrr.sum()
    ),
    "sums and middles": _together(
        x=lambda t: t.mrr.sum(), y=lambda t: t.mrr.cast("float64").median(), z=lambda t: t.nth.mean()
    ),
    "the nearest day": lambda t: (
        nearest(
            nearest(
                t.rename(customer_id="who"),
                t.rename(customer_id="who", since="on"),
                on="on",
                day="since",
                later=False,
            ),
            t.rename(customer_id="who", back="until"),
            on="on",
            day="back",
            later=True,
        )
        .select("nth", "since", "back")
        .order_by("nth")
    ),
    "bits": _together(x=lambda t: bits_together(t.bit)),
    "a table of ours": lambda t: t.join(
        ibis.memtable(
            {"bit": [1, 4], "day": [dt.date(2026, 1, 1), None]}, schema={"bit": "int64", "day": "date"}
        ),
        "bit",
    ).order_by("nth"),
    "a table of ours without rows": lambda t: t.anti_join(
        ibis.memtable([], schema={"nth": "int64", "at": "timestamp", "m": WIDE}), "nth"
    ).order_by("nth"),
}


@pytest.fixture(scope="module")
def engines(spark: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, engine.Engine]]:
    spill = tmp_path_factory.mktemp("spill")
    both = {name: engine.opened(name, spill, ZONE) for name in (DUCKDB, SPARK)}
    yield both
    for one in both.values():
        one.disconnect()


@pytest.fixture(scope="module")
def rows(engines: dict[str, engine.Engine], tmp_path_factory: pytest.TempPathFactory) -> dict[str, ir.Table]:
    path = tmp_path_factory.mktemp("rows [1]") / "it's {these}.parquet"
    pq.write_table(pa.table(ROWS), path)
    return {name: engine.parquet(one, path, "rows") for name, one in engines.items()}


@pytest.mark.parametrize("said", SAID_DIFFERENTLY)
def test_both_say_the_same(rows: dict[str, ir.Table], said: str) -> None:
    """To the type of every column, in an order that is asked for; floats to twelve digits."""
    ask = SAID_DIFFERENTLY[said]
    here, there = (ask(rows[name]).execute() for name in (DUCKDB, SPARK))
    assert len(here)
    pd.testing.assert_frame_equal(there, here, check_exact=False, rtol=1e-12)


QUERIES = (
    "select nth, who as nth from rows order by 1",
    "from rows select count(distinct who) as n, count(*) filter (where is_paid) as paid",
    r"select '\\' as x, 'from rows limit 1 --' as y",
    "select * from rows a join rows b using (nth) order by nth",
)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_taken_as_it_is_meant(
    engines: dict[str, engine.Engine], rows: dict[str, ir.Table], query: str
) -> None:
    """In the words of DuckDB: as its guard has read it, and with a name for each column."""
    here, there = (engine.asked(one, query).execute() for one in (engines[DUCKDB], engines[SPARK]))
    assert list(there.columns) == list(here.columns) and len(here)
    pd.testing.assert_frame_equal(there, here, check_exact=True)


def test_what_spark_does_not_understand_is_said_as_what_duckdb_does_not(
    engines: dict[str, engine.Engine], rows: dict[str, ir.Table]
) -> None:
    for query in ("select nope from rows", "select quantile_cont(nth, 0.5) from rows"):
        with pytest.raises(engine.EngineError):
            engine.asked(engines[SPARK], query)


def test_some_customers_alone_and_a_query_of_an_analyst(spark: None, tmp_path: Path) -> None:
    """A business narrowed to its solo plan, whose table has a name that Spark would not take."""
    spans = [(f"C-{n}", "2025-11-05", "2026-03-10" if n < 3 else "", 10, "active", plan, "month")
             for n, plan in enumerate(["solo", "team"] * 5)]  # fmt: skip
    folder = write_folder(tmp_path / "data", spans)
    told = []
    for name in (DUCKDB, SPARK):
        business = open_business(folder, "2026-03", cache=tmp_path / "cache", engine=name)
        solo = ask.churn(business, where={"first_plan": "solo"})
        lost = business.sql("select customer_id, mrr from losses order by customer_id")
        whole = business.sql("summarize select plan, mrr from losses")
        with pytest.raises(InputError, match="There is no table kept_customers"):
            business.sql("describe kept_customers")
        with pytest.raises(InputError, match="does not understand"):
            business.sql("select nope from losses")
        mine = pd.DataFrame({"customer_id": ["C-0", "C-9"]})
        for beside in (mine.head(1), mine):  # what is given is there for its own query alone
            both = business.sql("select customer_id from losses join mine using (customer_id)", mine=beside)
        with pytest.raises(InputError, match="Choose another name"):
            business.sql("select * from kept_subscriptions", kept_subscriptions=mine)
        told.append((solo.to_frame(), lost, whole, both))
        business.close()
    for here, there in zip(*told, strict=True):
        pd.testing.assert_frame_equal(there, here, check_exact=False, rtol=1e-12)
    assert told[0][0]["lost"].iloc[-1] == 2 and told[0][1]["customer_id"].tolist() == ["C-0", "C-1", "C-2"]


def test_what_is_kept_is_read_with_the_same_types(
    engines: dict[str, engine.Engine], rows: dict[str, ir.Table], tmp_path: Path
) -> None:
    told = []
    for name, one in engines.items():
        path = tmp_path / f"{name}.parquet"
        own = rows[name]
        asked = own.mutate(wall=on_clocks(own["at"], ZONE), days=own.until.delta(own["on"], unit="day"))
        one.to_parquet(asked, path, compression="zstd")
        told.append(engine.parquet(one, path, f"kept_{name}").order_by("nth").execute())
    pd.testing.assert_frame_equal(*told, check_exact=True)


def test_what_no_engine_counts_alike_is_refused(rows: dict[str, ir.Table]) -> None:
    with pytest.raises(ibis.common.exceptions.UnsupportedOperationError, match="hour"):
        rows[SPARK].select(x=rows[SPARK]["at"].delta(rows[SPARK]["at"], unit="hour")).execute()


def test_a_report_runs_on_spark(
    spark: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the command of the document; what Spark says as it begins is on no page."""
    document = (shipped.HOME / "docs" / "scale.md").read_text(encoding="utf-8")
    command = next(line for line in document.splitlines() if " report --engine spark " in line)
    asked = command.partition("retention_helpers ")[2].split()
    monkeypatch.delenv(ENGINE, raising=False)
    found = {}
    for name in (DUCKDB, SPARK):
        out = tmp_path / name
        assert main([*asked, "--engine", name, "--out", str(out)]) == 0, capsys.readouterr().err
        found[name] = json.loads((out / "2026-10" / "findings.json").read_text(encoding="utf-8"))["quality"]
        page = (out / "2026-10" / "data_quality.html").read_text(encoding="utf-8")
        assert "WARN" not in page and "log4j" not in page
    assert found[SPARK] == found[DUCKDB]
    assert not os.environ.get(ENGINE), "the engine that a command named lasts as long as the command"


@pytest.mark.parametrize(
    ("said", "sentence"), [('openjdk version "11.0.2"', "that here is 11"), ("", "there is none here")]
)
def test_a_missing_java_is_a_sentence(
    spark: None, said: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from retention_helpers.engine import spark as module

    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(module.shutil, "which", lambda _: "/bin/sh" if said else None)
    told = subprocess.CompletedProcess([], 0, "", said)
    monkeypatch.setattr(module.subprocess, "run", lambda *_, **__: told)
    with pytest.raises(InputError, match=rf"Spark needs Java 17 or later, and {sentence}\."):
        module.need()


def test_a_missing_extra_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for loaded in ("retention_helpers.engine.spark", "ibis.backends.pyspark"):
        monkeypatch.delitem(sys.modules, loaded, raising=False)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(InputError, match=r"pip install 'pyspark>=4\.3,<5'"):
        engine.need(SPARK)

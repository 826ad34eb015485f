"""The engine seam: embedded DuckDB, or Spark, spoken to through ibis. No other module opens a connection.

What the two say differently stands in `dialects` and `spark`.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import duckdb
import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from ibis.backends.sql import SQLBackend as Engine

from retention_helpers.engine.compiled import DuckDB
from retention_helpers.engine.elsewhere import Elsewhere, There
from retention_helpers.engine.literals import path_text as path_text
from retention_helpers.engine.literals import quoted as quoted
from retention_helpers.engine.literals import text as text
from retention_helpers.engine.memory import of_report
from retention_helpers.words.commands import DUCKDB, ENGINE, SPARK
from retention_helpers.words.errors import InputError

LEAST_MEMORY = 0.5  # gigabytes of one engine; beyond what it is given, it spills to disk
OF_A_REPORT = (
    8  # the part of a report's memory that one engine gets: others run beside it, and Python holds rows
)
ASKED = "_rows_asked_for"  # the view of the latest query of an analyst
THREADS = min(4, os.cpu_count() or 1)


def connect(spill: Path, time_zone: str = "UTC", *, memory: float = 0.0, sql: Path | None = None) -> Backend:
    """An engine in memory that never reaches for the network.

    Instants without an offset are read in `time_zone`; what does not fit in memory goes to `spill`. `memory`
    is how many gigabytes the whole report may take, as the owner said; 0: nothing was said. `sql` is the
    folder through which processes hand on what they compiled, for one version of this code.
    """
    own = max(LEAST_MEMORY, of_report(memory) / OF_A_REPORT)
    engine = DuckDB().connect(
        ":memory:",
        memory_limit=f"{round(own * 1000)}MB",
        threads=THREADS,
        temp_directory=str(spill),
        autoinstall_known_extensions=False,
        autoload_known_extensions=False,
        allow_community_extensions=False,
    )
    engine.handed_on_in = sql
    engine.con.execute(f"SET TimeZone = {text(time_zone)}")
    # In a kernel DuckDB shows a bar for a query of two seconds: pages would follow the machine's speed.
    engine.con.execute("SET enable_progress_bar = false")
    return engine


def chosen(setting: str) -> str:
    """The engine that computes: the one that the command named, else the owner's setting."""
    return os.environ.get(ENGINE) or setting


def need(engine: str) -> None:
    """Raise InputError where what the engine with this name needs is not here: pyspark, Java."""
    if engine == SPARK:
        _spark().need()


def opened(
    engine: str, spill: Path, time_zone: str, *, memory: float = 0.0, sql: Path | None = None
) -> Engine:
    """The engine with this name, for what comes after the gate; `memory` and `sql` as of `connect`.

    Raises what `need` raises, and InputError where the cluster cannot be reached.
    """
    if engine == DUCKDB:
        return connect(spill, time_zone, memory=memory, sql=sql)
    return _spark().connect(spill, time_zone)  # type: ignore[no-any-return]


def _spark() -> ModuleType:
    """Imported where it is asked for: pyspark is an extra."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of pandas 3, of which little is used
            return importlib.import_module("retention_helpers.engine.spark")
    except ModuleNotFoundError as missing:
        if missing.name not in ("pyspark", "py4j"):
            raise
        raise InputError(
            "The engine is spark, and pyspark is not installed. Install it: pip install 'pyspark>=4.3,<5'"
        ) from None


def rows(engine: Backend, query: str) -> list[tuple]:
    """All rows of a small SQL result."""
    return engine.con.execute(query).fetchall()


def parquet(engine: Engine, path: Path, name: str) -> ir.Table:
    """A Parquet file as a table of the engine, under a name of its own."""
    if not isinstance(engine, Backend):
        return engine.parquet(path, name)
    engine.con.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS FROM read_parquet({path_text(path)})")
    return engine.table(name)


def elsewhere(engine: Backend, name: str, columns: Mapping[str, str], there: There, kept: Path) -> ir.Table:
    """Rows of a database as a table of the engine, with these columns: `elsewhere` says what is done there.

    What it was asked is kept in a folder, for whoever asks the same.
    """
    table = ops.DatabaseTable(name, ibis.schema(columns), source=engine, namespace=ops.Namespace())
    engine.elsewhere = Elsewhere(table, there, kept)
    return table.to_expr()


def asked(engine: Engine, query: str) -> ir.Table:
    """The rows of one query in the words of DuckDB, every column under the engine's name for it.

    Raises EngineError for what the engine does not understand.
    """
    if not isinstance(engine, Backend):
        return engine.asked(query, ASKED)
    engine.con.execute(f"CREATE OR REPLACE TEMP VIEW {ASKED} AS (\n{query}\n)")
    return engine.table(ASKED)


def forget(engine: Engine, name: str) -> None:
    """Let go of a view. The `drop_view` of ibis writes a statement without its name."""
    if not isinstance(engine, Backend):
        return engine.forget(name)
    engine.con.execute(f"DROP VIEW {quoted(name)}")


def own_views(engine: Engine) -> list[str]:
    """The names under which an engine tells of itself, and which a query may name as it names a table."""
    if not isinstance(engine, Backend):
        return []
    told = "SELECT DISTINCT view_name FROM duckdb_views() WHERE internal"
    return [name for (name,) in rows(engine, f"{told} AND schema_name <> 'information_schema'")]


def give_back() -> None:
    """Hand memory that nothing needs any more back to the system; allocators would keep it for later."""
    import pyarrow

    gc.collect()
    pyarrow.default_memory_pool().release_unused()
    with contextlib.suppress(AttributeError, OSError, TypeError):  # glibc has it, others do not
        ctypes.CDLL(None).malloc_trim(0)


EngineError = duckdb.Error
OutOfMemory = duckdb.OutOfMemoryException

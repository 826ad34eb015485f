"""The engine seam: embedded DuckDB, spoken to through ibis. No other module opens a connection."""

import contextlib
import ctypes
import gc
import os
import re
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

MEMORY = "500MB"  # beyond that the engine spills to disk
THREADS = min(4, os.cpu_count() or 1)


def connect(spill: Path, time_zone: str = "UTC") -> Backend:
    """An engine in memory that never reaches for the network.

    Instants without an offset are read in `time_zone`; what does not fit in memory goes to `spill`.
    """
    engine = ibis.duckdb.connect(
        ":memory:",
        memory_limit=MEMORY,
        threads=THREADS,
        temp_directory=str(spill),
        autoinstall_known_extensions=False,
        autoload_known_extensions=False,
        allow_community_extensions=False,
    )
    engine.con.execute(f"SET TimeZone = {text(time_zone)}")
    return engine


def rows(engine: Backend, query: str) -> list[tuple]:
    """All rows of a small SQL result."""
    return engine.con.execute(query).fetchall()


def quoted(name: str) -> str:
    """A column's name as SQL, whatever the owner called it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def path_text(path: Path) -> str:
    """A path as an SQL literal that names this very file: the engine would take *, ? and [ as patterns.

    >>> path_text(Path("data [2026]/it's.csv"))
    "'data [[]2026]/it''s.csv'"
    """
    return text(re.sub(r"([*?\[])", r"[\1]", str(path)))


def parquet(engine: Backend, path: Path, name: str) -> ir.Table:
    """A Parquet file as a table of the engine, under a name of its own."""
    engine.con.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS FROM read_parquet({path_text(path)})")
    return engine.table(name)


def give_back() -> None:
    """Hand memory that nothing needs any more back to the system; allocators would keep it for later."""
    import pyarrow

    gc.collect()
    pyarrow.default_memory_pool().release_unused()
    with contextlib.suppress(AttributeError, OSError, TypeError):  # glibc has it, others do not
        ctypes.CDLL(None).malloc_trim(0)


EngineError = duckdb.Error
OutOfMemory = duckdb.OutOfMemoryException

"""Spark, as an engine that gives what DuckDB gives: the same expressions, types, nulls and frames.

Where ibis's own Spark says something else than DuckDB, `_Compiler` says it as DuckDB does. Each difference is
silent or an error on the other side; `tests/engine` has a case of each.
"""

import itertools
import logging
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import sqlglot
import sqlglot.expressions as sge
from ibis.backends.duckdb.converter import DuckDBPandasData
from ibis.backends.pyspark import Backend
from ibis.backends.pyspark.datatypes import PySparkSchema
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.common.exceptions import UnsupportedOperationError
from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession
from pyspark.sql.types import StructField, StructType, TimestampNTZType, TimestampType

from retention_helpers.engine import EngineError
from retention_helpers.words.errors import InputError

JAVA = 17
MEMORY = "2g"  # of a Spark within this machine
MASTER = "RETENTION_SPARK"  # in the environment: where Spark runs; an address may hold a token
ALL_CORES = "local[*]"  # of this machine
WITHIN = "local"
CONNECT = "sc://"  # a cluster that is spoken to from afar
_REFUSED = sqlglot.ErrorLevel.RAISE  # what has no words in Spark is no query there
_UNITS = {"Y": "YEAR", "Q": "QUARTER", "M": "MONTH", "W": "WEEK"}


class _Compiler(PySparkCompiler):
    """Spark's SQL for expressions that mean what DuckDB makes of them."""

    __slots__ = ()

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: Any) -> Any:
        """A fraction is a float, not a decimal; a whole number of 64 bits is none of 32."""
        if dtype.is_floating() or dtype.is_int64():
            return self.cast(repr(value), dtype)
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)

    def visit_Divide(self, op: Any, *, left: Any, right: Any) -> Any:
        """A float, of decimals too."""
        return sge.Div(this=self.cast(left, dt.float64), expression=self.cast(right, dt.float64), typed=False)

    def visit_CountStar(self, op: Any, *, arg: Any, where: Any) -> Any:
        """Of no row, a count is 0."""
        return self.f.count(sge.Star()) if where is None else self.f.count_if(where)

    def visit_DateTruncate(self, op: Any, *, arg: Any, unit: Any) -> Any:
        """A truncated day is a day."""
        return self.f.trunc(arg, _UNITS[unit.short])

    def visit_TimestampTruncate(self, op: Any, *, arg: Any, unit: Any) -> Any:
        """Without a detour over the clocks of a zone."""
        seconds = {"h": 3600, "m": 60, "s": 1, "D": 86_400}[unit.short]
        whole = self.f.floor(_since_1970("SECOND", arg) / seconds) * seconds
        return self.f.anon.timestampadd(sge.Var(this="SECOND"), self.cast(whole, dt.int64), _EPOCH)

    def visit_ExtractEpochSeconds(self, op: Any, *, arg: Any) -> Any:
        """With its fraction."""
        return _since_1970("MICROSECOND", arg) / self.cast("1000000", dt.float64)

    def visit_TimestampDelta(self, op: Any, *, part: Any, left: Any, right: Any) -> Any:
        """How many midnights lie between; other engines count another thing of every other unit."""
        if op.part.value != "day":
            raise UnsupportedOperationError(f"no engine but DuckDB counts {op.part.value}s as it does")
        return self.f.anon.datediff(self.cast(left, dt.date), self.cast(right, dt.date))

    visit_DateDelta = visit_TimestampDelta

    def visit_ScalarUDF(self, op: Any, **given: Any) -> Any:
        """Our own words for what `dialects` asks for."""
        own = _OWN.get(op.__func__.__name__)
        return own(self, *given.values()) if own else super().visit_ScalarUDF(op, **given)


_EPOCH = sge.Cast(this=sge.convert("1970-01-01"), to=sge.DataType.build("TIMESTAMP"))


def _since_1970(unit: str, at: Any) -> Any:
    """Whole units since 1970 of an instant in UTC: a cast to a number would take the zone of the session."""
    return sge.Anonymous(this="timestampdiff", expressions=[sge.Var(this=unit), _EPOCH.copy(), at])


def _instant(_: _Compiler, zone: Any, at: Any) -> Any:
    """Naive UTC stays as it is: the clocks of a zone are asked of it at once."""
    return at


def _clocks(compiler: _Compiler, zone: Any, at: Any) -> Any:
    return compiler.f.anon.convert_timezone(sge.convert("UTC"), zone, at)


def _micros(compiler: _Compiler, at: Any) -> Any:
    """Of a midnight in the zone of the session: what `cast` takes as naive is one of its clocks."""
    with_zone = sge.DataType.build("TIMESTAMP_LTZ", dialect="spark")
    return compiler.f.anon.unix_micros(sge.Cast(this=at, to=with_zone))


_OWN: Mapping[str, Callable[..., Any]] = {
    "of_utc": _instant,
    "to_clocks": _clocks,
    "micros": _micros,
}


class Spark(Backend):
    """A session of Spark that reads Parquet, writes what is derived as Parquet, and hands small frames back.

    Its frames are those of DuckDB to the type of every column.
    """

    compiler = _Compiler()

    def execute(self, expr: ir.Expr, /, *, params: Any = None, limit: Any = None, **kwargs: Any) -> Any:
        """What an expression gives, as DuckDB's own `execute` makes a frame of Arrow."""
        self._run_pre_execute_hooks(expr)
        told = expr.as_table()
        rows = self._session.sql(self.compile(told, params=params, limit=limit, **kwargs)).toArrow()
        frame = pd.DataFrame({name: _cells(rows.column(name)) for name in rows.column_names})
        return expr.__pandas_result__(DuckDBPandasData.convert_table(frame, told.schema()))

    def to_parquet(self, expr: ir.Table, /, path: Path, *, compression: str = "zstd", **_: Any) -> None:  # type: ignore[override]
        """A folder of Parquet, written where the rows are."""
        self._run_pre_execute_hooks(expr)
        rows = self._session.sql(self.compile(expr))
        rows.write.mode("overwrite").option("compression", compression).parquet(_place(path))

    def parquet(self, path: Path, name: str) -> ir.Table:
        """Under a name that Spark takes without quoting, as ibis asks for it."""
        plain = re.sub(r"\W", "_", name)
        self._session.read.parquet(_this_very(path)).createOrReplaceTempView(plain)
        return self.table(plain)

    def asked(self, query: str, name: str) -> ir.Table:
        """One query in the words of DuckDB, as whoever asked was understood: a sign that only Spark takes for
        the end of a text, or of a remark, changes nothing.
        """
        try:
            (said,) = sqlglot.transpile(query, read="duckdb", write="spark", unsupported_level=_REFUSED)
            rows = self._session.sql(said)
        except (PySparkException, sqlglot.errors.UnsupportedError) as error:
            raise EngineError(_first_line(error)) from None
        rows.toDF(*_apart(rows.columns)).createOrReplaceTempView(name)
        return self.table(name)

    def forget(self, name: str) -> None:
        """Let go of a view."""
        self._session.catalog.dropTempView(name)

    def disconnect(self) -> None:
        """Let go of this session's views. The cluster's own session lasts as long as the process."""
        for view in self._session.catalog.listTables():
            self._session.catalog.dropTempView(view.name)

    def _register_in_memory_table(self, op: ops.InMemoryTable) -> None:
        fields = [_naive(field) for field in PySparkSchema.from_ibis(op.schema)]
        rows = op.data.to_pyarrow(op.schema)
        self._session.createDataFrame(rows, schema=StructType(fields)).createOrReplaceTempView(op.name)


def _apart(names: Sequence[str]) -> list[str]:
    """Names of columns, of which a second of the same has a number, as DuckDB numbers them."""
    found: list[str] = []
    for name in names:
        taken = {one.lower() for one in found}
        numbered = itertools.chain([name], (f"{name}_{nth}" for nth in itertools.count(1)))
        found.append(next(one for one in numbered if one.lower() not in taken))
    return found


def _naive(field: StructField) -> StructField:
    kind = TimestampNTZType() if isinstance(field.dataType, TimestampType) else field.dataType
    return StructField(field.name, kind)


def _cells(column: pa.ChunkedArray) -> Any:
    nested = pa.types.is_nested(column.type) or pa.types.is_dictionary(column.type)
    return column.to_pylist() if nested or column.null_count else column.to_pandas()


def _place(path: Path) -> str:
    return f"file://{path}"


def _this_very(path: Path) -> str:
    """A path that is read as it is: Spark, too, would take *, ? and [ as patterns."""
    return re.sub(r"([*?\[\]{}\\])", r"\\\1", _place(path))


# --- opening a session

# It would repeat every error, with the query and a trace of calls.
logging.getLogger("SQLQueryContextLogger").disabled = True

_AS_DUCKDB = {
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # an instant without a zone has none
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",  # a product keeps its decimals
    "spark.sql.ansi.enabled": "true",  # what overflows is an error
}


def connect(spill: Path, time_zone: str) -> Spark:
    """A session of its own on the cluster that the environment names, else on this machine.

    Raises InputError where there is no Java, or the cluster cannot be reached.
    """
    master = _master()
    try:
        session = _afar(master) if master.startswith(CONNECT) else _context(master, spill).newSession()
        engine = Spark()
        engine.register_options()
        engine.do_connect(session, **_AS_DUCKDB)
        session.conf.set("spark.sql.session.timeZone", time_zone)  # ibis has said UTC
    except (PySparkException, Py4JError) as error:
        said = type(error).__name__ if master.startswith(CONNECT) else _first_line(error)
        raise InputError(f"Spark cannot be used: {said}. Look at {MASTER}, which says where it is.") from None
    return engine


def _master() -> str:
    return os.environ.get(MASTER, "").strip() or ALL_CORES


def _afar(master: str) -> SparkSession:
    return SparkSession.builder.remote(master).create()


def _context(master: str, spill: Path) -> SparkSession:
    """The session of this process, on whatever master it began with."""
    going_on = SparkContext._active_spark_context
    if going_on is None:
        need()
        conf = _configured(master, spill)
        # What the machine of Java says as it starts would stand in the cells of a notebook.
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        going_on = SparkContext(conf=conf, gateway=launch_gateway(conf, quiet))
    elif going_on.master != master:
        raise InputError(f"{MASTER} has changed since this process began to use Spark. Start it anew.")
    return SparkSession(going_on)


def _configured(master: str, spill: Path) -> SparkConf:
    """What the engine says of itself; all else is the cluster's own, in SPARK_CONF_DIR.

    Spark makes folders of its own beside `spill`, and removes them as it ends.
    """
    conf = SparkConf().setMaster(master).setAppName("retention")
    conf.set("spark.ui.showConsoleProgress", "false").set("spark.log.level", "ERROR")
    conf.set("spark.sql.warehouse.dir", str(spill.parent / "warehouse"))
    if master.startswith(WITHIN):
        conf.set("spark.ui.enabled", "false").set("spark.local.dir", str(spill.parent))
        conf.set("spark.driver.host", "localhost").set("spark.driver.bindAddress", "127.0.0.1")
        conf.set("spark.driver.memory", MEMORY)
    return conf


def need() -> None:
    """Raise InputError where Java is missing or too old: Spark's own word for it is a trace of calls."""
    if _master().startswith(CONNECT):  # Java is needed there, not here
        return
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    found = ""
    if java and Path(java).exists():
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
        found = next(iter(re.findall(r'version "(\d+)', said)), "")
        if found and int(found) >= JAVA:
            return
    what = f"that here is {found}" if found else "there is none here"
    raise InputError(
        f"Spark needs Java {JAVA} or later, and {what}. On Debian or Ubuntu: apt install default-jre-headless"
    )


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)

"""Events that lie by month: a step reads the months that it needs, and no other.

Of the kept Parquet the pages of the other months are spoilt. Who touches one of them fails, whatever an
engine says of what it reads.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from conftest import write_folder

from retention_helpers.business import Business, months, open_business, open_day
from retention_helpers.churn_reasons.did import kinds_of_use
from retention_helpers.engine import EngineError
from retention_helpers.measurement import sessions, usage
from retention_helpers.measurement.activity import _sign_ups, kept_accounts

MONTHS = [f"{year}-{month:02}" for year in (2024, 2025) for month in range(1, 13)]
A_GROUP = 2048  # rows that Parquet keeps together, at least
SPANS = [(f"C-{n}", "2024-01-01", "", 10) for n in range(20)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of events, a folder a month, as Spark and DuckDB write them."""
    folder = write_folder(tmp_path_factory.mktemp("by month") / "data", SPANS)
    for month in MONTHS:
        part = folder / "events" / f"month={month}" / "part.parquet"
        part.parent.mkdir(parents=True)
        duckdb.sql(
            "COPY (SELECT 'C-' || n % 20 AS customer_id, 'login' AS event, "
            f"TIMESTAMP '{month}-01' + to_seconds(n * 1000) AS occurred_at FROM range({A_GROUP}) AS t(n)) "
            f"TO '{part}' (FORMAT parquet)"
        )
    return folder


def test_folders_of_months_are_one_table_in_their_order(folder: Path, tmp_path: Path) -> None:
    """The month in a folder's name is no column that somebody has to be told of."""
    with closing(open_business(folder, "2025-12", cache=tmp_path)) as business:
        (read,) = (one for one in business.sources if one.table == "events")
        assert (read.file, read.rows_kept) == ("events", len(MONTHS) * A_GROUP)
        assert not [fault for fault in business.faults if fault.table == "events"]
        days = pq.read_table(business.kept / "events.parquet")["occurred_on"].to_pylist()
        assert days == sorted(days)


def as_large(path: Path) -> None:
    """Cut a file as one of many rows is cut: a month lies in groups of its own."""
    written = path.with_suffix(".cut")
    duckdb.sql(f"COPY (FROM '{path}') TO '{written}' (FORMAT parquet, ROW_GROUP_SIZE {A_GROUP})")
    written.replace(path)


def spoil(path: Path, needed: Iterable[str]) -> int:
    """Write over every page of the months that are not needed; how many groups that were."""
    about, spoilt, kept = pq.read_metadata(path), 0, set(needed)
    with path.open("r+b") as file:
        for group in map(about.row_group, range(about.num_row_groups)):
            columns = [group.column(nth) for nth in range(group.num_columns)]
            (day,) = (one.statistics.min for one in columns if one.path_in_schema == "occurred_on")
            if f"{day:%Y-%m}" in kept:
                continue
            spoilt += 1
            for one in columns:
                file.seek(one.dictionary_page_offset or one.data_page_offset)
                file.write(b"\xff" * one.total_compressed_size)
    return spoilt


Step = Callable[[Business], object]
OF_A_MONTH: dict[str, tuple[str, list[str], Step]] = {
    "sessions: thirteen months": ("2025-12", MONTHS[11:], sessions.intensity),
    "sign-ups: twelve": ("2025-12", MONTHS[12:], lambda business: _sign_ups(business).execute()),
    "kinds of use: all up to the report's": (
        "2025-06", MONTHS[:18], lambda business: kinds_of_use(business).execute()
    ),
    "usage retention: all up to the report's": ("2025-06", MONTHS[:18], usage.usage_retention),
}  # fmt: skip


def held_to(business: Business, needed: list[str], step: Step) -> None:
    events = business.kept / "events.parquet"
    as_large(events)
    assert spoil(events, needed) == len(MONTHS) - len(needed)
    step(business)
    spoil(events, needed[1:])
    with pytest.raises(EngineError):
        step(business)


@pytest.mark.parametrize(("month", "needed", "step"), OF_A_MONTH.values(), ids=OF_A_MONTH)
def test_a_step_of_a_report(folder: Path, tmp_path: Path, month: str, needed: list[str], step: Step) -> None:
    with closing(open_business(folder, month, cache=tmp_path)) as business:
        kept_accounts(business)  # of the last five years, kept before
        held_to(business, needed, step)


def test_the_list_of_a_day(folder: Path, tmp_path: Path) -> None:
    """Eight months."""
    with closing(open_day(folder, dt.date(2025, 12, 20), cache=tmp_path)) as business:
        held_to(business, MONTHS[16:], lambda business: months.customer_days(business).execute())

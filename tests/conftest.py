"""What the tests share: small businesses written as files and opened, and the sample."""

import csv
import gc
import importlib.util
import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import postgres
import pytest
import yaml

from retention_helpers.business import SAMPLE, Business, open_business
from retention_helpers.report.notebooks import OBJECTS_BETWEEN_COLLECTIONS

collect_ignore_glob = ["bench/*", "bench_large/*", "bench_statistics/*", "drills/*"]  # scripts that measure

SPAN_COLUMNS = (
    "customer_id",
    "started_at",
    "ended_at",
    "mrr",
    "status",
    "plan",
    "interval",
    "currency",
    "subscription_id",
)
OTHER_COLUMNS = {
    "cancellations": ("customer_id", "canceled_at", "reason", "kind", "comment"),
    "contacts": ("customer_id", "contacted_at", "kind", "outcome"),
    "events": ("customer_id", "occurred_at", "event"),
    "notes": ("happened_on", "note"),
    "assignments": ("experiment", "customer_id", "arm", "assigned_at"),
    "payments": ("customer_id", "attempted_at", "status", "amount"),
    "tickets": ("customer_id", "opened_at", "sentiment", "text"),
    "emails": ("customer_id", "sent_at", "opened_at", "clicked_at", "campaign"),
    "nps": ("customer_id", "answered_at", "score", "comment"),
    "enrolments": ("campaign", "customer_id", "group", "enrolled_at"),
    "orders": ("customer_id", "ordered_at", "amount", "order_id", "channel"),
    "spend": ("month", "channel", "amount"),
}


def pytest_collection_finish() -> None:
    """As the kernels of a report do: what was imported stays, and the collector need not look through it."""
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(row + ("",) * (len(columns) - len(row)) for row in map(tuple, rows))


def write_folder(
    folder: Path,
    spans: Sequence[Sequence[object]] | None,
    *,
    customers: Sequence[Mapping[str, object]] | None = None,
    settings: Mapping[str, Any] | None = None,
    experiments: Mapping[str, Any] | None = None,
    not_known: Mapping[str, Any] | None = None,
    **others: Sequence[Sequence[object]],
) -> Path:
    """A data folder; rows may be shorter than SPAN_COLUMNS or OTHER_COLUMNS, the rest stays empty.

    Without `customers`, everybody in `spans` signed up on the day of the first of their rows. Where `spans`
    is None there are no subscriptions, and no customers unless they are given.
    """
    folder.mkdir(parents=True)
    if customers is None and spans is not None:
        first: dict[object, str] = {}
        for customer, started_at, *_ in spans:
            first.setdefault(customer, str(started_at)[:10])
        customers = [{"customer_id": who, "signed_up_at": day} for who, day in first.items()]
    if customers is not None:
        columns = list(dict.fromkeys(itertools.chain(["customer_id", "signed_up_at"], *customers)))
        _write(folder / "customers.csv", columns, [[row.get(c, "") for c in columns] for row in customers])
    if spans is not None:
        _write(folder / "subscriptions.csv", SPAN_COLUMNS, spans)
    for name, rows in others.items():
        _write(folder / f"{name}.csv", OTHER_COLUMNS[name], rows)
    chosen = {"business": "Harbour Desk", **(settings or {})}
    (folder / "retention.yml").write_text(yaml.safe_dump(chosen), encoding="utf-8")
    if not_known:
        (folder / "not_known.yml").write_text(yaml.safe_dump(dict(not_known)), encoding="utf-8")
    if experiments:
        # The order of the arms means something: the control comes first.
        text = yaml.safe_dump(dict(experiments), sort_keys=False, allow_unicode=True)
        (folder / "experiments.yml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """`with opened(spans, month="2026-03", …) as business`: a business that is gone afterwards."""

    @contextmanager
    def opening(
        spans: Sequence[Sequence[object]] | None, month: str = "2026-03", **tables: Any
    ) -> Iterator[Business]:
        home = tmp_path_factory.mktemp("business")
        business = open_business(write_folder(home / "data", spans, **tables), month, cache=home / "cache")
        try:
            yield business
        finally:
            business.close()
            shutil.rmtree(home)

    return opening


@pytest.fixture(scope="module")
def business_of(opened: Callable[..., Any]) -> Iterator[Callable[..., Business]]:
    """`business_of(spans, month="2026-03", …)`: a business that lives as long as the test module."""
    with ExitStack() as until_the_end:
        yield lambda *args, **kwargs: until_the_end.enter_context(opened(*args, **kwargs))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    """The sample business at its last report month."""
    business = open_business(SAMPLE, "2026-10", cache=tmp_path_factory.mktemp("sample"))
    yield business
    business.close()


# --- a real server of PostgreSQL -------------------------------------------------------------------


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a server for all tests of a process, without a database: each makes its own there."""
    programs = postgres.binaries()
    if programs is None:
        reason = "PostgreSQL is not installed (apt install postgresql), so none can be started"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with postgres.server(programs) as address:
        yield address


# --- a real browser --------------------------------------------------------------------------------


def chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Under CI a missing browser is a failure, elsewhere these tests are skipped."""
    if not chromium() and not os.environ.get("CI"):
        pytest.skip("there is no Chromium here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        quiet = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        quiet += ["--disable-component-update", "--disable-sync"]
        started = playwright.chromium.launch(executable_path=chromium(), args=quiet)
        yield started
        started.close()


# A cluster's own settings; here those of queries so small that planning them takes the time.
OF_SPARK = """
spark.sql.shuffle.partitions 2
spark.sql.codegen.wholeStage false
spark.sql.adaptive.enabled false
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
"""


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """That Spark can be used. Where it is missing these tests are skipped; under CI they fail."""
    is_here = shutil.which("java") and importlib.util.find_spec("pyspark")
    if not is_here and not os.environ.get("CI"):
        pytest.skip("there is no Java here, or no pyspark: pip install -r requirements-spark.txt")
    own = tmp_path_factory.mktemp("spark")
    (own / "spark-defaults.conf").write_text(OF_SPARK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(own))
        patch.setenv("RETENTION_SPARK", "local[2]")
        yield

"""Every notebook runs on every kind of business: small, new, empty-handed, or odd.

The cells run in this process, one after the other, as a kernel would run them, and everything that they
show is written out, so that a missing number that reaches a sentence is seen.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cells import LEAKS, SCHEMA, outside_their_intervals, run_cells
from conftest import write_folder

from retention_helpers.ask.groups import to_begin_with
from retention_helpers.business import opening
from retention_helpers.report import notebooks


def days_later(day: str, days: int) -> str:
    return str(dt.date.fromisoformat(day) + dt.timedelta(days=days))


def _forty() -> list[tuple]:
    """A founder's first year: 40 customers, every third one left."""
    starts = [days_later("2025-04-01", 8 * nth) for nth in range(40)]
    return [
        (f"C-{nth}", start, days_later(start, 40 + 9 * nth) if nth % 3 == 0 else "", 20 + nth, "active",
         "team" if nth % 2 else "solo", "month")
        for nth, start in enumerate(starts)
    ]  # fmt: skip


def _orders() -> list[tuple]:
    """A shop of a year: 90 buyers, every one with a pace of their own, a third with one purchase."""
    return [
        (f"B-{n}", days_later("2025-03-01", 3 * n + turn * (5 + n % 40)), 10 + n % 7)
        for n in range(90)
        for turn in range(1 + n % 3 * 3)
        if 3 * n + turn * (5 + n % 40) < 390
    ]


ANNUAL = ("active", "team", "year")
HOSTILE = "<script>alert(1)</script>**bold** [a](javascript:alert(1)) =1+1"
BUSINESSES: dict[str, dict[str, Any]] = {
    "forty customers, two files": {"spans": _forty()},
    "a history that starts late": {
        "spans": _forty(),
        "settings": {"history_starts_on": dt.date(2025, 8, 1), "min_customers": 5},
    },
    "a history that starts after the month": {
        "spans": _forty(),
        "settings": {"history_starts_on": dt.date(2026, 8, 1)},
    },
    "everybody left at once": {
        "spans": [(f"C-{n}", "2026-01-05", "2026-01-05", 10, "active") for n in range(30)]
        + [("stays", "2026-01-05", "", 10, "active")],
    },
    "one customer": {"spans": [("A", "2026-01-15", "", 49, "active")]},
    "one customer, who left": {"spans": [("A", "2026-01-15", "2026-03-10", 49, "active")]},
    "the first month": {"spans": [(f"C-{n}", "2026-03-05", "", 10, "active") for n in range(3)]},
    "everybody left": {"spans": [(f"C-{n}", "2026-01-05", "2026-03-09", 10, "active") for n in range(30)]},
    "everybody left long ago": {
        "spans": [(f"C-{n}", "2025-01-05", "2025-03-09", 10, "active") for n in range(30)]
    },
    "only pauses": {"spans": [(f"C-{n}", "2026-01-05", "", "", "paused") for n in range(3)]},
    "came and went within the month": {
        "spans": [("A", "2026-01-05", "", 10, "active"), ("B", "2026-03-05", "2026-03-09", 10, "active")]
    },
    "hostile names": {
        "spans": [(HOSTILE, "2026-01-05", "2026-03-09", 10, "active", HOSTILE, HOSTILE)],
        "customers": [{"customer_id": HOSTILE, "signed_up_at": "2026-01-01", "name": HOSTILE}],
        "cancellations": [(HOSTILE, "2026-03-01", HOSTILE, "voluntary", HOSTILE)],
        "notes": [("2026-02-01", HOSTILE)],
        "settings": {"business": HOSTILE, "show_names": True},
    },
    "three currencies": {
        "spans": [
            ("A", "2026-01-05", "", 10, "active", "", "", "EUR"),
            ("B", "2026-01-05", "", "9.999999", "active", "", "", "USD"),
            ("C", "2026-01-05", "2026-03-02", 1000, "past_due", "", "", "JPY"),
        ],
        "settings": {"currency": "EUR", "exchange_rates": {"USD": 0.92, "JPY": 0.0061}},
    },
    "use that is known late": {
        "spans": [
            ("A", "2024-01-05", "", 10),
            ("B", "2026-03-02", "", 10),
            ("C", "2024-01-05", "2026-03-09", 10),
        ],
        "events": [("A", "2026-02-03", "login"), ("B", "2026-03-03", "login"), ("C", "2026-02-03", "login")],
        "settings": {"activity_events": ["login", "no such event"]},
    },
    "use of strangers, after the month, and by other names": {
        "spans": [("A", "2026-01-05", "", 10)],
        "events": [("X", "2026-02-03", "login"), ("A", "2026-04-03", "login"), ("A", "2026-02-03", HOSTILE)],
        "settings": {"activity_events": ["login"]},
    },
    "annual plans alone": {
        "spans": [
            (f"C-{n}", f"2024-0{1 + n % 3}-05", f"2026-0{1 + n % 3}-05" if n < 7 else "", 120, *ANNUAL)
            for n in range(40)
        ]
    },
    "past prices and pauses are not known": {
        "spans": [*_forty(), ("P", "2025-05-05", "", "", "paused")],
        "not_known": {"biller": {"prices": "It holds the present price.", "pauses": "It holds none."}},
    },
    "a shop of orders alone": {"spans": None, "orders": _orders()},
    "a shop with few orders": {
        "spans": None,
        "customers": [{"customer_id": HOSTILE, "signed_up_at": "2026-01-01", "name": HOSTILE}],
        "orders": [(HOSTILE, "2026-01-05", 10, HOSTILE, HOSTILE), (HOSTILE, "2026-02-05", 0)],
        "settings": {"business": HOSTILE, "show_names": True},
    },
    "orders beside subscriptions": {
        "spans": _forty(),
        "orders": [(f"C-{n}", "2025-12-05", 20) for n in range(9)],
    },
    "five hundred plans": {
        "spans": [(f"C-{n}", "2026-01-05", "2026-03-07", n + 1, "active", f"plan {n}") for n in range(500)]
    },
}


# What customers and subscriptions alone cannot tell, and is therefore not 0.
UNKNOWN = (
    "measurement.involuntary_share.value",
    "measurement.lost_by_cause.3.voluntary.rate",
    "measurement.lost_by_cause.3.involuntary.high",
    "measurement.activity",
    "reasons.coverage.0.involuntary_of_lost.value",
    "reasons.failed_payments_together",
    "risk.totals.at_risk",
    "risk.totals.scheduled",
    "lifecycle.stages.at_risk",
    "lifecycle.by_stage.0.customers",
    "lifecycle.by_stage.0.mrr",
    "lifecycle.flows.0.left",
    "lifecycle.flows.3.at_risk",
    "lifecycle.grid.2.not_seen",
    "lifecycle.grid.2.mrr_not_seen",
    "lifecycle.by_stage.0.watched.value",
    "lifecycle.by_stage.3.watched.value",
    "win_back.lapsed",
    "win_back.natural_return.0.share.value",
    "loyalty.nps.value",
    "loyalty.nps.responses",
    "loyalty.persons_to_know.0.use_days",
)


def at(record: Any, path: str) -> Any:
    """What stands in findings at a path."""
    for name in path.split("."):
        record = record[int(name)] if isinstance(record, list) else record[name]
    return record


@pytest.fixture(params=BUSINESSES, scope="module")
def folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    home = tmp_path_factory.mktemp("folder")
    with pytest.MonkeyPatch.context() as patch:
        # The notebooks open their business with the default cache.
        defaults = {**opening.open_business.__kwdefaults__, "cache": home / "cache"}
        patch.setattr(opening.open_business, "__kwdefaults__", defaults)
        yield request.param, write_folder(home / "data", **BUSINESSES[request.param])


def test_own_questions_can_be_asked(folder: tuple[str, Path]) -> None:
    """What `start_here` asks, by what this business knows of its customers."""
    kind, data = folder
    business = opening.open_business(data, "2026-03")
    first = to_begin_with(business)
    business.close()
    said = run_cells(notebooks.to_explore()[0], {"data": str(data), "month": "2026-03", **first})
    assert not LEAKS.findall(said), kind
    assert "<script" not in said.replace(HOSTILE, "")


@pytest.mark.parametrize("path", notebooks.in_reading_order(), ids=lambda path: path.stem)
def test_the_notebook_runs_and_says_nothing_odd(folder: tuple[str, Path], path: Path, tmp_path: Path) -> None:
    """No error, no missing number in a sentence, hostile text only escaped, findings as they should be."""
    kind, data = folder
    findings_to = tmp_path / "findings.json"
    parameters = {"data": str(data), "month": "2026-03", "findings_to": str(findings_to), "reports": ""}
    said = run_cells(path, parameters)
    assert not LEAKS.findall(said), kind
    assert not re.search(r"(?<![\d,])1 customers", said)
    assert "<script" not in said.replace(HOSTILE, "")
    record = json.loads(findings_to.read_text(encoding="utf-8"))
    whole = {"schema_version": 1, "month": "2026-03", "as_of": "2026-04-01", "currency": None, **record}
    jsonschema.validate(whole, SCHEMA)
    assert outside_their_intervals(record) == []
    if kind == "forty customers, two files":
        own = [path for path in UNKNOWN if path.split(".")[0] in record]
        assert [path for path in own if at(record, path) is not None] == []

"""The data contract, as the papers state it, and how a fault is put into words."""

import pytest

from retention_helpers.contract.tables import (
    FREE_STATUSES,
    INVOLUNTARY_REASONS,
    PAUSED,
    PAYING,
    REASONS,
    REQUIRED_TABLES,
    STATUSES,
    TABLES,
    Fault,
    Stopped,
    message,
)
from retention_helpers.words.errors import InputError, nearest

# The contract in short: a star behind what must be there, and `?` where it may then be empty.
PAPERS = {
    "customers": "customer_id* signed_up_at* may_contact",
    "subscriptions": "customer_id* started_at* ended_at*? mrr*? plan status currency interval "
    "subscription_id",
    "events": "customer_id* occurred_at* event*",
    "cancellations": "customer_id* canceled_at* reason comment kind",
    "payments": "customer_id* attempted_at* status* amount",
    "tickets": "customer_id* opened_at* answered_at closed_at sentiment text",
    "emails": "customer_id* sent_at* opened_at clicked_at campaign channel",
    "nps": "customer_id* answered_at* score* comment",
    "assignments": "experiment* customer_id* arm* assigned_at*",
    "contacts": "customer_id* contacted_at* kind* outcome",
    "notes": "happened_on* note*",
    "enrolments": "campaign* customer_id* group* enrolled_at*",
    "orders": "customer_id* ordered_at* amount* order_id channel",
    "spend": "month* channel* amount*",
}


def in_short(table: str) -> str:
    return " ".join(
        column.name + "*" * column.required + "?" * (column.required and not column.filled)
        for column in TABLES[table].columns
    )


def test_the_tables_and_columns_are_those_of_the_papers():
    assert {table: in_short(table) for table in TABLES} == PAPERS
    assert REQUIRED_TABLES == ("customers", "subscriptions")


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_every_table_is_placed_in_time_by_its_first_instant(table):
    instants = [column for column in table.columns if column.kind == "instant"]
    assert table.clock == instants[0].name
    assert instants[0].filled
    assert all(column.required for column in table.columns if column.filled)
    assert all(bool(column.choices) == (column.kind == "choice") for column in table.columns)
    assert table.required == tuple(column.name for column in table.columns if column.required)


def test_the_states_of_a_span():
    assert STATUSES == ("active", "past_due", "paused", "comped", "trialing")
    assert set(PAYING) | set(PAUSED) | {"trialing"} == set(STATUSES)
    assert not set(PAYING) & set(FREE_STATUSES)
    assert set(INVOLUNTARY_REASONS) < set(REASONS)


def test_a_fault_in_words():
    whole = message("a.csv", "it is wrong", "Mend it.", rows=1234, of=56789, first="line 2")
    assert whole == "a.csv: it is wrong in 1,234 of 56,789 rows (first: line 2). Mend it."
    assert (
        message("a.csv", "it is wrong", "Mend it.", first="line 2")
        == "a.csv: it is wrong (first: line 2). Mend it."
    )
    assert message("a.csv", "it is wrong", "Mend it.") == "a.csv: it is wrong. Mend it."


def test_what_stops_tells_its_stops_and_carries_the_rest():
    faults = [
        Fault(level, "t", "rule", 1, f"{level} {n}") for n in (1, 2) for level in ("note", "stop", "warning")
    ]
    stopped = Stopped(iter(faults))
    assert str(stopped) == "stop 1\nstop 2"
    assert stopped.all_faults == faults
    assert isinstance(stopped, InputError)
    assert stopped._render_traceback_() == ["stop 1\nstop 2"]


@pytest.mark.parametrize(
    ("word", "known", "answer"),
    [
        ("Actve", ["active", "paused"], "Did you mean active?"),
        ("PAUSED", ["active", "paused"], "Did you mean paused?"),
        ("x", ["b", "a"], "Known: a, b."),
        (None, ["a"], "Known: a."),
        (["active"], ["active"], "Did you mean active?"),
    ],
)
def test_the_nearest_right_spelling(word, known, answer):
    assert nearest(word, known) == answer

"""`sources:` in retention.yml, and the importers behind it: files of other tools, reported in one go."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pyarrow.parquet as pq
import pytest
import yaml
from folders import CUSTOMERS, SUBSCRIPTIONS, examine, folder_of

from retention_helpers import sources
from retention_helpers.business import open_business
from retention_helpers.contract.tables import Fault
from retention_helpers.data_quality import quality
from retention_helpers.gate import gate
from retention_helpers.gate.setting_aside import set_aside
from retention_helpers.sources import mapping
from retention_helpers.sources.interface import PLACE, Imported, Importer, Order, SetAside, write_rows
from retention_helpers.sources.looking import look_at
from retention_helpers.words.errors import InputError

PEOPLE = "Account,Created,Contact E-Mail\nC-1,01/05/2026 2:30 PM,a@x.de\nC-2,01/16/2026 9:00 AM,b@x.de\n"
SPANS = (
    "Account;Start;End;Price;State\nC-1;01/05/2026;;49,90;Live\nC-2;01/16/2026;03/01/2026;1200,5;Past Due\n"
)
COLUMNS = {
    "customer_id": "account",
    "started_at": "Start",
    "ended_at": "End",
    "mrr": "Price",
    "status": "State",
}
WORDS = {"status": {"live": "active", "Past Due": "past_due"}}
MAPPED = {
    "customers": {
        "path": "../exports/people.csv",
        "columns": {"customer_id": "Account", "signed_up_at": "created"},
    },
    "subscriptions": {"path": "../exports/spans.csv", "columns": COLUMNS, "values": WORDS},
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with exports, and beside it an empty data folder."""
    (tmp_path / "exports").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "exports" / "people.csv").write_text(PEOPLE)
    (tmp_path / "exports" / "spans.csv").write_text(SPANS)
    return tmp_path


@pytest.fixture
def faults_of(home: Path) -> Callable[..., list[Fault]]:
    def faults(**settings: object) -> list[Fault]:
        (home / "data" / "retention.yml").write_text(
            yaml.safe_dump({"business": "Acme", **settings}, sort_keys=False)
        )
        return examine(home / "data", home / ".kept")

    return faults


@pytest.fixture
def said(faults_of: Callable[..., list[Fault]]) -> Callable[..., list[str]]:
    return lambda **settings: [f"{fault.level}: {fault.message}" for fault in faults_of(**settings)]


def kept_rows(home: Path, table: str, columns: str) -> list[tuple]:
    passed = gate.pass_gate(home / "data", home / ".kept")
    rows = pq.read_table(passed.folder / f"{table}.parquet").to_pylist()
    return [tuple(row[name] for name in columns.split(", ")) for row in rows]


# --- tables under other names ----------------------------------------------------------------------


def test_other_names_and_words_are_read_in_place(home, said):
    assert [
        fault for fault in said(date_order="month first", sources=MAPPED) if "personal" not in fault
    ] == []
    assert kept_rows(home, "customers", "customer_id, signed_up_on") == [
        ("C-1", dt.date(2026, 1, 5)),
        ("C-2", dt.date(2026, 1, 16)),
    ]
    spans = kept_rows(home, "subscriptions", "started_on, ended_on, status")
    assert spans == [
        (dt.date(2026, 1, 5), None, "active"),
        (dt.date(2026, 1, 16), dt.date(2026, 3, 1), "past_due"),
    ]


def test_without_an_order_days_are_asked_about_with_what_they_prove(said):
    stops = [fault for fault in said(sources=MAPPED) if fault.startswith("stop")]
    assert stops[0] == (
        "stop: people.csv: signed_up_at is not a date or time such as 2026-03-05 or 2026-03-05T10:30 in 2 "
        "of 2 rows "
        "(first: customer C-1, line 2, value '01/05/2026 2:30 PM'). Say in retention.yml how they are meant: "
        "`date_order: month first` (01/16/2026 9:00 AM can be read no other way)."
    )


def test_one_source_may_have_an_order_of_its_own(said):
    own = {name: {**entry, "date_order": "month first"} for name, entry in MAPPED.items()}
    assert [fault for fault in said(sources=own) if fault.startswith("stop")] == []


def test_faults_name_the_file_and_the_line_of_the_owner(home, said):
    (home / "exports" / "spans.csv").write_text(SPANS.replace("1200,5", "dear"))
    amount = (
        "stop: spans.csv: mrr is not an amount such as 49 or 49.90 in 1 of 2 rows (first: customer C-2, "
        "line 3, "
        "value 'dear')."
    )
    assert any(fault.startswith(amount) for fault in said(date_order="month first", sources=MAPPED))


def test_a_new_export_is_a_new_reading(home, said):
    said(date_order="month first", sources=MAPPED)
    before = gate.pass_gate(home / "data", home / ".kept").folder
    (home / "exports" / "people.csv").write_text(PEOPLE + "C-3,01/17/2026 9:00 AM,\n")
    assert gate.pass_gate(home / "data", home / ".kept").folder != before


def test_a_sheet_of_a_workbook_and_files_of_the_folder_beside_it(home, said):
    book = openpyxl.Workbook()
    book.active.title = "Old"
    book.active.append(["nothing"])
    sheet = book.create_sheet("Abos")
    for row in (["Kunde", "von", "bis", "Preis"], ["C-1", dt.date(2026, 1, 5), None, 49.9]):
        sheet.append(row)
    book.save(home / "data" / "abos.xlsx")
    folder_of(home / "data", {"subscriptions.csv": None})
    columns = {"customer_id": "Kunde", "started_at": "von", "ended_at": "bis", "mrr": "Preis"}
    entry = {"path": "abos.xlsx", "sheet": "Abos", "columns": columns}
    assert said(sources={"subscriptions": entry}) == []
    assert said(sources={"subscriptions": {**entry, "sheet": "Abo"}}) == [
        "stop: abos.xlsx: no sheet of the workbook is named Abo. It has Old, Abos. Name one of them."
    ]


SPANS_CSV = "../exports/spans.csv"
WRONG = {
    "an unknown table": (
        {"custmers": {"path": "x"}},
        "custmers: custmers is no table of the contract and no importer. Did you mean customers?",
    ),
    "no path": (
        {"customers": {"columns": {}}},
        "customers: path should name its file, such as path: exports/customers.csv.",
    ),
    "no mapping": (
        {"customers": "people.csv"},
        "customers: it should hold `path:` and more lines of the form `key: value`.",
    ),
    "no file": (
        {"customers": {"path": "../none.csv"}},
        "customers: there is no file ../none.csv (seen from data). Correct the path.",
    ),
    "a name that is too long": (
        {"customers": {"path": "x" * 10_000}},
        f"customers: there is no file {'x' * 40} (seen from data). Correct the path.",
    ),
    "the home of nobody": (
        {"customers": {"path": "~nobody-of-that-name/x.csv"}},
        "customers: there is no file ~nobody-of-that-name/x.csv (seen from data). Correct the path.",
    ),
    "two files": (
        {"customers": {"path": "../exports/*.csv"}},
        "customers: path names 2 files. Name one, or let `spreadsheet` read them.",
    ),
    "an unknown line": (
        {"customers": {"path": "x", "colums": {}}},
        "customers: colums is not known here. Did you mean columns?",
    ),
    "an unknown column": (
        {"subscriptions": {"path": SPANS_CSV, "columns": {"price": "Price"}}},
        "subscriptions: price is no column of subscriptions. Known: currency, customer_id, ended_at, "
        "interval, "
        "mrr, plan, started_at, status, subscription_id.",
    ),
    "no words": (
        {"subscriptions": {"path": SPANS_CSV, "values": {"status": "live"}}},
        "subscriptions: values should be words by column, such as {status: {Live: active}}.",
    ),
    "no word for a state that renews": (
        {"subscriptions": {"path": SPANS_CSV, "renews": [["active"]]}},
        "subscriptions: renews should be a word of the column of states, such as active, or none.",
    ),
    "no order": (
        {"customers": {"path": "../exports/people.csv", "date_order": "british"}},
        "customers: date_order should be day first, month first, year first or unix.",
    ),
}


@pytest.mark.parametrize(("entry", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_in_sources_is_one_sentence(said, entry, message):
    assert said(sources=entry) == [f"stop: retention.yml: sources: {message}"]


def test_a_column_that_was_renamed_since(home, said):
    (home / "exports" / "people.csv").write_text(PEOPLE.replace("Created", "Created at"))
    assert (
        "stop: people.csv: the column created, which retention.yml takes for signed_up_at, is missing. The "
        "header "
        "holds Account, Created at, Contact E-Mail. Correct its name."
    ) in said(sources=MAPPED)


def test_a_file_of_the_folder_and_one_of_sources_for_the_same_table(home, said):
    folder_of(home / "data", {"subscriptions.csv": None})
    assert ("stop: customers.csv: people.csv holds the same table. Keep one of the two.") in said(
        sources=MAPPED, date_order="month first"
    )


# --- importers -------------------------------------------------------------------------------------


def spans_of(order: Order) -> Imported:
    """An importer of one line: a customer a line, with the place, and a row that is none."""
    lines = [line for file in order.files for line in file.read_text().splitlines()]
    rows = [
        {"customer_id": who, "signed_up_at": "2026-01-05", PLACE: f"line {nth}"}
        for nth, who in enumerate(lines, start=1)
        if who != "draft"
    ]
    spans = [{"customer_id": row["customer_id"], "started_at": order.options.get("start", "2026-01-05"),
              "ended_at": None, "mrr": "9", PLACE: row[PLACE]} for row in rows]  # fmt: skip
    aside = [
        SetAside(order.files[0].name, "line 2", "a draft", {"id": who}) for who in lines if who == "draft"
    ]
    paths = {
        "customers": write_rows(order, "customers", rows),
        "subscriptions": write_rows(order, "subscriptions", spans),
    }
    return Imported(paths, {order.files[0].name: len(lines)}, aside)


def crm(order: Order) -> Imported:
    """An importer that completes: it adds an attribute to the customers that came before."""
    rows = pq.read_table(order.earlier["customers"]).to_pylist()
    return Imported(
        {"customers": write_rows(order, "customers", [{**row, "industry": "law"} for row in rows])}, {}
    )


@pytest.fixture
def importers(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "biller": Importer("biller", "", lambda _: "", spans_of, options=("start",)),
        "crm": Importer("crm", "", lambda _: "", crm, completes=("customers",)),
    }
    monkeypatch.setattr(sources, "IMPORTERS", tuple(known))
    monkeypatch.setattr("retention_helpers.sources.mapping.IMPORTERS", tuple(known))
    monkeypatch.setattr(
        sources, "import_module", lambda name: SimpleNamespace(IMPORTER=known[name.rsplit(".")[-1]])
    )


def test_what_importers_bring_is_put_together(home, said, importers):
    """Two accounts of a biller, and a CRM that completes their customers; a draft stands aside."""
    (home / "exports" / "us.txt").write_text("C-1\ndraft\nC-2\n")
    (home / "exports" / "eu.txt").write_text("C-3\n")
    entries = {
        "us": {"importer": "biller", "path": "../exports/us.txt"},
        "eu": {"importer": "biller", "path": "../exports/eu.txt", "start": "2026-02-01"},
        "crm": {"path": "../exports/people.csv"},
    }
    assert said(sources=entries) == []
    assert kept_rows(home, "customers", "customer_id, industry") == [(f"C-{n}", "law") for n in (1, 2, 3)]
    assert kept_rows(home, "subscriptions", "customer_id, started_on") == [
        ("C-1", dt.date(2026, 1, 5)),
        ("C-2", dt.date(2026, 1, 5)),
        ("C-3", dt.date(2026, 2, 1)),
    ]
    passed = gate.pass_gate(home / "data", home / ".kept")
    assert [(name, rows.to_dict(orient="records")) for name, rows in set_aside(passed.folder)] == [
        ("us", [{"file": "us.txt", "place": "line 2", "reason": "a draft", "id": "draft"}])
    ]
    assert [(one.table, one.file) for one in passed.sources] == [
        ("customers", "us.txt, eu.txt, people.csv"),
        ("subscriptions", "us.txt, eu.txt"),
    ]
    business = open_business(home / "data", "2026-02", cache=home / ".kept")
    aside = quality.set_aside(business)
    business.close()
    assert aside.to_dict(orient="records") == [
        {"file": "us.txt", "reason": "a draft", "rows": 1, "list": "actions/set_aside_us.csv"}
    ]


def test_the_gate_s_rules_hold_for_what_an_importer_brings(home, said, importers):
    (home / "exports" / "us.txt").write_text("C-1\nC-2\n")
    entry = {"path": "../exports/us.txt", "start": "soon"}
    assert said(sources={"biller": entry}) == [
        "stop: us.txt: started_at is not a date or time such as 2026-03-05 or 2026-03-05T10:30 in 2 of 2 "
        "rows (first: "
        "customer C-1, line 1, value 'soon'). Correct it."
    ]
    assert said(sources={"biller": {**entry, "satrt": 1}}) == [
        "stop: retention.yml: sources: biller: satrt is not known here. Did you mean start?"
    ]


def test_an_importer_that_nobody_wrote():
    with pytest.raises(InputError, match="There is no source stripee"):
        sources.importer("stripee")


@pytest.mark.parametrize("name", sources.IMPORTERS)
def test_every_importer_keeps_to_the_interface(name):
    one = sources.importer(name)
    assert one.name == name and one.about and one.recognises([]) == ""


# --- rows set aside --------------------------------------------------------------------------------


def test_rows_set_aside_stand_as_they_were_in_the_file(tmp_path):
    """A column that bears a name of ours gets another one; instants stay as they were written."""
    spans = SUBSCRIPTIONS.replace("\n", ",r\n").replace("currency,r", "currency,reason")
    folder = folder_of(tmp_path / "data", {"subscriptions.csv": spans + spans.splitlines()[2] + "\n"})
    passed = gate.pass_gate(folder, tmp_path / ".kept")
    ((named, rows),) = set_aside(passed.folder)
    assert named == "subscriptions"
    assert rows.iloc[0].to_dict() | {"ended_at": "2026-03-01"} == {
        "file": "subscriptions.csv", "place": "line 4", "reason": "it repeats an earlier row in every column",
        "customer_id": "C-2", "started_at": "2026-01-06", "ended_at": "2026-03-01", "mrr": "49.90",
        "plan": "pro", "status": "active", "currency": "EUR", "reason_": "r",
    }  # fmt: skip


def test_nothing_is_lost(tmp_path):
    """Rows read = rows kept + rows set aside, in every table."""
    twice = CUSTOMERS + CUSTOMERS.splitlines()[1] + "\n"
    folder = folder_of(
        tmp_path / "data", {"customers.csv": twice, "subscriptions.csv": SUBSCRIPTIONS + SUBSCRIPTIONS[-47:]}
    )
    passed = gate.pass_gate(folder, tmp_path / ".kept")
    aside = {name: len(rows) for name, rows in set_aside(passed.folder)}
    for one in passed.sources:
        assert one.rows_read == one.rows_kept + aside.get(one.table, 0)
    assert sum(aside.values()) == 2


def test_a_pattern_that_names_half_a_disk_is_refused_at_once(home, faults_of):
    (home / "many").mkdir()
    for nth in range(mapping.MOST_FILES + 1):
        (home / "many" / f"{nth}.csv").touch()
    stops = [fault.message for fault in faults_of(sources={"spreadsheet": {"path": "../many/*"}})]
    assert stops[0] == (
        "retention.yml: sources: spreadsheet: ../many/* names more than 1000 files. Name them more narrowly."
    )


WORDS_FOR_STATES = {  # as the tools' own documents define them
    "Chargebee": ({"In Trial": "trialing", "Non Renewing": "active"}, ["Transferred"]),
    "Maxio": ({"assessing": "active", "soft_failure": "past_due"}, ["unpaid", "on_hold", "suspended"]),
    "WooCommerce": ({}, ["on hold"]),
    "Lemon Squeezy": ({"on_trial": "trialing"}, ["unpaid"]),
    "Shopify": ({}, ["FROZEN"]),
    "PayPal": ({}, ["SUSPENDED"]),
}


@pytest.mark.parametrize(("known", "asked"), WORDS_FOR_STATES.values(), ids=WORDS_FOR_STATES.keys())
def test_a_word_for_a_state_that_tools_mean_differently_is_left_to_the_owner(
    tmp_path: Path, known: dict[str, str], asked: list[str]
) -> None:
    """What one tool calls a pause, another calls a failed payment; the check asks which it is."""
    rows = "".join(f"C-{nth},2026-01-05,,49,{word}\n" for nth, word in enumerate([*known, *asked]))
    file = tmp_path / "spans.csv"
    file.write_text(f"customer,started_on,ended_on,monthly_price,status\n{rows}", encoding="utf-8")
    assert look_at(file).values == ({"status": known} if known else {})

"""`init`: what lies in a folder is recognised, written down as settings, and what is missing is said."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from retention_helpers import __main__
from retention_helpers.commands import checking
from retention_helpers.sources.looking import look_at

PEOPLE = "Account,Created,E-Mail\nA-1,03/15/2025 2:30 PM,a@x.de\nA-2,04/02/2025 9:00 AM,b@x.de\n"
SPANS = (
    "Account;Start date;End date;Price a month;State\nA-1;03/15/2025;;49,90;Live\n"
    "A-2;04/02/2025;05/01/2025;20;Past Due\n"
)


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory and a cache of its own; nobody at the terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    defaults = {**(checking.check.__kwdefaults__ or {}), "cache": tmp_path / ".kept"}
    monkeypatch.setattr(checking.check, "__kwdefaults__", defaults)
    (tmp_path / "exports").mkdir()
    return tmp_path


def begin(*arguments: str) -> int:
    return __main__.main(["init", *arguments])


def settings(folder: Path) -> dict:
    return yaml.safe_load((folder / "retention.yml").read_text(encoding="utf-8"))


def test_exports_under_other_names(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clean / "exports" / "people.csv").write_text(PEOPLE)
    (clean / "exports" / "spans.csv").write_text(SPANS)
    (clean / "exports" / "todo.csv").write_text("what,when\nmilk,today\n")
    (clean / "exports" / "letter.docx").write_text("Dear all")
    assert begin("mine", "--from", "exports", "--business", "Acme: & Co", "--time-zone", "Europe/Berlin") == 0
    said = capsys.readouterr().out
    assert "  people.csv: customers, where customer_id is “Account”, signed_up_at is “Created”\n" in said
    assert "  todo.csv: not recognised; it holds what, when\n" in said
    assert "letter.docx" not in said
    assert "There: customers (2 rows), subscriptions (2 rows).\nNot there, and what it would add:\n" in said
    assert "  cancellations: who ended it, and why\n" in said
    assert said.endswith("A report can be made.\nNext: make report DATA=mine\n")
    written = settings(clean / "mine")
    assert (written["business"], written["time_zone"], written["date_order"]) == (
        "Acme: & Co",
        "Europe/Berlin",
        "month first",
    )
    assert written["sources"]["subscriptions"] == {
        "path": "../exports/spans.csv",
        "columns": {"customer_id": "Account", "started_at": "Start date", "ended_at": "End date",
                    "mrr": "Price a month", "status": "State"},
        "values": {"status": {"Live": "active", "Past Due": "past_due"}},
    }  # fmt: skip


def test_days_in_numbers_are_asked_about_at_the_terminal(
    clean: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing in the files says which of the two comes first, so the owner does."""
    (clean / "exports" / "people.csv").write_text("Account,Created\nA-1,03/05/2025\n")
    (clean / "exports" / "spans.csv").write_text("Account,Start,End,MRR\nA-1,03/05/2025,,49.90\n")
    asked: list[str] = []
    answers: Iterator[str] = iter(["exports", "Acme", "", "day"])

    def answer(question: str) -> str:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert begin("mine") == 0
    assert asked == [
        "Where are your files? A folder or a file [mine] ",
        "What is the business called? [Mine] ",
        "In which time zone do its days end? [Europe/Berlin] ",
        "Is 03/05/2025 with the day first 3 May 2025, or with the month first 5 March 2025? [day/month] ",
    ]
    written = settings(clean / "mine")
    assert (written["time_zone"], written["date_order"]) == ("Europe/Berlin", "day first")


def test_without_an_answer_the_check_asks(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clean / "exports" / "people.csv").write_text("Account,Created\nA-1,03/05/2025\n")
    (clean / "exports" / "spans.csv").write_text("Account,Start,End,MRR\nA-1,03/05/2025,,49.90\n")
    assert begin("mine", "--from", "exports") == 2
    said = capsys.readouterr().out
    assert "Such a day can be read in two ways" in said
    assert said.endswith(
        "Next: mend what stops it in the files or in mine/retention.yml, then: make report DATA=mine\n"
    )
    assert "date_order" not in settings(clean / "mine")


def test_tables_of_ours_where_they_lie(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files with our names in the data folder itself need no entry."""
    (clean / "mine").mkdir()
    (clean / "mine" / "customers.csv").write_text("customer_id,signed_up_at\nA-1,2025-03-15\n")
    (clean / "mine" / "subscriptions.csv").write_text(
        "customer_id,started_at,ended_at,mrr\nA-1,2025-03-15,,5\n"
    )
    assert begin("mine") == 0
    assert "sources" not in settings(clean / "mine")
    assert "  customers.csv: customers\n  subscriptions.csv: subscriptions\n" in capsys.readouterr().out
    before = (clean / "mine" / "retention.yml").read_text() + "switch_gap_days: 5\n"
    (clean / "mine" / "retention.yml").write_text(before)
    assert begin("mine", "--business", "Other") == 0
    assert "Left as it is, because it was there: mine/retention.yml" in capsys.readouterr().out
    assert (clean / "mine" / "retention.yml").read_text() == before


def test_sheets_are_left_to_the_importer(clean: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Our customers"])
    for line in (["customer_id", "signed_up_at"], ["A-1", "2025-03-15"]):
        book.active.append(line)
    sheet = book.create_sheet("spans")
    for line in (["customer_id", "started_at", "ended_at", "mrr"], ["A-1", "2025-03-15", None, 5]):
        sheet.append(line)
    book.save(clean / "exports" / "book.xlsx")
    assert begin("mine", "--from", "exports/book.xlsx") == 0
    assert settings(clean / "mine")["sources"] == {"spreadsheet": {"path": "../exports/book.xlsx"}}


def test_a_second_file_of_a_table_is_left_out_and_said(
    clean: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("people.csv", "people2.csv"):
        (clean / "exports" / name).write_text(PEOPLE)
    (clean / "exports" / "spans.csv").write_text(SPANS)
    begin("mine", "--from", "exports")
    assert "  people2.csv was left out: another file brings customers already.\n" in capsys.readouterr().out


PRICES = {
    "prices of years": (
        "interval",
        ["490.00,annual,", "490.00,annual,", "490.00,annual,2026-04-05"],
        ["40.833333"] * 3,
    ),
    "a year among months": (
        "interval", ["49,month,", "490,year,", "49,Monthly,"], ["49", "40.833333", "49"]
    ),
    "months alone": (None, ["49,month,", "49,month,", "49,month,"], ["49"] * 3),
}  # fmt: skip


@pytest.mark.parametrize(("per", "rows", "expected"), PRICES.values(), ids=PRICES.keys())
def test_a_price_is_one_of_the_interval_beside_it(
    clean: Path, capsys: pytest.CaptureFixture[str], per: str | None, rows: list[str], expected: list[str]
) -> None:
    (clean / "exports" / "people.csv").write_text(
        "user_id,created_at\nU0,2026-01-05\nU1,2026-01-05\nU2,2026-01-05\n"
    )
    lines = [f"U{nth},2026-01-05,{row}\n" for nth, row in enumerate(rows)]
    (clean / "exports" / "members.csv").write_text(
        "user_id,start_date,price,interval,end_date\n" + "".join(lines)
    )
    assert begin("mine", "--from", "exports") == 0
    assert settings(clean / "mine")["sources"]["subscriptions"].get("price_per") == per
    is_said = "“price” is the price of its interval and is divided" in capsys.readouterr().out
    assert is_said == bool(per)
    assert amounts(clean) == [Decimal(amount) for amount in expected]


def kept(clean: Path, table: str) -> list[dict]:
    """What the gate kept of a table, in the order of the file."""
    (file,) = (clean / ".kept").rglob(f"{table}.parquet")
    return pq.read_table(file).to_pylist()


def amounts(clean: Path) -> list[Decimal]:
    return [row["mrr"] for row in kept(clean, "subscriptions")]


def test_an_interval_that_nobody_knows_is_asked_about(
    clean: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (clean / "exports" / "people.csv").write_text("user_id,created_at\nU1,2026-01-05\n")
    (clean / "exports" / "members.csv").write_text(
        "user_id,start_date,price,interval,end_date\nU1,2026-01-05,49,per moon,\n"
    )
    assert begin("mine", "--from", "exports") == 2
    assert "How long its interval is, is not known" in capsys.readouterr().out


def test_cents_are_told_by_the_name_of_their_column(clean: Path) -> None:
    (clean / "exports" / "people.csv").write_text("user_id,created_at\nU1,2026-01-05\n")
    (clean / "exports" / "members.csv").write_text(
        "user_id,start_date,monthly_price_cents,currency,end_date\nU1,2026-01-05,4900,eur,\n"
    )
    assert begin("mine", "--from", "exports") == 0
    assert settings(clean / "mine")["sources"]["subscriptions"]["price_in"] == "minor units"
    assert amounts(clean) == [Decimal(49)]


def test_a_request_is_no_end_where_an_end_stands_beside_it(
    clean: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a cancellation, with its reason, on the day of the request."""
    (clean / "exports" / "members.csv").write_text(
        "user_id,mrr,start_date,canceled_at,expires_at,churn_reason\n"
        "U1,49,2026-01-05,2026-06-22,2026-07-20,too_expensive\nU2,49,2026-01-05,,,\n"
    )
    assert begin("mine", "--from", "exports") == 0
    said = capsys.readouterr().out
    assert "cancellations, one for each filled “canceled_at”, the day of the request" in said
    assert "Did you mean" not in said
    sources = settings(clean / "mine")["sources"]
    assert sources["subscriptions"]["columns"]["ended_at"] == "expires_at"
    (asked,) = kept(clean, "cancellations")
    assert (asked["customer_id"], str(asked["canceled_on"]), asked["reason"]) == (
        "U1",
        "2026-06-22",
        "too_expensive",
    )


def test_a_list_of_ours_names_requests_too(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """canceled_at beside ended_at in our own file is no misspelt ended_at."""
    (clean / "mine").mkdir()
    (clean / "mine" / "customers.csv").write_text("customer_id,signed_up_at\nA-1,2025-03-15\n")
    (clean / "mine" / "subscriptions.csv").write_text(
        "customer_id,started_at,ended_at,mrr,canceled_at\nA-1,2025-03-15,2025-06-01,5,2025-05-20\n"
    )
    assert begin("mine") == 0
    assert settings(clean / "mine")["sources"] == {
        "cancellations": {"path": "subscriptions.csv", "rows": "filled"}
    }
    assert [str(row["canceled_on"]) for row in kept(clean, "cancellations")] == ["2025-05-20"]
    (clean / "mine" / "retention.yml").unlink()
    capsys.readouterr()
    assert __main__.main(["check", "--data", "mine"]) == 0
    assert (
        "canceled_at is a column of cancellations: name the file there too, under `sources:`"
        in capsys.readouterr().out
    )


def test_a_list_of_subscriptions_names_the_customers_too(
    clean: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As Chargebee exports it: one customer with two subscriptions, a status of its own."""
    (clean / "exports" / "subscriptions.csv").write_text(
        "Subscription Id,Customer Id,Status,MRR,Created At,Started At,Canceled On,Customer Email\n"
        "s1,c1,Active,49.00,2026-01-07 10:00:00,2026-01-07 10:00:00,,a@example.com\n"
        "s2,c1,Non Renewing,20.00,2026-01-05 10:00:00,2026-01-05 10:00:00,2027-01-05 10:00:00,a@example.com\n"
        "s3,c2,Cancelled,49.00,2026-01-06 10:00:00,2026-01-06 10:00:00,2026-04-05 10:00:00,b@example.com\n"
    )
    assert begin("mine", "--from", "exports") == 0
    sources = settings(clean / "mine")["sources"]
    assert sources["subscriptions"]["values"] == {"status": {"Non Renewing": "active", "Cancelled": "active"}}
    assert sources["customers"]["each"] == "first"
    people = kept(clean, "customers")
    assert [(row["customer_id"], str(row["signed_up_on"])) for row in people] == [
        ("c1", "2026-01-05"),
        ("c2", "2026-01-06"),
    ]
    assert "customers, one for each “Customer Id”" in capsys.readouterr().out


HEADINGS = {
    "German": (
        "Kundennummer;Vertragsbeginn;Gekündigt zum;Preis / Monat;Zustand\n", "K1;05.03.2026;;49,90;aktiv\n"
    ),
    "French": ("Numéro client;Début;Fin;Prix / mois;État\n", "K1;05.03.2026;;49,90;actif\n"),
    "Chinese": ("客户编号,开始日期,结束日期,月费,状态\n", "K1,2026年3月5日,,49.90,有效\n"),
}  # fmt: skip


@pytest.mark.parametrize(("header", "row"), HEADINGS.values(), ids=HEADINGS.keys())
def test_headings_of_other_languages(clean: Path, header: str, row: str) -> None:
    (clean / "exports" / "list.csv").write_text(header + row, encoding="utf-8")
    assert begin("mine", "--from", "exports", "--date-order", "day first") == 0
    assert amounts(clean) == [Decimal("49.90")]


def test_a_status_of_another_tool_comes_with_the_line_that_maps_it(
    clean: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (clean / "exports" / "people.csv").write_text("user_id,created_at\nU1,2026-01-05\n")
    (clean / "exports" / "members.csv").write_text(
        "user_id,start_date,mrr,state,end_date\nU1,2026-01-05,49,Dunning,\n"
    )
    assert begin("mine", "--from", "exports") == 2
    assert "such as `values: {status: {Dunning: active}}`" in capsys.readouterr().out


def test_nothing_to_begin_with(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clean / "exports" / "todo.csv").write_text("what,when\nmilk,today\n")
    assert begin("mine", "--from", "exports") == 2
    said = capsys.readouterr().err
    assert "No file in exports looks like customers, subscriptions or orders." in said
    assert "import ledger" not in said
    (clean / "exports" / "paid.csv").write_text("when,who,how much\n2026-01-05,Ann,29\n2026-02-05,Ann,29\n")
    assert begin("mine", "--from", "exports") == 2
    assert "import ledger exports/paid.csv --out mine" in capsys.readouterr().err
    assert begin("mine", "--from", "elsewhere") == 2
    assert "There is no file or folder elsewhere." in capsys.readouterr().err


LOOKS = {
    "a table of ours": ("nps.csv", "customer_id,answered_at,score\nA,2025-01-01,9\n", "nps", "nps"),
    "Baremetrics": (
        "x.csv",
        "plan_amount,plan_interval,customer_oid,subscription_started_at\n100,month,A,2025-01-01\n",
        "spreadsheet",
        "Baremetrics' import template",
    ),
    "events": (
        "log.csv",
        "user_id,timestamp,action\nA,2025-01-01,login\n",
        "events",
        "events, where customer_id is “user_id”, occurred_at is “timestamp”, event is “action”",
    ),
    "Stripe's subscriptions, which tell why somebody cancelled as another tool's answers do": (
        "subscriptions.csv",
        "id,Customer ID,Customer Email,Plan,Product,Quantity,Currency,Interval,Amount,Status,Created (UTC),"
        "Start (UTC),Canceled At (UTC),Cancel At Period End,Ended At (UTC),Cancellation Reason\n",
        "stripe",
        "Stripe's subscriptions",
    ),
    "no header": ("x.csv", "A-1,2025-01-01\n", "", "not recognised; it holds A-1, 2025-01-01"),
    "empty": ("x.csv", "", "", "the file is empty. Export it again, with its header line."),
    "binary": ("x.csv", "\0\0\0", "", "line 1 is not UTF-8 text. Save it as CSV UTF-8."),
    "JSON": (
        "x.json",
        '{"data": [{"id": "sub_1", "customer": "cus_1"}]}',
        "",
        "not recognised; it holds id, customer",
    ),
    "broken JSON": ("x.json", "{", "", "what begins on line 1 is no JSON. Export it again."),
    "no workbook": ("x.xlsx", "no", "", "it cannot be read"),
}


@pytest.mark.parametrize(("name", "content", "key", "what"), LOOKS.values(), ids=LOOKS.keys())
def test_what_files_look_like(tmp_path: Path, name: str, content: str, key: str, what: str) -> None:
    (tmp_path / name).write_text(content)
    look = look_at(tmp_path / name)
    assert (look.key, look.what) == (key, what)


def test_parquet_is_known_by_its_columns(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"customer_id": ["A"], "occurred_at": ["2025-01-01"], "event": ["x"]}),
        tmp_path / "e.parquet",
    )
    assert look_at(tmp_path / "e.parquet").key == "events"


def test_a_status_that_is_over_is_taken_for_active_only_where_every_row_has_its_end(tmp_path: Path) -> None:
    """Else those who left would count as customers for ever."""
    spans = "account,start,end,price,state\nA,2025-01-01,2025-02-01,5,canceled\nB,2025-01-01,{},5,canceled\n"
    for end, values in (("2025-03-01", {"status": {"canceled": "active"}}), ("", {})):
        (tmp_path / "spans.csv").write_text(spans.format(end))
        assert look_at(tmp_path / "spans.csv").values == values


# --- what can be read in two ways -----------------------------------------------------------------------

YEARLY = (
    "user_id,start_date,price,end_date\n"
    + "U1,2026-01-05,490,\n" * 1
    + ("U2,2026-01-05,490,\nU3,2026-01-05,490,\nU4,2026-01-05,490,2026-04-05\n")
)


def test_a_price_without_an_interval_is_left_open_where_nobody_answers(
    clean: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """3 x 490 a month are 1,470; of years, 122.50. The lines that the stop names are enough."""
    (clean / "exports" / "members.csv").write_text(YEARLY)
    assert begin("mine", "--from", "exports") == 2
    assert (
        "stop: retention.yml: sources: subscriptions: Is “price” what is paid a month or a year? "
        "Instead of `open` write "
        "`price_per: month` (MRR is 1,470), or `price_per: year` (MRR is 122.50)." in capsys.readouterr().out
    )
    path = clean / "mine" / "retention.yml"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(nth for nth, line in enumerate(lines) if line.startswith("    open:"))
    lines[at : at + 2] = ["    price_per: year"]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert __main__.main(["check", "--data", "mine"]) == 0
    assert amounts(clean)[:3] == [Decimal("40.833333")] * 3


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is asked at the terminal, in order; the list holds a part of each question and its answer."""
    given: list[tuple[str, str]] = []

    def answer(question: str) -> str:
        for nth, (part, said) in enumerate(given):
            if part in question:
                del given[nth]
                return said
        return ""

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answer)
    return given


def test_the_answer_stands_in_the_settings(clean: Path, answers: list[tuple[str, str]]) -> None:
    (clean / "exports" / "members.csv").write_text(YEARLY)
    answers.append(("month: MRR is 1,470; year: MRR is 122.50", "y"))
    assert begin("mine", "--from", "exports") == 0
    assert (
        "    price_per: year  # what the amounts pay for\n" in (clean / "mine" / "retention.yml").read_text()
    )


BOTH = "user_id,start_date,monthly_price,annual_price,billing_cycle,end_date\n"
OPEN = {
    "a year's price that is no larger than a month's may be divided already": (
        "user_id,start_date,price,interval,end_date\nU1,2026-01-05,49,month,\nU2,2026-01-05,40,year,\n",
        ("interval: MRR is 52.33; month: MRR is 89", "month"),
        {"price_per": "month"},
        ["49", "40"],
    ),
    "a price beside seats may be that of one": (
        "user_id,start_date,monthly_price,seats,end_date\nU1,2026-01-05,20,3,\nU2,2026-01-05,20,1,\n",
        ("all: MRR is 40; one: MRR is 80", "one"),
        {"price_for": "seats"},
        ["60", "20"],
    ),
    "cents are told from the whole column, by size and endings": (
        "user_id,start_date,mrr,currency,end_date\nU1,2026-01-05,4900,eur,\nU2,2026-01-05,1999,eur,\n",
        ("cents: MRR is EUR 68.99; whole units: MRR is EUR 6,899", "cents"),
        {"price_in": "minor units"},
        ["49", "19.99"],
    ),
    "and may be whole units": (
        "user_id,start_date,mrr,currency,end_date\nU1,2026-01-05,4900,eur,\nU2,2026-01-05,1999,eur,\n",
        ("cents: MRR is EUR 68.99", "whole"),
        {"price_in": "whole units"},
        ["4900", "1999"],
    ),
    "two columns of an end": (
        "user_id,start_date,mrr,end_date,terminated_at\nU1,2026-01-05,5,2026-02-01,2026-03-01\nU2,2026-01-05,5,,\n",
        ("end_date: 1 end in February 2026; terminated_at: 1 end in March 2026", "terminated"),
        {"ended_where": "terminated_at"},
        ["5", "5"],
    ),
    "two prices": (
        "user_id,start_date,price,total,interval,currency,end_date\nU1,2026-01-05,$20,$60,month,usd,\n",
        ("“price” and “total” all look like what is paid, and differ. Which is it?\n  price: MRR is USD 20; "
         "total: MRR is USD 60.", "total"),
        {"columns": {"customer_id": "user_id", "started_at": "start_date", "ended_at": "end_date",
                     "mrr": "total"}},
        ["60"],
    ),
    "a price of a year beside one of a month, and who pays which": (
        f"{BOTH}U1,2026-01-05,49,490,month,\nU2,2026-01-05,49,490,yearly,\n",
        ("“annual_price” stands beside “monthly_price”. Does each pay the price of its own interval, or "
         "everybody “monthly_price”?\n  each: MRR is 89.83; monthly_price: MRR is 98", "monthly"),
        {"yearly_price": "none", "price_per": None},
        ["49", "49"],
    ),
    # 490 x 2 / 12, and 49 x 3
    "and for how many": (
        f"{BOTH.replace('end_date', 'end_date,seats')}"
        "U1,2026-01-05,49,490,year,,2\nU2,2026-01-05,49,490,month,,3\n",
        ("all: MRR is 89.83; one: MRR is 228.67", "one"),
        {"yearly_price": "annual_price", "price_for": "seats"},
        ["81.666667", "147"],
    ),
    "and nothing that says who pays which": (
        f"{BOTH}U1,2026-01-05,49,490,,\nU2,2026-01-05,49,490,,\n",
        ("no column says who pays which. Which does everybody pay? If it differs, bring a column “interval” "
         "with month or year.\n  monthly_price: MRR is 98; annual_price: MRR is 81.67", "annual"),
        {"columns": {"customer_id": "user_id", "started_at": "start_date", "ended_at": "end_date",
                     "mrr": "annual_price"}, "price_per": "year"},
        ["40.833333", "40.833333"],
    ),
    "a price of a month and one that does not say of what": (
        "user_id,start_date,monthly_fee,amount,interval,end_date\nU1,2026-01-05,49,540,year,\n",
        ("Which is it?\n  monthly_fee: MRR is 49; amount: MRR is 45.", "amount"),
        {"price_per": "interval"},
        ["45"],
    ),
    "which nobody answers": (
        "user_id,start_date,monthly_fee,amount,end_date\nU1,2026-01-05,49,540,\n",
        ("Which is it?", ""),
        {"open": ["“monthly_fee” and “amount” all look like what is paid, and differ. Which is it? Instead "
                  "of `open` write `mrr: monthly_fee` under columns (MRR is 49), or `mrr: amount` under "
                  "columns and `price_per: month` (MRR is 540)."]},
        None,
    ),
    "prices that are not alike": (
        "user_id,start_date,monthly_price,yearly_price_cents,interval,end_date\nU1,2026-01-05,49,49000,year,\n",
        ("with another currency, other tax, or in cents. Bring both alike, or one column", ""),
        {"yearly_price": None, "open": ["“yearly_price_cents” stands beside “monthly_price”, with another "
         "currency, other tax, or in cents. Bring both alike, or one column with what each pays. Instead of "
         "`open` write `yearly_price: none` (MRR is 49)."]},
        None,
    ),
    "a list price beside an interval, and one of the year": (
        "user_id,start_date,price,price per year,interval,end_date\n"
        "U1,2026-01-05,49,490,month,\nU2,2026-01-05,49,490,year,\n",
        ("each: MRR is 89.83; price: MRR is 53.08", "each"),  # 49 + 490 / 12; 49 + 49 / 12
        {"yearly_price": "price per year", "price_per": "interval"},
        ["49", "40.833333"],
    ),
    "an end for everybody who is active": (
        "user_id,start_date,mrr,status,expires_at\nU1,2026-01-05,20,active,2026-02-05\n"
        "U2,2026-01-05,30,active,2190-01-05\nU3,2026-01-05,40,expired,2026-03-05\n",
        ("“expires_at” is there for everybody whose “status” is active. Do they renew by themselves, or does "
         "service end on that day?\n  renew: MRR is 50; 1 end in March 2026; "
         "end: MRR is 30; 1 end in February 2026, 1 end in March 2026, and 1 more by 5 January 2190",
         "renew"),
        {"renews": "active"},
        ["20", "30", "40"],
    ),
    "which is an end": (
        "user_id,start_date,mrr,status,expires_at\nU1,2026-01-05,20,active,2026-02-05\n",
        ("renew: MRR is 20; nobody has left yet; end: MRR is 0; 1 end in February 2026", "end"),
        {"renews": "none"},
        ["20"],
    ),
    "a discount beside a price": (
        "user_id,start_date,monthly_price,discount %,end_date\nU1,2026-01-05,100,20,\nU2,2026-01-05,50,,\n",
        ("off: MRR is 130; paid: MRR is 150", "off"),
        {"discount": "discount %"},
        ["80", "50"],
    ),
    "that is off already": (
        "user_id,start_date,monthly_price,discount %,end_date\nU1,2026-01-05,100,20,\nU2,2026-01-05,50,,\n",
        ("off: MRR is 130", "paid"),
        {"discount": "none"},
        ["100", "50"],
    ),
    "an amount of tax beside a price": (
        "user_id,start_date,Amount,Tax,interval,end_date\nU1,2026-01-05,119,19,month,\nU2,2026-01-05,588,98,year,\n",
        ("inside: MRR is 140.83; on top: MRR is 168", "inside"),  # 100 + 490 / 12; 119 + 49
        {"tax_inside": "Tax"},
        ["100", "40.833333"],
    ),
    "a rate of tax beside a price, as a share or in per cent": (
        "user_id,start_date,monthly_price,VAT rate,end_date\n"
        "U1,2026-01-05,119,19%,\nU2,2026-01-05,120,0.2,\n",
        ("inside: MRR is 200; on top: MRR is 239", "inside"),
        {"tax_inside": "VAT rate"},
        ["100", "100"],
    ),
    "a price that includes tax by its heading": (
        "user_id,start_date,Bruttopreis / Monat,end_date\nU1,2026-01-05,119,\nU2,2026-01-05,59.50,\n",
        ("Of how many per cent? With 20, MRR is 148.75; with none taken off, MRR is 178.50", "19 %"),
        {"tax_inside": 19},
        ["100", "50"],
    ),
    # 130 x 2 = 260, less 10 = 250, of which a sixth is tax: 208.33, and a twelfth of that 17.36
    "seats, a discount, tax and a year": (
        "user_id,start_date,Price (EUR) gross,Discount,VAT,seats,Billing interval,end_date\n"
        "U1,2026-01-05,130,10,20%,2,year,\n",
        ("all: MRR is EUR 9.03; one: MRR is EUR 18.06", "one"),
        {"tax_inside": "VAT", "discount": None, "open": ["“Discount” stands beside “Price (EUR) gross”. Is "
         "that still to be taken off, or is the price what is paid? Instead of `open` write `discount: "
         "Discount` (MRR is EUR 17.36), or `discount: none` (MRR is EUR 18.06)."]},
        None,
    ),
    "a price may pay for what another column says, under whatever heading": (
        "user_id,start_date,price,Laufzeit,end_date\n"
        "U1,2026-01-05,49,monatlich,\nU2,2026-01-05,490,jährlich,\n",
        ("or what “Laufzeit” says?\n  Laufzeit: MRR is 89.83; month: MRR is 539; year: MRR is 44.92", "L"),
        {"price_per": "interval"},
        ["49", "40.833333"],
    ),
    "or everybody a month, bound for longer": (
        "user_id,start_date,price,Term,end_date\n"
        "U1,2026-01-05,49,12 months,\nU2,2026-01-05,20,12 months,\n",
        ("Term: MRR is 5.75; month: MRR is 69; year: MRR is 5.75", "month"),
        {"price_per": "month"},
        ["49", "20"],
    ),
    "a plan's name may say it": (
        "user_id,start_date,price,Plan,end_date\n"
        "U1,2026-01-05,49,Team monthly,\nU2,2026-01-05,490,Team: yearly,\n",
        ("Plan: MRR is 89.83; month: MRR is 539; year: MRR is 44.92", "Plan"),
        {"price_per": "interval", "values": {"interval": {"Team monthly": "month", "Team: yearly": "year"}}},
        ["49", "40.833333"],
    ),
    "some of the plans say it": (
        "user_id,start_date,price,Plan,end_date\nU1,2026-01-05,49,Team monthly,\n"
        "U2,2026-01-05,490,Team yearly,\nU3,2026-01-05,900,Lifetime,\n",
        ("That says it of some rows alone: for prices of several intervals bring a column", ""),
        {"price_per": None},
        None,
    ),
    "who renews by itself": (
        "Member ID,Plan,Price per month,Member since,Expires,Auto-renew\n"
        "U1,Pro,49,2026-01-05,2099-12-05,yes\nU2,Pro,49,2026-01-05,2026-05-05,no\n",
        ("“Expires” is there for everybody whose “Auto-renew” is yes. Do they renew", "renew"),
        {"renews": "yes"},
        ["49", "49"],
    ),
    "until when is paid": (
        "Customer,Monthly price,Subscribed on,Cancelled on,Paid through\nU1,49,2026-01-05,,2099-07-05\n"
        "U2,49,2026-01-05,2026-04-20,2026-05-05\n",
        ("“Paid through” is there for customers too whose “Cancelled on” is empty", "cancelled"),
        {"ended_where": "Cancelled on"},
        ["49", "49"],
    ),
    "a state that nobody knows": (
        "user_id,start_date,mrr,end_date,state\nU1,2026-01-05,5,,Dunning\nU2,2026-01-05,5,,active\n",
        ("What does the state “Dunning” mean, in 1 row?", "past"),
        {"values": {"status": {"Dunning": "past_due"}}},
        ["5", "5"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "answer", "written", "expected"), OPEN.values(), ids=OPEN.keys())
def test_what_follows_is_said_with_the_question(
    clean: Path,
    answers: list[tuple[str, str]],
    text: str,
    answer: tuple[str, str],
    written: dict,
    expected: list[str] | None,
) -> None:
    (clean / "exports" / "members.csv").write_text(text)
    answers.append(answer)
    assert begin("mine", "--from", "exports") == (0 if expected else 2)
    assert not answers
    entry = settings(clean / "mine")["sources"]["subscriptions"]
    assert {name: entry.get(name) for name in written} == written
    if expected:
        assert amounts(clean) == [Decimal(amount) for amount in expected]


def test_a_plan_that_names_its_interval_is_still_the_plan(
    clean: Path, answers: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Below a title, too; an interval that nobody knows is a stop there as it is in a plain file."""
    text = "Ours\nAccount,Start,End,Price,{},Seats\nA,2026-01-05,,49,{},1\nB,2026-01-06,2026-02-06,490,{},1\n"
    path = clean / "exports" / "list.csv"
    path.write_text(text.format("Plan", "Team monthly", "Team: yearly"))
    answers.append(("Plan: MRR is 49; month: MRR is 49; year: MRR is 4.08", "Plan"))
    assert begin("mine", "--from", "exports") == 0
    assert amounts(clean) == [Decimal(49), Decimal("40.833333")]
    rows = [(row["plan"], row["interval"]) for row in kept(clean, "subscriptions")]
    assert rows == [("Team monthly", "month"), ("Team: yearly", "year")]
    path.write_text(text.format("Interval", "month", "per moon"))
    assert begin("other", "--from", "exports") == 2
    assert (
        "list.csv: it is not known how long an interval of “per moon” is in 1 of 2 rows (first: line 4)."
        in capsys.readouterr().out
    )


EACH = {
    "its interval tells": (
        f"{BOTH}U1,2026-01-05,49,490,month,\nU2,2026-01-05,49,490,Annually,\n", ["49", "40.833333"],
        "Taken: `yearly_price: annual_price` (MRR is 89.83); else `yearly_price: none`: MRR is 98.\n",
    ),
    "only one of the two is there": (
        f"{BOTH}U1,2026-01-05,49,,,\nU2,2026-01-05,,490,,\n", ["49", "40.833333"],
        "Taken: `yearly_price: annual_price` (MRR is 89.83)",
    ),
    "three intervals, with signs": (
        "user_id;start_date;Preis / Monat;Preis / Quartal;Preis / Jahr;Zahlweise;end_date\n"
        "U1;2026-01-05;49,00 €;129,00 €;490,00 €;vierteljährlich;\n"
        "U2;2026-01-05;49,00 €;129,00 €;1.490,00 €;jährlich;\n", ["43", "124.166667"],
        "Taken: `quarterly_price: Preis / Quartal` and `yearly_price: Preis / Jahr` (MRR is EUR 167.17)",
    ),
    "both are the same a month": (
        f"{BOTH}U1,2026-01-05,40.83,490,,\nU2,2026-01-05,20,240,,\n", ["40.83", "20"], "",
    ),
    "MRR is MRR": (
        "user_id,start_date,MRR,Annual price,end_date\nU1,2026-01-05,49,600,\n", ["49"], "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", ["", "Our members\n"])
@pytest.mark.parametrize(("text", "expected", "said"), EACH.values(), ids=EACH.keys())
def test_each_pays_the_price_of_its_interval(
    clean: Path, capsys: pytest.CaptureFixture[str], text: str, expected: list[str], said: str, title: str
) -> None:
    """Where the file tells it nobody has to answer; a year's price is divided by twelve, a quarter's by 3."""
    (clean / "exports" / "members.csv").write_text(title + text, encoding="utf-8")
    assert begin("mine", "--from", "exports") == 0
    shown = capsys.readouterr().out
    assert said in shown
    assert ("Taken" in shown) == bool(said)
    assert "is a price too" not in shown
    assert amounts(clean) == [Decimal(amount) for amount in expected]


def test_prices_of_two_intervals_in_a_workbook(clean: Path) -> None:
    """Read in place: what is a number there, in the currency of its format."""
    book = openpyxl.Workbook()
    for line in (
        BOTH.strip().split(","),
        ["U1", "2026-01-05", 49, 490, "month"],
        ["U2", "2026-01-05", None, 490, "year"],
    ):
        book.active.append(line)
    for cell in ("C2", "D2", "D3"):
        book.active[cell].number_format = '#,##0.00 "€"'
    book.save(clean / "exports" / "members.xlsx")
    assert begin("mine", "--from", "exports") == 0
    rows = kept(clean, "subscriptions")
    assert [(row["mrr"], row["currency"]) for row in rows] == [
        (Decimal(49), "EUR"), (Decimal("40.833333"), "EUR"),
    ]  # fmt: skip


@pytest.mark.parametrize("title", ["", "Our members\n"])
def test_who_pays_which_price_is_left_open(
    clean: Path, capsys: pytest.CaptureFixture[str], title: str
) -> None:
    """No report, and the lines to paste; where only some rows tell, the others are a stop."""
    text = f"{title}{BOTH}U1,2026-01-05,49,490,,\nU2,2026-01-05,49,490,,\n"
    (clean / "exports" / "members.csv").write_text(text)
    assert begin("mine", "--from", "exports") == 2
    assert (
        "Instead of `open` write `yearly_price: none` (MRR is 98), or `mrr: annual_price` under columns and "
        "`price_per: year` (MRR is 81.67)." in capsys.readouterr().out
    )
    path = clean / "mine" / "retention.yml"
    lines = path.read_text(encoding="utf-8").replace("mrr: monthly_price", "mrr: annual_price").splitlines()
    at = next(nth for nth, line in enumerate(lines) if line.startswith("    open:"))
    lines[at : at + 2] = ["    price_per: year"]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert __main__.main(["check", "--data", "mine"]) == 0
    assert amounts(clean) == [Decimal("40.833333")] * 2
    assert "“monthly_price” is a price too and was not read" in capsys.readouterr().out
    (clean / "exports" / "members.csv").write_text(text.replace("490,,\nU2", "490,year,\nU2"))
    assert begin("other", "--from", "exports") == 2
    said = capsys.readouterr().out
    assert "Taken: `yearly_price: annual_price` (MRR is 40.83 without 1 row with neither)" in said
    assert (
        f"customer U2, line {3 + bool(title)}, value '49 or 490 per year'). Which of these prices is" in said
    )


def test_days_that_are_counted_from_1970(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1767571200 is 2026-01-05 00:00 UTC (date -u -d @1767571200), 1772366400000 ms are 2026-03-01 12:00."""
    (clean / "exports" / "users.csv").write_text("user_id,created_at\nU1,1767571200\nU2,1767571200\n")
    text = "user_id,mrr,start_date,canceled_at,end_date\nU1,5,1767571200,1772366400000,1772366400000\n"
    (clean / "exports" / "members.csv").write_text(f"{text}U2,5,1767571200.5,,0\n")
    (clean / "exports" / "log.csv").write_text("user_id,timestamp,action\nU1,1767571200,login\n")
    assert begin("mine", "--from", "exports", "--time-zone", "Asia/Tokyo") == 0
    assert "its days are counted from 1970" in capsys.readouterr().out
    assert settings(clean / "mine")["sources"]["customers"]["date_order"] == "unix"
    rows = kept(clean, "subscriptions")
    assert [str(row["started_at"])[:21] for row in rows] == ["2026-01-05 00:00:00", "2026-01-05 00:00:00.5"]
    assert [str(row["ended_at"]) for row in rows] == ["2026-03-01 12:00:00", "None"]
    assert [str(row["canceled_at"]) for row in kept(clean, "cancellations")] == ["2026-03-01 12:00:00"]
    assert [str(row["signed_up_on"]) for row in kept(clean, "customers")] == ["2026-01-05"] * 2
    assert [str(row["occurred_at"]) for row in kept(clean, "events")] == ["2026-01-05 00:00:00"]


@pytest.mark.parametrize("name", ["titled.xlsx", "plain.xlsx", "subscriptions.parquet"])
def test_workbooks_and_parquet_count_from_1970_too(clean: Path, name: str) -> None:
    """As numbers: in a sheet below a title, in a workbook and in Parquet read in place."""
    lines = [["user_id", "mrr", "start_date", "end_date"], ["U1", 5, 1767571200, 1772366400]]
    if name.endswith(".xlsx"):
        book = openpyxl.Workbook()
        for line in [*([["Our list"]] if name == "titled.xlsx" else []), *lines]:
            book.active.append(line)
        book.save(clean / "exports" / name)
    else:
        columns = {header: [cell] for header, cell in zip(*lines, strict=True)}
        pq.write_table(pa.table(columns), clean / "exports" / name)
    assert begin("mine", "--from", "exports") == 0
    (row,) = kept(clean, "subscriptions")
    assert (str(row["started_at"]), str(row["ended_at"])) == ("2026-01-05 00:00:00", "2026-03-01 12:00:00")


@pytest.mark.parametrize("title", ["", "Our members\n"])
def test_a_column_that_is_only_partly_counted_from_1970_is_a_stop(
    clean: Path, capsys: pytest.CaptureFixture[str], title: str
) -> None:
    text = f"{title}user_id,mrr,start_date,end_date\nU1,5,1767571200,\nU2,5,soon,\n"
    (clean / "exports" / "members.csv").write_text(text)
    assert begin("mine", "--from", "exports") == 2
    assert "If it counts from 1970, in seconds or thousandths of them, say `date_order: unix`" in (
        capsys.readouterr().out
    )
    (clean / "exports" / "members.csv").write_text(text.replace("soon", "1772366400"))
    assert begin("other", "--from", "exports") == 0
    assert [str(row["started_on"]) for row in kept(clean, "subscriptions")] == ["2026-01-05", "2026-03-01"]


@pytest.mark.parametrize("title", ["", "Our members\n"])
def test_who_renews_has_no_end(clean: Path, answers: list[tuple[str, str]], title: str) -> None:
    (clean / "exports" / "members.csv").write_text(
        f"{title}user_id,start_date,mrr,state,valid_until\nU1,2026-01-05,20,Live,2026-02-05\n"
        "U2,2026-01-05,30,Past due,2026-02-05\nU3,2026-01-05,40,Expired,2026-03-05\n"
    )
    answers.append(("is Live or Past due. Do they renew", "renew"))
    assert begin("mine", "--from", "exports") == 0
    assert [str(row["ended_on"]) for row in kept(clean, "subscriptions")] == ["None", "None", "2026-03-05"]


def test_an_end_of_some_who_are_active_is_one(clean: Path) -> None:
    """They asked to leave; nobody is asked whether they renew."""
    (clean / "exports" / "members.csv").write_text(
        "user_id,start_date,mrr,status,expires_at\nU1,2026-01-05,20,active,2026-02-05\nU2,2026-01-05,30,active,\n"
    )
    assert begin("mine", "--from", "exports") == 0
    assert [str(row["ended_on"]) for row in kept(clean, "subscriptions")] == ["2026-02-05", "None"]


TRIALS = (
    "user_id,start_date,trial_end,monthly_price,discount %,end_date\n"
    "U1,2026-01-05,2026-01-19,50,,2026-01-19\n"  # never paid
    "U2,2026-01-05,2026-01-19,50,10,2026-03-01\n"
    "U3,2026-01-05,2026-01-19,50,,NULL\n"
    "U4,2026-01-07,,50,0.5,NULL\n"
)


@pytest.mark.parametrize("title", ["", "Our members\n"])
def test_a_trial_beside_a_start_is_no_service(
    clean: Path, answers: list[tuple[str, str]], title: str
) -> None:
    """Read in place and, with a title above, by the importer of sheets; NULL ends nothing."""
    (clean / "exports" / "members.csv").write_text(title + TRIALS)
    asked = "trial: 1 end in March 2026, and 1 trial that nobody paid after; paid: 1 end in January 2026, "
    answers += [(asked, "trial"), ("discount %", "off")]
    assert begin("mine", "--from", "exports") == 0
    rows = sorted(kept(clean, "subscriptions"), key=lambda row: row["customer_id"])
    assert [(str(row["started_on"]), row["status"], row["mrr"]) for row in rows] == [
        ("2026-01-05", "trialing", Decimal(50)), ("2026-01-19", None, Decimal(45)),
        ("2026-01-19", None, Decimal(50)), ("2026-01-07", None, Decimal(25)),
    ]  # fmt: skip
    assert {str(row["ended_on"]) for row in rows[2:]} == {"None"}
    assert {str(row["signed_up_on"]) for row in kept(clean, "customers")} == {"2026-01-05", "2026-01-07"}


UNSAID = {
    "a heading with tax": (
        "user_id,start_date,Prix TTC par mois,end_date\nU1,2026-01-05,120,\n",
        "“Prix TTC par mois” says that tax is inside, and MRR stands with it: 16.7 % of it at 20 %.",
    ),
    "a discount that no entry tells of": (
        "user_id,start_date,monthly_price,Rabatt,end_date\nU1,2026-01-05,120,30,\n",
        "“Rabatt” was not read: MRR stands before it, unless “monthly_price” is what is left. Say `disc",
    ),
    "a second price": (
        "user_id,start_date,monthly_price,annual_price,end_date\nU1,2026-01-05,49,490,\n",
        "“annual_price” is a price too and was not read: who pays it stands at “monthly_price”.",
    ),
}


@pytest.mark.parametrize("title", ["", "Our members\n"])
@pytest.mark.parametrize(("text", "said"), UNSAID.values(), ids=UNSAID.keys())
def test_what_bears_on_a_price_and_was_not_read_is_a_warning(
    clean: Path, capsys: pytest.CaptureFixture[str], text: str, said: str, title: str
) -> None:
    (clean / "exports" / "members.csv").write_text(title + text)
    begin("mine", "--from", "exports")
    path = clean / "mine" / "retention.yml"
    lines = path.read_text(encoding="utf-8").splitlines()
    left = [line for line in lines if not line.startswith(("    open:", "    - "))]
    path.write_text("\n".join(left), encoding="utf-8")
    capsys.readouterr()
    assert __main__.main(["check", "--data", "mine"]) == 0
    assert said in capsys.readouterr().out


def test_a_column_beside_that_is_not_there_is_a_stop(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else an end that counts where that column is filled would count nowhere, and nobody be lost."""
    (clean / "exports" / "members.csv").write_text("Our members\n" + TRIALS)
    begin("mine", "--from", "exports")
    entry = (
        "sources: {spreadsheet: {path: ../exports/members.csv, columns: {customer_id: user_id, started_at: "
    )
    entry += "start_date, ended_at: end_date, mrr: monthly_price}, each: first, ended_where: cancelled_on}}"
    (clean / "mine" / "retention.yml").write_text(f"business: B\n{entry}\n")
    capsys.readouterr()
    assert __main__.main(["check", "--data", "mine"]) == 2
    assert "the column cancelled_on, which retention.yml names, is missing" in capsys.readouterr().out


def test_a_currency_in_a_heading(clean: Path) -> None:
    (clean / "exports" / "members.csv").write_text(
        "user_id,start_date,MRR (USD),end_date,active\n"
        "U1,2026-01-05,49,,yes\nU2,2026-01-05,20,2026-03-01,no\n"
    )
    assert begin("mine", "--from", "exports") == 0
    assert settings(clean / "mine")["currency"] == "USD"
    assert amounts(clean) == [Decimal(49), Decimal(20)]


def test_who_is_not_active_and_has_no_end_is_a_stop(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clean / "exports" / "members.csv").write_text(
        "user_id,start_date,mrr,end_date,is_active\nU1,2026-01-05,49,,1\nU2,2026-01-05,20,,0\n"
    )
    assert begin("mine", "--from", "exports") == 2
    assert "A subscription that is over is a row whose ended_at says when" in capsys.readouterr().out


def test_yen_have_no_cents(clean: Path) -> None:
    (clean / "exports" / "members.csv").write_text(
        "user_id,start_date,mrr,currency,end_date\nU1,2026-01-05,4900,JPY,\nU2,2026-01-05,9900,JPY,\n"
    )
    assert begin("mine", "--from", "exports") == 0
    assert amounts(clean) == [Decimal(4900), Decimal(9900)]


def test_two_currencies_are_asked_about_with_their_rate(clean: Path, answers: list[tuple[str, str]]) -> None:
    (clean / "exports" / "members.csv").write_text(
        "user_id,start_date,monthly_fee,end_date\nU1,2026-01-05,€49,\nU2,2026-01-05,US$20,\n"
    )
    answers += [("MRR is EUR 49 and USD 20.", "eur"), ("What is one USD worth in EUR?", "0.9")]
    assert begin("mine", "--from", "exports") == 0
    written = settings(clean / "mine")
    assert (written["currency"], written["exchange_rates"]) == ("EUR", {"USD": 0.9})
    assert amounts(clean) == [Decimal(49), Decimal(18)]


def test_a_yearly_heading_is_divided_and_a_spanish_one_understood(clean: Path) -> None:
    (clean / "exports" / "lista.csv").write_text(
        "Nº cliente;Fecha de inicio;Fecha de baja;Precio anual;Estado\nK1;2026-03-05;;588,00;activo\n",
        encoding="utf-8",
    )
    assert begin("mine", "--from", "exports") == 0
    assert amounts(clean) == [Decimal(49)]


def test_the_end_of_a_sheet_with_a_title(clean: Path, answers: list[tuple[str, str]]) -> None:
    """“Bis” says until when is paid; the request stands in a column that is read for cancellations too."""
    (clean / "exports" / "liste.csv").write_text(
        "Unsere Abos\nFirma;Beginn;Gekündigt am;Bis;Preis / Monat\nA;2026-01-05;;2026-07-01;20\n"
        "B;2026-01-06;2026-02-10;2026-03-01;20\n",
        encoding="utf-8",
    )
    answers.append(
        ("cancelled: 1 end in March 2026; always: 1 end in March 2026, 1 end in July", "cancelled")
    )
    assert begin("mine", "--from", "exports") == 0
    assert [str(row["ended_on"]) for row in kept(clean, "subscriptions")] == ["None", "2026-03-01"]
    assert len(kept(clean, "cancellations")) == 1


def test_two_sheets_of_a_workbook_and_two_lists_with_titles(clean: Path) -> None:
    """Customers on one sheet, subscriptions on the other; and each in a file of its own below a title."""
    book = openpyxl.Workbook()
    book.active.title = "Kunden"
    people = [["Kundennummer", "Kunde seit"], ["K1", "2026-01-02"]]
    spans = [["Kundennummer", "Beginn", "Ende", "Preis / Monat"], ["K1", "2026-01-05", None, 5]]
    for sheet, lines in ((book.active, people), (book.create_sheet("Abos"), spans)):
        for line in lines:
            sheet.append(line)
    book.save(clean / "exports" / "book.xlsx")
    assert begin("mine", "--from", "exports") == 0
    assert [str(row["signed_up_on"]) for row in kept(clean, "customers")] == ["2026-01-02"]
    (clean / "exports" / "book.xlsx").unlink()
    for name, lines in (("kunden.csv", people), ("abos.csv", spans)):
        rows = [["Unsere Liste"], *lines]
        text = "\n".join(";".join(str(cell or "") for cell in row) for row in rows)
        (clean / "exports" / name).write_text(text, encoding="utf-8")
    assert begin("other", "--from", "exports") == 0
    assert settings(clean / "other")["sources"]["spreadsheet_2"]["importer"] == "spreadsheet"


def test_tabs_and_intervals_in_two_columns_of_a_sheet(clean: Path) -> None:
    (clean / "exports" / "list.tsv").write_text(
        "Account\tStart\tEnd\tPrice\tInterval unit\tInterval\n"
        "A\t2026-01-05\t\t60\tmonthly\t3\nB\t2026-01-06\t\t20\tmonthly\t1\n"
    )
    assert begin("mine", "--from", "exports") == 0
    assert amounts(clean) == [Decimal(20), Decimal(20)]


def test_seats_of_a_sheet_with_a_title(clean: Path, answers: list[tuple[str, str]]) -> None:
    """What the importer of sheets reads takes the same answers."""
    (clean / "exports" / "liste.csv").write_text(
        "Unsere Abos\nFirma;Beginn;Ende;Preis / Jahr;Lizenzen\nA;2026-01-05;;240,00;3\n"
        "B;2026-01-06;;240,00;1\n"
    )
    answers.append(("all: MRR is 40; one: MRR is 80", "one"))
    assert begin("mine", "--from", "exports") == 0
    assert amounts(clean) == [Decimal(60), Decimal(20)]


@pytest.mark.parametrize(
    "header",
    ["Month;Channel;Amount spent (EUR)", "Monat;Kanal;Kosten", "Mois;Canal;Dépenses", "Mes;Canal;Gasto",
     "Mese;Canale;Spesa", "月份;渠道;花费"],
)  # fmt: skip
def test_what_was_spent_on_channels_is_known_by_its_headings(clean: Path, header: str) -> None:
    """Read as the table of that name; what names a customer too is no spend."""
    (clean / "exports" / "people.csv").write_text(PEOPLE.replace("E-Mail", "acquisition_channel"))
    (clean / "exports" / "spans.csv").write_text(SPANS)
    file = clean / "exports" / "ads.csv"
    file.write_text(f"{header}\nJan 2026;Google;1.200,50\nFeb 2026;Meta;300,00\n", encoding="utf-8")
    look = look_at(file)
    assert look.key == "spend" and look.name_of["amount"] == header.split(";")[2]
    assert begin("mine", "--from", "exports") == 0
    entry = settings(clean / "mine")["sources"]["spend"]
    assert entry["columns"].get("month", "Month") == header.split(";")[0]
    file.write_text(f"{header};Email\nJan 2026;Google;5,00;a@example.com\n", encoding="utf-8")
    assert look_at(file).key != "spend"

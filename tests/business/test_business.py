"""A business opened for a month: the cut, what is missing, and which months there are."""

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from retention_helpers.business import Business, open_business, opening
from retention_helpers.contract.tables import TABLES, Stopped
from retention_helpers.words.errors import InputError

# A row at the last instant of March 2026 in Berlin, and one at the first instant after it.
LAST, CUT = "2026-03-31T21:59:59Z", "2026-03-31T22:00:00Z"
FILES = {
    "customers": f"customer_id,signed_up_at,industry\nC-1,2026-01-05,law\nC-2,{LAST},art\nC-3,{CUT},art\n",
    "subscriptions": "customer_id,started_at,ended_at,mrr,plan\n"
    f"C-1,2026-01-05,{LAST},49,pro\nC-2,2026-01-06,{CUT},49.90,pro\nC-3,{CUT},,5,pro\nC-3,{LAST},2026-05-01,5,pro\n",
    "events": f"customer_id,occurred_at,event\nC-1,{LAST},login\nC-1,{CUT},login\n",
    "cancellations": f"customer_id,canceled_at,reason\nC-1,{LAST},other\nC-2,{CUT},other\n",
    "payments": f"customer_id,attempted_at,status,amount\nC-1,{LAST},failed,49\nC-2,{CUT},failed,49\n",
    "tickets": f"customer_id,opened_at,sentiment\nC-1,{LAST},neutral\nC-2,{CUT},neutral\n",
    "emails": "customer_id,sent_at,opened_at,clicked_at\n"
    f"C-1,2026-03-01,{LAST},{CUT}\nC-1,2026-03-02,{CUT},{CUT}\nC-1,2026-03-03,,\nC-1,{CUT},,\n",
    "nps": f"customer_id,answered_at,score\nC-1,{LAST},9\nC-2,{CUT},9\n",
    "assignments": f"experiment,customer_id,arm,assigned_at\ncall,C-1,a,{LAST}\ncall,C-2,a,{CUT}\n",
    "contacts": f"customer_id,contacted_at,kind\nC-1,{LAST},call\nC-2,{CUT},call\n",
    "notes": "happened_on,note\n2026-03-31,prices\n2026-04-01,outage\n",
    "spend": "month,channel,amount\n2026-03,search,90\n2026-04,search,80\n",
    "orders": f"customer_id,ordered_at,amount\nC-1,{LAST},9\nC-2,{CUT},9\n",
    "enrolments": f"campaign,customer_id,group,enrolled_at\ns,C-1,mailed,{LAST}\ns,C-2,mailed,{CUT}\n",
}
REQUIRED = ("customers", "subscriptions")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for table, text in FILES.items():
        (folder / f"{table}.csv").write_text(text)
    (folder / "retention.yml").write_text("time_zone: Europe/Berlin")
    return folder


@pytest.fixture
def opened(tmp_path: Path):
    """Opens folders in a cache of their own, and closes them."""
    still_open = []

    def opener(folder: Path | str, month: str = "2026-03") -> Business:
        still_open.append(open_business(folder, month, cache=tmp_path / "cache"))
        return still_open[-1]

    yield opener
    for one in still_open:
        one.close()


@pytest.mark.parametrize(
    "table", [table for table in TABLES if table not in ("subscriptions", "emails", "spend")]
)
def test_the_cut_is_the_midnight_that_ends_the_month_where_the_business_is(folder, opened, table):
    """The first instant at or after it does not exist; the row just before it does."""
    frame = opened(folder).table(table).execute()
    clock = TABLES[table].clock.removesuffix("_at").removesuffix("_on") + "_on"
    assert len(frame) == {"customers": 2}.get(table, 1)
    assert {str(day)[:10] for day in frame[clock]} <= {"2026-01-05", "2026-03-31"}


def test_what_a_later_month_cost_is_not_known(folder, opened):
    assert opened(folder).table("spend").execute()["amount"].tolist() == [Decimal(90)]


def test_an_end_at_the_cut_or_after_it_is_not_known(folder, opened):
    frame = opened(folder).table("subscriptions").execute().sort_values(["customer_id"])
    assert list(frame["customer_id"]) == ["C-1", "C-2", "C-3"]
    assert list(frame["ended_on"].isna()) == list(frame["ended_at"].isna()) == [False, True, True]
    assert list(frame["mrr"]) == [Decimal("49"), Decimal("49.9"), Decimal("5")]


def test_an_opening_or_a_click_at_the_cut_or_after_it_is_not_known(folder, opened):
    frame = opened(folder).table("emails").execute().sort_values("sent_at")
    assert list(frame["opened_at"].isna()) == list(frame["opened_on"].isna()) == [False, True, True]
    assert frame["clicked_at"].isna().all()
    assert frame["clicked_on"].isna().all()


def test_a_table_shows_no_marks_of_the_gate(folder, opened):
    (folder / "nps.csv").write_text("customer_id,answered_at,score,channel\nC-1,2026-02-01,9,mail\n")
    business = opened(folder)
    for table in TABLES:
        columns = business.table(table).columns
        assert not [name for name in columns if name.startswith("unread_") or name == "source_row"]
    assert "industry" in business.table("customers").columns
    assert "channel" not in business.table("nps").columns


def test_rows_that_come_after_the_month_change_nothing(folder, opened):
    before = {table: opened(folder).table(table).execute() for table in TABLES}
    later = {
        "customers": "C-9,2026-04-02,new\n",
        "subscriptions": "C-9,2026-04-02,,999,pro\nC-1,2026-04-03,2026-05-01,5,pro\n",
        "events": "C-1,2026-04-01T00:00,login\n",
        "emails": "C-1,2026-04-07,2026-04-08,\n",
        "notes": "2026-05-01,launch\n",
        "nps": "C-1,2026-04-07,1\n",
    }
    for table, rows in later.items():
        with (folder / f"{table}.csv").open("a") as file:
            file.write(rows)
    again = opened(folder)
    for table in TABLES:
        order = list(before[table].columns[:3])
        one, other = (
            f.sort_values(order).reset_index(drop=True) for f in (before[table], again.table(table).execute())
        )
        assert one.equals(other), table


def test_a_table_that_the_owner_does_not_bring_has_its_columns_and_no_rows(folder, opened):
    """Of the same types as one that was read, whatever optional columns that one had."""
    optional = [table for table in TABLES if table not in REQUIRED]
    read = {table: types(opened(folder).table(table)) for table in optional}
    for table in optional:
        (folder / f"{table}.csv").unlink()
    without = opened(folder)
    for table in optional:
        assert not without.has(table)
        assert without.table(table).execute().empty
        assert types(without.table(table)) == read[table]


def types(table) -> dict[str, str]:
    whole = {name: str(kind.copy(nullable=True)) for name, kind in table.schema().items()}
    return {name: kind.replace("timestamp(6)", "timestamp") for name, kind in whole.items()}


def test_customers_and_subscriptions_are_enough(folder, opened):
    for table in FILES.keys() - set(REQUIRED):
        (folder / f"{table}.csv").unlink()
    found = opened(folder)
    assert [source.table for source in found.sources] == list(REQUIRED)
    assert found.experiments == {}


# --- months ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("month", ["2026-13", "26-10", "Oktober", "2026-1", "2026-03-01"])
def test_what_is_no_month_is_refused_before_anything_is_read(opened, month, tmp_path):
    with pytest.raises(InputError, match=r"is not a month\. Write it as YYYY-MM"):
        opened(tmp_path / "nowhere", month)


def test_a_month_before_the_data(folder, opened):
    with pytest.raises(InputError) as wrong:
        opened(folder, "2025-12")
    assert str(wrong.value) == "2025-12 lies before the data, which begin on 2026-01-05."
    assert opened(folder, "2026-01").as_of == dt.date(2026, 2, 1)


def test_a_month_that_is_not_over(folder, opened):
    with pytest.raises(InputError, match=r"^2099-12 is not over yet. The last whole month is 20\d\d-\d\d\.$"):
        opened(folder, "2099-12")


@pytest.mark.parametrize(
    ("latest_on", "today", "month"),
    [
        ("2026-03-31", dt.date(2026, 4, 1), "2026-03"),
        ("2026-03-31", dt.date(2026, 3, 31), "2026-02"),
        ("2026-04-01", dt.date(2026, 4, 1), "2026-03"),
        ("2099-01-01", dt.date(2026, 1, 15), "2025-12"),
        ("2024-02-29", dt.date(2026, 1, 15), "2024-02"),
    ],
)
def test_the_default_month_is_the_last_whole_one_in_the_data(latest_on, today, month):
    assert opening._last_month(latest_on, today) == month


def test_the_default_month_of_a_folder(folder, opened):
    """The latest row of all tables counts, ends of service included."""
    assert opened(folder, "").month == "2026-05"
    found = opened(folder, "2026-03")
    assert (found.month, found.report_month, found.as_of) == (
        "2026-03",
        dt.date(2026, 3, 1),
        dt.date(2026, 4, 1),
    )


# --- what is refused -------------------------------------------------------------------------------


def test_own_data_are_not_opened_from_the_tracked_notebooks(folder, opened, tmp_path, monkeypatch):
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    monkeypatch.setattr(opening, "TRACKED_NOTEBOOKS", notebooks)
    monkeypatch.chdir(notebooks)
    with pytest.raises(InputError, match=r"show the sample only.*To explore data: make lab DATA="):
        opened(folder)
    with pytest.raises(InputError, match="show the sample only"):
        opened("../data")
    monkeypatch.setattr(opening, "SAMPLE", folder)
    assert opened(folder).month == "2026-03"


def test_faults_and_missing_folders_are_raised(folder, opened, tmp_path):
    with pytest.raises(InputError, match="There is no such folder"):
        opened(tmp_path / "nowhere")
    (folder / "nps.csv").write_text("customer_id\n")
    with pytest.raises(Stopped, match=r"nps\.csv"):
        opened(folder)
    (folder / "nps.csv").unlink()
    (folder / "retention.yml").write_text("time_zone: Mars")
    with pytest.raises(InputError, match="time_zone is Mars"):
        opened(folder)


def test_a_derived_table_is_made_once(folder, opened):
    found = opened(folder)
    made = []

    def derive():
        made.append(1)
        return found.table("nps")

    first = found.keep("answers", derive).execute()
    assert found.keep("answers", derive).execute().equals(first)
    assert opened(folder).keep("answers", derive).execute().equals(first)
    assert len(made) == 1
    assert [path.name for path in found.derived.glob("*.p*")] == ["answers.parquet"]

    def broken():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        found.keep("others", broken)
    assert [path.name for path in found.derived.glob("*.p*")] == ["answers.parquet"]


def test_internal_accounts_are_in_no_table(tmp_path: Path) -> None:
    """What the owner named as internal is left out everywhere, customers and spans alike."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "customers.csv").write_text("customer_id,signed_up_at\nA,2026-01-01\nB,2026-01-01\n")
    (folder / "subscriptions.csv").write_text(
        "customer_id,started_at,ended_at,mrr\nA,2026-01-01,,5\nB,2026-01-01,,5\n"
    )
    (folder / "retention.yml").write_text("internal_accounts: [B]\n")
    business = open_business(folder, "2026-03", cache=tmp_path / "cache")
    for table in ("customers", "subscriptions"):
        assert business.table(table).customer_id.execute().tolist() == ["A"]


@pytest.mark.parametrize(("ended_at", "warned"), [("2026-03-25", False), ("2026-03-10", True)])
def test_data_that_end_early_are_a_warning(tmp_path: Path, ended_at: str, warned: bool) -> None:
    """The latest row long before the month's end may mean an old export, which hides losses."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "customers.csv").write_text("customer_id,signed_up_at\nA,2026-03-01\n")
    (folder / "subscriptions.csv").write_text(
        f"customer_id,started_at,ended_at,mrr\nA,2026-03-01,,5\nA,2026-03-01,{ended_at},5\n"
    )
    business = open_business(folder, "2026-03", cache=tmp_path / "cache")
    assert ("data that end early" in {fault.rule for fault in business.faults}) == warned


def test_two_notebooks_at_once_derive_a_table_once(folder, opened):
    """The second waits for the first: a file that somebody reads is never replaced."""
    derived = []

    def slowly(one: Business):
        derived.append(one)
        time.sleep(0.3)
        return one.table("customers").select("customer_id")

    both = [opened(folder), opened(folder)]
    with ThreadPoolExecutor(2) as pool:
        tables = list(pool.map(lambda one: one.keep("people", lambda: slowly(one)), both))
    assert len(derived) == 1
    assert [table.count().execute() for table in tables] == [2, 2]

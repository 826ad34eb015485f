"""One person under several customers, whatever source the customers come from."""

import csv
from pathlib import Path

import pytest
from folders import examine, folder_of

from retention_helpers.business import open_business
from retention_helpers.commands.checking import check
from retention_helpers.contract.settings import Settings
from retention_helpers.measurement import measures
from retention_helpers.sources.importing import import_files

CUSTOMERS = """customer_id,signed_up_at,E-Mail,industry
back,2026-05-20,ann@example.com,media
ann,2026-01-05, Ann@Example.com,law
bo,2026-01-05,bo@example.com,law
bo too,2026-02-05,BO@example.com,
cy,2026-01-05,,law
di,2026-01-05,n/a,law
ed,2026-01-05,n/a,law
"""
SPANS = """customer_id,started_at,ended_at,mrr
ann,2026-01-05,2026-04-05,49
back,2026-05-20,,59
bo,2026-01-05,,30
bo too,2026-02-05,2026-06-10,20
cy,2026-01-05,,10
di,2026-01-05,,10
ed,2026-01-05,,10
"""
EVENTS = "customer_id,occurred_at,event\nback,2026-06-01,in\nann,2026-02-01,in\nbo too,2026-03-01,in\n"
FILES = {"customers.csv": CUSTOMERS, "subscriptions.csv": SPANS, "events.csv": EVENTS}


def movement(folder: Path, cache: Path) -> dict[str, dict]:
    business = open_business(folder, "2026-06", cache=cache)
    counts = measures.customer_movement(business).set_index("month")
    mrr = measures.mrr_movement(business).set_index("month")
    firsts = [f"{month}-01" for month in ("2026-05", "2026-06")]
    found = {first[:7]: {**mrr.loc[first], **counts.loc[first]} for first in firsts}
    found["events"] = {"of": sorted(business.table("events").customer_id.execute())}
    found["industry"] = dict(business.table("customers").select("customer_id", "industry").execute().values)
    business.close()
    return found


@pytest.mark.parametrize("heading", ["E-Mail", "email"])
def test_two_ids_of_one_e_mail_are_said_with_the_list(tmp_path: Path, heading: str) -> None:
    """
    ann, back   ====49====|        |=====59====     a return that looks like a new customer
    bo          ==========30===================
    bo too         ===========20=========|          a plan less that looks like a loss
    """
    files = {**FILES, "customers.csv": CUSTOMERS.replace("E-Mail", heading)}
    folder = folder_of(tmp_path / "data", files)
    checked = check(folder, tmp_path / "out", cache=tmp_path / "cache")
    (said,) = [fault for fault in checked.faults if fault.rule == "customers of one e-mail"]
    assert (said.level, said.message) == (
        "warning",
        "customers.csv: 2 e-mails stand under several customers (ann and back; bo and bo too). A return "
        "looks like a new customer, and a second plan that ends like a loss. If each is one person, say "
        "`same_person: email` in retention.yml; if not, write `accepted: [customers of one e-mail]` there.",
    )
    (listed,) = checked.lists
    assert listed.name == "same_person_customers.csv"
    with listed.open(encoding="utf-8-sig", newline="") as file:
        rows = [(row["place"], row["customer_id"], row["reason"]) for row in csv.DictReader(file)]
    assert rows == [
        ("line 3", "ann", "the first customer of this e-mail"),
        ("line 2", "back", "has the same e-mail as ann"),
        ("line 4", "bo", "the first customer of this e-mail"),
        ("line 5", "bo too", "has the same e-mail as bo"),
    ]
    found = movement(folder, tmp_path / "cache")
    assert (found["2026-05"]["new"], found["2026-06"]["lost"]) == (1, 1)


def test_asked_to_they_are_one_in_every_table(tmp_path: Path) -> None:
    """Ann comes back at 59, Bo goes down by 20; what the first of them was at sign-up holds."""
    folder = folder_of(tmp_path / "data", {**FILES, "retention.yml": "same_person: email\n"})
    (said,) = [f for f in examine(folder, tmp_path / "cache") if f.rule == "customers of one e-mail"]
    assert said.level == "note"
    assert "(ann and back; bo and bo too), who count as one, the first of them." in said.message
    found = movement(folder, tmp_path / "cache")
    may, june = found["2026-05"], found["2026-06"]
    assert (may["new"], may["reactivated"], may["mrr_at_end"]) == (0, 1, 59 + 30 + 20 + 30)
    assert (june["lost"], june["contraction"], june["churned"]) == (0, 20, 0)
    assert found["events"]["of"] == ["ann", "ann", "bo"]
    assert found["industry"] == {"ann": "law", "bo": "law", "cy": "law", "di": "law", "ed": "law"}


@pytest.mark.parametrize("headers", ["customer_id,signed_up_at,note,industry", "customer_id,signed_up_at,,"])
def test_without_a_column_of_e_mails_nothing_is_said(tmp_path: Path, headers: str) -> None:
    _, _, rest = CUSTOMERS.partition("\n")
    folder = folder_of(tmp_path / "data", {**FILES, "customers.csv": f"{headers}\n{rest}"})
    said = {fault.rule for fault in examine(folder, tmp_path / "cache")}
    assert "customers of one e-mail" not in said


def test_it_is_said_of_an_imported_folder_too(tmp_path: Path) -> None:
    """Stripe's customers as they were imported: the folder holds their e-mails."""
    export = (
        "id,Customer ID,Customer Email,Status,Amount,Interval,Currency,Created (UTC),Ended At (UTC)\n"
        + (
            "sub_1,cus_1,ann@example.com,canceled,49,month,eur,2026-01-05 10:00,2026-04-05 10:00\n"
            "sub_2,cus_2,ann@example.com,active,49,month,eur,2026-05-20 10:00,\n"
        )
    )
    file = tmp_path / "subscriptions.csv"
    file.write_text(export, encoding="utf-8")
    import_files("stripe", [file], tmp_path / "data", Settings())
    said = [fault for fault in examine(tmp_path / "data", tmp_path / "cache") if "e-mail" in fault.rule]
    assert [fault.message.split(" (")[1].split(")")[0] for fault in said] == ["cus_1 and cus_2"]

"""Own questions: they give the numbers of the pages, show themselves, and are answered where mistyped."""

import csv
import inspect
import io
import re
from decimal import Decimal

import ibis
import numpy as np
import pandas as pd
import pytest
from reader import Reader

from retention_helpers import ask, measurement, shipped
from retention_helpers.ask.groups import to_begin_with
from retention_helpers.ask.tables import KINDS
from retention_helpers.business import Business
from retention_helpers.business.opening import narrowed
from retention_helpers.contract.tables import TABLES
from retention_helpers.report import pages
from retention_helpers.shown.look import style, without_style
from retention_helpers.words.errors import InputError


def said(reader: Reader) -> str:
    """The words, as they are before they are kept from breaking."""
    return "".join(reader.texts).replace("\u00a0", " ")


QUESTIONS = [
    ask.churn, ask.mrr, ask.stay, ask.cohorts, ask.reasons, ask.activity, ask.differences, ask.groups
]  # fmt: skip
ADS = {"acquisition_channel": "paid_social"}


# ----------------------------------------------------------------- what is offered


def test_about_ten_names_are_offered_and_each_says_how_it_is_asked() -> None:
    """Grain, columns and an example that runs, as Shift-Tab shows them."""
    names = [name for name in ask.__all__ if name not in ("SAMPLE", "open_business")]
    assert len(names) == 12
    for name in (*names, "open_business"):
        said = inspect.getdoc(getattr(ask, name)) or ""
        assert ">>>" in said and (name in ("controls", "open_business") or "row" in said), name
    assert set(ask.__all__) <= set(dir(ask))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.__name__)
def test_an_answer_shows_itself_in_every_way(sample, question) -> None:  # type: ignore[no-untyped-def]
    answer = question(sample)
    frame = answer.to_frame()
    assert len(frame) and repr(answer.table()) in repr(answer)
    reader = Reader(answer._repr_html_())
    assert {"table", "style"} <= reader.tags and "script" not in reader.tags
    assert not [name for name in reader.attributes if name.startswith("on")]
    if answer.sentence() is not None:
        assert str(answer.sentence()) in said(reader)
    if answer.figure() is not None:
        labels = {label.replace("\u00a0", " ") for label in reader.labels}
        assert answer.figure().alt in labels
    back = list(csv.reader(io.StringIO(answer.to_csv())))
    assert back[0] == list(frame.columns) and len(back) == len(frame) + 1


def test_rows_that_are_changed_change_nothing_else(sample) -> None:  # type: ignore[no-untyped-def]
    answer = ask.churn(sample)
    frame = answer.to_frame()
    frame["lost"] = 0
    assert answer.to_frame()["lost"].sum() > 0


def test_every_result_gives_its_rows(sample) -> None:  # type: ignore[no-untyped-def]
    """Also one that is no frame: a row with its values."""
    churn = measurement.churn(sample)
    assert churn.to_frame().equals(churn.value)
    goal = measurement.churn_target(churn, 0.05)
    assert goal.to_frame()["churn"].tolist() == [0.05] and "0.05" in goal.to_csv()
    change = measurement.change_of_month(churn)
    assert change.to_frame()["verdict"].tolist() == [change.value.verdict]
    assert "no clear change" in repr(change)


# ----------------------------------------------------------------- the numbers of the pages


def test_the_numbers_are_those_of_the_pages(sample) -> None:  # type: ignore[no-untyped-def]
    assert ask.churn(sample).to_frame().equals(measurement.churn(sample).value)
    by_plan = measurement.churn_by_level_of_year(sample).value.query("by == 'plan'")
    own = ask.churn(sample, by="plan").to_frame()
    counts = ["level", "customers_at_start", "lost", "churn_rate"]
    assert own[counts].equals(by_plan[counts].reset_index(drop=True))
    only = narrowed(sample, ADS)
    assert ask.churn(sample, where=ADS).to_frame().equals(measurement.churn(only).value)
    cells = measurement.anniversary_triangle(sample).value
    assert ask.cohorts(sample).to_frame().equals(cells)


def test_groups_add_up_to_everybody(sample) -> None:  # type: ignore[no-untyped-def]
    whole = ask.churn(sample).to_frame().tail(12)
    for by in ("country", "first_plan"):
        parts = ask.churn(sample, by=by).to_frame()
        assert parts[["customers_at_start", "lost"]].sum().equals(whole[["customers_at_start", "lost"]].sum())
    every = ask.groups(sample).to_frame().groupby("by")["customers"].sum()
    assert every.nunique() == 1


def test_groups_of_revenue_and_of_cohorts_add_up_to_everybody(sample) -> None:  # type: ignore[no-untyped-def]
    """Also month by month, and cell by cell: each customer has one level."""
    mrr, cells = ask.mrr(sample), ask.cohorts(sample, clock="calendar")
    of_groups = ask.mrr(sample, by="country").to_frame().groupby("month", as_index=False).sum()
    amounts = list(mrr.to_frame().columns[1:])
    assert of_groups[amounts].equals(mrr.to_frame()[amounts]) and len(amounts) == 9
    counts = ["size", "retained"]
    parts = ask.cohorts(sample, by="country", clock="calendar").to_frame().groupby(["cohort", "k"])[counts]
    assert parts.sum().equals(cells.to_frame().set_index(["cohort", "k"])[counts].sort_index())


def test_groups_of_cohorts_are_held_against_each_other_by_hand(opened) -> None:  # type: ignore[no-untyped-def]
    """Ten began on 1 January in each of two plans; on 1 April all of one are there, two of the other.

    Who began in February has not reached a third month by the end of April, and counts nowhere.
    """
    spans = [
        (f"{plan}-{n}", "2026-01-01", "2026-03-15" if plan == "solo" and n > 1 else "", 10, "active", plan)
        for plan in ("solo", "team")
        for n in range(10)
    ] + [("late", "2026-02-01", "", 10, "active", "team")]
    with opened(spans, month="2026-04", settings={"min_customers": 5}) as business:
        answer = ask.cohorts(business, by="first_plan")
        rows = list(answer.tabled.value[["level", "reached", "retained", "verdict"]].itertuples(index=False))
        assert rows == [("solo", 10, 2, "below the rest"), ("team", 10, 10, "above the rest")]
        said = str(answer.sentence())
        assert said.startswith(
            "After 3 months: Clearly more stay than of the others of their kind: first plan team"
        )
        assert "Clearly fewer stay than of the others of their kind: first plan solo 20.0 %" in said
        assert "solo 20.0 %" in answer.figure().alt
        grown = ask.mrr(business, by="first_plan", where={"first_plan": "solo"})
        of_whom = "Among customers with first plan solo: In April 2026"
        assert (
            str(grown.sentence()) == f"{of_whom}, MRR was of each group at the end what it was at the start."
        )


def test_of_some_customers_every_part_of_an_answer_says_so(sample) -> None:  # type: ignore[no-untyped-def]
    """Narrowed by the question, or when it was opened; of all customers nothing is said."""
    where = {"country": ["DE", "AT"], "first_plan": "solo"}
    who = "customers with country AT or DE and first plan solo"
    for question in QUESTIONS:
        for answer in (question(sample, where=where), question(narrowed(sample, where))):
            assert answer.table().caption.endswith(f"({who} alone)")
            assert f"({who} alone)" in said(Reader(answer._repr_html_()))
            assert answer.sentence() is None or str(answer.sentence()).startswith(f"Among {who}: ")
            picture = answer.figure()
            assert picture is None or (who in picture.title and who in picture.alt)
        assert "alone)" not in repr(question(sample)) and "Among" not in repr(question(sample))
    lost = ask.customers(sample, "2026-10", where=where)
    assert str(lost.sentence()).startswith(f"Among {who}: ")
    assert who in ask.table(sample, "losses", where=where)._repr_html_().replace("\u00a0", " ")


def test_levels_go_with_the_rows_that_are_taken_away(sample) -> None:  # type: ignore[no-untyped-def]
    by = ["country", "first_plan"]
    lost = ask.customers(sample, "2026-10", movement="lost", by=by).to_frame()
    counted = lost["level of country"].value_counts()
    of_country = ask.customers(sample, "2026-10", movement="lost", where={"country": "DE"}).to_frame()
    assert counted["DE"] == len(of_country) and (lost["level of first_plan"] == lost["plan"]).mean() > 0.5
    cell = ask.customers(sample, cohort="2026-03", k=3, by="country").to_frame()
    assert cell["level of country"].notna().all()
    own = ask.table(sample, "losses", by="country")
    assert set(own.columns) == set(own.to_frame().columns) >= {"level of country", "mrr"}
    narrow = ask.table(sample, "losses", where={"country": "DE"})
    assert (own.to_frame()["level of country"] == "DE").sum() == len(narrow.to_frame()) > 0
    few = ask.groups(sample, by="country", where={"first_plan": "solo"}).to_frame()
    every = ask.groups(sample, by="country").to_frame()
    assert set(few["by"]) == {"country"} and 0 < few["customers"].sum() < every["customers"].sum()


def test_many_levels_are_not_taken_for_others_that_look_alike(sample) -> None:  # type: ignore[no-untyped-def]
    """A long series writes itself with its middle left out."""
    first = pd.Series(["2024-12"] * 90)
    other = first.mask(first.index == 45, "2025-03")
    assert repr(first) == repr(other)
    lost = [ask.churn(sample, where={"cohort": one}).to_frame()["lost"].sum() for one in (first, other)]
    march = ask.churn(sample, where={"cohort": "2025-03"}).to_frame()["lost"].sum()
    assert lost[1] == lost[0] + march > lost[0]


def test_a_name_given_twice_is_asked_for_once(sample) -> None:  # type: ignore[no-untyped-def]
    twice, once = (ask.churn(sample, by=by) for by in (["country", "country"], "country"))
    assert twice.to_frame().equals(once.to_frame()) and twice.caption == once.caption


def test_weeks_by_hand(opened) -> None:  # type: ignore[no-untyped-def]
    """March 2026 ends on a Tuesday, so its last whole week is from Monday 23 to Sunday 29 March.

    A goes on. B ends on Wednesday 25: lost. C ends on Monday 23, and comes back on Friday 27 after more than
    the switch gap: customer at both ends, retained. D begins in the week: in neither part. E ended on the
    Sunday before: no customer at the start. F ends on Sunday 29 itself: lost; on Monday 30: not yet.
    """
    spans = [
        ("A", "2026-01-05", "", 10), ("B", "2026-01-05", "2026-03-25", 10),
        ("C", "2026-01-05", "2026-03-23", 10), ("C", "2026-03-27", "", 10),
        ("D", "2026-03-24", "", 10), ("E", "2026-01-05", "2026-03-22", 10),
        ("F", "2026-01-05", "2026-03-29", 10), ("G", "2026-01-05", "2026-03-30", 10),
    ]  # fmt: skip
    with opened(spans) as business:
        last = ask.churn(business, every="week").to_frame().iloc[-1]
    assert (last["week"], last["customers_at_start"], last["lost"]) == (pd.Timestamp("2026-03-23"), 5, 2)


# ----------------------------------------------------------------- few customers

FEW = {"DE": 18, "AT": 12, "CH": 10}


@pytest.fixture(scope="module")
def forty(business_of) -> Business:  # type: ignore[no-untyped-def]
    """Forty who began on 1 January, 18, 12 and 10 of a country; 25 in Bonn, 15 in a town each of their own.

    Who has a number that three divides left on 15 February; nobody was asked why, but the first said it.
    """
    countries = [country for country, many in FEW.items() for _ in range(many)]
    rows = [
        {"customer_id": f"C{n}", "signed_up_at": "2026-01-01", "country": country,
         "town": "Bonn" if n < 25 else f"Town{n}"}
        for n, country in enumerate(countries)
    ]  # fmt: skip
    spans = [
        (f"C{n}", "2026-01-01", "" if n % 3 else "2026-02-15", 20, "active", ("solo", "team")[n % 2])
        for n in range(40)
    ]
    why = [("C0", "2026-02-10", "too expensive")]
    return business_of(spans, month="2026-04", customers=rows, cancellations=why)


def test_levels_of_few_are_not_taken_for_one(forty) -> None:  # type: ignore[no-untyped-def]
    """All three are too few for a row of their own; with the plan, which is compared, both are told."""
    how_many = (
        "Country has 3 levels, the largest with 18 customers; levels of fewer than 20 (min_customers) stand "
        "together as (other)."
    )
    churn = str(ask.churn(forty, by="country").sentence())
    assert churn == f"No country has enough customers to be compared. {how_many}"
    kept = str(ask.cohorts(forty, by="country").sentence())
    assert kept == f"After 3 months: No country has enough customers to be compared. {how_many}"
    for question in (ask.mrr, ask.stay):
        assert str(question(forty, by="country").sentence()).endswith(f". {how_many}")
    both = str(ask.churn(forty, by=["first_plan", "country"]).sentence())
    assert both == f"No first plan differs clearly from the others. {churn}"
    only = str(ask.churn(forty, by="country", where={"country": "DE"}).sentence())
    assert "All customers" not in only and "Country has one level with 18 customers" in only
    town = str(ask.churn(forty, by="town").sentence())
    assert "differs clearly" in town and "levels" not in town
    begun = to_begin_with(forty)
    assert begun == {"by": "first_plan", "kind": "first_plan", "two": ["solo", "team"]}


def test_beside_ids_levels_are_exact_and_beside_rates_they_are_together(forty) -> None:  # type: ignore[no-untyped-def]
    shown = ask.churn(forty, by="town").to_frame()["level"].tolist()
    assert shown == ["(other)", "Bonn"]
    towns = {"Bonn", *(f"Town{n}" for n in range(25, 40))}
    assert set(ask.groups(forty, by="town").to_frame()["level"]) == towns
    gone = ask.customers(forty, "2026-02", movement="lost", by="town").to_frame()
    assert dict(zip(gone["customer_id"], gone["level of town"], strict=True))["C27"] == "Town27"
    lost = ask.table(forty, "losses", by="town").to_frame()
    assert lost["level of town"].tolist() == gone.sort_values("customer_id")["level of town"].tolist()
    with pytest.raises(
        InputError, match=r"^\(other\) is no level of town, .* Name them instead: Town25, "
    ) as no:
        ask.churn(forty, where={"town": "(other)"})
    named = str(no.value).rpartition(": ")[2].rstrip(".").split(", ")
    counted = ask.churn(forty, where={"town": named}, by="first_plan").to_frame()["customers_at_start"].sum()
    assert (
        counted == ask.churn(forty, by="town").to_frame().set_index("level")["customers_at_start"]["(other)"]
    )
    with pytest.raises(InputError, match=r"No customer has first_plan \(other\)"):
        ask.churn(forty, where={"first_plan": "(other)"})


def test_where_nothing_is_known_no_advice_is_given_that_was_followed(forty) -> None:  # type: ignore[no-untyped-def]
    """One gave a reason, from DE; those from AT did not, and nobody brought events."""
    said = str(ask.reasons(forty, where={"country": "AT"}).sentence())
    assert said.startswith("Among customers with country AT: Nobody gave a reason that is known")
    assert said.endswith("Reasons come from cancellations.csv, column reason.")
    by_country = ask.activity(forty, by="country")
    assert by_country.to_frame().empty
    assert str(by_country.sentence()) == str(ask.activity(forty).sentence())
    assert str(by_country.sentence()).startswith("It takes events.csv")


BY = {
    "list": ["country", "first_plan"], "array": np.array(["country", "first_plan"]),
    "index": pd.Index(["country", "first_plan"]), "series": pd.Series(["country", "first_plan"]),
    "twice": ("country", "first_plan", "country"),
}  # fmt: skip


def test_by_is_taken_in_every_form_by_every_question(forty) -> None:  # type: ignore[no-untyped-def]
    asking = [
        ask.churn, ask.mrr, ask.stay, ask.cohorts, ask.reasons, ask.activity, ask.groups,
        lambda business, by: ask.customers(business, "2026-02", by=by),
    ]  # fmt: skip
    for question in asking:
        right = question(forty, by=BY["list"])
        for by in (*BY.values(), (name for name in BY["list"])):
            found = question(forty, by=by)
            assert found.to_frame().equals(right.to_frame()) and found.caption == right.caption
        without = question(forty, by=())
        for none in (None, "", []):
            assert question(forty, by=none).to_frame().equals(without.to_frame())
        for wrong in ({"country": "DE"}, [["country"]], 5):
            with pytest.raises(InputError, match=r"where|only by"):
                question(forty, by=wrong)
    assert ask.table(forty, "losses", by=None).columns == ask.table(forty, "losses").columns
    with pytest.raises(InputError, match="by all that is known of them, and country and first plan may"):
        ask.differences(forty, by=BY["array"])


# ----------------------------------------------------------------- who stands behind a number


@pytest.mark.parametrize("clock", ["anniversary", "calendar"])
def test_behind_a_cell_stand_as_many_as_it_counts(sample, clock) -> None:  # type: ignore[no-untyped-def]
    cells = ask.cohorts(sample, clock=clock).to_frame()
    for cell in cells[cells["size"] > 0].iloc[::29].itertuples():
        month = f"{cell.cohort:%Y-%m}"
        who = ask.customers(sample, cohort=month, k=cell.k, clock=clock).to_frame()
        reached = cell.reached if clock == "anniversary" else cell.size
        assert (len(who), who["retained"].sum()) == (reached, cell.retained), (month, cell.k)
        assert who["customer_id"].is_unique


def test_behind_a_month_stand_as_many_as_it_counts(sample) -> None:  # type: ignore[no-untyped-def]
    moved = measurement.customer_movement(sample).value
    for row in moved.iloc[::5].itertuples():
        who = ask.customers(sample, f"{row.month:%Y-%m}").to_frame()["movement"].value_counts()
        counted = {"new": row.new, "lost": row.lost, "reactivated": row.reactivated}
        assert {name: who.get(name, 0) for name in counted} == counted
    lost = ask.customers(sample, "2026-10", movement="lost").to_frame()
    assert set(lost["customer_id"]) == set(measurement.customers_lost(sample).value["customer_id"])


# ----------------------------------------------------------------- the way out


@pytest.mark.parametrize("name", KINDS)
def test_a_derived_table_goes_out_whole_and_every_column_is_told(sample, name, tmp_path) -> None:  # type: ignore[no-untyped-def]
    derived = ask.table(sample, name)
    frame = derived.to_frame()
    assert set(frame.columns) == set(derived.columns)
    derived.to_parquet(tmp_path / "out.parquet")
    assert (
        len(pd.read_parquet(tmp_path / "out.parquet")) == len(frame) == derived.expression.count().execute()
    )
    assert frame.columns[0] == "customer_id" and "script" not in Reader(derived._repr_html_()).tags
    told = set(ask.columns(name).to_frame()["column"])
    assert told <= set(frame.columns) and "customer_id" in told
    if "mrr" in frame and name != "features":
        kept = pd.read_parquet(tmp_path / "out.parquet")["mrr"]
        assert sum(kept, Decimal(0)) == sum(frame["mrr"], Decimal(0))  # to the last decimal


def test_the_dictionary_tells_every_column_that_a_measure_declares(sample) -> None:  # type: ignore[no-untyped-def]
    told = ask.columns().to_frame()
    own = set(told.loc[told["of"] == "measurement.churn", "column"])
    assert own == set(measurement.churn(sample).value.columns)
    rate = told[(told["of"] == "measurement.churn") & (told["column"] == "churn_rate")].iloc[0]
    assert (rate["unit"], rate["made_of"]) == ("fraction", "lost / customers_at_start")
    assert not told["unit"].eq("").any()


def test_the_dictionary_tells_every_column_of_every_answer(sample) -> None:  # type: ignore[no-untyped-def]
    """By the name of the question: of all that it holds, and of what its table shows."""
    cell = {"cohort": "2026-03", "k": 3}
    answers = {
        "churn": [ask.churn(sample), ask.churn(sample, every="week"), ask.churn(sample, by="country")],
        "cohorts": [
            ask.cohorts(sample, clock=clock, by=by)
            for clock in ("anniversary", "calendar") for by in ("", "country")
        ],
        "customers": [ask.customers(sample, "2026-10"), ask.customers(sample, **cell)],
        "groups": [ask.groups(sample)],
        "columns": [ask.columns()],
        "differences": [ask.differences(sample)],
        **{name: [getattr(ask, name)(sample, by=by) for by in ((), "country")]
           for name in ("mrr", "stay", "reasons", "activity")},
    }  # fmt: skip
    assert set(answers) == set(ask.__all__) - {"SAMPLE", "open_business", "table", "controls"}
    for name, given in answers.items():
        dictionary = ask.columns(name)
        assert dictionary.to_frame().equals(ask.columns(f"ask.{name}").to_frame())
        told = set(dictionary.to_frame()["column"])
        for answer in given:
            shown = (answer.tabled or answer.found).to_frame()
            missing = {*answer.to_frame().columns, *shown.columns} - told
            assert not missing, (name, missing)


def test_sql_reads_the_same_definitions(sample) -> None:  # type: ignore[no-untyped-def]
    lost = sample.sql("select month, count(*) as lost from losses group by month order by month")
    moved = measurement.customer_movement(sample).value
    assert lost["lost"].tolist() == moved.loc[moved["lost"] > 0, "lost"].tolist()
    only = narrowed(sample, ADS)
    many = "select count(distinct customer_id) as n from spans"
    assert sample.sql(many)["n"][0] > only.sql(many)["n"][0] > 0
    assert sample.sql(many).equals(sample.sql("from spans select count(distinct customer_id) as n;"))
    beside = pd.DataFrame({"customer_id": ["C-0001"], "own": [1]})
    joined = sample.sql("select own from spans join mine using (customer_id)", mine=beside)
    assert set(joined["own"]) == {1}
    ends = ask.table(sample, "snapshots").expression
    assert sample.sql("select count(*) as n from s", s=ends)["n"][0] == ends.count().execute()
    for name in TABLES:
        assert len(sample.sql(f"select * from {name}")) == sample.table(name).count().execute(), name


def test_sql_gives_every_column_that_is_asked_for(sample) -> None:  # type: ignore[no-untyped-def]
    """Nameless ones, two of one name, and what an engine says of itself: none falls away, none is refused."""
    told = sample.sql("select median(x), quantile_cont(x, 0.5), list(x) from range(5) r(x)").iloc[0]
    assert told["median(x)"] == 2 and told.iloc[1] == 2 and list(told.iloc[2]) == [0, 1, 2, 3, 4]
    twice = sample.sql("select * from losses a join losses b using (customer_id, month)")
    assert {"kind", "kind_1", "mrr", "mrr_1"} <= set(twice.columns)
    counted = (
        "with recursive t(n) as (select 1 union all select n + 1 from t where n < 3) select sum(n) s from t"
    )
    assert sample.sql(counted)["s"].tolist() == [6]
    in_order = sample.sql("select mrr from losses order by mrr desc -- the dearest first")["mrr"]
    assert in_order.is_monotonic_decreasing and len(in_order) > 9
    remarked = sample.sql("select '一;' as n from losses -- all;\n limit 1 ; -- select 2\n;")
    assert remarked["n"].tolist() == ["一;"]
    assert sample.sql("SELECT count(*) AS n FROM Losses").equals(sample.sql("select count(*) n from losses"))


def test_sql_says_where_it_cannot_be_read_and_what_is_no_table(sample, caplog) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=r"^This is no SQL that can be read, near from in line 1\.$"):
        sample.sql("selec * from losses")
    for given in (ask.table(sample, "losses"), ask.churn(sample), [1]):
        with pytest.raises(InputError, match="mine is no table: give its"):
            sample.sql("select * from mine", mine=given)
    with pytest.raises(InputError, match="Only reading"):
        sample.sql("call duckdb_settings()")
    assert caplog.records == []


def test_what_is_given_beside_takes_no_place_of_the_engine(forty) -> None:  # type: ignore[no-untyped-def]
    """Neither of a table of the business nor of one that only the engine knows, before or after it does."""
    own = pd.DataFrame({"customer_id": ["C1"], "ended_on": [None]})
    forty.sql("select 1 from customers, losses limit 1")
    inside = [name for name in forty.engine.list_tables() if name.startswith("customer_months_")]
    for name in ("customers", "losses", "kept_customers", "Kept_Customers", *inside):
        with pytest.raises(InputError, match=r"means something here already\. Choose another name"):
            forty.sql(f"select * from {name}", **{name: own})
    with pytest.raises(InputError, match="letters, digits and _ alone"):
        forty.sql("select * from information_schema.tables", **{"information_schema.tables": own})
    for _ in range(2):
        with pytest.raises(InputError, match="Choose another name"):
            forty.sql("select * from kept_cancellations, cancellations", kept_cancellations=own)
    for one in (own, own.head(0)):  # a name is free again afterwards
        assert len(forty.sql("select * from mine", mine=one)) == len(one)
    assert "mine" not in forty.engine.list_tables()
    assert forty.sql("select count(*) as n from customers")["n"].tolist() == [40]
    assert inside and len(ask.customers(forty, "2026-02", movement="lost").to_frame()) == 14


@pytest.mark.parametrize(
    "given",
    [
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": [1, "x", None]}),
        pd.DataFrame({"a": pd.period_range("2026-01", periods=1, freq="M")}),
    ],
    ids=["twice", "mixed", "period"],
)
def test_a_frame_that_is_no_table_is_told_in_a_sentence(forty, given) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=r"^mine cannot be read as a table\. Give each column"):
        forty.sql("select * from mine", mine=given)
    assert forty.sql("select * from mine", mine=pd.DataFrame({"a": [1]}))["a"].tolist() == [1]


def test_sql_reads_no_catalogue_under_a_name_of_its_own(sample) -> None:  # type: ignore[no-untyped-def]
    for name in ("sqlite_master", "duckdb_views", "pg_tables"):
        with pytest.raises(InputError, match="Choose another name"):
            sample.sql(f"select * from (with {name} as (select 1) select 1) a, {name}")
    assert sample.sql("with columns as (select 1 as n) select n from columns")["n"].tolist() == [1]


def test_sql_sees_no_future(opened) -> None:  # type: ignore[no-untyped-def]
    spans = [("A", "2026-01-05", "2026-05-01", 10), ("B", "2026-04-05", "", 10)]
    with opened(spans) as business:
        assert business.sql("select customer_id, ended_on from subscriptions").isna().values.tolist() == [
            [False, True]
        ]


@pytest.mark.parametrize("name", ["kept_subscriptions", "KEPT_subscriptions", '"Kept_Subscriptions"'])
def test_sql_sees_no_future_under_another_name(opened, name) -> None:  # type: ignore[no-untyped-def]
    """Not even of a table that the query itself is the first to bring into the engine."""
    with opened([("A", "2026-01-05", "2026-05-01", 10)]) as business:
        ahead = f"with {name} as (select * from {name}) select k.* from {name} k, subscriptions"
        for _ in range(2):
            with pytest.raises(InputError, match="Choose another name"):
                business.sql(ahead)


def test_sql_reads_no_file_under_a_name_of_its_own(sample, tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "x.csv"
    file.write_text("a\n1\n")
    for query in (
        f"""describe with "{file}" as (select * from '{file}') select * from '{file}'""",
        f"""with "{file}" as (select * from '{file}') select * from '{file}'""",
        f"""select * from (with "{file}" as (select 1) select 1) own, '{file}' beside""",
        """with "information_schema.tables" as (select 1) select * from information_schema.tables""",
    ):
        with pytest.raises(InputError, match="letters, digits and _ alone"):
            sample.sql(query)


def test_sql_tells_what_there_is(sample) -> None:  # type: ignore[no-untyped-def]
    """The words that an analyst tries first; tables before their cut are none of them."""
    tables = set(sample.sql("show tables")["name"])
    assert {"losses", "customers", "customer_days"} <= tables <= {*TABLES, *ask.tables.DERIVED}
    types = sample.sql("DESCRIBE losses;").set_index("column_name")["column_type"]
    assert types["mrr"] == "decimal(18, 6)" and list(types.index) == list(sample.sql("from losses").columns)
    assert sample.sql("desc select 1 as n")["column_name"].tolist() == ["n"]
    mine = pd.DataFrame({"n": [1, 2, 2, None], "word": ["a", None, "b", "b"]})
    told = sample.sql("summarize mine -- of all rows", mine=mine).set_index("column_name")
    assert told.loc["n", ["min", "max", "distinct", "missing"]].tolist() == ["1.0", "2.0", 2, 1]
    assert told.loc["n", "mean"] == 5 / 3
    assert told.loc["word", ["min", "max", "distinct", "missing"]].tolist() == ["a", "b", 2, 1]
    assert pd.isna(told.loc["word", "mean"])
    whole = sample.sql("summarize losses").set_index("column_name")
    assert whole.loc["mrr", "max"] == str(max(ask.table(sample, "losses").to_frame()["mrr"]))
    nested = sample.sql("select count(*) as n from (describe losses)")
    assert nested["n"][0] == len(types)
    lists = sample.sql("summarize select list(mrr) as all_of_them, count(*) as n from losses")
    assert lists["column_name"].tolist() == ["all_of_them", "n"]


@pytest.mark.parametrize("telling", ["describe", "desc", "summarize"])
def test_what_sql_tells_is_of_the_tables_after_the_cut_alone(sample, telling) -> None:  # type: ignore[no-untyped-def]
    """However it is hidden: nested, under `with`, under a name that is a word of the engine."""
    sample.sql("select 1 from customers limit 1")  # the uncut table is in the engine now
    kept = "kept_customers"
    for query in (
        f"{telling} {kept}", f'{telling} "{kept}"', f"{telling} main.{kept}",
        f"{telling} select * from {kept}",
        f"{telling} (select * from {kept})", f"select * from ({telling} {kept})",
        f"with x as ({telling} {kept}) select * from x", f"{telling} from ({telling} {kept})",
        f"{telling} with {kept} as (select * from {kept}) select * from {kept}",
        f"{telling} with x as (select * from {kept}) select * from x",
        f'with "{telling}" as (select 1) select * from ({telling} {kept})',
        f'with {telling} as (select 1) select * from ({telling} "{kept}")',
        f"{telling} read_csv('/etc/passwd')", f"{telling} '/etc/passwd'", f"{telling} duckdb_tables()",
        f"{telling} query_table('{kept}')", f"{telling} information_schema.tables",
    ):  # fmt: skip
        with pytest.raises(InputError):
            print(query, sample.sql(query))
    with pytest.raises(InputError):
        sample.sql(f"select * from ({telling} {kept})", **{telling: pd.DataFrame({"a": [1]})})


@pytest.mark.parametrize(
    ("query", "way_out"),
    [
        ("show all tables", "Only reading"),
        ("show databases", "Only reading"),
        ("select * from (show tables)", "no table show"),
        ("with show as (select 1) select * from (show tables)", "another name"),
        ("describe losses; drop table losses", "Only reading"),
        ("describe drop table losses", "SQL"),
        ("summarize delete from losses returning *", "SQL"),
        ("explain analyze select 1", "Only reading"),
        ("pragma table_info('kept_customers')", "Only reading"),
        ("describe losss", "Did you mean losses?"),
        ("drop table losses", "Only reading"),
        ("insert into losses values (1)", "Only reading"),
        ("copy losses to 'x.csv'", "Only reading"),
        ("attach 'x.db'", "Only reading"),
        ("select 1; drop table losses", "Only reading"),
        ("", "Only reading"),
        ("select * from losss", "Did you mean losses?"),
        ("select * from kept_customers", "There is no table kept_customers"),
        (
            "with kept_customers as (select * from kept_customers) select * from kept_customers",
            "another name",
        ),
        ("with losses as (select 1) select * from losses", "Choose another name"),
        ("with Losses as (select 1) select * from Losses", "Choose another name"),
        ("select * from read_parquet('x.parquet')", "own tables"),
        ('select * from "x.parquet"', "There is no table"),
        ("with x as (delete from losses returning *) select * from x", "CTE"),
        ("select 1; -- two\n select 2", "Only reading"),
        (None, "Only reading"),
        ("select * from read_csv('/etc/passwd')", "own tables"),
        ("select * from read_text('/etc/passwd')", "own tables"),
        ("select * from query_table('kept_customers')", "own tables"),
        ("select * from query('select 1')", "own tables"),
        ("select * from duckdb_settings()", "own tables"),
        ("select (select count(*) from glob('*'))", "own tables"),
        ("select * from '/etc/passwd'", "There is no table"),
        ("select * from main.losses", "There is no table"),
        ("select nope from losses", "nope"),
        ("select from where", "SQL"),
    ],
)
def test_sql_reads_and_nothing_else(sample, query, way_out) -> None:  # type: ignore[no-untyped-def]
    sample.sql("select 1 from customers, losses, spans limit 1")  # there is something to be seen
    with pytest.raises(InputError, match=re.escape(way_out)):
        sample.sql(query)


# ----------------------------------------------------------------- wrong names


@pytest.mark.parametrize(
    ("asking", "right"),
    [
        (lambda b: ask.churn(b, by="contry"), "country"),
        (lambda b: ask.stay(b, by="contry"), "country"),
        (lambda b: ask.reasons(b, by="contry"), "country"),
        (lambda b: ask.activity(b, by="contry"), "country"),
        (lambda b: ask.mrr(b, by="plan"), "first_plan"),
        (lambda b: ask.cohorts(b, by="contry"), "country"),
        (lambda b: ask.customers(b, "2026-10", by="contry"), "country"),
        (lambda b: ask.table(b, "losses", by="contry"), "country"),
        (lambda b: ask.groups(b, by="contry"), "country"),
        (lambda b: ask.controls(b, where={"contry": "DE"}), "country"),
        (lambda b: ask.differences(b, by="country"), r"where=\{'country': …\}"),
        (lambda b: ask.churn(b, where={"contry": "DE"}), "country"),
        (lambda b: ask.churn(b, where={"country": "Germany"}), "DE"),
        (lambda b: ask.churn(b, every="weak"), "week"),
        (lambda b: ask.churn(b, every="week", by="country"), "every"),
        (lambda b: ask.churn(b, by="plan", months=0), "from 1 on"),
        (lambda b: ask.churn(b, by="plan", months="3"), "from 1 on"),
        (lambda b: ask.churn(b, months=3), "by"),
        (lambda b: ask.churn("data/mine"), "open_business"),
        (lambda b: ask.churn(b, by=5), "country"),
        (lambda b: ask.churn(b, where={"cohort": pd.Timestamp("2026-03-01")}), "2026-03"),
        (lambda b: ask.churn(b, where={"country": "DE", "cohort": "1999-01"}), "2026-03"),
        (lambda b: ask.differences(b, landmark_days=-5), "from 0 on"),
        (lambda b: ask.differences(b, landmark_days=1.5), "from 0 on"),
        (lambda b: ask.customers(b, cohort="2026-03", k=1.5), "from 0 on"),
        (lambda b: ask.customers(b, cohort="2026-03", k=100_000), "reached"),
        (lambda b: ask.customers(b, cohort="2026-03", k=1, movement="lost"), "leave it out"),
        (lambda b: ask.customers(b, "2026-10", clock="calender"), "calendar"),
        (lambda b: ask.table(b, "customers"), "business.sql"),
        (lambda b: ask.columns("chrun"), r"Did you mean churn or measurement\.churn"),
        (lambda b: ask.columns("mrr_movment"), r"Did you mean measurement\.mrr_movement"),
        (lambda b: ask.columns("table"), r"questions \(churn, .*tables \(spans, .*ask\.columns\(\) lists"),
        (lambda b: ask.cohorts(b, clock="calender"), "calendar"),
        (lambda b: ask.customers(b), "2026-09"),
        (lambda b: ask.customers(b, "2026-10", cohort="2026-03", k=1), "2026-09"),
        (lambda b: ask.customers(b, "2030-01"), "2026-10"),
        (lambda b: ask.customers(b, "Oct 2026"), "YYYY-MM"),
        (lambda b: ask.customers(b, "2026-10", movement="loss"), "lost"),
        (lambda b: ask.customers(b, cohort="2026-10", k=9), "reached"),
        (lambda b: ask.table(b, "loses"), "losses"),
        (lambda b: ask.columns("measurement.chrun"), "measurement.churn"),
    ],
)
def test_wrong_names_are_answered_with_the_right_ones(sample, asking, right) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=right):
        asking(sample)


@pytest.mark.parametrize("wrong", [{"first": "3"}, {"first": -1}, {"last": 2.5}, {"last": 0}])
def test_so_many_rows_of_a_table_are_a_whole_number(sample, wrong) -> None:  # type: ignore[no-untyped-def]
    answer = ask.churn(sample)
    with pytest.raises(InputError, match=r"^(first|last) is a whole number from 1 on, not"):
        answer.table(**wrong)
    assert len(answer.table(first=3.0).rows) == len(answer.table(last=3).rows) == 3


def test_a_question_that_is_none_is_answered_with_the_nearest() -> None:
    with pytest.raises(AttributeError, match=r"Did you mean churn\?"):
        ask.chrun  # noqa: B018


def test_a_file_goes_where_it_can_be_written_or_the_way_out_is_told(sample, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("HOME", str(tmp_path))
    answer, losses = ask.churn(sample), ask.table(sample, "losses")
    for write in (answer.to_csv, answer.found.to_csv, losses.to_parquet):
        with pytest.raises(InputError, match=r"There is no folder .*nowhere\. Make it"):
            write(tmp_path / "nowhere" / "file")
        with pytest.raises(InputError, match=r"is a folder\. Name a file in it"):
            write(tmp_path)
        with pytest.raises(InputError, match="/dev/fd/none"):
            write("/dev/fd/none")
        write("~/file")
        assert (tmp_path / "file").stat().st_size > 100


def test_a_cell_is_asked_for_with_what_an_answer_holds(sample) -> None:  # type: ignore[no-untyped-def]
    cell = ask.cohorts(sample).to_frame().query("size > 20").iloc[0]
    who = ask.customers(sample, cohort=cell["cohort"], k=cell["k"]).to_frame()
    assert (len(who), who["retained"].sum()) == (cell["reached"], cell["retained"])
    month = ask.churn(sample).to_frame().iloc[-1]
    lost = ask.customers(sample, month["month"], movement="lost").to_frame()
    assert len(lost) == month["lost"] > 0


def test_a_month_in_which_nobody_began_has_no_cell(opened) -> None:  # type: ignore[no-untyped-def]
    with (
        opened([("A", "2026-01-05", "", 10), ("B", "2026-03-05", "", 10)]) as business,
        pytest.raises(InputError, match="nobody began then"),
    ):
        ask.customers(business, cohort="2026-02", k=0)


# ----------------------------------------------------------------- the look


def test_the_look_has_the_colours_of_the_pages() -> None:
    """Light and dark, name by name; the ground of a picture is that of the notebook."""
    named = re.compile(r"(--[\w-]+): (#\w+);")
    page = (shipped.PACKAGE / "report" / "pages" / "page.css").read_text("utf-8")
    pairs = zip(named.findall(style()), _grouped(named.findall(style())), strict=True)
    light, dark = page.split("prefers-color-scheme: dark", 1)
    of_page = {"light": dict(named.findall(light)), "dark": dict(named.findall(dark.split("}")[0]))}
    assert {name for _, name in pairs} == {"light", "dark"}
    for (name, colour), which in zip(named.findall(style()), _grouped(named.findall(style())), strict=True):
        assert of_page[which][name] == colour, (which, name)


def _grouped(found: list[tuple[str, str]]) -> list[str]:
    """Light up to the first name that comes again, dark from there."""
    seen: set[str] = set()
    for nth, (name, _) in enumerate(found):
        if name in seen:
            return ["light"] * nth + ["dark"] * (len(found) - nth)
        seen.add(name)
    return ["light"] * len(found)


def test_a_page_keeps_its_own_look(sample) -> None:  # type: ignore[no-untyped-def]
    html = ask.churn(sample)._repr_html_()
    assert "<style>" in html and "<style>" not in without_style(html)
    assert pages.stylesheet()


# ----------------------------------------------------------------- by hand


def test_every_control_redraws(sample) -> None:  # type: ignore[no-untyped-def]
    """How soon, `make bench` measures."""
    panel = ask.controls(sample)
    question, month, by, clock, only = panel.children[0].children
    answer = panel.children[1]
    moves = [
        (question, "How long do they stay?"), (by, "acquisition_channel"), (only, ("country", "DE")),
        (question, "How many leave?"), (by, ""), (only, ""), (month, "2026-08"), (month, "2026-10"),
        (month, "2026-08"),
        (question, "What became of each cohort?"), (clock, "calendar"),
    ]  # fmt: skip
    for control, value in moves:
        before = answer.value
        control.value = value
        assert answer.value != before and "<svg" in answer.value, value
    few = ask.controls(sample, where={"first_plan": "solo"})
    few.children[0].children[1].value = "2026-09"
    shown = said(Reader(few.children[1].value))
    assert "Among customers with first plan solo: In September 2026" in shown
    where = {"country": "DE"}
    month.value, question.value, only.value, by.value = "2026-10", "How many leave?", ("country", "DE"), ""
    assert str(ask.churn(sample, where=where).sentence()) in said(Reader(answer.value))


def test_without_widgets_there_is_a_line_to_type(sample, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    with pytest.raises(InputError, match="ask in a line"):
        ask.controls(sample)


def test_an_expression_is_one_of_the_engine(sample) -> None:  # type: ignore[no-untyped-def]
    losses = ask.table(sample, "losses").expression
    assert isinstance(losses, ibis.expr.types.Table)
    assert losses.filter(losses.kind == "involuntary").count().execute() > 0


def test_a_table_shows_its_first_rows_in_their_order(sample: Business) -> None:
    """An engine gives rows in any order; the first five of a screen are those of the whole table."""
    losses = ask.table(sample, "losses")
    first = losses.to_frame().head(5)["customer_id"].tolist()
    assert first == sorted(first) and all(who in losses._repr_html_() for who in first)

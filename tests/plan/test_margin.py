"""What a call saves: who is drawn, that a draw stays, how it is read, and what that finds."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import write_folder
from margins import saves

from retention_helpers import experiments, plan
from retention_helpers.business import Business, open_business
from retention_helpers.experiments import Reading
from retention_helpers.gate.lots import CALLED, FILE, NAME, NO_CALL, Lots, as_record, read_lots
from retention_helpers.plan import gathering, kinds, said
from retention_helpers.plan.deciding import Decided, decide
from retention_helpers.plan.margin import Margin, lot, with_lot
from retention_helpers.report import plan_file
from retention_helpers.shown.proposals import proposals
from retention_helpers.words.errors import InputError

NOBODY = pd.DataFrame(columns=["customer_id", "drawn_into", "treatment", "until", "is_open"])
UNREAD = pd.DataFrame(columns=["experiment", "verdict", "is_over"])


def reading(*rows: dict[str, Any]) -> Reading:
    told = pd.DataFrame(rows) if rows else UNREAD
    return Reading({}, UNREAD, UNREAD, told, UNREAD, UNREAD, UNREAD, {})


def at_risk(many: int) -> list[dict[str, Any]]:
    """The list of those at risk, the first the most urgent."""
    return [
        {"customer_id": f"r{nth:03}", "action": "at_risk", "mrr": 50, "way": "call", "risk": 0.4}
        for nth in range(many)
    ]


@pytest.fixture(scope="module")
def shop(business_of: Callable[..., Business]) -> Business:
    """March 2026; who is at risk is what a test says."""
    return business_of([("a", "2026-01-10", "", 50)])


def drawn(shop: Business, many: int, *, calls: int = 100, more: Any = (), so_far: Any = (), **settings: Any):
    chosen = replace(shop.settings, calls_a_month=calls, **settings)
    business = replace(shop, settings=chosen)
    every = proposals([*more, *at_risk(many)])
    return with_lot(business, decide(business, every, NOBODY), NOBODY, reading(*so_far))


def ways(decided: Decided) -> Counter[str]:
    return Counter(decided.touches["way"])


def test_half_of_the_calls_stand_at_the_margin(shop: Business) -> None:
    """100 calls for 300: the first 50 are called, half of the next 100, and the rest is written to."""
    decided, margin = drawn(shop, 300)
    assert margin.way == "by lot" and set(margin.arms) == {f"r{nth:03}" for nth in range(50, 150)}
    assert len(margin.of(CALLED)) == len(margin.of(NO_CALL)) == 50
    called = set(decided.touches.loc[decided.touches["way"] == "call", "customer_id"])
    assert called == {f"r{nth:03}" for nth in range(50)} | set(margin.of(CALLED))
    assert ways(decided) == {"call": 100, "letter": 150}


def test_of_each_two_neighbours_one_is_called(shop: Business) -> None:
    arms = list(drawn(shop, 300)[1].arms.values())
    assert all(set(pair) == {CALLED, NO_CALL} for pair in zip(arms[::2], arms[1::2], strict=True))


def test_who_is_drawn_out_gets_nothing_and_is_held(shop: Business) -> None:
    decided, margin = drawn(shop, 300)
    out = set(margin.of(NO_CALL))
    assert not out & set(decided.touches["customer_id"])
    assert set(decided.held.loc[decided.held["cause"] == "drawn", "customer_id"]) == out
    assert margin.until == dt.date(2026, 5, 31)  # 60 days after the cut of 1 April


def test_answers_and_the_names_that_the_owner_keeps_are_never_drawn(shop: Business) -> None:
    answers = [{"customer_id": f"k{nth}", "action": "keep", "mrr": 500, "way": "call"} for nth in range(30)]
    failed = [{"customer_id": f"f{nth}", "action": "recover_payment", "mrr": 5} for nth in range(30)]
    decided, margin = drawn(shop, 300, more=[*answers, *failed], always_call=("r050", "r060"))
    assert {who[0] for who in margin.arms} == {"r"} and not {"r050", "r060"} & margin.arms.keys()
    assert {"r050", "r060"} <= set(decided.touches["customer_id"])
    assert (decided.touches["action"] == "keep").sum() == 30


def test_whom_a_list_had_already_is_not_drawn(shop: Business) -> None:
    """The list of the third had the customer whom the lot would draw out: the call stands."""
    out = next(who for who, arm in drawn(shop, 300)[1].arms.items() if arm == NO_CALL)
    decided, margin = drawn(replace(shop, listed=frozenset({out})), 300)
    assert out not in margin.arms and margin.way == "by lot"
    assert out in set(decided.touches["customer_id"])


def test_who_is_kept_is_called_first(shop: Business) -> None:
    business = replace(shop, settings=replace(shop.settings, always_call=("r007",)))
    people = gathering._kept_first(business, proposals(at_risk(9)))
    assert list(people["customer_id"])[:2] == ["r007", "r000"]


def test_the_lot_is_the_same_everywhere_and_fair() -> None:
    """As SHA-256 gives it, so that another machine draws the same; and no place of a pair is favoured."""
    first, second = (hashlib.sha256(f"2026-04-01\x1f{who}".encode()).digest() for who in ("a", "b"))
    assert lot(["a", "b"], "2026-04-01")["a"] == (CALLED if first < second else NO_CALL)
    people = [f"c{nth}" for nth in range(4000)]
    upper = sum(lot(people, "x")[who] == CALLED for who in people[::2])
    assert 900 < upper < 1100  # of 2,000: within 4.5 standard deviations
    assert lot(people, "x") != lot(people, "y")
    assert len(lot(["a", "b", "c"], "x")) == 2


@pytest.mark.parametrize(
    ("many", "settings", "way"),
    [
        (100, {}, "everybody is called"),
        (100, {"calls_by_lot": 0.3}, "by lot"),
        (300, {"calls_by_lot": "off"}, "off"),
        (0, {}, "nobody is called"),
        (300, {"calls": 0}, "nobody is called"),
        (300, {"calls": 10}, "too slow"),
    ],
)
def test_when_nothing_is_drawn_and_what_is_said(shop: Business, many: int, settings: Any, way: str) -> None:
    """With ten calls a month, ten customers stand at the margin: the 700 that it needs take six years."""
    _, margin = drawn(shop, many, **settings)
    assert margin.way == way and bool(margin.arms) == (way == "by lot")
    text = repr(said.what_a_call_saves(shown(margin)))
    expected = {
        "everybody is called": "nothing can be learned",
        "by lot": "found with a chance of 80 %",
        "off": "calls_by_lot: off",
        "nobody is called": "Nobody at risk is called",
        "too slow": "more than three years",
    }[way]
    assert expected in text


def shown(margin: Margin) -> pd.DataFrame:
    month = plan.Month(Decided(UNREAD, UNREAD), UNREAD, None, (0, 0), margin, {})  # type: ignore[arg-type]
    return kinds.by_lot(month)


def test_an_answer_ends_it(shop: Business) -> None:
    for verdict, is_over in (("better", False), ("cannot tell yet", True)):
        told = {"experiment": NAME, "verdict": verdict, "is_over": is_over}
        assert drawn(shop, 300, so_far=[told])[1].way == "told"
    going_on = {"experiment": NAME, "verdict": "cannot tell yet", "is_over": False}
    assert drawn(shop, 300, so_far=[going_on])[1].way == "by lot"


def test_a_draw_that_is_frozen_stays_whoever_is_at_risk_now(shop: Business) -> None:
    lots = Lots("Harbour Desk", 60, 0.1, 0.6, 400, {dt.date(2026, 4, 1): {"r120": NO_CALL, "r121": CALLED}})
    decided, margin = drawn(replace(shop, lots=lots), 300)
    assert margin.arms == lots.drawn[dt.date(2026, 4, 1)]
    way = dict(zip(decided.touches["customer_id"], decided.touches["way"], strict=True))
    assert "r120" not in way and way["r121"] == "call"


# --- from the draw to the reading


@pytest.fixture(scope="module")
def drawn_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Sixty customers, drawn on 1 January: of the thirty not called twenty asked, of the called two."""
    home = tmp_path_factory.mktemp("lots")
    people = [f"c{nth:02}" for nth in range(60)]
    arms = {who: CALLED if nth % 2 else NO_CALL for nth, who in enumerate(people)}
    asked = [*[who for who in people if arms[who] == NO_CALL][:20], people[1], people[3]]
    data = write_folder(
        home / "data",
        [(who, "2025-06-01", "", 50) for who in people],
        cancellations=[(who, "2026-01-20", "too_expensive") for who in asked],
    )
    out = home / "out"
    out.mkdir()
    lots = Lots("Harbour Desk", 60, 0.1, 0.6, 30, {dt.date(2026, 1, 1): arms})
    business = open_business(data, "2025-12", cache=home / "cache")
    plan_file.freeze(out, business.identity, as_record(lots))
    business.close()
    return data, out, home / "cache"


def test_it_is_read_as_an_experiment(drawn_out: tuple[Path, Path, Path]) -> None:
    """28 of 30 against 10 of 30 had not asked on day 60: 60 points; nothing is written into the data."""
    data, out, cache = drawn_out
    before = sorted(path.name for path in data.iterdir())
    business = open_business(data, "2026-03", plan=out, cache=cache)
    found = experiments.read(business, experiments.plans(business, {})).comparisons.iloc[0]
    assert (found["experiment"], found["verdict"]) == (NAME, "better")
    assert found["effect"] == pytest.approx(0.6)
    assert sorted(path.name for path in data.iterdir()) == before
    business.close()


def test_the_plan_holds_them_until_the_day(drawn_out: tuple[Path, Path, Path]) -> None:
    data, out, cache = drawn_out
    for month, is_open in (("2026-01", True), ("2026-03", False)):
        business = open_business(data, month, plan=out, cache=cache)
        held = experiments.draws_by(business, ())
        assert len(held) == 60 and set(held["is_open"]) == {is_open} and set(held["treatment"]) == {"call"}
        business.close()
    business = open_business(data, "2025-12", plan=out, cache=cache)  # the report that drew them
    assert business.lots.drawn and experiments.draws_by(business, ()).empty
    business.close()


def test_what_was_drawn_is_not_drawn_anew(drawn_out: tuple[Path, Path, Path]) -> None:
    data, out, cache = drawn_out
    business = open_business(data, "2025-12", cache=cache)
    other = Lots("Harbour Desk", 60, 0.1, 0.5, 10, {dt.date(2026, 1, 1): {"c00": CALLED, "c01": NO_CALL}})
    plan_file.freeze(out, business.identity, as_record(other))
    business.close()
    kept = read_lots(out)
    assert len(kept.rows) == 60 and kept.baseline == 0.6 and kept.rows[0][:2] == ("c00", NO_CALL)


def test_draws_that_cannot_be_read_stop_the_report(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="who was drawn by lot"):
        read_lots(tmp_path)


@pytest.mark.parametrize(("added", "least", "most"), [(0.10, 24, 40), (0.0, 0, 5)])
def test_what_is_planted_is_found_and_what_is_not_is_not(added: float, least: int, most: int) -> None:
    """40 businesses of 5,000 customers and 100 calls: 80 % of them are 32 ± 8; 2.5 % of them are 1 ± 4."""
    found = Counter(saves(added, 1_000 + seed)[0] for seed in range(40))
    assert least <= found["better"] <= most

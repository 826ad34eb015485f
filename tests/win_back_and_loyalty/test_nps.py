"""NPS: by hand, with an interval that counts customers; the sample's numbers, counted in its file."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from retention_helpers.business import SAMPLE, Business
from retention_helpers.statistics.clusters import clustered_balance, clustered_rate
from retention_helpers.win_back_and_loyalty import loyalty, nps

FIRST = "2025-01-10"


@pytest.fixture(scope="module")
def shop(business_of: Callable[..., Business]) -> Business:
    """Five customers; a answers twice, d leaves 20 days after its answer, e never answers.

    a 10 (Jan), 6 (March)   b 9 (Feb)   c 8 (Feb)   d 0 (1 November), left on 21 November
    """
    return business_of(
        [(who, FIRST, "2025-11-21" if who == "d" else "", 50) for who in "abcde"],
        nps=[("a", "2026-01-05", 10), ("a", "2026-03-05", 6, "Too expensive"), ("b", "2026-02-05", 9),
             ("c", "2026-02-06", 8), ("d", "2025-11-01", 0)],
        contacts=[("x", "2026-03-06", "outreach")],
    )  # fmt: skip


def test_by_hand(shop: Business) -> None:
    """All five answers: 2 promoters, 1 passive, 2 detractors: 0. Latest of four: b | c | a, d: -25."""
    rows = nps.nps(shop)
    counts = rows[["responses", "customers", "promoters", "passives", "detractors"]].to_numpy().tolist()
    assert counts[:2] == [[5, 4, 2, 1, 2], [4, 4, 1, 1, 2]]
    assert rows["nps"].tolist()[:2] == [0, -25]
    assert (rows["nps_low"] <= rows["nps"]).all() and (rows["nps"] <= rows["nps_high"]).all()


def test_the_silent_could_move_it(shop: Business) -> None:
    """Of a, b, c, e three answered: b up, a down; with e it lies between -1/4 and +1/4."""
    row = nps.who_answered(shop).iloc[0]
    assert (row["answered"], row["present"]) == (3, 4)
    assert (row["least"], row["most"]) == (-25, 25)


def test_whom_to_call(shop: Business, business_of: Callable[..., Business]) -> None:
    """Not d, who left; not who was spoken to since; not after 90 days."""
    assert nps.to_call(shop)["customer_id"].tolist() == ["a"]
    (proposed,) = nps.to_hear(shop).to_dict(orient="records")
    assert (proposed["customer_id"], proposed["action"], proposed["way"]) == ("a", "detractor", "call")
    assert proposed["why"] == "gave 6 of 10 on 5 March 2026" and "gave us 6 of ten" in proposed["message"]
    spoken = business_of([("a", FIRST, "", 50), ("b", FIRST, "", 50)],
                         nps=[("a", "2026-03-05", 6), ("b", "2025-12-31", 2)],
                         contacts=[("a", "2026-03-06", "outreach")])  # fmt: skip
    assert nps.to_call(spoken).empty


def test_ahead_of_leaving(shop: Business) -> None:
    """First answers with 90 days behind them at the end of March: d of 1 November, who left on day 20."""
    rows = nps.ahead_of_leaving(shop).set_index("answers")
    assert rows.loc["detractors", ["left", "followed"]].tolist() == [1, 1]
    assert rows.loc["all others", ["left", "followed"]].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [((30, 60), (20, 100), "more often"), ((2, 60), (40, 100), "less often"),
     ((3, 20), (12, 80), "no clear difference")],
)  # fmt: skip
def test_the_word_for_running_ahead(first: tuple[int, int], second: tuple[int, int], word: str) -> None:
    rows = pd.DataFrame(
        [("detractors", *first), ("all others", *second)], columns=["answers", "left", "followed"]
    )
    assert nps.runs_ahead(rows) == word


def test_themes_of_comments(shop: Business) -> None:
    assert nps.nps_themes(shop)[["theme", "detractors"]].to_numpy().tolist() == [["Price", 1]]


def test_the_sample(sample: Business) -> None:
    """Counted in nps.csv with pandas alone."""
    rows = pd.read_csv(SAMPLE / "nps.csv")
    sides = np.select([rows["score"] >= 9, rows["score"] <= 6], [1, -1], 0)
    assert [int((sides == side).sum()) for side in (1, 0, -1)] == [192, 225, 86]
    found = nps.nps(sample).set_index("answers")
    every, latest = found.loc["all"], found.loc["the latest of each customer"]
    assert (
        (every["responses"], every["customers"]) == (503, 363) == (len(rows), rows["customer_id"].nunique())
    )
    assert round(every["nps"]) == 21 and round(latest["nps"], 1) == 20.7
    assert every["nps"] == pytest.approx(100 * (192 - 86) / 503)


def test_stages_tiers_and_plans_hold_everybody_of_today(sample: Business) -> None:
    rows = nps.nps_by(sample, loyalty.people_now(sample))
    assert rows.loc[rows["by"] == "first plan", "customers"].sum() == 363


# ------------------------------------------------------------------------------------ the interval


def test_one_answer_each_is_the_usual_interval_with_three_more() -> None:
    """Rocks 2016, by hand: 40 + 0.75 and 20 + 0.75 of 103: 0.19417 ± 1.95996 × 0.07370."""
    found = clustered_balance(np.repeat([1, 0, -1], [40, 40, 20]), np.arange(100))
    assert (round(found.low, 4), round(found.high, 4)) == (0.0497, 0.3386)
    assert found.value == pytest.approx(0.2)


def test_answers_alike_count_once() -> None:
    """Everybody answers three times the same: the interval is that of a third of the rows."""
    sides = np.repeat([1, 0, -1], [40, 40, 20])
    once = clustered_balance(sides, np.arange(100))
    thrice = clustered_balance(np.repeat(sides, 3), np.repeat(np.arange(100), 3))
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high), abs=1e-2)
    assert thrice.value == once.value
    effective = clustered_rate(np.repeat(sides == 1, 3), np.repeat(np.arange(100), 3))
    assert effective.low == pytest.approx(clustered_rate(sides == 1, np.arange(100)).low, abs=5e-3)


@pytest.mark.parametrize("sides", [[1], [1, 1, 1], [-1, -1], [0, 0, 0]])
def test_few_answers_are_no_certainty(sides: list[int]) -> None:
    found = clustered_balance(np.array(sides), np.arange(len(sides)))
    assert -1 <= found.low <= found.value <= found.high <= 1 and found.high - found.low > 0.5


def test_nothing_is_known_over_nothing() -> None:
    assert np.isnan(clustered_balance(np.array([], dtype=int), np.array([], dtype=int))).all()

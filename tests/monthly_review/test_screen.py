"""The first screen: one verdict in a fixed order, a headline that says it, and cards that prove it."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retention_helpers import monthly_review
from retention_helpers.business.opening import ENDS_BEFORE
from retention_helpers.churn_reasons import Period
from retention_helpers.churn_reasons.ranking import may_be_first
from retention_helpers.contract.tables import Fault
from retention_helpers.measurement import measures
from retention_helpers.monthly_review.aims import against_targets
from retention_helpers.monthly_review.hindsight import hindsight
from retention_helpers.monthly_review.said.reach import reach
from retention_helpers.monthly_review.said.screen import headline
from retention_helpers.monthly_review.verdict import verdict_of_month
from retention_helpers.shown.cards import Card, Fine, Picture, drawn
from retention_helpers.shown.figures import Figure
from retention_helpers.statistics import control
from retention_helpers.statistics.intervals import with_rate


def churn_table(*months: tuple[int, int]) -> pd.DataFrame:
    """A churn table from (lost, customers at start), up to March 2026."""
    frame = pd.DataFrame(months, columns=["lost", "customers_at_start"])
    days = pd.date_range(end="2026-03-01", periods=len(months), freq="MS")
    return with_rate(frame.assign(month=days), "churn_rate", "lost", "customers_at_start")


def of(*months: tuple[int, int]) -> tuple[pd.DataFrame, pd.DataFrame, Any]:
    churn = churn_table(*months)
    return churn, control.chart(churn), measures.churn_change(churn)


# --- the verdict -----------------------------------------------------------------------------------

STEADY = [(5, 100)] * 12


@pytest.mark.parametrize(
    ("months", "verdict"),
    [
        ([(0, 0)], "cannot tell"),
        ([(2, 40)], "cannot tell"),
        ([*STEADY, (5, 100)], "normal"),
        ([(5, 100), (6, 100)], "normal"),
        ([(5, 100), (30, 100)], "worse"),
        ([(30, 100), (5, 100)], "better"),
        ([*STEADY, (40, 100)], "unusual"),
    ],
)
def test_the_first_that_holds_is_the_verdict(months: list[tuple[int, int]], verdict: str) -> None:
    """Nothing to hold it against; unusual goes before a rise, for it is the stronger claim."""
    assert verdict_of_month(*of(*months)) == verdict


def test_a_month_of_which_the_data_have_no_row_is_never_called_normal(opened: Any) -> None:
    """The last row is of 12 February: that nobody left in March is what an old export would say, too."""
    spans = [("A", "2025-12-10", "", 10), ("B", "2025-12-10", "2026-02-12", 20)]
    with opened(spans, "2026-03") as business:
        said = headline(*of((0, 1), (0, 1)), 0, business.faults)
    assert said.verdict == "cannot tell"
    assert said.headline.startswith(
        "The data have no row of March 2026: as far as they tell, 0 of 1 customer"
    )
    with opened([*spans, ("C", "2026-03-05", "", 10)], "2026-03") as business:
        assert headline(*of((0, 1), (0, 1)), 0, business.faults).verdict != "cannot tell"


def test_a_rise_within_the_usual_range_is_worse_and_not_normal() -> None:
    """12 of 100 after twelve months of 5: more than before for 95 of 100 months, usual for 99 of 100."""
    churn, chart, moved = of(*STEADY, (12, 100))
    assert chart.iloc[-1]["unusual"] is False
    assert moved.verdict == "rose"
    assert verdict_of_month(churn, chart, moved) == "worse"


@pytest.mark.parametrize(
    ("months", "things", "said"),
    [
        ([*STEADY, (8, 100)], 3,
         "A normal month: 8 of 100 customers left, three more than in February. "
         "Three things are worth your time."),
        ([(5, 100), (5, 100)], 0,
         "A normal month: 5 of 100 customers left, as many as in February. "
         "Nothing needs your time this month."),
        ([(30, 100), (1, 100)], 1,
         "A better month: 1 of 100 customers left, 29 fewer than in February. One thing is worth your time."),
        ([(1, 40)], 2,
         "Nothing to hold it against yet: 1 of 40 customers left. Two things are worth your time."),
        ([(0, 0)], 0, "March 2026 began without customers. Nothing needs your time this month."),
    ],
)  # fmt: skip
def test_the_headline_is_the_answer(months: list[tuple[int, int]], things: int, said: str) -> None:
    assert headline(*of(*months), things).headline == said


def test_an_unusual_month_says_what_is_usual() -> None:
    found = headline(*of(*STEADY, (40, 100)), 1)
    assert found.verdict == "unusual"
    assert found.headline.startswith("An unusual month: 40 of 100 customers left, where 0 to ")


@pytest.mark.parametrize(("lost", "verdict"), [((3, 8, 10, 7, 11, 6, 6, 3, 5, 0), "unusual"),
                                               ((5, 5, 5, 5, 5, 5, 5, 5, 5, 6), "normal")])  # fmt: skip
def test_the_headline_and_the_card_of_churn_tell_one_verdict(lost: tuple[int, ...], verdict: str) -> None:
    """Nobody of 100 left where 1 to 14 are usual: rare, and no clear change against the months' mean."""
    churn, chart, moved = of(*((many, 100) for many in lost))
    answer = headline(churn, chart, moved, 0)
    parts = ("at_start", "at_end", "expansion", "contraction", "resumed", "paused")
    mrr = pd.DataFrame({f"mrr_{part}": [500] for part in parts} | {part: [0] for part in parts})
    kept = pd.DataFrame({"net_revenue_retention": [1.0]})
    aims = against_targets({"churn": 0.05}, churn, pd.DataFrame({"rate": [0.9], "k": [1]}), kept, mrr)
    card = monthly_review.churn_card(answer, churn, moved, aims, mrr, None, "EUR")
    assert moved.verdict == "no clear change" and answer.verdict == verdict
    assert ("unusual" in card.heading) == ("unusual" in answer.headline) == (verdict == "unusual")
    no_row = headline(churn, chart, moved, 0, [Fault("warning", "", ENDS_BEFORE, 0, "")])
    untold = monthly_review.churn_card(no_row, churn, moved, aims, mrr, None, "EUR")
    assert untold.heading == "Churn: cannot be told yet" and "target" not in repr(untold.parts)


# --- reasons ---------------------------------------------------------------------------------------


def reasons(**customers: int) -> pd.DataFrame:
    answered = sum(customers.values())
    rows = [(name, count, answered) for name, count in customers.items()]
    return pd.DataFrame(rows, columns=["reason", "customers", "answered"])


KINDS = pd.DataFrame({"lost": [26], "voluntary": [18], "involuntary": [6], "kind_unknown": [2]})
WHEN = Period(pd.Timestamp("2026-01-01").date(), pd.Timestamp("2026-03-01").date(), 3)


def test_reasons_that_cannot_be_told_apart_share_the_lead() -> None:
    """15 against 14 and 6: binomial, two-sided, of 21 in two equal halves 6 or fewer have p = 0.078 (R:
    binom.test(6, 21)$p.value = 0.07835); of 20 with 5, 0.0414."""
    assert may_be_first(reasons(too_expensive=15, unused=14, missing_feature=6)) == [
        "too_expensive", "unused", "missing_feature",
    ]  # fmt: skip
    assert may_be_first(reasons(too_expensive=15, unused=14, switched=5)) == ["too_expensive", "unused"]
    card = monthly_review.reasons_card(
        reasons(too_expensive=15, unused=14, switched=5), WHEN, reasons(unused=6, too_expensive=4), KINDS,
        min_customers=20,
    )  # fmt: skip
    assert card.heading == "Why they leave: two reasons, none ahead for sure"
    html = card._repr_html_()
    assert html.count('class="first"') == 2 and html.count('class="other"') == 1
    assert "March alone, 10 answers: unused 6, too expensive 4." in repr(card)
    assert "The biller ended 6 of the 26 lost this month." in repr(card)


def test_one_reason_that_is_clearly_ahead_is_named() -> None:
    card = monthly_review.reasons_card(reasons(unused=30, other=4), WHEN, reasons(unused=9), KINDS,
                                       min_customers=20)  # fmt: skip
    assert card.heading == "Why they leave: unused, ahead for sure"


def test_too_few_answers_are_not_ranked() -> None:
    """And where nothing says who ended it, nobody is said to have fallen to the biller."""
    unknown = pd.DataFrame({"lost": [4], "voluntary": [0], "involuntary": [0], "kind_unknown": [4]})
    card = monthly_review.reasons_card(reasons(unused=3), WHEN, reasons(unused=1), unknown, min_customers=20)
    assert card.heading == "Why they leave: not known yet"
    assert "bars" not in card._repr_html_() and "biller" not in repr(card)


def test_nobody_is_asked_why_where_nobody_left() -> None:
    """Nobody in the three months of the period; who was lost before it is no loss of its."""
    kinds = pd.DataFrame(
        {"lost": [7, 0, 0, 0], "voluntary": 0, "involuntary": 0, "kind_unknown": [7, 0, 0, 0]}
    )
    card = monthly_review.reasons_card(reasons(), WHEN, reasons(), kinds, min_customers=20)
    assert card.heading == "Why they leave: nobody left"
    assert "Nobody was lost in January to March 2026." in repr(card) and "Ask" not in repr(card)


@pytest.mark.parametrize(
    ("gain", "told"),
    [(0.0791, "Within a year a gain of 7.9 points could be told."),
     (None, "Within a year no gain could be told.")],
)  # fmt: skip
def test_bolder_is_advised_only_where_it_can_be_told(gain: float | None, told: str) -> None:
    rows = pd.DataFrame([("an experiment with newcomers", 545, 30, 37.0, gain)],
                        columns=["question", "seen_from", "of", "months", "gain_in_a_year"])  # fmt: skip
    assert repr(reach(rows)).endswith(told)


def test_a_card_shows_what_somebody_wrote_as_text() -> None:
    hostile = reasons(**{'<b onclick="x">': 30, "unused": 3})
    html = monthly_review.reasons_card(hostile, WHEN, hostile, KINDS, min_customers=20)._repr_html_()
    assert "<b onclick" not in html and "&lt;b onclick=&quot;x&quot;&gt;" in html


def test_a_picture_of_a_card_is_an_image_and_on_a_page_a_drawing() -> None:
    """An image shows itself where a notebook is not trusted; a drawing follows the page's colours."""
    svg = '<svg class="narrow" width="9"><text>5 % of “a & b”</text></svg>'
    figure = Figure(wide=svg, narrow=svg, title="t", alt='says "five"')
    html = Card("Churn", (Picture(figure), Fine("so many")))._repr_html_()
    assert "<svg" not in html and 'alt="says &quot;five&quot;"' in html
    page = drawn(f"{html} {html}")
    shown = 'role="img" aria-label="says &quot;five&quot;"><svg class="narrow"'
    assert page.count(shown) == 2 and page.count("<text>5 % of “a & b”</text></svg></div>") == 2
    assert "<img" not in page and page.count("so many") == 2


def test_every_share_of_newcomers_says_of_how_many() -> None:
    """A cell that a return may still change is in none of them."""
    cells = [(3, 20, 32, True), (6, 19, 25, True), (6, 3, 4, False), (12, 0, 0, True)]
    triangle = pd.DataFrame(cells, columns=["k", "retained", "reached", "final"])
    latest = pd.DataFrame({"k": [1], "retained": [9], "reached": [9]})
    latest = with_rate(latest, "rate", "retained", "reached")
    kept, mrr = pd.DataFrame({"net_revenue_retention": [1.0]}), pd.DataFrame({"mrr_at_end": [500]})
    none = against_targets({}, churn_table((5, 100)), latest, kept, mrr)
    card = monthly_review.newcomers_card(triangle, latest, None, none)
    assert "After 3 months 62 % of 32, 6 months 76 % of 25, returns included." in repr(card)


# --- targets ---------------------------------------------------------------------------------------


def test_every_target_is_held_against_its_own_number() -> None:
    """Churn may be at most its target, the others at least; what is not known is neither met nor missed."""
    wanted = {"churn": 0.05, "first_month": 0.9, "net_revenue_retention": 1.0, "mrr": 500.0}
    found = against_targets(
        wanted,
        churn_table((5, 100)),
        pd.DataFrame({"rate": [0.88], "k": [1]}),
        pd.DataFrame({"net_revenue_retention": [float("nan")]}),
        pd.DataFrame({"mrr_at_end": [500]}),
    )
    assert found.set_index("name")["met"].to_dict() == {
        "churn": True, "first_month": False, "net_revenue_retention": None, "mrr": True,
    }  # fmt: skip


# --- was I right? ----------------------------------------------------------------------------------


class Tested:
    comparisons = pd.DataFrame({"experiment": ["calls", "mails"], "verdict": ["better", "cannot tell yet"]})


def test_hindsight_holds_ranges_against_what_came_misses_first(opened: Any) -> None:
    """
              January |February |March     two customers at the end of March, MRR 30
    A    =============|=========|=====     10, at risk in January and still here
    B    =============|=========|=====     20
    C    =============|====                10, at risk in January: left on 10 February, within 30 days
    """
    spans = [("A", "2025-12-10", "", 10), ("B", "2025-12-10", "", 20), ("C", "2025-12-10", "2026-02-10", 10)]
    ahead = {"month": "2026-03", "customers": {"value": 3, "low": 3, "high": 4},
             "mrr": {"value": 30.0, "low": 25.0, "high": 40.0}}  # fmt: skip
    january = {
        "currency": "EUR",
        "measurement": {"projection": [{**ahead, "month": "2026-02"}]},
        "risk": {
            "horizon_days": 30,
            "totals": {"at_risk": {"expected_left": 1.2, "expected_low": 0, "expected_high": 2}},
        },
        "at_risk": [{"customer_id": "A"}, {"customer_id": "C"}],
        "experiments": [{"name": "calls", "verdict": "better"}, {"name": "mails", "verdict": "better"}],
    }
    february = {"currency": "EUR", "measurement": {"projection": [ahead]}, "experiments": []}
    with opened(spans, "2026-03") as business:
        earlier = {"2026-01": january, "2026-02": {**february, "currency": business.currency}}
        rows = hindsight(earlier, business, Tested())  # type: ignore[arg-type]
    assert rows[["month", "expected", "came", "held"]].values.tolist() == [
        ["2026-02", "3 (3–4)", "2", False],
        ["2026-01", "better", "cannot tell yet", False],
        ["2026-02", "30 (25–40)", "30", True],
        ["2026-01", "1 (0–2)", "1", True],
        ["2026-01", "better", "better", True],
    ]
    said = repr(monthly_review.in_hindsight.sentence(rows))  # type: ignore[misc]
    assert said.startswith("2 of 3 ranges held. January 2026 called experiment mails better: today it is")


def test_a_range_whose_days_are_not_over_is_not_judged(opened: Any) -> None:
    spans = [("A", "2025-12-10", "", 10)]
    risk = {"horizon_days": 60,
            "totals": {"at_risk": {"expected_left": 1.0, "expected_low": 0, "expected_high": 1}}}  # fmt: skip
    with opened(spans, "2026-03") as business:
        earlier = {"2026-02": {"risk": risk, "at_risk": [{"customer_id": "A"}]}}
        assert hindsight(earlier, business, Tested()).empty  # type: ignore[arg-type]


def test_without_earlier_reports_there_is_nothing_to_be_right_about(opened: Any, tmp_path: Path) -> None:
    with opened([("A", "2025-12-10", "", 10)], "2026-03") as business:
        rows = hindsight({}, business, Tested())  # type: ignore[arg-type]
    assert "No earlier report" in repr(monthly_review.in_hindsight.sentence(rows))  # type: ignore[misc]

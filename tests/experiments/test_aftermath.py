"""What announcements did: by naive loops over the files, by hand, laws, and generated businesses."""

import csv
import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from announcing import lives_by_chance, note_on, shocked, some_kind

from retention_helpers import experiments, monthly_review
from retention_helpers.business import SAMPLE, Business
from retention_helpers.experiments import announced, lives
from retention_helpers.experiments.aftermath import (
    ALONE,
    BESIDE,
    CANNOT,
    FEWER,
    MORE,
    NOT_CLEAR,
    judge,
    judged_together,
)
from retention_helpers.words.calendar import months_after

Opened = Callable[..., Business]
BEGIN = dt.date(2024, 6, 3)


def day(nth: int) -> str:
    return str(BEGIN + dt.timedelta(days=nth))


def found(business: Business) -> Any:
    return experiments.what_it_did(business).value


def steady(many: int, every: int, upto: int) -> list[tuple[object, ...]]:
    """Customers there from the start, of whom one leaves every so many days; all pay 20 for "pro"."""
    ends = {nth: day(nth * every) for nth in range(1, upto // every + 1)}
    return [(f"S-{nth:03}", day(0), ends.get(nth, ""), 20, "active", "pro", "month") for nth in range(many)]


# --- by naive loops, on the sample -------------------------------------------------------------------


def rows_of(name: str) -> list[dict[str, str]]:
    with (SAMPLE / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def on(text: str) -> dt.date:
    return dt.date.fromisoformat(text[:10])


class Naive:
    """The sample read by hand: who was there on a morning, whom the June rise reached, and who left."""

    def __init__(self) -> None:
        self.spans = [row for row in rows_of("subscriptions") if self.serves(row)]
        self.asked = [(row["customer_id"], on(row["canceled_at"])) for row in rows_of("cancellations")]

    @staticmethod
    def serves(row: dict[str, str]) -> bool:
        pays = row["status"] in ("active", "past_due") and float(row["mrr"] or 0) > 0
        return pays or row["status"] in ("paused", "comped")

    def covering(self, at: dt.date) -> list[dict[str, str]]:
        """The spans that last at the end of the day before."""
        eve = at - dt.timedelta(days=1)
        ends = [(row, on(row["ended_at"]) if row["ended_at"] else dt.date.max) for row in self.spans]
        return [row for row, end in ends if on(row["started_at"]) <= eve < end]

    def stretch(self, customer: str, at: dt.date) -> tuple[dt.date, dt.date]:
        """The unbroken service around a morning, gaps of up to three days closed."""
        begin, end = dt.date.max, dt.date.min
        for row in sorted((one for one in self.spans if one["customer_id"] == customer), key=_start):
            start, stop = on(row["started_at"]), on(row["ended_at"]) if row["ended_at"] else dt.date.max
            if end == dt.date.min or (end < dt.date.max and (start - end).days > 3):
                if begin < at <= end:
                    return begin, end
                begin = start
            end = max(end, stop)
        return begin, end

    def leaves(self, customer: str, at: dt.date) -> dt.date:
        begin, end = self.stretch(customer, at)
        own = [asked for who, asked in self.asked if who == customer and begin <= asked <= end]
        return min([*own, end])


def _start(row: dict[str, str]) -> str:
    return row["started_at"]


def test_the_june_rise_is_counted_as_a_loop_over_the_files_counts_it(sample: Business) -> None:
    naive, at = Naive(), dt.date(2026, 6, 1)
    horizon = at + dt.timedelta(days=60)
    reached, others, left = set(), set(), set()
    for row in naive.covering(at):
        who = row["customer_id"]
        if row["customer_id"] == "C-9099" or naive.leaves(who, at) < at:
            continue
        renewal = at
        if row["interval"] == "year":
            term = on(row["started_at"])
            renewal = next(due for k in range(1, 9) if (due := months_after(term, 12 * k)) >= at)
        (reached if renewal < horizon else others).add(who)
        if naive.leaves(who, at) < horizon:
            left.add(who)
    row = found(sample).set_index("kind").loc["price"]
    assert row["happened_on"] == at
    assert (row["exposed"], row["control"]) == (len(reached), len(others - reached))
    assert row["left"] == len(reached & left)


def test_the_june_rise_is_answered(sample: Business) -> None:
    """Planted: it makes nobody leave. Those who stayed with their plan pay 2, 6 or 10 more.

    What it brings is all that those pay more who paid on both days for the same plan and interval: nobody
    whom it did not reach has paid another price by then.
    """
    row = found(sample).set_index("kind").loc["price"]
    assert row["verdict"] == NOT_CLEAR
    assert row["way"] == BESIDE
    assert row["change_low"] < 0 < row["change_high"]
    naive, then = Naive(), dt.date(2026, 7, 31)
    before, after = (
        {one["customer_id"]: one for one in naive.covering(at) if float(one["mrr"] or 0)}
        for at in (dt.date(2026, 6, 1), then)
    )
    risen = [
        float(after[who]["mrr"]) - float(one["mrr"])
        for who, one in before.items()
        if who in after
        and all(after[who][name] == one[name] for name in ("plan", "interval"))
        and naive.leaves(who, dt.date(2026, 6, 1)) >= then
    ]
    by_step = Counter(round(step) for step in risen if step)
    assert set(by_step) >= {2, 6, 10}
    assert row["brings"] == pytest.approx(sum(risen))


def test_what_a_price_paid_later_would_have_said(sample: Business) -> None:
    """Those who paid the new price in June or July left seldomer than those whom the rise reached: leavers
    never pay it. So exposure goes by what was known."""
    naive, at = Naive(), dt.date(2026, 6, 1)
    new = {"solo": 21, "team": 65, "studio": 159}
    paid = {
        row["customer_id"]
        for row in naive.spans
        if at <= on(row["started_at"]) < at + dt.timedelta(days=60)
        and float(row["mrr"] or 0) == new[row["plan"]]
    }
    there = {row["customer_id"] for row in naive.covering(at) if naive.leaves(row["customer_id"], at) >= at}
    left = {who for who in there if naive.leaves(who, at) < at + dt.timedelta(days=60)}
    row = found(sample).set_index("kind").loc["price"]
    assert len(left & paid) / len(there & paid) < row["left"] / row["exposed"]


# --- by hand -----------------------------------------------------------------------------------------


def test_nobody_leaves_for_twenty_months_and_then_ten_of_forty(business_of: Opened) -> None:
    """A price rise on 1 September 2026, in the notes alone; ten of forty leave in the sixty days after."""
    spans = [
        (f"P-{nth:02}", str(dt.date(2025, 1, 8) + dt.timedelta(days=14 * (nth % 20))),
         str(dt.date(2026, 9, 4) + dt.timedelta(days=5 * nth)) if nth < 10 else "", 30)
        for nth in range(40)
    ]  # fmt: skip
    business = business_of(spans, month="2026-10", notes=[("2026-09-01", "Price rise")])
    row = found(business).iloc[0]
    assert (row["exposed"], row["left"], row["way"], row["verdict"]) == (40, 10, ALONE, MORE)
    assert row["usual"] == 0 and row["customers"] == pytest.approx(10)
    assert row["mrr"] == pytest.approx(300) and row["mrr_low"] > 0
    said = repr(experiments.what_it_did(business).sentence("EUR"))
    assert said.startswith(
        "Price rise (1 September 2026): more left. 10 of 40 customers whom it reached left"
    )
    card = monthly_review.aftermath_card(experiments.what_it_did(business), "2026-10", "EUR")
    assert card is not None and "Price rise" in repr(card)
    assert monthly_review.aftermath_card(experiments.what_it_did(business), "2027-10", "EUR") is None


NOW = 480
PLENTY = steady(160, 8, 470)


@pytest.mark.parametrize(
    ("noted", "many", "why", "said"),
    [
        (NOW + 20, 160, "not over", "judges it"),
        (150, 160, "young", "3 whole periods of 60 days before it"),
        (NOW - 60, 25, "few", "too few for any answer"),
    ],
)
def test_what_cannot_be_told_says_what_would(
    business_of: Opened, noted: int, many: int, why: str, said: str
) -> None:
    few = {"min_customers": 20 if why != "few" else 40}
    business = business_of(PLENTY[:many], month="2025-10", notes=[(day(noted), "A fair")], settings=few)
    row = found(business).iloc[0]
    assert (row["verdict"], row["why"]) == (CANNOT, why)
    assert np.isnan(row["change"])
    assert said in repr(experiments.what_it_did(business).sentence())


@pytest.mark.parametrize(("launch", "outage"), [(405, 425), (425, 405), (410, 410)])
def test_two_announcements_in_the_same_days_cannot_be_told_apart(
    business_of: Opened, launch: int, outage: int
) -> None:
    """Forty leave within the sixty days of both, whichever came first: each may be the cause of it."""
    gone = {f"S-{nth:03}": day(430 + nth % 20) for nth in range(100, 140)}
    spans = [(who, begin, gone.get(who, end), *rest) for who, begin, end, *rest in PLENTY]
    notes = [(day(launch), "A launch"), (day(outage), "An outage")]
    business = business_of(spans, month="2025-09", notes=notes)
    told = {row.what: (row.verdict, row.why, row.beside) for row in found(business).itertuples()}
    assert told["A launch"] == (CANNOT, "mixed", "An outage")
    assert told["An outage"] == (CANNOT, "mixed", "A launch")
    said = repr(experiments.what_it_did(business).sentence())
    assert "Within 60 days of it came: An outage." in said and "Within 60 days of it came: A launch." in said


def test_a_shock_is_not_blamed_on_what_came_after_it(business_of: Opened) -> None:
    """Forty leave in the fortnight after the outage and nobody more; the fair comes ten days after it. Sixty
    days later an announcement stands alone again."""
    gone = {f"S-{nth:03}": day(410 + nth % 20) for nth in range(100, 140)}
    spans = [(who, begin, gone.get(who, end), *rest) for who, begin, end, *rest in PLENTY]
    for fair, of_outage in ((419, CANNOT), (469, MORE)):
        notes = [(day(409), "An outage"), (day(fair), "A fair")]
        rows = found(business_of(spans, month="2025-11", notes=notes)).set_index("what")
        assert rows["verdict"]["An outage"] == of_outage
        assert rows["verdict"]["A fair"] != MORE


def test_an_interval_that_leaves_out_0_beside_an_unclear_verdict_is_explained(sample: Business) -> None:
    """Two notes of the sample lie beyond chance each for itself, and not among all that were judged."""
    rows = found(sample).set_index("what")
    alone = rows[(rows["change_low"] > 0) & rows["verdict"].isin([CANNOT, NOT_CLEAR])]
    assert len(alone) and (alone["p_value"] >= 0.05).all()
    said = experiments.what_it_did(sample).sentence("EUR")
    judged = rows["change"].notna().sum()
    assert repr(said).count(f"Of {judged} announcements judged one may be so far off by chance") == len(alone)


def test_without_anything_announced_the_page_says_where_to_write_it(business_of: Opened) -> None:
    result = experiments.what_it_did(business_of(PLENTY, month="2025-09"))
    assert result.value.empty and result.figure() is None
    assert "notes.csv" in repr(result.sentence())


# --- what was announced ------------------------------------------------------------------------------


def repriced(
    plan: str, old: float, new: float, many: int, moved: int, first: int, *, seats: bool = False
) -> list[tuple[object, ...]]:
    """Customers of a plan of whom so many go from one price to another within thirty days."""
    rows: list[tuple[object, ...]] = []
    for nth in range(many):
        who, times = f"{plan}-{nth:03}", nth % 7 + 1 if seats else 1
        step = day(first + nth % 30) if nth < moved else ""
        rows.append((who, day(nth), step, old * times, "active", plan, "month"))
        if step:
            rows.append((who, step, "", new * times, "active", plan, "month"))
    return rows


def all_of(business: Business) -> list[announced.Announced]:
    return announced.announced(business, lives.lives_of(business))


def test_a_price_that_a_whole_plan_came_to_pay_is_an_announcement(business_of: Opened) -> None:
    """Thirty of forty of one plan pay more within a month; of the other plan six do, which is no change."""
    spans = [*repriced("pro", 20, 25, 40, 30, 300), *repriced("basic", 10, 12, 40, 6, 300)]
    (one,) = all_of(business_of(spans, month="2025-06"))
    assert (one.kind, one.plans, one.what) == ("price", {"pro"}, "Price rise: pro 20 to 25")
    assert day(300) <= str(one.happened_on) <= day(303)


def test_seats_are_told_by_the_factor(business_of: Opened) -> None:
    (one,) = all_of(business_of(repriced("pro", 20, 22, 60, 50, 300, seats=True), month="2025-06"))
    assert (one.kind, one.plans) == ("price", {"pro"})


def test_a_lower_price_and_another_plan_are_told_by_their_names(business_of: Opened) -> None:
    lower = repriced("pro", 25, 20, 40, 40, 300)
    other = [
        row
        for nth in range(30)
        for row in (
            (f"old-{nth:02}", day(0), day(400), 15, "active", "old", "month"),
            (f"old-{nth:02}", day(400), "", 15, "active", "new", "month"),
        )
    ]
    found = all_of(business_of([*lower, *other], month="2025-09"))
    assert [(one.kind, one.plans) for one in found] == [("discount", {"pro"}), ("plan", {"old"})]


def test_own_switches_and_discounts_that_end_are_no_announcement(business_of: Opened) -> None:
    """Every newcomer pays 16 for three months and then 20; one customer in ten goes to the larger plan."""
    spans: list[tuple[object, ...]] = []
    for nth in range(120):
        who, begin = f"C-{nth:03}", 3 * nth
        later = "large" if nth % 10 == 0 else "pro"
        price = 50 if later == "large" else 20
        spans += [
            (who, day(begin), day(begin + 91), 16, "active", "pro", "month"),
            (who, day(begin + 91), day(begin + 200), 20, "active", "pro", "month"),
            (who, day(begin + 200), "", price, "active", later, "month"),
        ]
    whole = {"accepted": ["active alone"]}
    assert all_of(business_of(spans, month="2026-01", settings=whole)) == []


def test_a_note_about_prices_dates_the_change_that_follows_it(business_of: Opened) -> None:
    """Thirty of forty pay more from day 300 on; twenty days before, a note says so; another says other
    things.

    Without the note the day is that of the payments, and the owner is asked what it was.
    """
    spans = repriced("pro", 20, 25, 40, 30, 300)
    notes = [(day(280), "New prices from spring on"), (day(281), "Team outing")]
    noted = all_of(business_of(spans, month="2025-06", notes=notes))
    assert [(one.kind, one.what, str(one.happened_on), one.is_noted) for one in noted] == [
        ("price", "New prices from spring on", day(280), True),
        ("note", "Team outing", day(281), True),
    ]
    guessed = business_of(spans, month="2025-06")
    (alone,) = all_of(guessed)
    assert not alone.is_noted
    asked = "if these customers bought more or less at the same price"
    assert asked in repr(experiments.what_it_did(guessed).sentence())
    assert asked not in repr(
        experiments.what_it_did(business_of(spans, month="2025-06", notes=notes)).sentence()
    )


def test_other_amounts_of_newcomers_are_no_announcement(business_of: Opened) -> None:
    """Who comes pays 10 a place: ten with two places after ten with one, then anything; customers add a
    place now and then. Nobody's own price ever moved.
    """
    draws = np.random.default_rng(4)
    places = (
        [1] * 10 + [2] * 10 + [int(one) for one in draws.choice([1, 2, 3, 5], 300, p=(0.45, 0.3, 0.15, 0.1))]
    )
    spans: list[tuple[object, ...]] = []
    for nth, many in enumerate(places):
        begin, step = 2 * nth, 2 * nth + int(draws.integers(30, 600))
        until = day(step + 40) if nth % 3 == 0 else ""
        spans += [
            (f"N-{nth:03}", day(begin), day(step), 10 * many, "active", "team", "month"),
            (f"N-{nth:03}", day(step), until, 10 * many + 10, "active", "team", "month"),
        ]
    assert all_of(business_of(spans, month="2026-02")) == []


# --- laws --------------------------------------------------------------------------------------------


def test_what_happens_after_the_month_changes_nothing(business_of: Opened) -> None:
    """The same month with and without rows of later months."""
    later = [(f"L-{nth:02}", day(500 + nth), "", 99, "active", "pro", "month") for nth in range(30)]
    ended = [(who, begin, end or day(490), *rest) for who, begin, end, *rest in PLENTY]
    notes = [(day(300), "A fair")]
    short = business_of(PLENTY, month="2025-09", notes=notes)
    long = business_of([*ended, *later], month="2025-09", notes=[*notes, (day(495), "Another fair")])
    assert found(short).to_json() == found(long).to_json()


def test_reached_and_not_reached_are_everybody(sample: Business) -> None:
    """On any morning the two groups are those who were there, each once, by count and by MRR."""
    own = lives.lives_of(sample)
    for at in (own.as_of - 60, own.as_of - 153, own.as_of - 400):
        some = lives.seen(own, at, frozenset({"solo", "team"}))
        every = lives.seen(own, at, None)
        assert np.allclose(some.exposed + some.control, every.exposed)
        assert not every.control.any()
        who, leaves = own.there(at)
        assert (every.exposed[1, 0].sum(), every.exposed[0, 0].sum()) == (len(who), leaves.sum())


# --- generated businesses ------------------------------------------------------------------------------

ROUNDS = 40


def verdict_of(draws: np.random.Generator, share: float, plans: frozenset[str] | None) -> tuple[str, bool]:
    kind = some_kind(draws)
    own = lives_by_chance(draws, kind)
    note = note_on(own.as_of - 60, plans)
    own, truth = shocked(draws, own, kind, share, note) if share else (own, 0.0)
    row = judged_together([judge(own, note, 20)], own.as_of, 20).iloc[0]
    return row["verdict"], bool(row["change_low"] <= truth <= row["change_high"])


@pytest.mark.parametrize("plans", [None, frozenset({"pro"})])
def test_an_announcement_that_does_nothing_is_seldom_blamed(plans: frozenset[str] | None) -> None:
    """At most 5 % of notes; seven or more of forty would happen once in two hundred runs at that rate."""
    draws = np.random.default_rng(1)
    told = [verdict_of(draws, 0, plans)[0] for _ in range(ROUNDS)]
    assert sum(one in (MORE, FEWER) for one in told) < 7


@pytest.mark.parametrize(("annual", "least"), [(1.0, 30), (0.4, 26)])
def test_what_moves_everybody_is_not_blamed_on_a_price(annual: float, least: int) -> None:
    """In the sixty days after it everybody leaves twice as often, whom it reached and whom it did not.

    Those whom it did not reach pay by the year, and leave as often as the others, or 0.4 times as often:
    there the same factor is fewer points. Before and after alone would blame the price most times; seven or
    more of forty would be blamed once in two hundred runs at 5 %.
    """
    draws = np.random.default_rng(5)
    rows = []
    for _ in range(ROUNDS):
        own = lives_by_chance(draws, some_kind(draws), annual=annual, lately=2.0)
        note = note_on(own.as_of - 60, frozenset({"pro"}))
        rows.append(judged_together([judge(own, note, 20)], own.as_of, 20).iloc[0])
    assert sum(row["way"] == BESIDE for row in rows) >= 36
    assert sum(row["alone_low"] > 0 for row in rows) >= least
    assert sum(row["verdict"] in (MORE, FEWER) for row in rows) < 7


@pytest.mark.parametrize(("plans", "least"), [(None, 30), (frozenset({"pro"}), 22)])
def test_a_shock_is_seen_and_sized(plans: frozenset[str] | None, least: int) -> None:
    """One in seven leaves: most are told, and nineteen in twenty intervals hold the truth."""
    draws = np.random.default_rng(2)
    told: Sequence[tuple[str, bool]] = [verdict_of(draws, 0.15, plans) for _ in range(ROUNDS)]
    assert sum(verdict == MORE for verdict, _ in told) >= least
    assert sum(held for _, held in told) >= 34

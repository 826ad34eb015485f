"""From trial to paying: a loop over the files, timelines by hand, laws, and what the plan does about it."""

import csv
import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest

from retention_helpers import measurement, plan
from retention_helpers.business import SAMPLE, Business
from retention_helpers.measurement import proposals, trials
from retention_helpers.shown.results import records, rows_of
from retention_helpers.shown.units import DEFINITIONS, names_of

Opened = Callable[..., Business]
PAYER = ("P-1", "2025-01-05", "", 20, "active", "pro", "month")
LEAVER = ("P-2", "2025-01-05", "2025-09-01", 20, "active", "pro", "month")


def trial(who: str, begun: str, ended: str, paid: str = "", until: str = "") -> list[tuple[object, ...]]:
    """A trial of "pro" and, where it pays, the span that follows."""
    rows: list[tuple[object, ...]] = [(who, begun, ended, "", "trialing", "pro", "month")]
    return [*rows, (who, paid, until, 20, "active", "pro", "month")] if paid else rows


def only(business: Business) -> Any:
    """The one row of the summary, and the trials by customer."""
    found = trials.trials(business)
    return trials.summary(found).iloc[0], found.set_index("customer_id")


# --- by a loop over the files ------------------------------------------------------------------------


def test_the_sample_is_counted_as_a_loop_over_its_rows_counts_it(sample: Business) -> None:
    """162 of 212 pay so far; an answer is in 14 days after the end."""
    begun: dict[str, dt.date] = {}
    ended: dict[str, dt.date] = {}
    paid: dict[str, dt.date] = defaultdict(lambda: dt.date.max)
    with (SAMPLE / "subscriptions.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            who, first = row["customer_id"], dt.date.fromisoformat(row["started_at"][:10])
            if row["status"] == "trialing":
                begun[who] = first
                ended[who] = dt.date.fromisoformat(row["ended_at"][:10]) if row["ended_at"] else dt.date.max
            elif row["mrr"] and float(row["mrr"]) > 0:
                paid[who] = min(paid[who], first)
    cut, wait = dt.date(2026, 11, 1), dt.timedelta(days=14)
    over = {who: end for who, end in ended.items() if end < dt.date.max}
    matured = [who for who, end in over.items() if end + wait < cut]
    converted = [who for who in matured if paid[who] <= over[who] + wait]
    row, _ = only(sample)
    assert (row["begun"], row["paid"]) == (212, 162)
    assert row["begun"] == len(begun) and row["open"] == len(ended) - len(over)
    assert (row["matured"], row["conversions"]) == (len(matured), len(converted))
    assert (
        row["days_to_pay"] == sorted((paid[who] - begun[who]).days for who in converted)[len(converted) // 2]
    )


# --- timelines by hand -------------------------------------------------------------------------------


def test_who_pays_when(business_of: Opened) -> None:
    """Cut on 1 October: A pays at the end, B two weeks after it, C a day later, D never, E early, F goes on.

    G is over for ten days only and pays already; H was extended by a week and is one trial.
    """
    spans = [
        PAYER,
        LEAVER,
        *trial("A", "2025-03-01", "2025-03-15", "2025-03-15"),
        *trial("B", "2025-03-01", "2025-03-15", "2025-03-29"),
        *trial("C", "2025-03-01", "2025-03-15", "2025-03-30"),
        *trial("D", "2025-03-01", "2025-03-15"),
        *trial("E", "2025-03-01", "2025-03-06", "2025-03-06"),
        *trial("F", "2025-09-25", ""),
        *trial("G", "2025-09-07", "2025-09-21", "2025-09-21"),
        *trial("H", "2025-03-01", "2025-03-15"),
        *trial("H", "2025-03-15", "2025-03-22", "2025-03-22"),
    ]
    row, found = only(business_of(spans, month="2025-09"))
    counts = ("begun", "open", "waiting", "matured", "conversions", "paid_late", "paid")
    assert [row[name] for name in counts] == [8, 1, 1, 6, 4, 1, 6]
    assert row["days_to_pay"] == (14 + 21) / 2  # of 5, 14, 21, 28
    assert str(found.loc["F", "ends_on"].date()) == "2025-10-09"  # usually fourteen days
    assert found.loc["G", "is_converted"] is None


def test_free_time_of_somebody_who_paid_is_no_trial(business_of: Opened) -> None:
    """A payer is given a month; another left, came back a year later with a trial: neither is one."""
    spans = [
        PAYER,
        ("P-3", "2025-01-05", "2025-06-05", 20, "active", "pro", "month"),
        ("P-3", "2025-06-05", "2025-07-05", "", "trialing", "pro", "month"),
        ("P-3", "2025-07-05", "", 20, "active", "pro", "month"),
        ("P-4", "2024-01-05", "2024-06-05", 20, "active", "pro", "month"),
        ("P-4", "2025-06-05", "2025-06-19", "", "trialing", "pro", "month"),
        ("P-4", "2025-06-19", "", 20, "active", "pro", "month"),
        *trial("A", "2025-03-01", "2025-03-15"),
    ]
    _, found = only(business_of(spans, month="2025-09"))
    assert list(found.index) == ["A"]


def test_without_trials_the_page_says_what_it_takes(business_of: Opened) -> None:
    business = business_of([PAYER, LEAVER], month="2025-09")
    begun = measurement.from_trial(business)
    in_all, by = measurement.trials_in_all(begun), measurement.trials_by_level(business, begun)
    ends, tools = measurement.trials_ending(business, begun), measurement.trials_by_tool(business, begun)
    moved = measurement.trend_of_trials(business, begun)
    assert "trialing" in repr(in_all.sentence())
    assert in_all.value.empty and by.value.empty and tools.value.empty and by.figure() is None
    assert moved.value is None and moved.sentence() is None
    assert measurement.trials_told(in_all, by, moved, ends, tools).record() == {"trials": None}
    assert proposals.to_convert(business).empty


def test_the_rules_of_other_tools(business_of: Opened) -> None:
    """September has thirty days. Begun in it: A, B, C; converted in it: B and D; given up: C.

    The card of D failed, so Stripe counts B alone: 1 of B and C. Ours: of D and E, D. Baremetrics: B and D of
    A, B and C.
    """
    spans = [
        PAYER,
        LEAVER,
        *trial("A", "2025-09-20", ""),
        *trial("B", "2025-09-05", "2025-09-19", "2025-09-19"),
        *trial("C", "2025-09-10", "2025-09-24"),
        *trial("D", "2025-08-20", "2025-09-03", "2025-09-03"),
        *trial("E", "2025-07-01", "2025-07-15"),
    ]
    paid = [("B", "2025-09-19", "succeeded", 20), ("D", "2025-09-03", "failed", 20)]
    business = business_of(spans, month="2025-09", payments=paid)
    found = trials.bridge(business, trials.trials(business)).set_index("tool")
    pairs = {tool: (row["conversions"], row["of_trials"]) for tool, row in found.iterrows()}
    assert pairs == {
        "ours": (1, 2), "Stripe": (1, 2), "Baremetrics": (2, 3), "ProfitWell": (2, 5), "ChartMogul": (1, 3),
    }  # fmt: skip


def test_a_share_above_everybody_has_no_interval() -> None:
    value, low, high = trials._share(3, 2)
    assert value == 1.5 and pd.isna(low) and pd.isna(high)


def test_findings_take_more_conversions_than_trials_begun() -> None:
    """Five converted in the last 30 days, four began in them: 125 % by the rule of Baremetrics."""
    value, low, high = trials._share(5, 4)
    row = ("Baremetrics", "converted / begun, last 30 days", 5, 4, value, low, high)
    (told,) = records(pd.DataFrame([row], columns=names_of(trials.bridge)), trials.bridge)
    node = rows_of(trials.bridge)["items"]["properties"]["converted"]
    assert told["converted"]["value"] == 1.25
    jsonschema.validate(told["converted"], {"$defs": DEFINITIONS, **node})


# --- laws --------------------------------------------------------------------------------------------


def test_parts_sum_to_the_whole(sample: Business) -> None:
    found = trials.trials(sample)
    row = trials.summary(found).iloc[0]
    assert row["begun"] == row["open"] + row["waiting"] + row["matured"]
    by = trials.by_level(sample, found).groupby("by")[["matured", "conversions"]].sum()
    assert set(by.index) == {"acquisition_channel", "country", "trial_plan", "first_week"}
    week, whole = by.loc["first_week"], by.drop("first_week")
    assert (whole["matured"] == row["matured"]).all() and (whole["conversions"] == row["conversions"]).all()
    settled = found[found["is_settled"]]
    undecided = settled[settled["ended_on"] >= settled["begun_on"] + pd.Timedelta(days=7)]
    assert tuple(week) == (len(undecided), undecided["is_converted"].sum())


def test_what_happens_after_the_month_changes_nothing(business_of: Opened) -> None:
    """The end and the payment of A come later; B begins later."""
    now = [PAYER, LEAVER, *trial("A", "2025-09-25", ""), *trial("C", "2025-03-01", "2025-03-15")]
    then = [
        PAYER,
        LEAVER,
        *trial("A", "2025-09-25", "2025-10-05", "2025-10-05"),
        *trial("C", "2025-03-01", "2025-03-15"),
        *trial("B", "2025-10-02", ""),
    ]
    first, second = (trials.trials(business_of(spans, month="2025-09")) for spans in (now, then))
    pd.testing.assert_frame_equal(first, second)


# --- use and the plan --------------------------------------------------------------------------------


def test_use_counts_in_the_first_week_of_trials_that_saw_its_end(business_of: Opened) -> None:
    """A came on days 0, 2 and 6; B on day 7 alone; C on days 0 and 3 of a trial of three days; D on day 0 of
    one that ends with the week; E paid on day 6."""
    spans = [
        PAYER,
        LEAVER,
        *trial("A", "2025-03-01", "2025-03-15"),
        *trial("B", "2025-03-01", "2025-03-15"),
        *trial("C", "2025-03-01", "2025-03-04"),
        *trial("D", "2025-03-01", "2025-03-08"),
        *trial("E", "2025-03-01", "2025-03-07", "2025-03-07"),
    ]
    used = {"A": (1, 3, 7), "B": (8,), "C": (1, 4), "D": (1,), "E": (1, 2, 3)}
    events = [(who, f"2025-03-{nth:02}T09:00", "login") for who, days in used.items() for nth in days]
    business = business_of(spans, month="2025-09", events=events)
    found = trials.trials(business).set_index("customer_id")["first_week"]
    assert found.dropna().to_dict() == {"A": trials.MUCH, "B": trials.NO_USE, "D": trials.LITTLE}
    assert found.isna().sum() == 2


@pytest.mark.parametrize(
    ("does_use_tell", "said"),
    [(False, {"no clear difference"}), (True, {"above the rest", "below the rest"})],
)
def test_who_pays_early_is_not_told_by_little_use(
    business_of: Opened, does_use_tell: bool, said: set[str]
) -> None:
    """Of 500 trials two in five pay, most of these on days 1 to 3. Everybody comes on a quarter of the days,
    whoever pays; or who comes on three days of the first week pays three times as often later.

    Cut at the payment, the use of the early payers would be little, and *no use* convert above the rest.
    """
    draws = np.random.default_rng(31)
    spans, events = [PAYER, LEAVER], []
    for nth in range(500):
        who, begun = f"T-{nth:03}", dt.date(2024, 1, 1) + dt.timedelta(days=int(draws.integers(0, 500)))
        came = np.flatnonzero(draws.random(14) < 0.25)
        is_early = draws.random() < 0.24
        chance = (0.6 if (came < 7).sum() >= 3 else 0.2) if does_use_tell else 0.2
        over = begun + dt.timedelta(days=int(draws.integers(1, 4)) if is_early else 14)
        pays = is_early or draws.random() < chance
        spans += trial(who, str(begun), str(over), str(over) if pays else "")
        events += [(who, f"{begun + dt.timedelta(days=int(one))}T10:00", "login") for one in came]
    business = business_of(spans, month="2025-09", events=events)
    by = trials.by_level(business, trials.trials(business)).set_index("by").loc["first_week"]
    assert set(by["verdict"]) <= {*said, "no clear difference"} and said & set(by["verdict"])
    told = by.set_index("level")["verdict"]
    assert not does_use_tell or told[trials.MUCH] == "above the rest"


@pytest.fixture(scope="module")
def with_open_trials(business_of: Opened) -> Business:
    """F ends on 3 October, N should have ended in May and did not; K is not to be contacted."""
    spans = [
        PAYER,
        LEAVER,
        *trial("A", "2025-03-01", "2025-03-15", "2025-03-15"),
        *trial("F", "2025-09-19", ""),
        *trial("K", "2025-09-19", ""),
        *trial("N", "2025-05-01", ""),
    ]
    people = [
        {"customer_id": who, "signed_up_at": "2025-01-05", "may_contact": "no" if who == "K" else ""}
        for who in ("P-1", "P-2", "A", "F", "K", "N")
    ]
    return business_of(spans, month="2025-09", customers=people)


def test_trials_that_end_are_written_to_before(with_open_trials: Business) -> None:
    business = with_open_trials
    soon = trials.ending(business, trials.trials(business))
    assert dict(zip(soon["customer_id"], soon["ends_on"].dt.date.astype(str), strict=True)) == {
        "N": "2025-10-01", "F": "2025-10-03", "K": "2025-10-03",
    }  # fmt: skip
    proposed = measurement.to_convert(business)
    nobody_drawn = pd.DataFrame(columns=["customer_id", "is_open", "treatment", "drawn_into"])
    decided = plan.deciding.decide(business, proposed, nobody_drawn)
    touches = decided.touches.set_index("customer_id")
    assert set(touches.index) == {"F", "N"}
    assert touches.loc["F", "due_on"] < dt.date(2025, 10, 3)
    assert touches.loc["F", "message"].startswith("Hello, your trial of Harbour Desk ends on 3 October 2025.")
    assert list(decided.held["cause"]) == ["may_not"]


def test_a_trial_has_nothing_at_stake_that_is_known(sample: Business) -> None:
    proposed = measurement.to_convert(sample)
    assert len(proposed) == 6 and proposed["mrr"].isna().all()
    assert proposed["leaves_on"].is_monotonic_increasing

"""What the warnings are worth: back-test, thresholds, risk and leads, from rows made by hand and by chance.

The engine has no part in it but for the sample at the end.
"""

import itertools
import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from sklearn.metrics import average_precision_score, roc_auc_score

from retention_helpers.business import Business
from retention_helpers.early_warning import indicators
from retention_helpers.early_warning.level import EXACT, expected_range
from retention_helpers.early_warning.lifecycle import scheduled
from retention_helpers.early_warning.past import Past, back_test, judge, judge_levels, past, verdict
from retention_helpers.early_warning.people import at_risk
from retention_helpers.early_warning.risk import (
    PENALTY,
    Risk,
    calibration,
    counted_warnings,
    discrimination,
    features,
    learn,
    risk_of_leaving,
    told,
    top_shares,
)
from retention_helpers.early_warning.rules import RULES
from retention_helpers.early_warning.said import indicators as said_indicators
from retention_helpers.early_warning.said.risk import calibrated
from retention_helpers.early_warning.snapshots import MEASURES, NEVER, snapshots
from retention_helpers.early_warning.thresholds import halves, suggest
from retention_helpers.early_warning.told import as_learned, risk_by
from retention_helpers.statistics import control
from retention_helpers.statistics.clusters import Ratio
from retention_helpers.statistics.intervals import rate
from retention_helpers.words import formats

BY_NAME = {rule.name: rule for rule in RULES}
SILENT, FAILED, COMPLAINT = (
    BY_NAME[name] for name in ("no_login_30_days", "failed_payment", "negative_ticket")
)
FIRST = pd.Timestamp("2025-02-01")


def rows_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of `snapshots` from customer, nth and what matters; the rest says nothing.

    Open, 200 days old, never silent, nothing failed, no mails.
    """
    usual = {"is_paying": True, "is_yearly": False, "is_scheduled": False, "is_open": True, "has_used": True}
    calm = {"tenure_days": 200, "there_days": 200, "silent_days": 0, "use_ratio": 1, "action_ratio": 1,
            "days_since_negative": NEVER, "days_since_failed": NEVER, "mails": 0, "unopened_in_a_row": 0,
            "months_since_downgrade": NEVER}  # fmt: skip
    columns = {**usual, **dict.fromkeys(MEASURES, np.nan), **calm}
    wide = frame.assign(**{name: value for name, value in columns.items() if name not in frame})
    dates = [FIRST + pd.DateOffset(months=int(nth)) for nth in frame["nth"]]
    return wide.assign(as_of=pd.to_datetime(dates), customer_id=frame["customer"].astype(str))


def known_of(frame: pd.DataFrame, as_of: str) -> Past:
    return past(rows_of(frame), pd.Timestamp(as_of))


# ---------------------------------------------------------------------------- the back-test by hand


@pytest.fixture(scope="module")
def episodes() -> pd.DataFrame:
    """Six customers at the ends of January to April 2025; S: silent for a month or more; what they do then.

                 1 Feb   1 Mar   1 Apr   1 May
        0          S       S       .       S       asks 10 days after 1 May: two alerts, one true
        1          .       S       S               asks 5 days after 1 April: one alert, 36 days ahead
        2          .       .       .       .       stays
        3          S                               leaves on the 60th day after 1 February: just within
        4          S       .       .       .       leaves on the 61st day after 1 May
        5          .       .                       asks 20 days after 1 March, 48 after 1 February, unwarned

    Customer 3 is in a short gap between two plans at the later month ends, so not judged there.
    """
    silent = {0: "SS.S", 1: ".SS", 2: "....", 3: "S", 4: "S...", 5: ".."}
    leaves = {0: (99, 71, 40, 10), 1: (64, 36, 5), 3: (60,), 4: (150, 122, 91, 61), 5: (48, 20)}
    return pd.DataFrame(
        [
            (who, nth, 45 if mark == "S" else 1, leaves[who][nth] if who in leaves else np.nan)
            for who, marks in silent.items()
            for nth, mark in enumerate(marks)
        ],
        columns=["customer", "nth", "silent_days", "leaves_in"],
    )


def test_a_back_test_by_hand(episodes: pd.DataFrame) -> None:
    """Alerts: 0 (February), 0 (May), 1 (March), 3, 4: five of four customers, three of which come true.

    Followed by leaving within sixty days: of 18 rows 0 twice, 1 twice, 3 once, 5 twice: seven. Those who
    left: 0, 1, 3 and 5, of whom 5 was never warned. The days ahead of the three: 10, 36, 60.
    """
    found = judge(known_of(episodes, "2025-12-01"), [SILENT], min_customers=3).iloc[0]
    assert (found["alerts"], found["customers"], found["left"]) == (5, 4, 3)
    assert found["alerts_a_month"] == 5 / 4
    assert (found["base_left"], found["base_rows"]) == (7, 18)
    assert (found["recalled"], found["leavers"]) == (3, 4)
    assert found["median_lead_days"] == 36
    assert (found["precision"], found["recall"]) == (0.6, 0.75)
    assert found["precision_low"] < 0.6 < found["precision_high"]


def test_a_back_test_by_level_is_that_of_each_level_alone(episodes: pd.DataFrame) -> None:
    """Customers 0 to 2 and 3 to 5 apart; by a level that all have, nothing changes."""
    known = known_of(episodes, "2025-12-01")
    half = pd.Series(np.where(known.customer < 3, "first", "second"))
    levels = {"half": half, "all": pd.Series(["all"] * len(half))}
    found = judge_levels(known, levels, [SILENT], min_customers=3)
    assert found["by"].tolist() == ["half", "half", "all"]
    assert found["level"].tolist() == ["first", "second", "all"]
    assert found["alerts"].tolist() == [3, 2, 5] and found["left"].tolist() == [2, 1, 3]
    whole = judge(known, [SILENT], min_customers=3)
    parts = [*(known.where((half == one).to_numpy()) for one in ("first", "second")), known]
    alone = pd.concat([judge(part, [SILENT], min_customers=3) for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(found.drop(columns=["by", "level"]), alone)
    assert list(whole.columns) == list(alone.columns)


def test_looking_at_every_level_is_allowed_for(world: pd.DataFrame) -> None:
    """A hundred customers, of whom the warning works with p = 0.015; looked at ten times it is no news."""
    known = past(world, AS_OF)
    few = known.where(known.customer < 100)
    assert judge(few, [SILENT], min_customers=20)["verdict"].tolist() == ["works"]
    all_of_them = pd.Series(["all"] * len(few.customer))
    looks = {f"look {nth}": all_of_them for nth in range(10)}
    found = judge_levels(few, looks, [SILENT], min_customers=20)
    assert set(found["verdict"]) == {"too few"} and found["p_value"].between(0.005, 0.05).all()


def test_only_months_whose_sixty_days_are_over_count(episodes: pd.DataFrame) -> None:
    """60 days after 1 April is 31 May: a report of the end of May knows three of the four months."""
    assert known_of(episodes, "2025-05-31").months == 3
    assert known_of(episodes, "2025-05-30").months == 2
    found = judge(known_of(episodes, "2025-05-31"), [SILENT], min_customers=3).iloc[0]
    assert found["alerts"] == 4  # without that of customer 0 on 1 May


def test_the_lift_is_among_customers_of_the_same_age_and_month() -> None:
    """Half of the young leave, warned or not, and a tenth of the old; the young are warned more often.

    All together the warned leave more than twice as often; age by age, just as often.
    """
    young = [(3, warned, nth < size / 2) for warned, size in ((True, 40), (False, 20)) for nth in range(size)]
    old = [
        (200, warned, nth < size / 10) for warned, size in ((True, 20), (False, 100)) for nth in range(size)
    ]
    frame = pd.DataFrame([*young, *old], columns=["tenure_days", "on", "left"])
    frame = frame.assign(
        customer=np.arange(len(frame)),
        nth=0,
        days_since_failed=np.where(frame["on"], 3, NEVER),
        leaves_in=np.where(frame["left"], 9, np.nan),
    )
    found = judge(known_of(frame, "2025-12-01"), [FAILED], min_customers=20).iloc[0]
    assert found["precision"] / (20 / 120) > 2
    assert found["lift"] == pytest.approx(1.0)
    assert found["verdict"] == "too few" if found["lift_high"] >= 2 else "does not work for you"


@pytest.mark.parametrize(
    ("times", "p", "customers", "holds", "word"),
    [
        (Ratio(2.0, 1.5, 2.6, 0.001), 0.01, 40, True, "works"),
        (Ratio(2.0, 1.5, 2.6, 0.001), 0.01, 19, True, "too few"),
        (Ratio(1.4, 1.1, 1.8, 0.01), 0.04, 40, True, "works weakly"),
        (Ratio(2.0, 1.5, 2.6, 0.001), 0.01, 40, False, "works weakly"),
        (Ratio(2.0, 1.1, 3.6, 0.02), 0.08, 40, True, "too few"),  # one of ten looks
        (Ratio(1.0, 0.6, 1.7, 0.9), 1.0, 40, True, "does not work for you"),
        (Ratio(1.0, 0.4, 2.2, 0.9), 1.0, 40, True, "too few"),  # may be twice as often
        (Ratio(0.5, 0.3, 0.8, 0.01), 0.04, 40, True, "does not work for you"),
        (Ratio(math.nan, math.nan, math.nan, math.nan), 1.0, 40, True, "too few"),
    ],
)
def test_the_verdict(times: Ratio, p: float, customers: int, holds: bool, word: str) -> None:
    assert verdict(times, p, customers=customers, min_customers=20, holds=holds) == word


def test_starting_points_count_only_while_nothing_is_known() -> None:
    def judged(**verdicts: str) -> pd.DataFrame:
        return pd.DataFrame({"name": list(verdicts), "verdict": list(verdicts.values())})

    untested = judged(no_login_30_days="too few", failed_payment="too few", negative_ticket="too few")
    assert counted_warnings(untested) == ("no_login_30_days", "failed_payment")
    refuted = judged(no_login_30_days="does not work for you", failed_payment="too few")
    assert counted_warnings(refuted) == ("failed_payment",)
    proved = judged(no_login_30_days="too few", negative_ticket="works weakly")
    assert counted_warnings(proved) == ("negative_ticket",)


# ---------------------------------------------------------------------------- made by chance


def made(seed: int, *, customers: int = 400, months: int = 14) -> pd.DataFrame:
    """Customers at up to so many month ends. Silence of 14 days and more multiplies leaving; tickets do not.

    Silence is drawn anew every month: 40 % are silent for 0 to 89 days. Who is silent for 14 days or more
    leaves within the next month with 22 %, others with 4 %.
    """
    rng = np.random.default_rng(seed)
    size = (customers, months)
    silent = np.where(rng.random(size) < 0.4, rng.integers(0, 90, size), 0)
    leaves = rng.random(size) < np.where(silent >= 14, 0.22, 0.04)
    in_days = rng.integers(1, 28, size)
    begins = rng.integers(0, months, customers)
    records = []
    for who in range(customers):
        own = [nth for nth in range(begins[who], months)]
        gone = next((nth for nth in own if leaves[who, nth]), None)
        for nth in own if gone is None else range(begins[who], gone + 1):
            ahead = np.nan if gone is None else in_days[who, gone] + 30 * (gone - nth)
            records.append((who, nth, silent[who, nth], ahead, 3 if rng.random() < 0.2 else NEVER,
                            20 + 30 * (nth - begins[who])))  # fmt: skip
    columns = ["customer", "nth", "silent_days", "leaves_in", "days_since_negative", "tenure_days"]
    return pd.DataFrame(records, columns=columns)


@pytest.fixture(scope="module")
def world() -> pd.DataFrame:
    return rows_of(made(7))


AS_OF = FIRST + pd.DateOffset(months=15)


def test_what_is_planted_is_found_and_noise_is_not(world: pd.DataFrame) -> None:
    judged = judge(past(world, AS_OF), [SILENT, COMPLAINT], min_customers=20).set_index("name")
    assert judged.loc["no_login_30_days", "verdict"] == "works"
    assert judged.loc["negative_ticket", "verdict"] == "does not work for you"
    assert judged.loc["no_login_30_days", "first_half_lift"] > 1.5


def test_the_better_threshold_is_found_in_one_half_and_held_against_the_other(world: pd.DataFrame) -> None:
    """Leaving rises at 14 days: thirty miss half of it."""
    known = past(world, AS_OF)
    first, second = halves(known)
    assert (second.rows["as_of"].min() - first.rows["as_of"].max()).days >= 60
    found = suggest(known, [SILENT, COMPLAINT], min_customers=20).set_index("name")
    silence = found.loc["no_login_30_days"]
    assert silence["suggested_at"] in (14, 21) and silence["setting"].startswith("no_login_30_days: ")
    own = judge(second, [SILENT.moved(silence["suggested_at"])], min_customers=20).iloc[0]
    assert (silence["suggested_lift"], silence["suggested_lift_low"]) == (own["lift"], own["lift_low"])
    assert found.loc["negative_ticket", "verdict"] in ("keep", "too few")


# ---------------------------------------------------------------------------- the risk


@pytest.fixture(scope="module")
def risk(world: pd.DataFrame) -> Risk:
    return told(world, past(world, AS_OF), [SILENT, COMPLAINT], [SILENT])


def test_the_hazard_is_the_one_that_fits_best(world: pd.DataFrame) -> None:
    """The penalised likelihood, written out and given to a general optimiser (scipy's BFGS)."""
    known = past(world, AS_OF)
    wide = features(known.rows, [SILENT, COMPLAINT])
    scale = np.where(wide.std(axis=0) > 0, wide.std(axis=0), 1.0)
    z = (wide - wide.mean(axis=0)) / scale

    def loss(parameters: np.ndarray) -> float:
        odds = parameters[0] + z @ parameters[1:]
        fit = np.sum(np.logaddexp(0, odds) - known.left * odds)
        return float(PENALTY * fit + parameters[1:] @ parameters[1:] / 2)

    best = optimize.minimize(loss, np.zeros(1 + z.shape[1]), method="BFGS", options={"gtol": 1e-7})
    learned = learn(wide, known.left)
    assert learned.intercept == pytest.approx(best.x[0], abs=1e-3)
    assert learned.weights == pytest.approx(best.x[1:], abs=1e-3)
    # The intercept has no penalty, so the risk comes true in the mean where it was learned.
    assert learned.risk(wide).mean() == pytest.approx(known.left.mean(), abs=1e-4)


def test_the_model_is_used_where_it_beats_counting(risk: Risk) -> None:
    assert risk.way == "model" and risk.tested is not None
    rows = risk.tested.rows
    found = discrimination(risk)
    scores = [rows["risk"], rows["warnings"], rows["silence"]]
    assert found["area"].tolist() == pytest.approx([roc_auc_score(rows["left"], score) for score in scores])
    assert found["average_precision"].tolist() == pytest.approx(
        [average_precision_score(rows["left"], score) for score in scores]
    )
    assert found.loc[0, "area_low"] > 0.5


def test_risk_comes_true_on_later_months(risk: Risk) -> None:
    """Fifths of equal size, in order; what was told lies in the interval of what happened in most of them."""
    groups = calibration(risk)
    assert risk.tested is not None
    assert groups["customers"].sum() == len(risk.tested.rows)
    assert groups["customers"].max() - groups["customers"].min() <= 1
    assert groups["left"].sum() == risk.tested.rows["left"].sum()
    assert groups["risk"].is_monotonic_increasing
    assert groups["risk"].between(groups["left_rate_low"], groups["left_rate_high"]).sum() >= 4
    tops = top_shares(risk)
    assert (tops["lift"] > 1).all() and tops["customers"].is_monotonic_increasing


def test_the_test_of_the_risk_sees_nothing_of_its_future(world: pd.DataFrame) -> None:
    """Whoever leaves after a month end: the risk told on it stays the same."""
    changed = world.copy()
    cut = FIRST + pd.DateOffset(months=10)
    left_on = changed["as_of"] + pd.to_timedelta(changed["leaves_in"], unit="D")
    changed.loc[left_on >= cut, "leaves_in"] = np.nan  # as if all who were there then had stayed
    one, other = (
        told(rows, past(rows, AS_OF), [SILENT, COMPLAINT], [SILENT]).tested for rows in (world, changed)
    )
    assert one is not None and other is not None
    before = one.rows["nth"] <= 10
    both = [part.rows[part.rows["nth"] <= 10].set_index(["customer", "nth"])["risk"] for part in (one, other)]
    assert before.any() and before.sum() < len(one.rows)
    pd.testing.assert_series_equal(*both)


def test_where_nothing_tells_the_risk_is_the_share_of_as_many_warnings() -> None:
    """Twelve rows, four with the warning of which two left, eight without of whom one left.

    Base 3 of 12. Mixed with 20 customers at the base rate: (2 + 5) / 24, and (1 + 5) / 28.
    """
    frame = pd.DataFrame({"customer": range(12), "nth": 0})
    frame["days_since_failed"] = [3] * 4 + [NEVER] * 8
    frame["leaves_in"] = [9, 9, np.nan, np.nan, 9] + [np.nan] * 7
    rows = rows_of(frame)
    found = told(rows, past(rows, AS_OF), [FAILED], [FAILED])
    assert (found.way, found.tested, found.learned) == ("warnings", None, None)
    assert found.values.tolist() == pytest.approx([7 / 24] * 4 + [6 / 28] * 8, abs=1e-6)
    assert (found.base.numerator, found.base.denominator) == (3, 12)


def test_the_model_is_not_used_where_nothing_tells() -> None:
    """Silence and outcome shuffled apart: the area's interval reaches 0.5, or counting is as good."""
    frame = made(8)
    rng = np.random.default_rng(1)
    frame["silent_days"] = rng.permutation(frame["silent_days"])
    frame["tenure_days"] = 200
    rows = rows_of(frame)
    found = told(rows, past(rows, AS_OF), [SILENT, COMPLAINT], [SILENT])
    assert found.tested is not None and found.way == "warnings"


def test_how_many_will_leave_is_the_exact_distribution_of_a_sum() -> None:
    """Every one of 2 ** 8 outcomes, and for equal chances the binomial of scipy."""
    chances = [0.05, 0.1, 0.15, 0.2, 0.3, 0.35, 0.5, 0.9]
    mass = np.zeros(9)
    for outcome in itertools.product((0, 1), repeat=8):
        mass[sum(outcome)] += math.prod(
            p if left else 1 - p for p, left in zip(chances, outcome, strict=True)
        )
    below = np.cumsum(mass)
    low, high = int(np.argmax(below >= 0.025)), int(np.argmax(below >= 0.975))
    assert expected_range(pd.Series(chances), EXACT) == (low, high) == (1, 5)
    same = expected_range(pd.Series([0.2] * 60), EXACT)
    assert same == tuple(stats.binom(60, 0.2).ppf([0.025, 0.975]).astype(int))
    assert expected_range(pd.Series([], dtype=float), EXACT) == (0, 0)


# ---------------------------------------------------------------------------- leading indicators


def test_a_series_that_runs_ahead_is_found_with_its_lag() -> None:
    """Churn repeats the indicator with some noise: in the month after it was seen, or one or two later."""
    rng = np.random.default_rng(4)
    ahead = rng.normal(size=36)
    for lag in indicators.LAGS:
        behind = np.r_[rng.normal(size=lag - 1), ahead[: 36 - lag + 1]] + 0.3 * rng.normal(size=36)
        found = indicators.lead(ahead, behind)
        assert found.months == lag and found.p_value < 0.01 and found.correlation > 0.7
    assert indicators.lead(ahead, rng.normal(size=36)).p_value > 0.05


def test_two_series_that_only_drift_do_not_lead() -> None:
    """Both rise month by month, which correlates them at 0.9, and have nothing else in common."""
    rng = np.random.default_rng(5)
    ahead, behind = (np.arange(24) / 6 + rng.normal(size=24) * 0.3 for _ in range(2))
    assert np.corrcoef(ahead, behind)[0, 1] > 0.9
    assert indicators.lead(ahead, behind).p_value > 0.05


def test_the_mood_by_hand() -> None:
    """Ten months of 100 customers: 5 warned each, but 30 in the last. The share, its interval, its limits.

    The usual range of the last month is the one of the control chart of churn on the nine months before.
    """
    frame = pd.DataFrame([(who, nth) for nth in range(10) for who in range(100)], columns=["customer", "nth"])
    warned = frame["customer"] < np.where(frame["nth"] == 9, 30, 5)
    frame["days_since_failed"] = np.where(warned, 1, NEVER)
    found = indicators.series(rows_of(frame), [FAILED])
    assert found["on"].tolist() == [5] * 9 + [30] and set(found["customers"]) == {100}
    last = found.iloc[-1]
    assert (last["share"], last["share_low"]) == pytest.approx((0.3, rate(30, 100).low))
    expected = control.usual_range(control.risk(np.full(9, 5), np.full(9, 100)), 100)
    assert (last["lowest_usual_share"] * 100, last["highest_usual_share"] * 100) == pytest.approx(expected)
    assert found["reading"].tolist()[-2:] == ["usual", "above"]
    assert found["reading"].iloc[:8].isna().all()
    assert last["month"] == FIRST + pd.DateOffset(months=8)  # the month that ends there
    nothing = indicators.held_against_churn(found, past(rows_of(frame.assign(leaves_in=np.nan)), AS_OF))
    assert nothing["verdict"].tolist() == ["too few"]


# ---------------------------------------------------------------------------- what is said of it


def test_what_is_said_of_the_mood_and_of_leads() -> None:
    """Outside its range, within it, not yet judged, nothing there this month; and what leads."""
    month = pd.Timestamp("2026-03-01")
    shown = pd.DataFrame(
        {
            "name": ["failed_payment", "mails_unopened"],
            "indicator": ["Payment failed", "Mails not opened"],
            "month": month,
            "share": [0.12, 0.2],
            "lowest_usual_share": [0.01, np.nan],
            "highest_usual_share": [0.05, np.nan],
            "reading": ["above", None],
        }
    )
    say = said_indicators.mood
    assert f"“Payment failed” {formats.percent(0.12)}, above the usual" in str(say(shown, "2026-03"))
    calm = shown.assign(reading=["usual", None])
    assert str(say(calm, "2026-03")) == "Within the usual range at the end of the month: “Payment failed”."
    assert "Too few months" in str(say(shown.assign(reading=None), "2026-03"))
    assert "It takes events.csv" in str(say(shown, "2026-04"))
    found = pd.DataFrame({"indicator": ["Payment failed", "Mails not opened"], "best_lag": [2, 1],
                          "verdict": ["leads churn", "no clear lead"]})  # fmt: skip
    assert str(said_indicators.runs_ahead(found)) == "Runs ahead of churn: “Payment failed” by 2 months."


def test_what_is_said_of_risks_that_came_true_or_not() -> None:
    """Two groups of 100: told 5 and 20 %; came as told, more often, or less often."""
    groups = pd.DataFrame({"customers": [100, 100], "risk": [0.05, 0.2], "left": [5, 20],
                           "left_rate_low": [0.02, 0.13], "left_rate_high": [0.11, 0.29]})  # fmt: skip
    said = str(calibrated(groups))
    assert said == "In no group was the risk too low or too high for sure."
    more = str(calibrated(groups.assign(left_rate_low=[0.06, 0.13])))
    assert "too low for sure in 1 of 2 groups" in more and more.endswith("which may be too low.")
    fewer = str(calibrated(groups.assign(left_rate_high=[0.04, 0.19])))
    assert "too high for sure in 2 of 2 groups" in fewer and fewer.endswith("which may be too high.")


# ---------------------------------------------------------------------------- planted in the sample


@pytest.fixture(scope="module")
def judged(sample: Business) -> pd.DataFrame:
    return back_test(sample).set_index("name")


@pytest.mark.parametrize("name", ["use_down_half", "failed_payment"])
def test_what_warns_in_the_sample_works(judged: pd.DataFrame, name: str) -> None:
    """Planted: use fades before a request, and a failed payment that is never collected ends service."""
    own = judged.loc[name]
    assert own["verdict"] == "works"
    assert own["lift_low"] > 1 and own["precision"] > own["base_rate"]


@pytest.mark.parametrize("name", ["negative_ticket", "mails_unopened", "nps_detractor", "fewer_actions"])
def test_what_is_noise_in_the_sample_does_not_work(judged: pd.DataFrame, name: str) -> None:
    """Planted: no relation at all."""
    assert judged.loc[name, "verdict"] in ("does not work for you", "too few")
    assert judged.loc[name, "lift_low"] < 1 < judged.loc[name, "lift_high"]


def test_the_back_test_of_the_sample_by_a_second_way(sample: Business, judged: pd.DataFrame) -> None:
    """Precision and recall of a failed payment, counted customer by customer in plain Python."""
    rows = snapshots(sample)
    rows = rows[(pd.Timestamp(sample.as_of) - rows["as_of"]).dt.days >= 60]
    alerts = hits = 0
    leavers: dict[tuple[str, pd.Timestamp], bool] = {}
    on_before: dict[str, int] = {}
    for row in rows.sort_values(["customer", "nth"]).itertuples():
        is_judged = row.is_open and not math.isnan(row.days_since_failed)
        is_on = is_judged and row.days_since_failed < 30
        comes_true = row.leaves_in <= 60
        if is_on and on_before.get(row.customer_id) != row.nth - 1:
            alerts, hits = alerts + 1, hits + comes_true
        if is_on:
            on_before[row.customer_id] = row.nth
        if is_judged and comes_true:
            when = (row.customer_id, row.as_of + pd.Timedelta(days=row.leaves_in))
            leavers[when] = leavers.get(when, False) or is_on
    own = judged.loc["failed_payment"]
    assert (own["alerts"], own["left"]) == (alerts, hits)
    assert (own["recalled"], own["leavers"]) == (sum(leavers.values()), len(leavers))


def test_the_list_of_the_sample_ranks(sample: Business) -> None:
    """The model beats counting out of time, and its highest tenth leaves 1.5 times as often as all."""
    risk = risk_of_leaving(sample)
    assert risk.way == "model"
    compared = discrimination(risk)
    assert compared.loc[0, "area_low"] > 0.55 and (compared.loc[1:, "lead_low"] > 0).all()
    assert top_shares(risk).loc[1, "lift"] > 1.5
    groups = calibration(risk)
    assert groups["left_rate"].iloc[-1] > 2 * groups["left_rate"].iloc[0]
    people = at_risk(sample, risk)
    assert people["mrr_expected"].is_monotonic_decreasing
    assert (people["risk"] >= risk.at_risk_from).all()
    assert {"C-9005", "C-9025", "C-9003"}.isdisjoint(people["customer_id"])  # asked, asked, paused
    assert "C-9025" in set(scheduled(sample).query("standing == 'leaving'")["customer_id"])
    assert "C-9027" in set(scheduled(sample).query("standing == 'asked and stayed'")["customer_id"])


def test_what_a_report_learned_tells_the_same_risk_again(sample: Business) -> None:
    """Kept as JSON, as a report does: the same risks, and the same people at risk for the same reasons."""
    risk = risk_of_leaving(sample)
    again = risk_by(sample, json.loads(json.dumps(as_learned(sample, risk))))
    known = ~np.isnan(risk.now)
    assert known.any() and np.array_equal(known, ~np.isnan(again.now))
    assert np.allclose(risk.now[known], again.now[known], atol=1e-6)
    first, second = (at_risk(sample, one) for one in (risk, again))
    assert list(first["customer_id"]) == list(second["customer_id"])
    assert list(first["why"]) == list(second["why"])

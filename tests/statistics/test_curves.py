"""The statistics of survival: by hand, against R's package survival, and by their laws.

Reference values: R 4.2.2, survival 3.5-3. The thirty customers below, in R:

    days  <- c(0,3,3,5,5,5,8,9,9,12,12,14,14,14,17,20,20,21,24,24,28,28,30,30,30,30,30,30,30,30)
    lost  <- c(1,1,0,1,1,0,1,0,1,1,1,0,1,1,1,0,1,0,1,0,1,1,1,1,0,0,0,0,0,0)
    entry <- c(0,0,0,0,2,0,4,0,9,0,0,14,3,0,5,0,7,0,0,11,0,20,0,30,0,6,0,12,0,0)
    group <- rep(c("solo","team","studio"), length.out=30)
    cause <- rep(c("voluntary","voluntary","involuntary"), length.out=30)
"""

import math
from collections import Counter

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_helpers.statistics import curves
from retention_helpers.statistics.intervals import wilson

DAYS = [0, 3, 3, 5, 5, 5, 8, 9, 9, 12, 12, 14, 14, 14, 17, 20, 20, 21, 24, 24, 28, 28, *[30] * 8]
LOST = [1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
ENTRY = [0, 0, 0, 0, 2, 0, 4, 0, 9, 0, 0, 14, 3, 0, 5, 0, 7, 0, 0, 11, 0, 20, 0, 30, 0, 6, 0, 12, 0, 0]
GROUP = ["solo", "team", "studio"] * 10
CAUSE = [
    cause if lost else None
    for cause, lost in zip(["voluntary", "voluntary", "involuntary"] * 10, LOST, strict=True)
]

# --- by hand ---------------------------------------------------------------------------------------


def test_four_customers_by_hand() -> None:
    """Two of four go, on days 1 and 2; the others were last seen on days 2 and 3.

    day  0 1 2 3
    A    ──x           at risk on day 1: 4, one lost → 3/4
    B    ────x         at risk on day 2: 3 (C is still at risk), one lost → 3/4 · 2/3
    C    ────o         at risk on day 3: 1, nobody lost
    D    ──────o
    """
    curve = curves.kaplan_meier([1, 2, 2, 3], [True, True, False, False])
    assert curve["at_risk"].tolist() == [4, 4, 3, 1]
    assert curve["lost"].tolist() == [0, 1, 1, 0]
    assert curve["survival"].tolist() == pytest.approx([1, 0.75, 0.5, 0.5])
    assert curves.survival_at(curve, 1)[0] == 0.75
    assert curves.median(curve).value == 2
    # Days 0, 1 and 2 each count with the share still there at their end: 1 + 3/4 + 1/2.
    assert curves.restricted_mean(curve, 3).value == pytest.approx(2.25)


def test_a_loss_on_the_day_of_entry_counts() -> None:
    """B came in sight on day 2 and is lost on it: at risk on day 2 are A, B and C, one of them lost.

    day  0 1 2 3
    A    ──────o
    B        x
    C    ──────o
    """
    curve = curves.kaplan_meier([3, 2, 3], [False, True, False], entry=[0, 2, 0])
    assert curve["at_risk"].tolist() == [2, 2, 3, 2]
    assert curve["survival"].tolist() == pytest.approx([1, 1, 2 / 3, 2 / 3])


def test_the_follow_up_ends_where_nobody_is_at_risk() -> None:
    """A is last seen on day 1, B comes in sight on day 3: nothing says how many are lost on day 2."""
    curve = curves.kaplan_meier([1, 9], [False, True], entry=[0, 3])
    assert curve["day"].tolist() == [0, 1]
    assert math.isnan(curves.survival_at(curve, 2).value)
    assert math.isnan(curves.restricted_mean(curve, 3).value)
    assert curves.restricted_mean(curve, 2).value == 2


def test_the_follow_up_ends_before_a_zero_that_others_contradict() -> None:
    """A alone is at risk on day 1 and lost; B, in sight from day 2 on, shows that not everybody is.

    Where nobody is seen later, the curve ends at 0.
    """
    curve = curves.kaplan_meier([1, 9], [True, False], entry=[0, 2])
    assert curve[["day", "survival"]].to_numpy().tolist() == [[0, 1]]
    assert curves.aalen_johansen([1, 9], ["x", None], entry=[0, 2])["day"].tolist() == [0]
    assert curves.kaplan_meier([1, 1], [True, True], entry=[0, 1])["survival"].tolist() == [1, 0]


def test_nobody() -> None:
    """No customer, or none at risk on day 0: no row, and no number anywhere."""
    for days, lost, entry in (([], [], None), ([5], [True], [2])):
        curve = curves.kaplan_meier(days, lost, entry)
        assert curve.empty
        assert math.isnan(curves.survival_at(curve, 0).value)
        assert math.isnan(curves.median(curve).value)
        assert math.isnan(curves.restricted_mean(curve, 1).value)
    assert curves.aalen_johansen([], []).empty
    assert curves.log_rank([], [], []) == (0.0, 0, 1.0)


def test_nobody_lost() -> None:
    """Survival is 1, and its interval has the width that so few justify, never none."""
    curve = curves.kaplan_meier([4, 4, 4], [False] * 3)
    assert curves.survival_at(curve, 4) == (1, wilson(3, 3)[0], 1, 3)
    value, low, high = curves.median(curve)
    assert math.isnan(value)
    assert math.isnan(high)
    assert low == 0  # three customers say no more than that
    assert curves.restricted_mean(curve, 5) == (5, 5 * wilson(3, 3)[0], 5, 0)
    assert curves.log_rank([4, 4], [False, False], ["a", "b"]) == (0.0, 0, 1.0)
    assert curves.aalen_johansen([4, 4], [None, None]).empty


def test_everybody_lost_on_day_0() -> None:
    """Survival is 0 from day 0 on, at every later day too; the mean time is 0 days."""
    curve = curves.kaplan_meier([0, 0], [True, True])
    assert curves.survival_at(curve, 0) == (0, 0, wilson(0, 2)[1], 2)
    assert curves.survival_at(curve, 99)[:2] == (0, 0)
    assert curves.median(curve).value == 0
    assert curves.restricted_mean(curve, 30) == (0, 0, 30 * wilson(0, 2)[1], 0)


def test_everybody_lost_in_the_end_keeps_an_upper_end() -> None:
    """The upper end does not jump up again when the last customer goes."""
    curve = curves.kaplan_meier(range(1, 51), [True] * 50)
    last, before = curve.iloc[-1], curve.iloc[-2]
    assert (last["survival"], last["low"]) == (0, 0)
    assert 0 < last["high"] <= before["high"]
    assert curves.restricted_mean(curve, 1000).value == pytest.approx(25.5)


@pytest.mark.parametrize(
    ("days", "lost", "entry", "said"),
    [
        ([1.5], [True], None, "whole numbers"),
        ([math.nan], [True], None, "whole numbers"),
        ([-1], [True], None, "before day 0"),
        ([1], [True], [2], "entry after the last day"),
        ([1, 2], [True], None, "2 days, but 1 ends"),
        ([1, 2], [True, True], [0], "2 days, but 1 entries"),
    ],
)
def test_rows_that_no_curve_can_hold(
    days: list[float], lost: list[bool], entry: list[int] | None, said: str
) -> None:
    """They are refused, not clipped."""
    with pytest.raises(ValueError, match=said):
        curves.kaplan_meier(days, lost, entry)


# --- from outside ----------------------------------------------------------------------------------

# summary(survfit(Surv(days, lost) ~ 1, conf.type="log-log"), times=c(0,3,5,9,14,20,28,30))
R_CURVE = """
0     30       1 0.966667     0.786084     0.995236
3     29       1 0.933333     0.758859     0.982898
5     27       2 0.864198     0.677372     0.946781
9     23       1 0.792181     0.594205     0.900987
14    19       2 0.641289     0.434552     0.789129
20    15       1 0.561128     0.356196     0.723669
28    10       2 0.411494     0.214947     0.598772
30     8       2 0.308621     0.133977     0.502781
"""

# summary(survfit(Surv(entry - 0.5, days, lost) ~ 1, conf.type="log-log"), times=c(0,3,5,9,14,20,28,30))
R_CURVE_WITH_ENTRY = """
0     18       1 0.944444     0.666390     0.991983
3     19       1 0.894737     0.640794     0.972585
5     19       2 0.800554     0.552667     0.919939
9     18       1 0.714074     0.472420     0.859641
14    17       2 0.560058     0.340131     0.732253
20    14       1 0.482907     0.276320     0.662340
28     9       2 0.341450     0.160111     0.532424
30     8       2 0.256087     0.102729     0.442440
"""


@pytest.mark.parametrize(("entry", "printed"), [(None, R_CURVE), (ENTRY, R_CURVE_WITH_ENTRY)])
def test_kaplan_meier_is_that_of_r(entry: list[int] | None, printed: str) -> None:
    """Numbers at risk, survival and log-log band, to the six decimals of the print.

    R's summary adds up the losses since the time printed before; here they are those of the day itself.
    """
    curve = curves.kaplan_meier(DAYS, LOST, entry)
    for line in printed.split("\n")[1:-1]:
        day, at_risk, lost, *numbers = map(float, line.split())
        row = curve.loc[curve["day"] == day].iloc[0]
        assert (row["at_risk"], row["lost"]) == (at_risk, lost)
        assert row[["survival", "low", "high"]].round(6).tolist() == numbers


def test_the_median_is_that_of_r() -> None:
    """quantile(f, 0.5): 28 with 14 to NA; with entry 20 with 9 to 30."""
    value, low, high = curves.median(curves.kaplan_meier(DAYS, LOST))
    assert (value, low) == (28, 14)
    assert math.isnan(high)
    assert curves.median(curves.kaplan_meier(DAYS, LOST, ENTRY)) == (20, 9, 30)


def test_the_restricted_mean_is_that_of_r() -> None:
    """summary(f, rmean=25)$table: rmean 18.483837734, se(rmean) 1.543670542."""
    found = curves.restricted_mean(curves.kaplan_meier(DAYS, LOST), 25)
    assert round(found.value, 9) == 18.483837734
    assert round(math.sqrt(found.variance), 9) == 1.543670542
    assert 0 < found.low < found.value - 1.5 < found.value + 1.5 < found.high < 25


def test_the_log_rank_test_is_that_of_r() -> None:
    """survdiff(Surv(days, lost) ~ group)$chisq; with entry the score test of the exact Cox model.

    coxph(Surv(entry - 0.5, days, lost) ~ group, ties="exact")$score: survdiff does not take entries.
    """
    plain, late = curves.log_rank(DAYS, LOST, GROUP), curves.log_rank(DAYS, LOST, GROUP, ENTRY)
    assert (round(plain.chi2, 11), plain.dof, round(plain.p, 11)) == (1.29009224933, 2, 0.52463834278)
    assert (round(late.chi2, 11), late.dof, round(late.p, 11)) == (0.91453899290, 2, 0.63300972320)


# f <- survfit(Surv(days, factor(ifelse(lost==1, cause, "none"), c("none", "voluntary", "involuntary"))) ~ 1,
#              conf.type="log-log"); s <- summary(f, times=c(5,14,30)); s$pstate; s$lower; s$upper
R_INCIDENCE = {
    "voluntary": [
        (5, 0.1358024691, 0.04275907292, 0.2823532605),
        (14, 0.3227023320, 0.16124538010, 0.4960854229),
        (30, 0.5124171239, 0.29883255012, 0.6906570523),
    ],
    "involuntary": [
        (14, 0.03600823045, 0.002658827152, 0.1551623640),
        (30, 0.17896233425, 0.055253133894, 0.3597680127),
    ],
}


@pytest.mark.parametrize("cause", R_INCIDENCE)
def test_aalen_johansen_is_that_of_r(cause: str) -> None:
    """Cumulative incidence and log-log band of each cause, to the digits of the print."""
    found = curves.aalen_johansen(DAYS, CAUSE).set_index(["cause", "day"])
    for day, *numbers in R_INCIDENCE[cause]:
        row = found.loc[(cause, day), ["incidence", "low", "high"]]
        np.testing.assert_allclose(row.to_numpy(dtype=float), numbers, rtol=1e-9)


def test_aalen_johansen_with_entry_is_that_of_r() -> None:
    """survfit(Surv(entry - 0.5, days, state) ~ 1, id=1:30): the same states at day 30.

    R's standard errors (0.1033 and 0.0796) are of another kind there, the infinitesimal jackknife: ours,
    multinomial as in Greenwood's formula, lie within a twentieth of them.
    """
    found = curves.aalen_johansen(DAYS, CAUSE, ENTRY).set_index(["cause", "day"])
    voluntary, involuntary = found.loc[("voluntary", 30)], found.loc[("involuntary", 30)]
    assert round(voluntary["incidence"], 10) == 0.5704444121
    assert round(involuntary["incidence"], 10) == 0.1734682942
    for row, deviation in ((voluntary, 0.1032524759), (involuntary, 0.0795571292)):
        share = row["incidence"]
        width = math.log(math.log(row["low"]) / math.log(row["high"])) / (2 * curves.Z)
        assert -share * math.log(share) * width == pytest.approx(deviation, rel=0.05)


# --- laws ------------------------------------------------------------------------------------------


@st.composite
def customers(draw: st.DrawFn, *, late: bool = True) -> tuple[list[int], list[bool], list[int]]:
    """Days, losses and entries of a few customers, with many ties."""
    days = draw(st.lists(st.integers(0, 12), min_size=1, max_size=25))
    lost = draw(st.lists(st.booleans(), min_size=len(days), max_size=len(days)))
    entry = [draw(st.integers(0, day)) if late and draw(st.booleans()) else 0 for day in days]
    return days, lost, entry


def slow_survival(days: list[int], lost: list[bool], entry: list[int]) -> dict[int, float]:
    """The product over days, customer by customer, up to the first day with nobody at risk.

    Or with everybody at risk lost, while others are seen later.
    """
    found, share = {}, 1.0
    for day in range(max(days) + 1):
        at_risk = [who for who in range(len(days)) if entry[who] <= day <= days[who]]
        gone = [who for who in at_risk if lost[who] and days[who] == day]
        if not at_risk or (len(gone) == len(at_risk) and day < max(days)):
            break
        share *= 1 - len(gone) / len(at_risk)
        found[day] = share
    return found


@settings(max_examples=200, deadline=None)
@given(customers())
def test_the_curve_is_the_slow_one(some: tuple[list[int], list[bool], list[int]]) -> None:
    """The product written out customer by customer; it never rises, and lies in its band from 0 to 1."""
    curve = curves.kaplan_meier(*some)
    assert curve["survival"].tolist() == pytest.approx(list(slow_survival(*some).values()))
    assert (curve["survival"].diff().dropna() <= 0).all()
    assert ((curve["low"] >= 0) & (curve["high"] <= 1)).all()
    assert ((curve["low"] <= curve["survival"]) & (curve["survival"] <= curve["high"])).all()
    assert (curve["low"] < curve["high"]).all()


@settings(max_examples=100, deadline=None)
@given(customers(late=False))
def test_without_censoring_survival_is_a_share(some: tuple[list[int], list[bool], list[int]]) -> None:
    """When everybody's loss is seen, the curve is the plain share of those with a later day."""
    days, _, _ = some
    curve = curves.kaplan_meier(days, [True] * len(days))
    shares = [sum(last > day for last in days) / len(days) for day in range(max(days) + 1)]
    assert curve["survival"].tolist() == pytest.approx(shares)
    assert curves.restricted_mean(curve, 13).value == pytest.approx(sum(days) / len(days))


@settings(max_examples=100, deadline=None)
@given(customers(), st.data())
def test_causes_and_survival_add_up_to_1(
    some: tuple[list[int], list[bool], list[int]], data: st.DataObject
) -> None:
    """On every day; and one cause alone is 1 − survival with the band's variance of Greenwood."""
    days, lost, entry = some
    kinds = [data.draw(st.sampled_from(["voluntary", "involuntary"])) if one else None for one in lost]
    curve = curves.kaplan_meier(days, lost, entry)
    found = curves.aalen_johansen(days, kinds, entry)
    together = found.groupby("day")["incidence"].sum().reindex(curve["day"], fill_value=0.0)
    np.testing.assert_allclose(together + curve.set_index("day")["survival"], 1, atol=1e-12)
    assert ((found["low"] <= found["incidence"]) & (found["incidence"] <= found["high"])).all()
    assert (found["low"] < found["high"]).all()
    alone = curves.aalen_johansen(days, ["x" if one else None for one in lost], entry)
    inside = alone[(alone["incidence"] > 0) & (alone["incidence"] < 1 - 1e-9)]
    width = np.log(np.log(inside["low"]) / np.log(inside["high"])) / (2 * curves.Z)
    deviation = -inside["incidence"] * np.log(inside["incidence"]) * width
    own = curve.set_index("day").loc[inside["day"]].reset_index()
    width = np.log(np.log(own["low"]) / np.log(own["high"])) / (2 * curves.Z)
    np.testing.assert_allclose(
        deviation.to_numpy(), -own["survival"] * np.log(own["survival"]) * width, rtol=1e-6
    )


@settings(max_examples=100, deadline=None)
@given(customers(), st.randoms(use_true_random=False))
def test_order_and_names_change_nothing(some: tuple[list[int], list[bool], list[int]], random) -> None:  # type: ignore[no-untyped-def]
    """Rows in another order, groups under other names: the same curve and the same test."""
    days, lost, entry = some
    group = [nth % 3 for nth in range(len(days))]
    order = list(range(len(days)))
    random.shuffle(order)

    def shuffled(values: npt.ArrayLike) -> np.ndarray:
        return np.asarray(values)[order]

    pd.testing.assert_frame_equal(
        curves.kaplan_meier(days, lost, entry),
        curves.kaplan_meier(shuffled(days), shuffled(lost), shuffled(entry)),
    )
    named = np.array(["c", "a", "b"])[group]
    found = curves.log_rank(days, lost, group, entry)
    again = curves.log_rank(shuffled(days), shuffled(lost), shuffled(named), shuffled(entry))
    assert found == pytest.approx(again, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(customers())
def test_everybody_twice_is_the_same_curve_in_a_narrower_band(
    some: tuple[list[int], list[bool], list[int]],
) -> None:
    """Twice as many of each: the same survival, no wider an interval."""
    days, lost, entry = some
    one, two = curves.kaplan_meier(*some), curves.kaplan_meier(days * 2, lost * 2, entry * 2)
    np.testing.assert_allclose(one["survival"], two["survival"])
    assert ((two["high"] - two["low"]) <= (one["high"] - one["low"]) + 1e-12).all()


def test_the_log_rank_test_of_two_groups_is_the_square_of_a_normal() -> None:
    """Against statsmodels' survdiff, with entries shifted by half a day, on a thousand customers with ties.

    statsmodels takes entry < time for at risk.
    """
    from statsmodels.duration.survfunc import survdiff

    rng = np.random.default_rng(3)
    days = rng.integers(1, 60, 1000)
    entry = np.where(rng.random(1000) < 0.5, 0, rng.integers(0, days + 1))
    lost = rng.random(1000) < 0.6
    group = rng.integers(0, 3, 1000)
    ours = curves.log_rank(days, lost, group, entry)
    theirs = survdiff(days, lost.astype(int), group, entry=entry - 0.5)
    assert ours[0] == pytest.approx(theirs[0], rel=1e-9)
    assert ours.p == pytest.approx(theirs[1], rel=1e-9)


def test_a_group_that_is_never_at_risk_takes_no_degree_of_freedom() -> None:
    """C was last seen before anybody was lost, so it says nothing about the others."""
    found = curves.log_rank([5, 6, 7, 8, 1], [1, 1, 1, 0, 0], ["a", "b", "a", "b", "c"])
    assert found.dof == 1
    assert found.chi2 == pytest.approx(curves.log_rank([5, 6, 7, 8], [1, 1, 1, 0], list("abab")).chi2)


def test_causes_stand_in_the_order_of_their_names() -> None:
    """One row per cause and day, each cause with its own losses."""
    found = curves.aalen_johansen(DAYS, CAUSE)
    assert Counter(found["cause"]) == {"involuntary": 31, "voluntary": 31}
    assert found["cause"].is_monotonic_increasing
    assert found["lost"].sum() == sum(LOST)


def test_a_million_customers() -> None:
    """They are counted by day first: a curve of a million takes a fraction of a second."""
    rng = np.random.default_rng(1)
    ends, followed = rng.geometric(0.002, 10**6), rng.integers(1, 1500, 10**6)
    curve = curves.kaplan_meier(np.minimum(ends, followed), ends <= followed)
    found = curves.survival_at(curve, 365)
    assert found.low <= 0.998**365 <= found.high


# --- amounts ---------------------------------------------------------------------------------------

MONTHLY = 31 * np.arange(12)


def payers(seed: int, size: int = 60) -> dict[str, np.ndarray]:
    """Customers lost and last seen at random; a third come in sight late, eight stay to the end."""
    rng = np.random.default_rng(seed)
    ends, seen = rng.integers(0, 400, size), rng.integers(0, 420, size)
    seen[:8] = 500
    days = np.minimum(ends, seen)
    entry = np.where(rng.random(size) < 0.3, rng.integers(0, 60, size), 0)
    return {
        "days": days,
        "lost": ends <= seen,
        "amounts": np.exp(rng.normal(3, 1, (size, 12))),
        "entry": np.minimum(entry, days),
    }


def test_collected_without_censoring_is_the_plain_mean() -> None:
    """Of what each brings in while there, with its standard error and the t quantile on the logarithm."""
    rng = np.random.default_rng(2)
    ends, amounts = rng.integers(0, 400, 50), np.exp(rng.normal(3, 1, (50, 12)))
    totals = (amounts * (ends[:, None] > MONTHLY)).sum(axis=1)
    found = curves.collected(ends, [True] * 50, amounts, MONTHLY)
    deviation = totals.std(ddof=1) / math.sqrt(50)
    assert (found.value, found.deviation) == pytest.approx((totals.mean(), deviation))
    assert math.log(found.high / found.value) == pytest.approx(2.00957524 * deviation / totals.mean())  # t 49


def test_collected_is_the_slow_one() -> None:
    """Survival times the mean of those there, day by day, customer by customer."""
    some = payers(1)
    survival = slow_survival(*(list(some[name]) for name in ("days", "lost", "entry")))
    total = 0.0
    for nth, day in enumerate(MONTHLY):
        paid = [
            amounts[nth]
            for last, is_lost, amounts, entry in zip(*some.values(), strict=True)
            if entry <= day <= last and not (is_lost and last == day)
        ]
        total += survival[day] * sum(paid) / len(paid)
    assert curves.collected(some["days"], some["lost"], some["amounts"], MONTHLY, some["entry"]).value == (
        pytest.approx(total)
    )


def test_the_deviation_of_collected_is_near_the_jackknifes() -> None:
    """Leaving out one customer after the other, Quenouille 1956 and Tukey 1958: within a twentieth."""
    some = payers(1)

    def without(nth: int) -> float:
        days, lost, amounts, entry = (np.delete(values, nth, axis=0) for values in some.values())
        return curves.collected(days, lost, amounts, MONTHLY, entry).value

    size = len(some["days"])
    values = np.array([without(nth) for nth in range(size)])
    jackknife = math.sqrt((size - 1) ** 2 / size * values.var(ddof=1))
    whole = curves.collected(some["days"], some["lost"], some["amounts"], MONTHLY, some["entry"])
    assert whole.deviation == pytest.approx(jackknife, rel=0.05)


def test_collected_at_the_edges() -> None:
    """Nobody lost keeps a lower end; no amount, one customer or a short follow-up has no interval."""
    tens = np.full((20, 12), 10.0)
    nobody = curves.collected([400] * 20, [False] * 20, tens, MONTHLY)
    assert nobody == (120, pytest.approx(120 * wilson(20, 20)[0]), 120, 0)
    all_at_once = curves.collected([0] * 20, [True] * 20, tens, MONTHLY)
    assert all_at_once.value == 0
    assert math.isnan(all_at_once.low)
    assert math.isnan(curves.collected([400], [False], tens[:1], MONTHLY).high)
    assert math.isnan(curves.collected([100] * 20, [False] * 20, tens, MONTHLY).value)
    assert math.isnan(curves.collected([], [], tens[:0], MONTHLY).value)


def test_an_amount_has_a_lower_end_where_everybody_leaves_later() -> None:
    """Twelve pay 10 a month and leave on day 93: until then nobody has, certain for 76 % (Wilson)."""
    days, lost = np.full(12, 93), np.ones(12, dtype=bool)
    found = curves.collected(days, lost, np.full((12, 2), 10.0), [0, 31])
    assert found.value == 20 and found.low == pytest.approx(20 * 12 / (12 + 1.959964**2), rel=1e-5)

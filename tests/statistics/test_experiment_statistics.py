"""Looks, anytime p, power: against published boundaries and tables, brute force, and their own laws."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import (
    binom,
    boschloo_exact,
    hypergeom,
    multivariate_normal,
    nchypergeom_fisher,
    norm,
)
from statsmodels.stats.multitest import multipletests

from retention_helpers.experiments.ending import Course, counted
from retention_helpers.statistics.anytime import (
    _bets,
    _gains,
    anytime_limit,
    anytime_p,
    anytime_p_of_means,
)
from retention_helpers.statistics.boundary import (
    ALPHA,
    STRICTEST,
    boundary,
    crossed,
    equal_looks,
    level,
    spent,
    two_sided,
)
from retention_helpers.statistics.intervals import Difference, newcombe, two_shares_p
from retention_helpers.statistics.looks import (
    Comparison,
    Look,
    alphas,
    difference,
    is_full,
    looks_until_full,
    p_value,
    verdict,
)
from retention_helpers.statistics.power import (
    MOST_LOOKS,
    better_from,
    detectable,
    last_limit,
    other_rate,
    pace,
    power,
    size,
)

# --- boundaries ------------------------------------------------------------------------------------

# Jennison and Turnbull 2000, tables 2.1 and 2.3, two-sided α = 0.05: Pocock's C_P(K) and O'Brien and
# Fleming's C_B(K), the limits being C_P and C_B √(K / k).
POCOCK = {2: 2.178, 3: 2.289, 4: 2.361, 5: 2.413, 10: 2.555, 20: 2.672}
OBRIEN_FLEMING = {2: 1.977, 3: 2.004, 4: 2.024, 5: 2.040, 10: 2.087, 20: 2.126}
# Armitage, McPherson and Rowe 1969: a test at 5 % repeated K times.
REPEATED = {2: 0.083, 3: 0.107, 4: 0.126, 5: 0.142, 10: 0.193, 20: 0.248}


@pytest.mark.parametrize(("looks", "constant"), POCOCK.items())
def test_pococks_constants_err_in_five_per_cent(looks: int, constant: float) -> None:
    """To the precision of the printed constant."""
    assert crossed(equal_looks(looks), [constant] * looks).sum() == pytest.approx(0.05, abs=1.5e-4)


@pytest.mark.parametrize(("looks", "constant"), OBRIEN_FLEMING.items())
def test_obrien_and_flemings_constants_err_in_five_per_cent(looks: int, constant: float) -> None:
    """To the precision of the printed constant."""
    limits = [constant * math.sqrt(looks / look) for look in range(1, looks + 1)]
    assert crossed(equal_looks(looks), limits).sum() == pytest.approx(0.05, abs=1.5e-4)


@pytest.mark.parametrize(("looks", "share"), REPEATED.items())
def test_a_test_that_is_repeated_errs_as_often_as_published(looks: int, share: float) -> None:
    """Three decimals of the print."""
    assert crossed(equal_looks(looks), [norm.ppf(0.975)] * looks).sum() == pytest.approx(share, abs=6e-4)


def test_the_boundary_is_lan_and_demets() -> None:
    """R's gsDesign(k = 5, test.type = 2, sfu = sfLDOF) prints 4.8769 3.3570 2.6803 2.2898 2.0310."""
    published = [4.8769, 3.3570, 2.6803, 2.2898, 2.0310]
    np.testing.assert_allclose(boundary(equal_looks(5)), published, atol=6e-5)
    np.testing.assert_allclose(boundary(equal_looks(2)), [2.9626, 1.9686], atol=6e-5)
    assert boundary((1.0,))[0] == pytest.approx(norm.ppf(0.975), abs=1e-9)


@pytest.mark.parametrize("fractions", [(0.3, 1.0), (0.2, 0.5, 0.9), (0.25, 0.6, 0.61, 1.0)])
def test_each_look_spends_what_it_may(fractions: tuple[float, ...]) -> None:
    """The chance to be within all limits so far, from the multivariate normal distribution, is 1 − spent."""
    limits = boundary(fractions)
    correlation = [[math.sqrt(min(a, b) / max(a, b)) for b in fractions] for a in fractions]
    for upto in range(1, len(fractions) + 1):
        part = [row[:upto] for row in correlation[:upto]]
        bounds = np.array(limits[:upto])
        within = multivariate_normal(np.zeros(upto), part, abseps=1e-7, maxpts=10**6, seed=1).cdf(
            bounds, lower_limit=-bounds
        )
        assert 1 - within == pytest.approx(spent(fractions[upto - 1]), abs=2e-5)


def test_the_last_look_spends_what_is_left_a_little_early_or_late() -> None:
    """With 98 or 104 % of the size the limits together err in 5 %, exactly as with 100 %."""
    for last in (0.98, 1.0, 1.04):
        fractions = (0.3, 0.6, 0.85, last)
        limits = boundary(fractions, is_full=True)
        assert crossed(fractions, limits).sum() == pytest.approx(ALPHA, abs=1e-8)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=12, unique=True), st.floats(0.005, 0.1))
def test_all_looks_together_never_spend_more_than_alpha(fractions: list[float], alpha: float) -> None:
    """Any looks, also very close ones; the sum is what the spending function says."""
    looks = tuple(sorted(fractions))
    total = crossed(looks, boundary(looks, alpha)).sum()
    assert total == pytest.approx(spent(looks[-1], alpha), abs=2e-6)


def test_what_is_spent_rises_from_nothing_to_alpha() -> None:
    """And no more beyond the planned size."""
    shares = [spent(fraction) for fraction in np.linspace(0, 1.5, 31)]
    assert shares[0] == 0 and shares[-1] == pytest.approx(0.05)
    assert all(a <= b + 1e-12 for a, b in itertools.pairwise(shares))
    assert level(STRICTEST) < 1 and two_sided(1.959964) == pytest.approx(0.05, abs=1e-7)


# --- the anytime p ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.03, 0.5, 0.85])
def test_the_bets_gain_nothing_where_both_arms_are_alike(rate: float) -> None:
    """Exactly: over every outcome of two batches, unequal ones too, they own their stake on average."""
    sizes = [((3, 3), (2, 4)), ((4, 1), (0, 3))]
    for first, second in sizes:
        total = 0.0
        for outcome in itertools.product(*(range(n + 1) for n in (*first, *second))):
            chance = np.prod([binom.pmf(x, n, rate) for x, n in zip(outcome, (*first, *second), strict=True)])
            batches = [(outcome[0], first[0], outcome[1], first[1]),
                       (outcome[2], second[0], outcome[3], second[1])]  # fmt: skip
            total += chance * _wealth(batches)
        assert total == pytest.approx(1, abs=1e-9)


def _wealth(batches: list[tuple[int, int, int, int]]) -> float:
    """What the bets own after the last batch, from the definition, with scipy's noncentral hypergeometric."""
    ratios, owned = _bets()
    for x1, n1, x2, n2 in batches:
        if n1 and n2:
            alike = hypergeom.pmf(x1, n1 + n2, x1 + x2, n1)
            owned = owned * nchypergeom_fisher.pmf(x1, n1 + n2, x1 + x2, n1, np.exp(ratios)) / alike
    return float(owned.sum())


@pytest.mark.parametrize(
    ("n1", "n2", "both"), [(300, 250, 400), (5000, 4000, 900), (90_000, 80_000, 150_000)]
)
def test_the_bets_are_exact_where_their_sums_take_steps(n1: int, n2: int, both: int) -> None:
    """What a bet gains is the ratio of scipy's two chances, also where only some terms are added up."""
    ratios, _ = _bets()
    centre = round(n1 * both / (n1 + n2))
    for x1 in (centre, centre + 25):
        found = _gains(x1, n1, both - x1, n2)
        near = np.abs(ratios) < 0.7  # further out scipy's own sums fail
        alike = hypergeom.logpmf(x1, n1 + n2, both, n1)
        told = [
            math.log(nchypergeom_fisher.pmf(x1, n1 + n2, both, n1, math.exp(ratio))) - alike
            for ratio, use in zip(ratios, near & (found > -200), strict=True)
            if use
        ]
        np.testing.assert_allclose(found[near & (found > -200)], told, rtol=1e-5, atol=1e-5)


def test_a_point_of_difference_is_seen_with_ten_million_an_arm_and_with_none_it_is_not() -> None:
    """90 against 91 %; and 90.00 against 90.01 %, which is less than a standard error."""
    assert anytime_p([(9_100_000, 10**7, 9_000_000, 10**7)])[-1] < 1e-100
    assert anytime_p([(9_001_000, 10**7, 9_000_000, 10**7)])[-1] == 1


def test_the_limit_at_any_look_is_where_the_bets_have_won_twentyfold() -> None:
    """In the limit of a normal score the mixture of the bets is 20 there; more strictly at 1 %."""
    ratios, stake = _bets()
    for information in (2.0, 40.0, 4000.0):
        limit = anytime_limit(information)
        wealth = stake @ np.exp(ratios * math.sqrt(information) * limit - ratios**2 * information / 2)
        assert wealth == pytest.approx(20, rel=1e-6)
        assert anytime_limit(information, 0.01) > limit
    p = anytime_p_of_means([anytime_limit(40.0)], [40.0])[0]
    assert p == pytest.approx(0.05, rel=1e-6)


def test_the_anytime_p_is_one_over_the_largest_wealth_so_far() -> None:
    """It never rises again, and 1 where the bets only lost."""
    batches = [(9, 10, 2, 10), (10, 10, 3, 10), (5, 10, 5, 10)]
    found = anytime_p(batches)
    wealth = [_wealth(batches[:upto]) for upto in (1, 2, 3)]
    best = np.maximum.accumulate(wealth)
    np.testing.assert_allclose(found, 1 / np.maximum(best, 1), rtol=1e-8)
    assert found[2] <= found[1]
    assert anytime_p([(5, 10, 5, 10)]) == pytest.approx(1.0)
    assert len(anytime_p([])) == 0


def test_a_batch_with_an_empty_arm_changes_nothing() -> None:
    """There is nothing to compare in it."""
    assert anytime_p([(9, 10, 2, 10), (3, 7, 0, 0)])[1] == anytime_p([(9, 10, 2, 10)])[0]


# --- how an experiment ends ------------------------------------------------------------------------


def ends(count: int, an_arm: int = 20, better: float = 0.9) -> list[Look]:
    """Month ends with so many more an arm each: nine of ten treated make it, and half of the control."""
    months = range(1, count + 1)
    return [
        Look(f"2026-{nth:02}", round(better * an_arm * nth), an_arm * nth, an_arm * nth // 2, an_arm * nth)
        for nth in months
    ]


@pytest.mark.parametrize(
    ("kind", "known", "looks", "told"),
    [
        ("running", {}, 3, ("open", "planned", 3, False)),
        ("at its size", {}, 10, ("planned", "planned", 10, True)),
        ("later months change nothing", {}, 12, ("planned", "planned", 10, True)),
        ("its day, still maturing", {"ended_in": "2026-04", "on_its_day": True}, 4,
         ("planned", "planned", 4, False)),
        ("its day", {"ended_in": "2026-04", "on_its_day": True, "nobody_left": True}, 5,
         ("planned", "planned", 5, True)),
        ("all of its size is drawn", {"ended_in": "2026-04", "drawn": 100.0}, 4,
         ("planned", "planned", 4, False)),
        ("stopped before a look", {"ended_in": "2026-01", "nobody_left": True}, 2,
         ("stopped", "anytime", 2, False)),
        ("a plan after results", {"before_results": False}, 12, ("stopped", "anytime", 12, False)),
        ("a plan after results, running", {"before_results": False}, 3, ("open", "anytime", 3, False)),
    ],
)  # fmt: skip
def test_which_looks_count_and_how(kind: str, known: dict, looks: int, told: tuple) -> None:
    """Two hundred an arm are planned, twenty come a month."""
    found = counted(Course(ends(looks), 100.0, 10, **known))
    assert (found.end, found.way, len(found.looks), found.is_last) == told


def test_what_is_stopped_is_read_at_the_look_that_decided_it_or_else_as_holds_at_any() -> None:
    """Ended in April: the report of March could be read by then, and comes first."""
    found = counted(Course(ends(6), 100.0, 10, ended_in="2026-04", nobody_left=True))
    assert (found.end, found.way, found.looks[-1].month, found.is_over) == (
        "planned",
        "planned",
        "2026-03",
        True,
    )
    assert found.otherwise is not None
    assert (found.otherwise.end, found.otherwise.way, len(found.otherwise.looks)) == ("stopped", "anytime", 6)


def test_a_planned_end_spends_all_that_is_left() -> None:
    """Looks at 10, 20 and 30 % of the size, the last of them planned: the limits err in 5 % together."""
    looks = tuple(ends(3))
    one = Comparison("", "", looks, 100.0, True, True, True)
    limits = one.limits(ALPHA)
    assert crossed(one.fractions, limits).sum() == pytest.approx(ALPHA, abs=1e-8)
    # Almost nothing was spent before: the last limit is that of a single look (R: qnorm(0.975)).
    assert limits[-1] == pytest.approx(1.959964, abs=1e-4)


# R 4.2, base: z <- qnorm(1 - 0.05 / 4); 4 * (1 - pnorm(z / sqrt(c(0.3, 0.6, 1))))
@pytest.mark.parametrize(("fraction", "by_r"), [(0.3, 8.5451575e-05), (0.6, 7.6161266e-03), (1.0, 0.05)])
def test_what_is_spent_is_lan_and_demets(fraction: float, by_r: float) -> None:
    """To the digits of the print."""
    assert spent(fraction) == pytest.approx(by_r, rel=1e-7)


# R 4.2, base: the first limit is qnorm(1 - spent / 2); the last solves, with uniroot and integrate over the
# paths within the first, for the rest of 0.05.
@pytest.mark.parametrize(
    ("fractions", "by_r"), [((0.3, 0.6), (3.92857254, 1.96002795)), ((0.5, 0.8), (2.96258804, 1.96456335))]
)
def test_a_planned_end_before_the_size_is_as_r_integrates_it(
    fractions: tuple[float, float], by_r: tuple[float, float]
) -> None:
    """One look before; the end comes at 60 or 80 % of the size."""
    np.testing.assert_allclose(boundary(fractions, is_full=True), by_r, atol=2e-7)


# --- power -----------------------------------------------------------------------------------------


def by_brute_force(rates: tuple[float, float], sizes: tuple[int, int], alpha: float) -> float:
    """Every table, its interval and scipy's p-value, one after the other."""
    total = 0.0
    for control, treated in itertools.product(range(sizes[0] + 1), range(sizes[1] + 1)):
        if newcombe(treated, sizes[1], control, sizes[0], level=1 - alpha).low <= 0:
            continue
        if boschloo_exact(
            [[treated, control], [sizes[1] - treated, sizes[0] - control]]
        ).pvalue <= alpha:  # fmt: skip
            total += binom.pmf(control, sizes[0], rates[0]) * binom.pmf(treated, sizes[1], rates[1])
    return total


@pytest.mark.parametrize("sizes", [(9, 12), (14, 14)])
def test_power_is_the_sum_over_all_tables(sizes: tuple[int, int]) -> None:
    """At 5 % and at the stricter level of a look."""
    for limit in (1.959964, 2.5):
        found = power(0.3, 0.8, control=sizes[0], treated=sizes[1], limit=limit)
        assert found == pytest.approx(by_brute_force((0.3, 0.8), sizes, two_sided(limit)), abs=1e-9)


def test_power_above_the_exact_test_is_the_sum_too() -> None:
    """At 260 an arm the score test decides: every table within reach, added up."""
    expected = 0.0
    for control in range(190, 256):
        first = [
            x
            for x in range(200, 261)
            if newcombe(x, 260, control, 260).low > 0 and two_shares_p(x, 260, control, 260) <= 0.05
        ]
        if first:
            expected += binom.pmf(control, 260, 0.85) * binom.sf(first[0] - 1, 260, 0.93)
    assert power(0.85, 0.93, control=260, treated=260) == pytest.approx(expected, abs=1e-6)


# R: power.prop.test(p1 = …, p2 = …, power = 0.8)$n
WITHOUT_LOOKS = [(0.80, 0.05, 905.4), (0.80, 0.10, 199.0), (0.90, 0.05, 434.4), (0.95, 0.02, 1505.8),
                 (0.70, 0.20, 61.6), (0.85, 0.08, 238.9)]  # fmt: skip


@pytest.mark.parametrize(("baseline", "effect", "published"), WITHOUT_LOOKS)
def test_one_look_needs_what_the_formula_says(baseline: float, effect: float, published: float) -> None:
    """Within 2 %, which is what the exact computation differs from the normal approximation."""
    found = size(baseline, effect)
    assert found == pytest.approx(published, rel=0.025)
    assert power(baseline, baseline + effect, control=found, treated=found) >= 0.8


@pytest.mark.parametrize(("baseline", "effect", "_"), WITHOUT_LOOKS)
def test_looking_every_month_costs_a_few_per_cent(baseline: float, effect: float, _: float) -> None:
    """12 looks 5 to 12 %, 24 looks 8 to 15 %; more looks never less."""
    once, twelve, all_of_them = (size(baseline, effect, looks=looks) for looks in (1, 12, MOST_LOOKS))
    assert 1.03 < twelve / once < 1.13
    assert twelve <= all_of_them < 1.16 * once
    assert last_limit(MOST_LOOKS + 10) == last_limit(MOST_LOOKS)


def test_an_effect_without_room_above_is_planned_downwards() -> None:
    """97 % + 10 points is impossible; telling 97 % from 87 % is what could be done."""
    assert other_rate(0.97, 0.10) == pytest.approx(0.87)
    assert size(0.97, 0.10) == size(0.97, 0.10, shares=(0.5, 0.5)) < 200


def test_unequal_arms_need_more_in_all() -> None:
    """One to four: the smaller arm needs fewer than half of an equal split, both together more."""
    equal, smaller = size(0.5, 0.2), size(0.5, 0.2, shares=(0.8, 0.2))
    assert smaller < equal < smaller * 5 / 2


def test_the_smallest_detectable_gain_is_where_the_power_is_80_per_cent() -> None:
    """Just there it is reached, a little below not; with too few customers there is none."""
    gain = detectable(0.85, 120, looks=6)
    limit = last_limit(6)
    assert power(0.85, 0.85 + gain, control=120, treated=120, limit=limit) >= 0.8
    assert power(0.85, 0.85 + gain - 0.002, control=120, treated=120, limit=limit) < 0.8
    assert math.isnan(detectable(0.85, 10)) and math.isnan(detectable(0.85, 0))


def test_a_pace_is_the_time_to_come_and_to_mature() -> None:
    """90 to 95 % at 22 sign-ups a month takes more than three years; nobody a month, never."""
    slow = pace(0.90, 0.05, shares=(0.5, 0.5), a_month=22, days=30)
    assert slow.months == pytest.approx(slow.in_all / 22 + 30 / (365.25 / 12))
    assert slow.months > 39 and slow.looks == MOST_LOOKS
    assert math.isnan(pace(0.90, 0.05, shares=(0.5, 0.5), a_month=0, days=30).months)
    given = pace(0.90, 0.05, shares=(0.5, 0.5), a_month=22, days=0, size_given=44)
    assert (given.size, given.in_all, given.looks, given.months) == (44, 88, 4, 4)


def test_several_arms_share_the_five_per_cent() -> None:
    """Three arms: each comparison is planned at 2.5 %."""
    three = pace(0.5, 0.2, shares=(0.4, 0.3, 0.3), a_month=10**6, days=0)
    assert three.size == size(0.5, 0.2, looks=1, shares=(0.4, 0.3), alpha=0.025)


@pytest.mark.parametrize(("treated", "control", "limit"), [(20, 25, 1.96), (150, 140, 2.4), (300, 220, 2.1)])
def test_the_line_is_the_first_count_that_a_look_calls_better(
    treated: int, control: int, limit: float
) -> None:
    """Beside each count of the control: better at the line, not below it."""
    beside = np.arange(0, control + 1, max(control // 12, 1))
    for x2, first in zip(beside, better_from(treated, control, limit, beside), strict=True):
        if first <= treated:
            assert difference((int(first), treated, int(x2), control), limit).low > 0
        if first > 0:
            assert not difference((int(first) - 1, treated, int(x2), control), limit).low > 0


# --- looks -----------------------------------------------------------------------------------------


def test_better_needs_the_interval_and_the_p_value_to_agree() -> None:
    """10 of 20 against 4 of 20: Newcombe's interval leaves out 0, p = 0.0533: the page's one is extended."""
    assert newcombe(10, 20, 4, 20).low > 0
    found = difference((10, 20, 4, 20), norm.ppf(0.975))
    assert found.low == 0 and found.high == newcombe(10, 20, 4, 20).high
    assert verdict(found, 0.05) == "cannot tell yet"
    assert difference((4, 20, 10, 20), norm.ppf(0.975)).high == 0


@pytest.mark.parametrize(
    ("ends", "word"),
    [
        ((0.01, 0.30), "better"),
        ((-0.30, -0.01), "worse"),
        ((-0.04, 0.049), "no large effect"),
        ((-0.04, 0.05), "cannot tell yet"),
        ((-0.05, 0.04), "cannot tell yet"),
        ((0.0, 0.04), "no large effect"),
        ((0.001, 0.04), "better"),
        ((-0.5, 0.6), "cannot tell yet"),
    ],
)
def test_the_words_follow_from_the_interval(ends: tuple[float, float], word: str) -> None:
    """Against a smallest effect of 5 points; "no large effect" needs both ends within it."""
    assert verdict(Difference(sum(ends) / 2, *ends), 0.05) == word


@st.composite
def month_ends(draw: st.DrawFn) -> list[Look]:
    totals = [0, 0, 0, 0]
    looks = []
    for month in range(draw(st.integers(1, 10))):
        treated, control = draw(st.integers(0, 25)), draw(st.integers(0, 25))
        added = [draw(st.integers(0, treated)), treated, draw(st.integers(0, control)), control]
        totals = [total + more for total, more in zip(totals, added, strict=True)]
        looks.append(Look(f"{month:02}", *totals))
    return looks


@settings(max_examples=60, deadline=None)
@given(month_ends(), st.integers(10, 150))
def test_interval_p_value_and_verdict_agree_at_every_look(looks: list[Look], needed: int) -> None:
    """Better and worse: the interval leaves out 0 and p is small enough; else one of them is not so."""
    kept = looks_until_full(looks, needed / 2, 6)
    one = Comparison("", "", kept, needed / 2, False, False, True)
    for look, limit in zip(one.looks, one.limits(ALPHA) if kept else (), strict=True):
        found = difference(look.table, limit)
        word = verdict(found, 0.05)
        assert found.low <= found.value <= found.high
        assert (word == "better") == (found.low > 0)
        assert (word == "worse") == (found.high < 0)
        if word in ("better", "worse"):
            assert p_value(look.table) <= two_sided(limit)
            plain = newcombe(*look.table, level=level(limit))
            assert (found.low, found.high) == (plain.low, plain.high)


def test_a_look_needs_both_arms_and_news_and_the_last_has_the_size() -> None:
    """Nobody in one arm: no look; the same customers: no look; after the planned size: no look."""
    looks = [Look("01", 3, 5, 0, 0), Look("02", 3, 5, 2, 5), Look("03", 3, 5, 2, 5), Look("04", 9, 10, 6, 10),
             Look("05", 12, 15, 9, 15)]  # fmt: skip
    kept = looks_until_full(looks, 5.0, 10)
    assert [look.month for look in kept] == ["02", "04"]
    assert is_full(looks[3], 5.0, 10) and not is_full(looks[1], 5.0, 10)
    assert is_full(looks[3], 5.1, 10) and not is_full(looks[3], 5.2, 10)  # 2.5 % may be missing, not more
    assert is_full(looks[3], 5.05, 40) and not is_full(looks[3], 5.1, 40)  # nor more than half a look


@pytest.mark.parametrize("planned", [1, 2, 3, 5, 8, 12, 24])
def test_the_planned_effect_is_found_wherever_the_month_ends_fall(planned: int) -> None:
    """Looks that come earlier or later than the plan thought: the power stays at 78 % or above."""
    strength = last_limit(planned) + norm.ppf(0.80)  # standard errors, at the planned size
    for shift in (-0.9, -0.55, -0.45, -0.2, 0.0, 0.3, 0.49, 0.8):
        ends = [Look(f"{nth:02}", 0, 10**6, 0, 10**6) for nth in range(2 * planned + 3)]
        sizes = [round(10**6 * (nth + 1 + shift) / planned) for nth in range(len(ends))]
        looks = [end._replace(treated=size, control=size) for end, size in zip(ends, sizes, strict=True)]
        kept = looks_until_full([look for look in looks if look.treated > 0], 5 * 10**5, planned)
        fractions = tuple(look.information / (5 * 10**5) for look in kept)
        limit = boundary(fractions, is_full=True)[-1]
        assert norm.cdf(strength * math.sqrt(fractions[-1]) - limit) >= 0.78


def single(table: tuple[int, int, int, int], *, counts: bool = True) -> Comparison:
    """A comparison with one look, at its planned size."""
    look = Look("01", *table)
    return Comparison("", "", (look,), look.information, True, True, counts)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(50, 98), min_size=1, max_size=6))
def test_single_looks_at_full_size_are_told_apart_as_holm_says(counts: list[int]) -> None:
    """Holm's correction of the exact p-values; where interval and test agree, the same ones are told."""
    tables = [(count, 100, 60, 100) for count in counts]
    members = [single(table) for table in tables]
    p_values = [p_value(table) for table in tables]
    rejected = multipletests(p_values, alpha=0.05, method="holm")[0]
    found = alphas(members)
    for member, alpha, is_rejected in zip(members, found, rejected, strict=True):
        if member.rejects(alpha):
            assert is_rejected
    clear = [p < 0.2 * 0.05 / len(p_values) for p in p_values]
    assert all(member.rejects(a) for member, a, sure in zip(members, found, clear, strict=True) if sure)


def test_an_aa_and_a_broken_split_take_nothing_from_the_others() -> None:
    """Alone 5 %; beside one that counts 2.5 %; beside any number that do not, 5 % still."""
    undecided = (55, 100, 50, 100)
    assert alphas([single(undecided)]) == [0.05]
    assert alphas([single(undecided), single(undecided)]) == [0.025, 0.025]
    assert alphas([single(undecided), *[single(undecided, counts=False)] * 3]) == [0.05] * 4


def test_one_that_is_told_apart_gives_its_part_to_the_rest() -> None:
    """Three together: the clear one at 1.67 %, the others then at 2.5 %."""
    clear, undecided = single((90, 100, 50, 100)), single((55, 100, 50, 100))
    assert alphas([clear, undecided, undecided]) == pytest.approx([0.05 / 3, 0.025, 0.025])

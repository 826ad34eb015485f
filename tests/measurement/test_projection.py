"""The year ahead: the risk read off the past three ways, its back-test, the bands, and what if."""

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_helpers.business import Business
from retention_helpers.measurement import measures, projection, risks
from retention_helpers.measurement.risks import BY_TENURE, FALLING_RISK, LAST_RATE, Choice
from retention_helpers.measurement.said import outlook as said_outlook
from retention_helpers.measurement.said import revenue as said_revenue
from retention_helpers.statistics.intervals import rate
from retention_helpers.statistics.lifetimes import Lifetimes

MONTHS = pd.date_range("2024-04-01", periods=24, freq="MS")


def cells(left: np.ndarray, came: int = 10_000, mrr: int = 10) -> pd.DataFrame:
    """The table of `risks.cohort_months` of cohorts of equal size; the share `left[k]` of each is left at k.

    A cohort a month, each customer at the same price, as many months as there are ages.
    """
    people = np.round(came * np.asarray(left)).astype(int)
    rows = []
    for first in range(len(left)):
        for month in range(first, len(left)):
            k = month - first
            there, before = people[k], people[k - 1] if k else 0
            later = people[k + risks.HELD_BACK] if month + risks.HELD_BACK < len(left) else 0
            rows.append(
                (MONTHS[first], MONTHS[month], k, before, before - there if k else 0, there, later)
                + ((came, mrr * came) if not k else (0, 0))
                + (mrr * there, mrr**2 * there)
            )  # fmt: skip
    columns = ["cohort", "month", "k", "customers_at_start", "lost", "customers_at_end", "still_there",
               "came", "mrr_came", "mrr_at_end", "mrr_squared"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def steady(churn: float, months: int = 24, came: int = 10_000) -> pd.DataFrame:
    """Everybody leaves with the same chance every month."""
    return cells((1 - churn) ** np.arange(months), came)


LAST = Choice(LAST_RATE, 0, {})


# --- the months that it stands on ---------------------------------------------------------------------


def test_cohort_months_by_hand(opened: Any) -> None:
    """Two cohorts; who comes back is there again, and came again.

        Jan   Feb   Mar   …   Jul
    A   5──────────────────────────
    B   9─────5
    C   9─────5           20───────      (June to July)
    D         3────────────────────      (in February)
    """
    spans = [
        ("A", "2026-01-05", "", 10),
        ("B", "2026-01-09", "2026-02-05", 20),
        ("C", "2026-01-09", "2026-02-05", 40),
        ("C", "2026-06-20", "", 50),
        ("D", "2026-02-03", "", 5),
    ]
    with opened(spans, month="2026-07") as business:
        found = risks.cohort_months(business)
    january = found[found["cohort"] == "2026-01-01"].set_index("month")
    assert january["k"].tolist() == list(range(7))
    assert january["customers_at_start"].tolist() == [0, 3, 1, 1, 1, 1, 2]
    assert january["lost"].tolist() == [0, 2, 0, 0, 0, 0, 0]
    assert january["customers_at_end"].tolist() == [3, 1, 1, 1, 1, 2, 2]
    assert january["came"].tolist() == [3, 0, 0, 0, 0, 1, 0]
    assert january["mrr_came"].astype(float).tolist() == [70, 0, 0, 0, 0, 50, 0]
    assert january["mrr_squared"].astype(float).tolist()[-1] == 10**2 + 50**2
    # Half a year after January it is July: A is there, and C again.
    assert january.loc["2026-01-01", "still_there"] == 2
    assert found.loc[found["cohort"] == "2026-02-01", "customers_at_end"].tolist() == [1] * 6


def test_cohort_months_add_up_to_the_movement_of_customers(sample: Business) -> None:
    """Split by cohort, and nothing lost or counted twice."""
    by_month = risks.cohort_months(sample).groupby("month").sum(numeric_only=True)
    moved = measures.customer_movement(sample).set_index("month")
    for name in ("customers_at_start", "lost", "customers_at_end"):
        assert by_month[name].tolist() == moved[name].tolist()
    assert by_month["came"].tolist() == (moved["new"] + moved["reactivated"]).tolist()


# --- three ways to read the past ----------------------------------------------------------------------


@pytest.mark.parametrize("method", risks.METHODS)
def test_where_all_have_the_same_risk_every_way_finds_it(method: str) -> None:
    """Five in a hundred leave every month."""
    assert risks.hazards(steady(0.05), method, 30) == pytest.approx(np.full(30, 0.05), abs=1e-3)


def test_the_falling_risk_comes_back_from_what_it_made() -> None:
    """Regular segment of Fader and Hardie 2007: α 0.704, β 1.182."""
    made = Lifetimes(0.704, 1.182)
    past = cells(made.share_left(np.arange(24)), came=10_000)
    assert risks.hazards(past, FALLING_RISK, 24) == pytest.approx(made.hazard(np.arange(1, 25)), rel=1e-3)


def test_rates_by_tenure_by_hand() -> None:
    """A fifth leaves in each of the first two months, a tenth up to the twelfth, then one in fifty."""
    hazard = np.array([0.2] * 2 + [0.1] * 10 + [0.02] * 11)
    past = cells(np.concatenate([[1], np.cumprod(1 - hazard)]))
    stages = risks.rates_by_tenure(past)
    assert stages["churn_rate"].tolist() == pytest.approx([0.2, 0.1, 0.02], abs=5e-3)
    assert stages["from_month"].tolist() == [1, 3, 13]
    assert stages["to_month"].fillna(0).tolist() == [2, 12, 0]


def test_the_last_rate_looks_at_three_months() -> None:
    """Two years of 2 % a month, then three months of 20 %: the last rate has forgotten the two years."""
    calm = steady(0.02)
    late = calm["month"] >= MONTHS[-3]
    shaken = calm.assign(lost=calm["lost"].where(~late, 0.2 * calm["customers_at_start"]))
    assert risks.last_rate(shaken).value == pytest.approx(0.2, abs=0.01)
    assert risks.last_rate(shaken, months_back=12).value < 0.1


# --- the back-test ------------------------------------------------------------------------------------


def test_a_back_test_by_hand() -> None:
    """Of so many customers, (1 − 0.05)⁶ are there half a year later, and the last rate says so."""
    tests = risks.back_test(steady(0.05))
    shown_first = MONTHS[12]  # the first month began without customers
    assert tests["month"].tolist() == list(MONTHS[shown_first <= MONTHS][:6])
    for test in tests.itertuples():
        assert test.still_there == pytest.approx(test.customers_at_end * 0.95**6, rel=1e-3)
        assert test.by_last_rate == pytest.approx(test.customers_at_end * 0.95**6, rel=1e-3)


def test_a_back_test_sees_nothing_of_what_it_hides() -> None:
    """Whatever happens in the last month changes no expectation, only what came true."""
    past = steady(0.05)
    worse = past.assign(lost=past["lost"].where(past["month"] < MONTHS[-1], past["customers_at_start"]))
    columns = ["month", "by_last_rate", "by_tenure", "by_falling_risk"]
    pd.testing.assert_frame_equal(risks.back_test(past)[columns], risks.back_test(worse)[columns])


def test_the_falling_risk_is_used_where_it_does_better() -> None:
    """Customers who differ as the model says: the last rate, carried forward, loses too many of the old."""
    past = cells(Lifetimes(0.6, 2.0).share_left(np.arange(24)), came=200)
    chosen = risks.choice(risks.back_test(past))
    assert chosen.method == FALLING_RISK
    assert chosen.errors[FALLING_RISK] < chosen.errors[LAST_RATE]


def test_where_the_ways_are_equal_the_simplest_is_used() -> None:
    """And so it is without any test."""
    equal = pd.DataFrame(
        {"customers_at_end": [100], "still_there": [80], "by_last_rate": [70], "by_tenure": [90],
         "by_falling_risk": [70]}
    )  # fmt: skip
    assert risks.choice(equal).method == LAST_RATE
    assert risks.choice(risks.back_test(steady(0.05, months=17))) == LAST


# --- the year ahead -----------------------------------------------------------------------------------


def test_the_year_of_one_risk_is_a_geometric_row() -> None:
    """N · (1 − c)ᵐ of today's customers; newcomers of each month the same; the MRR ten of each."""
    past = steady(0.05)
    ahead = projection.projection(past, LAST)
    today = past.loc[past["month"] == MONTHS[-1], "customers_at_end"].sum()
    stay = 0.95 ** np.arange(13)
    newcomers = 10_000 * np.concatenate([[0], np.cumsum(stay[:12])])
    assert ahead["still_here"].astype(float).tolist() == pytest.approx(today * stay, rel=1e-3)
    assert ahead["customers"].astype(float).tolist() == pytest.approx(today * stay + newcomers, rel=1e-3)
    assert ahead["newcomers_share"].tolist() == pytest.approx(stay, rel=1e-3)
    assert [float(amount) for amount in ahead["mrr"]] == pytest.approx(
        10 * (today * stay + newcomers), rel=1e-3
    )


def test_the_year_of_a_falling_risk_follows_the_model() -> None:
    """Of a cohort of age k, S(k + m) / S(k) are there in m months."""
    made = Lifetimes(0.7, 1.2)
    past = cells(made.share_left(np.arange(24)), came=50_000)
    ahead = projection.projection(past, Choice(FALLING_RISK, 0, {}))
    ages = np.arange(24)
    expected = [(50_000 * made.share_left(ages + m)).sum() for m in range(13)]
    assert ahead["still_here"].astype(float).tolist() == pytest.approx(expected, rel=2e-3)


def test_bands_hold_the_expectation_and_widen(sample: Business) -> None:
    """Around every value, wider from month to month; the same twice; and newcomers only add."""
    past = risks.cohort_months(sample)
    chosen = risks.choice(risks.back_test(past))
    ahead = projection.projection(past, chosen)
    for name in ("still_here", "customers", "newcomers_share", "mrr"):
        low, value, high = (ahead[f"{name}{end}"].iloc[1:].astype(float) for end in ("_low", "", "_high"))
        assert ((low <= value) & (value <= high)).all()
        assert (high - low).iloc[-1] > (high - low).iloc[0]
    assert (ahead["customers"] >= ahead["still_here"]).all()
    pd.testing.assert_frame_equal(ahead, projection.projection(past, chosen))


def test_months_that_are_good_or_bad_for_everybody_widen_the_bands() -> None:
    """The same losses in all, evenly or in bursts."""
    even = steady(0.05, came=400)
    burst = even["month"].isin(MONTHS[::3])
    shaken = even.assign(lost=np.where(burst, 3, 0) * even["lost"])
    calm, wild = (projection.projection(past, LAST).iloc[-1] for past in (even, shaken))
    assert risks.variation(even, np.full(24, 0.05)) == 0
    assert risks.variation(shaken, np.full(24, 0.05)) > 0.5
    assert wild["customers_high"] - wild["customers_low"] > 2 * (
        calm["customers_high"] - calm["customers_low"]
    )


@pytest.mark.parametrize("spans", [[("A", "2026-03-05", "", 10)], [("A", "2026-01-05", "2026-02-05", 10)]])
def test_nothing_to_look_ahead_from(opened: Any, spans: list[tuple]) -> None:
    """Nobody could have left yet, or nobody is left."""
    with opened(spans) as business:
        past = risks.cohort_months(business)
    ahead, better = projection.projection(past, LAST), projection.what_if(past, LAST)
    assert ahead.empty
    assert better.empty
    assert "nothing to look ahead from" in said_outlook.projection(ahead, "").text
    assert "nothing to do better" in said_outlook.what_if(better, "").text


# --- what if ------------------------------------------------------------------------------------------


def test_what_if_by_hand() -> None:
    """A churn of 8 % with p points less is one of 8 − p %; what is more is the difference of the years."""
    past = steady(0.08)
    better = projection.what_if(past, LAST)
    today = past.loc[past["month"] == MONTHS[-1], "customers_at_end"].sum()
    assert better["points_better"].tolist() == [0, 1, 2, 3, 4, 5]
    for row in better.itertuples():
        stay = (1 - 0.08 + row.points_better / 100) ** np.arange(13)
        customers = today * stay[12] + 10_000 * stay[:12].sum()
        assert row.customers == pytest.approx(customers, rel=1e-3)
        assert float(row.mrr) == pytest.approx(10 * customers, rel=2e-3)
        assert float(row.newcomer_revenue) == pytest.approx(10 * stay[:12].sum(), rel=2e-3)
    usual, best = better.iloc[0], better.iloc[-1]
    assert best["more_customers"] == best["customers"] - usual["customers"]
    assert pd.isna(usual["more_customers"])
    ends = [(1 - churn) ** np.arange(13) for churn in (0.03, 0.08)]
    months = [today * stay[1:].sum() + 10_000 * np.cumsum(stay[:12]).sum() for stay in ends]
    assert float(best["more_revenue"]) == pytest.approx(10 * (months[0] - months[1]), rel=2e-3)


def test_more_points_are_worth_more(sample: Business) -> None:
    """In every number; and what is more does not hang on the chance of single customers."""
    past = risks.cohort_months(sample)
    better = projection.what_if(past, risks.choice(risks.back_test(past)))
    for name in ("customers", "mrr", "newcomer_revenue"):
        assert better[name].astype(float).is_monotonic_increasing
    gains = better.iloc[1:]
    for name in ("more_customers", "more_revenue"):
        assert gains[name].astype(float).is_monotonic_increasing
        assert (gains[f"{name}_low"].astype(float) > 0).all()


def test_a_risk_cannot_fall_below_nothing() -> None:
    """Of a churn of 2.5 % a month, three points cannot be gained."""
    assert projection.what_if(steady(0.025), LAST)["points_better"].tolist() == [0, 1, 2]
    said = said_outlook.what_if(projection.what_if(steady(0.005), LAST), "")
    assert "there is no point to gain" in said.text


def test_what_if_in_words() -> None:
    """One customer, many customers, and amounts with their currency."""
    many = said_outlook.what_if(projection.what_if(steady(0.08), LAST), "EUR").text
    assert many.startswith("If one customer of a hundred more stayed each month, there would be ")
    assert "A newcomer would bring in EUR " in many
    three = cells(np.array([1, 1, 0.9, 0.9, *[0.8] * 9, *[0.7] * 11]), came=10).assign(came=0, mrr_came=0)
    now = three[["customers_at_end", "mrr_at_end"]].where(three["k"].between(20, 20), 0)
    few = said_outlook.what_if(projection.what_if(three.assign(**now), LAST), "").text
    assert "hardly be a customer more" in few
    nobody = steady(0.05).assign(came=0, mrr_came=0)
    assert "newcomer" not in said_outlook.what_if(projection.what_if(nobody, LAST), "").text
    said = said_outlook.projection(projection.projection(nobody, LAST), "").text
    assert said.endswith("nobody came in the last 12 months.")


# --- what "5 % better" may mean -----------------------------------------------------------------------


def test_five_percent_by_hand() -> None:
    """Of 10 % a month: 1/0.95 − 1; from 28.2 % to 33.2 % left after a year; from 10 % to 5 % a month."""
    found = projection.five_percent(rate(1000, 10_000)).set_index("reading")
    stay = (0.9**12 + 0.05) ** (1 / 12)
    assert found["gain_share"].tolist() == pytest.approx([1 / 0.95 - 1, 0.1 / (1 - stay) - 1, 1.0])
    assert found["asked_rate"].tolist() == pytest.approx([0.095, 1 - stay, 0.05])
    assert pd.isna(found.loc["5 % fewer leave", "gain_share_low"])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(0, 3000))
def test_the_interval_of_a_gain_holds_the_gain(lost: int, stayed: int) -> None:
    """Although the gain of a reading may fall and then rise along the interval of the churn."""
    for row in projection.five_percent(rate(lost, lost + stayed)).itertuples():
        if not np.isnan(row.gain_share_low):
            assert row.gain_share_low - 1e-9 <= row.gain_share <= row.gain_share_high + 1e-9


@pytest.mark.parametrize(
    ("churn", "words"),
    [
        (rate(0, 100), "Nobody left in the last 12 months"),
        (rate(3000, 50_000), "less than the quoted 25 to 95 %"),
        (rate(1200, 100_000), "which is compatible with the quoted 25 to 95 %"),
        (rate(600, 100_000), "more than the quoted 25 to 95 %"),
        (rate(40, 100_000), "less than five points a year, so five points more cannot stay"),
        (rate(3000, 50_000), "so few that nobody has seen such a lifetime"),
        (rate(1000, 50_000), "“5 points more stay in a month” would be more than all who leave"),
    ],
)
def test_five_percent_in_words(churn: Any, words: str) -> None:
    """Against the quotation, by what it was meant to say."""
    assert words in said_outlook.five_percent(projection.five_percent(churn), churn).text


# --- in words -----------------------------------------------------------------------------------------


def test_the_choice_in_words() -> None:
    """Which way, and how far each was off."""
    assert "too few months to test" in said_outlook.choice(LAST).text
    chosen = Choice(BY_TENURE, 1, {LAST_RATE: 0.068, BY_TENURE: 0.056, FALLING_RISK: 0.089})
    said = said_outlook.choice(chosen).text
    assert said.startswith("Used: the last rates by tenure. Tested once on 6 months not shown to it")
    assert "it missed the number of customers by 5.6 % on average, by 6.8 % with the last rate" in said


def test_currencies_in_words() -> None:
    """Rates in full; what is paid in each; nothing where there is one currency."""
    foreign = pd.DataFrame({"currency": ["USD"], "mrr_at_end": [Decimal("18.40")]})
    rates = {"JPY": Decimal("0.00610"), "USD": Decimal("0.92")}
    said = said_revenue.exchange_rates(foreign, rates, "EUR")
    assert said is not None
    assert "one rate for all months: JPY at 0.0061 and USD at 0.92." in said.text
    assert "The MRR at the month's end holds EUR 18.40 in USD." in said.text
    assert said_revenue.exchange_rates(foreign.head(0), {}, "EUR") is None

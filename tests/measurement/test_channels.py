"""Who is worth what, and what they cost: loops over the rows, timelines by hand, laws, and the gate."""

import csv
import datetime as dt
import math
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retention_helpers import measurement
from retention_helpers.business import SAMPLE, Business
from retention_helpers.business.opening import narrowed
from retention_helpers.measurement import channels, survival
from retention_helpers.measurement.said.channels import about_groups
from retention_helpers.words.calendar import months_after

Opened = Callable[..., Business]


def worth(business: Business, **by: Any) -> pd.DataFrame:
    return channels.worth_by(business, survival.tenures(business), **by)


def rows_of(name: str) -> list[dict[str, str]]:
    with (SAMPLE / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


# --- by a loop over the files ------------------------------------------------------------------------


def test_what_a_channel_costs_by_a_loop_over_the_files(sample: Business) -> None:
    """Of the last twelve months: what was spent, over those whose first paid or paused day lies in them."""
    came = {row["customer_id"]: row["acquisition_channel"] for row in rows_of("customers")}
    first: dict[str, str] = {}
    for row in rows_of("subscriptions"):
        serves = row["status"] in ("paused", "comped") or float(row["mrr"] or 0) > 0
        if serves and row["status"] != "trialing":
            first[row["customer_id"]] = min(first.get(row["customer_id"], "9"), row["started_at"][:7])
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows_of("spend"):
        if "2025-11" <= row["month"] <= "2026-10":
            spent[row["channel"]] += Decimal(row["amount"])
    found = worth(sample, by="acquisition_channel").set_index("level")
    assert set(spent) == {"search", "partner", "paid_social"}
    for channel, amount in spent.items():
        many = sum(came.get(who) == channel and month >= "2025-11" for who, month in first.items())
        assert (found.loc[channel, "spent"], found.loc[channel, "newcomers"]) == (amount, many)
        assert found.loc[channel, "cost"] == pytest.approx(float(amount) / many)
    assert math.isnan(found.loc["referral", "cost"]) and found.loc["referral", "pays_back"] == "not known"


def test_the_planted_order_of_the_channels_is_seen(sample: Business) -> None:
    """Planted: a request to cancel is 1.9 times as likely after paid social, 0.45 times after referrals."""
    found = worth(sample, by="acquisition_channel").set_index("level")
    assert found.loc["paid_social", "verdict"] == "below the rest"
    assert found.loc["referral", "survival_12"] > found.loc["search", "survival_12"]
    assert found.loc["search", "survival_12"] > found.loc["paid_social", "survival_12"]
    assert found.loc["paid_social", "payback_months"] > found.loc["search", "payback_months"]


# --- by hand -----------------------------------------------------------------------------------------


def came_by(channel: str, many: int, mrr: float, leaves_after: int) -> list[dict[str, Any]]:
    """Customers of a channel who all begin on the 5th of a month of 2024, and stay for so many months."""
    people = []
    for nth in range(many):
        begun = dt.date(2024, 1 + nth % 6, 5)
        gone = str(months_after(begun, leaves_after)) if leaves_after else ""
        people.append(
            {"who": f"{channel}-{nth:02}", "begun": str(begun), "gone": gone, "mrr": mrr, "by": channel}
        )
    return people


BOTH = came_by("a", 12, 10, 3), came_by("b", 18, 20, 0)


def shop(business_of: Opened, *groups: list[dict[str, Any]], **more: Any) -> Business:
    people = [one for own in groups for one in own]
    customers = [
        {"customer_id": one["who"], "signed_up_at": one["begun"], "acquisition_channel": one["by"]}
        for one in people
    ]
    spans = [(one["who"], one["begun"], one["gone"], one["mrr"]) for one in people]
    whole = {"accepted": ["active alone", "late history", "ends on one day"], "min_customers": 10}
    settings = {**whole, **more.pop("settings", {})}
    return business_of(
        spans, month=more.pop("month", "2026-03"), customers=customers, settings=settings, **more
    )


def test_a_newcomer_who_stays_three_months_pays_three_times(business_of: Opened) -> None:
    """Those of a pay 10 for three months: 30 in all, and 30 are reached in month 3; of b 20 for good: 240."""
    spend = [(f"2024-{month:02}", "A", 50) for month in range(1, 7)]
    business = shop(
        business_of, came_by("a", 12, 10, 3), came_by("b", 18, 20, 0), spend=spend, month="2024-12",
        settings={"min_customers": 20},
    )  # fmt: skip
    found = worth(business, by="acquisition_channel").set_index("level")
    assert found.loc["a", "followed"] == 0 and math.isnan(found.loc["a", "counted_12"])
    later = shop(business_of, came_by("a", 12, 10, 3), came_by("b", 18, 20, 0), month="2025-12")
    found = worth(later, by="acquisition_channel").set_index("level")
    assert found.loc["a", "counted_12"] == pytest.approx(30)
    assert found.loc["b", "counted_12"] == pytest.approx(240)
    assert found.loc["a", "survival_12"] == 0 and found.loc["b", "survival_12"] == 1
    assert (found["pays_back"].isna()).all() and found["cost"].isna().all()


@pytest.mark.parametrize(
    ("amount", "standing", "by"),
    [(150, "pays back", 2), (600, "not within the time seen", None)],
)
def test_when_a_customer_is_paid_back(
    business_of: Opened, amount: int, standing: str, by: int | None
) -> None:
    """Twelve customers at 10 a month, gone after three months, of whom each cost 12.50; or 50.

    After month 1 it is 10, after month 2 20. Nobody left by then, which twelve customers make certain for
    76 % (Wilson): 15.1 at least.
    """
    spend = [("2024-03", "A ", amount / 2), ("2024-03-20", "a", amount / 2)]
    half = [{**one, "begun": "2024-03-05", "gone": "2024-06-05"} for one in came_by("a", 12, 10, 3)]
    business = shop(business_of, half, came_by("b", 18, 20, 0), spend=spend, month="2025-02")
    row = worth(business, by="acquisition_channel").set_index("level").loc["a"]
    assert row["spent"] == amount and row["newcomers"] == 12 and row["cost"] == amount / 12
    assert row["pays_back"] == standing
    assert (row["pays_back_by"] if by else None) == by


def test_what_is_spent_later_or_longer_ago_than_a_year_is_not_counted(business_of: Opened) -> None:
    spend = [("2024-02", "a", 100), ("2024-03", "a", 10), ("2025-03", "a", 1000)]
    business = shop(
        business_of, came_by("a", 12, 10, 3), came_by("b", 18, 20, 0), spend=spend, month="2025-02"
    )
    row = worth(business, by="acquisition_channel").set_index("level").loc["a"]
    assert (row["spent"], row["months_of_spend"], row["newcomers"], row["cost"]) == (10, 1, 2, 5)


def test_a_narrowed_business_has_no_cost(business_of: Opened) -> None:
    spend = [("2024-03", "a", 10)]
    business = shop(
        business_of, came_by("a", 12, 10, 3), came_by("b", 18, 20, 0), spend=spend, month="2025-02"
    )
    assert worth(narrowed(business, {"acquisition_channel": "a"}))["cost"].isna().all()


def test_without_a_channel_or_country_plans_and_years_stand_alone(business_of: Opened) -> None:
    spans = [
        (f"C-{nth:02}", "2024-01-05", "2024-09-05" if nth < 5 else "", 10, "active", "pro")
        for nth in range(30)
    ]
    business = business_of(spans, month="2025-12")
    result = measurement.worth_by_group(business, survival.tenures(business))
    assert set(result.value["by"]) == {"first_plan", "start_year"}
    assert set(result.value["verdict"]) == {"the only one"}
    said = repr(result.sentence("EUR"))
    assert (
        said.startswith("No two groups are large enough") and "channel" not in said and "country" not in said
    )
    apart = result.value.assign(verdict="no clear difference")
    assert repr(about_groups(apart)).startswith("No year of start brings in clearly more")


# --- laws --------------------------------------------------------------------------------------------


def test_parts_sum_to_the_whole(sample: Business) -> None:
    """Every kind has every customer once; what was spent is spent on the channels, known ones and others."""
    found = worth(sample)
    tenures = survival.in_sight(survival.tenures(sample))
    assert (found.groupby("by")["customers"].sum() == len(tenures)).all()
    assert (found.groupby("by")["followed"].sum() == (tenures["months_followed"] >= 12).sum()).all()
    lately = [row for row in rows_of("spend") if "2025-11" <= row["month"] <= "2026-10"]
    assert sum(found["spent"].dropna()) == sum(Decimal(row["amount"]) for row in lately)


def test_where_nobody_is_apart_groups_have_the_revenue_of_all(sample: Business) -> None:
    """The whole as one group is the number that the page has for everybody."""
    tenures = survival.tenures(sample)
    whole = survival.restricted_revenue(sample, tenures).iloc[0]
    alike = tenures.assign(**{"level of first_interval": "all"})
    own = channels._of_kind(survival.in_sight(alike), survival.monthly_amounts(sample), "first_interval", 20)
    assert own.loc[0, "counted_12"] == pytest.approx(whole["revenue"])
    assert own.loc[0, "revenue_12"] == pytest.approx(whole["revenue"])
    assert np.isclose(own.loc[0, "revenue_12_low"], whole["revenue_low"], rtol=0.01)


def test_what_happens_after_the_month_changes_nothing(business_of: Opened) -> None:
    """Rows of later months: spend, customers and losses."""
    spend = [("2024-03", "a", 10)]
    first = shop(business_of, came_by("a", 12, 10, 3), came_by("b", 18, 20, 0), spend=spend, month="2025-02")
    later = [{**one, "gone": "2025-03-09"} for one in came_by("b", 18, 20, 0)]
    new = [{**one, "who": f"N-{nth}", "begun": "2025-04-05", "gone": ""} for nth, one in
           enumerate(came_by("a", 5, 99, 3))]  # fmt: skip
    second = shop(
        business_of,
        came_by("a", 12, 10, 3),
        later,
        new,
        spend=[*spend, ("2025-03", "a", 500)],
        month="2025-02",
    )
    pd.testing.assert_frame_equal(worth(first), worth(second))


# --- the gate ----------------------------------------------------------------------------------------


def test_the_gate_names_channels_that_nobody_came_by(business_of: Opened) -> None:
    spend = [("2024-03", "B", 10), ("2024-03", "billboards", 900), ("in spring", "a", 1)]
    with pytest.raises(Exception, match="spend"):
        shop(business_of, *BOTH, spend=spend, month="2025-02")
    business = shop(
        business_of, came_by("a", 12, 10, 3), came_by("b", 18, 20, 0), spend=spend[:2], month="2025-02"
    )
    (fault,) = [one for one in business.faults if one.rule == "unknown channel"]
    assert fault.level == "warning" and "nobody came by billboards" in fault.message
    row = worth(business, by="acquisition_channel").set_index("level").loc["billboards"]
    assert (row["customers"], row["spent"], row["verdict"]) == (0, 900, "too few") and math.isnan(row["cost"])
    said = repr(about_groups(worth(business, by="acquisition_channel"), "EUR"))
    assert "billboards: EUR 900 spent in 1 month, and nobody of this name began in them." in said
    assert "no row of it: billboards" not in said


def test_the_gate_says_where_nobody_knows_how_customers_came(business_of: Opened) -> None:
    spans = [(f"C-{nth:02}", "2024-01-05", "2024-09-05" if nth < 5 else "", 10) for nth in range(30)]
    business = business_of(spans, month="2025-12", spend=[("2024-03", "ads", 10)])
    (fault,) = [one for one in business.faults if one.rule == "unknown channel"]
    assert "no column of customers says" in fault.message
    accepted = business_of(
        spans, month="2025-12", spend=[("2024-03", "ads", 10)], settings={"accepted": ["unknown channel"]}
    )
    assert [one.level for one in accepted.faults if one.rule == "unknown channel"] == ["note"]


def test_what_cost_nothing_has_nothing_to_pay_back(business_of: Opened) -> None:
    """A row of 0 is known to be free; one that nobody came by is no news."""
    spend = [("2024-03", "a", 0), ("2024-03", "b", 10), ("2024-03", "flyers", 0)]
    business = shop(
        business_of, came_by("a", 12, 10, 3), came_by("b", 18, 20, 0), spend=spend, month="2025-02"
    )
    found = worth(business, by="acquisition_channel")
    row = found.set_index("level").loc["a"]
    assert (row["cost"], row["pays_back"]) == (0, "cost nothing")
    assert math.isnan(row["payback_months"]) and pd.isna(row["pays_back_by"])
    said = str(about_groups(found))
    assert "a: nothing was spent on it, so nothing has to be paid back." in said
    assert "costs 0" not in said and "flyers" not in said


@pytest.mark.parametrize("month", ["2024-03", "2024-03-01", "March 2024", "Mär 24", "mars 2024", "03/2024"])
def test_a_month_of_spend_is_read_as_people_write_it(business_of: Opened, month: str) -> None:
    """2 of those by a began in March 2024."""
    business = shop(
        business_of,
        came_by("a", 12, 10, 3),
        came_by("b", 18, 20, 0),
        spend=[(month, "a", 10)],
        month="2025-02",
    )
    row = worth(business, by="acquisition_channel").set_index("level").loc["a"]
    assert (row["spent"], row["newcomers"], row["cost"]) == (10, 2, 5)

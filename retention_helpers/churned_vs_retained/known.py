"""What each table tells of a customer by the landmark: attributes, purchase, tickets, mails, payments."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.moods import kept_tickets
from retention_helpers.business.spans import kept_spans
from retention_helpers.churned_vs_retained.landmark import AT_SIGN_UP, LATER, Driver, Kind, kept_newcomers
from retention_helpers.contract.tables import TABLES, day_name

PRICE_PEERS = 20  # the latest who bought the same, to know its usual price
FEWEST_PEERS = 5
FEW_NUMBERS = 6  # a column of so few different numbers is a category
NOT_GIVEN = "(not given)"
MOST_PERIODS = 8
SIGNED_UP_IN = "signed_up_in"
_OURS = {  # an attribute that is called like a column or a driver of ours is `customers.` and its name
    "days", "lost", "settled", "left_day", "known_day", SIGNED_UP_IN, "trial_first", "plan", "interval",
    "mrr", "discounted", "tickets", "negative_ticket", "mails_opened", "failed_payment", "use_trend",
    "onboarding_completed", "onboarding_steps_skipped", "days_to_first_use", "profile_missing",
}  # fmt: skip
_WINDOWS = ("first_week_", "later_")


PROFILE_MISSING = Driver("profile_missing", "a profile that was not filled in", "yes or no", AT_SIGN_UP)


class Known(NamedTuple):
    """What one table tells: the drivers, and a row a customer with a column a driver and `known_day`.

    A customer without a row did nothing of the kind: `absent` says what that makes of a column. `table` is
    the table that has to have been kept all the while.
    """

    drivers: list[Driver]
    rows: pd.DataFrame
    absent: Mapping[str, float]
    table: str = ""


NOTHING = Known([], pd.DataFrame({"customer_id": []}), {})


def since_sign_up(business: Business, name: str, *, upto: int) -> ir.Table:
    """The rows of a table from each customer's sign-up to the end of day `upto` after it, with that `day`."""
    rows = kept_tickets(business) if name == "tickets" else business.table(name)
    people = kept_newcomers(business).select("customer_id", "signed_up_on")
    joined = rows.join(people, "customer_id")
    dated = joined.mutate(day=joined[day_name(TABLES[name].clock)].delta(joined.signed_up_on, unit="day"))
    return dated.filter((dated.day >= 0) & (dated.day <= upto))


class Coverage(NamedTuple):
    """From when to when a table was kept: whole months, from its first row to its last."""

    opens: pd.Timestamp
    closes: pd.Timestamp

    def holds(self, first: pd.Series, last: pd.Series) -> pd.Series:
        """Whether it was kept from one day to another."""
        return (pd.to_datetime(first) >= self.opens) & (pd.to_datetime(last) <= self.closes)


def coverage(business: Business, table: str) -> Coverage:
    """From when to when a table was kept; of one without rows, never."""
    rows = business.table(table)
    clock = rows[day_name(TABLES[table].clock)]
    ends = business.once(
        f"ends of {table}",
        lambda: rows.aggregate(first=clock.min(), last=clock.max()).execute().iloc[0],
    )
    if pd.isna(ends["first"]):
        return Coverage(pd.Timestamp.max, pd.Timestamp.min)
    months_kept = [pd.Timestamp(day).to_period("M") for day in ends]
    return Coverage(months_kept[0].start_time, months_kept[1].end_time)


def attributes(business: Business) -> Known:
    """The attributes as they were at sign-up: a number where all its values are, a category else.

    Those that the owner named, or all that are neither personal nor leak. Who filled in no more than half of
    them has no profile: a driver of its own, and unknown in what is empty.
    """
    names = business.attributes.compared(business.settings.attributes)
    told = business.table("customers").select("customer_id", *names).execute()
    drivers, columns = [], {"customer_id": told["customer_id"]}
    for name in names:
        is_ours = name in _OURS or name.startswith(_WINDOWS)
        column = f"customers.{name}" if is_ours else name
        numbers = pd.to_numeric(told[name], errors="coerce")
        is_number = numbers.notna().sum() == told[name].notna().sum() and numbers.nunique() > FEW_NUMBERS
        columns[column] = numbers if is_number else told[name].astype(object)
        kind: Kind = "number" if is_number else "category"
        drivers.append(Driver(column, name.replace("_", " "), kind, AT_SIGN_UP))
    rows = pd.DataFrame(columns)
    if drivers and (is_missing := rows[[driver.name for driver in drivers]].isna().mean(axis=1) > 0.5).any():
        drivers.append(PROFILE_MISSING)
        rows[PROFILE_MISSING.name] = is_missing.astype(float)
    return Known(drivers, rows, {})


def time_of_sign_up(rows: pd.DataFrame) -> Known:
    """When they signed up, in quarters, half-years or years, the finest of at most eight periods.

    Whoever signed up at another time met another product, price and market; it stands before everything else.
    """
    place, on = pd.factorize(rows["signed_up_on"])
    quarters = [f"{at.year}, quarter {at.quarter}" for at in on]
    halves = [f"{at.year}, {'first' if at.quarter <= 2 else 'second'} half" for at in on]
    years = [str(at.year) for at in on]
    periods = next((one for one in (quarters, halves) if len(set(one)) <= MOST_PERIODS), years)
    driver = Driver(SIGNED_UP_IN, "time of sign-up", "category", AT_SIGN_UP)
    of_each = np.array(periods, dtype=object)[place]
    told = pd.DataFrame({"customer_id": rows["customer_id"], SIGNED_UP_IN: of_each}, dtype=object)
    return Known([driver], told, {})


BOUGHT = (
    Driver("trial_first", "a trial before the first payment", "yes or no", LATER),
    Driver("plan", "first plan", "category", LATER),
    Driver("interval", "billing interval", "category", LATER),
    Driver("mrr", "first price a month", "number", LATER, is_count=True),
    Driver("discounted", "first price below the usual one", "yes or no", LATER),
)
BOUGHT_ONCE = (Driver("mrr", "first purchase, by 30 days", "number", LATER, is_count=True),)  # by buyers


def first_purchase(business: Business, landmark_days: int) -> Known:
    """Plan, interval, price and discount of the first paying span, and whether a trial came before it.

    Of buyers it is what they bought first. They belong to sign-up where most begin to pay on that day or the
    next, and to what came later where a trial comes first.
    """
    spans = kept_spans(business)
    people = kept_newcomers(business).select("customer_id", "signed_up_on")
    paying = spans.filter(spans.state == "paying").join(people, "customer_id")
    dated = paying.mutate(known_day=paying.started_on.delta(paying.signed_up_on, unit="day"))
    first = ibis.window(group_by="customer_id", order_by=["started_at", ibis.desc("mrr"), "plan", "interval"])
    ranked = dated.filter(dated.known_day <= landmark_days).mutate(nth=ibis.row_number().over(first))
    bought = ranked.filter(ranked.nth == 0).order_by(["started_at", "customer_id"])
    amount = bought.mrr.cast("float64")
    rows = bought.select("customer_id", "known_day", "plan", "interval", mrr=amount).execute()
    rows["discounted"] = _below_the_usual(rows)
    rows["trial_first"] = (rows["known_day"] > 1).astype(float)
    tier = AT_SIGN_UP if rows["known_day"].median() <= 1 else LATER
    bought_things = BOUGHT_ONCE if business.counts_buyers else BOUGHT
    drivers = [replace(one, tier=tier) for one in bought_things if one.name not in prices_not_known(business)]
    return Known(drivers, rows[["customer_id", "known_day", *(driver.name for driver in drivers)]], {})


PRICES = ("mrr", "discounted")


def prices_not_known(business: Business) -> tuple[str, ...]:
    """What a price of then would tell, where the source knows the price of today alone."""
    return () if business.knows("prices") else PRICES


def _below_the_usual(bought: pd.DataFrame) -> list[float]:
    """Whether each paid less than most of the latest who had bought the same plan and interval by then."""
    found = np.full(len(bought), np.nan)
    for places in bought.groupby(["plan", "interval"]).indices.values():
        peers: deque[float] = deque(maxlen=PRICE_PEERS)
        alike = 0  # how many of the latest paid the same
        for place, mrr in zip(places, bought["mrr"].to_numpy()[places].tolist(), strict=True):
            if len(peers) >= FEWEST_PEERS:
                usual = peers[-1] if alike >= len(peers) else Counter(peers).most_common(1)[0][0]
                found[place] = mrr < usual
            alike = alike + 1 if peers and peers[-1] == mrr else 1
            peers.append(mrr)
    return found.tolist()


def tickets(business: Business, landmark_days: int) -> Known:
    """How many tickets by the landmark, and whether one was negative."""
    if not business.has("tickets"):
        return NOTHING
    rows = since_sign_up(business, "tickets", upto=landmark_days)
    told = rows.group_by("customer_id").aggregate(
        known_day=rows.day.max(),
        tickets=rows.count().cast("float64"),
        negative_ticket=rows.count(where=rows.sentiment == "negative").clip(upper=1).cast("float64"),
    )
    drivers = [
        Driver("tickets", f"tickets by day {landmark_days}", "number", LATER, is_count=True),
        Driver("negative_ticket", f"a negative ticket by day {landmark_days}", "yes or no", LATER),
    ]
    return Known(drivers, told.execute(), {"tickets": 0.0, "negative_ticket": 0.0}, "tickets")


def mails(business: Business, landmark_days: int) -> Known:
    """The share of the mails sent by the landmark that were opened by it; unknown where none was sent."""
    if not business.has("emails"):
        return NOTHING
    rows = since_sign_up(business, "emails", upto=landmark_days)
    opened_day = rows.opened_on.delta(rows.signed_up_on, unit="day")
    in_time = rows.opened_on.notnull() & (opened_day <= landmark_days)
    told = rows.group_by("customer_id").aggregate(
        known_day=ibis.greatest(rows.day.max(), ibis.ifelse(in_time, opened_day, 0).max()),
        mails_opened=rows.count(where=in_time).cast("float64") / rows.count(),
    )
    driver = Driver("mails_opened", f"share of mails opened by day {landmark_days}", "number", LATER)
    return Known([driver], told.execute(), {}, "emails")


def payments(business: Business, landmark_days: int) -> Known:
    """Whether a payment failed by the landmark."""
    if not business.has("payments"):
        return NOTHING
    rows = since_sign_up(business, "payments", upto=landmark_days)
    told = rows.group_by("customer_id").aggregate(
        known_day=rows.day.max(),
        failed_payment=rows.count(where=rows.status == "failed").clip(upper=1).cast("float64"),
    )
    driver = Driver("failed_payment", f"a failed payment by day {landmark_days}", "yes or no", LATER)
    return Known([driver], told.execute(), {"failed_payment": 0.0}, "payments")

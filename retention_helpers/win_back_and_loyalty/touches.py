"""The messages of each stage of a customer's life: their trigger, and how many were due in the month."""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.people import rows_of
from retention_helpers.contract.messages import read_messages
from retention_helpers.shown.units import COUNT, TEXT, columns, names_of
from retention_helpers.words import calendar, formats

FIRST_DAYS, HABIT_DAYS, ESTABLISHED_DAYS = 30, 90, 91
AWAY_DAYS = 7
MOST_USE = 0.5  # of the customers of an age: what most of them do
_BY_MONTH = {"first week": "first month", "days 8–90": "months 1–3"}  # where no day of a start is known


@columns(
    touch=TEXT("Message"), stage=TEXT, trigger=TEXT, due=COUNT.or_null("Due this month"),
    what=TEXT("Words to begin with"),
)  # fmt: skip
def touches_by_stage(business: Business) -> pd.DataFrame:
    """One row per message of a stage: what sets it off, and for how many it was due in the report month.

    `due` is null where nothing in the data tells. Whether a message works only a draw by lot tells.

    Glossary: messages by stage.
    """
    written = read_messages(business.folder)["touches"]
    due = _due(business)
    rows = [
        (
            formats.words(name),
            one["stage"] if business.knows("days") else _BY_MONTH.get(one["stage"], one["stage"]),
            one["trigger"],
            due.get(name),
            one["message"].replace("{business}", business.name),
        )
        for name, one in written.items()
    ]
    return pd.DataFrame(rows, columns=names_of(touches_by_stage)).astype({"due": "object"})


def _due(business: Business) -> Mapping[str, int | None]:
    customers = business.table("customers")
    came = customers.filter(customers.signed_up_on >= business.report_month)
    rows = _ages(business)
    habit = rows[rows["tenure_days"].between(8, HABIT_DAYS)]
    settled = rows[rows["tenure_days"] >= ESTABLISHED_DAYS]
    has_use = business.once("has use", lambda: int(months.days_of_use(business).count().execute())) > 0
    written_to = set(_mailed(business)) if business.has("emails") else None
    return {
        "welcome": int(came.count().execute()),
        "seven_days_away": _seven_days_away(business, rows) if has_use else None,
        "next_feature": _without_the_usual(business, habit) if has_use else None,
        "own_month": len(habit) if has_use else None,
        "milestone": int(_has_anniversary(business, settled).sum()),
        "news": None if written_to is None else int((~settled["customer_id"].isin(written_to)).sum()),
    }


def _ages(business: Business) -> pd.DataFrame:
    """A row a customer at the month's end: customer_id, first_on, tenure_days since the sign-up."""
    every = months.kept_customer_months(business)
    now = every.filter((every.month == business.report_month) & (every.state_at_end != "none"))
    customers = business.table("customers").select("customer_id", "signed_up_on").distinct(on="customer_id")
    rows = now.select("customer_id").join(customers, "customer_id")
    rows = rows.join(months.first_days(business).select("customer_id", "first_on"), "customer_id")
    frame = rows.order_by("customer_id").execute()
    age = pd.Timestamp(business.as_of) - pd.to_datetime(frame["signed_up_on"])
    return frame.assign(tenure_days=age.dt.days - 1)


def _mailed(business: Business) -> pd.Series:
    sent = business.table("emails")
    own = sent.filter(sent.sent_on >= business.report_month)
    return own.select("customer_id").distinct().execute()["customer_id"]


def _seven_days_away(business: Business, rows: pd.DataFrame) -> int:
    """Customers of FIRST_DAYS days or less whose seventh day without use lay in the report month."""
    young = rows[rows["tenure_days"] <= FIRST_DAYS + (business.as_of - business.report_month).days]
    days = months.days_of_use(business)
    used = rows_of(days, young["customer_id"]).select("customer_id", "day").execute()
    begun = young[["customer_id", "signed_up_on"]].rename(columns={"signed_up_on": "day"})
    every = pd.concat([used, begun], ignore_index=True)
    every["day"] = pd.to_datetime(every["day"])
    every = every.drop_duplicates().sort_values(["customer_id", "day"])
    following = every.groupby("customer_id")["day"].shift(-1).fillna(pd.Timestamp(business.as_of))
    seventh = every["day"] + pd.Timedelta(days=AWAY_DAYS)
    if every.empty:
        return 0
    signed_up = pd.to_datetime(every["customer_id"].map(young.set_index("customer_id")["signed_up_on"]))
    is_due = (following > seventh) & (seventh >= pd.Timestamp(business.report_month))
    is_due &= seventh < pd.Timestamp(business.as_of)
    return int(every.loc[is_due & ((seventh - signed_up).dt.days <= FIRST_DAYS), "customer_id"].nunique())


def _without_the_usual(business: Business, habit: pd.DataFrame) -> int:
    """Customers of days 8 to 90 who have not done what most of that age have."""
    if habit.empty:
        return 0
    events = business.table("events")
    own = rows_of(events.filter(months.is_activity(business, events)), habit["customer_id"])
    pairs = own.select("customer_id", "event").distinct().execute()
    usual = pairs.groupby("event").size()
    usual = usual[usual >= MOST_USE * len(habit)]
    done = pairs[pairs["event"].isin(usual.index)].groupby("customer_id").size()
    return int((habit["customer_id"].map(done).fillna(0) < len(usual)).sum())


def _has_anniversary(business: Business, rows: pd.DataFrame) -> pd.Series:
    """Whether a whole number of years since the first day was over on a day of the report month."""
    start = business.report_month

    def falls(first: dt.date) -> bool:
        years = start.year - first.year
        return years > 0 and start <= calendar.months_after(first, 12 * years) < business.as_of

    return pd.to_datetime(rows["first_on"]).dt.date.map(falls).astype(bool)

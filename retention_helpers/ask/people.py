"""From a number to the customers behind it."""

import datetime as dt
from dataclasses import replace

import ibis
import pandas as pd

from retention_helpers.ask.questions import CLOCKS, Clock, answer, asked_by, of_some, one_of_these
from retention_helpers.business import Business, levels, months
from retention_helpers.business.levels import By, first_spans
from retention_helpers.business.losses import kept_losses
from retention_helpers.business.opening import Where
from retention_helpers.business.spans import kept_services
from retention_helpers.shown.answers import Answer
from retention_helpers.shown.results import Measure, Result
from retention_helpers.shown.sentences import Sentence
from retention_helpers.shown.units import CODE, DAY, MONEY, TEXT, YES_NO, columns
from retention_helpers.words import calendar, formats
from retention_helpers.words.errors import InputError, whole

MOVEMENTS = ("stayed", "lost", "new", "reactivated", "joined_and_left")
A_DAY = dt.timedelta(days=1)


@columns(
    customer_id=TEXT("Customer"), movement=CODE, plan=TEXT, mrr_at_start=MONEY, mrr_at_end=MONEY,
    lost_on=DAY.or_null, kind=CODE.or_null, reason=CODE.or_null,
)  # fmt: skip
def moved_in(business: Business, month: dt.date, movement: str) -> pd.DataFrame:
    """One row per customer who moved in a month, the largest MRR first; of one movement, or all but stayed.

    mrr in the report's currency; lost_on, kind and reason of who was lost, else null.
    """
    rows = months.kept_customer_months(business).filter(lambda row: row.month == month)
    own = rows.filter(rows.movement == movement if movement else rows.movement != "stayed")
    lost = kept_losses(business).filter(lambda row: row.month == month)
    told = own.left_join(lost.select("customer_id", "lost_on", "kind", "reason"), "customer_id")
    ordered = told.order_by([ibis.desc(ibis.greatest(told.mrr_at_start, told.mrr_at_end)), "customer_id"])
    return ordered.select(
        "customer_id", "movement", "plan", "mrr_at_start", "mrr_at_end", "lost_on", "kind", "reason"
    ).execute()


@columns(
    customer_id=TEXT("Customer"), first_on=DAY("First day"), first_plan=TEXT, day=DAY("Looked at"),
    retained=YES_NO("Customer then"),
)  # fmt: skip
def in_cell(business: Business, cohort: dt.date, k: int, clock: str) -> pd.DataFrame:
    """One row per customer of a cohort who has reached month k: whether a customer at the end of that day.

    The day is that of the clock: the same day k months after the own first day, or the last of month k.
    """
    firsts = months.first_days(business).filter(lambda row: row.cohort == cohort)
    rows = firsts.join(first_spans(business), "customer_id").select(
        "customer_id", "first_on", first_plan="plan"
    )
    found = rows.execute()
    first = [pd.Timestamp(day).date() for day in found["first_on"]]
    last = calendar.months_after(cohort, k + 1) - A_DAY
    days = [calendar.months_after(day, k) if clock == CLOCKS[0] else last for day in first]
    found["day"] = pd.Series(days, dtype="object")  # also where nobody began
    reached = found.loc[[day < business.as_of for day in found["day"]]]
    asked = ibis.memtable(
        reached[["customer_id", "day"]].reset_index(drop=True),
        schema={"customer_id": "string", "day": "date"},
    )
    own = kept_services(business)
    serving = own.join(
        asked,
        [own.customer_id == asked.customer_id, own.begin_on <= asked.day,
         own.end_on.isnull() | (own.end_on > asked.day)],
    )  # fmt: skip
    there = set(serving.select("customer_id").execute()["customer_id"])
    told = reached.assign(retained=reached["customer_id"].isin(there))
    return told.sort_values(["retained", "customer_id"], ignore_index=True)


_MOVED = Measure(moved_in)
_IN_CELL = Measure(in_cell)


def customers(
    business: Business,
    month: str | dt.date = "",
    *,
    movement: str = "",
    cohort: str | dt.date = "",
    k: int | None = None,
    clock: Clock = "anniversary",
    by: By | None = (),
    where: Where | None = None,
) -> Answer:
    """The customers behind a number: of a month (who came and who left in it), or of a cell of the cohorts.

    Of a month such as "2026-09", or any day of it, as answers hold it, a row a customer who moved:
    customer_id, movement, plan, mrr_at_start and mrr_at_end (Decimal), and of who was lost lost_on, kind,
    reason. `movement` asks for one alone: stayed, lost, new, reactivated, joined_and_left. Of `cohort` and
    `k`, a row a customer who has reached it: customer_id, first_on, first_plan, day, retained. What `by`
    names of `groups` is added, each as a column such as "level of country", with its own level however few
    have it. Ids only: names stay in the lists to work from.

    >>> from retention_helpers import ask
    >>> business = ask.open_business(ask.SAMPLE, "2026-10")
    >>> len(ask.customers(business, "2026-10", movement="lost").to_frame())
    26
    >>> ask.customers(business, cohort="2026-03", k=3).to_frame()["retained"].value_counts().to_dict()
    {True: 22, False: 8}

    Raises InputError for a month without customers, and for words that are none of these.
    """
    asked, by = of_some(business, where), asked_by(by)
    if bool(month) == bool(cohort) or bool(cohort) != (k is not None):
        raise InputError('Ask for a month, such as "2026-09", or for a cell: cohort="2026-03", k=3.')
    one_of_these(clock, CLOCKS, "clock")
    if k is not None:
        if movement:
            raise InputError("A cell of the cohorts has no movement: leave it out, or ask for a month.")
        return _of_cell(asked, _known(asked, cohort), whole(k, "k", 0), clock, by)
    if movement:
        one_of_these(movement, MOVEMENTS, "movement")
    first = _known(asked, month)
    found = _with_levels(_MOVED(asked, first, movement), asked, by)
    what = formats.words(movement).lower() if movement else "came or left"
    who = formats.plural(len(found.value), "customer")
    said = Sentence(f"{who} of {formats.month(first)}: {what}.")
    return answer(asked, found, f"Customers of {formats.month(first)}: {what}", lambda: said)


def _with_levels(found: Result, business: Business, by: By) -> Result:
    """The customers with a column more for what each is grouped by; ids stand here, so levels do, too."""
    return replace(found, value=levels.with_levels(found.value, business, by, exact=True))


def _of_cell(business: Business, cohort: dt.date, k: int, clock: str, by: By) -> Answer:
    reached = k <= calendar.months_between(cohort, business.report_month)
    found = _IN_CELL(business, cohort, k if reached else 0, clock)
    if not reached or found.value.empty:
        raise InputError(
            f"Of the cohort of {formats.month(cohort)} nobody has reached month {k} "
            "yet, or nobody began then."
        )
    many, kept = len(found.value), int(found.value["retained"].sum())
    said = (
        f"Of {formats.plural(many, 'customer')} of {formats.month(cohort)} who have reached month "
        f"{formats.count(k)}, {formats.count(kept)} were customers then."
    )
    caption = f"The cohort of {formats.month(cohort)} at month {formats.count(k)}, on the {clock} clock"
    told = _with_levels(found, business, by)
    return answer(business, told, caption, lambda: Sentence(said))


def _known(business: Business, asked: str | dt.date) -> dt.date:
    """A month of the business; InputError with those that there are."""
    month = formats.iso_month(asked) if isinstance(asked, dt.date) else str(asked)
    first, starts = calendar.first_of(month), months.month_starts(business)
    if first not in starts:
        known = [formats.iso_month(day) for day in (starts[0], starts[-1])]
        raise InputError(f"There are no customers of {month}: the months go from {known[0]} to {known[1]}.")
    return first

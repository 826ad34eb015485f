"""The calendar and the records of the sample, and its hand-made customers.

Time is a whole number of minutes since the first midnight of the history, in the business's own
time zone; days are counted from the same midnight. A `Story` is all that happens to one customer.
The boundary cases (C-9001 …) are written out here word for word; README.md lists them.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# ------------------------------------------------------------------------------------------ time

FIRST_MIDNIGHT = datetime(2024, 11, 1)
DAY = 24 * 60


def minute(text: str) -> int:
    """Minutes from the first midnight to a local instant, or to the start of a local day."""
    return int((datetime.fromisoformat(text) - FIRST_MIDNIGHT).total_seconds()) // 60


END = minute("2026-11-01")
OPEN = 10 * END  # later than anything: no end in sight
DAYS = END // DAY


def instant(at: int) -> str:
    """A minute as a local ISO instant."""
    return (FIRST_MIDNIGHT + timedelta(minutes=at)).isoformat()


def instants(at: NDArray[np.int64]) -> NDArray[np.str_]:
    """Many minutes as local ISO instants."""
    return np.datetime_as_string(np.datetime64(FIRST_MIDNIGHT, "s") + at * np.timedelta64(60, "s"))


@cache
def months_after(at: int, months: int) -> int:
    """The same day and hour some months later (the month's last day where the day is missing)."""
    start = FIRST_MIDNIGHT + timedelta(minutes=at)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    later = start.replace(year=year, month=month + 1, day=day)
    return int((later - FIRST_MIDNIGHT).total_seconds()) // 60


# ------------------------------------------------------------------------------------ hand-made


class Span(NamedTuple):
    """A time at a constant plan and price; `end` may lie after the history."""

    start: int
    end: int
    plan: str
    mrr: Decimal | None
    status: str
    interval: str
    subscription: int
    is_dated: bool = False


class Request(NamedTuple):
    """A wish to leave (or the biller giving up), and when service ends for it."""

    at: int
    end: int
    kind: str
    is_asked: bool
    reason: str
    comment: str


class Payment(NamedTuple):
    """An attempt to collect or to return money."""

    at: int
    status: str
    amount: Decimal


@dataclass
class Story:
    """All that happens to one customer between sign-up and the end of the history."""

    spans: list[Span] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    offer: tuple[int, str] | None = None
    lapsed_at: int | None = None
    returned_at: int | None = None


class HandMade(NamedTuple):
    """A boundary case, written out: spans as "start | end | plan | mrr | status | subscription"."""

    number: int
    signed_up: str
    spans: tuple[str, ...]
    requests: tuple[tuple[str, str, str, str], ...] = ()  # asked, kind, reason, comment
    failed: tuple[str, ...] = ()
    interval: str = "month"


HAND_MADE = (
    HandMade(9001, "2026-01-12T10:05", (
        "2026-01-12T10:20 | 2026-04-12T10:20 | team | 59 | active | 1",
        "2026-04-12T10:20 | 2026-05-12T10:20 | team |  | comped | 1",
        "2026-05-12T10:20 |  | team | 59 | active | 1")),
    HandMade(9002, "2025-11-18T09:00", (
        "2025-11-18T09:10 | 2026-05-04T09:10 | solo | 19 | active | 1",
        "2026-05-04T09:10 | 2026-05-25T09:10 | solo |  | paused | 1",
        "2026-05-25T09:10 |  | solo | 19 | active | 1")),
    HandMade(9003, "2026-03-14T14:00", (
        "2026-03-14T14:30 | 2026-10-14T14:30 | team | 59 | active | 1",
        "2026-10-14T14:30 |  | team |  | paused | 1")),
    HandMade(9004, "2025-06-20T11:00", (
        "2025-06-20T11:15 | 2026-08-20T11:15 | solo | 19 | active | 1",
        "2026-08-20T11:15 | 2026-09-20T11:15 | solo |  | paused | 1",
        "2026-09-20T11:15 |  | solo | 21 | active | 1")),
    HandMade(9005, "2026-05-08T16:00", (
        "2026-05-08T16:20 | 2026-10-08T16:20 | team | 59 | active | 1",),
        (("2026-09-20T13:45", "voluntary", "too_expensive", "The new price is too much."),)),
    HandMade(9006, "2025-09-17T08:30", (
        "2025-09-17T08:40 |  | solo | 15.833333 | active | 1",), interval="year"),
    HandMade(9007, "2026-02-03T08:50", (
        "2026-02-03T09:00 | 2026-08-03T09:00 | solo | 19 | active | 1",
        "2026-08-04T15:30 |  | team | 65 | active | 2")),
    HandMade(9008, "2026-01-21T12:00", (
        "2026-01-21T12:10 | 2026-10-21T12:10 | studio | 149 | active | 1",
        "2026-10-21T12:10 |  | team | 65 | active | 1")),
    HandMade(9009, "2026-01-30T17:00", (
        "2026-02-01T00:00 | 2026-09-01T00:00 | team | 59 | active | 1",),
        (("2026-08-12T10:00", "voluntary", "missing_feature", "No read access for our clients."),)),
    HandMade(9010, "2026-04-06T13:30", (
        "2026-04-06T14:00 | 2026-10-06T14:00 | team | 59 | active | 1",
        "2026-10-20T09:30 |  | team | 65 | active | 2"),
        (("2026-09-28T10:12", "voluntary", "temporary", "Nothing to plan until spring."),)),
    HandMade(9011, "2026-01-09T09:45", (
        "2026-01-09T10:00 | 2026-07-09T10:00 | solo | 19 | active | 1",
        "2026-10-13T11:20 |  | solo | 21 | active | 2"),
        (("2026-07-02T18:05", "voluntary", "not_using_enough", "Summer. Nobody is here."),)),
    HandMade(9012, "2026-10-05T10:30", (
        "2026-10-05T10:45 | 2026-10-19T15:10 | solo | 21 | active | 1",),
        (("2026-10-19T15:10", "voluntary", "too_complex", "I only wanted a list."),)),
    HandMade(9013, "2026-02-16T09:20", (
        "2026-02-16T09:40 |  | studio | 149 | active | 1",
        "2026-09-02T10:00 |  | team | 65 | active | 2")),
    HandMade(9014, "2026-06-24T15:00", (
        "2026-06-24T15:20 | 2026-10-24T15:20 | team | 65 | active | 1",
        "2026-10-24T15:20 |  | team | 65 | past_due | 1"),
        failed=("2026-10-24T15:23", "2026-10-27T15:23", "2026-10-29T15:23", "2026-10-31T15:23")),
    HandMade(9015, "2026-09-09T11:00", (
        "2026-09-09T11:00 | 2026-09-23T11:00 | solo |  | trialing | 1",)),
    HandMade(9016, "2026-04-15T13:00", (
        "2026-04-15T13:10 | 2026-10-15T13:10 | team | 59 | active | 1",
        "2026-10-15T13:10 |  | free | 0 | active | 1"),
        (("2026-10-10T09:30", "voluntary", "too_expensive", "The free plan will do for now."),)),
    HandMade(9017, "2026-01-31T10:40", (
        "2026-01-31T11:00 | 2026-04-30T11:00 | solo | 19 | active | 1",),
        (("2026-04-09T12:00", "voluntary", "found_alternative", "Our landlord's tool is free."),)),
    HandMade(9018, "2026-10-12", (
        "2026-10-12 | 2026-10-12 | solo | 21 | active | 1",)),
    HandMade(9019, "2026-10-13T09:50", (
        "2026-10-13T10:00 | 2026-10-13T15:30 | team | 65 | active | 1",),
        (("2026-10-13T15:30", "voluntary", "did_not_deliver_value", ""),)),
    HandMade(9020, "2026-02-10T10:00", (
        "2026-02-10T10:05 | 2026-08-10T10:05 | team | 59 | active | 1",),
        (("2026-07-30T11:11", "voluntary", "missing_feature",
          "Write to me at marlene.visser@example.com when time tracking can be exported."),)),
    HandMade(9021, "2026-03-19T10:00", (
        "2026-03-19T10:05 | 2026-10-19T10:05 | solo | 19 | active | 1",),
        (("2026-10-02T09:15", "voluntary", "found_alternative",
          '=HYPERLINK("http://example.com/offer","see this tool")'),)),
    HandMade(9022, "2026-04-22T10:00", (
        "2026-04-22T10:05 | 2026-09-22T10:05 | solo | 19 | active | 1",),
        (("2026-09-11T14:40", "voluntary", "too_complex",
          "<script>alert('hello')</script> is all that your editor understood."),)),
    HandMade(9023, "2026-02-26T10:00", (
        "2026-02-26T10:05 | 2026-08-26T10:05 | team | 59 | active | 1",),
        (("2026-08-14T08:20", "voluntary", "not_using_enough",
          "# We **never** used it, see [our page](http://example.com), it is `quiet` | there"),)),
    HandMade(9024, "2026-05-27T13:00", (
        "2026-05-27T13:05 |  | team | 59 | active | 1",)),
    HandMade(9025, "2026-07-18T13:00", (
        "2026-07-18T13:05 |  | team | 65 | active | 1",),
        (("2026-10-21T19:30", "voluntary", "too_expensive", "Zu teuer für uns beide."),)),
    HandMade(9026, "2026-03-03T13:00", (
        "2026-03-03T13:05 | 2026-10-03T13:05 | solo | 19 | active | 1",
        "2026-10-03T13:05 | 2026-10-17T13:05 | solo | 19 | past_due | 1"),
        (("2026-10-17T13:05", "involuntary", "payment_failed", ""),),
        failed=("2026-10-03T13:08", "2026-10-06T13:08", "2026-10-10T13:08", "2026-10-17T13:05")),
    HandMade(9027, "2026-02-11T13:00", (
        "2026-02-11T13:05 |  | team | 59 | active | 1",),
        (("2026-08-03T10:50", "voluntary", "missing_feature", "Solved, I stay after all."),)),
)  # fmt: skip
DUPLICATED = "C-9024"  # its one row of subscriptions is there twice, letter for letter
UNKNOWN = "C-9099"  # a subscription, but no row in customers


def told(case: HandMade) -> Story:
    """The story of a hand-made customer; a monthly payment succeeds while it pays."""
    story = Story()
    for line in case.spans:
        start, end, plan, mrr, status, number = (part.strip() for part in line.split("|"))
        amount = Decimal(mrr) if mrr else None
        until = minute(end) if end else OPEN
        span = Span(minute(start), until, plan, amount, status, case.interval, int(number),
                    "T" not in start)  # fmt: skip
        story.spans.append(span)
        if status == "active" and amount:
            step = 12 if case.interval == "year" else 1
            due = [months_after(span.start, step * k) for k in range(25)]
            story.payments += [Payment(at + 3, "succeeded", round(amount * step, 2))
                               for at in due if at < min(until, END)]  # fmt: skip
    for asked, kind, reason, comment in case.requests:
        at = minute(asked)
        until = min(span.end for span in story.spans if span.end >= at)
        story.requests.append(Request(at, until, kind, True, reason, comment))
    story.payments += [Payment(minute(at), "failed", story.spans[-1].mrr or Decimal(0))
                       for at in case.failed]  # fmt: skip
    return story

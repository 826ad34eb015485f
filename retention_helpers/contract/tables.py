"""The data contract: the tables a business brings, their columns and types, and how a fault is said."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from retention_helpers.words.errors import InputError, without_long_words
from retention_helpers.words.formats import count

Kind = Literal["text", "choice", "instant", "money", "score"]
Level = Literal["stop", "warning", "note"]


@dataclass(frozen=True)
class Column:
    """A column of the contract.

    `instant` is ISO 8601 with or without time and offset; `money` is in major units a month with up to
    six decimals (of a payment or an order in all); `score` is a whole number from 0 to 10; `choice` is one of
    `choices`. A `required` column must be there, a `filled` one must have a value in every row.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    filled: bool = False
    choices: tuple[str, ...] = ()
    is_month: bool = False  # an instant that may be written as a month, "2026-10", for its first day


@dataclass(frozen=True)
class Table:
    """A table of the contract. Rows are placed in time by the first instant, `clock`."""

    name: str
    columns: tuple[Column, ...]
    clock: str
    has_attributes: bool = False  # further columns are kept as attributes
    is_large: bool = False  # streams through the engine; repeated rows may be real

    @property
    def is_of_customers(self) -> bool:
        return any(column.name == "customer_id" for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)

    def of_kind(self, kind: Kind) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.kind == kind)


def _must(name: str, kind: Kind = "text", choices: tuple[str, ...] = ()) -> Column:
    return Column(name, kind, required=True, filled=True, choices=choices)


def day_name(instant: str) -> str:
    """The column that holds an instant's day in the business time zone.

    >>> day_name("started_at"), day_name("happened_on")
    ('started_on', 'happened_on')
    """
    return instant.removesuffix("_at") + "_on" if instant.endswith("_at") else instant


PAYING = ("active", "past_due")
PAUSED = ("paused", "comped")
STATUSES = (*PAYING, *PAUSED, "trialing")
OWN_MRR = "own_mrr"  # beside mrr where the data hold several currencies: the amount in the row's own
FREE_STATUSES = (*PAUSED, "trialing")  # mrr may be empty
MAY, MAY_NOT = "yes", "no"  # be contacted

TABLES = {
    table.name: table
    for table in (
        Table(
            "customers",
            (
                _must("customer_id"),
                _must("signed_up_at", "instant"),
                Column("may_contact", "choice", choices=(MAY, MAY_NOT)),  # empty: yes
            ),
            clock="signed_up_at",
            has_attributes=True,
        ),
        Table(
            "subscriptions",
            (
                _must("customer_id"),
                _must("started_at", "instant"),
                Column("ended_at", "instant", required=True),  # empty: open
                Column("mrr", "money", required=True),  # empty: only for FREE_STATUSES
                Column("plan"),
                Column("status", "choice", choices=STATUSES),
                Column("currency"),
                Column("interval"),
                Column("subscription_id"),
            ),
            clock="started_at",
        ),
        Table(
            "events",
            (_must("customer_id"), _must("occurred_at", "instant"), _must("event")),
            clock="occurred_at",
            is_large=True,
        ),
        Table(
            "cancellations",
            (
                _must("customer_id"),
                _must("canceled_at", "instant"),
                Column("reason"),
                Column("comment"),
                Column("kind", "choice", choices=("voluntary", "involuntary")),
            ),
            clock="canceled_at",
        ),
        Table(
            "payments",
            (
                _must("customer_id"),
                _must("attempted_at", "instant"),
                _must("status", "choice", ("succeeded", "failed", "refunded")),
                Column("amount", "money"),
            ),
            clock="attempted_at",
        ),
        Table(
            "tickets",
            (
                _must("customer_id"),
                _must("opened_at", "instant"),
                Column("answered_at", "instant"),
                Column("closed_at", "instant"),
                Column("sentiment", "choice", choices=("negative", "neutral", "positive")),
                Column("text"),
            ),
            clock="opened_at",
        ),
        Table(
            "emails",
            (
                _must("customer_id"),
                _must("sent_at", "instant"),
                Column("opened_at", "instant"),
                Column("clicked_at", "instant"),
                Column("campaign"),
                Column("channel"),
            ),
            clock="sent_at",
        ),
        Table(
            "nps",
            (
                _must("customer_id"),
                _must("answered_at", "instant"),
                _must("score", "score"),
                Column("comment"),
            ),
            clock="answered_at",
        ),
        Table(
            "assignments",
            (
                _must("experiment"),
                _must("customer_id"),
                _must("arm"),
                _must("assigned_at", "instant"),
            ),
            clock="assigned_at",
        ),
        Table(
            "contacts",
            (
                _must("customer_id"),
                _must("contacted_at", "instant"),
                _must("kind"),
                Column("outcome"),
            ),
            clock="contacted_at",
        ),
        Table("notes", (_must("happened_on", "instant"), _must("note")), clock="happened_on"),
        Table(
            "enrolments",
            (
                _must("campaign"),
                _must("customer_id"),
                _must("group", "choice", ("mailed", "held_out")),
                _must("enrolled_at", "instant"),
            ),
            clock="enrolled_at",
        ),
        Table(
            "orders",
            (
                _must("customer_id"),
                _must("ordered_at", "instant"),
                _must("amount", "money"),
                Column("order_id"),
                Column("channel"),
            ),
            clock="ordered_at",
        ),
        Table(
            "spend",
            (
                Column("month", "instant", required=True, filled=True, is_month=True),
                _must("channel"),
                _must("amount", "money"),  # in the report's currency
            ),
            clock="month",
        ),
    )
}
REQUIRED_TABLES = ("customers", "subscriptions")
INSTEAD = "orders"  # a business of buyers brings them alone


def lacking(tables: Collection[str]) -> list[str]:
    """The tables that are needed and not among these: none beside orders, from which both can be taken.

    >>> lacking(["customers"]), lacking(["orders"])
    (['subscriptions'], [])
    """
    return [] if INSTEAD in tables else [table for table in REQUIRED_TABLES if table not in tables]


# What each optional table would add to the pages.
ADDS = {
    "events": "activity, onboarding, and warnings from use",
    "cancellations": "who ended it, and why",
    "payments": "failed payments, and what was recovered",
    "tickets": "complaints as a warning",
    "emails": "unopened mails as a warning",
    "nps": "whether they would recommend you, and a low score as a warning",
    "assignments": "whether an experiment works",
    "contacts": "whom you have spoken to already",
    "notes": "your own events on the charts, and what they did",
    "enrolments": "what your campaigns added",
    "orders": "who buys again, and whose silence is a loss",
    "spend": "what a customer of a channel costs, and when that is paid back",
}

OF_SUBSCRIPTIONS = ("cancellations", "payments")  # of those they say something, and nothing of buyers


@dataclass(frozen=True)
class History:
    """Something of the past that not every source knows: in words, and what is left empty without it."""

    what: str
    effect: str


HISTORIES = {
    "prices": History(
        "past prices",
        "Expansion, contraction, gross and net revenue retention and the quick ratio are left empty; MRR "
        "stands at the prices that are known.",
    ),
    "pauses": History(
        "past pauses",
        "Paused and resumed MRR, customers paused, gross and net revenue retention and the quick ratio are "
        "left empty.",
    ),
    "days": History(
        "the days on which customers came and went",
        "Losses by day and by days since the first, and the comparison at a landmark, are left empty.",
    ),
}

REASONS = (
    "not_using_enough",
    "too_expensive",
    "missing_feature",
    "found_alternative",
    "did_not_deliver_value",
    "poor_support",
    "too_complex",
    "low_quality",
    "temporary",
    "business_closed",
    "payment_failed",
    "payment_disputed",
    "biller_policy",
    "other",
)
INVOLUNTARY_REASONS = ("payment_failed", "payment_disputed", "biller_policy")


# Rules about what good data seldom look like: the owner who has looked may accept what they say.
ACCEPTABLE = (
    "active alone",
    "late history",
    "overlapping spans",
    "ends on one day",
    "starts on one day",
    "last day as end",
    "sign-up after start",
    "canceled without an end",
    "minor units",
    "absurd mrr",
    "annual amounts",
    "present amounts",
    "test accounts",
    "customers of one e-mail",
    "no subscription",
    "unknown customer",
    "ids in two spellings",
    "subscription of two",
    "another scale",
    "free between paid",
    "stale table",
    "ends alone",
    "hole",
    "stray days",
    "events of the gone",
    "attributes that leak",
    "unknown channel",
    "e-mail as id",
    "orders that are none",
    "unknown status of orders",
)


@dataclass(frozen=True)
class Fault:
    """Something in the input that the owner should know.

    A stop ends the report, a warning stands on its first page, a note stands on the page about the
    data. `message` says file, rule, how many rows, the first case and the way out.
    """

    level: Level
    table: str
    rule: str
    rows: int
    message: str


MOST_LETTERS = 80  # of a word in a message


def message(file: str, what: str, way_out: str, *, rows: int = 0, of: int = 0, first: str = "") -> str:
    """A fault in words, always in the same order.

    >>> message("subscriptions.csv", "ended_at lies before started_at", "Correct them.",
    ...         rows=3, of=4212, first="line 18")
    'subscriptions.csv: ended_at lies before started_at in 3 of 4,212 rows (first: line 18). Correct them.'
    """
    share = f" in {count(rows)} of {count(of)} rows" if of else ""
    example = f" (first: {without_long_words(first, MOST_LETTERS)})" if first else ""
    return f"{file}: {without_long_words(what, MOST_LETTERS)}{share}{example}. {way_out}"


class Stopped(InputError):
    """The data hold faults that would make the report wrong; its text lists them all."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.all_faults = list(faults)
        stops = [fault.message for fault in self.all_faults if fault.level == "stop"]
        super().__init__("\n".join(stops))

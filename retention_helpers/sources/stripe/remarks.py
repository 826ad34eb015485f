"""What had to be said about an export: each remark once, with how many rows it is about and the first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import Fault, Level, message
from retention_helpers.words.formats import count

_TABLE = "subscriptions"


@dataclass(frozen=True)
class Remark:
    """A remark that may be made about rows: how grave it is, its rule, what is so, and the way out."""

    level: Level
    rule: str
    what: str
    way_out: str
    table: str = _TABLE


UNKNOWN_STATUS = Remark(
    "stop", "unknown status", "the status is none of Stripe's", "Export the file again, unchanged."
)
NO_END = Remark(
    "stop",
    "canceled without an end",
    "a subscription is canceled and has no end (ended_at)",
    "Export it with the column Ended At (UTC): without it nobody knows when a customer left.",
)
NO_PRICE = Remark(
    "stop",
    "price without an amount",
    "a price has no amount in the currency that is paid, as where it has tiers or is kept in another one, "
    "and what is paid is not known",
    "Bring subscriptions and invoices as objects of the API: the lines say what was billed. The prices of "
    "one subscription in other currencies come with `expand[]=items.data.price.currency_options`.",
)
TWO_ROWS = Remark(
    "stop",
    "two rows of one subscription",
    "a subscription stands in two rows that contradict each other",
    "Two rows of one file are two items, and differ in plan, quantity, interval and amount alone. Leave the "
    "one that holds, or put the exports of two days into a file each.",
)
DATE_ORDER = Remark(
    "stop",
    "date order unknown",
    "a time may be read with the day or the month first",
    f"Say `date_order: day first` or `date_order: month first` in {SETTINGS_FILE}, or with --date-order.",
)
UNREADABLE = Remark(
    "stop", "unreadable cell", "a time or an amount cannot be read", "Export the file again, unchanged."
)
CONTRADICTED = Remark(
    "stop",
    "amount contradicted",
    "an amount names another currency than its row does",
    "Keep the right one of the two.",
)
LACKING = Remark("stop", "missing field", "a field is missing", "Export the whole objects again.")
MIXED = Remark(
    "stop",
    "objects of several kinds",
    "the file holds objects of several kinds",
    "Put subscriptions, invoices and customers into a file each.",
    "",
)
CUT_LINES = Remark(
    "warning",
    "invoices with more lines",
    "an invoice holds only its first lines (lines.has_more)",
    "Fetch them all, or its subscriptions may look as if they had paid less.",
)
BILLED_ONCE = Remark(
    "note",
    "billed once",
    "a line of an invoice is billed once (a set-up fee, a credit, extra work), and is in no month's amount",
    "It stands in what was paid.",
    "payments",
)
GIVEN = Remark(
    "warning",
    "free without an end",
    "a customer who had paid has it free of charge, and nothing says until when, which counts as a loss",
    "If it is to end, give the discount an end, and bring the discounts (`expand[]=data.discounts`).",
)
TAX_INSIDE = Remark(
    "warning",
    "tax in the price",
    "a price includes tax, or may (tax_behavior), and nothing says how much, so it is in the MRR",
    "Bring the invoices, whose lines name their tax.",
)
TAX_NOT_SAID = Remark(
    "note",
    "tax not said",
    "the export does not say whether Amount includes tax, and it was taken for an amount without",
    "Where your prices include it, bring the invoices as objects of the API.",
)
USE_ALONE = Remark(
    "warning",
    "use alone",
    "a subscription bills use alone, and has no month's amount, so it is no customer here",
    "What was paid for use stands in the payments.",
)
PRICE_DIFFERS = Remark(
    "note",
    "price differs from the last bill",
    "the present price is another than that of the last bill",
    "What was billed counts; the new price does from its first bill on.",
)
COUPON_BY_NAME = Remark(
    "warning",
    "discount without its amount",
    "a discount is only named, without what it takes off in the currency that is paid, so MRR stands before "
    "it",
    "Bring the invoices too, or the objects with `expand[]=data.discounts`.",
)
QUANTITIES = Remark(
    "note",
    "amount times quantity",
    "Amount was taken for the price of one, and multiplied with Quantity",
    "Is that so in your export? Compare one with its page in Stripe.",
)
NO_QUANTITY = Remark("note", "no quantity", "there is no column Quantity, and one of each was assumed", "")
PAUSED_NOW = Remark(
    "note",
    "paused since when",
    "collection is paused, and the export does not say since when",
    "The begin of the period under way was taken; the invoices would tell.",
)
UNPAID_NOW = Remark(
    "note",
    "unpaid since when",
    "a subscription is unpaid, which counts as ended, and the export does not say since when",
    "The begin of the period under way was taken; the invoices would tell.",
)
SIGN_UPS = Remark(
    "note",
    "sign-up from the first subscription",
    "a customer is known from subscriptions alone, and their first creation was taken for the sign-up",
    "Bring the customers too.",
    "customers",
)


def active_alone(file: str, subscriptions: int, is_accepted: bool) -> Fault:
    """An export without anybody who has left cannot be told from one of the Active tab."""
    said = message(
        file,
        f"none of its {count(subscriptions)} subscriptions has ended, as in an export of the Active tab, or "
        "of the API without status=all",
        "Churn would be 0 % in every month. Export the canceled ones too: every tab, or All; with the API "
        "`status=all`. If really nobody has left, write "
        f"`accepted: [active alone]` in {SETTINGS_FILE} of the data folder.",
    )
    return Fault("note" if is_accepted else "stop", _TABLE, "active alone", subscriptions, said)


class Remarks:
    """The remarks about the files of an export, counted."""

    def __init__(self) -> None:
        self._first: dict[tuple[Remark, str, str], str] = {}
        self._counts: dict[tuple[Remark, str, str], int] = {}
        self._of: dict[tuple[Remark, str, str], int] = {}

    def make(
        self, remark: Remark, file: str, place: str, detail: str = "", *, count: int = 1, of: int = 0
    ) -> None:
        """Make a remark about a row, or so many of them; `detail` keeps different ones of a kind apart."""
        key = (remark, file, detail)
        self._first.setdefault(key, place)
        self._counts[key] = self._counts.get(key, 0) + count
        self._of[key] = of

    def faults(self, rows: Mapping[str, int]) -> Iterator[Fault]:
        """All that was remarked; `rows` says how many each file holds."""
        for (remark, file, detail), first in self._first.items():
            key = (remark, file, detail)
            count, of = self._counts[key], self._of[key] or rows.get(file, 0)
            what = f"{remark.what} ({detail})" if detail else remark.what
            said = message(file, what, remark.way_out, rows=count, of=max(of, count), first=first)
            yield Fault(remark.level, remark.table, remark.rule, count, said.strip())

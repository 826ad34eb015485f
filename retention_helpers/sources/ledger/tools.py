"""How ledgers name what they hold: the columns of the tools that are known, and of everybody else's.

PayPal, Stripe: as programs that read real exports have them. Gumroad: its own code. Lemon Squeezy: its
orders as two programs read them, and beside these the fields of its API, which nobody has seen in its files.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from retention_helpers.sources import headings
from retention_helpers.sources.ledger.charges import Length
from retention_helpers.sources.months.columns import E_MAILS, NAMES

OURS = (
    "customer_id", "email", "name", "country", "charged_at", "time", "zone", "amount", "tax", "currency",
    "product", "subject", "variant", "kind", "status", "refunded", "is_refunded", "refunded_at",
    "is_disputed", "dispute_won",
    "charge_id", "reference", "subscription_id", "interval", "ended_at", "canceled_at", "is_test", "is_free",
    "is_inclusive",
)  # fmt: skip
NEEDED = ("charged_at", "amount")
WHO = ("customer_id", "email", "name")


@dataclass(frozen=True)
class Tool:
    """A tool's ledger.

    Attributes:
        name: as its owner calls it; "" for a ledger of one's own.
        signs: what files of it have, one of these sets whole.
        columns: its names for ours, in the spelling of `headings.plain`; the first that is there counts.
        currency: of all amounts, where no column says it.
        lengths: its words for how long a charge pays for, beside the usual ones.
        recurs_by_interval: whether a charge without such a word does not recur.
        tells_present_interval: whether that word is the present one, in old rows too.
        zone: of times that name none; "" for the business's own.
        no_products: texts of its products that name none.
        assumed: what is assumed of every row of it.
    """

    name: str
    signs: Sequence[frozenset[str]]
    columns: Mapping[str, Sequence[str]]
    currency: str = ""
    lengths: Mapping[str, Length] = field(default_factory=dict)
    recurs_by_interval: bool = False
    tells_present_interval: bool = False
    zone: str = ""
    no_products: re.Pattern[str] | None = None
    assumed: str = ""

    def is_it(self, there: frozenset[str]) -> bool:
        return any(signs <= there for signs in self.signs)


PAYPAL = Tool(
    "PayPal",
    (
        frozenset({"gross", "net", "currency", "transaction_id", "from_email_address"}),
        frozenset({"brutto", "netto", "währung", "transaktionscode"}),
        frozenset({"bruto", "net", "valuta", "transactiereferentie"}),
    ),
    {
        "charged_at": ("date", "datum"),
        "time": ("time", "uhrzeit", "tijd"),
        "zone": ("time_zone", "zeitzone", "tijdzone"),
        "name": ("name", "naam"),
        "kind": ("type", "typ", "description", "beschreibung", "omschrijving"),
        "status": ("status",),
        "currency": ("currency", "währung", "valuta"),
        "amount": ("gross", "brutto", "bruto"),
        "email": ("from_email_address", "absender_e_mail_adresse", "van_e_mailadres"),
        "charge_id": ("transaction_id", "transaktionscode", "transactiereferentie"),
        "reference": ("reference_txn_id", "zugehöriger_transaktionscode"),
        "product": ("item_title", "artikelbezeichnung", "subject", "betreff"),
        "subject": ("subject", "betreff"),
        "tax": ("sales_tax", "vat", "umsatzsteuer", "btw"),
        "country": ("country_code", "ländervorwahl"),
    },
)
GUMROAD = Tool(
    "Gumroad",
    (frozenset({"purchase_email", "item_name", "purchase_date", "sale_price"}),),
    {
        "charge_id": ("purchase_id",),
        "product": ("item_name",),
        "variant": ("variants",),
        "name": ("buyer_name",),
        "email": ("purchase_email", "buyer_email"),
        "charged_at": ("purchase_date",),
        "amount": ("sale_price",),
        "tax": ("taxes",),
        "is_inclusive": ("tax_included_in_price",),
        "is_refunded": ("fully_refunded",),
        "is_disputed": ("disputed",),
        "dispute_won": ("dispute_won",),
        "is_free": ("free_trial_purchase", "pre_order_authorization"),
        "interval": ("recurrence",),
        "canceled_at": ("cancellation_date",),
        "ended_at": ("subscription_end_date",),
        "country": ("country",),
    },
    currency="USD",
    lengths={"biannually": ("month", 6), "every_two_years": ("year", 2)},
    recurs_by_interval=True,
    tells_present_interval=True,
    assumed="Gumroad's file says that a sale was refunded, not when: it counts as given back at once. It "
    "names the present recurrence in every row: a price lasts as long as the newest charges at it, else as "
    "the rhythm tells.",
)
LEMON_SQUEEZY = Tool(
    "Lemon Squeezy",
    (
        frozenset({"user_email", "total", "status", "test_mode"}),
        frozenset({"order_number", "user_email", "total", "status"}),
        frozenset({"order_number", "user_email", "total", "date_utc"}),
        frozenset({"subscription_id", "billing_reason", "user_email", "total"}),
    ),
    {
        "charge_id": ("identifier", "order_number", "id"),
        "customer_id": ("customer_id",),
        "name": ("user_name",),
        "email": ("user_email",),
        "charged_at": ("date_utc", "created_at"),
        "amount": ("total_formatted", "total"),
        "tax": ("tax_formatted", "tax"),
        "currency": ("currency",),
        "status": ("status",),
        "refunded": ("refunded_amount_formatted", "refunded_amount"),
        "refunded_at": ("refunded_at",),
        "product": ("product_name", "first_order_item_product_name"),
        "variant": ("variant_name", "first_order_item_variant_name"),
        "subscription_id": ("subscription_id",),
        "is_test": ("test_mode",),
    },
    zone="UTC",
    assumed="Lemon Squeezy describes the columns of its files nowhere: they were taken as other programs "
    "read them, and its state and refunds as its API names them.",
)
STRIPE = Tool(
    "Stripe's payments",
    (
        frozenset({"id", "created_utc", "amount", "amount_refunded", "currency", "status"}),
        frozenset({"id", "created_date_utc", "amount", "amount_refunded", "currency", "status"}),
    ),
    {
        "charge_id": ("id",),
        "charged_at": ("created_date_utc", "created_utc"),
        "amount": ("amount",),
        "refunded": ("amount_refunded",),
        "refunded_at": ("refunded_date_utc",),
        "currency": ("currency",),
        "status": ("status",),
        "customer_id": ("customer_id",),
        "email": ("customer_email",),
        "name": ("customer_description", "customer_name"),
        "product": ("description",),
    },
    zone="UTC",
    no_products=re.compile(
        r"(?i)subscription (?:creation|update|cycle)|payment for invoice.*|invoice .*|charge for .*"
    ),
    assumed="Stripe's payments do not say what subscription they are for: it was told by amounts and days.",
)
OWN = Tool(
    "",
    (),
    {
        "charged_at": (
            "charged_at", "paid_at", "paid_on", "charge_date", "payment_date", "paid_date", "date_paid",
            "date",
            "transaction_date", "created", "created_at", "created_utc", "timestamp", "datum", "zahldatum",
            "zahlungsdatum", "bezahlt_am", "buchungstag", "buchungsdatum", "rechnungsdatum",
            "date_de_paiement",
            "date_paiement", "payé_le", "fecha", "fecha_de_pago", "data", "日期", "付款日期", "支付时间",
        ),
        "amount": (
            "amount_paid", "paid_amount", "amount", "gross", "gross_amount", "total_paid", "total",
            "price", "paid",
            "betrag", "bruttobetrag", "brutto", "zahlbetrag", "summe", "montant", "montant_payé", "total_ttc",
            "importe", "monto", "importo", "valor", "金额", "付款金额",
        ),
        "tax": ("tax", "vat", "tax_amount", "vat_amount", "sales_tax", "mwst", "ust", "umsatzsteuer",
        "tva", "iva"),
        "currency": ("currency", "currency_code", "währung", "waehrung", "devise", "moneda", "valuta",
        "货币", "币种"),
        "product": (
            "product", "product_name", "plan", "plan_name", "item", "item_name", "subscription_plan", "tier",
            "produkt", "tarif", "paket", "artikel", "produit", "offre", "formule", "producto", "产品", "套餐",
            "description", "beschreibung",
        ),
        "status": ("status", "state", "payment_status", "zustand", "statut", "état", "estado", "状态"),
        "kind": ("type", "transaction_type", "kind", "typ", "art", "tipo"),
        "refunded": ("amount_refunded", "refunded_amount", "refund", "refund_amount", "erstattung",
        "erstattet",
                     "remboursement", "reembolso"),
        "refunded_at": ("refunded_at", "refund_date", "refunded_on"),
        "charge_id": ("charge_id", "transaction_id", "payment_id", "id", "order_id", "order_number",
        "invoice"),
        "reference": ("original_transaction_id", "reference", "refund_of"),
        "subscription_id": ("subscription_id", "subscription", "contract_id"),
        "interval": headings.INTERVALS,
        "is_test": ("test_mode", "test", "is_test"),
        "email": E_MAILS,
        "name": NAMES,
        "country": ("country", "country_code", "land", "pays", "país"),
    },
)  # fmt: skip
TOOLS = (PAYPAL, GUMROAD, LEMON_SQUEEZY, STRIPE)


def tool_of(header: Sequence[str]) -> Tool:
    """The tool whose file has these columns; `OWN` for any other."""
    there = frozenset(map(headings.plain, header))
    return next((tool for tool in TOOLS if tool.is_it(there)), OWN)


def columns_of(header: Sequence[str], tool: Tool, said: Mapping[str, str]) -> dict[str, int]:
    """Which column is which of `OURS`; `said` are the owner's headings for ours."""
    names = list(map(headings.plain, header))
    found: dict[str, int] = {}
    for ours, theirs in tool.columns.items():
        nth = next((names.index(name) for name in theirs if name in names), None)
        if nth is not None and nth not in found.values():
            found[ours] = nth
    if tool is OWN and "amount" not in found:
        amounts = [name for name in header if headings.without_unit(name) in OWN.columns["amount"]]
        found |= {"amount": header.index(amounts[0])} if len(amounts) == 1 else {}
    if tool is OWN and "tax" not in found:
        taxes = sorted(filter(headings.is_tax, header), key=headings.is_share)
        found |= {"tax": header.index(taxes[0])} if taxes else {}
    if tool is OWN and "customer_id" not in found:
        who = headings.named(
            [name for nth, name in enumerate(header) if nth not in found.values()], "customer_id"
        )
        found |= {"customer_id": names.index(headings.plain(who[0]))} if who else {}
    return found | {ours: names.index(headings.plain(theirs)) for ours, theirs in said.items()}


def lacking(columns: Mapping[str, int]) -> list[str]:
    """What a ledger cannot do without and these columns do not hold."""
    missing = [name for name in NEEDED if name not in columns]
    return missing if set(WHO) & set(columns) else ["customer_id", *missing]


# Lists of subscriptions and of events have days, customers and amounts, too.
_OF_OTHERS = ("ended_at", "started_at", "event")


def may_be_ledger(header: Sequence[str]) -> bool:
    """Whether a header says who paid, when and how much."""
    return not lacking(columns_of(header, tool_of(header), {}))


def is_ledger(header: Sequence[str]) -> bool:
    """Whether a header is that of a tool's ledger, or one that can be nothing else.

    A list of customers has days on which they were created, and prices.
    """
    if tool_of(header) is not OWN:
        return True
    when = [name for name in header if headings.plain(name) in OWN.columns["charged_at"]]
    others = [
        *headings.named(header, "signed_up_at"),
        *(name for one in _OF_OTHERS for name in headings.named(header, one)),
    ]
    is_only_a_day = [name for name in others if name not in when or headings.named([name], "signed_up_at")]
    return may_be_ledger(header) and not is_only_a_day

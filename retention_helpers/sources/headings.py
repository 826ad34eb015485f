"""How other tools and people head the columns that we need, in the languages of their users."""

import re
from collections.abc import Iterable, Mapping, Sequence

from retention_helpers.contract.tables import TABLES
from retention_helpers.words import spellings

# Whether, and not in which state: who pays now, or whose end only says until when is paid.
FLAGS = (
    "active", "is_active", "aktiv", "actif", "activo", "auto_renew", "auto_renewal", "auto_renews",
    "autorenew", "will_renew", "renews_automatically", "automatische_verlängerung", "auto_verlängerung",
    "renouvellement_automatique", "reconduction_tacite", "renovación_automática",
)  # fmt: skip
# In the spelling of `plain`; the first that a file has is taken.
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "customer_id": (
        "customer", "customerid", "customer_no", "customer_number", "account", "account_id", "accountid",
        "account_no", "account_code", "user", "user_id", "userid", "client", "client_id", "member_id",
        "member", "customers_id", "company_id", "subscriber", "subscriber_id", "kunde", "kunden_id",
        "kundennummer",
        "kunden_nr", "kundennr", "kd_nr", "mitglied", "mitgliedsnummer", "firma", "client_no",
        "numéro_client", "n_client", "code_client", "référence_client", "id_client", "cliente", "id_cliente",
        "nº_cliente", "número_de_cliente", "客户编号", "客户", "客户id", "客户名称", "会员编号", "用户id",
    ),
    "signed_up_at": (
        "signed_up", "sign_up", "signup", "sign_up_date", "signup_date", "signup_at", "created",
        "created_at", "created_on", "create_date", "created_utc", "created_date", "date_created",
        "registered", "registered_at", "registration_date", "joined", "joined_at", "join_date",
        "customer_since", "member_since", "subscriber_since", "joined_on",
        "angemeldet_am", "kunde_seit", "mitglied_seit", "erstellt_am", "inscrit_le", "date_d_inscription",
        "client_depuis", "fecha_de_alta", "cliente_desde", "注册日期", "注册时间",
    ),
    "started_at": (
        "start", "started", "started_on", "start_date", "start_at", "starts_at", "subscription_start",
        "subscription_started_at", "subscribed_at", "subscribed_on", "membership_start", "begin", "begins",
        "begin_date", "from", "valid_from",
        "activated_at", "patronage_since_date", "beginn", "startdatum", "start_am", "von", "seit",
        "vertragsbeginn", "abo_beginn",
        "laufzeitbeginn", "début", "date_de_début", "date_début", "abonné_depuis", "souscrit_le", "inicio",
        "fecha_de_inicio", "fecha_inicio", "开始日期", "开始时间", "开通日期", "生效日期",
    ),
    "ended_at": (
        "end", "ended", "ended_on", "end_date", "end_at", "ends_at", "subscription_end", "until", "to",
        "valid_to", "valid_until", "expired_at", "expires_at", "expires_on", "expiration_date",
        "churned_at", "churn_date", "terminated_at", "ende", "enddatum", "bis", "vertragsende", "abo_ende",
        "laufzeitende", "gekündigt_zum", "kündigung_zum", "fin", "date_de_fin", "date_fin", "résilié_le",
        "date_de_résiliation", "fecha_de_fin", "fecha_fin", "baja", "fecha_de_baja", "结束日期", "结束时间",
        "到期日期", "终止日期", "退订日期",
        "expires", "expiry_date", "expiration", "membership_end", "access_until", "paid_through",
        "paid_until", "paid_up_to", "paid_thru", "gültig_bis", "läuft_bis", "bezahlt_bis", "expire_le",
        "payé_jusqu_au", "pagado_hasta",
    ),
    "mrr": ("monthly_recurring_revenue", "monthly_revenue", "monthly_charges"),
    "plan": (
        "plan_name", "current_plan", "plan_code", "product", "product_name", "tier", "package", "tarif",
        "paket", "formule", "套餐", "版本",
    ),
    "status": (
        "state", "patron_status", "subscription_status", "subscription_state", "zustand", "statut", "état",
        "estado", "状态", *FLAGS,
    ),
    "currency": (
        "currency_code", "plan_currency", "order_currency", "waehrung", "währung", "devise", "moneda", "货币",
        "币种",
    ),
    "subscription_id": ("subscription", "subscriptionid", "contract_id", "vertragsnummer"),
    "canceled_at": (
        "cancelled_at", "canceled_on", "cancelled_on", "cancel_date", "cancelled_date", "canceled_date",
        "cancellation_date", "date_cancelled",
        "gekündigt_am", "kündigung_am", "kündigungsdatum", "fecha_de_cancelación", "取消日期",
    ),
    "reason": (
        "cancellation_reason", "cancel_reason", "churn_reason", "kündigungsgrund", "grund", "motif",
        "motif_de_résiliation", "motivo", "motivo_de_baja", "取消原因", "退订原因",
    ),
    "occurred_at": ("timestamp", "time", "event_time", "happened_at", "date", "datetime"),
    "event": ("event_name", "event_type", "action", "activity"),
}  # fmt: skip
# What was spent on a channel in a month, which names no customer.
_SPEND: Mapping[str, tuple[str, ...]] = {
    "month": (
        "month", "months", "date", "day", "period", "monat", "datum", "zeitraum", "mois", "période", "mes",
        "periodo", "período", "fecha", "mese", "data", "maand", "måned", "månad", "month_of_spend",
        "reporting_starts", "month_starting", "月", "月份", "日期",
    ),
    "channel": (
        "channel", "acquisition_channel", "marketing_channel", "source", "utm_source", "platform", "network",
        "medium", "kanal", "quelle", "werbekanal", "canal", "source_de_trafic", "fuente", "canale", "fonte",
        "kanaal", "kilde", "渠道", "来源",
    ),
    "amount": (
        "amount", "spend", "spent", "amount_spent", "total_spent", "total_spend", "ad_spend", "adspend",
        "marketing_spend", "cost", "costs", "total_cost", "expense", "expenses", "kosten", "ausgaben",
        "ausgabe", "betrag", "werbekosten", "werbeausgaben", "dépense", "dépenses", "coût", "coûts",
        "montant", "gasto", "gastos", "coste", "costo", "costos", "importe", "inversión", "spesa", "spese",
        "costi", "importo", "uitgaven", "bedrag", "udgift", "utgift", "kostnad", "金额", "花费", "支出",
        "费用",
    ),
}  # fmt: skip
# What names a customer in a list of subscriptions that has no better name for one.
_E_MAILS = ("email", "e_mail", "customer_email", "user_email", "email_address", "邮箱")
# A list may say how many intervals in one column and which in another; the cells tell which is which.
INTERVALS = (
    "interval", "billing_interval", "billing_period", "billing_cycle", "billing_period_unit",
    "billing_frequency", "subscription_billing_period", "subscription_period", "period", "plan_interval",
    "plan_interval_unit", "plan_interval_length", "recurring_interval", "interval_unit", "interval_count",
    "recurrence", "renewal_period", "billing_term", "term", "frequency", "cycle", "periodicity",
    "payment_frequency", "payment_interval", "payment_period", "payment_cycle", "payment_schedule",
    "billing_schedule", "renewal_interval", "renewal_frequency",
    "charge_frequency", "intervall", "zahlweise", "zahlungsweise", "turnus", "abrechnung", "périodicité",
    "abrechnungsintervall", "abrechnungszeitraum", "abrechnungszyklus", "zahlungsintervall",
    "zahlungsrhythmus", "zahlungsturnus",
    "facturation", "fréquence", "fréquence_de_paiement", "fréquence_de_facturation", "periodo", "frecuencia",
    "frecuencia_de_pago", "ciclo_de_facturación", "周期", "计费周期", "付费周期",
)  # fmt: skip
TERMS = ("term",)  # of these: 12 months may be how long a contract binds, and not what a price pays for
QUANTITIES = (
    "quantity", "seats", "units", "plan_quantity", "menge", "anzahl", "lizenzen", "nutzer", "quantité",
    "nombre", "cantidad", "数量",
)  # fmt: skip
_PRICES = {
    "amount", "price", "fee", "charge", "rate", "total", "preis", "betrag", "beitrag", "gebühr", "prix",
    "montant", "tarif", "precio", "importe", "cuota", "价格", "金额", "费用", "arr", "acv",
}  # fmt: skip
# What stands beside such a word without changing what it means.
_AROUND = {
    "a", "in", "of", "per", "pro", "par", "por", "je", "à", "plan", "subscription", "abo", "unit",
    "recurring",
    "order", "pledge", "item", "list", "value", "seat", "user", "license", "licence", "platz", "nutzer",
}  # fmt: skip
_TAX = {
    "tax", "taxes", "vat", "gst", "mwst", "ust", "steuer", "steuersatz", "steuern", "tva", "iva", "btw",
    "moms", "税", "税额", "税率",
}  # fmt: skip
_INSIDE = {"incl", "inkl", "inc", "including", "inclusive", "included", "inklusive",
           "mit", "with", "con", "avec", "incluido", "inclus", "compris"}  # fmt: skip
_OUTSIDE = {"excl", "exkl", "ex", "excluding", "exclusive", "exklusive", "without", "ohne", "zzgl", "plus",
            "before", "hors", "sans", "sin"}  # fmt: skip
_GROSS = {"gross", "brutto", "ttc", "bruto", "lordo", "含税", "税込"}
_TOTALS = {"total", "gesamt", "gesamtbetrag", "gesamtsumme", "totaal", "totale"}
_NET = {"net", "netto", "ht", "neto", "不含税", "税抜"}
_DISCOUNTS = {"discount", "rabatt", "nachlass", "remise", "descuento", "sconto", "korting", "折扣"}
_SHARES = {"percent", "percentage", "pct", "prozent", "pourcent", "porcentaje", "rate", "satz", "steuersatz",
           "taux", "tipo", "税率"}  # fmt: skip
_SIZES = {"amount", "betrag", "montant", "importe", "order", "value", "total", "subscription", "税额"}
_TRIALS = {"trial", "testphase", "probezeit", "essai", "prueba"}
_ENDS = {"end", "ends", "ended", "until", "ende", "bis", "fin"}
_MINOR = {"cents", "cent", "minor", "units", "centimes"}
_FUSED = re.compile(
    r"(brutto|netto|monats|jahres|monatlicher?|jährlicher?)_?(?=monats|jahres|preis|beitrag|betrag|gebühr)"
)
_PARTS = {"monat": "monat", "jahre": "jahr", "jährl": "jahr", "brutt": "brutto", "netto": "netto"}
_MONTHLY, _YEARLY = ("month", 1), ("year", 1)
# Codes that are words of other kinds in a heading.
_NO_CURRENCIES = {"ALL", "TOP", "TRY", "CUP", "MAD", "GEL", "BOB", "PEN", "SOS", "LAK"}
_SIGNS = re.compile(r"[€£₹₩₽₺₪฿₫₱]")


def plain(name: str) -> str:
    """A column's name in one spelling, in the letters of any language.

    >>> plain("Preis / Monat"), plain("Gekündigt zum"), plain("customerId"), plain("开始日期")
    ('preis_monat', 'gekündigt_zum', 'customer_id', '开始日期')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\W_]+", "_", parted.lower()).strip("_")


def _words(name: str) -> list[str]:
    even = _FUSED.sub(
        lambda found: f"{_PARTS[found[1][:5]]}_", plain(name.replace("+", " plus ").replace("MwSt", "mwst"))
    )
    return [word for part in even.split("_") for word in _of_han(part)]


def _of_han(part: str) -> list[str]:
    """A word, or what the signs of 月费, a month's fee, say."""
    if re.fullmatch(r"每?[月年][\u4e00-\u9fff]+", part):
        return ["月" if "月" in part[:2] else "年", "费用"]
    return [part]


def interval_of(name: str) -> tuple[str, int] | None:
    """How long an amount pays for, by the name of its column; None where that does not say it.

    >>> interval_of("Preis / Monat"), interval_of("Jahresbeitrag"), interval_of("price"), interval_of("月费")
    (('month', 1), ('year', 1), None, ('month', 1))
    """
    if is_mrr(name):
        return _MONTHLY
    words = _words(name)
    if {"arr", "acv"} & set(words):
        return _YEARLY
    return next((found for word in words if (found := spellings.interval(word))), None)


def is_in_cents(name: str) -> bool:
    """Whether the name of a column says that its amounts are in cents."""
    return bool(_MINOR & set(_words(name)))


def currency_of(name: str) -> str:
    """The currency that the name of a column says; "" for none.

    >>> currency_of("MRR (EUR)"), currency_of("price_usd"), currency_of("Preis in €"), currency_of("Price")
    ('EUR', 'USD', 'EUR', '')
    """
    signs = _SIGNS.findall(name)
    words = [*signs, *(word for word in _words(name) if _names_currency(word))]
    return spellings.currency(words[0]) if words else ""


def _names_currency(word: str) -> bool:
    return bool(spellings.currency(word)) and word.upper() not in _NO_CURRENCIES


def without_unit(name: str) -> str:
    """The plain name of a column without the currency and the cents that its amounts are in.

    >>> without_unit("Amount (EUR)"), without_unit("amount_in_cents"), without_unit("Amount due")
    ('amount', 'amount', 'amount_due')
    """
    words = plain(_SIGNS.sub(" ", name)).split("_")
    return "_".join(word for word in words if not (_names_currency(word) or word in _MINOR | {"in"}))


def with_tax(name: str) -> bool | None:
    """Whether the name of a price says that tax is in it; None where it says nothing of tax.

    >>> with_tax("Bruttopreis"), with_tax("Price incl. VAT"), with_tax("Prix HT"), with_tax("price + VAT")
    (True, True, False, False)
    """
    words = set(_words(name))
    if words & _NET or (words & _OUTSIDE and words & _TAX):
        return False
    return True if words & _GROSS or (words & _INSIDE and words & _TAX) else None


def is_total(name: str) -> bool:
    """Whether a column is what a receipt comes to, its tax with it.

    >>> is_total("Order total"), is_total("Gesamtbetrag"), is_total("Subtotal"), is_total("Total net")
    (True, True, False, False)
    """
    return bool(set(_words(name)) & _TOTALS) and with_tax(name) is not False


def is_tax(name: str) -> bool:
    """Whether a column holds tax, or its rate: no tax number, and no price with or without tax."""
    words = set(_words(name))
    return bool(words & _TAX) and words <= _TAX | _SHARES | _SIZES


def is_discount(name: str) -> bool:
    """Whether a column holds what is taken off a price."""
    words = set(_words(name))
    return bool(words & _DISCOUNTS) and words <= _DISCOUNTS | _SHARES | _SIZES | {"off"}


def is_share(name: str) -> bool:
    """Whether the numbers of a column are shares of another amount.

    >>> is_share("Discount %"), is_share("VAT rate"), is_share("Discount")
    (True, True, False)
    """
    return "%" in name or bool(_SHARES & set(_words(name)))


def is_end_of_trial(name: str) -> bool:
    """Whether a column holds the day until which a trial lasts."""
    words = set(_words(name))
    return bool(words & _TRIALS and words & _ENDS)


def _is_price(words: set[str]) -> bool:
    """Whether a heading names what is paid, and nothing else that an amount could be."""
    if (words & _TAX and not words & (_INSIDE | _OUTSIDE)) or {"fee", "total"} <= words:  # a sum of fees
        return False
    aside = _NET | _GROSS | _AROUND | _MINOR | _TAX | _INSIDE | _OUTSIDE
    said = {word for word in words - aside if not spellings.interval(word) and not _names_currency(word)}
    is_bare = not said and words & (_NET | _GROSS) and any(map(spellings.interval, words))  # Netto / Monat
    return bool(is_bare or (said and said <= _PRICES))


def _price_of(header: Iterable[str]) -> str:
    """The column that most likely holds what is paid; "" for none.

    One with tax comes last. A month's amount goes before one that does not say how long it pays for, and
    that before a year's; net of tax and discounts before the list price.
    """
    ranked = []
    for nth, name in enumerate(header):
        is_ours = is_mrr(name)
        if is_ours or _is_price(set(_words(name))):
            lasts = {_MONTHLY: 0, None: 1}.get(interval_of(name), 2)
            taxed = with_tax(name)
            ranked.append((bool(taxed), not is_ours, lasts, taxed is None, nth, name))
    return min(ranked)[-1] if ranked else ""


def other_prices(header: Iterable[str], taken: str) -> list[str]:
    """Further prices of a header, for another interval than the one that was taken."""
    return [name for name in _prices_beside(header, taken) if interval_of(name) != interval_of(taken)]


def prices_for(header: Iterable[str], taken: str) -> dict[tuple[str, int], str]:
    """Further prices of a header for other intervals, by these; of several, what is most like the one taken.

    >>> prices_for(["Netto / Monat", "Brutto / Jahr", "Netto / Jahr"], "Netto / Monat")
    {('year', 1): 'Netto / Jahr'}
    """
    found: dict[tuple[str, int], str] = {}
    for name in other_prices(header, taken):
        lasts = interval_of(name)
        if lasts and (
            lasts not in found or is_of_one_kind(name, taken) > is_of_one_kind(found[lasts], taken)
        ):
            found[lasts] = name
    return found


def is_of_one_kind(one: str, other: str) -> bool:
    """Whether two prices say the same of tax, of their currency, and of cents."""
    return all(say(one) == say(other) for say in (with_tax, currency_of, is_in_cents))


def is_mrr(name: str) -> bool:
    """Whether a column is MRR by its name, with its currency or unit at most."""
    words = set(_words(name))
    own = {word for word in words - _MINOR - _NET - {"in"} if not _names_currency(word)}
    return plain(name) in _ALIASES["mrr"] or own == {"mrr"}


def like_prices(header: Iterable[str], taken: str) -> list[str]:
    """Further prices of a header that by their names are as good as the one that was taken.

    One that does not say how long it pays for may be what is paid too.
    """
    lengths = (interval_of(taken), None)
    return [
        name
        for name in _prices_beside(header, taken)
        if interval_of(name) in lengths and with_tax(name) == with_tax(taken)
    ]


def _prices_beside(header: Iterable[str], taken: str) -> list[str]:
    return [name for name in header if name != taken and _is_price(set(_words(name)))]


def columns_under(header: Sequence[str], table: str) -> dict[str, str]:
    """The file's names for a table's columns: our own name first, else the first alias that is there."""
    there = {plain(name): name for name in reversed(header)}
    found: dict[str, str] = {}
    for column in (one.name for one in TABLES[table].columns):
        names = (column, *_ALIASES.get(column, ()))
        if table == "subscriptions" and column == "customer_id":
            names += _E_MAILS
        if table == "subscriptions" and column == "mrr":
            names = (plain(_price_of(header)),)
        for name in names:
            if name in there and there[name] not in found.values():
                found[column] = there[name]
                break
    if table == "subscriptions":
        found |= _subscriptions(there, found)
    if table == "customers" and {"started_at", "mrr"} <= set(columns_under(header, "subscriptions")):
        return {}
    return found


def spend_columns(header: Sequence[str]) -> dict[str, str]:
    """The file's names for what was spent by month and channel; empty where one of the three has none.

    A file that names a customer too is of charges, and no such.

    >>> spend_columns(["Monat", "Kanal", "Kosten (EUR)"])
    {'month': 'Monat', 'channel': 'Kanal', 'amount': 'Kosten (EUR)'}
    """
    if any(plain(name) in (*_E_MAILS, "customer_id", *_ALIASES["customer_id"]) for name in header):
        return {}
    there = {_without_currency(name): name for name in reversed(header)}
    named = {ours: next((there[one] for one in names if one in there), "") for ours, names in _SPEND.items()}
    return named if all(named.values()) else {}


def _without_currency(name: str) -> str:
    return "_".join(word for word in plain(name).split("_") if not _names_currency(word))


_NEEDED = {"mrr": "what is paid", "ended_at": "when service ended"}


def lacking(header: Sequence[str]) -> str:
    """What a list of customers with their starts and plans or states lacks to be one of subscriptions."""
    found = columns_under(header, "subscriptions")
    is_a_list = {"customer_id", "started_at"} <= set(found) and set(found) & {"plan", "status", "mrr"}
    return " and ".join(what for name, what in _NEEDED.items() if is_a_list and name not in found)


def _subscriptions(there: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """The columns of a list of subscriptions that say the start and the end only for want of a better one."""
    instead: dict[str, str] = {}
    if "started_at" not in found:
        name = next((one for one in _ALIASES["signed_up_at"] if one in there), "")
        instead |= {"started_at": there[name]} if name else {}
    if "ended_at" not in found:
        name = next((one for one in ("canceled_at", *_ALIASES["canceled_at"]) if one in there), "")
        instead |= {"ended_at": there[name]} if name else {}
    return instead


def named(header: Sequence[str], column: str) -> list[str]:
    """The columns of a file that may be this one of ours, the likeliest first."""
    there = {plain(name): name for name in reversed(header)}
    return [there[name] for name in (column, *_ALIASES.get(column, ())) if name in there]


def among(header: Sequence[str], names: Sequence[str]) -> list[str]:
    """The columns of a file that bear one of these names, in the file's order."""
    return [name for name in header if plain(name) in names]

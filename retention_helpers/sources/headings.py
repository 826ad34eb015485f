"""How other tools and people head the columns that we need, in the languages of their users."""

import re
from collections.abc import Iterable, Mapping, Sequence

from retention_helpers.contract.tables import TABLES
from retention_helpers.words import spellings

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
        "customer_since",
        "angemeldet_am", "kunde_seit", "mitglied_seit", "erstellt_am", "inscrit_le", "date_d_inscription",
        "client_depuis", "fecha_de_alta", "cliente_desde", "注册日期", "注册时间",
    ),
    "started_at": (
        "start", "started", "started_on", "start_date", "start_at", "starts_at", "subscription_start",
        "subscription_started_at", "subscribed_at", "begin", "begins", "begin_date", "from", "valid_from",
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
    ),
    "mrr": ("monthly_recurring_revenue", "monthly_revenue", "monthly_charges"),
    "plan": (
        "plan_name", "current_plan", "plan_code", "product", "product_name", "tier", "package", "tarif",
        "paket", "formule", "套餐", "版本",
    ),
    "status": (
        "state", "patron_status", "subscription_status", "subscription_state", "zustand", "statut", "état",
        "estado", "状态",
    ),
    "currency": (
        "currency_code", "plan_currency", "order_currency", "waehrung", "währung", "devise", "moneda", "货币",
        "币种",
    ),
    "subscription_id": ("subscription", "subscriptionid", "contract_id", "vertragsnummer"),
    "canceled_at": (
        "cancelled_at", "canceled_on", "cancelled_on", "cancel_date", "cancellation_date", "date_cancelled",
        "gekündigt_am", "kündigung_am", "kündigungsdatum", "fecha_de_cancelación", "取消日期",
    ),
    "reason": (
        "cancellation_reason", "cancel_reason", "churn_reason", "kündigungsgrund", "grund", "motif",
        "motif_de_résiliation", "motivo", "motivo_de_baja", "取消原因", "退订原因",
    ),
    "occurred_at": ("timestamp", "time", "event_time", "happened_at", "date", "datetime"),
    "event": ("event_name", "event_type", "action", "activity"),
}  # fmt: skip
# What names a customer in a list of subscriptions that has no better name for one.
_E_MAILS = ("email", "e_mail", "customer_email", "user_email", "email_address", "邮箱")
# A list may say how many intervals in one column and which in another; the cells tell which is which.
INTERVALS = (
    "interval", "billing_interval", "billing_period", "billing_cycle", "billing_period_unit",
    "billing_frequency", "subscription_billing_period", "subscription_period", "period", "plan_interval",
    "plan_interval_unit", "plan_interval_length", "recurring_interval", "interval_unit", "interval_count",
    "charge_frequency", "intervall", "zahlweise", "zahlungsweise", "turnus", "abrechnung", "périodicité",
    "facturation", "periodo", "frecuencia", "周期", "计费周期", "付费周期",
)  # fmt: skip
QUANTITIES = (
    "quantity", "seats", "units", "plan_quantity", "menge", "anzahl", "lizenzen", "nutzer", "quantité",
    "nombre", "cantidad", "数量",
)  # fmt: skip
_PRICES = {
    "amount", "price", "fee", "charge", "rate", "total", "preis", "betrag", "beitrag", "gebühr", "prix",
    "montant", "tarif", "precio", "importe", "cuota", "价格", "金额", "费用",
}  # fmt: skip
_NET = {"net", "netto", "ht"}
# What stands beside such a word without changing what it means.
_AROUND = {
    "a", "in", "of", "per", "pro", "par", "por", "je", "à", "plan", "subscription", "abo", "unit",
    "recurring",
    "order", "pledge", "item", "list", "value",
}  # fmt: skip
_MINOR = {"cents", "cent", "minor", "units", "centimes"}
_FUSED = re.compile(r"(monats|jahres|monatlicher?|jährlicher?)_?(?=preis|beitrag|betrag|gebühr)")
_MONTHLY, _YEARLY = ("month", 1), ("year", 1)


def plain(name: str) -> str:
    """A column's name in one spelling, in the letters of any language.

    >>> plain("Preis / Monat"), plain("Gekündigt zum"), plain("customerId"), plain("开始日期")
    ('preis_monat', 'gekündigt_zum', 'customer_id', '开始日期')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\W_]+", "_", parted.lower()).strip("_")


def _words(name: str) -> list[str]:
    fused = _FUSED.sub(lambda found: "jahr_" if found[1].startswith("j") else "monat_", plain(name))
    if re.fullmatch(r"每?[月年][\u4e00-\u9fff]+", fused):  # 月费: a month's fee
        fused = f"{'月' if '月' in fused[:2] else '年'}_费用"
    return fused.split("_")


def interval_of(name: str) -> tuple[str, int] | None:
    """How long an amount pays for, by the name of its column; None where that does not say it.

    >>> interval_of("Preis / Monat"), interval_of("Jahresbeitrag"), interval_of("price"), interval_of("月费")
    (('month', 1), ('year', 1), None, ('month', 1))
    """
    if plain(name) in ("mrr", *_ALIASES["mrr"]):
        return _MONTHLY
    return next((found for word in _words(name) if (found := spellings.interval(word))), None)


def is_in_cents(name: str) -> bool:
    """Whether the name of a column says that its amounts are in cents."""
    return bool(_MINOR & set(_words(name)))


def _price_of(header: Iterable[str]) -> str:
    """The column that most likely holds what is paid; "" for none.

    A month's amount goes before one that does not say how long it pays for, and that before a year's; net
    of tax and discounts before the list price.
    """
    ranked = []
    for nth, name in enumerate(header):
        words = set(_words(name))
        interval = interval_of(name)
        said = words - _NET - _AROUND - _MINOR - {word for word in words if spellings.interval(word)}
        is_ours = plain(name) in ("mrr", *_ALIASES["mrr"]) or (said == {"mrr"} and words & _MINOR)
        if is_ours or (said and said <= _PRICES):
            lasts = {_MONTHLY: 0, None: 1}.get(interval, 2)
            ranked.append((not is_ours, lasts, not words & _NET, nth, name))
    return min(ranked)[-1] if ranked else ""


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

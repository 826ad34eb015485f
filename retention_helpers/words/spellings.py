"""Words that stand in cells, one list a meaning: months, currencies with their signs, intervals, statuses.

The gate, the importers and the analyses all read words here. What stands in no list is said, never guessed;
a status in other words is proposed, because it decides who is a customer.
"""

import datetime as dt
import re
from collections.abc import Iterable

# English, German, French, Spanish, Italian, Portuguese, Dutch: no word of one means another month elsewhere.
_MONTHS = (
    "jan january januar jänner janv janvier ene enero gen gennaio janeiro januari",
    "feb february februar févr fév fevr février fevrier febrero febbraio fev fevereiro februari",
    "mar march mär märz mrz maerz mars marzo março marco mrt maart",
    "apr april avr avril abr abril aprile",
    "may mai mayo mag maggio maio mei",
    "jun june juni juin junio giu giugno junho",
    "jul july juli juil juillet julio lug luglio julho",
    "aug august août aout ago agosto augustus",
    "sep sept september septembre septiembre set settembre setembro",
    "oct october okt oktober octobre octubre ott ottobre out outubro",
    "nov november novembre noviembre novembro",
    "dec december dez dezember déc decembre décembre dic diciembre dicembre dezembro",
)
MONTHS = {word: nth for nth, words in enumerate(_MONTHS, start=1) for word in words.split()}

# ISO 4217, the currencies that are paid with.
_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP "
    "GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD "
    "KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN "
    "NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP "
    "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND "
    "VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG"
)
CURRENCIES = frozenset(_CODES.split())
SIGNS = {
    "€": "EUR", "euro": "EUR", "£": "GBP", "US$": "USD", "CA$": "CAD", "C$": "CAD", "A$": "AUD", "AU$": "AUD",
    "NZ$": "NZD", "S$": "SGD", "HK$": "HKD", "MX$": "MXN", "R$": "BRL", "CN¥": "CNY", "JP¥": "JPY",
    "円": "JPY", "元": "CNY", "zł": "PLN", "Kč": "CZK", "Fr.": "CHF", "SFr.": "CHF", "₹": "INR", "₩": "KRW",
    "원": "KRW", "₺": "TRY", "₽": "RUB", "₴": "UAH", "฿": "THB", "₫": "VND", "₪": "ILS", "₱": "PHP",
}  # fmt: skip
SHARED_SIGNS = {
    "$": "USD AUD CAD NZD SGD HKD MXN TWD ARS CLP COP BBD BMD BSD BZD FJD JMD KYD LRD NAD SBD SRD TTD XCD",
    "¥": "JPY CNY",
    "￥": "JPY CNY",
    "kr": "SEK NOK DKK ISK",
}


def currency(said: str) -> str:
    """The code of a currency's sign, word or code; the sign itself where several currencies share it.

    >>> currency("€"), currency("usd"), currency("$"), currency("per seat")
    ('EUR', 'USD', '$', '')
    """
    if said.upper() in CURRENCIES:
        return said.upper()
    if said in SHARED_SIGNS:
        return "¥" if said == "￥" else said
    return SIGNS.get(said) or SIGNS.get(said.lower(), "")


def is_shared(said: str) -> bool:
    """Whether several currencies have this sign."""
    return said in SHARED_SIGNS


def code_of(said: str, among: Iterable[str]) -> str:
    """The one of these currencies that a shared sign can mean; the sign itself where none or several can.

    >>> code_of("$", ["EUR", "CAD"]), code_of("$", ["USD", "CAD"]), code_of("EUR", ["USD"])
    ('CAD', '$', 'EUR')
    """
    can_be = set(SHARED_SIGNS.get(said, "").split()) & set(among)
    return can_be.pop() if len(can_be) == 1 else said


def can_mean(sign: str, other: str) -> bool:
    """Whether two ways of naming a currency may mean the same one.

    >>> can_mean("$", "cad"), can_mean("EUR", "€"), can_mean("EUR", "USD")
    (True, True, False)
    """
    one, two = currency(sign) or sign, currency(other) or other
    return one == two or two in SHARED_SIGNS.get(one, "").split() or one in SHARED_SIGNS.get(two, "").split()


_INTERVALS = {
    ("day", 1): "day days daily d tag tage täglich jour jours día dia giorno 天 日",
    ("week", 1): "week weeks weekly wk w woche wochen wöchentlich semaine semana settimana 周 週",
    (
        "month",
        1,
    ): "month months monthly mo mth mon monat monate monatlich mtl mtl. mois mensuel mensuelle mes "
    "meses mensual mensal mese mensile maand maandelijks mån månad måned månedlig monatsabo monatsplan "
    "月 每月 月額 月付",
    ("month", 3): "quarter quarters quarterly qtr q quartal quartale vierteljährlich quartalsweise trimestre "
    "trimestriel trimestral trimestrale kwartaal 季度 季",
    ("month", 6): "half-year halfyear half-yearly semiannual semi-annual semiannually biannual halbjahr "
    "halbjährlich semestre semestriel semestral",
    ("year", 1): "year years yearly yr y annual annually annum p.a. pa jahr jahre jährlich an ans annuel "
    "annuelle année par-an año años anual ano anos anno annuale jaar jaarlijks år årlig jahresabo jahresplan "
    "年 每年 年額 年付",
    ("year", 2): "biennial biennially zweijährlich",
}
INTERVALS = {word: lasts for lasts, words in _INTERVALS.items() for word in words.split()}
_AROUND = re.compile(
    r"^(?:(?:per|every|each|a|alle|pro|par|por|billed|paid) |/ ?)|[ -](?:plan|billing|subscription|abo)$"
)
_COUNTED = re.compile(r"(?P<count>\d{1,3})[ -]?(?P<word>\D+)")
_DURATION = re.compile(r"p(?P<count>\d{1,3})(?P<word>[dwmy])")  # ISO 8601, as app stores write it
_OF_DURATION = {"d": "day", "w": "week", "m": "month", "y": "year"}
A_YEAR = (("month", 12), ("week", 52), ("day", 365), ("day", 366))


def interval(said: str) -> tuple[str, int] | None:
    """How long a price lasts, as a unit and how many of it; None for words that say nothing of the kind.

    Twelve months are a year, and so are 52 weeks, and 365 days.

    >>> interval("Annually"), interval("3 months"), interval("12-monthly"), interval("per seat")
    (('year', 1), ('month', 3), ('year', 1), None)
    >>> interval("per annum"), interval("billed yearly"), interval("P1Y"), interval("365 days")
    (('year', 1), ('year', 1), ('year', 1), ('year', 1))
    """
    plain = _AROUND.sub("", " ".join(said.lower().replace("_", " ").split()))
    duration = _DURATION.fullmatch(plain)
    counted = duration or _COUNTED.fullmatch(plain)
    word = counted["word"].strip() if counted else plain
    found = INTERVALS.get(_OF_DURATION[word] if duration else word) or INTERVALS.get(word.removesuffix("."))
    if found is None:
        return None
    unit, times = found
    many = times * (int(counted["count"]) if counted else 1)
    for of_unit, of_a_year in A_YEAR:
        if unit == of_unit and many and many % of_a_year == 0:
            return "year", many // of_a_year
    return unit, many


MONTHLY, ANNUAL = "month", "year"  # intervals as the gate writes them


def named_interval(said: str) -> str | None:
    """An interval in the one way in which tables keep it; None for words that say nothing of the kind.

    >>> named_interval("Yearly"), named_interval("12 months"), named_interval("quarter"), named_interval("?")
    ('year', 'year', '3 months', None)
    """
    found = interval(said)
    return in_words(*found) if found else None


def in_words(unit: str, many: int) -> str:
    """So many units, as tables keep an interval."""
    return unit if many == 1 else f"{many} {unit}s"


def months_in(named: str) -> int | None:
    """The months that an interval lasts; None for one of days or weeks, and where words say nothing.

    >>> months_in("year"), months_in("3 months"), months_in("2 years"), months_in("4 weeks")
    (12, 3, 24, None)
    """
    unit, many = interval(named) or ("", 0)
    return {"month": 1, "year": 12}.get(unit, 0) * many or None


def days_in(named: str) -> int | None:
    """The days that an interval lasts, at most; None where words say nothing.

    >>> days_in("month"), days_in("3 months"), days_in("year"), days_in("4 weeks"), days_in("per seat")
    (31, 92, 366, 28, None)
    """
    if months := months_in(named):
        # From each month of a leap year on: the longest run of so many.
        ends = [(2024 + (first + months) // 12, (first + months) % 12 + 1) for first in range(12)]
        return max((dt.date(*end, 1) - dt.date(2024, nth, 1)).days for nth, end in enumerate(ends, start=1))
    unit, many = interval(named) or ("", 0)
    return {"day": 1, "week": 7}.get(unit, 0) * many or None


def without_interval(plan: str) -> tuple[str, str | None]:
    """A plan's name without the words for its interval, and the interval that these words name, if any.

    A letter alone is a part of the name.

    >>> without_interval("Pro (yearly)"), without_interval("pro monthly"), without_interval("Plan D")
    (('pro', 'year'), ('pro', 'month'), ('plan d', None))
    """
    words = re.findall(r"[^\W_]+", plan.lower())
    told = [word for word in words if len(word) > 1 and word in INTERVALS]
    rest = " ".join(word for word in words if word not in told)
    return rest, named_interval(told[0]) if len(set(told)) == 1 else None


# --- statuses ---------------------------------------------------------------------------------------

# Other words for a choice of the contract, in small letters, _ for whatever parts them: as tools document
# them (Chargebee, Recurly, Braintree, Lemon Squeezy, Polar, WooCommerce, GoCardless, Steady, Patreon), and as
# people write. What never began to pay is free time before the first payment. Not those that tools mean
# differently: unpaid (over at Stripe and Lemon Squeezy, billed on at Maxio), on hold (a pause at Maxio, a
# failed payment at WooCommerce), frozen (at Shopify not paid), suspended (either).
_CHOICES = {
    "active": "live current paying ok renewing non_renewing not_renewing assessing pending_cancel "
    "pending_cancellation active_patron aktiv laufend actif activo activa attivo ativo actief "
    "有效 正常 使用中",
    "past_due": "pastdue overdue late soft_failure declined_patron überfällig en_retard impayé vencido 逾期",
    "paused": "pausiert ruht en_pause pausado pausada 暂停",
    "yes": "true 1 y ja j oui si sí sim да 是",
    "no": "false 0 n nein non não nee нет 否",
    "trialing": "trial trialling in_trial on_trial free_trial pending incomplete incomplete_expired future "
    "pending_customer_approval customer_approval_denied testphase test probezeit essai prueba 试用",
}
# A status that says that a subscription is over, which its `ended_at` has to say.
_OVER = (
    "canceled cancelled ended expired churned inactive deleted terminated finished completed switched "
    "transferred former_patron gekündigt beendet abgelaufen résilié terminé cancelado baja "
    "已取消 已到期 已退订 no false 0 nein non 否"
)
OVER = frozenset(_OVER.split())
# Words for active that say that the subscription will end.
LEAVING = frozenset(["non_renewing", "not_renewing", "pending_cancel", "pending_cancellation"])


def choices(among: Iterable[str]) -> dict[str, str]:
    """Every word for these choices of the contract, each with the choice that it means.

    >>> choices(["active", "past_due"])["overdue"], "overdue" in choices(["active", "paused"])
    ('past_due', False)
    """
    return {word: choice for choice in among for word in (choice, *_CHOICES.get(choice, "").split())}


def plain_choice(said: str) -> str:
    """A word as `choices` has it, as tools write it in their files and in their code.

    >>> plain_choice(" Past  Due"), plain_choice("In-Trial"), plain_choice("wc-pending-cancel")
    ('past_due', 'in_trial', 'pending_cancel')
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", said.strip())
    return re.sub(r"[\s_-]+", "_", parted.lower()).removeprefix("wc_")

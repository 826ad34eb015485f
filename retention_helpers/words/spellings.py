"""Words that stand in cells, each in one table: names of months, currencies with their signs, intervals."""

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
    "₺": "TRY", "₽": "RUB", "₴": "UAH", "฿": "THB", "₫": "VND", "₪": "ILS", "₱": "PHP",
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
    "meses mensual mensal mese mensile maand maandelijks 月 每月 月額",
    ("month", 3): "quarter quarters quarterly qtr q quartal quartale vierteljährlich quartalsweise trimestre "
    "trimestriel trimestral trimestrale kwartaal 季度 季",
    ("month", 6): "half-year halfyear half-yearly semiannual semi-annual semiannually biannual halbjahr "
    "halbjährlich semestre semestriel semestral",
    ("year", 1): "year years yearly yr y annual annually annum p.a. pa jahr jahre jährlich an ans annuel "
    "annuelle année par-an año años anual ano anos anno annuale jaar jaarlijks 年 每年 年額",
    ("year", 2): "biennial biennially zweijährlich",
}
INTERVALS = {word: interval for interval, words in _INTERVALS.items() for word in words.split()}
_COUNTED = re.compile(r"(?:every |alle )?(?P<count>\d{1,3})[ -]?(?P<word>\D+)")
MONTHS_OF_A_YEAR = 12


def interval(said: str) -> tuple[str, int] | None:
    """How long a price lasts, as a unit and how many of it; None for words that say nothing of the kind.

    Twelve months are a year.

    >>> interval("Annually"), interval("3 months"), interval("12-monthly"), interval("per seat")
    (('year', 1), ('month', 3), ('year', 1), None)
    """
    plain = " ".join(said.lower().replace("_", " ").split())
    counted = _COUNTED.fullmatch(plain)
    found = INTERVALS.get(counted["word"].strip() if counted else plain)
    if found is None:
        return None
    unit, times = found
    many = times * (int(counted["count"]) if counted else 1)
    if unit == "month" and many and many % MONTHS_OF_A_YEAR == 0:
        return "year", many // MONTHS_OF_A_YEAR
    return unit, many

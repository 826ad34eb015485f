"""Rules about amounts: one currency, and the size that an amount a month has."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pyarrow as pa

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import OWN_MRR, TABLES
from retention_helpers.engine import EngineError, quoted, text
from retention_helpers.gate.evidence import OPEN, Evidence
from retention_helpers.gate.parsing import MONEY_TYPE
from retention_helpers.sources.headings import currency_of
from retention_helpers.sources.prices import HABIT, LARGE_MIDDLE, PRICE_ENDINGS, WITHOUT_MINOR_UNIT
from retention_helpers.words import spellings
from retention_helpers.words.formats import count, exact, money, plural

LEAST_GONE = 3  # customers who have left; fewer show no habit
LEAST_ROWS = 10  # paying spans; fewer show no habit
ABSURD = 500  # times the middle amount
NOT_SMALL = 20  # times the middle amount; below, a hundredfold price is just another price
USUAL = 5  # customers who pay an amount make it a price
UNDIVIDED = 6  # times the monthly amount of the same plan; ten or twelve are usual for a year's price


def one_currency(evidence: Evidence) -> str:
    """Bring every MRR into one currency, at the latest rate of each; returns that currency.

    So amounts can be held against each other. `OWN_MRR` keeps what a row says in its own currency: a report
    takes the rates of its own month.
    """
    source, settings = evidence.read["subscriptions"], evidence.settings
    read = evidence.of("subscriptions")
    _name_by_codes(evidence, read)
    codes = [
        code
        for (code,) in evidence.rows(
            f"SELECT DISTINCT upper(currency) FROM {read} WHERE currency IS NOT NULL ORDER BY 1"
        )
    ]
    currency = settings.currency or (codes[0] if len(codes) == 1 else "")
    if not currency and codes:
        evidence.stop(
            source,
            "several currencies",
            f"amounts are in {', '.join(codes)}",
            f"Name the report's `currency` and the `exchange_rates` in {SETTINGS_FILE}.",
        )
        return ""
    _hold_named_currency(evidence, read, currency if codes else "")
    foreign = [code for code in codes if code != currency]
    for code in foreign:
        if code not in settings.exchange_rates:
            evidence.stop(
                source,
                "currency without a rate",
                f"there is no exchange rate from {code} to {currency}",
                f"Add `exchange_rates: {{{code}: …}}` to {SETTINGS_FILE}.",
            )
    if foreign and not evidence.is_stopped:
        _convert(evidence, {code: settings.exchange_rates[code].every for code in foreign})
    return currency


def headings_in_one_currency(evidence: Evidence, currency: str) -> None:
    """Stop where a heading of amounts names another currency than the report's, such as “Spend (USD)”.

    Where rows name their currency, they say it and no heading does.
    """
    for table, source in evidence.read.items():
        if _rows_name_currencies(evidence, table):
            continue
        for column in TABLES[table].of_kind("money"):
            heading = source.columns.get(column.name, "")
            named = currency_of(heading)
            if currency and named and not spellings.can_mean(named, currency):
                evidence.stop(
                    source,
                    "another currency",
                    f"“{heading}” is in {named}, and the report in {currency}",
                    f"Convert the amounts and call the column {column.name}, or name the report's `currency` "
                    f"in {SETTINGS_FILE}.",
                )


def _rows_name_currencies(evidence: Evidence, table: str) -> bool:
    has_column = any(column.name == "currency" for column in TABLES[table].columns)
    return has_column and evidence.count(f"{evidence.of(table)} WHERE currency IS NOT NULL") > 0


def _name_by_codes(evidence: Evidence, read: str) -> None:
    """Write the currencies that are named by a sign or a word, such as € and Euro, by their codes."""
    settings = evidence.settings
    named = [name for (name,) in evidence.rows(f"SELECT DISTINCT currency FROM {read} WHERE currency > ''")]
    among = [code for code in (settings.currency, *settings.exchange_rates) if code]
    codes = {name: spellings.code_of(spellings.currency(name) or name.upper(), among) for name in named}
    cases = " ".join(f"WHEN {text(name)} THEN {text(code)}" for name, code in codes.items() if name != code)
    if cases:
        replaced = f"SELECT * REPLACE (CASE currency {cases} ELSE currency END AS currency) FROM {read}"
        evidence.rewrite("subscriptions", f"{replaced} ORDER BY source_row")


def _hold_named_currency(evidence: Evidence, read: str, currency: str) -> None:
    nameless = f"{read} WHERE currency IS NULL AND mrr IS NOT NULL"
    count = evidence.count(nameless)
    if currency and count:
        evidence.say(
            "warning",
            "subscriptions",
            "currency empty",
            "currency is empty",
            f"These amounts were read as {currency}; fill it in.",
            rows=count,
            of=evidence.count(read),
            first=evidence.case("subscriptions", nameless),
        )


def _convert(evidence: Evidence, rates: Mapping[str, Sequence[Decimal]]) -> None:
    read = evidence.of("subscriptions")
    amount = _at({code: every[-1] for code, every in rates.items()})
    highest = _at({code: max(every) for code, every in rates.items()})
    try:
        evidence.one(f"SELECT max(CAST({highest} AS {MONEY_TYPE})) FROM {read}")
        converted = f"* REPLACE (CAST({amount} AS {MONEY_TYPE}) AS mrr), mrr AS {OWN_MRR}"
        evidence.rewrite("subscriptions", f"SELECT {converted} FROM {read} ORDER BY source_row")
    except EngineError:
        what = "an amount has more than twelve digits once it is converted"
        way_out = f"Correct it, or its rate in {SETTINGS_FILE}."
        evidence.stop(evidence.read["subscriptions"], "amount too large", what, way_out)


def _at(rates: Mapping[str, Decimal]) -> str:
    """SQL of the MRR at these rates."""
    cases = " ".join(f"WHEN {text(code)} THEN {exact(rate)}" for code, rate in rates.items())
    return f"round(mrr * CASE upper(currency) {cases} ELSE 1.0 END, 6)"


def _paying(evidence: Evidence) -> str:
    """SQL of the spans that pay, without currencies that have no smaller unit."""
    whole = ", ".join(text(code) for code in sorted(WITHOUT_MINOR_UNIT))
    return f"(FROM {evidence.service()} WHERE mrr > 0 AND coalesce(upper(currency), '') NOT IN ({whole}))"


def minor_units(evidence: Evidence) -> None:
    """Amounts that look as if they were written in cents: 4900 for 49.00."""
    if evidence.settings.currency in WITHOUT_MINOR_UNIT:
        return
    is_price = f"mrr = floor(mrr) AND mrr >= 100 AND CAST(mrr AS BIGINT) % 100 IN {PRICE_ENDINGS}"
    total, middle, as_prices = evidence.one(
        f"SELECT count(*), quantile_disc(mrr, 0.5), count(*) FILTER (WHERE {is_price}) "
        f"FROM {_paying(evidence)}"
    )
    if total < LEAST_ROWS or middle < LARGE_MIDDLE or as_prices < HABIT * total:
        return
    if evidence.has("payments") and _is_paid_so(evidence):
        return
    evidence.say(
        "warning",
        "subscriptions",
        "minor units",
        f"mrr looks as if it were written in cents: half of the amounts are {money(middle)} a month or more, "
        "and they end as prices in cents do",
        f"Divide them by 100; if {money(middle)} is right, write `accepted: [minor units]` in "
        f"{SETTINGS_FILE}.",
        effect="Every amount of money would be a hundred times too high; churn would not change.",
    )


def _is_paid_so(evidence: Evidence) -> bool:
    """Whether payments show the same size of amounts: then the customers really pay that much."""
    payments = evidence.of("payments")
    paid = f"SELECT customer_id, max(amount) AS amount FROM {payments} WHERE amount > 0 GROUP BY 1"
    owed = f"SELECT customer_id, max(mrr) AS mrr FROM {_paying(evidence)} GROUP BY 1"
    (ratio,) = evidence.one(f"SELECT median(amount / mrr) FROM ({paid}) JOIN ({owed}) USING (customer_id)")
    return ratio is not None and ratio > 0.1


def amounts_out_of_scale(evidence: Evidence) -> None:
    """Single amounts that are a hundred times a usual price, or far beyond all others."""
    middle, total = evidence.one(f"SELECT quantile_disc(mrr, 0.5), count(*) FROM {_paying(evidence)}")
    if total < LEAST_ROWS:
        return
    usual = (
        f"(SELECT mrr FROM {_paying(evidence)} GROUP BY mrr HAVING count(DISTINCT customer_id) >= {USUAL})"
    )
    mixed = (
        f"{_paying(evidence)} WHERE mrr / 100 IN (SELECT CAST(mrr AS DOUBLE) FROM {usual}) "
        f"AND mrr NOT IN {usual} AND mrr > {NOT_SMALL * middle}"
    )
    beyond = f"{_paying(evidence)} WHERE mrr > {ABSURD * middle}"
    count, excess = evidence.one(f"SELECT count(*), sum(mrr - mrr / 100) FROM {mixed}")
    if count:
        evidence.say(
            "warning",
            "subscriptions",
            "absurd mrr",
            "mrr is a hundred times a usual price",
            f"If they are cents, divide them by 100; else write `accepted: [absurd mrr]` in {SETTINGS_FILE}.",
            effect=f"It would add {money(round(Decimal(str(excess))))} of MRR that nobody pays.",
            rows=count,
            of=evidence.totals["subscriptions"],
            first=evidence.case("subscriptions", mixed, "mrr"),
        )
        return
    count = evidence.count(beyond)
    if count:
        evidence.say(
            "warning",
            "subscriptions",
            "absurd mrr",
            f"mrr is more than {ABSURD} times the middle amount of {money(middle)}",
            f"Correct it; if it is right, write `accepted: [absurd mrr]` in {SETTINGS_FILE}.",
            effect="One such customer decides every figure about money.",
            rows=count,
            of=evidence.totals["subscriptions"],
            first=evidence.case("subscriptions", beyond, "mrr"),
        )


def present_amounts(evidence: Evidence) -> None:
    """A list of what customers pay today, in which those who have left pay nothing: no loss is left in it.

    So it seems where more than twice as many of those who left pay nothing as of those who are there. Who
    ends in days to come is there.
    """
    each = (
        f"(SELECT customer_id, max(coalesce(ended_on, {OPEN})) <= {evidence.latest} AS has_left, "
        f"max(mrr) = 0 AS pays_nothing FROM {evidence.of('subscriptions')} "
        "WHERE coalesce(status, 'active') IN ('active', 'past_due') GROUP BY customer_id)"
    )
    gone, gone_free, there, there_free = evidence.one(
        "SELECT count(*) FILTER (WHERE has_left), count(*) FILTER (WHERE has_left AND pays_nothing), "
        "count(*) FILTER (WHERE NOT has_left), count(*) FILTER (WHERE NOT has_left AND pays_nothing) "
        f"FROM {each}"
    )
    if gone_free <= 2 * gone * (there_free / there if there else 0):
        return
    is_habit = 2 * gone_free >= gone
    as_in = ", as in a list of what is paid today" if is_habit else ""
    evidence.say(
        "stop" if gone_free == gone >= LEAST_GONE else "warning" if is_habit else "note",
        "subscriptions",
        "present amounts",
        f"mrr is 0 for {count(gone_free)} of {plural(gone, 'customer')} who left{as_in}",
        "Fill in what they paid until then: the plan's price, or from invoices; if they never paid, write "
        f"`accepted: [present amounts]` in {SETTINGS_FILE}.",
        effect="Who pays nothing is no customer, and does not count as lost.",
    )


def no_amounts(evidence: Evidence) -> None:
    """Subscriptions of which none pays anything: the amounts were not exported."""
    paying = f"{evidence.of('subscriptions')} WHERE mrr > 0"
    if evidence.count(paying):
        return
    evidence.say(
        "warning",
        "subscriptions",
        "no amounts",
        "mrr is above 0 in none of the rows",
        "Fill in what each customer pays a month.",
        effect="Who pays nothing is no customer, so there is nobody to report on.",
        rows=evidence.totals["subscriptions"],
        of=evidence.totals["subscriptions"],
    )


def annual_amounts(evidence: Evidence) -> None:
    """A year's price that was not divided by twelve, against the monthly price of the same plan.

    "Pro monthly" and "Pro yearly" are the same plan; where a row names no interval, its plan's name may.
    """
    named = evidence.rows(
        f"SELECT DISTINCT coalesce(plan, ''), {quoted('interval')} FROM {_paying(evidence)}"
    )
    plans = [(plan, interval, *_plan_and_interval(plan, interval)) for plan, interval in named]
    columns = (
        dict(zip(("plan", "lasts", "stem", "is_of"), zip(*plans, strict=True), strict=True)) if plans else {}
    )
    if not {spellings.MONTHLY, spellings.ANNUAL} <= set(columns.get("is_of", ())):
        return
    evidence.engine.con.register(
        "plans_named", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    )
    own = (
        f"(SELECT s.*, stem, is_of FROM {_paying(evidence)} AS s JOIN plans_named AS n "
        f"ON coalesce(s.plan, '') = n.plan AND s.{quoted('interval')} IS NOT DISTINCT FROM n.lasts)"
    )
    of = "quantile_disc(mrr, 0.5) FILTER (WHERE is_of = '{}')"
    middles = (
        f"SELECT stem, {of.format(spellings.MONTHLY)} AS monthly, {of.format(spellings.ANNUAL)} AS yearly "
        f"FROM {own} GROUP BY stem"
    )
    dear = f"(FROM ({middles}) WHERE yearly / monthly >= {UNDIVIDED})"
    yearly = f"(FROM {own} JOIN {dear} USING (stem) WHERE is_of = '{spellings.ANNUAL}')"
    found = evidence.rows(f"SELECT plan, monthly, yearly FROM {yearly} ORDER BY plan, source_row LIMIT 1")
    if not found:
        return
    plan, month_price, year_price = found[0]
    evidence.say(
        "warning",
        "subscriptions",
        "annual amounts",
        f"mrr of annual subscriptions looks like a year's price on {plural(evidence.count(dear), 'plan')}: "
        f"{money(year_price)} against {money(month_price)} a month on plan {plan or '(no plan)'}",
        "Divide a year's price by twelve; if it is right, write `accepted: [annual amounts]` in "
        f"{SETTINGS_FILE}.",
        effect="MRR would be up to twelve times too high for them.",
        rows=evidence.count(yearly),
        of=evidence.totals["subscriptions"],
    )


def _plan_and_interval(plan: str, interval: str | None) -> tuple[str, str | None]:
    """A plan's name without its interval, and the interval: the row's own, else that of the name."""
    stem, told = spellings.without_interval(plan)
    return stem, interval or told

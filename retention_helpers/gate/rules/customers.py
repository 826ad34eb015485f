"""Rules about who the customers are: known, one row each, named by an id that names nobody."""

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import TABLES, Level
from retention_helpers.gate import in_place
from retention_helpers.gate.evidence import Evidence
from retention_helpers.gate.setting_aside import UNKNOWN_CUSTOMER, leave_out
from retention_helpers.sources.folder import line_of_row
from retention_helpers.words.formats import count, plural

LEAST_CUSTOMERS = 20
FEW_WITHOUT_SERVICE = 0.2  # of the customers; free accounts and trials are usual
NEARLY_ALL = 0.95  # of the rows, or customers, that match nobody: then it is no matter of a few
MANY_STRANGERS = 0.05  # of a table's rows; fewer are a note
# Words that mark an account of one's own as a whole word of an id, a name, an address or a plan.
_TEST_WORDS = "test|tests|testing|tester|demo|dummy|sandbox|internal|qa|asdf|staff|employee"
_TEST_DOMAINS = r"@(example\.(com|org|net)|test\.[a-z]+|mailinator\.com)$"
MOST_MARKED = 0.25  # of the customers; what marks more of them marks nobody


def one_row_a_customer(evidence: Evidence) -> None:
    """A customer with several rows has several sign-ups and attributes, and nobody knows which hold."""
    firsts = (
        f"SELECT customer_id, min(source_row) AS source_row FROM {evidence.of('customers')} "
        "WHERE customer_id IS NOT NULL GROUP BY customer_id HAVING count(*) > 1"
    )
    again = evidence.count(f"({firsts})")
    if again:
        later = f"JOIN ({firsts}) AS f USING (customer_id) WHERE t.source_row > f.source_row"
        relation = f"(SELECT t.* FROM {evidence.of('customers')} AS t {later})"
        evidence.say(
            "stop",
            "customers",
            "customer twice",
            f"{plural(again, 'customer has', 'customers have')} more than one row, with different values",
            "Keep one row a customer.",
            rows=again,
            first=evidence.case("customers", relation),
        )


def ids_that_name_nobody(evidence: Evidence) -> None:
    """An e-mail address as customer_id would stand on the pages."""
    read = evidence.of("customers")
    addresses = f"{read} WHERE customer_id LIKE '%_@_%._%'"
    count = evidence.count(addresses)
    if count:
        row = evidence.one(f"SELECT min(source_row) FROM {addresses}")[0]
        evidence.say(
            "warning",
            "customers",
            "e-mail as id",
            "customer_id is an e-mail address",
            "The pages show customer_id: use an id that names nobody, or keep the report to yourself.",
            rows=count,
            of=evidence.count(read),
            first=line_of_row(evidence.read["customers"], row),
        )


def known_customers(evidence: Evidence) -> None:
    """Rows of customers who are missing from `customers`.

    Spans (or orders, where there are no subscriptions) count all the same; other rows count for nobody, so
    they are left out, unless a span knows the customer. Where nearly all of a table's ids match nobody, it is
    another id: a stop for the subscriptions, and any other table is as if nobody had brought it, because no
    row is not the same as no use.
    """
    carrier = "subscriptions" if evidence.has("subscriptions") else "orders"
    for table in sorted(evidence.read, key=lambda table: table != carrier):
        if table != "customers" and "customer_id" in TABLES[table].required:
            _known_customers(evidence, table, is_span=table == carrier)


def _known_customers(evidence: Evidence, table: str, *, is_span: bool) -> None:
    total = evidence.totals[table]
    known = f"SELECT customer_id FROM {evidence.of('customers')}"
    if not is_span and evidence.has_spans:
        known += f" UNION SELECT customer_id FROM {evidence.spans()}"
    strangers = (
        f"(SELECT t.* FROM {evidence.of(table)} AS t ANTI JOIN ({known}) AS c "
        "ON t.customer_id = c.customer_id WHERE t.customer_id IS NOT NULL)"
    )
    many = evidence.many(table)
    count, who = evidence.one(f"SELECT {many}, min(customer_id) FROM {strangers}")
    if not count:
        return
    # A large table keeps no row numbers.
    first = f"customer {who}" if TABLES[table].is_large else evidence.case(table, strangers)
    is_another_id = count >= NEARLY_ALL * total
    said = _another_id if is_another_id else _some_strangers
    level, rule, way_out, effect = said(is_span, count / total)
    evidence.say(
        level,
        table,
        rule,
        "the customer is missing from customers",
        f"{_hint_of_spelling(evidence, strangers, many)}"
        f"{_ids_of_either(evidence, strangers) if is_another_id else ''}{way_out}",
        effect=effect,
        rows=count,
        of=total,
        first=first,
    )
    if not is_span:
        if evidence.stays(table):
            in_place.leave_out(evidence, strangers)
        else:
            leave_out(evidence, table, strangers, UNKNOWN_CUSTOMER)
        if is_another_id:
            evidence.unmatched.add(table)


def _some_strangers(is_span: bool, share: float) -> tuple[Level, str, str, str]:
    """Level, rule, way out and effect where some of a table's ids are unknown."""
    if is_span:
        return "warning", "unknown customer", "They are counted all the same; add them to customers.", ""
    level: Level = "warning" if share >= MANY_STRANGERS else "note"
    return (
        level,
        "unknown customer",
        "These rows count for nobody; add the customers, or take the rows out.",
        "",
    )


def _another_id(is_span: bool, share: float) -> tuple[Level, str, str, str]:
    """The same where nearly all are."""
    way_out = "Export both with the same customer_id."
    if is_span:
        return "stop", "ids that match nobody", way_out, ""
    effect = "The table is left out, as if it were not there: no number and no list is made of it."
    return "warning", "ids that match nobody", way_out, effect


def _ids_of_either(evidence: Evidence, strangers: str) -> str:
    """Two ids of the table and two of the customers, for the owner to see what they are."""
    here, there = (
        " and ".join(
            str(one)
            for (one,) in evidence.rows(f"SELECT DISTINCT customer_id FROM {rows} ORDER BY 1 LIMIT 2")
        )
        for rows in (strangers, f"{evidence.of('customers')} WHERE customer_id IS NOT NULL")
    )
    return f"It holds ids such as {here}, customers such as {there}. "


def _hint_of_spelling(evidence: Evidence, strangers: str, many: str) -> str:
    """Whether the ids would match but for capitals, blanks, or zeros in front."""
    plain = "ltrim(lower(trim({}.customer_id)), '0 ')"
    same, ours, theirs = evidence.one(
        f"SELECT {many}, min(c.customer_id), arg_min(s.customer_id, c.customer_id) FROM {strangers} AS s "
        f"JOIN {evidence.of('customers')} AS c ON {plain.format('s')} = {plain.format('c')}"
    )
    if not same:
        return ""
    return (
        f"In {count(same)} of them the id differs in capitals or zeros only ({theirs} here, {ours} there). "
    )


def service_of_customers(evidence: Evidence) -> None:
    """Customers without any paid or paused subscription: usual for free plans, or subscriptions were lost."""
    without, total, first = evidence.one(
        f"SELECT count(*) FILTER (WHERE p.customer_id IS NULL), count(*), "
        "min(c.customer_id) FILTER (WHERE p.customer_id IS NULL) "
        f"FROM {evidence.of('customers')} AS c LEFT JOIN {evidence.people()} AS p USING (customer_id)"
    )
    if total >= LEAST_CUSTOMERS and without > FEW_WITHOUT_SERVICE * total:
        evidence.say(
            "warning" if without > NEARLY_ALL * total else "note",
            "customers",
            "no subscription",
            f"{count(without)} of {plural(total, 'customer')} never had a paid or paused subscription",
            "Trials and free accounts are like that; if there are none here, subscriptions are missing.",
            effect="They count in no rate.",
            first=f"customer {first}",
        )


def ids_in_two_spellings(evidence: Evidence) -> None:
    """Customers whose ids differ in capitals alone: one person, perhaps, written in two ways."""
    twice = (
        f"(SELECT min(customer_id) AS one, max(customer_id) AS other FROM {evidence.of('customers')} "
        "GROUP BY lower(customer_id) HAVING count(DISTINCT customer_id) > 1)"
    )
    found, one, other = evidence.one(f"SELECT count(*), min(one), arg_min(other, one) FROM {twice}")
    if found:
        evidence.say(
            "warning",
            "customers",
            "ids in two spellings",
            f"{plural(found, 'id stands', 'ids stand')} there in two spellings that differ in capitals "
            "alone (such "
            f"as {one} and {other})",
            "If they are the same customers, write them in one way; if not, write `accepted: [ids in two "
            "spellings]` "
            f"in {SETTINGS_FILE}.",
            effect="They count as two customers each.",
            rows=found,
        )


def subscriptions_of_two(evidence: Evidence) -> None:
    """One subscription_id under two customers: one of them does not have it."""
    shared = (
        f"(SELECT * FROM {evidence.of('subscriptions')} WHERE subscription_id IN (SELECT subscription_id "
        "FROM "
        f"{evidence.of('subscriptions')} GROUP BY 1 HAVING count(DISTINCT customer_id) > 1))"
    )
    ids, rows = evidence.one(f"SELECT count(DISTINCT subscription_id), count(*) FROM {shared}")
    if ids:
        evidence.say(
            "warning",
            "subscriptions",
            "subscription of two",
            f"{plural(ids, 'subscription_id stands', 'subscription_ids stand')} under two customers or more",
            "Correct the customer; if the same number is given to each of them, write "
            f"`accepted: [subscription of two]` in {SETTINGS_FILE}.",
            effect="Its MRR counts for each of them; where it was handed over, one is lost and one is new.",
            rows=rows,
            of=evidence.totals["subscriptions"],
            first=evidence.case("subscriptions", shared, "subscription_id"),
        )


def test_accounts(evidence: Evidence) -> None:
    """Accounts of your own that would count as customers, and mostly as ones who stay."""
    marked = _marked(evidence)
    if not marked:
        return
    shown = ", ".join(marked[:5]) + (" …" if len(marked) > 5 else "")
    evidence.say(
        "warning",
        "customers",
        "test accounts",
        f"{plural(len(marked), 'customer looks', 'customers look')} like a test or an account of your own "
        f"({', '.join(marked[:3])}{', …' if len(marked) > 3 else ''})",
        f"Leave them out with `internal_accounts: [{shown}]` in {SETTINGS_FILE}; if they are real, write "
        "`accepted: [test accounts]` there.",
        effect="They would count as customers, and mostly as ones who stay.",
        rows=len(marked),
    )


def _marked(evidence: Evidence) -> list[str]:
    """The customers with service whom a sign marks that marks few; each sign is judged on its own."""
    columns = [column for column, *_ in evidence.rows(f"DESCRIBE SELECT * FROM {evidence.of('customers')}")]
    personal = [column for column in columns if column in evidence.personal]
    word = f"'(^|[^a-z0-9])({_TEST_WORDS})([^a-z0-9]|$)'"
    signs = [f"regexp_matches(lower(c.customer_id), {word})"]
    for column in personal:
        value = f'lower(c."{column.replace(chr(34), chr(34) * 2)}")'
        signs += [f"regexp_matches({value}, {word})", f"regexp_matches({value}, '{_TEST_DOMAINS}')"]
    plans = (
        f"SELECT customer_id, bool_and(coalesce(regexp_matches(lower(plan), {word}), false)) AS is_test "
        f"FROM {evidence.service()} GROUP BY customer_id"
    )
    signs.append("s.is_test")
    ours = ", ".join("'" + one.replace("'", "''") + "'" for one in evidence.settings.internal_accounts)
    joined = (
        f"FROM {evidence.of('customers')} AS c JOIN ({plans}) AS s USING (customer_id) "
        f"WHERE c.customer_id NOT IN ({ours or 'NULL'})"
        if ours
        else f"FROM {evidence.of('customers')} AS c JOIN ({plans}) AS s USING (customer_id)"
    )
    counts = ", ".join(f"count(*) FILTER (WHERE {sign})" for sign in signs)
    total, *each = evidence.one(f"SELECT count(*), {counts} {joined}")
    telling = [sign for sign, count in zip(signs, each, strict=True) if 0 < count <= MOST_MARKED * total]
    if not telling:
        return []
    found = f"SELECT customer_id FROM (SELECT c.customer_id, ({' OR '.join(telling)}) AS is_marked {joined})"
    return [who for (who,) in evidence.rows(f"{found} WHERE is_marked ORDER BY 1")]


def internal_accounts(evidence: Evidence) -> None:
    """Accounts that the owner leaves out: how many there are, and those that nobody has."""
    named = evidence.settings.internal_accounts
    if not named:
        return
    listed = ", ".join("'" + one.replace("'", "''") + "'" for one in named)
    known = {
        who
        for (who,) in evidence.rows(
            f"SELECT customer_id FROM {evidence.of('customers')} WHERE customer_id IN ({listed})"
        )
    }
    unknown = [one for one in named if one not in known]
    if known:
        evidence.say(
            "note",
            "customers",
            "internal accounts",
            f"{plural(len(known), 'customer is', 'customers are')} left out everywhere, as "
            f"`internal_accounts` in {SETTINGS_FILE} says",
            "Nothing is to be done.",
        )
    if unknown:
        evidence.say(
            "warning",
            "customers",
            "internal account unknown",
            f"`internal_accounts` in {SETTINGS_FILE} names {', '.join(unknown[:5])}, and no customer has "
            "that customer_id",
            "Correct the id, or take it out.",
            effect="The account that was meant still counts.",
        )

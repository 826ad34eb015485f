"""One person under several customers: seen by the e-mail, whatever source the customers come from.

Two ids make a return look like a new customer, and a second plan that ends like a loss. With `same_person:
email` they are one, in every table; without, it is said. A list names them either way.
"""

from collections.abc import Sequence

import pyarrow as pa

from retention_helpers.contract.attributes import email_column
from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import TABLES, Level
from retention_helpers.engine import quoted, text
from retention_helpers.gate import in_place
from retention_helpers.gate.evidence import Evidence
from retention_helpers.gate.rules.attributes import columns_of
from retention_helpers.gate.setting_aside import keep_same_person
from retention_helpers.sources.folder import places_of
from retention_helpers.words.formats import count

RULE = "customers of one e-mail"
_SHOWN = 5  # persons that a sentence names
_PERSONS = "persons"  # table: customer_id, person (the first of the same e-mail), address, source_row, nth


def one_person_one_customer(evidence: Evidence) -> None:
    """Say which customers have one e-mail; where the owner asks for it, let them be the first of them."""
    column = email_column(columns_of(evidence))
    if column is None or not _find(evidence, column):
        return
    joins = evidence.settings.same_person == "email"
    _say(evidence, joins=joins)
    _keep_list(evidence, joins=joins)
    if joins:
        for table in evidence.read:
            if "customer_id" in TABLES[table].required:
                _rename(evidence, table)


def _find(evidence: Evidence, column: str) -> bool:
    """Make the table of the persons with several customers; False where there is none.

    The first of them is who signed up first. What holds no @ is no address; the owner's own accounts count
    nowhere.
    """
    internal = ", ".join(map(text, evidence.settings.internal_accounts)) or "''"
    first = "(PARTITION BY address ORDER BY signed_up_on NULLS LAST, signed_up_at NULLS LAST, customer_id)"
    addresses = (
        "SELECT customer_id, signed_up_on, signed_up_at, source_row, "
        f"lower(trim({quoted(column)})) AS address FROM {evidence.of('customers')} "
        f"WHERE customer_id NOT IN ({internal})"
    )
    evidence.engine.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_PERSONS} AS SELECT customer_id, address, source_row, "
        f"first_value(customer_id) OVER {first} AS person, row_number() OVER {first} AS nth "
        f"FROM ({addresses}) WHERE address LIKE '_%@_%' QUALIFY count(*) OVER (PARTITION BY address) > 1"
    )
    return evidence.count(_PERSONS) > 0


def _say(evidence: Evidence, *, joins: bool) -> None:
    listed = f"SELECT list(customer_id ORDER BY nth) FROM {_PERSONS} GROUP BY person ORDER BY person"
    every = [names for (names,) in evidence.rows(listed)]
    stands = "e-mail stands" if len(every) == 1 else "e-mails stand"
    what = f"{count(len(every))} {stands} under several customers ({_named(every)})"
    level: Level = "note" if joins else "warning"
    if joins:
        what, effect, way_out = f"{what}, who count as one, the first of them", "", "Check that they are."
    else:
        effect = "A return looks like a new customer, and a second plan that ends like a loss."
        way_out = (
            f"If each is one person, say `same_person: email` in {SETTINGS_FILE}; if not, write "
            f"`accepted: [{RULE}]` there."
        )
    evidence.say(level, "customers", RULE, what, way_out, effect=effect, rows=0)


def _named(persons: Sequence[Sequence[str]]) -> str:
    named = "; ".join(" and ".join(own) for own in persons[:_SHOWN])
    return named + (f"; and {count(len(persons) - _SHOWN)} more" if len(persons) > _SHOWN else "")


def _keep_list(evidence: Evidence, *, joins: bool) -> None:
    """Keep who has one e-mail, an e-mail after the other, with the place of each row."""
    found = evidence.rows(
        f"SELECT source_row, address, customer_id, person FROM {_PERSONS} ORDER BY person, nth"
    )
    source = evidence.read["customers"]
    places = places_of(source, [row for row, *_ in found])
    keep_same_person(
        evidence,
        pa.table(
            {
                "file": [source.name] * len(found),
                "place": places,
                "reason": [_reason(customer, person, joins=joins) for *_, customer, person in found],
                "customer_id": [customer for *_, customer, _ in found],
                "email": [email for _, email, *_ in found],
            }
        ),
    )


def _reason(customer: str, person: str, *, joins: bool) -> str:
    if customer == person:
        return "the first customer of this e-mail"
    return f"counts as {person}, who has the same e-mail" if joins else f"has the same e-mail as {person}"


def _rename(evidence: Evidence, table: str) -> None:
    """Let every row of a joined customer be of the first; of `customers` the first's own row stays."""
    read, order = evidence.of(table), "" if TABLES[table].is_large else " ORDER BY source_row"
    if table == "customers":
        others = f"SELECT customer_id FROM {_PERSONS} WHERE customer_id <> person"
        evidence.rewrite(table, f"SELECT * FROM {read} WHERE customer_id NOT IN ({others}){order}")
        evidence.totals[table] = evidence.count(evidence.of(table))
        return
    others = f"(SELECT customer_id, person FROM {_PERSONS} WHERE customer_id <> person)"
    if evidence.count(f"{read} SEMI JOIN {others} USING (customer_id)"):
        person = "coalesce(person, own.customer_id) AS customer_id"
        joined = f"{read} AS own LEFT JOIN {others} AS other USING (customer_id)"
        evidence.rewrite(table, f"SELECT own.* REPLACE ({person}) FROM {joined}{order}")
        if evidence.stays(table):
            in_place.rename(evidence, others)

"""Rules about the attributes of customers: personal ones, and ones that know who left."""

from dataclasses import dataclass

from retention_helpers.contract import attributes
from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import TABLES, Fault, day_name
from retention_helpers.engine import quoted, text
from retention_helpers.gate.evidence import OPEN, Evidence
from retention_helpers.sources.folder import shortened
from retention_helpers.words.errors import nearest
from retention_helpers.words.formats import percent

PERSONAL_SHARE = 0.1  # of the filled values that are addresses or numbers
LEAST_CUSTOMERS, LEAST_EACH = 50, 10  # with service, and who left or stayed among them
NEARLY_ALL = 0.97  # told apart rightly
ERRORS_LEFT = 0.2  # of those made without the attribute
MOST_LEVELS = 50
_ADDRESS = r"^[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}$"
_NUMBER = r"^(\+|00)[0-9][0-9 ()./-]{6,}$"


def columns_of(evidence: Evidence) -> list[str]:
    """The attributes: the columns of customers that are none of the contract's."""
    table = TABLES["customers"]
    ours = {"source_row"} | {column.name for column in table.columns}
    ours |= {day_name(column.name) for column in table.of_kind("instant")}
    described = evidence.rows(f"DESCRIBE SELECT * FROM {evidence.of('customers')}")
    return [name for name, *_ in described if name not in ours and not name.startswith("unread_")]


def attributes_named(evidence: Evidence) -> None:
    """The setting `attributes` names columns that customers do not have."""
    columns = columns_of(evidence)
    for name in evidence.settings.attributes:
        if name not in columns:
            said = f"{SETTINGS_FILE}: attributes names {name}, and customers has no such column."
            hint = nearest(name, columns) if columns else "It has no further columns."
            evidence.faults.append(Fault("stop", "", "settings", 0, f"{said} {hint}"))


def personal_columns(evidence: Evidence) -> None:
    """Columns that tell who somebody is, by their name or by what stands in them: never compared or shown."""
    named = evidence.settings.personal
    columns = columns_of(evidence)
    by_name = attributes.personal(columns, named)
    by_value = [column for column in columns if column not in by_name and _holds_people(evidence, column)]
    evidence.personal = [*by_name, *by_value]
    known = {attributes.plain(one) for one in named}
    found = [column for column in evidence.personal if attributes.plain(column) not in known]
    if found:
        one = len(found) == 1
        evidence.say(
            "note",
            "customers",
            "personal columns",
            f"{shortened(found)} {'is' if one else 'are'} taken for personal",
            f"If {'it' if one else 'one'} is not, rename it.",
            effect="Such a column is never compared or shown; it may stand in the lists for action.",
        )


def _holds_people(evidence: Evidence, column: str) -> bool:
    name = quoted(column)
    filled, people = evidence.one(
        f"SELECT count({name}), count(*) FILTER (WHERE regexp_matches({name}, {text(_ADDRESS)}) "
        f"OR regexp_matches({name}, {text(_NUMBER)})) FROM {evidence.of('customers')}"
    )
    return bool(people > PERSONAL_SHARE * filled)


@dataclass(frozen=True)
class _Outcome:
    """Customers with service, and how many of them left."""

    customers: int
    left: int

    @property
    def is_enough(self) -> bool:
        stayed = self.customers - self.left
        return self.customers >= LEAST_CUSTOMERS and min(self.left, stayed) >= LEAST_EACH

    def tells_apart(self, right: int) -> bool:
        """Whether so many customers told apart rightly are nearly all, and far more than without."""
        wrong_without = min(self.left, self.customers - self.left)
        wrong = self.customers - right
        return right >= NEARLY_ALL * self.customers and wrong <= ERRORS_LEFT * wrong_without


def leaking_attributes(evidence: Evidence) -> None:
    """Attributes that go on changing after sign-up, by name, or that tell almost exactly who left."""
    columns = [column for column in columns_of(evidence) if column not in evidence.personal]
    vouched = set(evidence.settings.attributes)
    changing = [column for column in columns if attributes.goes_on_changing(column)]
    outcome = _Outcome(
        *evidence.one(f"SELECT count(*), count(*) FILTER (WHERE until < {OPEN}) FROM {evidence.people()}")
    )
    separating = [
        column
        for column in columns
        if column not in changing and outcome.is_enough and _tells_apart(evidence, column, outcome)
    ]
    apart = [column for column in [*changing, *separating] if column not in vouched]
    found = attributes.Attributes(tuple(columns_of(evidence)), tuple(evidence.personal), tuple(apart))
    attributes.save(found, evidence.target)
    if apart:
        sure = [column for column in separating if column in apart]
        told = (
            f" {shortened(sure)} {'tells' if len(sure) == 1 else 'tell'} who left almost without error "
            f"({percent(NEARLY_ALL, 0)} or more)."
            if sure
            else ""
        )
        evidence.say(
            "warning" if sure else "note",
            "customers",
            "attributes that leak",
            f"of the attributes, {shortened(apart)} will have changed after sign-up",
            "Bring attributes as they were at sign-up; to compare these all the same, name them in "
            f"`attributes` in {SETTINGS_FILE}.",
            effect=f"What changes later knows who left, and would seem to explain it: it is set apart.{told}",
        )


def _tells_apart(evidence: Evidence, column: str, outcome: _Outcome) -> bool:
    """By its levels, by whether it is filled, or, for numbers and days, by one threshold."""
    value = f"c.{quoted(column)}"
    joined = f"{evidence.of('customers')} AS c JOIN {evidence.people()} AS p USING (customer_id)"
    left = f"p.until < {OPEN}"
    for group in (value, f"{value} IS NULL"):
        by_level = (
            f"SELECT count(*) AS n, count(*) FILTER (WHERE {left}) AS gone FROM {joined} GROUP BY {group}"
        )
        levels, right = evidence.one(f"SELECT count(*), sum(greatest(gone, n - gone)) FROM ({by_level})")
        if levels <= min(MOST_LEVELS, outcome.customers / 5) and outcome.tells_apart(int(right or 0)):
            return True
    size = f"coalesce(try_cast({value} AS DOUBLE), epoch(try_cast({value} AS TIMESTAMP)))"
    filled, sized = evidence.one(f"SELECT count({value}), count({size}) FROM {joined}")
    if not filled or sized < filled:
        return False
    running = (
        f"SELECT sum(sum(CASE WHEN {left} THEN 1 ELSE -1 END)) OVER (ORDER BY {size}) AS lead "
        f"FROM {joined} GROUP BY {size}"
    )
    # Right on a threshold: the gone below it and the others above, or the other way round.
    high, low = evidence.one(f"SELECT max(lead), min(lead) FROM ({running})")
    stayed = outcome.customers - outcome.left
    return outcome.tells_apart(max(stayed + int(high or 0), outcome.left - int(low or 0)))

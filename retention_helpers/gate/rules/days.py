"""Rules about when rows lie: tables that end early, and days that lie years away from all others."""

import datetime as dt

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import TABLES, day_name
from retention_helpers.engine import quoted
from retention_helpers.gate.evidence import Evidence
from retention_helpers.words.formats import day, plural

LEAST_ROWS = 20
YEAR = 366
STRAY_SHARE = 0.01
QUIET_DAYS = 14
LONGEST_PAID_AHEAD = 31  # days to the end of what a monthly plan has paid
SILENT = 2  # times the longest silence so far
HOLE, LEAST_ROWS_OF_A_HOLE = 3, 100  # times the next longest silence
_DENSE = {
    "subscriptions": "losses and new customers of the last weeks are missing",
    "events": "everybody would look as if they had stopped using the product",
    "cancellations": "the last losses would stand as not asked",
    "orders": "everybody would look as if they had stopped buying",
    "payments": "the last failed payments are missing",
    "tickets": "the last complaints are missing",
    "emails": "the last mails are missing",
    "nps": "the last answers are missing",
}


def _days(evidence: Evidence, table: str) -> str:
    """SQL of a table's days, each with its rows; of subscriptions the ends too."""
    clock = day_name(TABLES[table].clock)
    days = f"SELECT value AS day, n FROM {evidence.by(table, clock)} WHERE value IS NOT NULL"
    if table != "subscriptions":
        return f"({days})"
    ends = (
        f"SELECT ended_on AS day, count(*) AS n FROM {evidence.of(table)} "
        f"WHERE ended_on <= {evidence.latest} GROUP BY 1"
    )
    return f"(SELECT day, sum(n) AS n FROM ({days} UNION ALL {ends}) GROUP BY 1)"


def stale_tables(evidence: Evidence) -> None:
    """A table that falls silent before the others do, for longer than it ever did: an older export."""
    for table, effect in _DENSE.items():
        if not evidence.has(table) or evidence.totals[table] < LEAST_ROWS:
            continue
        days = _days(evidence, table)
        last, longest = evidence.one(
            "SELECT max(day), coalesce(max(gap), 0) FROM "
            "(SELECT day, day - lag(day) OVER (ORDER BY day) AS gap "
            f"FROM {days} WHERE day <= {evidence.latest})"
        )
        silent = (evidence.latest_on - last).days
        if silent > max(QUIET_DAYS, SILENT * longest):
            evidence.say(
                "warning",
                table,
                "stale table",
                f"the last row is of {day(last)}, {plural(silent, 'day')} before the last row of all tables; "
                f"it was never silent for more than {plural(int(longest), 'day')} before",
                "Export it again, on the same day as the others.",
                effect=f"If it was exported then, {effect}.",
            )


def ends_alone(evidence: Evidence) -> None:
    """A long last time in which service ends and nothing else happens: nobody came, or the export is old.

    A source that says how far it reaches, such as a sheet with a column a month, is not that old.
    """
    if evidence.until:
        return
    others = evidence.days(without=["subscriptions.ended_at"])
    last, longest = evidence.one(
        "SELECT max(day), coalesce(max(gap), 0) FROM (SELECT day, day - lag(day) OVER (ORDER BY day) AS gap "
        f"FROM {others} WHERE day <= {evidence.latest})"
    )
    rows = evidence.totals["subscriptions"]
    if last is None or rows < LEAST_ROWS:
        return
    if (evidence.latest_on - last).days <= max(LONGEST_PAID_AHEAD, SILENT * longest):
        return
    later = f"{evidence.of('subscriptions')} WHERE ended_on > DATE '{last}' AND ended_on <= {evidence.latest}"
    evidence.say(
        "warning",
        "subscriptions",
        "ends alone",
        f"after {day(last)} nothing begins and no other row is there, and service ends until "
        f"{day(evidence.latest_on)}",
        "Export the data again; if really nobody came, write `accepted: [ends alone]` in "
        + SETTINGS_FILE
        + ".",
        effect="If they were exported then, these ends were plans, and who came or left since is missing.",
        rows=evidence.count(later),
        of=rows,
        first=evidence.case("subscriptions", later, "ended_on"),
    )


def holes(evidence: Evidence) -> None:
    """Weeks without a single row in a table that is full before and after: a part was not exported."""
    for table in ("events", "payments"):
        if not evidence.has(table) or evidence.totals[table] < LEAST_ROWS_OF_A_HOLE:
            continue
        gaps = evidence.rows(
            "SELECT day, gap FROM (SELECT day, lead(day) OVER (ORDER BY day) - day AS gap "
            f"FROM {_days(evidence, table)}) WHERE gap IS NOT NULL ORDER BY gap DESC, day LIMIT 2"
        )
        if len(gaps) < 2:
            continue
        (last_on, longest), (_, next_longest) = gaps
        before = evidence.one(f"SELECT sum(n) FROM {_days(evidence, table)} WHERE day <= DATE '{last_on}'")[0]
        is_inside = LEAST_ROWS <= before <= evidence.totals[table] - LEAST_ROWS
        if is_inside and QUIET_DAYS < longest <= YEAR and longest > HOLE * next_longest:
            evidence.say(
                "warning",
                table,
                "hole",
                f"there is not one row in the {plural(int(longest) - 1, 'day')} after {day(last_on)}",
                f"Export those days too; if nothing happened, write `accepted: [hole]` in {SETTINGS_FILE}.",
                effect="If they were not exported, whatever is counted there is too low.",
            )


def stray_days(evidence: Evidence) -> None:
    """A few rows that lie years away from all that happened: a year was mistyped.

    A late start beside which there is a sign-up, a payment or the end of the plan before is none.
    """
    for table in _DENSE:
        if evidence.has(table) and evidence.totals[table] >= LEAST_ROWS:
            _stray_days(evidence, table, after=True)
            if table == "subscriptions":
                _stray_days(evidence, table, after=False)


def _stray_days(evidence: Evidence, table: str, *, after: bool) -> None:
    clock = day_name(TABLES[table].clock)
    days = f"SELECT value AS day, n FROM {evidence.by(table, clock)} WHERE value IS NOT NULL"
    order = "day DESC" if after else "day"
    beyond = f"sum(n) OVER (ORDER BY {order} ROWS UNBOUNDED PRECEDING)"
    gap = "day - lag(day) OVER (ORDER BY day)" if after else "lead(day) OVER (ORDER BY day) - day"
    found = evidence.rows(
        f"SELECT day, rows FROM (SELECT day, {beyond} AS rows, {gap} AS gap FROM ({days})) "
        f"WHERE gap > {YEAR if after else 2 * YEAR} "
        f"AND rows <= greatest(3, {STRAY_SHARE} * {evidence.totals[table]}) ORDER BY rows DESC LIMIT 1"
    )
    if not found or _happened_nearby(evidence, table, found[0][0], after=after):
        return
    stray_on, rows = found[0]
    sign = ">=" if after else "<="
    where = f"{evidence.of(table)} WHERE {quoted(clock)} {sign} DATE '{stray_on}'"
    first = "" if TABLES[table].is_large else evidence.case(table, where, quoted(clock))
    evidence.say(
        "warning",
        table,
        "stray days",
        f"{TABLES[table].clock} lies years {'after' if after else 'before'} all other rows",
        "Correct the year.",
        effect="Rows after the report month do not count; until today, they make the last month."
        if after
        else "The report would begin that early, with months in which nothing happens.",
        rows=int(rows),
        of=evidence.totals[table],
        first=first,
    )


def _happened_nearby(evidence: Evidence, table: str, on: dt.date, *, after: bool) -> bool:
    """Whether anything else up to today says that the business was alive then, not years apart from it."""
    others = evidence.days(without=[f"{table}.{TABLES[table].clock}"])
    near = f"day >= DATE '{on}' - {YEAR}" if after else f"day <= DATE '{on}' + {2 * YEAR}"
    return evidence.count(f"{others} WHERE day <= DATE '{evidence.today}' AND {near}") > 0

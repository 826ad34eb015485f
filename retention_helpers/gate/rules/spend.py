"""Rules about what channels cost."""

from retention_helpers.contract.attributes import CHANNELS, first_called, same_channel
from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.engine import quoted
from retention_helpers.gate.evidence import Evidence
from retention_helpers.gate.rules.attributes import columns_of
from retention_helpers.sources.folder import shortened

ACCEPT = f"`accepted: [unknown channel]` in {SETTINGS_FILE}"


def channels_of_customers(evidence: Evidence) -> None:
    """Money was spent on a channel by which no customer came, or nobody says how customers came."""
    column = first_called(columns_of(evidence), CHANNELS)
    spent = _named(evidence, "spend", "channel")
    if column is None:
        evidence.say(
            "warning",
            "spend",
            "unknown channel",
            "no column of customers says by which channel they came",
            f"Add acquisition_channel to customers, or write {ACCEPT}.",
            effect="What a customer of a channel costs cannot be told.",
        )
        return
    known = {same_channel(one) for one in _named(evidence, "customers", column)}
    unknown = [one for one in spent if same_channel(one) not in known]
    if unknown:
        listed = shortened(unknown)
        evidence.say(
            "warning",
            "spend",
            "unknown channel",
            f"nobody came by {listed}, as {column} of customers has it",
            f"Write the channel as customers have it; if nobody came by it, write {ACCEPT}.",
            effect="What was spent there is in no customer's cost.",
            rows=len(unknown),
        )


def _named(evidence: Evidence, table: str, column: str) -> list[str]:
    name = quoted(column)
    query = f"SELECT DISTINCT {name} FROM {evidence.of(table)} WHERE {name} IS NOT NULL ORDER BY 1"
    return [str(one) for (one,) in evidence.rows(query)]

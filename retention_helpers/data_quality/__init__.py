"""Can I trust the numbers? What was read, how far it reaches, and how well the tables match."""

from collections.abc import Mapping, Sequence

from retention_helpers.data_quality.said import aside, attributes, faults, matched, missing, reach, read
from retention_helpers.shown.results import Measure

FINDINGS: Mapping[str, Sequence[Measure]] = {"quality": [faults, read, reach, matched, aside, attributes]}

__all__ = ["FINDINGS", "aside", "attributes", "faults", "matched", "missing", "reach", "read"]

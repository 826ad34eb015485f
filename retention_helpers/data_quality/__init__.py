"""Can I trust the numbers? What was read, how far it reaches, and how well the tables match."""

from retention_helpers.data_quality.said import *
from retention_helpers.shown.results import findings_of

FINDINGS = findings_of(globals(), part="quality")

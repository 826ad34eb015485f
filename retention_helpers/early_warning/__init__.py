"""Warnings: who is about to leave, which signs deserve belief, and whom to speak to.

`seen` and `snapshots` hold what was known of every customer at every month end, in one pass of the engine;
`rules` are the warnings; `past` and `thresholds` hold them against what came after; `risk` puts them
together and tests itself on later months, `told` keeps what it learned; `level` tells how many will leave;
`lifecycle` says where customers stand; `people` and `reasons` make the list; `indicators` follow the mood of
all, `support` the tickets and mails.
"""

from retention_helpers.early_warning.level import EXACT, expected_range
from retention_helpers.early_warning.lifecycle import LATELY_CONTACTED_DAYS, last_contacts
from retention_helpers.early_warning.people import who_is_at_risk
from retention_helpers.early_warning.proposals import (
    AFTER_ASKING,
    is_learned,
    risks,
    to_keep,
    to_keep_of_trials,
    to_speak_to,
)
from retention_helpers.early_warning.said.indicators import *
from retention_helpers.early_warning.said.lifecycle import *
from retention_helpers.early_warning.said.people import *
from retention_helpers.early_warning.said.risk import *
from retention_helpers.early_warning.said.support import *
from retention_helpers.early_warning.said.warnings import *
from retention_helpers.early_warning.snapshots import HORIZON_DAYS
from retention_helpers.early_warning.told import as_learned, risk_by
from retention_helpers.shown.results import findings_of

FINDINGS = findings_of(globals())

ABOUT = {
    "support": "Moods of tickets, how long they wait, and mails by channel.",
    "risk": "How the risk of leaving is told, and how well it did on months that it had not seen.",
}

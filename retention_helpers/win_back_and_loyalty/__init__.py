"""Whom do we bring back, whom do we thank, and did it pay?

`away` finds who is lapsed or gone, `campaigns` reads every campaign as an experiment, `standing` draws the
two that go on, `letters` writes their mails; `answers` and `pauses` are about those who are leaving, `nps`,
`loyalty`, `yearly` and `touches` about those who stay.
"""

from retention_helpers.shown.results import findings_of
from retention_helpers.win_back_and_loyalty.letters import Sent, held_out, month_campaigns, to_mail
from retention_helpers.win_back_and_loyalty.loyalty import people_now, to_ask, to_thank
from retention_helpers.win_back_and_loyalty.nps import to_hear
from retention_helpers.win_back_and_loyalty.pauses import to_welcome_back
from retention_helpers.win_back_and_loyalty.said.loyalty import *
from retention_helpers.win_back_and_loyalty.said.screen import *
from retention_helpers.win_back_and_loyalty.said.win_back import *

FINDINGS = findings_of(globals())

ABOUT = {
    "win_back": "Who is away, what campaigns added, and who asked to cancel or paused.",
    "loyalty": "Who is worth knowing: tiers, thanks, NPS, and when a yearly price pays.",
}

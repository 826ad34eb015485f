"""Experiments: does it work, and may it be stopped?

`plans` says what was planned, `read` how every experiment stands, `associations` what an experiment that
was not randomised may say, `pauses` who pays again after a pause, `past` what became of those that are
over, `proposed` what an experiment to be could tell, `what_it_did` what
followed on prices, outages and whatever else was announced.
"""

from retention_helpers.contract.experiments import Outcome
from retention_helpers.experiments.draws import decided, draws, draws_by
from retention_helpers.experiments.history import history
from retention_helpers.experiments.observational import e_value, landmarks
from retention_helpers.experiments.outcomes import assigned
from retention_helpers.experiments.pause import pause_choices
from retention_helpers.experiments.plan import Plan, past_outcomes, plan_record, plans
from retention_helpers.experiments.planning import Instead, effects, gain_after, instead, proposed
from retention_helpers.experiments.reading import Reading, read
from retention_helpers.experiments.said.aftermath import *
from retention_helpers.experiments.said.orders import decisions, do_now, order_alone
from retention_helpers.experiments.said.plan import *
from retention_helpers.experiments.said.reading import *
from retention_helpers.experiments.said.tables import *
from retention_helpers.experiments.split import split_checks
from retention_helpers.shown.results import findings_of

FINDINGS = findings_of(globals())

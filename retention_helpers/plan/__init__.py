"""What is done to whom this month: the questions' rooms propose, this room alone decides.

One customer, one touch. `month_plan` gathers and decides; `touches` is a row a touch, `actions` a row a kind
of action, `held` who was left out; `hand_on_plan` leaves the rows for the running list beside the reports.
"""

from retention_helpers.plan.gathering import Month, month_plan, urgent
from retention_helpers.plan.rows import hand_on_plan
from retention_helpers.plan.said import *
from retention_helpers.shown.results import findings_of

FINDINGS = findings_of(globals())

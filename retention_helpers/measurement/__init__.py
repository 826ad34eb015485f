"""How many customers stay, and is that changing?"""

from retention_helpers.measurement.cohorts import told_after
from retention_helpers.measurement.measures import benchmarks, churn_of_month, owner_notes
from retention_helpers.measurement.proposals import to_convert
from retention_helpers.measurement.risks import cohort_months
from retention_helpers.measurement.said.activity import *
from retention_helpers.measurement.said.channels import *
from retention_helpers.measurement.said.control import *
from retention_helpers.measurement.said.month import *
from retention_helpers.measurement.said.outlook import *
from retention_helpers.measurement.said.revenue import *
from retention_helpers.measurement.said.sessions import *
from retention_helpers.measurement.said.survival import *
from retention_helpers.measurement.said.trials import *
from retention_helpers.measurement.said.usage import *
from retention_helpers.measurement.said.weeks import *
from retention_helpers.measurement.survival import tenures
from retention_helpers.shown.results import findings_of

FINDINGS = findings_of(globals(), part="measurement")

"""What every process of a report imports: the one that they are copies of imports this module alone."""

from retention_helpers.report import notebooks

notebooks.skip_slow_grammar()

import papermill  # noqa: E402, F401
import scipy.stats  # noqa: E402, F401  (what measures import where they need it)
import sklearn.linear_model  # noqa: E402, F401

from retention_helpers.report import kernels  # noqa: E402, F401

notebooks.import_ahead(map(str, notebooks.in_reading_order()))

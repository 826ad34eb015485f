"""Who stays, why the others leave, and what to do: the helpers behind the retention notebooks."""

import os

__version__ = "0.1.0"

# Two notebooks run at once, and their matrices are small: threads of the linear algebra library that wait for
# each other take longer than the sums. It has to be said before numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

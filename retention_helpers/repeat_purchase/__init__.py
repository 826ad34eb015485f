"""Who buys again, and when is silence a loss? For businesses with orders, also without subscriptions.

`gaps` are all purchases with the time to the next; `repeating` says how many come again, `rhythm` whose
silence is a loss, held against later orders; `expected` what is to be expected, `overdue` whom to write to,
`rewards` when points pay.
"""

from retention_helpers.repeat_purchase.overdue import to_write_to
from retention_helpers.repeat_purchase.said.again import *
from retention_helpers.repeat_purchase.said.screen import *
from retention_helpers.repeat_purchase.said.silence import *
from retention_helpers.shown.results import findings_of

FINDINGS = findings_of(globals(), "orders")

ABOUT = {
    "orders": "Who buys again, and whose silence is a loss; a purchase is a customer's orders of one day.",
}

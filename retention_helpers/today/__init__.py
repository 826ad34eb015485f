"""The list of a day: who needs somebody today, a month being too slow for a failed payment.

`earlier` knows what was said before, `standing` whether it is still needed; `coming` and `newcomers` find
what no question's room proposes; `gathering` puts all of it together and has the plan decide; `listing` and
`said` are the rows and the words; `publishing` writes them.
"""

from retention_helpers.today.publishing import Made, make

__all__ = ["Made", "make"]

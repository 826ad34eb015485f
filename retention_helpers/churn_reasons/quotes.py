"""The comments of those who were lost, the latest first."""

import pandas as pd

from retention_helpers.churn_reasons.answers import ANSWER, Period, within
from retention_helpers.shown.units import DAY, TEXT, columns, names_of
from retention_helpers.words.quotations import quoted, readable

SHOWN = 12  # of the latest comments, and of the latest contradictions


@columns(customer_id=TEXT("Customer"), lost_on=DAY.or_null, reason=ANSWER.or_null, quote=TEXT)
def latest(comments: pd.DataFrame) -> pd.DataFrame:
    """One row per comment, the latest first, at most `SHOWN` of them."""
    return comments[names_of(latest)].head(SHOWN)


def comments(lost: pd.DataFrame, when: Period) -> pd.DataFrame:
    """One row per comment of a customer lost in a period, the latest first; also of those without a reason.

    A comment of blanks is none. Columns: customer_id, lost_on, reason, plan, mrr, comment (readable and
    masked), quote (the same, cut).

    Glossary: comment.
    """
    rows = within(lost, when)
    written = rows.assign(comment=rows["comment"].fillna("").astype("object").map(readable))
    kept = written[written["comment"] != ""].sort_values(["lost_on", "customer_id"], ascending=[False, True])
    columns = ["customer_id", "lost_on", "reason", "plan", "mrr", "comment"]
    return kept[columns].assign(quote=kept["comment"].map(quoted)).reset_index(drop=True)

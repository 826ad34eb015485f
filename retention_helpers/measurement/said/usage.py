"""Usage retention beside other tools, as the page shows it."""

import pandas as pd

from retention_helpers.measurement import usage
from retention_helpers.measurement.usage import CONVENTIONS
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.words import formats

__all__ = ["usage_by_convention", "usage_retention"]


def side_by_side(rows: pd.DataFrame) -> Sentence:
    """The first week that is shown, as each tool would say it."""
    if rows.empty:
        return Sentence("It takes events.csv: who comes back to use it, as other tools count it.")
    k = int(rows["k"].min())
    first = rows[rows["k"] == k].set_index("like")
    parts = [
        f"{formats.percent(first.loc[like, 'rate'])} {_named(like)}"
        for like in CONVENTIONS
        if like in first.index
    ]
    return Sentence(f"{formats.plural(k, 'week')} after the first activity came back: {listed(parts)}.")


def _named(like: str) -> str:
    return "by our count" if like == usage.OURS else f"as {like.capitalize().replace('hog', 'Hog')} counts"


usage_retention = Measure(usage.usage_retention, "Came back, by cohort and periods later")
usage_by_convention = Measure(
    usage.by_convention,
    "Came back weeks after the first activity, as each tool counts it",
    sentence=side_by_side,
    findings="usage_retention",
)

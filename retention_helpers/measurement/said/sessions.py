"""How much is done at a time, as the page shows it."""

import pandas as pd

from retention_helpers.measurement import sessions
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence
from retention_helpers.words import formats

__all__ = ["intensity"]


def at_a_time(rows: pd.DataFrame) -> Sentence:
    """Actions a day and a session in the last month, against the first that is shown."""
    if rows.empty:
        return Sentence("It takes events.csv: how much customers do in a session, and in a day.")
    first, last = rows.iloc[0], rows.iloc[-1]
    names = ("actions_a_day", "actions_a_session")
    day, session = (formats.about(last[name], last[f"{name}_low"], last[f"{name}_high"]) for name in names)
    before = [formats.tenths(first[name]) for name in names]
    month = formats.month(last["month"])
    said = f"In {month} an active customer did {day} actions on a day of use, {session} a session"
    if len(rows) == 1:
        return Sentence(f"{said}.")
    return Sentence(f"{said}; in {formats.month(first['month'])} it was {before[0]} and {before[1]}.")


intensity = Measure(
    sessions.intensity, "What active customers do at a time", sentence=at_a_time, findings="sessions"
)

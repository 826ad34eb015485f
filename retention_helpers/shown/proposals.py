"""What a question's room proposes to do for customers: one shape for all of them. The plan decides."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

CALL, LETTER, WAIT = "call", "letter", "wait"
DEFAULTS: Mapping[str, Any] = {
    "customer_id": "",
    "action": "",
    "mrr": None,
    "why": "",
    "message": "",
    "offer": "",
    "leaves_on": None,
    "risk": None,
    "way": LETTER,
    "otherwise": LETTER,
    "given_by": "",
}


def proposals(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per customer and action, the most urgent of each action first.

    Columns: customer_id; action (its key in the plan); mrr (at stake); why (in a few words); message (begins
    with "Hello,"); offer (a sentence of it that goes to nobody with whom an experiment tries offers);
    leaves_on (the day on which service will end, where that is known); risk (of asking or leaving within the
    horizon if nothing is done; null: not told); way (call or letter); otherwise (letter or wait, where no
    call is free); given_by (the experiment or campaign whose lot gave this touch; "": none).
    """
    return pd.DataFrame([{**DEFAULTS, **row} for row in rows], columns=list(DEFAULTS)).astype("object")

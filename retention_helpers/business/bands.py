"""Bands of MRR, the same in every analysis."""

from itertools import pairwise

import ibis
import ibis.expr.types as ir

EDGES = (10, 25, 50, 100, 250, 500)
PAUSED = "0 (paused)"
MRR_BANDS = (
    PAUSED,
    f"below {EDGES[0]}",
    *(f"{low} to {high}" for low, high in pairwise(EDGES)),
    f"{EDGES[-1]} and more",
)


def mrr_band(mrr: ir.DecimalColumn) -> ir.StringColumn:
    """The band of an amount a month, in major units; its upper edge is not in it."""
    return ibis.cases(
        (mrr == 0, PAUSED),
        *((mrr < edge, name) for edge, name in zip(EDGES, MRR_BANDS[1:], strict=False)),
        else_=MRR_BANDS[-1],
    )

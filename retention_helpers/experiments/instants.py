"""Before or after the draw: by the instant where both rows have one, by the day where one has none.

A row that is written with a day alone stands at that day's midnight. On the day of the draw it may lie on
either side of it, so each question is asked twice: as if all such rows came after the draw, and as if all of
them came before it. Both readings treat both arms alike, so chance alone makes neither of them differ.
"""

import ibis.expr.types as ir

from retention_helpers.engine.dialects import micros_of_midnight

MILLION = 1_000_000


def is_timed(at: ir.TimestampValue, on: ir.DateValue) -> ir.BooleanValue:
    """Whether an instant is more than its day in the business time zone."""
    return (at.epoch_seconds() * MILLION != micros_of_midnight(on)).fill_null(False)


def _is_open(units: ir.Table, at: ir.TimestampValue, on: ir.DateValue) -> ir.BooleanValue:
    """Whether a row is one of the day of the draw, and either of them has no time."""
    return (on == units.assigned_on) & ~(is_timed(at, on) & is_timed(units.assigned_at, units.assigned_on))


def after(units: ir.Table, at: ir.TimestampValue, on: ir.DateValue, *, day_is_after: bool) -> ir.BooleanValue:
    """Whether something happened at the moment of the draw or later.

    `day_is_after` says on which side a row stands that is of that day and cannot be told.
    """
    same_day, is_open = on == units.assigned_on, _is_open(units, at, on)
    told = (on > units.assigned_on) | (same_day & ~is_open & (at >= units.assigned_at))
    return told | is_open if day_is_after else told


def begun(units: ir.Table, at: ir.TimestampValue, on: ir.DateValue, *, day_is_after: bool) -> ir.BooleanValue:
    """Whether a state had begun at the moment of the draw; one that begins with it has."""
    same_day, is_open = on == units.assigned_on, _is_open(units, at, on)
    told = (on < units.assigned_on) | (same_day & ~is_open & (at <= units.assigned_at))
    return told if day_is_after else told | is_open

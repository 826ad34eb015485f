"""What engines say differently: the functions of which ibis has none that is the same everywhere.

A measure asks for them by name; each engine's own words for them stand here and in that engine's module.
"""

import datetime as dt

import ibis
import ibis.expr.datatypes as dtypes
import ibis.expr.types as ir


@ibis.udf.scalar.builtin(name="timezone")
def of_utc(zone: str, at: dt.datetime) -> dtypes.Timestamp(timezone="UTC"):  # type: ignore[empty-body, valid-type]
    """An instant, of naive UTC."""


@ibis.udf.scalar.builtin(name="timezone")
def to_clocks(zone: str, at: dtypes.Timestamp(timezone="UTC")) -> dt.datetime:  # type: ignore[empty-body, valid-type]
    """What the clocks of a zone show at an instant."""


@ibis.udf.scalar.builtin(name="epoch_us")  # type: ignore[untyped-decorator]
def micros(at: dtypes.Timestamp(timezone="UTC")) -> dtypes.int64: ...  # type: ignore[valid-type, empty-body]


@ibis.udf.agg.builtin(name="bit_or")
def bits_together(bits: int) -> int:  # type: ignore[empty-body]
    """The bits that are set in any row. ibis has one of its own, which not every engine understands."""


def months_between(earlier: ir.DateValue, later: ir.DateValue) -> ir.IntegerValue:
    """How many borders of calendar months lie between two days; `delta` counts lengths of time elsewhere."""
    years = later.year() - earlier.year()
    return (12 * years + later.month() - earlier.month()).cast("int64")


def on_clocks(at: ir.TimestampColumn, zone: str) -> ir.TimestampColumn:
    """What the clocks of a zone show at an instant of naive UTC."""
    return to_clocks(zone, of_utc("UTC", at))


def micros_of_midnight(day: ir.DateValue) -> ir.IntegerValue:
    """Microseconds since 1970, in UTC, of the midnight with which a day of the business begins.

    The engine knows the zone: `connect` tells it.
    """
    return micros(day.cast("timestamp('UTC')"))


def nearest(rows: ir.Table, days: ir.Table, *, on: str, day: str, later: bool) -> ir.Table:
    """Rows of customers with the nearest `day` of theirs: before the day `on`, or (`later`) on it or after.

    Null where there is none. One pass over both in the order of days: not every engine has an ASOF join.
    """
    first, second = (1, 0) if later else (0, 1)  # of the same day
    asked = rows.select("customer_id", at=on).distinct()
    asked = asked.mutate(told=ibis.null("date"), place=ibis.literal(first))
    known = days.select("customer_id", at=day, told=day).mutate(place=ibis.literal(second))
    order = [ibis.desc("at") if later else ibis.asc("at"), "place"]
    both = asked.union(known)
    so_far = ibis.cumulative_window(group_by="customer_id", order_by=order)
    near = (both.told.min() if later else both.told.max()).over(so_far)
    found = both.mutate(near=near).filter(lambda row: row.place == first)
    joined = rows.left_join(
        found.select("customer_id", "at", "near"),
        [rows.customer_id == found.customer_id, rows[on] == found["at"]],
    )
    return joined.drop("customer_id_right", "at").rename({day: "near"})

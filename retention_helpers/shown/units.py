"""What the columns of a table hold: how a value is written, and what it is in findings.json.

A measure declares its columns beside itself, once. The table that people read, the record that machines
read, its JSON Schema and the docstring are made from that declaration.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from retention_helpers.words import formats

Node = Mapping[str, Any]  # of a JSON Schema
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Unit:
    """One way to write a value and to describe it.

    Attributes:
        write: a value as text.
        node: the value in findings.json, as JSON Schema.
        between: a value and the two ends of its interval as text; None: such a column has no interval.
        is_number: whether its cells stand on the right.
        has_ends: whether columns of this unit stand beside the ends of their interval, `_low` and `_high`.
        plain: a value as findings.json has it, where that is not the value itself.
    """

    write: Callable[[Any], str]
    node: Node
    between: Callable[[Any, Any, Any], str] | None = None
    is_number: bool = True
    has_ends: bool = False
    plain: Callable[[Any], Any] = field(default=lambda value: value)

    def __call__(
        self,
        label: str = "",
        *,
        of: tuple[str, str] | None = None,
        key: str = "",
        note: str = "",
        is_shown: bool | None = True,
        is_recorded: bool | None = None,
        is_optional: bool = False,
    ) -> "Column":
        """A column with this unit; see `Column`."""
        return Column(self, label, of, key, note, is_shown, is_recorded, is_optional)

    @property
    def interval(self) -> "Unit":
        """The same, beside the two ends of its interval."""
        return replace(self, has_ends=True)

    @property
    def estimate(self) -> "Unit":
        """The same, beside the two ends of its interval, and in findings one object with them."""
        return replace(self, has_ends=True, node=ESTIMATE)

    @property
    def or_null(self) -> "Unit":
        """The same, where the value may be unknown."""
        return replace(self, node=or_null(self.node))

    def recorded_as(self, other: "Unit") -> "Unit":
        """The same, described in findings as another unit is."""
        return replace(self, node=other.node)

    def within(self, **bounds: Any) -> "Unit":
        """The same with other words of JSON Schema, such as minimum=0."""
        return replace(self, node={**self.node, **bounds})


@dataclass(frozen=True)
class Column:
    """A column of a measure's table.

    Attributes:
        unit: how its values are written.
        label: its heading; "" makes one from the name.
        of: the columns that hold the numerator and the denominator of a rate; the record then has the rate
            in its five fields.
        key: its name in the record; "" is the column's own.
        note: what the schema says of it.
        is_shown: whether it stands in the table; else in the record alone. None: where any row holds
            something, neither missing nor 0.
        is_recorded: whether it stands in the record, else in the table alone; None: unless it is a part of a
            rate.
        is_optional: whether some frames do not have it; their record leaves it out.
    """

    unit: Unit
    label: str = ""
    of: tuple[str, str] | None = None
    key: str = ""
    note: str = ""
    is_shown: bool | None = True
    is_recorded: bool | None = None
    is_optional: bool = False


Declared = Mapping[str, Unit | Column]


def or_null(node: Node) -> Node:
    """A node of a schema that may also be null.

    >>> or_null({"type": "integer"}), or_null({"enum": ["a"]})
    ({'type': ['integer', 'null']}, {'enum': ['a', None]})
    """
    if "enum" in node:
        return {**node, "enum": [*node["enum"], None]}
    if isinstance(node.get("type"), str):
        return {**node, "type": [node["type"], "null"]}
    return {"anyOf": [node, {"type": "null"}]}


def _text(value: object) -> str:
    return formats.MISSING if formats.is_missing(value) else str(value)


def _of_a_list(value: object) -> str:
    return formats.MISSING if formats.is_missing(value) else str(value).replace("_", " ")


def _yes_or_no(value: object) -> str:
    return formats.MISSING if formats.is_missing(value) else "yes" if value else "no"


def _iso_month(value: Any) -> str | None:
    return None if formats.is_missing(value) else formats.iso_month(value)


_NUMBER: Node = {"type": "number"}
_FRACTION: Node = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_MONTH: Node = {"type": "string", "pattern": r"^(19|20)\d{2}-(0[1-9]|1[0-2])$"}

COUNT = Unit(formats.count, {"type": "integer", "minimum": 0}, formats.counted)
WHOLE = Unit(formats.count, {"type": "integer"}, formats.counted)  # may lie below zero
MONEY = Unit(formats.money, _NUMBER, formats.amount)  # exact; an estimate where it has an interval
SHARE = Unit(formats.percent, _FRACTION, formats.rate)
RATE = replace(SHARE, node={"$ref": "#/$defs/rate"}, has_ends=True)  # in findings: its five fields
QUOTIENT = replace(RATE, node={"$ref": "#/$defs/quotient"})  # a rate that may pass 1
POINTS = Unit(formats.points, or_null(_NUMBER), formats.difference)
TIMES = Unit(formats.times, or_null(_NUMBER), formats.times)
NUMBER = Unit(formats.number, or_null(_NUMBER), formats.about)
TENTHS = Unit(formats.tenths, or_null(_NUMBER), formats.about)  # such as months, or days on average
P_VALUE = Unit(formats.p_value, _FRACTION)
MONTH = Unit(formats.short_month, _MONTH, is_number=False, plain=_iso_month)
DAY = Unit(formats.day, {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}, is_number=False)
TEXT = Unit(_text, {"type": "string"}, is_number=False)
CODE = Unit(_of_a_list, {"type": "string"}, is_number=False)  # a word of a list of ours
YES_NO = Unit(_yes_or_no, {"type": "boolean"}, is_number=False)


def one_of(*words: Any, unit: Unit = CODE) -> Unit:
    """One of these words."""
    return replace(unit, node={"enum": list(words)})


def named(names: Mapping[str, str]) -> Unit:
    """Words of ours that have a name of their own for people; an owner's own names stay as they are written.

    >>> named({"mrr_band": "MRR band"}).write("mrr_band"), named({"mrr_band": "MRR band"}).write("size")
    ('MRR band', 'size')
    """
    return Unit(lambda value: names.get(value, _text(value)), {"type": "string"}, is_number=False)


def columns(**declared: Unit | Column) -> Callable[[Function], Function]:
    """Declares the columns of the frame that a measure gives, in their order.

    The ends of an interval, `_low` and `_high`, belong to their column. Where the docstring names no
    columns, they are added to it.
    """

    def declare(measure: Function) -> Function:
        measure.columns = declared  # type: ignore[attr-defined]
        said = inspect.getdoc(measure) or ""
        if "Columns:" not in said:
            measure.__doc__ = f"{said}\n\nColumns: {', '.join(declared)}."
        return measure

    return declare


def columns_of(measure: Callable[..., Any]) -> Declared:
    """The declared columns of a measure, also where some of its arguments are given already."""
    found: Declared = getattr(getattr(measure, "func", measure), "columns", {})
    return found


def names_of(declaring: Callable[..., Any] | Declared) -> list[str]:
    """The columns that a measure declares, in their order, with the ends of intervals."""
    declared = declaring if isinstance(declaring, Mapping) else columns_of(declaring)
    return [
        f"{name}{end}"
        for name in declared
        for end in (("", "_low", "_high") if column_of(declared, name).unit.has_ends else ("",))
    ]


def column_of(declared: Declared, name: str) -> Column:
    """The declaration of one column."""
    found = declared[name]
    return found if isinstance(found, Column) else Column(found)


# --- what findings.json holds


def node_of(one: "Unit | Column | Node") -> Node:
    """What a unit, a column or a node is in findings.json."""
    if isinstance(one, Column):
        return {**node_of(one.unit), **({"description": one.note} if one.note else {})}
    return one.node if isinstance(one, Unit) else one


def fields(note: str = "", /, **known: "Unit | Column | Node") -> Node:
    """An object with exactly these fields; those that are optional may be absent."""
    described = {"description": note} if note else {}
    nodes = {name: node_of(one) for name, one in known.items()}
    required = [name for name, one in known.items() if not (isinstance(one, Column) and one.is_optional)]
    return {"type": "object", "properties": nodes, "required": required, "additionalProperties": False,
            **described}  # fmt: skip


def rows(note: str = "", /, **known: "Unit | Column | Node") -> Node:
    """A list of objects with exactly these fields."""
    return several(fields(**known), note)


def several(one: "Unit | Column | Node", note: str = "") -> Node:
    """A list of such values."""
    return {"type": "array", "items": node_of(one), **({"description": note} if note else {})}


def by_name(one: "Unit | Column | Node", *names: str, note: str = "") -> Node:
    """An object that holds such a value for each name; these names alone, where some are given."""
    described = {"description": note} if note else {}
    allowed = {"propertyNames": {"enum": list(names)}} if names else {}
    return {"type": "object", **allowed, "additionalProperties": node_of(one), **described}


def noted(one: "Unit | Column | Node", note: str) -> Node:
    """The same with a description."""
    return {**node_of(one), "description": note}


_ENDS: Mapping[str, Node] = {"value": or_null(_NUMBER), "low": or_null(_NUMBER), "high": or_null(_NUMBER)}

DEFINITIONS: Mapping[str, Node] = {
    "rate": fields(
        "A share with its 95 % interval; null where it is over nothing.",
        value=SHARE, low=SHARE, high=SHARE, numerator=WHOLE.or_null, denominator=WHOLE.or_null,
    ),
    "quotient": fields(
        "A count over another, of which it need not be a part; with the interval of a share up to 1.",
        value={**or_null(_NUMBER), "minimum": 0}, low=SHARE, high=SHARE,
        numerator=WHOLE.or_null, denominator=WHOLE.or_null,
    ),
    "change": fields(
        "A difference between two rates, later minus earlier, as a fraction.",
        **_ENDS, verdict=one_of("rose", "fell", "no clear change").or_null,
    ),
    "estimate": fields("An estimate with its 95 % interval; null where it cannot be given.", **_ENDS),
    "fault": fields(table=TEXT, rule=TEXT, rows=COUNT, message=TEXT),
}  # fmt: skip
CHANGE: Node = {"$ref": "#/$defs/change"}
ESTIMATE: Node = {"$ref": "#/$defs/estimate"}
FAULT: Node = {"$ref": "#/$defs/fault"}

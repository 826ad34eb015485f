"""What customers are grouped by: the level of every customer, decided in one place.

A level is what was so when the customer began, or who the customer is: it does not move with the months, so
that a group is the same customers all along. What does move (`OF_A_MONTH`, `TENURE`) has other names, and is
asked for where a month or a loss is meant. A name means one thing in every room.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retention_helpers.business import months
from retention_helpers.business.opened import Business
from retention_helpers.business.spans import kept_spans
from retention_helpers.contract.attributes import CHANNELS, first_called, same_channel
from retention_helpers.words.errors import InputError
from retention_helpers.words.formats import shortest

NOT_GIVEN = "(not given)"
OTHER = "(other)"  # levels of few customers, put together
OF_A_MONTH = ("plan", "mrr_band", "interval")  # what a customer has at a month's start, and may change
TENURE = "tenure"  # the stage in which a customer was lost
HEADINGS = {
    "first_plan": "First plan",
    "first_interval": "First interval",
    "start_year": "Year of start",
    "cohort": "Cohort",
    "plan": "Plan",
    "mrr_band": "MRR band",
    "interval": "Interval",
    TENURE: "Tenure",
}
ARM_OF = "arm of "
LEVEL_OF = "level of "
FEW_NUMBERS = 8  # of an attribute; more different ones go into thirds

By = str | Sequence[str]


def first_spans(business: Business) -> ir.Table:
    """A row a customer who ever had service: customer_id, plan and interval of the first day.

    Of several spans that began on it the one with the largest MRR.
    """
    spans = kept_spans(business)
    begun = spans.join(months.first_days(business), "customer_id")
    own = begun.filter(begun.started_on == begun.first_on)
    leading = ibis.window(
        group_by="customer_id", order_by=[own.state.desc(), own.mrr.desc(), own.plan, own.started_at]
    )
    ranked = own.mutate(nth=ibis.row_number().over(leading))
    return ranked.filter(ranked.nth == 0).select("customer_id", "plan", "interval")


def _first(column: str) -> Callable[[Business], ir.Table]:
    return lambda business: first_spans(business).select("customer_id", level=column)


def _begun_in(form: str) -> Callable[[Business], ir.Table]:
    def begun(business: Business) -> ir.Table:
        firsts = months.first_days(business)
        return firsts.select("customer_id", level=firsts.first_on.strftime(form))

    return begun


OURS: Mapping[str, Callable[[Business], ir.Table]] = {
    "first_plan": _first("plan"),
    "first_interval": _first("interval"),
    "start_year": _begun_in("%Y"),
    "cohort": _begun_in("%Y-%m"),
}


def _name(column: str) -> str:
    """The name of an attribute: its column, with `customers.` before one that we use for something else."""
    return f"customers.{column}" if column in HEADINGS else column


def attributes(business: Business) -> tuple[str, ...]:
    """The attributes to compare: those that the owner named, else all that are not set apart."""
    return tuple(map(_name, business.attributes.compared(business.settings.attributes)))


def _attributes(business: Business) -> dict[str, str]:
    """The column of each attribute that may be named, by its name."""
    known = business.attributes
    columns = dict.fromkeys((*known.compared(), *known.compared(business.settings.attributes)))
    return {_name(column): column for column in columns}


def names(business: Business) -> tuple[str, ...]:
    """All that customers may be grouped by: how they began, their attributes, and arms of experiments.

    Attributes that are personal are none, nor are those that know who left, unless the owner named them.
    """
    return *OURS, *_attributes(business), *(f"{ARM_OF}{experiment}" for experiment in business.experiments)


def chosen(business: Business, by: By, *, beside: Sequence[str] = ()) -> tuple[str, ...]:
    """What to group by, one or several, each by itself; `beside` are further names that are right here.

    Raises InputError for an unknown name.
    """
    return _asked(by, (*beside, *names(business)))


def _asked(by: By, known: Sequence[str], way_out: str = "") -> tuple[str, ...]:
    wanted = tuple(by) if isinstance(by, Iterable) and not isinstance(by, str) else (by,)
    if unknown := [one for one in wanted if one not in known]:
        raise InputError(f"Customers cannot be grouped by {unknown[0]}, only by {', '.join(known)}.{way_out}")
    return tuple(dict.fromkeys(wanted))


def with_levels(rows: pd.DataFrame, business: Business, by: By, *, exact: bool = False) -> pd.DataFrame:
    """Rows of customers with a column `level of` each of these names, as pages may show it, or `exact`."""
    told = {f"{LEVEL_OF}{one}": of_rows(rows, business, one, exact=exact) for one in chosen(business, by)}
    return rows.assign(**told)


def of_rows(rows: pd.DataFrame, business: Business, by: str, *, exact: bool = False) -> pd.Series:
    """The level, as pages may show it or `exact`, of the customer of each of these rows."""
    own = pd.DataFrame({"customer_id": rows["customer_id"].unique().astype("str")})
    asked = ibis.memtable(own, schema={"customer_id": "string"})
    known = of(business, by) if exact else _shown(business, by)
    told = known.semi_join(asked, "customer_id").execute().set_index("customer_id")["level"]
    return rows["customer_id"].map(told)


def added(rows: pd.DataFrame) -> tuple[str, ...]:
    """The names by which `with_levels` placed these rows."""
    return tuple(name.removeprefix(LEVEL_OF) for name in rows.columns if name.startswith(LEVEL_OF))


def columns_of(rows: pd.DataFrame, by: By, own: Sequence[str], *, adds: str) -> dict[str, str]:
    """The column by which these rows are grouped, by each name asked for.

    `own` are names that are columns of the rows, `adds` is the function that adds others with `with_levels`.
    Raises InputError for a name of which the rows have no column.
    """
    others = [name for name in added(rows) if name not in own]
    wanted = _asked(by, (*own, *others), f" `{adds}` with `by` adds other ways.")
    return {one: one if one in own else f"{LEVEL_OF}{one}" for one in wanted}


def of(business: Business, by: str) -> ir.Table:
    """A row a customer, who ever had service or stands in the table of customers: customer_id, level.

    `by` is one of `names`: first_plan, first_interval, start_year, cohort (the month of the first day), an
    attribute, or `arm of` an experiment (the first arm, where there are several). A missing value is the
    level "(not given)"; an attribute of more than `FEW_NUMBERS` different numbers has three levels.

    Glossary: level.
    """
    chosen(business, by)
    if by in OURS:
        told = OURS[by](business)
    elif by in (columns := _attributes(business)):
        told = _attribute(business, columns[by])
    else:
        told = _arm(business, by.removeprefix(ARM_OF))
    served = months.first_days(business).select("customer_id")
    everybody = served.union(business.table("customers").select("customer_id"), distinct=True)
    return _joined(everybody, told)


def _shown(business: Business, by: str) -> ir.Table:
    """As `of`, with the levels of an attribute that fewer than `min_customers` have put together.

    What hardly anybody has may name somebody: an account manager, a firm. What the business itself calls
    something, a plan, an arm, a channel that it pays for, names nobody.
    """
    told, rare = of(business, by), list(together(business, by).index)
    return told.mutate(level=told.level.isin(rare).ifelse(OTHER, told.level)) if rare else told


def counts(business: Business, by: str) -> pd.Series:
    """How many customers, of those that `of` has, are of each level, by level."""

    def counted() -> pd.Series:
        rows = of(business, by)
        found = rows.group_by("level").aggregate(customers=rows.count()).order_by("level").execute()
        return found.set_index("level")["customers"]

    found: pd.Series = business.once(f"customers by {by}", counted)
    return found


def together(business: Business, by: str) -> pd.Series:
    """The levels that stand together as "(other)", with how many customers each has."""
    every = counts(business, by)
    column = _attributes(business).get(by)
    if column is None:
        return every.head(0)
    paid = _paid_channels(business) if first_called([column], CHANNELS) else set()
    few = every[every < business.settings.min_customers]
    return few[[level != NOT_GIVEN and same_channel(level) not in paid for level in few.index]]


def _paid_channels(business: Business) -> set[str]:
    if not business.has("spend"):
        return set()
    named = business.table("spend").channel.as_table().distinct().execute()["channel"]
    return {same_channel(one) for one in named.dropna()}


def with_level(rows: ir.Table, business: Business, by: str, *, exact: bool = False) -> ir.Table:
    """Rows of customers with the column level, as pages may show it, or `exact`."""
    return _joined(rows, of(business, by) if exact else _shown(business, by))


def by_each(
    rows: ir.Table, business: Business, by: By, measure: Callable[[ir.Table, list[str]], pd.DataFrame]
) -> pd.DataFrame:
    """What a measure gives of rows of customers: of all together or, where `by` names any, of every level.

    `measure` takes the rows and the columns to keep apart: none, or level. Columns: by and level, where `by`
    names any, and those of the measure.
    """
    wanted = chosen(business, by)
    if not wanted:
        return measure(rows, [])
    parts = [measure(with_level(rows, business, one), ["level"]).assign(by=one) for one in wanted]
    whole = pd.concat(parts, ignore_index=True)
    return whole[["by", "level", *whole.columns.drop(["by", "level"])]]


def _joined(rows: ir.Table, told: ir.Table) -> ir.Table:
    joined = rows.left_join(told, "customer_id").drop("customer_id_right")
    return joined.mutate(level=joined.level.fill_null(NOT_GIVEN))


def _arm(business: Business, experiment: str) -> ir.Table:
    given = business.table("assignments")
    own = given.filter(given.experiment == experiment)
    first = ibis.window(group_by="customer_id", order_by=["assigned_at", "arm"])
    numbered = own.mutate(nth=ibis.row_number().over(first))
    return numbered.filter(numbered.nth == 0).select("customer_id", level="arm")


def _attribute(business: Business, column: str) -> ir.Table:
    customers = business.table("customers")
    told = customers.select("customer_id", value=customers[column].cast("string"))
    counts = told.filter(told.value.notnull()).group_by("value").aggregate(many=lambda row: row.count())
    found = counts.order_by("value").execute()
    level = thirds(found["value"], found["many"])
    if level is None:
        return told.rename(level="value")
    meant = pd.DataFrame({"value": found["value"], "level": level})
    placed = ibis.memtable(meant, schema={"value": "string", "level": "string"})
    return told.join(placed, "value").select("customer_id", "level")


def thirds(values: pd.Series, many: pd.Series) -> pd.Series | None:
    """The third in which each of these different values lies, if they are numbers and more than a few.

    `many`: how many customers have each. None where the values stay as they are.

    >>> list(thirds(pd.Series([*range(9)], dtype="str"), pd.Series([1] * 9)))[2:7]
    ['up to 2', 'above 2, up to 5', 'above 2, up to 5', 'above 2, up to 5', 'above 5']
    """
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.isna().any() or numbers.nunique() <= FEW_NUMBERS:
        return None
    everybody = pd.Series(np.repeat(numbers.to_numpy(), many.to_numpy()))
    first, second = (float(everybody.quantile(share, interpolation="lower")) for share in (1 / 3, 2 / 3))
    low, high = shortest(first), shortest(second)
    heads = [f"up to {low}", f"above {low}, up to {high}", f"above {high}"]
    return pd.Series(np.select([numbers <= first, numbers <= second], heads[:2], heads[2]))

"""The customers of an export: each known from the customers themselves, from subscriptions, or from both."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ibis.backends.duckdb import Backend

from retention_helpers.engine import path_text, quoted, rows, text
from retention_helpers.sources.folder import PLACE

COLUMNS = ("customer_id", "created", "rank", "nth", "name", "email", "metadata", PLACE)
OWN, FROM_SUBSCRIPTION = 0, 1  # ranks: who says it
_NAMES = ("customer_id", "signed_up_at", "name", "email", PLACE)


@dataclass(frozen=True)
class Person:
    """A customer as one row of an export knows them."""

    customer: str
    created: int
    rank: int
    place: str
    name: str = ""
    email: str = ""
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class People:
    """How many customers were written, how many of them are known from subscriptions alone.

    `repeated` are the rows that a later one of the same customer overtook: customer and place.
    """

    count: int
    from_subscriptions: int
    repeated: Sequence[tuple[str, str]]


def write(engine: Backend, gathered: Path, path: Path, keys: Sequence[str]) -> People:
    """Write a row a customer, in the order in which they came.

    Of several rows of the customers themselves the latest counts; without one, the first creation of a
    subscription is taken for the sign-up, and its metadata are those of the first subscription that has them.
    """
    source = f"""(SELECT * REPLACE (created::BIGINT AS created, rank::INTEGER AS rank, nth::BIGINT AS nth),
        CASE WHEN rank = '{OWN}' THEN -(nth::BIGINT) ELSE created::BIGINT END AS turn
        FROM read_parquet({path_text(gathered)}))"""
    repeated = _repeated(engine, source)
    kept = {column: f"arg_min({column}, (rank, turn))" for column in ("name", "email")}
    kept |= {_name(key): f"arg_min({_word(key)}, (rank, turn))" for key in keys}
    chosen = ", ".join(f"{value} AS {quoted(name)}" for name, value in kept.items())
    created = "to_timestamp(arg_min(created, (rank, turn))) AT TIME ZONE 'UTC'"
    engine.con.execute(
        f"""COPY (SELECT customer_id, strftime({created}, '%Y-%m-%dT%H:%M:%SZ') AS signed_up_at,
        arg_min({PLACE}, (rank, turn)) AS {PLACE}, {chosen}
        FROM {source} GROUP BY customer_id ORDER BY min(nth)) TO {text(str(path))} (FORMAT parquet)"""
    )
    count, known = rows(
        engine,
        f"""SELECT count(DISTINCT customer_id),
        count(DISTINCT customer_id) FILTER (WHERE rank = {OWN}) FROM {source}""",
    )[0]
    return People(count, count - known, repeated)


def _repeated(engine: Backend, source: str) -> list[tuple[str, str]]:
    own = f"FROM {source} WHERE rank = {OWN}"
    if rows(engine, f"SELECT count(*) = count(DISTINCT customer_id) {own}")[0][0]:
        return []
    latest = "row_number() OVER (PARTITION BY customer_id ORDER BY nth DESC)"
    return rows(engine, f"SELECT customer_id, {PLACE} {own} QUALIFY {latest} > 1 ORDER BY nth")


def _name(key: str) -> str:
    """The column of a key of the metadata; one that bears a name of ours keeps Stripe's word beside it."""
    return f"{key} (metadata)" if key in _NAMES else key


def _word(key: str) -> str:
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    return f"json_extract_string(metadata, {text(pointer)})"

"""Tables that notebooks hand over, beside our own: made from what comes, and changed only as far as is safe.

Contract. A row replaces the one with the same key, so that loading may be repeated and done by several at once. A table
is made from the types of its first delivery; columns are added, never dropped, and never retyped unless that is asked
for by name. A column that is no longer delivered stays, and is null in new rows. The column `notebook` has the address
of the executed copy that a row is from. Times are UTC.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, Protocol

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from pyarrow import parquet

from steps.backends.columns import Utc
from steps.backends.database import ours, reshape, transact, upsert
from steps.errors import BadInput

SOURCE: Final = "notebook"
_MOST_COLUMNS: Final = 500
_NAMES: Final[dict[type[Any], str]] = {
    sa.BigInteger: "whole numbers",
    sa.Float: "numbers",
    sa.Boolean: "true or false",
    sa.Text: "texts",
    sa.Date: "days",
    Utc: "times",
}


class Delivery(Protocol):
    """What is declared of a table: its name, its key, and the columns that may get another type."""

    @property
    def table(self) -> str: ...
    @property
    def key(self) -> tuple[str, ...]: ...
    @property
    def retype(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Table:
    """What is delivered: rows, the type of each column, and the columns that are empty, which say nothing of theirs."""

    rows: list[dict[str, Any]]
    types: dict[str, type[Any]]
    empty: frozenset[str]


def read(body: bytes, delivery: Delivery) -> Table:
    """The delivered table.

    Raises:
        BadInput: it is not Parquet, lacks a part of its key, has a key twice, or a column of a type that is no table's.
    """
    name = delivery.table
    try:
        table = parquet.read_table(BytesIO(body))
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{name}.parquet is not Parquet: {str(error).splitlines()[0]:.120}") from None
    if len(table.schema.names) > _MOST_COLUMNS or len(set(table.schema.names)) < len(table.schema.names):
        raise BadInput(f"{name}: {len(table.schema.names)} columns; wanted at most {_MOST_COLUMNS}, each name once")
    if SOURCE in table.schema.names:
        raise BadInput(f"{name}: the column {SOURCE} is for the copy's address; name yours otherwise")
    types = {field.name: _type(name, field) for field in table.schema if not pa.types.is_null(field.type)}
    if lacking := [key for key in delivery.key if key not in types]:
        raise BadInput(f"{name}: its key is {', '.join(delivery.key)}, and it has no {lacking[0]}")
    rows = [{key: _value(value) for key, value in row.items()} for row in table.to_pylist()]
    _refuse_twice(delivery, rows)
    return Table(rows, types, frozenset(set(table.schema.names).difference(types)))


def load(delivery: Delivery, delivered: Mapping[str, Table]) -> int:
    """Write what copies hand over, by their addresses, in order, into the delivery's table; how many rows.

    Raises:
        BadInput: the table is one of ours, has another key, or a column of another type.
        StepError: the database does not answer.
    """
    if delivery.table in ours():
        raise BadInput(f"{delivery.table} is a table of the product; name the delivery otherwise")
    types: dict[str, type[Any]] = {}
    for table in delivered.values():
        for column, kind in table.types.items():
            types[column] = _wider(delivery, column, types.get(column, kind), kind)
    if not types:
        return 0
    with reshape() as connection:
        known = _made(connection, delivery, types)
    nothing = dict.fromkeys(known)
    rows = [
        nothing | {key: _fitting(row[key], known[key]) for key in row if key in known} | {SOURCE: address}
        for address, table in delivered.items()
        for row in table.rows
    ]
    target = sa.Table(
        delivery.table,
        sa.MetaData(),
        *(sa.Column(name, kind, primary_key=name in delivery.key) for name, kind in known.items()),
    )
    for first in range(0, len(rows), 5_000):
        part = rows[first : first + 5_000]
        transact(lambda connection, part=part: upsert(connection, target, part))  # type: ignore[misc]
    return len(rows)


def _made(connection: sa.Connection, delivery: Delivery, types: Mapping[str, type[Any]]) -> dict[str, Any]:
    """Make or widen the table; its columns with their types."""
    there = sa.inspect(connection)
    wanted = {**types, SOURCE: sa.Text}
    if not there.has_table(delivery.table):
        columns: Iterator[sa.Column[Any]] = (
            sa.Column(name, kind, primary_key=name in delivery.key, autoincrement=False)
            for name, kind in sorted(wanted.items(), key=lambda pair: _order(delivery, pair[0]))
        )
        sa.Table(delivery.table, sa.MetaData(), *columns).create(connection)
        return {name: kind() for name, kind in wanted.items()}
    key = there.get_pk_constraint(delivery.table)["constrained_columns"]
    if sorted(key) != sorted(delivery.key):
        raise BadInput(
            f"{delivery.table} has the key {', '.join(key) or '(none)'}, and {', '.join(delivery.key)} is declared; "
            "deliver under another name, or rename the table"
        )
    known = {column["name"]: _known(column["type"]) for column in there.get_columns(delivery.table)}
    for name, kind in wanted.items():
        if name not in known:
            _add(connection, delivery.table, name, kind)
        elif known[name] is not kind and not (known[name] is sa.Float and kind is sa.BigInteger):
            _retype(connection, delivery, name, known[name], kind)
        else:
            continue
        known[name] = kind
    return {name: (kind or sa.Text)() for name, kind in known.items()}


def _add(connection: sa.Connection, table: str, name: str, kind: type[Any]) -> None:
    q = connection.dialect.identifier_preparer.quote
    connection.exec_driver_sql(f"ALTER TABLE {q(table)} ADD COLUMN {q(name)} {kind().compile(connection.dialect)}")


def _retype(connection: sa.Connection, delivery: Delivery, name: str, was: type[Any] | None, kind: type[Any]) -> None:
    """Give a column another type, where that is asked for.

    Raises:
        BadInput: it is not, or it is part of the key, or what is there cannot become one.
    """
    if name not in delivery.retype or name in delivery.key:
        has = _NAMES.get(was, "something else") if was is not None else "something else"
        raise BadInput(
            f"{delivery.table}: the column {name} has {has}, and {_NAMES[kind]} are delivered; deliver it under "
            f"another name, or declare retype={name!r}"
        )
    q = connection.dialect.identifier_preparer.quote
    table, column, draft = q(delivery.table), q(name), q(f"{name}__as_was")
    connection.exec_driver_sql(f"ALTER TABLE {table} RENAME COLUMN {column} TO {draft}")
    _add(connection, delivery.table, name, kind)
    text = kind().compile(connection.dialect)
    try:
        connection.exec_driver_sql(f"UPDATE {table} SET {column} = CAST({draft} AS {text})")  # noqa: S608 - quoted
    except sa.exc.DataError as error:
        raise BadInput(f"{delivery.table}: what is in {name} cannot become {_NAMES[kind]}: {error.orig}") from None
    connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {draft}")


def _type(table: str, field: Any) -> type[Any]:
    """The type of a column in a database."""
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    is_ = pa.types
    if is_.is_timestamp(kind) and kind.tz is None:
        raise BadInput(f"{table}: the times in {field.name} have no time zone; wanted one, such as UTC")
    for known, suits in (
        (sa.BigInteger, is_.is_integer(kind)),
        (sa.Float, is_.is_floating(kind)),
        (sa.Boolean, is_.is_boolean(kind)),
        (sa.Text, is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind)),
        (sa.Date, is_.is_date(kind)),
        (Utc, is_.is_timestamp(kind)),
    ):
        if suits:
            return known
    raise BadInput(f"{table}: the column {field.name} is {kind}; wanted {', '.join(_NAMES.values())}")


def _known(kind: Any) -> type[Any] | None:
    """The type that a column of a database has; None for one that we never make."""
    pairs: Sequence[tuple[type[Any], type[Any]]] = (
        (sa.Boolean, sa.Boolean), (sa.Integer, sa.BigInteger), (sa.Float, sa.Float), (sa.DateTime, Utc),
        (sa.Date, sa.Date), (sa.String, sa.Text),
    )  # fmt: skip
    return next((ours for theirs, ours in pairs if isinstance(kind, theirs)), None)


def _wider(delivery: Delivery, column: str, one: type[Any], other: type[Any]) -> type[Any]:
    """The type that both suit: of whole numbers and numbers, numbers."""
    if one is other:
        return one
    if {one, other} == {sa.BigInteger, sa.Float}:
        return sa.Float
    raise BadInput(
        f"{delivery.table}: the column {column} has {_NAMES[one]} in one copy and {_NAMES[other]} in another"
    )


def _value(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _fitting(value: Any, kind: Any) -> Any:
    """A value as its column wants it."""
    if isinstance(kind, sa.Float) and isinstance(value, int):
        return float(value)
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def _refuse_twice(delivery: Delivery, rows: Sequence[Mapping[str, Any]]) -> None:
    seen: dict[tuple[Any, ...], int] = {}
    for number, row in enumerate(rows):
        key = tuple(row[name] for name in delivery.key)
        if None in key:
            raise BadInput(
                f"{delivery.table}: row {number + 1} has no {delivery.key[key.index(None)]}, part of its key"
            )
        if key in seen:
            raise BadInput(f"{delivery.table}: rows {seen[key] + 1} and {number + 1} have the same key {key}")
        seen[key] = number


def _order(delivery: Delivery, name: str) -> tuple[int, str]:
    """The key's columns first, the copy's address last."""
    if name in delivery.key:
        return delivery.key.index(name), name
    return (2000 if name == SOURCE else 1000), ""

"""The database: one SQLAlchemy engine over SQLite on a laptop and PostgreSQL on a cluster, by `DATABASE_URL`.

Contract. Transactions are atomic and serialise writers: `begin()` on SQLite takes the write lock at once (`BEGIN
IMMEDIATE`, waiting up to 30 s), so that a read followed by a write inside it cannot be overtaken; on PostgreSQL it is
SERIALIZABLE. Tables and views belong to the modules beside this one and are created on first use; a view whose
definition has changed is created again. Times are UTC. On PostgreSQL the roles that a table's `info` names as its
`readers`, as far as they exist, may read it.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa

from steps.errors import BadInput, StepError
from steps.settings import setting

metadata = sa.MetaData()
_ATTEMPTS = 8
_TABLES_LOCK = 0x7AB1E5  # any number that nothing else locks


_views: list["View"] = []
_definitions = sa.Table(  # of the views as they were declared; the database rewords what it stores
    "view_definitions",
    metadata,
    sa.Column("name", sa.String(63), primary_key=True),
    sa.Column("definition", sa.Text, nullable=False),
)


@dataclass(frozen=True)
class View:
    """A view, with its meaning and that of each column. Views are created in the order of their declaration."""

    name: str
    meaning: str
    query: sa.Select[Any]
    meanings: dict[str, str]
    table: sa.TableClause = field(init=False)

    def __post_init__(self) -> None:
        columns = [sa.column(column.name, column.type) for column in self.query.selected_columns]
        object.__setattr__(self, "table", sa.table(self.name, *columns))
        _views.append(self)

    @property
    def c(self) -> Any:
        """Its columns, for queries."""
        return self.table.c


@cache
def _engine(url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise BadInput(
            "DATABASE_URL is not a database URL; wanted sqlite:////absolute/path.db or postgresql+psycopg2://…"
        ) from error
    if parsed.get_backend_name() == "postgresql":
        many = {"executemany_mode": "values_plus_batch"}  # not an answer for each row that is changed
        return sa.create_engine(parsed, isolation_level="SERIALIZABLE", pool_pre_ping=True, **many)
    if parsed.get_backend_name() != "sqlite":
        raise BadInput(f"DATABASE_URL names {parsed.get_backend_name()}; wanted sqlite or postgresql")
    engine = sa.create_engine(parsed, connect_args={"timeout": 30})

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we send BEGIN ourselves, so that it can be IMMEDIATE
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @sa.event.listens_for(engine, "begin")
    def begin_immediate(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@contextmanager
def begin() -> Iterator[sa.Connection]:
    """One transaction on the database that the environment names, with the tables in place.

    Raises:
        StepError: the database does not answer, or another writer won a serialisation conflict. Worth a retry.
    """
    engine = _engine(setting("DATABASE_URL"))
    try:
        _create_tables(engine, len(metadata.tables))
        with engine.begin() as connection:
            yield connection
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        raise StepError(f"the database did not take the transaction: {error.orig}") from error


class NoTable(StepError):
    """A table, or a column of it, that nobody has made yet."""


@contextmanager
def look() -> Iterator[sa.Connection]:
    """A connection that reads, for one who may do no more: each statement by itself, and no table is made.

    Raises:
        NoTable: a table is not there yet, or lacks a column as one of an earlier version does.
        StepError: the database does not answer, or the table may not be read.
    """
    engine = _reading(setting("DATABASE_URL"))
    try:
        with engine.connect() as connection:
            yield connection
    except sa.exc.DBAPIError as error:
        words = str(error.orig).splitlines()[0]
        lacking = words.startswith(("no such table", "no such column"))
        if lacking or getattr(error.orig, "pgcode", "") in ("42P01", "42703"):
            raise NoTable(words) from error
        raise StepError(f"the database did not answer: {words}") from error


@cache
def _reading(url: str) -> sa.Engine:
    engine = _engine(url)
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="AUTOCOMMIT")
    file = engine.url.set(database=f"file:{engine.url.database}", query={"mode": "ro", "uri": "true"})
    return sa.create_engine(file, connect_args={"timeout": 5})


def ours() -> set[str]:
    """The names of our own tables and views."""
    return {*metadata.tables, *(view.name for view in _views)}


def read[T](work: Callable[[sa.Connection], T]) -> T:
    """What `work` reads: without waiting for those who write, and without keeping them waiting. What is not there yet,
    a table, or a column that an earlier version did not have, is made first.

    Raises:
        StepError: the database does not answer.
    """
    try:
        with look() as connection:
            return work(connection)
    except StepError as refused:
        try:
            with begin() as connection:
                return work(connection)
        except sa.exc.ProgrammingError:  # one who may only read makes no table
            raise refused from None


def transact[T](work: Callable[[sa.Connection], T]) -> T:
    """What `work` returns from one transaction, which is retried a few times if another writer was first.

    Raises:
        StepError: the database does not answer, or others were first every time.
    """
    for attempt in range(_ATTEMPTS):
        try:
            with begin() as connection:
                return work(connection)
        except StepError:
            if attempt + 1 == _ATTEMPTS:
                raise
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - so that two do not meet again
    raise AssertionError


def clock(connection: sa.Connection) -> float:
    """The database's time, in seconds since 1970: one clock for all its writers."""
    postgres = connection.dialect.name == "postgresql"
    now = "extract(epoch from clock_timestamp())" if postgres else "(julianday('now') - 2440587.5) * 86400.0"
    return float(connection.exec_driver_sql(f"SELECT {now}").scalar_one())


@cache
def _create_tables(engine: sa.Engine, _declared: int) -> None:
    """Once for the modules that are imported, again when more of them are (`_declared`: their tables). One process at a
    time: PostgreSQL's CREATE TABLE IF NOT EXISTS fails if two run it at once."""
    with _reshaping(engine) as connection:
        metadata.create_all(connection)
        _change_keys(connection)
        _add_columns(connection)
        _make_indexes(connection)
        _make_views(connection)
        _let_read(connection)


@contextmanager
def reshape() -> Iterator[sa.Connection]:
    """One transaction that makes or changes tables; others that do wait for its end.

    Raises:
        StepError: the database does not answer.
    """
    try:
        with _reshaping(_engine(setting("DATABASE_URL"))) as connection:
            yield connection
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        raise StepError(f"the database did not change its tables: {error.orig}") from error


@contextmanager
def _reshaping(engine: sa.Engine) -> Iterator[sa.Connection]:
    postgres = engine.dialect.name == "postgresql"
    with (engine.execution_options(isolation_level="READ COMMITTED") if postgres else engine).begin() as connection:
        if postgres:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TABLES_LOCK)))
        yield connection


def _change_keys(connection: sa.Connection) -> None:
    """Give tables of an earlier version the key that is declared now. A new column of it must have a default, which the
    rows that are there get. Views are made again afterwards."""
    there = sa.inspect(connection)
    for table in metadata.sorted_tables:
        key = there.get_pk_constraint(table.name)
        wanted = [column.name for column in table.primary_key]
        if set(key["constrained_columns"]) == set(wanted):
            continue
        known = [column["name"] for column in there.get_columns(table.name)]
        for view in reversed(_views):
            connection.exec_driver_sql(f'DROP VIEW IF EXISTS "{view.name}"')
        if connection.dialect.name == "postgresql":
            _add(connection, table, known)
            names = ", ".join(f'"{name}"' for name in wanted)
            change = f'DROP CONSTRAINT "{key["name"]}", ADD PRIMARY KEY ({names})'
            connection.exec_driver_sql(f'ALTER TABLE "{table.name}" {change}')
        else:
            _rebuild(connection, table, known)


def _rebuild(connection: sa.Connection, table: sa.Table, known: list[str]) -> None:
    """The table as it is declared, with the same rows: SQLite cannot change a key."""
    connection.exec_driver_sql(f'ALTER TABLE "{table.name}" RENAME TO "{table.name}_before"')
    table.create(connection)
    kept = [name for name in known if name in table.columns]
    before = sa.table(f"{table.name}_before", *map(sa.column, kept))
    connection.execute(table.insert().from_select(kept, sa.select(before)))
    connection.exec_driver_sql(f'DROP TABLE "{table.name}_before"')


def _add_columns(connection: sa.Connection) -> None:
    """Add missing columns to tables of an earlier version; a new column must be nullable or have a default."""
    there = sa.inspect(connection)
    for table in metadata.sorted_tables:
        _add(connection, table, [column["name"] for column in there.get_columns(table.name)])


def _add(connection: sa.Connection, table: sa.Table, known: list[str]) -> None:
    for column in table.columns:
        if column.name not in known:
            declared = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f'ALTER TABLE "{table.name}" ADD COLUMN {declared}')


def _make_indexes(connection: sa.Connection) -> None:
    """Make the indexes that tables of an earlier version lack, and anew those that were of other columns."""
    there = sa.inspect(connection).get_multi_indexes()
    for table in metadata.sorted_tables:
        known = {index["name"]: index["column_names"] for index in there.get((None, table.name), [])}
        for index in table.indexes:
            if known.get(index.name) == [column.name for column in index.columns]:
                continue
            if index.name in known:
                index.drop(connection)
            index.create(connection)


def _make_views(connection: sa.Connection) -> None:
    """Create the views that are not as declared, and with them the others, which may build on them."""
    dialect = connection.dialect
    wanted = {
        view.name: str(view.query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})) for view in _views
    }
    known = {row.name: row.definition for row in connection.execute(sa.select(_definitions))}
    there = set(sa.inspect(connection).get_view_names())
    if all(name in there and known.get(name) == definition for name, definition in wanted.items()):
        return
    for name in reversed(wanted):
        connection.exec_driver_sql(f'DROP VIEW IF EXISTS "{name}"')
    for name, definition in wanted.items():
        connection.exec_driver_sql(f'CREATE VIEW "{name}" AS {definition}')
    upsert(connection, _definitions, [{"name": name, "definition": text} for name, text in wanted.items()])


def _let_read(connection: sa.Connection) -> None:
    """Let the declared readers read, as far as they exist and may not yet."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        known = sa.text(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(:readers)"
            " AND NOT has_table_privilege(rolname, CAST(:table AS text), 'SELECT')"
        )
        readers = table.info.get("readers", [])
        for role in connection.scalars(known, {"readers": readers, "table": table.name}) if readers else ():
            connection.exec_driver_sql(f'GRANT SELECT ON "{table.name}" TO "{role}"')


def inserting(connection: sa.Connection) -> Any:
    """The `insert` of the connection's dialect, which can say what happens on a conflict; no other is loaded."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment] # noqa: PLC0415
    return insert


def upsert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]], *, newest: str = "") -> None:
    """Insert `rows` by the table's primary key, replacing the other columns of existing rows. `newest`: a column; rows
    that have a later value of it stay as they are."""
    if not rows:
        return
    insert = inserting(connection)
    key = [column.name for column in table.primary_key]
    given = set(rows[0])
    statement = insert(table)
    others = {name: statement.excluded[name] for name in given.difference(key)}
    where = statement.excluded[newest] >= table.c[newest] if newest else None
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=others, where=where), rows)

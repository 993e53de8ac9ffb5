"""Expressions over times that differ between SQLite, which stores them as UTC text, and PostgreSQL."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from steps.backends.columns import Utc


class day_of(GenericFunction[Any]):
    """The day (UTC) of the hour that ends at a time."""

    type = sa.Date()
    inherit_cache = True


class hours_before(GenericFunction[Any]):
    """The time a whole number of hours before a time."""

    type = Utc()
    inherit_cache = True


class seconds_of(GenericFunction[Any]):
    """A time in whole seconds since 1970: of many rows it is read in a fraction of what a time takes."""

    type = sa.BigInteger()
    inherit_cache = True


class hours_ago(GenericFunction[Any]):
    """How many hours a time is before now, by the database's clock."""

    type = sa.Float()
    inherit_cache = True


@compiles(day_of, "sqlite")
def _(element: Any, compiler: Any, **kw: Any) -> str:
    return f"date({compiler.process(element.clauses, **kw)}, '-1 hour')"


@compiles(day_of, "postgresql")
def _(element: Any, compiler: Any, **kw: Any) -> str:
    return f"CAST(({compiler.process(element.clauses, **kw)} AT TIME ZONE 'UTC') - INTERVAL '1 hour' AS DATE)"


@compiles(hours_before, "sqlite")
def _(element: Any, compiler: Any, **kw: Any) -> str:
    time, hours = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"strftime('%Y-%m-%d %H:%M:%S.000000', {time}, '-{hours} hours')"


@compiles(hours_before, "postgresql")
def _(element: Any, compiler: Any, **kw: Any) -> str:
    time, hours = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{time} - INTERVAL '{hours} hours'"


@compiles(seconds_of, "sqlite")
def _(element: Any, compiler: Any, **kw: Any) -> str:
    return f"CAST(strftime('%s', {compiler.process(element.clauses, **kw)}) AS INTEGER)"


@compiles(seconds_of, "postgresql")
def _(element: Any, compiler: Any, **kw: Any) -> str:
    return f"CAST(EXTRACT(EPOCH FROM {compiler.process(element.clauses, **kw)}) AS BIGINT)"


@compiles(hours_ago, "sqlite")
def _(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(julianday('now') - julianday({compiler.process(element.clauses, **kw)})) * 24.0"


@compiles(hours_ago, "postgresql")
def _(element: Any, compiler: Any, **kw: Any) -> str:
    seconds = f"EXTRACT(EPOCH FROM (now() - {compiler.process(element.clauses, **kw)}))"
    return f"CAST({seconds} AS DOUBLE PRECISION) / 3600.0"

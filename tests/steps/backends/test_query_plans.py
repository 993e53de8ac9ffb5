"""Every query of the ledger, the history, the catalog and the warehouse is served by an index, on both databases.

The functions themselves are called, and what they send is explained. A function that is not called here fails the test.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa

from steps.backends import catalog, history, ledger, measurements, warehouse
from steps.backends.database import begin
from steps.backends.warehouse import skill, standing, versus
from tests.steps.support import large_tables
from tests.steps.support.large_tables import PROJECT, START

DAY = START.date()
LATER = START + timedelta(days=2)
SOON = START + timedelta(hours=2)  # of the hours that are there as little as the watched days are of years
NAMES = {table.name for table in large_tables.TABLES}
PLACES = [1, 2]
_BY_MORE = re.compile(
    r"\((?!\(project\b|project\b)\(?\w+"
)  # a condition of an index, on another column than the project
P, T = PROJECT, "no2"
FOUND = ledger.Object("inbox", "openaq/new/x", "", "e", START, 1)
DONE = ledger.Verdict("u1", "done", "openaq/old/x", rows_new=1)
GOOD = catalog.Accepted(1, DAY, "new", "k", 24, START, START, (1.0, 1.0))
BAD = catalog.Refused(1, DAY, "bad", "k", "it is cut off", None)
MADE = warehouse.Prediction(1, START, 1.0, 1, START)
HOURS = [measurements.Measured(START, T, "µg/m³", 1.0)]

Call = Callable[[sa.Connection], object]
CALLS: dict[ModuleType, dict[str, Call]] = {
    ledger: {
        "claim": lambda c: ledger.claim(c, P, "r", "other", [FOUND]),
        "renew": lambda c: ledger.renew(c, P, "o"),
        "again": lambda c: ledger.again(c, P, "o"),
        "decide": lambda c: ledger.decide(c, P, "o", [DONE], 1),
        "cleared": lambda c: ledger.cleared(c, ["u1"]),
        "uncleared": lambda c: ledger.uncleared(c, P),
        "rows": lambda c: ledger.rows(c, ["u1"]),
        "held": lambda c: ledger.held(c, P, "run-1"),
        "known": lambda c: ledger.known(c, P, "openaq/new/1"),
        "named": lambda c: ledger.named(c, P, "openaq/new/1"),
        "recent": lambda c: (ledger.recent(c, P, 20), ledger.recent(c, None, 20)),
        "learned": lambda c: ledger.learned(c, P, 3),
        "missed": lambda c: ledger.missed(c, P, "r", [FOUND], "gone"),
        "gone": lambda c: ledger.gone(c, P, "o", ["u1"], "gone"),
        "release": lambda c: ledger.release(c, P, "openaq/new/4", who="me", why="right"),
        "ask_back": lambda c: ledger.ask_back(c, P, "openaq/new/10", who="me", why="wrong"),
        "retracting": lambda c: ledger.retracting(c, P),
        "accepted": lambda c: ledger.accepted(c, P),
        "retracted": lambda c: ledger.retracted(c, _upload(c), run="r", place="p", rows_left=1, left_at=1),
        "not_retracted": lambda c: ledger.not_retracted(c, _upload(c), "gone"),
    },
    history: {
        "head": lambda c: history.head(c, P),
        "entries": lambda c: history.entries(c, P, after=3, upto=5),
        "append": lambda c: history.append(c, P, after=history.head(c, P), digest="d", rows=1, key="k", run="r"),
    },
    catalog: {
        "accepted": lambda _: catalog.accepted(P, PLACES, first=DAY, last=DAY),
        "refused": lambda _: catalog.refused(P, PLACES, first=DAY, last=DAY),
        "newest": lambda _: catalog.newest(P, PLACES),
        "places": lambda _: catalog.places(P, PLACES),
        "travels": lambda _: catalog.travels(P, PLACES),
        "decided": lambda _: catalog.decided(P, PLACES, T, first=DAY, last=DAY),
        "revision": lambda _: catalog.revision(P),
        "changed": lambda _: catalog.changed(P, PLACES, after=3),
        "record": lambda _: catalog.record(P, [GOOD], [BAD], at=START),
    },
    measurements: {
        "pending": lambda _: measurements.pending(P, 1),
        "replace": lambda _: measurements.replace(P, 1, {measurements.pending(P, 1).accepted[0]: HOURS}, [DAY]),
        "reporting": lambda _: measurements.reporting(P, PLACES, T),
    },
    warehouse: {
        "record": lambda c: warehouse.record(c, P, T, [MADE]),
        "outcomes": lambda c: warehouse.outcomes(c, P, T, START, SOON),
        "began": lambda c: warehouse.began(c, P, T, 1),
    },
    skill: {
        "last_of_another": lambda c: skill.last_of_another(c, P, T, [1]),
        "days": lambda c: skill.days(c, P, T, PLACES, LATER, after=START),
        "measured": lambda c: skill.measured(c, P, T, PLACES, first=START, last=LATER),
    },
    versus: {"days": lambda c: versus.days(c, P, T, PLACES, LATER, role="challenger", versions=[1])},
    standing: {
        "coverage": lambda c: standing.coverage(c, P),
        "refusals": lambda c: standing.refusals(c, P),
        "files": lambda c: standing.files(c, P),
        "file_refusals": lambda c: standing.file_refusals(c, P),
    },
}
OF_ALARMS = {"raised", "untold", "raise_alarm", "made_of", "told"}  # a few rows a year, all read by the monitor
WHOLE = {  # what is asked for is all of a project, or all that was refused
    *("ledger.accepted", "ledger.learned"),
    *("standing.coverage", "standing.files", "standing.refusals"),
}


class _Undone(Exception):
    """What a call has changed is taken back."""


def _upload(connection: sa.Connection) -> ledger.Upload:
    (found,) = ledger.rows(connection, ["u1"])
    return found


@contextmanager
def sent() -> Iterator[list[tuple[str, Any]]]:
    """What is sent to a database meanwhile about the tables that grow, once each, with its parameters."""
    found: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        asks = statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH"))
        if asks and any(re.search(rf"\b{name}\b", statement) for name in {*NAMES, "outcomes", "live_skill"}):
            found.setdefault(statement, parameters[0] if many else parameters)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    told: list[tuple[str, Any]] = []
    try:
        yield told
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
        told += found.items()


def unserved(connection: sa.Connection, statement: str, parameters: Any) -> list[str]:
    """The parts of its plan that read a whole table, or all of a project, to find a few rows."""
    if connection.dialect.name == "postgresql":
        (plan,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalars()
        root = plan if isinstance(plan, list) else json.loads(plan)
        return list(_unserved_nodes(root[0]["Plan"], limited=False))
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    limited = "LIMIT" in statement
    return [row.detail for row in rows if not _served(row.detail, limited=limited)]


def _served(detail: str, *, limited: bool) -> bool:
    """Whether a line of SQLite's plan looks something up by more than its project, or walks an index as far as asked:
    https://www.sqlite.org/eqp.html."""
    if detail.startswith("SEARCH"):
        by = re.search(r"\((.*)\)", detail)
        return by is None or by[1] != "project=?" or (limited and "uploads_seen" in detail)
    return not detail.startswith("SCAN") or detail.split()[1] not in NAMES or (limited and "USING INDEX" in detail)


def _unserved_nodes(node: dict[str, Any], *, limited: bool) -> Iterator[str]:
    """The same of PostgreSQL's plan: https://www.postgresql.org/docs/current/using-explain.html."""
    kind, by = node["Node Type"], node.get("Index Cond", "")
    limited |= kind == "Limit"
    if kind == "Seq Scan" and node["Relation Name"] in NAMES:
        yield f"Seq Scan {node['Relation Name']}"
    if kind in ("Index Scan", "Index Only Scan", "Bitmap Index Scan") and not limited and not _BY_MORE.search(by):
        yield f"{kind} {node['Index Name']} {by}"
    for below in node.get("Plans", ()):
        yield from _unserved_nodes(below, limited=limited)


def explained(*, sequential: bool) -> dict[str, list[str]]:
    """What is unserved, by the function that asks. `sequential`: whether PostgreSQL may read whole tables."""
    found: dict[str, list[str]] = {}
    for module, calls in CALLS.items():
        for name, call in calls.items():
            called = f"{module.__name__.rpartition('.')[2]}.{name}"
            with sent() as statements:
                if module in (catalog, measurements):  # these open a transaction themselves
                    call(None)  # type: ignore[arg-type]
                else:
                    with suppress(_Undone), begin() as connection:
                        call(connection)
                        raise _Undone  # the next one finds what this one found
            assert statements or name == "missed", f"{called} has asked nothing"
            with begin() as connection:
                if connection.dialect.name == "postgresql" and not sequential:
                    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
                lines = [line for one in statements for line in unserved(connection, *one)]
            if lines and called not in WHOLE:
                found[called] = lines
    return found


@pytest.mark.parametrize("module", CALLS, ids=lambda module: module.__name__)
def test_every_query_is_looked_at(module: ModuleType) -> None:
    public = {
        name
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
        if {"connection", "project"} & inspect.signature(function).parameters.keys()
    }
    assert public - OF_ALARMS == CALLS[module].keys()


def test_every_query_is_served_by_an_index(database: str) -> None:
    large_tables.fill(0)
    assert explained(sequential=False) == {}


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_every_query_is_served_by_an_index_at_a_million_rows(database: str) -> None:
    large_tables.fill(10)
    assert explained(sequential=True) == {}

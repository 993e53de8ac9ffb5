"""How far each location's features are complete: all months that the catalog required at a revision are in the lake.

Contract. There is one row for each location and target. It holds for one digest of all that the location's features
depend on beside its days; a run with another takes the row over before it writes any features, so that the months that
it replaces count for nobody else. What a run has taken over counts once it has ended, unless another has taken it over
since. A run that is killed leaves what was complete before it, or nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from steps.backends.database import metadata, read, transact, upsert

completed_features = sa.Table(
    "completed_features",
    metadata,
    sa.Column("project", sa.String(63), primary_key=True),
    sa.Column("parameter", sa.String(63), primary_key=True),
    sa.Column("location", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("depends", sa.String(64), nullable=False),  # the digest
    sa.Column("owner", sa.String(64), nullable=False),  # the run that has taken it over
    sa.Column("revision", sa.BigInteger),  # of the catalog; null until that run has ended
    sa.Column("months", sa.Text, nullable=False),  # YYYY-MM, apart by spaces
)


@dataclass(frozen=True)
class Complete:
    """A location's features are complete up to `revision`, in these months (YYYY-MM)."""

    revision: int
    months: frozenset[str]


def known(project: str, parameter: str, depends: Mapping[int, str]) -> dict[int, Complete]:
    """What is complete of those locations, by what they depend on."""
    table = completed_features.c
    query = sa.select(table.location, table.depends, table.revision, table.months).where(
        *_of(project, parameter), table.location.in_(list(depends)), table.revision.is_not(None)
    )
    rows = read(lambda connection: connection.execute(query).all())
    return {
        row.location: Complete(row.revision, frozenset(row.months.split()))
        for row in rows
        if row.depends == depends[row.location]
    }


def take(project: str, parameter: str, depends: Mapping[int, str], *, owner: str) -> None:
    """Take these locations over for a run: nothing of them is complete until it has ended."""
    rows = [
        {
            **{"project": project, "parameter": parameter, "location": location, "depends": digest},
            **{"owner": owner, "revision": None, "months": ""},
        }
        for location, digest in depends.items()
    ]
    transact(lambda connection: upsert(connection, completed_features, rows))


def end(project: str, parameter: str, depends: Mapping[int, str], found: Mapping[int, Complete], *, owner: str) -> None:
    """A run has stored all that is lacking: say what is complete, of those locations that no other run has taken over
    or has brought further."""
    table = completed_features.c
    given = sa.bindparam("given", type_=sa.BigInteger)
    change = (
        sa.update(completed_features)
        .where(*_of(project, parameter), table.location == sa.bindparam("at"))
        .where(table.depends == sa.bindparam("by"), sa.or_(table.owner == owner, table.revision <= given))
        .values(revision=given, months=sa.bindparam("named"), owner=owner)
    )
    rows = [
        {"at": location, "by": depends[location], "given": one.revision, "named": " ".join(sorted(one.months))}
        for location, one in found.items()
    ]
    if rows:
        transact(lambda connection: connection.execute(change, rows))


def _of(project: str, parameter: str) -> tuple[sa.ColumnElement[bool], ...]:
    return completed_features.c.project == project, completed_features.c.parameter == parameter

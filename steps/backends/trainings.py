"""Trainings: one for each state of a project's data, known by the dataset's fingerprint.

Contract. A training is *offered* (a workflow of the returned name is about to be created), *claimed* (that workflow, or
another one, learns from it), then *done*; or *superseded*, if a newer state was claimed before it was done. An offer
that is not claimed in time is made again under another name, with more patience each time: whatever creates workflows
may be down for a while. A claim whose run failed or did not finish in time is offered again a few times. So the newest
state is trained in the end, and none twice.
"""

from typing import Any

import sqlalchemy as sa

from steps.backends.database import clock, metadata

MOST_CLAIMS = 3  # what fails that often will fail again; a person can start it by hand
OFFER_SECONDS = 600  # for the first offer; twice as long for each further one, up to that of a claim
CLAIM_SECONDS = 12 * 3600  # the deadline of a training's workflow

trainings = sa.Table(
    "trainings",
    metadata,
    sa.Column("project", sa.String(63), primary_key=True),
    sa.Column("fingerprint", sa.String(32), primary_key=True),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("name", sa.String(253), nullable=False),  # of the workflow it was offered to last
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("run", sa.String(253)),  # of the workflow that claimed it last
    sa.Column("until", sa.Double, nullable=False),  # seconds since 1970, the database's clock
    sa.Column("offered_to", sa.String(253)),  # the run that will create it
    sa.Column("failures", sa.Integer),  # claims that came to nothing; null for none
)


def offer(connection: sa.Connection, project: str, fingerprint: str, sequence: int, *, to: str) -> str | None:
    """The name of the workflow that the run `to` should create for that state, the same each time it asks; None if the
    training is done, about to be done by another run, or has failed so often that a person should look."""
    now, found = clock(connection), _find(connection, project, fingerprint)
    if found is not None and found["state"] == "offered" and found["offered_to"] == to and found["until"] > now:
        return str(found["name"])
    if found is not None and (found["state"] == "done" or (_live(found["state"]) and found["until"] > now)):
        return None
    attempts = (found["attempts"] if found is not None else 0) + 1
    failures = 0 if found is None else (found["failures"] or 0) + (found["state"] == "claimed")
    if failures >= MOST_CLAIMS:
        return None
    name = f"{project}-train-{fingerprint[:10]}-{attempts}"
    columns = {"sequence": sequence, "state": "offered", "name": name, "attempts": attempts, "failures": failures}
    columns["offered_to"] = to
    patience = min(OFFER_SECONDS * 2 ** min(attempts - 1, 10), CLAIM_SECONDS)
    _write(connection, project, fingerprint, found is None, **columns, until=now + patience)
    return name


def given_up(connection: sa.Connection, project: str, fingerprint: str) -> bool:
    """Whether it has failed so often that it is offered no more."""
    found = _find(connection, project, fingerprint)
    if found is None or found["state"] != "claimed" or found["until"] > clock(connection):
        return False
    return bool((found["failures"] or 0) + 1 >= MOST_CLAIMS)


def claim(connection: sa.Connection, project: str, fingerprint: str, sequence: int, run: str) -> bool:
    """`run` learns from that state now; False if it is already done. Older states that are not done are superseded."""
    now, found = clock(connection), _find(connection, project, fingerprint)
    if found is not None and found["state"] == "done":
        return False
    columns = {"sequence": sequence, "state": "claimed", "run": run, "until": now + CLAIM_SECONDS}
    more = {"name": run, "attempts": 1} if found is None else {}
    _write(connection, project, fingerprint, found is None, **columns, **more)
    older = (
        trainings.c.project == project,
        trainings.c.sequence < sequence,
        trainings.c.state.in_(["offered", "claimed"]),
    )
    connection.execute(sa.update(trainings).where(*older).values(state="superseded"))
    return True


def done(connection: sa.Connection, project: str, fingerprint: str) -> None:
    """A decision has been made on that state; final."""
    _write(connection, project, fingerprint, new=False, state="done")


def free(connection: sa.Connection, project: str, run: str) -> None:
    """`run` ended without a decision: its claims may be offered again."""
    mine = trainings.c.project == project, trainings.c.run == run, trainings.c.state == "claimed"
    connection.execute(sa.update(trainings).where(*mine).values(until=0.0))


def _live(state: str) -> bool:
    return state in {"offered", "claimed"}


def _find(connection: sa.Connection, project: str, fingerprint: str) -> sa.RowMapping | None:
    where = trainings.c.project == project, trainings.c.fingerprint == fingerprint
    return connection.execute(sa.select(trainings).where(*where).with_for_update()).mappings().first()


def _write(connection: sa.Connection, project: str, fingerprint: str, new: bool, **columns: Any) -> None:
    if new:
        row = {"project": project, "fingerprint": fingerprint, **columns}
        connection.execute(sa.insert(trainings), row)
        return
    where = trainings.c.project == project, trainings.c.fingerprint == fingerprint
    connection.execute(sa.update(trainings).where(*where).values(**columns))

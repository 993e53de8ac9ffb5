"""What is in the inboxes, for people: what is waiting, where each file went and why; and the ways back, out of
quarantine and out of the history."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.errors import RunFailed, UserError
from pipeline.inbox.put import table_project
from pipeline.laptop.machine import LocalMachine, user
from pipeline.projects import names
from pipeline.show.tables import table
from steps.backends import ledger, objects
from steps.backends.database import read, transact
from steps.backends.ledger import Upload
from steps.backends.objects import Stored
from steps.pages.words import count, one_line

if TYPE_CHECKING:
    from pipeline.project import TableProject

_HEADER = ("FILE", "STATE", "SINCE", "ROWS", "RUN", "WHERE", "WHY")


@dataclass(frozen=True)
class Dropped:
    """An upload as it is shown: where its content is and why. `run`: that holds it, or held it last; `-` where there
    is nothing to say. `upload`: its id in the ledger; empty of what no run has claimed."""

    upload: str
    key: str
    state: str
    since: str
    rows: str
    run: str
    where: str
    why: str


def listed(machine: LocalMachine, name: str | None, limit: int) -> str:
    """The uploads of a project (of all, for None) as a table, the newest first.

    Raises:
        UserError: there is no such project, or it has no inbox.
    """
    rows = [
        (one_line(one.key), one.state, one.since, one.rows, one.run, one_line(one.where), one.why)
        for one in dropped(machine, name, limit)
    ]
    return table(_HEADER, rows) if rows else "no file was dropped yet; drop one with: pipeline put PROJECT FILE"


def dropped(machine: LocalMachine, name: str | None, limit: int) -> list[Dropped]:
    """The uploads of a project (of all, for None), the newest first, those that wait before the others.

    Raises:
        UserError: there is no such project, or it has no inbox.
    """
    projects = [table_project(name).name] if name else names()
    machine.use("object-store", "database")
    seen = read(lambda connection: ledger.recent(connection, name, limit))
    waiting = [_waits(one) for project in projects for one in _waiting(project)]
    return [*waiting, *map(known, seen)][:limit]


def release(machine: LocalMachine, key: str, *, who: str, why: str) -> str:
    """Let a file out of quarantine and have it checked again; a line that says what became of it.

    Raises:
        UserError: no such file is in quarantine, or no reason is given.
        RunFailed: it is in quarantine again.
    """
    project = _of(key)
    if not why.strip():
        raise UserError("--why is empty; say in a few words why the file is released")
    machine.use("object-store", "database")
    person = who or user() or "unknown"
    let = transact(lambda connection: ledger.release(connection, project.name, key, who=person, why=why))
    if let is None:
        raise UserError(f"nothing called {one_line(key)} is in quarantine; see: pipeline inbox {project.name}")
    machine.succeed(machine.submit(f"{let.project}-ingest", {}))
    found = newest(machine, let.project, let.key)
    if found is None or found.state == "released":
        return f"{one_line(let.key)} is released; the next run takes it"
    said = f"{one_line(let.key)}: {found.state}{f', {found.reason}' if found.reason else ''}"
    if found.state == "quarantined":
        raise RunFailed(said)
    return said


def retract(machine: LocalMachine, key: str, *, who: str, why: str) -> str:
    """Take an accepted file back out of the history; a line that says what left with it.

    Raises:
        UserError: no such file is accepted, or no reason is given.
        RunFailed: it could not be taken back.
    """
    project = _of(key)
    if not why.strip():
        raise UserError("--why is empty; say in a few words why the file is taken back")
    machine.use("object-store", "database")
    person = who or user() or "unknown"
    asked = transact(lambda connection: ledger.ask_back(connection, project.name, key, who=person, why=why))
    if asked is None:
        raise UserError(_not_accepted(project.name, key))
    machine.succeed(machine.submit(f"{project.name}-ingest", {}))
    (found,) = transact(lambda connection: ledger.rows(connection, [asked.upload]))
    if found.state == "retracting":
        return f"{one_line(asked.key)} is to be taken back; the next run does it"
    if found.state != "retracted":
        raise RunFailed(f"{one_line(asked.key)}: {found.reason}")
    return f"{one_line(asked.key)}: retracted, {count(found.rows_left or 0, 'row')} left the history"


def _not_accepted(project: str, key: str) -> str:
    """Why nothing of that name can be taken back."""
    known = transact(lambda connection: ledger.named(connection, project, key))
    if not known:
        return f"no file called {one_line(key)} was ever dropped; see: pipeline inbox {project}"
    state = known[0].state
    said = f"{state} already" if state in {"retracting", "retracted"} else f"{state}, not accepted"
    return f"{one_line(key)} is {said}, so its rows are not in the history; see: pipeline inbox {project}"


def newest(machine: LocalMachine, project: str, key: str) -> Upload | None:
    """The last upload that was dropped under that key."""
    machine.use("object-store", "database")
    found = transact(lambda connection: ledger.known(connection, project, key))
    return found[0] if found else None


def _of(key: str) -> "TableProject":
    """The project that a file's key begins with.

    Raises:
        UserError: there is none.
    """
    name, slash, _ = key.partition("/")
    if not slash:
        raise UserError(f"{one_line(key)!r} is no file's key; wanted one such as wine/new/file.csv: pipeline inbox")
    return table_project(name)


def _waiting(project: str) -> Iterator[Stored]:
    """What no run has claimed yet."""
    inbox = objects.inbox()
    there = list(inbox.versions(f"{project}/new/"))
    ids = {_object(inbox.name, one).upload: one for one in there if not one.key.endswith("/")}
    claimed = {row.upload for row in read(lambda connection: ledger.rows(connection, ids))}
    yield from (one for upload, one in ids.items() if upload not in claimed)


def _object(bucket: str, stored: Stored) -> ledger.Object:
    return ledger.Object(bucket, stored.key, stored.version_id, stored.etag, stored.modified, stored.size)


def _waits(stored: Stored) -> Dropped:
    where = f"s3://inbox/{stored.key}"
    return Dropped("", stored.key, "waiting", _time(stored.modified), "-", "-", where, f"{stored.size:,} bytes")


def known(upload: Upload) -> Dropped:
    """What a run has claimed, as it is shown."""
    copies = f", {upload.rows_copied:,} copies" if upload.rows_copied else ""
    rows = f"{upload.rows_new:,} new{copies}" if upload.rows_new else "-"
    where = upload.place or (upload.source if upload.state in {"claimed", "released"} else None)
    state = (
        upload.state
        if upload.cleared_at or upload.state in {"claimed", "released", "missing", "retracting"}
        else "moving"
    )
    why = upload.reason or ""
    if upload.who:
        why = f"released by {upload.who}: {upload.why}" + (f"; {why}" if why and upload.state == "quarantined" else "")
    if upload.state in {"retracting", "retracted"}:
        rows = "-" if upload.rows_left is None else f"{upload.rows_left:,} left"
        why = f"retracted by {upload.retracted_by}: {upload.retracted_why}"
    at = upload.retracted_at or upload.decided_at or upload.seen_at
    return Dropped(upload.upload, upload.key, state, _time(at), rows, upload.holder, where or "-", one_line(why))


def _time(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"

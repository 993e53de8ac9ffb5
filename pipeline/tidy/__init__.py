"""What may go of a machine's state, and its removal: runs here, and what `steps.backends.retention` finds in the store.

A run leaves the journal first, and its folder after: a folder whose run the journal does not know is what a kill left,
and goes the next time.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from pipeline.engine.places import folder_of
from pipeline.errors import UserError
from pipeline.laptop.background import Background
from pipeline.laptop.machine import LocalMachine
from pipeline.projects import names
from pipeline.show.tables import table
from steps.backends import promotions, retention
from steps.backends.database import transact
from steps.pages.words import count

_HEADER = ("WHAT", "HOW MANY", "SIZE", "WHY IT MAY GO")
_KILO = 1000


@dataclass(frozen=True)
class Going:
    """Things of one kind that may go: each with its size in bytes, and how it is removed."""

    what: str
    why: str
    things: Sequence[tuple[int, Callable[[], None]]]

    @property
    def size(self) -> int:
        """Of all, in bytes."""
        return sum(size for size, _ in self.things)


def tidied(machine: LocalMachine, days: int, *, remove: bool) -> str:
    """What may go, as a table; with `remove`, it is gone then.

    Raises:
        UserError: `remove`, and some run is not over.
    """
    if remove:
        _refuse_while_unfinished(machine)
    found = list(going(machine, datetime.now(UTC) - timedelta(days=days)))
    if not found:
        return f"nothing may go that is older than {count(days, 'day')}"
    if remove:
        for one in found:
            for _, removed in one.things:
                removed()
    rows = [(one.what, f"{len(one.things):,}", _size(one.size), one.why) for one in found]
    total = _size(sum(one.size for one in found))
    last = f"{total} are free again" if remove else f"{total} in all; nothing was removed: pipeline gc --yes"
    return f"{table(_HEADER, rows)}\n{last}"


def going(machine: LocalMachine, before: datetime) -> Iterator[Going]:
    """What may go of all that ended or was last written before that time."""
    kept: set[str] = set()
    if machine.has_decisions():
        machine.use("object-store")
        kept = transact(_deciding)
        for kind in retention.found(names(), before):
            yield Going(kind.what, kind.why, [(one.size, partial(_remove, machine, one)) for one in kind.sets])
    runs = list(_old_runs(machine, before, kept))
    if runs:
        why = "they ended long ago, newer ones of their workflows are there, and no model that is kept is theirs"
        yield Going(
            "runs and their logs", why, [(_bytes(machine, run), partial(_forget, machine, run)) for run in runs]
        )


def _remove(machine: LocalMachine, one: retention.Set) -> None:
    if one.model is not None:
        os.environ.update(machine.host.environment("configMap", "tracking"))
    retention.remove(one)


def _refuse_while_unfinished(machine: LocalMachine) -> None:
    unfinished = [one for one in machine.runs() if one.finished_at is None]
    if unfinished:
        run, more = unfinished[0], f" and {len(unfinished) - 1} more" if len(unfinished) > 1 else ""
        verb = "are" if more else "is"
        todo = f"pipeline run --resume {run.id}" if run.interrupted else f"pipeline stop {run.id}"
        raise UserError(f"{run.id}{more} {verb} not over, and may need what would go; wait, or: {todo}")


def _deciding(connection: sa.Connection) -> set[str]:
    """The runs that decided about models which are kept."""
    listed = [one for project in names() for one in promotions.listed(connection, project)]
    return {
        one.run for one in listed if one.run and (one.verified_at or one.live_at or (one.promoted and not one.ended))
    }


def _old_runs(machine: LocalMachine, before: datetime, kept: set[str]) -> Iterator[str]:
    """Runs to forget, and folders of runs that are forgotten. The newest of each workflow stays."""
    there = machine.runs()
    seen: set[str] = set()
    for run in there:
        newest = run.workflow not in seen
        seen.add(run.workflow)
        if not newest and run.id not in kept and run.finished_at is not None and run.finished_at < before:
            yield run.id
    known = {run.id for run in there}
    for folder in sorted((machine.home / "runs").glob("*/")):
        changed = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        if folder.name not in known and changed < before:
            yield folder.name


def _forget(machine: LocalMachine, run: str) -> None:
    machine.journal.delete(run)
    Background(machine.journal).ended(run)
    (machine.home / "reports" / f"{run}.html").unlink(missing_ok=True)
    shutil.rmtree(folder_of(machine.home, run), ignore_errors=True)


def _bytes(machine: LocalMachine, run: str) -> int:
    return sum(_length(file) for file in folder_of(machine.home, run).rglob("*"))


def _length(file: Path) -> int:
    return file.lstat().st_size if file.is_file() and not file.is_symlink() else 0


def _size(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < _KILO:
            return f"{size:,.0f} {unit}"
        size /= _KILO
    return f"{size:,.1f} GB"

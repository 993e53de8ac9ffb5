"""Runs: submitting one, executing or resuming it, looking at one or all.

A run belongs to the journal, not to a process: the process that executes it owns it while it lives, and the next
`execute` resumes a run that has lost its owner.
"""

import random
import string
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pipeline.engine import settings
from pipeline.engine.execution.clock import SkippingClock, SystemClock
from pipeline.engine.execution.executor import Executor, Substitute
from pipeline.engine.execution.journal import Journal, Row, owned
from pipeline.engine.execution.local import WithSettings
from pipeline.engine.execution.replacing import Function, Replacements
from pipeline.engine.execution.reuse import Reuse, ReuseMatcher
from pipeline.engine.execution.runner import Patience
from pipeline.engine.execution.runtimes import Runtimes
from pipeline.engine.host import Host
from pipeline.engine.manifest.workflows import Manifests
from pipeline.engine.places import folder_of
from pipeline.engine.planning.run_variables import NoLabel, run_variables
from pipeline.engine.runs.arguments import arguments_of
from pipeline.engine.runs.replay import Replay, workflow_of
from pipeline.engine.scheduler.events import Strategy
from pipeline.engine.scheduler.state import Run
from pipeline.engine.views.viewing import Viewer, from_tree, heading, to_tree
from pipeline.engine.views.views import RunSummary, RunView
from pipeline.errors import UserError

_LETTERS = string.ascii_lowercase + string.digits
_SHOW_SECONDS = 0.1  # a live tree is told of changes at most this often
_FOLLOW_SECONDS = 1.0  # a run that another process executes is checked at least this often, in case that is killed


def submit(
    journal: Journal,
    manifests: Manifests,
    name: str,
    parameters: Mapping[str, str],
    *,
    run_id: str = "",
    scheduled_at: float | None = None,
    reuse: Reuse | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    namespace: str = "",
    where: str = "",
) -> str:
    """A new run of the workflow `name`, with these parameters instead of its own; the run's id.

    `run_id`: its id, if it should not be drawn. `scheduled_at`: the time for which a schedule started it (seconds since
    1970, UTC), the value of `{{workflow.scheduledTime}}`. `reuse`: what it reuses of an earlier run. `labels`,
    `annotations`: beside the workflow's own. `namespace`: instead of its own. `where`: in which of `NAMES` its
    steps run, also when it is resumed; empty: each in the least that it needs.

    Raises:
        UserError: no such workflow or parameter, a value is missing or not in the parameter's enum, or there is a run
            with that id.
    """
    workflow = manifests.named(name)
    arguments = arguments_of(workflow, parameters)
    run_id, uid, created_at = run_id or generated_name(f"{name}-"), str(uuid.uuid4()), time.time()
    try:
        run_variables(run_id, workflow, arguments, uid=uid, created_at=created_at, scheduled_at=scheduled_at)
    except NoLabel as problem:
        raise UserError(f"{name}: {problem}") from None
    journal.add(
        run_id,
        uid=uid,
        workflow=name,
        parameters={each.name: each.value or "" for each in arguments.parameters},
        manifests=manifests.snapshot(name),
        created_at=created_at,
        scheduled_at=scheduled_at,
        earlier=reuse.to_json() if reuse is not None else None,
        metadata={
            "kind": workflow.kind,
            "labels": {**(workflow.labels or {}), **(labels or {})},
            "annotations": {**(workflow.annotations or {}), **(annotations or {})},
            "namespace": namespace or workflow.namespace,
            "in": where,
        },
    )
    settings.keep(manifests.settings.needed_by(workflow), folder_of(journal.path.parent, run_id))
    return run_id


def generated_name(prefix: str) -> str:
    """A name as Kubernetes makes it of a `generateName`: at most 63 characters, the last five drawn."""
    return prefix[:58] + "".join(random.choices(_LETTERS, k=5))  # noqa: S311 - a name, not a secret


def execute(
    journal: Journal,
    run_id: str,
    host: Host,
    home: Path,
    *,
    cores: int,
    on_change: Callable[[RunView], None] | None = None,
    stop: threading.Event | None = None,
    replace: Mapping[str, Function] | None = None,
    patience: Patience = Patience(),  # noqa: B008 - it is frozen
) -> RunView:
    """Execute a run to its end, or resume one; or until `stop` is set, which ends its processes and leaves it
    resumable.

    `home`: its files are in `home/runs/<run id>`. `cores`: how many leaves run at once. `replace`: functions in place
    of templates (see `replacing`); time that would only have to pass is then skipped.

    Raises:
        UserError: no such run, another process executes it, or `replace` names a template that it does not have.
        PipelineError: the journal cannot be written.
    """
    row = journal.row(run_id)
    if row["finished_at"] is not None:
        return from_tree(row)
    home = Path(home).absolute()
    runtimes = Runtimes((row["metadata"] or {}).get("in", ""))
    journal.take(run_id, home)
    try:
        replay, folder = Replay(journal, row), folder_of(home, run_id)
        run, viewer = replay.run, Viewer(replay.run, folder, row["created_at"])
        Executor(
            journal,
            run,
            WithSettings(host, settings.kept(folder)),
            runtimes,
            folder,
            number=replay.number,
            cores=cores,
            stop=stop if stop is not None else threading.Event(),
            changed=_Notifier(journal, run, viewer, on_change).changed,
            clock=SystemClock() if replace is None else SkippingClock(),
            patience=patience,
            substitute=_substitute(row, run, replace),
        ).execute()
        view = viewer.view(interrupted=not run.over)
        if run.over:
            journal.note(run, view.message, to_tree(view))
        if on_change is not None:
            on_change(view)
        return view
    finally:
        journal.leave(run_id)


def _substitute(row: Row, run: Run, functions: Mapping[str, Function] | None) -> Substitute | None:
    if functions is not None:
        return Replacements(functions, run.workflow)
    return ReuseMatcher(Reuse.from_json(row["earlier"]), run) if row["earlier"] is not None else None


class _Notifier:
    """Passes changes on to the journal's list of runs and to a live tree, no faster than anyone can see."""

    def __init__(self, journal: Journal, run: Run, viewer: Viewer, on_change: Callable[[RunView], None] | None) -> None:
        self._journal, self._run, self._viewer, self._on_change = journal, run, viewer, on_change
        self._shown_at = 0.0
        self._phase = ""

    def changed(self) -> None:
        if self._run.phase != self._phase and not self._run.over:
            self._phase = self._run.phase
            self._journal.note(self._run, self._run.message, None)
        if self._on_change is not None and time.monotonic() - self._shown_at >= _SHOW_SECONDS:
            self._shown_at = time.monotonic()
            self._on_change(self._viewer.view())


def view(journal: Journal, run_id: str) -> RunView:
    """A run as it stands.

    Raises:
        UserError: there is no such run.
    """
    row = journal.row(run_id)
    if row["finished_at"] is not None:
        return from_tree(row)
    return _replayed(journal, row)[1]


def state(journal: Journal, run_id: str) -> tuple[Run, RunView, Path]:
    """A run's whole state, replayed; what others see of it; and the folder of its files.

    Raises:
        UserError: there is no such run.
    """
    return _replayed(journal, journal.row(run_id))


def _replayed(journal: Journal, row: Row) -> tuple[Run, RunView, Path]:
    replay = Replay(journal, row)
    run, folder = replay.run, replay.folder
    interrupted = not run.over and not owned(row)
    return run, Viewer(run, folder, row["created_at"]).view(interrupted=interrupted), folder


def commands(journal: Journal, run_id: str) -> list[list[str]]:
    """The commands that a run may still start, as in its manifest; none if it is over.

    Raises:
        UserError: there is no such run.
    """
    row = journal.row(run_id)
    if row["finished_at"] is not None:
        return []
    templates = workflow_of(row).templates.values()
    containers = [part.container for template in templates for _, part in template.containers]
    return [[*container.command, *container.args] for container in containers]


def follow(journal: Journal, run_id: str) -> Iterator[RunView]:
    """A run that another process executes: how it stands, ten times a second, until it is over or no process runs it.

    Raises:
        UserError: there is no such run.
    """
    row = journal.row(run_id)
    if row["finished_at"] is not None:
        yield from_tree(row)
        return
    replay = Replay(journal, row)
    viewer = Viewer(replay.run, replay.folder, row["created_at"])
    seen, checked_at = -1, 0.0
    while True:
        change, now = journal.changed(), time.monotonic()
        if change != seen or now - checked_at >= _FOLLOW_SECONDS:
            seen, checked_at = change, now
            interrupted = not owned(journal.row(run_id))  # asked first: its owner may write before it goes
            replay.catch_up()
            view = viewer.view(interrupted=interrupted and not replay.run.over)
        yield view
        if view.interrupted or replay.run.over:
            return
        time.sleep(_SHOW_SECONDS)


def all_runs(journal: Journal) -> list[RunSummary]:
    """All runs, the newest first."""
    return [
        RunSummary(**heading(row), interrupted=row["finished_at"] is None and not owned(row)) for row in journal.rows()
    ]


def stop(journal: Journal, run_id: str, strategy: Strategy = "Stop") -> str:
    """Ask for a run's end, as `argo stop` does: its processes are ended, it fails, its exit handler runs (not with
    Terminate). If no process is running it, this happens when it is resumed. What was done, in one line.

    Raises:
        UserError: there is no such run, or it is over.
    """
    row = journal.row(run_id)
    if row["finished_at"] is not None:
        raise UserError(f"run {run_id} is over: {row['phase']}")
    journal.request(run_id, strategy)
    if owned(row):
        return f"asked process {row['owner_pid']} to stop run {run_id}"
    return f"no process is running {run_id}; it will be stopped when it is resumed"

"""`make run PROJECT=wine`: drops a file as anyone would, and shows what follows: the trigger, the run that takes the
file, the training, the model that is served.

Nothing here starts a workflow: the watch does, as for every later file.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from pipeline import engine, stale
from pipeline.errors import PipelineError
from pipeline.inbox.listing import newest
from pipeline.inbox.put import key_of, put
from pipeline.laptop.machine import LocalMachine
from pipeline.quickstart import tabular_samples
from pipeline.quickstart.closing import addresses, champion, decided, last_decision, newest_decision, scores, summary
from pipeline.quickstart.typed import Typed
from pipeline.show.tree import live_tree

if TYPE_CHECKING:
    from pipeline.engine.views import RunView
    from pipeline.project import TableProject
    from steps.backends.ledger import Upload

_PATIENCE = 60  # seconds to wait for the trigger
_PAUSE = 0.05


def quickstart(project: "TableProject", data: str, typed: Typed) -> None:
    """Drop `data` (a path, `look-alike`, or empty for the original) and follow what it starts.

    Raises:
        UserError: there is no such file, the original cannot be fetched, or the manifests are stale.
        RunFailed: a workflow did not succeed.
    """
    machine = LocalMachine.here()
    stale.refuse(machine.home, machine.manifests, project.name)
    file = tabular_samples.file(project.name, data, machine.home / "samples", typed)
    click.echo(f"starting the servers and the watch (their logs: {machine.home / 'logs'})")
    for problem in machine.up():
        click.echo(f"note: {problem}", err=True)
    key = key_of(project, file.name)
    known = {run.id for run in machine.runs()}
    before, decision = newest(machine, project.name, key), newest_decision(machine, project.name)
    put(machine, key, file)
    click.echo(f"dropped {file} as s3://inbox/{key}")
    taken = _taken(machine, project.name, key, before, known)
    runs = [taken]
    arrived = summary([taken], "ingest")
    click.echo(arrived["words"])
    if training := arrived["training"] or _unfinished(machine, f"{project.name}-train"):
        runs.append(_follow(machine, training))
    click.echo(_closing(machine, project, key, runs, decision))


def _taken(machine: LocalMachine, project: str, key: str, before: "Upload | None", known: set[str]) -> "RunView":
    """The run that took the file, once it is over; `before`: the last upload under that key before.

    Raises:
        PipelineError: no run did.
    """
    for run in _new_runs(machine, f"{project}-ingest", known):
        view = _follow(machine, run)
        upload = newest(machine, project, key)
        if upload is not None and (before is None or upload.upload != before.upload) and upload.cleared_at is not None:
            return machine.view(upload.run) if upload.run != view.id else view
    raise PipelineError(f"no run took {key} within {_PATIENCE} s; see: {machine.home / 'logs' / 'watch.log'}")


def _unfinished(machine: LocalMachine, workflow: str) -> str | None:
    """The run of that workflow that is not over, such as one that was cut off and is being resumed."""
    return next((run.id for run in machine.runs() if run.workflow == workflow and run.finished_at is None), None)


def _new_runs(machine: LocalMachine, workflow: str, known: set[str]) -> Iterator[str]:
    """The runs of the workflow that appear from now on, each once, for as long as they keep coming."""
    seen, deadline = set(known), time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        new = [run.id for run in machine.runs() if run.workflow == workflow and run.id not in seen]
        for run in reversed(new):
            seen.add(run)
            yield run
            deadline = time.monotonic() + _PATIENCE
        time.sleep(_PAUSE)


def _follow(machine: LocalMachine, run: str) -> "RunView":
    """Show a run that another process executes, or is about to, until it ends.

    Raises:
        RunFailed: it did not succeed, or no process takes it.
    """
    deadline = time.monotonic() + _PATIENCE
    with live_tree() as show:
        while time.monotonic() < deadline:
            for view in engine.follow(machine.journal, run):
                if view.interrupted:
                    break
                show(view)
                deadline = time.monotonic() + _PATIENCE
            if not view.interrupted:
                return machine.succeeded(view)
            time.sleep(_PAUSE)
    return machine.succeeded(view)


def _closing(
    machine: LocalMachine, project: "TableProject", key: str, runs: list["RunView"], before: int | None
) -> str:
    """What is said at the end; `before`: as for `decided`."""
    report = machine.report([run.id for run in runs])
    decision = summary(runs, "decision") if len(runs) > 1 else last_decision(machine, project.name, project.target.unit)
    upload = newest(machine, project.name, key)
    moved = f"{key} → {upload.place}" if upload is not None else key
    lines = [""]
    if decision is not None:
        lines += [scores(decision, "ROWS HELD OUT"), "", decided(decision, before)]
    live = champion(machine, project.name)
    lines += [f"Model {project.name} version {live.version}, alias champion" if live else "No model is live yet"]
    lines += [f"File:    {moved}", *addresses(machine, project.name, report)]
    return "\n".join(lines)

"""How a run ends: what its exit handler is told, and its final phase and message."""

import json

from pipeline.engine.language.variables import go_json, rfc3339
from pipeline.engine.scheduler.entering import enter, pod_name
from pipeline.engine.scheduler.hooks import of_workflow
from pipeline.engine.scheduler.nodes import retire
from pipeline.engine.scheduler.state import Node, Position, Run, Unlock


def main_ended(run: Run, root: Node) -> None:
    """The entrypoint has ended: once the hooks have too, the exit handler begins, or the run is over."""
    run.variables["workflow.status"] = root.phase if root.phase in ("Failed", "Error") else "Succeeded"
    run.variables["workflow.failures"] = json.dumps(go_json(_failures(run) or None, sort=False), ensure_ascii=False)
    of_workflow.begin(run)
    _go_on(run, root)


def hook_ended(run: Run) -> None:
    """A hook of the workflow has ended: if the entrypoint had before, what waited for it goes on."""
    if run.root is not None and run.variables["workflow.status"] != "Running":
        of_workflow.begin(run)
        _go_on(run, run.root)


def _go_on(run: Run, root: Node) -> None:
    if not of_workflow.ended(run) or run.exit is not None:
        return
    if run.workflow.on_exit and run.strategy != "Terminate" and root.type != "Skipped":
        run.exit = enter(run, f"{run.id}.onExit", run.workflow.on_exit, run.arguments, Position(exiting=True))
    else:
        conclude(run)


def _failures(run: Run) -> list[dict[str, str]]:
    return [
        {
            "displayName": node.display_name,
            "message": node.message,
            "templateName": node.template,
            "phase": node.phase,
            "podName": pod_name(run, node.name, node.template),
            "finishedAt": rfc3339(node.finished_at or run.now),
        }
        for node in run.nodes.values()
        if node.phase in ("Failed", "Error")
    ]


def give_up(run: Run) -> None:
    """End a run that was stopped before it could begin."""
    run.phase, run.message = "Failed", f"Stopped with strategy '{run.strategy}'"
    _leave(run)


def _leave(run: Run) -> None:
    run.finished_at = run.now
    if run.gate is not None:
        run.locking.pop(run.gate.name, None)
        run.commands.append(Unlock(run.gate))


def conclude(run: Run) -> None:
    """The run is over: its phase is the entrypoint's, or that of an exit handler that failed."""
    root, last = run.root, run.exit
    if root is None:
        return
    retire(run, None)
    _leave(run)
    if root.phase in ("Failed", "Error"):
        run.phase = root.phase
        run.message = f"Stopped with strategy '{run.strategy}'" if run.strategy is not None else root.message
        if (
            root.type not in ("Pod", "HTTP", "Retry")
            and root.phase == "Error"
            and root.message
            and run.strategy is None
        ):
            run.message = f"error in entry template execution: {root.message}"
    elif last is not None and last.phase in ("Failed", "Error"):
        run.phase, run.message = last.phase, last.message
    else:
        run.phase = "Succeeded"

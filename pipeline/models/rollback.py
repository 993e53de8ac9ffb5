"""The way back, as a person types it: runs the workflow, and says what is live then."""

from pipeline.errors import RunFailed
from pipeline.laptop.given import one_line_given
from pipeline.laptop.machine import LocalMachine, user
from pipeline.models.decisions import decisions_of


def roll_back(machine: LocalMachine, project: str, *, to: int | None, why: str) -> str:
    """Put back a model that was live before (None: the previous one); a line that says what is live now, and what was.

    Raises:
        UserError: the reason holds what Argo would expand, or is too long.
        RunFailed: nothing is live, the rollback did not succeed, or a later decision overtook it.
    """
    given = parameters(to, why)
    before = decisions_of(machine, project).live
    if before is None:
        raise RunFailed(
            f"no model of {project} is live, so there is nothing to roll back from; see: pipeline models {project}"
        )
    run = machine.submit(f"{project}-rollback", given)
    machine.succeed(run)
    live = decisions_of(machine, project).live
    if live is None or live.run != run:
        now = f"decision {live.decision}, version {live.version}, is live" if live else "nothing is live"
        raise RunFailed(f"{run} was overtaken by a later decision: {now}; see: pipeline models {project}")
    now = f"{project} version {live.version} is live at {live.url} (decision {live.decision})"
    return f"{now}; it was version {before.version} (decision {before.decision})"


def parameters(to: int | None, why: str) -> dict[str, str]:
    """What `<project>-rollback` is started with.

    Raises:
        UserError: the reason holds what Argo would expand, or is too long.
    """
    return {"by": one_line_given("--by", user() or "by hand"), "why": one_line_given("--why", why), "to": str(to or "")}

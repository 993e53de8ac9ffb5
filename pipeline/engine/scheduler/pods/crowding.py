"""Daemons that leave no room: where `parallelism` is not more than those that run on, nothing else can ever begin.
The controller waits for ever and says nothing; here what waits ends with an Error that says why."""

from pipeline.engine.scheduler.dag_ends import end_early
from pipeline.engine.scheduler.entering import has_room
from pipeline.engine.scheduler.state import Node, Run


def end(run: Run) -> bool:
    """End the innermost dag or steps that waits for room which only daemons have; whether there is one."""
    elsewhere = (run.live, run.retired, run.suspended, run.recalling, run.retrying)
    if not run.daemons or run.reviving or any(elsewhere):
        return False
    if has_room(run, None) and any(node.lock == "waiting" for node in run.locking.values()):
        return False  # what gets its mutex may run, and make room
    waiting = [whole for _, about in run.held_back if (whole := about.boundary) is not None and whole.frame is not None]
    if not waiting:
        return False
    whole = max(waiting, key=_depth)
    run.held_back = [each for each in run.held_back if each[1].boundary is not whole]  # those within it have ended
    names = ", ".join(sorted(node.display_name for node in run.daemons.values()))
    if whole.frame is not None:
        message = f"parallelism leaves no room beside the daemon {names}; a cluster would wait forever"
        end_early(run, whole, whole.frame, "Error", message)
    return True


def _depth(whole: Node) -> int:
    return whole.frame.depth if whole.frame is not None else 0

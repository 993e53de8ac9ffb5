"""What a CronWorkflow does now: the controller's decisions, without its clock and without its objects.

A schedule rings. Then, in this order: has the stopStrategy ended it, is it suspended, does `when` hold, does the
concurrency policy let it start. What was skipped or missed since the last start is made up only where
`startingDeadlineSeconds` allows: the latest time alone, only when there is a reason to look again (the watch began, a
run ended, the manifest was changed, twenty minutes have passed), and not after a change of the schedules.

On a laptop one thing differs: it sleeps. A schedule that rings more than a minute late counts as missed.
https://argo-workflows.readthedocs.io/en/latest/cron-workflows/
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pipeline.engine.schedule.cron import Cron, Status
from pipeline.engine.schedule.cron_conditions import BadCondition, runs, stops

LATE_SECONDS: Final = 60  # how late a schedule may ring without having been missed
LOOK_AGAIN_SECONDS: Final = 20 * 60


@dataclass(frozen=True)
class Alarms:
    """When each schedule rings next (None: never), and until when they have been looked at."""

    rings: tuple[int | None, ...]
    seen: float

    @property
    def next(self) -> int | None:
        """When the first of them rings."""
        return min((at for at in self.rings if at is not None), default=None)


@dataclass(frozen=True)
class Decision:
    """What to do: terminate the runs `stop`, then start one for the time `start`; or why none is started for the time
    `skipped`. `status` and `alarms` are as they are then; a start is not yet in the status."""

    status: Status
    alarms: Alarms
    start: int | None = None
    stop: tuple[str, ...] = ()
    skipped: int | None = None
    reason: str = ""


def armed(cron: Cron, now: float) -> Alarms:
    """The alarms of a schedule that begins to be watched."""
    return Alarms(tuple(each.next(now) for each in cron.times), now)


def decide(
    cron: Cron, status: Status, alarms: Alarms, now: float, *, again: bool, taken: Callable[[int], bool]
) -> Decision:
    """What to do at `now`. `again`: there is a reason to look for what was missed. `taken`: whether a run has been
    started for a time."""
    if status.stopped:
        return Decision(status, Alarms(tuple(None for _ in cron.times), now))
    at, alarms = _rung(cron, alarms, now)
    if at is not None and now - at >= max(LATE_SECONDS, cron.deadline_seconds or 0):
        late = "longer ago than its startingDeadlineSeconds" if cron.deadline_seconds else "no startingDeadlineSeconds"
        return Decision(status, alarms, skipped=at, reason=f"it was missed ({late})")
    if at is None and again:
        at = _missed(cron, status, now)
    if at is None or taken(at):
        return Decision(status, alarms)
    status, reason = _enforced(cron, replace(status, timetable=cron.timetable), now)
    if reason:
        return Decision(status, alarms, skipped=at, reason=reason)
    stop = status.active if cron.concurrency == "Replace" else ()
    return Decision(status, armed(cron, now), start=at, stop=stop)


def _rung(cron: Cron, alarms: Alarms, now: float) -> tuple[int | None, Alarms]:
    """The time that has come, the latest of several, and when the schedules ring next."""
    rings = list(alarms.rings)
    rung = []
    for number, schedule in enumerate(cron.times):
        at = rings[number]
        if now < alarms.seen:  # the clock was set back
            rings[number] = min(filter(None, (at, schedule.next(now))), default=None)
        elif at is not None and at <= now:
            late = now - at >= LATE_SECONDS
            rung.append((schedule.latest(at, math.floor(now) + 1) or at) if late else at)
            rings[number] = schedule.next(now)
    return max(rung, default=None), Alarms(tuple(rings), now)


def _missed(cron: Cron, status: Status, now: float) -> int | None:
    """The time that can still be made up: of the first schedule that has one."""
    if status.last_scheduled is None or status.timetable != cron.timetable:
        return None
    for schedule in cron.times:
        found = schedule.latest(status.last_scheduled, now)
        if found is not None and now < found + (cron.deadline_seconds or 0):
            return found
    return None


def _enforced(cron: Cron, status: Status, now: float) -> tuple[Status, str]:
    """The status, and why nothing is started; empty where something is."""
    try:
        status = replace(status, stopped=stops(cron, status, now))
    except BadCondition as problem:
        return status, f"its stopStrategy cannot be evaluated: {problem}"
    if cron.suspended or status.stopped:
        return status, "it is suspended" if cron.suspended else "its stopStrategy has ended the schedule"
    try:
        if not runs(cron, status, now):
            return status, "when is false"
    except BadCondition as problem:
        return replace(status, failed=status.failed + 1), f"when cannot be evaluated: {problem}"
    if cron.concurrency == "Forbid" and status.active:
        return status, f"concurrencyPolicy is Forbid, and {status.active[0]} is still running"
    return status, ""


def started(status: Status, run: str, at: int) -> Status:
    """The status with a run that was started for the time `at`."""
    return replace(status, last_scheduled=at, active=(*status.active, run))


def ended(cron: Cron, status: Status, run: str, phase: str, now: float) -> Status:
    """The status when a run has ended: it counts, and may end the schedule."""
    status = replace(
        status,
        active=tuple(each for each in status.active if each != run),
        failed=status.failed + (phase in ("Failed", "Error")),
        succeeded=status.succeeded + (phase == "Succeeded"),
    )
    try:
        return replace(status, stopped=status.stopped or stops(cron, status, now))
    except BadCondition:
        return status  # said when it next rings


def surplus(cron: Cron, ended_runs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The runs that its history limits do not keep. `ended_runs`: each with its phase, what ended last first."""
    good = [run for run, phase in ended_runs if phase == "Succeeded"]
    bad = [run for run, phase in ended_runs if phase != "Succeeded"]
    return (*good[cron.keep_succeeded :], *bad[cron.keep_failed :])

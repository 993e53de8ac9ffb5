"""The CronWorkflows of a folder as a table: when each is due, and how its last run went."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from pipeline.engine.schedule import Cron
from pipeline.errors import UserError
from pipeline.laptop.cron_log import CronLog
from pipeline.show.tables import table
from pipeline.watch.manifests import CronWorkflows, Scheduled
from pipeline.watch.messages import zone_at

_AHEAD = 3  # times shown
_HEADER = ("NAME", "SCHEDULE", "ZONE", "NEXT", "UTC", "LAST RUN", "PHASE", "STATE")


def crons_table(workflows: CronWorkflows, cron_log: CronLog | None, now: float) -> tuple[str, list[str]]:
    """A row for each CronWorkflow, and one for each further time; below it, what their projects were set up with, and
    why some are not started. And what is broken, a line each.

    Raises:
        UserError: there is no CronWorkflow.
    """
    problems = workflows.reload()
    if not workflows.known:
        raise UserError(problems[0] if problems else f"there is no CronWorkflow in {workflows.place}")
    known = workflows.known.values()
    rows = [row for each in known for row in _rows(each, cron_log, now)]
    set_up = {each.project: workflows.set_up[each.project] for each in known if each.parameters}
    below = [
        *(f"{project}: {setup.words()}" for project, setup in set_up.items()),
        *dict.fromkeys(each.held for each in known),
    ]
    return "\n".join([table(_HEADER, rows), *filter(None, below)]), problems


def _rows(scheduled: Scheduled, cron_log: CronLog | None, now: float) -> Iterator[tuple[str, ...]]:
    cron = scheduled.cron
    run, phase = (cron_log.last(cron.name) if cron_log is not None else None) or ("-", "-")
    stopped = cron_log is not None and cron_log.status(cron).stopped
    state = "stopped" if stopped else "suspended" if cron.suspended else "not started" if scheduled.held else "active"
    firsts = (cron.name, ", ".join(cron.schedules), _zone(cron.times[0].zone, now)), (run, phase, state)
    times = ([] if scheduled.held else _ahead(cron, now)) or [None]
    for number, at in enumerate(times):
        before, after = firsts if number == 0 else (("", "", ""), ("", "", ""))
        yield (*before, *(_shown(cron, at) if at is not None else ("never", "")), *after)


def _ahead(cron: Cron, now: float) -> list[int | None]:
    """The next times of all its schedules taken together."""
    found: list[int | None] = []
    at = now
    while len(found) < _AHEAD:
        following = [time for each in cron.times if (time := each.next(at)) is not None]
        if not following:
            break
        at = min(following)
        found.append(int(at))
    return found


def _shown(cron: Cron, at: int) -> tuple[str, str]:
    there = datetime.fromtimestamp(at, zone_at(cron, at)).astimezone(zone_at(cron, at))
    return f"{there:%a %Y-%m-%d %H:%M:%S %Z}", f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%SZ}"


def _zone(zone: tzinfo | None, now: float) -> str:
    """A zone by its name in the manifest; this machine's by its current abbreviation."""
    return str(zone) if zone is not None else f"local ({datetime.fromtimestamp(now).astimezone():%Z})"

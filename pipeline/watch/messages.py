"""What the watch says: one line each, the local time first. A schedule's time is shown in the schedule's zone, and in
the local zone if that differs. Names and messages are other people's text and cannot break a line."""

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo

from pipeline.engine.execution import Standing
from pipeline.engine.schedule import Cron
from steps.pages.words import duration, one_line


class Log:
    """Writes a line for each text it is called with. `now`: the time by the watch's clock, seconds since 1970."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self.now = 0.0

    def __call__(self, text: str) -> None:
        self._write(f"{datetime.fromtimestamp(self.now):%Y-%m-%d %H:%M:%S}  {one_line(text)}")


def zone_at(cron: Cron, at: int) -> tzinfo | None:
    """The zone of the schedule that is due then, or else of the first one."""
    return next((each.zone for each in cron.times if each.next(at - 1) == at), cron.times[0].zone)


def moment(cron: Cron, at: int) -> str:
    """When it is due: `Sun 2026-03-29 03:30:00 CEST (01:30:00 here)`."""
    there = datetime.fromtimestamp(at, zone_at(cron, at)).astimezone(zone_at(cron, at))
    here = datetime.fromtimestamp(at).astimezone()
    text = f"{there:%a %Y-%m-%d %H:%M:%S %Z}"
    if there.utcoffset() == here.utcoffset():
        return text
    return f"{text} ({here:%H:%M:%S} here)" if there.date() == here.date() else f"{text} ({here:%a %H:%M:%S} here)"


def coming(cron: Cron, at: int | None) -> str:
    """When it is due next."""
    return f"next {moment(cron, at)}" if at is not None else "never due again"


def ended(run: Standing) -> str:
    """How a run ended."""
    took = None if run.started_at is None or run.finished_at is None else run.finished_at - run.started_at
    after = f" after {duration(took)}" if took is not None else ""
    if run.phase == "Succeeded":
        return f"{run.run} succeeded{after}"
    return f"{run.run} {run.phase.lower()}{after}{_because(run.message)}; see: pipeline logs {run.run}"


def _because(message: str) -> str:
    return f": {message}" if message else ""


def resuming(run: str) -> str:
    """A run that no process was executing goes on."""
    return f"resuming {run}, since no process was running it"


def given_up(run: str) -> str:
    """A run is left alone after several tries."""
    return f"{run} was interrupted again and again; resume it with: pipeline run --resume {run}"


def still_running_message(runs: Iterable[str]) -> str:
    """The watch has ended; what goes on without it."""
    names = ", ".join(runs)
    return f"stopped watching; still running: {names}" if names else "stopped watching"

"""How the watch says things: one line each, the local time first; a schedule's time in the schedule's zone, and here
where that shows another one. Names and messages are other people's text and cannot break a line."""

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo

from pipeline.engine.schedule.cron import Cron
from steps.pages.words import duration, one_line

Say = Callable[[str], None]


def stamped(now: float, text: str) -> str:
    """A line of the log."""
    return f"{datetime.fromtimestamp(now):%Y-%m-%d %H:%M:%S}  {one_line(text)}"


def zone_at(cron: Cron, at: int) -> tzinfo | None:
    """The zone of the schedule that is due then; of its first one where none is."""
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


def end(run: str, phase: str, seconds: float | None, message: str) -> str:
    """How a run ended."""
    after = f" after {duration(seconds)}" if seconds is not None else ""
    if phase == "Succeeded":
        return f"{run} succeeded{after}"
    said = f": {message}" if message else ""
    return f"{run} {phase.lower()}{after}{said}; see: pipeline logs {run}"


def still(runs: Iterable[str]) -> str:
    """What goes on without the watch."""
    names = ", ".join(runs)
    return f"stopped watching; {names} {'go' if ', ' in names else 'goes'} on" if names else "stopped watching"

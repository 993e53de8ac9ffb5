"""Watching the live model by hand, as a person types it: runs the workflow, and says what it found."""

from pipeline.laptop.machine import LocalMachine
from pipeline.report.story import Story
from pipeline.show.tables import table
from steps.pages.words import one_line, shortened
from steps.summaries.monitoring import Monitoring

_WIDEST = 100


def monitored(machine: LocalMachine, project: str, parameters: dict[str, str]) -> str:
    """What `<project>-monitor` finds: a sentence, and a table of the alarms.

    Raises:
        RunFailed: it did not succeed.
    """
    ended = machine.succeed(machine.submit(f"{project}-monitor", parameters, parameters))
    found = Story([ended], ended.finished_at or ended.created_at).latest(Monitoring)
    rows = [(f"{one.day:%F}", one.label, one.cause, _said(one.words), _said(one.outcome or "")) for one in found.alarms]
    alarms = table(("DAY", "WHAT", "CAUSE", "SEEN", "WHAT CAME OF IT"), rows) if rows else ""
    return "\n\n".join(filter(None, (found.words, alarms)))


def _said(words: str) -> str:
    return shortened(one_line(words), _WIDEST) if words else "-"

"""How the live models do, as the last look at each left it."""

from collections.abc import Sequence

from pipeline.laptop.machine import LocalMachine
from pipeline.show.tables import table
from steps.backends.database import read
from steps.backends.warehouse import watches
from steps.backends.warehouse.watches import State
from steps.pages.words import count, one_line, shortened

HEADER = ("WATCHED", "SEEN", "EVIDENCE", "LAST ALARM", "WHAT CAME OF IT", "UP TO")
_WIDEST = 80


def watched(machine: LocalMachine) -> list[State]:
    """The state of each watch, by project; starts nothing."""
    if not machine.has_decisions():
        return []
    return read(watches.states)


def watched_table(found: Sequence[State]) -> str:
    """One line for each."""
    return table(HEADER, [row(each) for each in found])


def row(each: State) -> tuple[str, ...]:
    """What was seen of one, how far the evidence of a change is (100 %: an alarm), the last alarm."""
    return (
        f"{each.watch.project} version {each.watch.version}",
        count(each.watch.watched, each.watch.each),
        f"{each.watch.evidence:.0%}",
        f"{each.alarmed:%F} ({each.cause})" if each.alarmed else "none",
        shortened(one_line(each.outcome), _WIDEST) if each.outcome else "-",
        f"{each.watch.as_of:%F %H:%M} UTC",
    )


def watched_line(found: Sequence[State], project: str) -> str | None:
    """The same of one project, as a sentence; None if nobody has looked."""
    own = next((each for each in found if each.watch.project == project), None)
    if own is None:
        return None
    name, seen, evidence, alarm, outcome, until = row(own)
    said = f"last alarm {alarm}: {outcome}" if own.alarmed else "no alarm yet"
    return f"watched: {name}, {seen} up to {until}, evidence of a change {evidence}; {said}"

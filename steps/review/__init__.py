"""A person's word about a dropped file: let it out of quarantine, or take what it brought back out of the history.

It is only noted here; the ingest that follows does it. A step that is repeated after a kill finds it noted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import click
import sqlalchemy as sa

from steps.backends import ledger
from steps.backends.database import transact
from steps.backends.ledger import Upload
from steps.contract import declaration as declared
from steps.contract.command import declaration_option, log, one_line_of
from steps.errors import BadInput
from steps.pages.words import one_line


@dataclass(frozen=True)
class _Action:
    """`note`: as in the ledger; `noted`: the state that it gives; `wanted`: what a file must be."""

    note: Callable[..., Upload | None]
    noted: str
    wanted: str
    done: str


_ACTIONS: Final = {
    "release": _Action(ledger.release, "released", "in quarantine", "released"),
    "retract": _Action(ledger.ask_back, "retracting", "accepted", "retracted"),
}


@click.command()
@declaration_option
@click.option("--action", required=True, help="release: out of quarantine; retract: out of the history.")
@click.option("--key", required=True, help="The file's key in the inbox, the place where it lies now, or its id.")
@click.option("--by", default="", help="Who says so; kept with the file.")
@click.option("--why", required=True, help="Why, in a few words; likewise.")
def command(*, declaration: str, action: str, key: str, by: str, why: str) -> None:
    """Note what a person wants done with a dropped file.

    Example: python -m steps.review --declaration "$D" --action release --key wine/new/a.csv --why "checked by hand"
    """
    project = declared.parse_table(declaration).name
    reason, person = one_line_of("--why", why), one_line_of("--by", by) or "unknown"
    if action not in _ACTIONS:
        raise BadInput(f"--action is {action[:40]!r}; wanted {' or '.join(_ACTIONS)}")
    if not key.strip():
        raise BadInput("--key is empty; wanted a file's key, such as wine/new/file.csv")
    if not reason:
        raise BadInput(f"--why is empty; say in a few words why to {action} the file")
    wish = _ACTIONS[action]

    def note(connection: sa.Connection) -> str:
        if found := wish.note(connection, project, key, who=person, why=reason):
            return found.key
        known = ledger.named(connection, project, key)
        if not known:
            raise BadInput(f"{one_line(key)} was never dropped; wanted a file that is {wish.wanted}")
        if known[0].state != wish.noted:
            raise BadInput(f"{one_line(key)} is {known[0].state}, not {wish.wanted}, so there is nothing to {action}")
        return key

    log.info("%s is to be %s, says %s: %s", one_line(transact(note)), wish.done, person, reason)

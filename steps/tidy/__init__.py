"""Tidy a project's store: show, or remove, what nothing live, restorable or under way needs.

The rule is `steps.backends.retention`, which `pipeline gc` follows too. A step that is killed and repeated goes on with
what is left; a second one finds nothing.
"""

from datetime import UTC, datetime, timedelta

import click

from steps.backends import retention
from steps.contract import declaration as declared
from steps.contract.command import declaration_option, log
from steps.errors import BadInput
from steps.pages.words import count

_ANSWERS = {"yes": True, "no": False}


@click.command()
@declaration_option
@click.option("--days", required=True, help="Nothing goes that was written in the last so many days; at least 1.")
@click.option("--remove", required=True, help="yes: it is removed; no: it is only shown.")
def command(*, declaration: str, days: str, remove: str) -> None:
    """Show, or remove, what may go: superseded files, features, datasets; trials; models that never served.

    Example: python -m steps.tidy --declaration "$D" --days 30 --remove no
    """
    project = declared.parse_any(declaration).name
    since, removing = _days(days), _answer(remove)
    found = retention.found([project], datetime.now(UTC) - timedelta(days=since))
    for kind in found:
        if removing:
            for one in kind.sets:
                retention.remove(one)
        size = sum(one.size for one in kind.sets) / 1e6
        click.echo(f"{kind.what}: {len(kind.sets):,}, {size:,.1f} MB; {kind.why}")
    older = f"older than {count(since, 'day')}"
    if not found:
        log.info("nothing of %s may go that is %s", project, older)
    else:
        log.info("%s, of what is %s", "removed" if removing else "only shown: give remove=yes", older)


def _days(given: str) -> int:
    if not (given.isascii() and given.isdigit() and int(given[:9]) > 0 and len(given) < 6):
        raise BadInput(f"--days is {given[:40]!r}; wanted a number of days from 1 to 99999, such as 30")
    return int(given)


def _answer(given: str) -> bool:
    if given not in _ANSWERS:
        raise BadInput(f"--remove is {given[:40]!r}; wanted yes or no")
    return _ANSWERS[given]

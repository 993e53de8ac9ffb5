"""The way back: a new decision for the version that was live before the present one, or for any earlier one.

It then takes the path of every decision (admit, deploy, verify), so an older one that arrives late cannot undo it.
Rolling back twice returns to where you were, like `cd -`: it is the way out of a bad step, not a walk through history.
A trial that is under way ends: the challenger was compared with what is taken back.
"""

from pathlib import Path

import click

from steps.backends import challengers, promotions
from steps.backends.database import begin
from steps.contract import declaration as declared
from steps.contract.command import declaration_option, log, one_line_of, run, write_text
from steps.errors import BadInput


@click.command()
@declaration_option
@click.option("--run", "name", default="", help="The workflow's name; kept with the decision.")
@click.option("--by", default="", help="Who wants it; likewise.")
@click.option("--why", default="", help="Why, in a few words; likewise.")
@click.option("--to", default="", help="The version to go back to. Default: the one that was live before.")
@click.option("--decision-out", type=click.Path(path_type=Path), required=True, help="The new decision's number.")
def command(*, declaration: str, name: str, by: str, why: str, to: str, decision_out: Path) -> None:
    """Decide to go back to a version that was live before."""
    project = declared.parse_any(declaration).name
    version, reason, person = _version(to), one_line_of("--why", why), one_line_of("--by", by)
    with begin() as connection:
        decision = promotions.roll_back(
            connection, project, to=version, why=reason, run=name or None, by=person or None
        )
        challengers.withdraw(connection, project, f"what it was compared with was rolled back by {decision.decision}")
    write_text(decision_out, str(decision.decision))
    log.info("decision %d of %s: %s", decision.decision, project, decision.words)


def _version(to: str) -> int | None:
    if to and not (to.isascii() and to.isdigit() and len(to) < 10):
        raise BadInput(f"--to is {to[:40]!r}; wanted a version's number, such as 2, or nothing for the one before")
    return int(to) if to else None


if __name__ == "__main__":
    run(command)

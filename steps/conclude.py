"""The end of a trial, or of a new champion, as the monitor judged it: a decision is made, and its release follows.

*take-over*: the challenger becomes the champion. *withdraw*: the champion is released again, without it. *roll-back*:
the model that was live before comes back. Each is about one decision, which is on trial or live; where it is so no
longer (a person rolled back, a newer challenger came, another run was first), nothing is done. Repeated by the same
run, it gives the same decision.
"""

from pathlib import Path
from typing import Literal

import click
import sqlalchemy as sa

from steps.backends import challengers, promotions
from steps.backends.database import begin
from steps.contract import declaration as declared
from steps.contract.command import declaration_option, log, run, write_text

Verdict = Literal["take-over", "withdraw", "roll-back"]


@click.command()
@declaration_option
@click.option("--run", "name", required=True, help="The workflow's name; kept with the decision.")
@click.option("--by", default="", help="What or who started the workflow; likewise.")
@click.option("--decision", type=int, required=True, help="What is on trial (0: whatever is), or for roll-back live.")
@click.option("--verdict", type=click.Choice(["take-over", "withdraw", "roll-back"]), required=True, help="Its end.")
@click.option("--why", default="", help="Why, in a sentence.")
@click.option("--needed-out", type=click.Path(path_type=Path), required=True, help="true or false.")
@click.option("--decision-out", type=click.Path(path_type=Path), required=True, help="What to release; 0 if nothing.")
def command(
    *,
    declaration: str,
    name: str,
    by: str,
    decision: int,
    verdict: Verdict,
    why: str,
    needed_out: Path,
    decision_out: Path,
) -> None:
    """Make the decision that ends a trial, or that takes a new champion back."""
    project = declared.parse_any(declaration).name
    with begin() as connection:
        made = _Ending(connection, project, name, by, why).of(verdict, decision)
    write_text(decision_out, str(made or 0))
    write_text(needed_out, "true" if made else "false")
    if made:
        log.info("%s of decision %d of %s: decision %d is to be released", verdict, decision, project, made)
    else:
        log.info("decision %d of %s is not what it was when this was wanted; nothing is done", decision, project)


class _Ending:
    """One run's way to its decision, in one transaction."""

    def __init__(self, connection: sa.Connection, project: str, name: str, by: str, why: str) -> None:
        self._connection, self._project, self._name, self._by, self._why = connection, project, name, by, why

    def of(self, verdict: Verdict, decision: int) -> int | None:
        """The decision to release, if any."""
        if before := promotions.of_run(self._connection, self._project, self._name):
            return before.decision
        if verdict == "roll-back":
            return self._roll_back(decision)
        standing = None if decision else challengers.on_trial(self._connection, self._project)
        trial = standing or challengers.get(self._connection, self._project, decision)
        live = promotions.champion(self._connection, self._project)
        if trial is None or live is None:
            return None
        if trial.ended_at is not None:  # by this run, which is repeated: the server may still have the challenger
            return live.decision if trial.run == self._name and trial.outcome == "withdrawn" else None
        if verdict == "withdraw":
            challengers.end(self._connection, trial, "withdrawn", self._why, self._name)
            return live.decision
        taking = promotions.take_over(self._connection, trial.model, why=self._why, run=self._name, by=self._by)
        challengers.end(self._connection, trial, "taken over", f"as decision {taking.decision}", self._name)
        return taking.decision

    def _roll_back(self, decision: int) -> int | None:
        live = promotions.champion(self._connection, self._project)
        if live is None or live.decision != decision:
            return None
        back = promotions.roll_back(self._connection, self._project, why=self._why, run=self._name, by=self._by)
        words = f"what it was compared with was rolled back by {back.decision}"
        challengers.withdraw(self._connection, self._project, words)
        return back.decision


if __name__ == "__main__":
    run(command)

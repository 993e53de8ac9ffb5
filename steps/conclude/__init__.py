"""The end of a trial, or of a new champion, as the monitor judged it: a decision is made, and its release follows.

*take-over*: the challenger becomes the champion. *withdraw*: the champion is released again, without it. *roll-back*:
the model that was live before comes back. *widen*: the trial goes on, and the canary answers a larger share. Each is
about one decision, which is on trial or live; where it is so no longer (a person rolled back, a newer challenger came,
another run was first), nothing is done. Repeated by the same run, it gives the same decision.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import click
import sqlalchemy as sa

from steps.backends import promotions
from steps.backends.database import begin
from steps.conclude.endings import Ending
from steps.contract import declaration as declared
from steps.contract.command import declaration_option, log, write_text

Verdict = Literal["take-over", "withdraw", "roll-back", "widen"]


@click.command()
@declaration_option
@click.option("--run", "name", required=True, help="The workflow's name; kept with the decision.")
@click.option("--by", default="", help="What or who started the workflow; likewise.")
@click.option("--decision", type=int, required=True, help="What is on trial (0: whatever is), or for roll-back live.")
@click.option("--verdict", type=click.Choice(get_args(Verdict)), required=True, help="Its end.")
@click.option("--share", type=click.FloatRange(0, 1), default=0.0, help="Of the requests, for a canary to answer.")
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
    share: float,
    why: str,
    needed_out: Path,
    decision_out: Path,
) -> None:
    """Make the decision that ends a trial, or that takes a new champion back."""
    project = declared.parse_any(declaration).name
    ending = Ending(project, name, by, why)
    ends: dict[Verdict, Callable[[sa.Connection, int], int | None]] = {
        "take-over": ending.take_over,
        "withdraw": ending.withdraw,
        "roll-back": ending.roll_back,
        "widen": partial(ending.widen, share=share),
    }
    with begin() as connection:
        before = promotions.of_run(connection, project, name)
        made = before.decision if before else ends[verdict](connection, decision)
    write_text(decision_out, str(made or 0))
    write_text(needed_out, "true" if made else "false")
    if made:
        log.info("%s of decision %d of %s: decision %d is to be released", verdict, decision, project, made)
    else:
        log.info("decision %d of %s is not what it was when this was wanted; nothing is done", decision, project)

"""Watch the live model: its days are judged, alarms are told apart and written down, and the world's start a training.

Everything follows from the warehouse, so the step may be killed and repeated, and outcomes may come late or be patched:
the same days give the same alarms, and an alarm that is written down is not raised again. The training that an alarm
starts is a workflow of its own, whose name is its identity: applied twice, it is there once.

A challenger on trial, and a new champion beside the model before, are judged by the same days. What that comes to is
started likewise, one thing at a time.
"""

from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from steps.backends import objects
from steps.contract import declaration as declared
from steps.contract import selection
from steps.contract.command import declaration_option, input_file, log, run, write_json, write_text
from steps.contract.declaration import Declaration
from steps.contract.manifests import filled
from steps.errors import BadInput
from steps.learning import decisions
from steps.monitoring import beside, scores, telling
from steps.monitoring.beside import Ending
from steps.monitoring.live import Watch, replayed
from steps.pages.monitoring import page
from steps.release import requests
from steps.summaries.decision import Usual
from steps.summaries.monitoring import Monitoring


@click.command()
@declaration_option
@click.option("--locations", default="", help="Ids, separated by commas; empty: the declared ones.")
@click.option("--parameter", default="", help="What is predicted; empty: the declared target.")
@click.option("--as-of", default="", help="The logical time (RFC 3339); empty: --created.")
@click.option("--created", required=True, help="When the workflow was created (RFC 3339).")
@click.option("--replay", default="", help="FROM/TO, two days: when it would have alarmed; nothing is written down.")
@click.option("--training", "template", type=input_file, required=True, help="The Workflow, but for each <…>.")
@click.option("--conclusion", type=input_file, help="The Workflow that ends a trial, likewise.")
@click.option("--train-out", type=click.Path(path_type=Path), required=True, help="true or false.")
@click.option(
    "--manifest-out", type=click.Path(path_type=Path), required=True, help="The training to start; {} if none."
)
@click.option("--summary-out", type=click.Path(path_type=Path), required=True, help="What was found, as JSON.")
@click.option("--page-out", type=click.Path(path_type=Path), required=True, help="What was found, as a page.")
@click.option("--conclude-out", type=click.Path(path_type=Path), help="true or false; where there is a --conclusion.")
@click.option("--ending-out", type=click.Path(path_type=Path), help="The Workflow to start; {} if none.")
def command(
    *,
    declaration: str,
    locations: str,
    parameter: str,
    as_of: str,
    created: str,
    replay: str,
    template: Path,
    conclusion: Path | None,
    train_out: Path,
    manifest_out: Path,
    summary_out: Path,
    page_out: Path,
    conclude_out: Path | None,
    ending_out: Path | None,
) -> None:
    """Judge the live model's days up to as-of."""
    project = declared.parse(declaration)
    chosen, target = selection.locations(locations, project), selection.parameter(parameter, project)
    now = selection.as_of(as_of, created)
    training, ending = None, None
    if replay.strip():
        summary = replayed(project, target, chosen, *_span(replay), usual=partial(_usual, project.name))
    elif watch := Watch.of(project, target, chosen, now, usual=partial(_usual, project.name)):
        training = watch.raised()
        watch.note()
        standing = beside.standing(project, target, chosen, now)
        beside.write_down(project.name, standing)
        summary, ending = telling.with_others(watch.summary(), standing), beside.ending(standing)
    else:
        summary = _nothing(project, target, now)
    values = {"name": training or "", "asof": now.isoformat(), "parameter": target}
    values |= {"locations": ",".join(map(str, chosen)), "by": f"drift ({training})"}
    if not replay.strip():
        summary = requests.told(project.name, summary, beside=False)
    write_json(summary_out, summary.to_json())
    write_text(page_out, page(project.name, summary))
    write_json(manifest_out, filled("--training", template, values) if training else {})
    write_text(train_out, "true" if training else "false")
    if conclusion and conclude_out and ending_out:
        write_text(conclude_out, "true" if ending else "false")
        write_json(ending_out, _ending(project.name, conclusion, ending, now) if ending else {})
    log.info("%s", summary.words)


def _ending(project: str, template: Path, ending: Ending, now: datetime) -> dict[str, Any]:
    values = {"name": ending.name(project, now), "by": "monitor", "decision": str(ending.decision)}
    return filled("--conclusion", template, values | {"verdict": ending.verdict, "why": ending.why})


def _usual(project: str, decision: int) -> Usual:
    """What is usual of a model, by the decision that released it; for one of which nothing is kept: that it is no worse
    than persistence."""
    kept = decisions.find(objects.lake(), project, decision)
    if kept is not None and kept.usual is not None:
        return kept.usual
    return Usual(score=(0.5 - scores.LOW) / (scores.HIGH - scores.LOW), days=0)


def _span(replay: str) -> tuple[date, date]:
    """The first and the last day.

    Raises:
        BadInput: they are not two days in that order.
    """
    try:
        first, last = (date.fromisoformat(part.strip()) for part in replay.split("/"))
    except ValueError:
        first, last = date.max, date.min
    if first > last:
        raise BadInput(f"--replay {replay!r:.60} is not two days; wanted FROM/TO, like 2003-01-01/2003-12-31")
    return first, last


def _nothing(project: Declaration, parameter: str, now: datetime) -> Monitoring:
    unit = project.quantities[parameter].unit
    words = f"No model of {project.name} that predicts {parameter} is live, so there is none to watch."
    return Monitoring(as_of=now, parameter=parameter, unit=unit, words=words)


if __name__ == "__main__":
    run(command)

"""Watch the live model: its days are judged, alarms are told apart and written down, and the world's start a training.

Everything follows from the warehouse, so the step may be killed and repeated, and outcomes may come late or be patched:
the same days give the same alarms, and an alarm that is written down is not raised again. The training that an alarm
starts is a workflow of its own, whose name is its identity: applied twice, it is there once.

A challenger on trial, and a new champion beside the model before, are judged by the same days. What that comes to is
started likewise, one thing at a time.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click

from steps.backends import objects, promotions
from steps.backends.database import begin
from steps.backends.warehouse import detectors, watches
from steps.backends.warehouse.detectors import Detector
from steps.contract import declaration as declared
from steps.contract import selection
from steps.contract.command import declaration_option, input_file, log, run, selection_options, write_json, write_text
from steps.contract.declaration import Declaration, TableDeclaration
from steps.contract.manifests import filled
from steps.learning import decisions
from steps.monitoring import beside, notifying, scores, telling
from steps.monitoring.beside import Ending
from steps.monitoring.live import Watch, replayed
from steps.monitoring.watching import Watched
from steps.pages.monitoring import page
from steps.release import requests, service
from steps.summaries.decision import Usual
from steps.summaries.monitoring import Monitoring

Training = tuple[str, datetime]  # a name, and up to when it learns


@click.command()
@declaration_option
@selection_options
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
    """Judge the live model's days, or the files of a table, up to as-of."""
    project, now = declared.parse_any(declaration), selection.as_of(as_of, created)
    values: dict[str, str] = {}
    if isinstance(project, TableDeclaration):
        summary, training, ending = _of_files(project, now, replay)
    else:
        chosen, target = selection.locations(locations, project), selection.parameter(parameter, project)
        values |= {"parameter": target, "locations": ",".join(map(str, chosen))}
        summary, training, ending = _of_days(project, target, chosen, now, replay)
    name, asof = training or ("", now)
    values |= {"name": name, "asof": asof.isoformat(), "by": f"{promotions.DRIFT}{name})"}
    if not replay.strip():
        summary = requests.told(project.name, summary, beside=isinstance(project, TableDeclaration))
        ending = service.ending(project.name) or ending
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
    values |= {"verdict": ending.verdict, "why": ending.why}
    return filled("--conclusion", template, values | {"share": f"{ending.share:g}"})


def _of_days(
    project: Declaration, target: str, chosen: Sequence[int], now: datetime, replay: str
) -> tuple[Monitoring, Training | None, Ending | None]:
    """What was found of a series, the training to start, and the end of a comparison."""
    usual = partial(_usual, project.name)
    if replay.strip():
        return replayed(project, target, chosen, *selection.replay(replay), usual=usual), None, None
    watch = Watch.of(project, target, chosen, now, usual=usual)
    if watch is None:
        return _nothing(project, target, now), None, None
    training = watch.raised()
    _keep(watch.state(), watch.ways)
    notifying.tell(project.name, target, lambda one: telling.label(one.kind, one.location))
    standing = beside.standing(project, target, chosen, now)
    beside.write_down(project.name, standing)
    return telling.with_others(watch.summary(), standing), training, beside.ending(standing)


def _of_files(
    project: TableDeclaration, now: datetime, replay: str
) -> tuple[Monitoring, Training | None, Ending | None]:
    """The same of a table."""
    from steps.inbox.training import Newest  # noqa: PLC0415 - Great Expectations, seconds of imports, of no use to series
    from steps.tables import beside as pairs  # noqa: PLC0415 - likewise
    from steps.tables import live  # noqa: PLC0415 - likewise

    span = selection.replay(replay) if replay.strip() else None
    until = datetime.combine(span[1] + timedelta(days=1), datetime.min.time(), UTC) if span else now
    watch = live.Watch.of(project, until, usual=partial(_usual, project.name))
    if watch is None:
        return _nothing(project, project.learning.target, now), None, None
    if span:
        return live.replayed(watch, *span), None, None
    name = watch.raised(Newest(project))
    _keep(watch.state(), [watch.spells[-1].way])
    target = project.learning.target
    notifying.tell(project.name, target, lambda one: telling.label(one.kind, one.location, live.WHERE))
    standing = pairs.standing(objects.lake(), project, now)
    beside.write_down(project.name, standing)
    return telling.with_others(watch.summary(), standing), (name, now) if name else None, beside.ending(standing)


def _keep(state: watches.Watch, ways: Sequence[Watched]) -> None:
    """Write down how far the watch is, as a whole and by detector."""
    seen = [
        Detector(way.kind, way.location, state.version, way.days[-1], way.evidence[-1], way.level)
        for way in ways
        if way.days
    ]
    with begin() as connection:
        watches.record(connection, state)
        detectors.note(connection, state.project, state.parameter, seen)


def _usual(project: str, decision: int) -> Usual:
    """What is usual of a model, by the decision that released it; for one of which nothing is kept: that it is no worse
    than persistence."""
    kept = decisions.find(objects.lake(), project, decision)
    if kept is not None and kept.usual is not None:
        return kept.usual
    return Usual(score=scores.NO_BETTER, days=0)


def _nothing(project: Declaration | TableDeclaration, parameter: str, now: datetime) -> Monitoring:
    unit = project.unit(parameter)
    words = f"No model of {project.name} that predicts {parameter} is live, so there is none to watch."
    return Monitoring(as_of=now, parameter=parameter, unit=unit, words=words)


if __name__ == "__main__":
    run(command)

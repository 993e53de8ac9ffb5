"""Headline: what was learned and decided, in words, and the key facts.

It is on every page, so a missing or broken summary costs it only that one fact; the summary's own section says why.
"""

from datetime import UTC, datetime

from pipeline.report.story import Story
from pipeline.report.tasks import FAILED, failures
from steps.pages.markup import Child, Markup, tag
from steps.pages.metrics import deciding
from steps.pages.parts import facts, with_small
from steps.pages.words import count, duration, instant, moment, names, one_line, parameter_name, percent
from steps.summaries.base import known
from steps.summaries.dataset import SeriesDataset
from steps.summaries.decision import Decision
from steps.summaries.monitoring import Monitoring
from steps.summaries.predictions import Predictions


def headline(story: Story) -> Markup:
    """The top of the page."""
    title, lede = _says(story)
    named = (story.declaration or {}).get("title")
    return tag(
        "header",
        tag("p", f"{named} · " if named else None, f"Report of {moment(story.now)}", class_="eyebrow"),
        tag("h1", title),
        tag("p", lede, class_="lede") if lede else None,
        facts(_facts(story), "facts large"),
    )


def page_title(story: Story) -> str:
    """The title of the browser's tab."""
    return f"{story.runs[-1].workflow if story.runs else 'No runs'} · report"


def _says(story: Story) -> tuple[str, str | None]:
    """The title, and the sentence below it."""
    failed = next((run for run in reversed(story.runs) if run.phase in FAILED), None)
    if failed:
        task, node = next(iter(failures(failed)), (None, None))
        at = f" at {task.name}" if task else ""
        return f"{failed.workflow} failed{at}", node.message if node and node.message else failed.message
    if learned := known(lambda: _learned(story)):
        return learned, known(lambda: story.latest(Decision).words)
    if unfinished := next((run for run in story.runs if run.finished_at is None), None):
        return f"{unfinished.workflow} {'was interrupted' if unfinished.interrupted else 'is running'}", None
    done = f"{names([run.workflow for run in story.runs])} succeeded" if story.runs else "No runs"
    return known(lambda: _predicted(story)) or done, None


def _learned(story: Story) -> str:
    """The decision as a title."""
    decision, ahead = story.latest(Decision), _horizon(story)
    subject = f"{parameter_name(decision.parameter)}{f' {ahead} ahead' if ahead else ''}"
    if decision.refreshed:
        return f"{subject}: the live model was fitted again"
    if not decision.promoted:
        return f"{subject}: the new model was not promoted"
    metric, own, naive = deciding(decision), known(lambda: decision.challenger), next(iter(decision.scores), None)
    if own is None or naive is None or own is naive or naive.by(metric.name) <= 0:
        return f"{subject}: a new model was promoted"
    family = own.name.partition("(")[2].rstrip(")") or "new"
    score, reference = own.by(metric.name), naive.by(metric.name)
    if metric.higher:
        against = f"{metric.formatted(score)} against {metric.formatted(reference)} of {naive.name}"
        return f"{subject}: the {family} model’s {metric.label.lower()} is {against}"
    return f"{subject}: the {family} model’s error is {percent(1 - score / reference)} below {naive.name}"


def _predicted(story: Story) -> str | None:
    """The predictions as a title, if there are any."""
    predictions = story.latest(Predictions)
    places = {row.location for row in predictions.rows}
    ahead = _horizon(story) or "hours"
    subject = parameter_name(predictions.parameter)
    return f"{subject}: the next {ahead}, predicted for {count(len(places), 'station')}" if places else None


def _facts(story: Story) -> list[tuple[str, Child]]:
    began = min((run.started_at or run.created_at for run in story.runs), default=story.now)
    spent = sum(
        ((run.finished_at or story.now) - (run.started_at or run.created_at)).total_seconds() for run in story.runs
    )
    return [
        (known(lambda: _metric(story)) or "Error", known(lambda: _error(story))),
        ("Model", known(lambda: _decided(story)) or known(lambda: _live(story))),
        ("Watch", known(lambda: _watched(story))),
        ("Parameter", _parameter(story)),
        ("Stations", _stations(story)),
        ("As of", _as_of(story)),
        ("Took", with_small(duration(spent), f"from {began.astimezone(UTC):%Y-%m-%d %H:%M}")),
    ]


def _metric(story: Story) -> str:
    metric = deciding(story.latest(Decision))
    return metric.label if metric.higher else f"Error ({metric.label})"


def _error(story: Story) -> Child:
    decision = story.latest(Decision)
    own, metric = decision.challenger, deciding(decision)
    unit = decision.unit if metric.measured else ""
    return with_small(f"{metric.formatted(own.by(metric.name))} {unit}".rstrip(), own.name)


def _decided(story: Story) -> Child:
    decision = story.latest(Decision)
    if decision.version is None:
        return None
    return with_small(f"version {decision.version}", f"{decision.alias or 'no alias'} · decision {decision.number}")


def _live(story: Story) -> Child:
    version = story.latest(Predictions).version
    return None if version is None else with_small(f"version {version}", "live")


def _watched(story: Story) -> Child:
    """How the live model does, by the newest look at it."""
    found = story.latest(Monitoring)
    if found.version is None:
        return None
    shares = [way.evidence[-1] / way.level for way in found.ways if way.evidence]
    raised = max((day for way in found.ways for day in way.alarms), default=None)
    said = f"alarm of {raised:%F}" if raised else "no alarm"
    return with_small(said, f"{count(len(found.days), found.each)}, evidence {percent(max(shares, default=0.0))}")


def _parameter(story: Story) -> Child:
    name = known(lambda: story.latest(Decision).parameter) or known(lambda: story.latest(Predictions).parameter)
    ahead = _horizon(story)
    return with_small(parameter_name(name), f"{ahead} ahead" if ahead else None) if name else None


def _stations(story: Story) -> Child:
    shown, more = story.locations[:4], len(story.locations) - 4
    return (
        with_small(", ".join(shown) + (f" and {more} more" if more > 0 else ""), story.attribution) if shown else None
    )


def _as_of(story: Story) -> Child:
    """The logical time: as predicted, as given, or else when the newest workflow was created."""
    given = (_instant(run.parameters.get("as-of")) or run.created_at.astimezone(UTC) for run in reversed(story.runs))
    time = known(lambda: story.latest(Predictions).as_of) or next(given, None)
    return with_small(f"{time:%Y-%m-%d}", f"{time:%H:%M} UTC") if time else None


def _instant(text: str | None) -> datetime | None:
    try:
        return instant(one_line(text)) if text else None
    except ValueError:
        return None


def _horizon(story: Story) -> str | None:
    """How far ahead is predicted, if a declaration or a dataset says so."""
    learning = (story.declaration or {}).get("learning")
    declared = learning.get("horizon_hours") if isinstance(learning, dict) else None
    hours = declared or known(lambda: story.latest(SeriesDataset).embargo_hours)
    if isinstance(learning, dict) and learning.get("frequency") == "daily":
        return "day"
    return f"{hours} h" if hours else None

"""Headline: what was learned and decided, in words, and the few facts that everything below stands on.

It is on every page, so a summary that is missing or broken costs it that one fact; the summary's own section says why.
"""

from datetime import UTC

from pipeline.report.story import Story
from pipeline.report.tasks import FAILED, failures
from steps.pages.fields import Fields, known
from steps.pages.markup import Child, Markup, join, tag
from steps.pages.metrics import deciding
from steps.pages.parts import facts, with_small
from steps.pages.words import count, duration, instant, moment, names, one_line, parameter_name, percent


def headline(story: Story) -> Markup:
    """The top of the page."""
    title, lede = _says(story)
    named = known(lambda: story.declaration.text("title") if story.declaration else None)
    return tag(
        "header",
        tag("p", join(named, " · " if named else None, f"Report of {moment(story.now)}"), class_="eyebrow"),
        tag("h1", title),
        tag("p", lede, class_="lede") if lede else None,
        facts(_facts(story), "facts large"),
    )


def page_title(story: Story) -> str:
    """What the browser's tab says."""
    return f"{story.runs[-1].workflow if story.runs else 'No runs'} · report"


def _says(story: Story) -> tuple[str, str | None]:
    """The title, and the sentence below it."""
    failed = next((run for run in reversed(story.runs) if run.phase in FAILED), None)
    if failed:
        task, node = next(iter(failures(failed)), (None, None))
        at = f" at {task.name}" if task else ""
        return f"{failed.workflow} failed{at}", node.message if node and node.message else failed.message
    if learned := known(lambda: _learned(story)):
        return learned, known(lambda: story.latest("decision").fields.text("words"))
    if unfinished := next((run for run in story.runs if run.finished_at is None), None):
        return f"{unfinished.workflow} {'was interrupted' if unfinished.interrupted else 'is running'}", None
    done = f"{names([run.workflow for run in story.runs])} succeeded" if story.runs else "No runs"
    return known(lambda: _predicted(story)) or done, None


def _learned(story: Story) -> str:
    """The decision as a title."""
    decision = story.latest("decision").fields
    ahead = _horizon(story)
    subject = f"{parameter_name(decision.text('parameter'))}{f' {ahead} ahead' if ahead else ''}"
    if decision.raw("promoted") is not True:
        return f"{subject}: the new model was not promoted"
    scores = _scores(decision)
    own, naive = _own(scores), next(iter(scores), None)
    if own is None or naive is None or naive == own or scores[naive] <= 0:
        return f"{subject}: a new model was promoted"
    family = own.partition("(")[2].rstrip(")") or "new"
    metric = deciding(decision)
    if metric.higher:
        told = f"{metric.told(scores[own])} against {metric.told(scores[naive])} of {naive}"
        return f"{subject}: the {family} model’s {metric.label.lower()} is {told}"
    return f"{subject}: the {family} model’s error is {percent(1 - scores[own] / scores[naive])} below {naive}"


def _predicted(story: Story) -> str | None:
    """The predictions as a title, where there are any."""
    predictions = story.latest("predictions").fields
    subject = parameter_name(predictions.text("parameter"))
    ahead = _horizon(story) or "hours"
    places = {row.text("location") for row in predictions.objects("rows")}
    return f"{subject}: the next {ahead}, predicted for {count(len(places), 'station')}" if places else None


def _facts(story: Story) -> list[tuple[str, Child]]:
    began = min((run.started_at or run.created_at for run in story.runs), default=story.now)
    spent = sum(
        ((run.finished_at or story.now) - (run.started_at or run.created_at)).total_seconds() for run in story.runs
    )
    return [
        (known(lambda: _metric(story)) or "Error", known(lambda: _error(story))),
        ("Model", known(lambda: _decided(story)) or known(lambda: _live(story))),
        (
            "Parameter",
            known(lambda: _parameter(story, "decision")) or known(lambda: _parameter(story, "predictions")),
        ),
        ("Stations", _stations(story)),
        ("As of", _as_of(story)),
        ("Took", with_small(duration(spent), f"from {began.astimezone(UTC):%Y-%m-%d %H:%M}")),
    ]


def _metric(story: Story) -> str:
    metric = deciding(story.latest("decision").fields)
    return metric.label if metric.higher else f"Error ({metric.label})"


def _error(story: Story) -> Child:
    decision = story.latest("decision").fields
    scores = _scores(decision)
    own = _own(scores)
    metric = deciding(decision)
    unit = decision.text_or("unit") if metric.measured else ""
    return with_small(f"{metric.told(scores[own])} {unit}".rstrip(), own) if own else None


def _decided(story: Story) -> Child:
    decision = story.latest("decision").fields
    below = f"{decision.text_or('alias', 'no alias')} · decision {decision.text('decision')}"
    return with_small(f"version {decision.text('version')}", below)


def _live(story: Story) -> Child:
    return with_small(f"version {story.latest('predictions').fields.text('version')}", "live")


def _parameter(story: Story, kind: str) -> Child:
    ahead = _horizon(story)
    return with_small(parameter_name(story.latest(kind).fields.text("parameter")), f"{ahead} ahead" if ahead else None)


def _stations(story: Story) -> Child:
    shown, more = story.locations[:4], len(story.locations) - 4
    return (
        with_small(", ".join(shown) + (f" and {more} more" if more > 0 else ""), story.attribution) if shown else None
    )


def _as_of(story: Story) -> Child:
    """The logical time: as predicted, as given, or else when the newest workflow was created."""
    given = [run.parameters.get("as-of") or run.created_at.isoformat() for run in reversed(story.runs)]
    predicted = known(lambda: story.latest("predictions").fields.text("as_of"))
    for text in (predicted or "", *given):
        try:
            time = instant(one_line(text))
        except ValueError:
            continue
        return with_small(f"{time:%Y-%m-%d}", f"{time:%H:%M} UTC")
    return None


def _horizon(story: Story) -> str | None:
    """How far ahead is predicted, where a declaration or a dataset says so."""
    learning = known(lambda: story.declaration.inner("learning").text("horizon_hours") if story.declaration else None)
    hours = learning or known(lambda: story.latest("dataset").fields.text("embargo_hours"))
    return f"{hours} h" if hours else None


def _scores(decision: Fields) -> dict[str, float]:
    metric = deciding(decision)
    return {score.text("name"): score.number(metric.name) for score in decision.objects("scores")}


def _own(scores: dict[str, float]) -> str | None:
    """The name of the new model's score."""
    return next((name for name in scores if name.startswith("challenger")), None)

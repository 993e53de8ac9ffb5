"""A decision: its sections in the order a reader wants them, and the page of a single decision.

The page says in words what was decided, then shows everything that it rests on. One file, no scripts.
"""

from typing import Final

from steps.pages.document import Section, document, draw
from steps.pages.evidence.answers import answers
from steps.pages.evidence.bands import bands
from steps.pages.evidence.comparison import comparison
from steps.pages.evidence.folds import folds
from steps.pages.evidence.forecast import forecast
from steps.pages.evidence.importance import importance
from steps.pages.evidence.residuals import residuals
from steps.pages.evidence.scores import scores
from steps.pages.evidence.trials import trials
from steps.pages.markup import Child, Markup, join, tag
from steps.pages.metrics import deciding
from steps.pages.parts import code, facts, with_small
from steps.pages.words import count, parameter_name, percent, quantity, readable
from steps.summaries.base import known
from steps.summaries.decision import Decision

OUTCOME: Final[tuple[Section[Decision], ...]] = (
    ("scores", "Scores", scores),
    ("comparison", "Champion", comparison),
    ("folds", "Folds", folds),
)
ANSWERS: Final[tuple[Section[Decision], ...]] = (
    ("forecast", "Forecast", forecast),
    ("bands", "Bands", bands),
    ("answers", "Answers", answers),
    ("residuals", "Residuals", residuals),
)
MODEL: Final[tuple[Section[Decision], ...]] = (("importance", "Features", importance), ("trials", "Trials", trials))


def page(project: str, decision: Decision) -> str:
    """The page, as HTML. What a summary of an earlier version lacks is left out."""
    sections = draw((*OUTCOME, *ANSWERS, *MODEL), decision)
    main = tag("main", _head(project, decision), sections.markup())
    return document(f"{project}: decision {decision.number}", main)


def _head(project: str, decision: Decision) -> Markup:
    made_at = readable(decision.made_at)
    return tag(
        "header",
        tag("p", join(f"{project} · decision {decision.number}", made_at and f" · {made_at}"), class_="eyebrow"),
        tag("h1", f"{parameter_name(decision.parameter)}: {_outcome(decision)}"),
        tag("p", decision.words, class_="lede"),
        facts(_facts(decision), "facts large"),
    )


def _outcome(decision: Decision) -> str:
    if decision.refreshed:
        return "the live model was refreshed"
    if decision.promoted:
        return "the challenger was promoted"
    competed = known(lambda: any(score.name == "champion" for score in decision.scores))
    return "the champion was kept" if competed else "the challenger was not promoted"


def _score(decision: Decision) -> Child:
    metric, own = deciding(decision), decision.released
    unit = decision.unit if metric.measured else ""
    return with_small(f"{metric.label} {metric.formatted(own.by(metric.name))} {unit}".rstrip(), own.name)


def _model(decision: Decision) -> Child:
    if decision.version is None:
        return with_small("no new version", "nothing was registered")
    return with_small(f"version {decision.version}", "live once it is verified")


def _holdout(decision: Decision) -> Child:
    rows, looks = decision.challenger.rows, decision.holdout_looks
    below = f"looked at {looks} times" if looks > 1 else "which nothing was chosen by"
    return None if rows is None else with_small(f"{quantity(rows)} rows", below)


def _recipe(decision: Decision) -> Child:
    return with_small(decision.recipe.family, f"of the {'champion' if decision.refreshed else 'challenger'}")


def _afterwards(decision: Decision) -> Child:
    """How the model that was live did on what came after it was fitted."""
    live, metric = decision.afterwards, deciding(decision)
    if live is None:
        return None
    score = f"{metric.label} {metric.formatted(live.score.by(metric.name))}"
    return with_small(score, f"version {live.version}, on {count(live.score.rows or 0, 'later row')}")


def _bands(decision: Decision) -> Child:
    found = decision.bands
    if found is None:
        return None
    return with_small(f"{percent(found.coverage, 1)} inside", f"{percent(found.nominal)} wanted")


def _facts(decision: Decision) -> list[tuple[str, Child]]:
    """What can be read of the key facts."""
    return [
        ("Score", known(lambda: _score(decision))),
        ("Model", known(lambda: _model(decision))),
        ("Live model", known(lambda: _afterwards(decision))),
        ("Recipe", known(lambda: _recipe(decision))),
        ("Holdout", known(lambda: _holdout(decision))),
        ("Bands", known(lambda: _bands(decision))),
        ("Dataset", known(lambda: code(decision.fingerprint[:12]) if decision.fingerprint else None)),
    ]

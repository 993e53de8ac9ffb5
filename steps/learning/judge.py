"""The judgement: the recipe that the folds chose, scored once on the holdout together with what it must beat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from steps.backends.modelstore import KnownRows
from steps.contract.declaration import Judged, Learning
from steps.errors import BadInput
from steps.learning import bands, evidence, gate, refresh, scoring
from steps.learning.bands import Measured
from steps.learning.dataset import Dataset, Series
from steps.learning.gate import Outcome
from steps.learning.recipe import SEED, ask, train
from steps.learning.refresh import Live, Renewal
from steps.learning.table_dataset import Table
from steps.learning.trials import best
from steps.models import Model
from steps.models.bands import Bands
from steps.models.base import Array
from steps.monitoring import drift
from steps.monitoring.scores import errors, of_rows, usual
from steps.summaries.decision import Answers, Bootstrap, Hours, Importance, Recipe, Residuals, Score, Trial, Verdict
from steps.summaries.intervals import DAY, HOUR, Interval

SHOWN: Final = {HOUR: pd.Timedelta(days=14), DAY: pd.Timedelta(days=120)}  # of the holdout, for the report
SHOWN_ROWS: Final = 500
_MATTER: Final = 3  # features that are named where a score is too good


@dataclass(frozen=True)
class Judgement:
    """The verdict on a dataset, and the bands to deploy around the answers of the verdict's recipe (if these are
    numbers)."""

    verdict: Verdict
    bands: Bands | None


@dataclass(frozen=True)
class Aside:
    """A recipe that may not be promoted now, and why not."""

    recipe: Recipe
    words: str


@dataclass(frozen=True)
class _Contender:
    """A recipe, the model that it gives on the training part, and that model's answers to the holdout."""

    recipe: Recipe
    model: Model
    answers: Array


def judge(
    dataset: Dataset,
    learning: Judged,
    trials: Sequence[Trial],
    champion: Recipe | None,
    *,
    live: Live | None = None,
    aside: Aside | None = None,
) -> Judgement:
    """Choose by the folds, score once on the holdout, and pass the result through the gate; where the champion's recipe
    is kept, see whether the live model is to be refreshed.

    `trials`: all that were run, in the order of the families and of their lists. `champion`: the recipe of the live
    model for this parameter, None if nothing is live. One that this version can no longer train counts as none. `live`:
    that model, if it can be asked.

    Raises:
        BadInput: the gate cannot decide by its metric.
    """
    metric = scoring.deciding(learning.gate.metric, dataset.task)
    chosen = best(trials, metric)
    challenger = _contender(dataset, learning, chosen.recipe)
    theirs, no_champion = _champion(dataset, learning, champion)
    outcome, scores, bootstrap = _contest(dataset, learning, challenger, theirs, no_champion)
    if aside and outcome.promoted and chosen.recipe == aside.recipe:
        outcome = Outcome(False, f"Not promoted: {aside.words}.")
    renewal = _renewal(dataset, learning, scores, live if theirs and not outcome.promoted else None)
    shown = theirs if theirs and renewal.released else challenger
    around, importance = _bands(dataset, learning, shown), _importance(shown.model)
    verdict = Verdict(
        promoted=outcome.promoted or renewal.released,
        refreshed=renewal.released,
        words=_words(outcome, renewal) + _too_good(learning, scores, challenger),
        recipe=shown.recipe,
        metric=metric,
        unit=dataset.unit,
        parameter=dataset.parameter,
        scores=scores,
        bootstrap=bootstrap,
        span=dataset.span(dataset.holdout(), learning.gate.block_hours),
        afterwards=refresh.afterwards(dataset, live) if live else None,
        trials=tuple(trials),
        folds=evidence.folds(dataset, learning, chosen),
        bands=around.coverage if around else None,
        task=dataset.task,
        importance=importance,
        **_evidence(dataset, shown.answers, around),
    )
    return Judgement(verdict, around.bands if around else None)


def _words(outcome: Outcome, renewal: Renewal) -> str:
    """What was decided, first."""
    words = (renewal.words, outcome.words) if renewal.released else (outcome.words, renewal.words)
    return " ".join(filter(None, words))


def _too_good(learning: Judged, scores: Sequence[Score], challenger: _Contender) -> str:
    """A sentence if the challenger's score is too good to be taken on trust."""
    naive = [score for score in scores[:-1] if score.name != "champion"]
    matter = [one.feature for one in _importance(challenger.model)[:_MATTER]]
    return gate.too_good(learning.gate, naive, scores[-1], matter)


def _renewal(dataset: Dataset, learning: Judged, scores: Sequence[Score], live: Live | None) -> Renewal:
    """Whether the `live` model is refreshed; None: it is not to be. `scores`: on the holdout, the champion's recipe and
    the challenger last."""
    if live is None:
        return Renewal(False)
    *naive, champion, _ = scores
    return refresh.weigh(dataset, learning, live, gate.shortfall(learning.gate, dataset.unit, naive, champion))


def _evidence(dataset: Dataset, answers: Array, around: Measured | None) -> dict[str, Any]:
    """How far `answers` to the holdout are from the truth: fields of a verdict."""
    scored = dataset.holdout()
    truth, rows = dataset.target[scored], dataset.rows.loc[scored]
    found: dict[str, Any] = {}
    if dataset.task == "regression":
        found["residuals"] = _residuals(truth, answers)
    if not isinstance(dataset, Series):
        naive = dataset.naive(dataset.training(), scored)[0][1]
        both = (errors(each, truth, dataset.task) for each in (answers, naive))
        return found | {"answers": _answers(truth, answers), "usual": of_rows(*both)}
    if around:
        found |= {"forecast": _forecast(rows, answers, around, dataset.interval), "frequency": dataset.frequency}
    seasons = drift.seasons(dataset.rows, dataset.features)
    found["usual"] = usual(rows, answers, dataset.interval).model_copy(update={"seasons": seasons})
    groups = evidence.residual_groups(rows, truth - answers)
    return found | {"residual_groups": groups, "hour_zone": "local" if "hour" in groups else None}


def refit(dataset: Dataset, learning: Judged, recipe: Recipe) -> Model:
    """The model to deploy: the recipe trained on all rows.

    Raises:
        BadInput: the recipe cannot be trained.
    """
    return train(learning, recipe, dataset, np.ones(len(dataset.rows), dtype=np.bool_))


def known_rows(dataset: Dataset, model: Model, count: int = 24) -> KnownRows:
    """Rows spread evenly over the dataset, including some with missing values, and the model's answers."""
    columns = list(model.features)
    holes = np.flatnonzero(dataset.rows[columns].isna().any(axis=1).to_numpy())[: count // 4]
    spread = np.linspace(0, len(dataset.rows) - 1, count - len(holes)).astype(int)
    rows = dataset.rows.iloc[np.unique(np.concatenate([holes, spread]))]
    values = rows[columns].to_numpy(dtype=np.float64)
    listed = [[None if np.isnan(value) else float(value) for value in row] for row in values]
    return KnownRows(columns, listed, [float(answer) for answer in ask(model, rows)])


def _contender(dataset: Dataset, learning: Judged, recipe: Recipe) -> _Contender:
    model = train(learning, recipe, dataset, dataset.training())
    return _Contender(recipe, model, ask(model, dataset.rows.loc[dataset.holdout()]))


def _champion(dataset: Dataset, learning: Judged, recipe: Recipe | None) -> tuple[_Contender | None, str]:
    """The champion's recipe as a contender, or None and why there is none."""
    if recipe is None:
        return None, gate.NOTHING_LIVE
    try:
        return _contender(dataset, learning, recipe), ""
    except BadInput as error:
        return None, f"The live model's recipe can no longer be trained: {error}."


def _contest(
    dataset: Dataset,
    learning: Judged,
    challenger: _Contender,
    champion: _Contender | None,
    no_champion: str,
) -> tuple[Outcome, tuple[Score, ...], Bootstrap | None]:
    """The outcome of the gate, and what it rests on: the scores on the holdout of the naive predictors, the champion's
    recipe if it can compete, and the challenger; and how surely the last two differ."""
    learned, scored, rules = dataset.training(), dataset.holdout(), learning.gate
    truth, span = dataset.target[scored], dataset.span(scored, rules.block_hours)
    own = scoring.score(f"challenger ({challenger.recipe.family})", challenger.answers, truth, dataset.task)
    naive = scoring.naive(dataset, learned, scored)
    score = bootstrap = None
    if champion is not None:
        score = scoring.score("champion", champion.answers, truth, dataset.task)
        bootstrap = scoring.bootstrap(
            champion.answers - truth,
            challenger.answers - truth,
            dataset.blocks(scored, rules.block_hours),
            metric=rules.metric,
            confidence=rules.confidence,
            seed=SEED,
        )
    outcome = gate.decide(
        rules,
        dataset.unit,
        naive=naive,
        challenger=own,
        champion=score,
        bootstrap=bootstrap,
        span=span,
        same_recipe=champion is not None and champion.recipe == challenger.recipe,
        no_champion=no_champion,
    )
    return outcome, (*naive, *([score] if score else []), own), bootstrap


def _bands(dataset: Dataset, learning: Judged, shown: _Contender) -> Measured | None:
    if isinstance(dataset, Series) and isinstance(learning, Learning):
        return bands.measure(dataset, learning, shown.recipe, shown.answers)
    if isinstance(dataset, Table) and dataset.task == "regression":
        return bands.measure_rows(dataset, learning, shown.recipe, shown.answers)
    return None


def _forecast(rows: pd.DataFrame, answers: Array, around: Measured, interval: Interval) -> dict[str, Hours]:
    """By location, hour by hour (or day by day) over the last ones: truth, forecast and band; None in all of them if
    there is no row."""
    shown = rows[["location", "target_at", "target"]].assign(forecast=answers, low=around.low, high=around.high)
    shown = shown[shown["target_at"] > shown["target_at"].max() - SHOWN[interval]]
    hours = pd.date_range(shown["target_at"].min(), shown["target_at"].max(), freq=interval.alias)
    found: dict[str, Hours] = {}
    for location, own in shown.groupby("location"):
        whole = own.set_index("target_at").reindex(hours).round(3).rename(columns={"target": "truth"})
        columns = {name: tuple(whole[name]) for name in ("truth", "forecast", "low", "high")}
        found[str(location)] = Hours(time=tuple(hours.to_pydatetime()), **columns)
    return found


def _answers(truth: Array, answers: Array) -> Answers:
    return Answers(
        truth=tuple(round(float(value), 3) for value in truth[:SHOWN_ROWS]),
        answer=tuple(round(float(value), 3) for value in answers[:SHOWN_ROWS]),
    )


def _residuals(truth: Array, answers: Array) -> Residuals:
    error = truth - answers
    return Residuals(mean=float(error.mean()), sd=float(error.std()), rows=len(error))


def _importance(model: Model) -> tuple[Importance, ...]:
    shares = sorted(model.importance().items(), key=lambda one: (-one[1], one[0]))
    return tuple(Importance(feature=name, share=share) for name, share in shares)

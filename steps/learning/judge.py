"""The judgement: the recipe that the folds chose, scored once on the holdout together with what it must beat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from steps.backends.modelstore import KnownRows
from steps.contract.declaration import Judged, Learning
from steps.errors import BadInput
from steps.learning import bands, evidence, gate, scoring
from steps.learning.bands import Measured
from steps.learning.dataset import Dataset, Series
from steps.learning.gate import Outcome
from steps.learning.recipe import SEED, ask, train
from steps.learning.trials import best
from steps.models import Model
from steps.models.bands import Bands
from steps.models.base import Array
from steps.summaries.decision import Answers, Bootstrap, Hours, Importance, Recipe, Residuals, Score, Trial, Verdict

SHOWN: Final = pd.Timedelta(days=14)  # of the holdout, for the report
SHOWN_ROWS: Final = 500
_MATTER: Final = 3  # features that are named where a score is too good


@dataclass(frozen=True)
class Judgement:
    """The verdict on a dataset, and the bands to deploy around the winner's answers (of a series)."""

    verdict: Verdict
    bands: Bands | None


def judge(dataset: Dataset, learning: Judged, trials: Sequence[Trial], champion: Recipe | None) -> Judgement:
    """Choose by the folds, score once on the holdout, and pass the result through the gate.

    `trials`: all that were run, in the order of the families and of their lists. `champion`: the recipe of the live
    model for this parameter, None if nothing is live. One that this version can no longer train counts as none.

    Raises:
        BadInput: the gate cannot decide by its metric.
    """
    metric = scoring.deciding(learning.gate.metric, dataset.task)
    chosen = best(trials, metric)
    scored = dataset.holdout()
    truth, rows = dataset.target[scored], dataset.rows.loc[scored]
    model = train(learning, chosen.recipe, dataset, dataset.training())
    answers = ask(model, rows)
    outcome, scores, bootstrap = _contest(dataset, learning, chosen, champion, answers)
    around = _bands(dataset, learning, chosen.recipe, answers)
    is_series = isinstance(dataset, Series)
    groups = evidence.residual_groups(rows, truth - answers) if is_series else {}
    importance = _importance(model)
    naive = [score for score in scores[:-1] if score.name != "champion"]
    matter = [one.feature for one in importance[:_MATTER]]
    verdict = Verdict(
        promoted=outcome.promoted,
        words=outcome.words + gate.too_good(learning.gate, naive, scores[-1], matter),
        recipe=chosen.recipe,
        metric=metric,
        unit=dataset.unit,
        parameter=dataset.parameter,
        scores=scores,
        bootstrap=bootstrap,
        span=dataset.span(scored, learning.gate.block_hours),
        trials=tuple(trials),
        folds=evidence.folds(dataset, learning, chosen),
        bands=around.coverage if around else None,
        forecast=_forecast(rows, answers, around) if around else {},
        answers=Answers() if is_series else _answers(truth, answers),
        residuals=_residuals(truth, answers) if dataset.task == "regression" else None,
        residual_groups=groups,
        hour_zone="local" if groups else None,
        task=dataset.task,
        importance=importance,
    )
    return Judgement(verdict, around.bands if around else None)


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


def _contest(
    dataset: Dataset, learning: Judged, chosen: Trial, champion: Recipe | None, answers: Array
) -> tuple[Outcome, tuple[Score, ...], Bootstrap | None]:
    """The outcome of the gate, and what it rests on: the scores on the holdout of the naive predictors, the champion's
    recipe if it can compete, and the challenger; and how surely the last two differ."""
    learned, scored, rules = dataset.training(), dataset.holdout(), learning.gate
    truth, span = dataset.target[scored], dataset.span(scored, rules.block_hours)
    challenger = scoring.score(f"challenger ({chosen.family})", answers, truth, dataset.task)
    naive = scoring.naive(dataset, learned, scored)
    theirs, no_champion = _champion(dataset, learning, champion)
    score = bootstrap = None
    if theirs is not None:
        score = scoring.score("champion", theirs, truth, dataset.task)
        bootstrap = scoring.bootstrap(
            theirs - truth,
            answers - truth,
            dataset.blocks(scored, rules.block_hours),
            metric=rules.metric,
            confidence=rules.confidence,
            seed=SEED,
        )
    outcome = gate.decide(
        rules,
        dataset.unit,
        naive=naive,
        challenger=challenger,
        champion=score,
        bootstrap=bootstrap,
        span=span,
        same_recipe=theirs is not None and champion == chosen.recipe,
        no_champion=no_champion,
    )
    return outcome, (*naive, *([score] if score else []), challenger), bootstrap


def _champion(dataset: Dataset, learning: Judged, champion: Recipe | None) -> tuple[Array | None, str]:
    """The answers of the champion's recipe to the holdout, or None and why there are none."""
    if champion is None:
        return None, gate.NOTHING_LIVE
    try:
        model = train(learning, champion, dataset, dataset.training())
    except BadInput as error:
        return None, f"The live model's recipe can no longer be trained: {error}."
    return ask(model, dataset.rows.loc[dataset.holdout()]), ""


def _bands(dataset: Dataset, learning: Judged, recipe: Recipe, answers: Array) -> Measured | None:
    if isinstance(dataset, Series) and isinstance(learning, Learning):
        return bands.measure(dataset, learning, recipe, answers)
    return None


def _forecast(rows: pd.DataFrame, answers: Array, around: Measured) -> dict[str, Hours]:
    """By location, hour by hour over the last days: truth, forecast and band; None in all of them if there is no
    row."""
    shown = rows[["location", "target_at", "target"]].assign(forecast=answers, low=around.low, high=around.high)
    shown = shown[shown["target_at"] > shown["target_at"].max() - SHOWN]
    hours = pd.date_range(shown["target_at"].min(), shown["target_at"].max(), freq="h")
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

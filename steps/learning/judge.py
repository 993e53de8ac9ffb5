"""The judgement: the recipe that the folds chose, scored once on the holdout beside what it must beat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from steps.backends.modelstore import KnownRows
from steps.contract.declaration import Judged, Learning
from steps.errors import BadInput
from steps.learning import bands, evidence, gate, scoring
from steps.learning.bands import Measured
from steps.learning.dataset import Dataset, Series
from steps.learning.recipe import SEED, Recipe, ask, train
from steps.learning.scoring import Bootstrap, Score
from steps.learning.split import Mask
from steps.learning.trials import TrialResult, best
from steps.models import Model
from steps.models.base import Array

SHOWN: Final = pd.Timedelta(days=14)  # of the holdout, for the report
SHOWN_ROWS: Final = 500


@dataclass(frozen=True)
class Judgement:
    """What was decided about one dataset, and what it rests on.

    `recipe` is the challenger's, to be refitted on everything where it is `promoted`; `same_recipe` where the champion
    has the very same. `scores` are of the holdout: the naive predictors, the champion's recipe where there is one, the
    challenger; the `bootstrap` compares the last two over the `span`, such as 74 days. `folds`: what each was, and how
    the winner and the naive predictors did on it. `bands` and `forecast` (of a series), `answers` (of a table: truth
    and answer row by row), `residuals` (of numbers: truth − answer, in all and by group) and `importance` are the
    challenger's, trained on the training part.
    """

    promoted: bool
    words: str
    recipe: Recipe
    same_recipe: bool
    metric: str
    unit: str
    parameter: str
    scores: tuple[Score, ...]
    bootstrap: Bootstrap | None
    span: str
    trials: tuple[TrialResult, ...]
    folds: tuple[dict[str, Any], ...]
    bands: Measured | None
    forecast: dict[str, dict[str, list[Any]]]
    answers: dict[str, list[float]]
    residuals: dict[str, float] | None
    residual_groups: dict[str, list[dict[str, Any]]]
    task: str
    importance: tuple[tuple[str, float], ...]

    def to_json(self) -> dict[str, Any]:
        """The judgement's part of a decision's summary, as JSON values."""
        return {
            "promoted": self.promoted,
            "words": self.words,
            "metric": self.metric,
            "unit": self.unit,
            "parameter": self.parameter,
            "scores": [score.to_json() for score in self.scores],
            "bootstrap": self.bootstrap.to_json() if self.bootstrap else None,
            "span": self.span,
            "trials": [trial.to_json() for trial in self.trials],
            "folds": list(self.folds),
            "bands": self.bands.to_json() if self.bands else None,
            "forecast": self.forecast,
            "answers": self.answers,
            "residuals": self.residuals,
            "residual_groups": self.residual_groups,
            "hour_zone": "local" if self.residual_groups else None,
            "task": self.task,
            "importance": [{"feature": name, "share": share} for name, share in self.importance],
        }


def judge(dataset: Dataset, learning: Judged, results: Sequence[TrialResult], champion: Recipe | None) -> Judgement:
    """Choose by the folds, then score once on the holdout, and put the outcome through the gate.

    `results`: of every trial, in the order of the families and of their lists. `champion`: the recipe of the live model
    for this parameter, None where nothing is live. One that this version cannot train any more counts as none.

    Raises:
        BadInput: the gate has a metric that there is none of.
    """
    chosen = best(list(results), learning.gate.metric)
    learned, scored = dataset.training(), dataset.holdout()
    truth, rows = dataset.target[scored], dataset.rows.loc[scored]
    model = train(learning, chosen.recipe, dataset, learned)
    answers = ask(model, rows)
    challenger = scoring.score(f"challenger ({chosen.family})", answers, truth, dataset.task)
    naive = scoring.naive(dataset, learned, scored)
    theirs, no_champion = _champion(dataset, learning, champion, learned, rows)
    score = bootstrap = None
    if theirs is not None:
        score = scoring.score("champion", theirs, truth, dataset.task)
        bootstrap = scoring.bootstrap(
            theirs - truth,
            answers - truth,
            dataset.blocks(scored, learning.gate.block_hours),
            metric=learning.gate.metric,
            confidence=learning.gate.confidence,
            seed=SEED,
        )
    same = theirs is not None and champion == chosen.recipe
    around = _bands(dataset, learning, chosen.recipe, answers)
    span = dataset.span(scored, learning.gate.block_hours)
    outcome = gate.decide(
        learning.gate,
        dataset.unit,
        naive=naive,
        challenger=challenger,
        champion=score,
        bootstrap=bootstrap,
        span=span,
        same_recipe=same,
        no_champion=no_champion,
    )
    return Judgement(
        promoted=outcome.promoted,
        words=outcome.words,
        recipe=chosen.recipe,
        same_recipe=same,
        metric=learning.gate.metric,
        unit=dataset.unit,
        parameter=dataset.parameter,
        scores=(*naive, *([score] if score else []), challenger),
        bootstrap=bootstrap,
        span=span,
        trials=tuple(results),
        folds=evidence.folds(dataset, learning, chosen),
        bands=around,
        forecast=_forecast(rows, answers, around) if around else {},
        answers={} if isinstance(dataset, Series) else _answers(truth, answers),
        residuals=_residuals(truth, answers) if dataset.task == "regression" else None,
        residual_groups=evidence.residual_groups(rows, truth - answers) if isinstance(dataset, Series) else {},
        task=dataset.task,
        importance=tuple(sorted(model.importance().items(), key=lambda one: (-one[1], one[0]))),
    )


def refit(dataset: Dataset, learning: Judged, recipe: Recipe) -> Model:
    """The model to deploy: the recipe trained on every row there is.

    Raises:
        BadInput: the recipe cannot be trained.
    """
    return train(learning, recipe, dataset, np.ones(len(dataset.rows), dtype=np.bool_))


def known_rows(dataset: Dataset, model: Model, count: int = 24) -> KnownRows:
    """Rows spread evenly over the dataset, those with something missing among them, and the model's answers."""
    columns = list(model.features)
    holes = np.flatnonzero(dataset.rows[columns].isna().any(axis=1).to_numpy())[: count // 4]
    spread = np.linspace(0, len(dataset.rows) - 1, count - len(holes)).astype(int)
    rows = dataset.rows.iloc[np.unique(np.concatenate([holes, spread]))]
    values = rows[columns].to_numpy(dtype=np.float64)
    told = [[None if np.isnan(value) else float(value) for value in row] for row in values]
    return KnownRows(columns, told, [float(answer) for answer in ask(model, rows)])


def _champion(
    dataset: Dataset, learning: Judged, champion: Recipe | None, learned: Mask, rows: pd.DataFrame
) -> tuple[Array | None, str]:
    """The answers of the champion's recipe, or None and why there are none."""
    if champion is None:
        return None, gate.NOTHING_LIVE
    try:
        return ask(train(learning, champion, dataset, learned), rows), ""
    except BadInput as error:
        return None, f"The live model's recipe cannot be trained any more: {error}."


def _bands(dataset: Dataset, learning: Judged, recipe: Recipe, answers: Array) -> Measured | None:
    if isinstance(dataset, Series) and isinstance(learning, Learning):
        return bands.measure(dataset, learning, recipe, answers)
    return None


def _forecast(rows: pd.DataFrame, answers: Array, around: Measured) -> dict[str, dict[str, list[Any]]]:
    """By location, hour by hour over the last days: truth, forecast and band, None in all where there is no row."""
    shown = rows[["location", "target_at", "target"]].assign(forecast=answers, low=around.low, high=around.high)
    shown = shown[shown["target_at"] > shown["target_at"].max() - SHOWN]
    hours = pd.date_range(shown["target_at"].min(), shown["target_at"].max(), freq="h")
    found: dict[str, dict[str, list[Any]]] = {}
    for location, own in shown.groupby("location"):
        whole = own.set_index("target_at").reindex(hours).round(3)
        found[str(location)] = {
            "time": [hour.isoformat() for hour in hours],
            "truth": _listed(whole["target"]),
            **{name: _listed(whole[name]) for name in ("forecast", "low", "high")},
        }
    return found


def _answers(truth: Array, answers: Array) -> dict[str, list[float]]:
    return {
        "truth": [round(float(value), 3) for value in truth[:SHOWN_ROWS]],
        "answer": [round(float(value), 3) for value in answers[:SHOWN_ROWS]],
    }


def _residuals(truth: Array, answers: Array) -> dict[str, float]:
    error = truth - answers
    return {"mean": float(error.mean()), "sd": float(error.std()), "rows": len(error)}


def _listed(values: "pd.Series[float]") -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]

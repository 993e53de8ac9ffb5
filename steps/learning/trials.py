"""Trials are a list (`drawing`); each is a pure function of its parameters and the dataset.

So any worker may take any trial, nothing is shared while they run, and a kill changes nothing.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from steps.contract.declaration import Judged
from steps.learning.dataset import Dataset
from steps.learning.recipe import ask, train
from steps.learning.scoring import METRICS, deciding, score
from steps.learning.split import Fold, Mask
from steps.summaries.decision import Recipe, Trial

Parameters = dict[str, Any]


def evaluate(dataset: Dataset, learning: Judged, family: str, number: int, parameters: Parameters) -> Trial:
    """Train the recipe on each fold of the training part and score it there.

    Raises:
        BadInput: the project has no such family, the family no such parameter, or the gate cannot decide by its metric.
    """
    began = time.perf_counter()
    recipe, metric = Recipe(family=family, parameters=parameters), deciding(learning.gate.metric, dataset.task)
    found = []
    for fold in folds(dataset, learning):
        answers = ask(train(learning, recipe, dataset, fold.learn), dataset.rows.loc[fold.score])
        found.append(score("fold", answers, dataset.target[fold.score], dataset.task).by(metric))
    seconds = round(time.perf_counter() - began, 3)
    mean = float(np.mean(found))
    return Trial(family=family, number=number, parameters=parameters, mean=mean, folds=tuple(found), seconds=seconds)


def folds(dataset: Dataset, learning: Judged) -> Iterator[Fold]:
    """The folds that a trial is scored on, as masks over all of the dataset's rows."""
    part = np.flatnonzero(dataset.training())[-learning.trial_rows :]
    for fold in dataset.folds(part, learning.folds):
        yield Fold(_chosen(dataset, part[fold.learn]), _chosen(dataset, part[fold.score]))


def best(found: Sequence[Trial], metric: str) -> Trial:
    """The trial with the best mean; of several the first."""
    sign = -1 if METRICS[metric] else 1
    return min(found, key=lambda trial: sign * trial.mean)


def _chosen(dataset: Dataset, positions: "np.ndarray[Any, np.dtype[np.intp]]") -> Mask:
    chosen = np.zeros(len(dataset.rows), dtype=np.bool_)
    chosen[positions] = True
    return chosen

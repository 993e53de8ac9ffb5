"""Trials are a list: drawn once, in order, from a seed; each is then a pure function of its parameters and the dataset.

So any worker may take any trial, nothing is shared while they run, and a kill changes nothing.
"""

import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from steps.backends.caching import canonical
from steps.contract.declaration import Choice, Family, Judged, Range
from steps.learning.dataset import Dataset
from steps.learning.recipe import SEED, ask, train
from steps.learning.scoring import METRICS, deciding, score
from steps.learning.split import Fold, Mask
from steps.summaries.decision import Recipe, Trial

Parameters = dict[str, Any]


def draw(family: Family, champion: Recipe | None) -> list[Parameters]:
    """The parameters of the family's trials, in order, no two alike; no more than it declares.

    The champion's come first if it is of this family, uses all features and its parameters are those of the space. Then
    the middle of the space, then a scrambled Sobol sequence, which leaves no large hole (Bergstra and Bengio 2012).
    """
    drawn: list[Parameters] = []
    if champion and champion.family == family.name and champion.features is None:
        drawn += [dict(champion.parameters)] if set(champion.parameters) == set(family.space) else []
    space = {name: _distribution(part) for name, part in sorted(family.space.items())}
    study = _study()
    study.enqueue_trial({name: _middle(part) for name, part in family.space.items()})
    for _ in range(4 * family.trials):  # a small space may repeat parameters
        drawn.append(dict(sorted(study.ask(space).params.items())))
        unique = {canonical(parameters): parameters for parameters in drawn}
        if len(unique) >= family.trials:
            break
    return list(unique.values())


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


def _study() -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # QMCSampler, "experimental" since 3.0
        sampler = optuna.samplers.QMCSampler(scramble=True, seed=SEED)
    return optuna.create_study(sampler=sampler)


def _distribution(part: Choice | Range) -> BaseDistribution:
    if isinstance(part, Choice):
        return CategoricalDistribution(part.values)
    if isinstance(part.low, int) and isinstance(part.high, int):
        return IntDistribution(part.low, part.high, log=part.log)
    return FloatDistribution(part.low, part.high, log=part.log)


def _middle(part: Choice | Range) -> Any:
    if isinstance(part, Choice):
        return part.values[0]
    middle = (part.low * part.high) ** 0.5 if part.log else (part.low + part.high) / 2
    return round(middle) if isinstance(part.low, int) and isinstance(part.high, int) else middle

"""Scores in the target's unit, the naive predictors, and whether a difference of scores is more than luck."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from steps.errors import BadInput
from steps.learning.dataset import Dataset, Task
from steps.learning.split import Mask
from steps.models.base import Array
from steps.summaries.decision import Bootstrap, Score

DRAWS: Final = 2000
FEWEST_BLOCKS: Final = 5
METRICS: Final = {"rmse": False, "mae": False, "accuracy": True, "macro_f1": True}  # whether higher is better
_DECIDING: Final = {"regression": ("rmse", "mae"), "classification": ("accuracy",)}


def deciding(metric: str, task: Task) -> str:
    """The metric, if a gate can decide such a task by it.

    Raises:
        BadInput: it cannot.
    """
    if metric not in _DECIDING[task]:
        raise BadInput(f"the gate's metric is {metric!r}; wanted one of {', '.join(_DECIDING[task])}")
    return metric


def better(metric: str, one: float, other: float) -> bool:
    """Whether `one` is a better score than `other`."""
    return one > other if METRICS[metric] else one < other


def score(name: str, answers: Array, truth: Array, task: Task = "regression") -> Score:
    """The score of `answers`."""
    if task == "classification":
        values = {"accuracy": float(np.mean(answers == truth)), "macro_f1": _macro_f1(answers, truth)}
    else:
        error = answers - truth
        values = {"rmse": float(np.sqrt(np.mean(error**2))), "mae": float(np.mean(np.abs(error)))}
    return Score.model_validate({"name": name, "rows": len(truth), **values})


def _macro_f1(answers: Array, truth: Array) -> float:
    """The mean over all classes that are true or were answered; a class that was never answered correctly counts 0."""
    found = []
    for each in np.union1d(answers, truth):
        right = float(np.sum((answers == each) & (truth == each)))
        found.append(2 * right / float(np.sum(answers == each) + np.sum(truth == each)))
    return float(np.mean(found))


def naive(dataset: Dataset, learned: Mask, scored: Mask) -> tuple[Score, ...]:
    """The scores of the naive predictors."""
    truth = dataset.target[scored]
    return tuple(score(name, answers, truth, dataset.task) for name, answers in dataset.naive(learned, scored))


def bootstrap(
    champion: Array, challenger: Array, blocks: "np.ndarray[Any, Any]", *, metric: str, confidence: float, seed: int
) -> Bootstrap:
    """Compare the errors (answer − truth) of two predictors on the same rows by resampling whole blocks of them.

    Errors of neighbouring hours, and of locations at the same hour, are alike; so `blocks` (one label a row) are drawn,
    with replacement, and not rows (Künsch 1989, https://doi.org/10.1214/aos/1176347265).
    """
    _, block = np.unique(blocks, return_inverse=True)
    count = int(block.max()) + 1
    cost = _COSTS[metric]
    sums = np.stack([np.bincount(block, cost(error)) for error in (champion, challenger)])
    rows = np.bincount(block)

    def differences(times_drawn: Any) -> Any:
        means = times_drawn @ sums.T / (times_drawn @ rows)[..., None]
        scores = np.sqrt(means) if metric == "rmse" else means
        return scores[..., 0] - scores[..., 1]

    difference = float(differences(np.ones(count)))
    if count < FEWEST_BLOCKS:
        return Bootstrap(difference=difference, confidence=confidence, blocks=count)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=DRAWS)
    bound = float(np.quantile(differences(drawn.astype(np.float64)), 1 - confidence))
    return Bootstrap(difference=difference, bound=bound, confidence=confidence, blocks=count, draws=DRAWS)


# of an error; its mean is the score before any root, or what an accuracy lacks
_COSTS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "rmse": np.square,
    "mae": np.abs,
    "accuracy": lambda error: (error != 0).astype(np.float64),
}

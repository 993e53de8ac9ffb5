"""Scores in the target's unit, the naive predictors, and whether a difference of scores is more than luck."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from steps.errors import BadInput
from steps.learning.dataset import Dataset
from steps.learning.split import Mask
from steps.models.base import Array

DRAWS: Final = 2000
FEWEST_BLOCKS: Final = 5
METRICS: Final = ("rmse", "mae")


@dataclass(frozen=True)
class Score:
    """How far a predictor was off over `rows` rows: root mean square and mean absolute error."""

    name: str
    rmse: float
    mae: float
    rows: int

    def by(self, metric: str) -> float:
        """The score that decides.

        Raises:
            BadInput: there is no such metric.
        """
        if metric not in METRICS:
            raise BadInput(f"the gate's metric is {metric!r}; wanted one of {', '.join(METRICS)}")
        return self.rmse if metric == "rmse" else self.mae

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Bootstrap:
    """How much lower the challenger's score is than the champion's, and what that is at least.

    `bound` is the one-sided lower bound at `confidence` over `draws` resamples of the `blocks`; None where these are
    too few to say anything.
    """

    difference: float
    bound: float | None
    confidence: float
    blocks: int
    draws: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def score(name: str, answers: Array, truth: Array) -> Score:
    """The score of `answers`."""
    error = answers - truth
    return Score(name, float(np.sqrt(np.mean(error**2))), float(np.mean(np.abs(error))), len(error))


def naive(dataset: Dataset, learned: Mask, scored: Mask) -> tuple[Score, Score]:
    """Persistence (what is now will be), and each location's mean of the learned rows."""
    rows, truth = dataset.rows.loc[scored], dataset.target[scored]
    means = dataset.rows.loc[learned].groupby("location")["target"].mean()
    whole = float(dataset.target[learned].mean())  # for a location that has only just begun
    mean = rows["location"].map(means).fillna(whole).to_numpy(dtype=np.float64)
    return score("persistence", dataset.value[scored], truth), score("training mean", mean, truth)


def bootstrap(
    champion: Array, challenger: Array, blocks: "np.ndarray[Any, Any]", *, metric: str, confidence: float, seed: int
) -> Bootstrap:
    """Compare the errors of two predictors on the same rows by resampling whole blocks of them.

    Errors of neighbouring hours, and of locations at the same hour, are alike; so `blocks` (one label a row) are drawn,
    with replacement, and not rows (Künsch 1989, https://doi.org/10.1214/aos/1176347265).
    """
    _, block = np.unique(blocks, return_inverse=True)
    count = int(block.max()) + 1
    cost = np.square if metric == "rmse" else np.abs
    sums = np.stack([np.bincount(block, cost(error)) for error in (champion, challenger)])
    rows = np.bincount(block)

    def differences(times_drawn: Any) -> Any:
        means = times_drawn @ sums.T / (times_drawn @ rows)[..., None]
        scores = np.sqrt(means) if metric == "rmse" else means
        return scores[..., 0] - scores[..., 1]

    difference = float(differences(np.ones(count)))
    if count < FEWEST_BLOCKS:
        return Bootstrap(difference, None, confidence, count, 0)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=DRAWS)
    bound = float(np.quantile(differences(drawn.astype(np.float64)), 1 - confidence))
    return Bootstrap(difference, bound, confidence, count, DRAWS)

"""Whether a dataset has enough rows for training and judging."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from steps.errors import CheckFailed
from steps.learning.dataset import Dataset

FEWEST: Final = 24  # rows to learn from, and to be scored on


def check(dataset: Dataset, count: int, what: str) -> None:
    """Check that the training part, each of its `count` folds and the holdout have enough rows. `what`: the rows in
    words.

    Raises:
        CheckFailed: one of them has too few.
    """
    part = np.flatnonzero(dataset.training())
    parts: list[tuple[str, Sequence[int]]] = [("the split", (len(part), int(dataset.holdout().sum())))]
    if len(part):
        found = dataset.folds(part, count)
        parts += [(f"fold {n} of {count}", (int(f.learn.sum()), int(f.score.sum()))) for n, f in enumerate(found, 1)]
    short = next(((name, sizes) for name, sizes in parts if min(sizes) < FEWEST), None)
    if short:
        name, (learned, scored) = short
        parts_of = f"{name} has {learned} to learn from and {scored} to be scored on"
        raise CheckFailed(f"{what} are too few: {parts_of}, wanted {FEWEST} of each; take more")

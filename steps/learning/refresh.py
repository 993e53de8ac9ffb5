"""Whether the live model is refreshed: its own recipe, fitted again on everything, now that the data have grown.

What competes is a recipe, what serves is a model, and a model that stays as it was fitted falls behind. So where the
champion's recipe is kept, the model that it gives on all rows is released, unless the live one is better on the newest
rows, from which neither has learned, by more than chance and a margin. For that comparison a series holds back its
newest days; a table, whose rows have no order, is cross-fitted over all rows that the live model has not seen. Where
rows that the live model learned from were taken back, nothing is compared: what they taught it must go.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from steps.contract.declaration import Judged
from steps.learning import gate, scoring
from steps.learning.dataset import Dataset
from steps.learning.recipe import SEED, ask, train
from steps.models import Model
from steps.models.base import Array
from steps.pages.words import count
from steps.summaries.decision import Afterwards, Recipe, Score

MARGIN: Final = 0.02  # of the live model's error; what is held back to compare the two costs about as much


@dataclass(frozen=True)
class Live:
    """The live model: its version, the recipe that made it, and the dataset that it was fitted on. `taken_back`: how
    many rows of that people have taken back since."""

    version: int
    recipe: Recipe
    model: Model
    learned: Dataset
    taken_back: int = 0


@dataclass(frozen=True)
class Renewal:
    """Whether the live model is refreshed, and why, in words; nothing if there are no new rows."""

    released: bool
    words: str = ""


def afterwards(dataset: Dataset, live: Live) -> Afterwards | None:
    """How the live model does on the rows that came after it was fitted; None if there are none."""
    later = dataset.later(live.learned)
    if not later.any():
        return None
    score = scoring.score("live model", answers(dataset, live)[later], dataset.target[later], dataset.task)
    return Afterwards(version=live.version, score=score)


def weigh(dataset: Dataset, learning: Judged, live: Live, short: str) -> Renewal:
    """Whether to refresh. `short`: how the champion's recipe falls short of the gate's other conditions, if it does.

    Raises:
        BadInput: the recipe cannot be trained.
    """
    new = int((~dataset.known(live.learned)).sum())
    if not new and not live.taken_back:
        return Renewal(False)
    if not live.taken_back and (waiting := _waiting(dataset, learning, live, new)):
        return Renewal(False, f"Not refreshed: {waiting}.")
    if short:
        return Renewal(False, f"Not refreshed: fitted without the holdout, the champion's recipe has {short}.")
    if live.taken_back:
        rows = count(live.taken_back, "row that was", "rows that were")
        return Renewal(True, f"Refreshed without {rows} taken back: version {live.version} had learned from them.")
    return _guarded(dataset, learning, live, new)


def _waiting(dataset: Dataset, learning: Judged, live: Live, new: int) -> str:
    """Why a refresh is not due yet."""
    rules, learned = learning.refresh, len(live.learned.rows)
    if new >= rules.share * learned:
        return ""
    if dataset.until and live.learned.until and (dataset.until - live.learned.until).days >= rules.days:
        return ""
    wanted = f"{rules.share:.0%}" + (f" or {rules.days} days" if dataset.until else "")
    return (
        f"{count(new, 'row is', 'rows are')} new since version {live.version} was fitted, {new / learned:.1%} of what "
        f"it learned from; wanted {wanted}"
    )


def _guarded(dataset: Dataset, learning: Judged, live: Live, new: int) -> Renewal:
    """Refresh, unless the live model is better on the newest rows by more than chance and the margin."""
    again = np.full(len(dataset.rows), np.nan)
    for fold in dataset.guard(dataset.later(live.learned)):
        model = train(learning, live.recipe, dataset, fold.learn)
        again[fold.score] = ask(model, dataset.rows.loc[fold.score])
    scored, rules = ~np.isnan(again), learning.gate
    if not scored.any():
        rows = count(new, "new row is", "new rows are")
        return Renewal(False, f"Not refreshed yet: {rows} no later than what version {live.version} learned from.")
    truth, theirs, again = dataset.target[scored], answers(dataset, live)[scored], again[scored]
    loss = scoring.bootstrap(
        again - truth,
        theirs - truth,
        dataset.blocks(scored, rules.block_hours),
        metric=rules.metric,
        confidence=rules.confidence,
        seed=SEED,
    )
    span = f"{dataset.span(scored, rules.block_hours)} that neither had learned from{dataset.guarded}"
    if loss.bound is None:
        return Renewal(False, f"Not refreshed yet: {span} are too few to compare them on.")
    refitted = scoring.score("refreshed", again, truth, dataset.task)
    kept = scoring.score("live model", theirs, truth, dataset.task)
    compared = (
        f"on {span}, the champion's recipe fitted again has {_of(refitted, learning)}, the live model (version "
        f"{live.version}) {_of(kept, learning)}"
    )
    if loss.bound > 0 and loss.difference > MARGIN * gate.error(kept, rules):
        return Renewal(False, f"Not refreshed: {compared}, which is better by more than chance.")
    return Renewal(True, f"Refreshed with {count(new, 'new row')}: {compared}.")


def _of(score: Score, learning: Judged) -> str:
    return f"{gate.named(learning.gate)} {gate.formatted(score.by(learning.gate.metric), learning.gate)}"


def answers(dataset: Dataset, live: Live) -> Array:
    """The live model's answers to all rows; a feature that the dataset no longer has is missing to it."""
    return ask(live.model, dataset.rows.reindex(columns=list(live.model.features)))

"""What comes is scored by the model that was live then, and that has not learned from it.

So a model is never asked about rows it knows, and a retraining, which each file may start, loses none: what came before
it counts for the one before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import numpy as np
import pandas as pd
import sqlalchemy as sa

from steps.backends import history, promotions
from steps.backends.database import begin, transact
from steps.backends.history import Entry
from steps.backends.objects import Bucket
from steps.backends.warehouse import batches
from steps.backends.warehouse.batches import Batch
from steps.contract.command import log
from steps.contract.declaration import TableDeclaration
from steps.errors import CheckFailed
from steps.features.table import features
from steps.models import Model
from steps.models.base import Array
from steps.monitoring import scores
from steps.release.stored import load
from steps.tables import copies, history_rows


@dataclass(frozen=True)
class Life:
    """A stretch of time in which a version was live: `since`, and until the next. It has learned from the history up to
    `sequence`; `made`: the decision that fitted it. `refreshed`: its recipe was live before, and is fitted again."""

    version: int
    made: int
    sequence: int
    since: datetime
    refreshed: bool
    model_uri: str
    digest: str


def lives(connection: sa.Connection, project: str) -> list[Life]:
    """All of a project, in order."""
    listed = promotions.listed(connection, project)
    fitted = {one.version: one for one in listed if one.kind != "rollback"}
    found = []
    for one in listed:
        made = fitted.get(one.version)
        if one.live_at is not None and made is not None and made.sequence is not None:
            model = str(made.model_uri), str(made.digest)
            told = int(one.version or 0), made.decision, made.sequence, one.live_at, one.kind == "refresh"
            found.append(Life(*told, *model))
    return sorted(found, key=lambda one: one.since)


def at(known: Sequence[Life], sequence: int, came_at: datetime) -> Life | None:
    """The life in which a number of the history came; None if nothing was live that had not learned from it."""
    there = [one for one in known if one.since <= came_at and one.sequence < sequence]
    return there[-1] if there else None


def score(bucket: Bucket, project: TableDeclaration, until: datetime) -> None:
    """Score all that had come at `until` and is not scored yet.

    Raises:
        CheckFailed: rows of the history are gone from the lake.
    """

    def left(connection: sa.Connection) -> tuple[list[Life], list[Entry], set[int]]:
        done = {one.sequence for one in batches.scored(connection, project.name, until)}
        return lives(connection, project.name), history.entries(connection, project.name), done

    known, entries, done = transact(left)
    waiting = [one for one in entries if one.rows > 0 and one.sequence not in done and one.made_at <= until]
    asked = [(one, life) for one in waiting if (life := at(known, one.sequence, one.made_at))]
    if not asked:
        return
    ever = history_rows.ever(bucket, project.name, entries[-1].sequence)
    first = int(np.searchsorted(ever.came, asked[0][0].sequence))
    fresh = copies.originals(ever.rows, project.table, first) == np.arange(len(ever.rows))
    came = _Came(project, ever, fresh & ever.present)
    for life, own in groupby(asked, key=lambda one: one[1]):
        found = list(came.scored(life, [entry for entry, _ in own]))
        with begin() as connection:
            batches.record(connection, project.name, found)


def naive(learned: "pd.Series[float]", project: TableDeclaration) -> float:
    """What is answered without looking at a row: the mean, or the commonest class."""
    return float(learned.mean() if project.learning.task == "regression" else learned.mode().iloc[0])


def asked(project: TableDeclaration, version: int, model_uri: str, digest: str) -> Model | None:
    """A version's model; None, and the log says why, if its files are gone or it wants other columns than are
    declared."""
    try:
        model = load(model_uri, digest).model
    except CheckFailed as gone:
        log.warning("version %d cannot be scored: %s", version, gone)
        return None
    declared = {column.name: pd.Series(dtype="float64") for column in project.table.columns}
    if not set(model.features) <= set(features(pd.DataFrame(declared), project).columns):
        log.warning("version %d wants other columns than are declared, so it is not scored", version)
        return None
    return model


def answered(model: Model, rows: pd.DataFrame, project: TableDeclaration) -> Array:
    """Its answers to these rows of the history."""
    return model.predict(features(rows, project)[list(model.features)].to_numpy(dtype=np.float64))


@dataclass(frozen=True, eq=False)
class _Came:
    """All rows of the history; and which of them are `fresh`, that is no copies of earlier ones, and still there."""

    project: TableDeclaration
    ever: history_rows.Ever
    fresh: "np.ndarray[tuple[int], np.dtype[np.bool_]]"

    def scored(self, life: Life, entries: Sequence[Entry]) -> Iterator[Batch]:
        """The scores of entries by the model of that life; none if it cannot be asked."""
        model, target = asked(self.project, life.version, life.model_uri, life.digest), self.project.target.name
        if model is None:
            return
        without = naive(self.ever.between(0, life.sequence)[target], self.project)
        for entry in entries:
            part = self.ever.rows[self.fresh & (self.ever.came == entry.sequence)]
            answers = answered(model, part, self.project) if len(part) else np.zeros(0)
            means = (self._missed(part[target], each) for each in (answers, np.full(len(part), without)))
            yield Batch(entry.sequence, life.version, entry.made_at, len(part), *means)

    def _missed(self, truth: "pd.Series[float]", answers: Array) -> float:
        errors = scores.errors(answers, truth.to_numpy(dtype=np.float64), self.project.learning.task)
        return float(errors.mean()) if len(errors) else 0.0

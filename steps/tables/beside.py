"""The models beside a table's live one, each compared with it on rows that neither has learned from: a challenger on
trial, and the former champion while the live one is new.

A look is `LOOK` such rows in the order in which they came, copies left out, however many files they lie in. The looks
of a pair of models are the same each time, and more are added as files come. A trial is over so many days after it
began, since files come when they come; without a look nothing is decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import numpy as np
import pandas as pd
import sqlalchemy as sa

from steps.backends import challengers, history, promotions
from steps.backends.challengers import Trial
from steps.backends.database import transact
from steps.backends.history import Entry
from steps.backends.objects import Bucket
from steps.backends.promotions import Promotion
from steps.contract.declaration import TableDeclaration
from steps.models.base import Array
from steps.monitoring import scores, versus
from steps.monitoring.beside import Beside, wider
from steps.tables import copies, history_rows
from steps.tables.scored import answered, asked

LOOK: Final = 50  # rows


@dataclass(frozen=True)
class _Models:
    """The live model, and those beside it."""

    live: Promotion
    decision: int
    live_at: datetime
    trial: Trial | None
    former: Promotion | None
    entries: Sequence[Entry]


def standing(bucket: Bucket, project: TableDeclaration, now: datetime) -> list[Beside]:
    """Those models as of a time; first the former champion, whose return would end a trial.

    Raises:
        CheckFailed: rows of the history are gone from the lake.
    """
    guarded = project.learning.gate.guarded_days
    known = transact(lambda connection: _models(connection, project.name)) if guarded else None
    if known is None or (known.trial is None and known.former is None):
        return []
    came = _Came.of(bucket, project, [one for one in known.entries if one.made_at <= now], now)
    found = []
    if known.former is not None and now <= known.live_at + timedelta(days=2 * guarded):
        late = now > known.live_at + timedelta(days=guarded)
        found.append(came.beside("former", known, known.former, guarded, late=late))
    if known.trial is not None and known.trial.since is not None:
        over = now > known.trial.since + timedelta(days=known.trial.days)
        found.append(came.beside("challenger", known, known.trial.model, known.trial.days, late=over))
    return found


def _models(connection: sa.Connection, project: str) -> _Models | None:
    now = promotions.champion(connection, project)
    live = promotions.made(connection, project, now.version) if now else None
    if now is None or live is None:
        return None
    since = promotions.live(connection, project).live_at
    former = promotions.former(connection, project)
    return _Models(
        live,
        now.decision,
        since or live.made_at,
        challengers.on_trial(connection, project),
        promotions.made(connection, project, former.version) if former else None,
        history.entries(connection, project),
    )


@dataclass(frozen=True, eq=False)
class _Came:
    """The rows of the history, with the number and the time under which each came."""

    project: TableDeclaration
    rows: pd.DataFrame
    sequence: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    times: Sequence[datetime]
    now: datetime

    @classmethod
    def of(cls, bucket: Bucket, project: TableDeclaration, entries: Sequence[Entry], now: datetime) -> "_Came":
        ever = history_rows.ever(bucket, project.name, entries[-1].sequence if entries else 0)
        rows, came = ever.rows[ever.present].reset_index(drop=True), ever.came[ever.present]
        made_at = {one.sequence: one.made_at for one in entries}
        return cls(project, rows, came, [made_at[number] for number in came], now)

    def beside(
        self,
        role: Literal["challenger", "former"],
        known: _Models,
        other: Promotion,
        days: int,
        *,
        late: bool,
    ) -> Beside:
        looks = self._looks(known.live, other)
        trial = known.trial if role == "challenger" and known.trial else None
        over = trial is not None and late and len(looks) > 0
        found = versus.judged(looks, len(looks) if over else None)
        how, since = (trial.how, trial.since) if trial else (None, None)
        decision = trial.model.decision if trial else known.decision
        told = int(other.version or 0), int(known.live.version or 0), decision
        part = (self.now - since) / timedelta(days=max(days, 1)) if since else 0.0
        due = wider(self.project.learning.gate.shares, trial, part) if trial and len(looks) else 0.0
        return Beside(role, *told, how, since, days, found, late=role == "former" and late, each="look", wider=due)

    def _looks(self, live: Promotion, other: Promotion) -> pd.DataFrame:
        """The looks as `versus.judged` wants them, `own` the live model's mean error; none if one cannot be asked."""
        unseen = np.flatnonzero(self.sequence > max(live.sequence or 0, other.sequence or 0))
        if len(unseen):
            first = int(unseen[0])
            unseen = unseen[copies.originals(self.rows, self.project.table, first)[unseen] == unseen]
        unseen = unseen[: len(unseen) // LOOK * LOOK]
        errors = [self._errors(one, unseen) for one in (live, other)] if len(unseen) else []
        means = [each.reshape(-1, LOOK).mean(axis=1) for each in errors if each is not None]
        own, others = means if len(means) == 2 else (np.zeros(0), np.zeros(0))
        # looks of one day are told apart by microseconds
        ends = [self.times[place] for place in unseen[LOOK - 1 :: LOOK][: len(own)]]
        when = [pd.Timestamp(end.date(), tz="UTC") + pd.Timedelta(microseconds=n) for n, end in enumerate(ends)]
        day = pd.DatetimeIndex(when, tz="UTC") if when else pd.DatetimeIndex([], tz="UTC")
        return pd.DataFrame({"location": 0, "day": day, "hours": LOOK, "own": own, "other": others})

    def _errors(self, made: Promotion, places: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> Array | None:
        """A model's error on each of the rows; None if it cannot be asked."""
        model = asked(self.project, int(made.version or 0), str(made.model_uri), str(made.digest))
        if model is None:
            return None
        part = self.rows.iloc[places]
        truth = part[self.project.target.name].to_numpy(dtype=np.float64)
        return scores.errors(answered(model, part, self.project), truth, self.project.learning.task)

"""The looks at a table's live model, and the way of the detector over them.

A look is a file, or so many that follow each other as it takes for enough rows. The detector goes on when a recipe that
is live is fitted again: each file may do that, and it would never see more than a few files otherwise. It begins anew
with another recipe.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from steps.backends.warehouse.batches import Batch
from steps.monitoring import scores
from steps.monitoring.detector import Detector
from steps.monitoring.watching import ALL, LEVEL, Watched
from steps.summaries.decision import Usual
from steps.tables.scored import Life, at

UsualOf = Callable[[int], Usual]  # what is usual of the model that a decision made


@dataclass(frozen=True)
class Look:
    """What came up to the number `sequence` of the history since the last look; mean errors per row."""

    sequence: int
    day: date
    version: int
    rows: int
    error: float
    naive: float


@dataclass(frozen=True)
class Spell:
    """A recipe's time: the lives of it and of its refits, the looks in them, and the detector's way over these."""

    lives: tuple[Life, ...]
    looks: tuple[Look, ...]
    way: Watched

    @property
    def version(self) -> int:
        """That began it, and names its alarms."""
        return self.lives[0].version

    @property
    def since(self) -> date:
        """The day (UTC) on which it began."""
        return self.lives[0].since.date()

    @property
    def alarms(self) -> list[int]:
        """The places of the looks that were alarms."""
        return [place for place, level in enumerate(self.way.evidence) if level >= self.way.level]


def spells(known: Sequence[Life], scored: Sequence[Batch], usual: UsualOf) -> list[Spell]:
    """All of a project, in order."""
    parts: list[list[Life]] = []
    for life in known:
        if life.refreshed and parts:
            parts[-1].append(life)
        else:
            parts.append([life])
    when = [(at(known, one.sequence, one.came_at), one) for one in scored]
    return [_spell(part, [one for life, one in when if life in part], usual) for part in parts]


def _spell(lives: Sequence[Life], scored: Sequence[Batch], usual: UsualOf) -> Spell:
    found = _looks(scored)
    made = {one.version: usual(one.made) for one in lives}
    told = scores.score(np.array([one.error for one in found]), np.array([one.naive for one in found])).tolist()
    detector, levels, days = Detector(scores.NO_BETTER, LEVEL), [], tuple(one.day for one in found)
    for look, value in zip(found, told, strict=True):
        detector.usual = made[look.version].score
        levels.append(LEVEL if detector.saw(value) else detector.evidence)
    alarms = tuple(day for day, level in zip(days, levels, strict=True) if level >= LEVEL)
    return Spell(tuple(lives), tuple(found), Watched("error", ALL, LEVEL, days, tuple(told), tuple(levels), alarms))


def _looks(scored: Sequence[Batch]) -> list[Look]:
    found: list[Look] = []
    waiting: list[Batch] = []
    for one in scored:
        if waiting and waiting[-1].version != one.version:
            waiting = []  # too few rows to say anything of that version
        waiting.append(one)
        if (rows := sum(each.rows for each in waiting)) >= scores.FEWEST_ROWS:
            error, naive = (
                sum(getattr(each, name) * each.rows for each in waiting) / rows for name in ("error", "naive")
            )
            found.append(Look(one.sequence, one.came_at.date(), one.version, rows, error, naive))
            waiting = []
    return found

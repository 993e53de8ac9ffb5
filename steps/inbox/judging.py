"""What becomes of each file of a batch: its valid rows are compared with the whole history.

Files are judged in order, so that of two files with the same row the earlier one adds it, and each is compared with
what the earlier ones added, too; a file takes as long as its own rows do, however many came before. A pure function:
called again with a longer history it gives the answer for that history.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from steps.backends.ledger import Upload
from steps.inbox.batches import Read
from steps.tables import Verdict
from steps.tables.world import Known

Shifted = Callable[[pd.DataFrame, Known], str | None]
Originals = Callable[[pd.DataFrame, int], Any]


@dataclass(frozen=True, eq=False)
class Judged:
    """One file: what becomes of it, its new rows, how many were known or left out, and what to say about it. `copied`:
    of the new rows, those that are copies of earlier ones up to rounding."""

    read: Read
    state: Literal["done", "known", "quarantined"]
    rows: pd.DataFrame
    known: int
    refused: int
    reason: str | None
    notes: tuple[str, ...]
    copied: int = 0

    @property
    def upload(self) -> Upload:
        """The upload."""
        return self.read.upload


def judge(
    batch: Sequence[Read],
    verdicts: Mapping[str, Verdict],
    history: pd.DataFrame,
    shifted: Shifted,
    originals: Originals,
) -> list[Judged]:
    """Decide about every file of `batch`. `shifted`: why new rows come from a different world than the known ones, or
    None; `originals`: for each row from a position on, the position of the one that it is a copy of."""
    seen, known = set(history["row"]), Known(history)
    judged: list[Judged] = []
    for one in batch:
        verdict = verdicts[one.upload.upload]
        new = _unseen(verdict.rows, seen)
        vouched = one.upload.who is not None  # a person has confirmed that the world has changed
        reason = verdict.reason or (shifted(new, known) if len(new) and not vouched else None)
        if reason is not None:
            judged.append(Judged(one, "quarantined", new.iloc[:0], 0, 0, reason, ()))
            continue
        seen.update(new["row"])
        known.add(new)
        state: Literal["done", "known"] = "done" if len(new) else "known"
        left = len(verdict.rows) - len(new)
        judged.append(Judged(one, state, new, left, verdict.refused_rows, None, verdict.notes))
    rows = pd.concat([history, *(one.rows for one in judged)], ignore_index=True)
    copied = np.asarray(originals(rows, len(history))) != np.arange(len(rows))
    ends = len(history) + np.cumsum([len(one.rows) for one in judged])
    return [
        replace(one, copied=int(copied[end - len(one.rows) : end].sum())) for one, end in zip(judged, ends, strict=True)
    ]


def _unseen(rows: pd.DataFrame, seen: Set[str]) -> pd.DataFrame:
    """The rows that have not been seen, each once. What was seen is looked up, where pandas' `isin` would copy it."""
    first: dict[str, int] = {}
    for at, row in enumerate(rows["row"]):
        if row not in seen:
            first.setdefault(row, at)
    if len(first) == len(rows):
        return rows
    return rows.iloc[list(first.values())].reset_index(drop=True)

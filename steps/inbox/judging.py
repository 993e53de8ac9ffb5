"""What becomes of each file of a batch: its valid rows are compared with the whole history.

Files are judged in order, so that of two files with the same row the earlier one adds it. A pure function: called again
with a longer history it gives the answer for that history.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from steps.backends.ledger import Upload
from steps.inbox.batches import Read
from steps.tables import Verdict

Shifted = Callable[[pd.DataFrame], str | None]


@dataclass(frozen=True, eq=False)
class Judged:
    """One file: what becomes of it, its new rows, how many were known or left out, and what to say about it."""

    read: Read
    state: Literal["done", "known", "quarantined"]
    rows: pd.DataFrame
    known: int
    refused: int
    reason: str | None
    notes: tuple[str, ...]

    @property
    def upload(self) -> Upload:
        """The upload."""
        return self.read.upload


def judge(batch: Sequence[Read], verdicts: Mapping[str, Verdict], known: set[str], shifted: Shifted) -> list[Judged]:
    """Decide about every file of `batch`. `known`: the rows of the history; `shifted`: why new rows come from a
    different world, or None."""
    seen = set(known)
    judged = []
    for one in batch:
        verdict = verdicts[one.upload.upload]
        new = verdict.rows[~verdict.rows["row"].isin(seen)].drop_duplicates("row", ignore_index=True)
        vouched = one.upload.who is not None  # a person has confirmed that the world has changed
        reason = verdict.reason or (shifted(new) if len(new) and not vouched else None)
        if reason is not None:
            judged.append(Judged(one, "quarantined", new.iloc[:0], 0, 0, reason, ()))
            continue
        seen.update(new["row"])
        state: Literal["done", "known"] = "done" if len(new) else "known"
        left = len(verdict.rows) - len(new)
        judged.append(Judged(one, state, new, left, verdict.refused_rows, None, verdict.notes))
    return judged

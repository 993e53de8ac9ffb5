"""What arrived in a project's inbox, and what became of each file."""

from typing import Literal

from pydantic import Field

from steps.summaries.base import Count, Part, Summary
from steps.summaries.validation import Expectation


class File(Part):
    """A file by its key in the inbox."""

    key: str


class Kept(File):
    """A file and the key that it was moved to."""

    place: str | None = None


class Accepted(Kept):
    """A file whose rows joined the history, but for those that it has already and those that were refused.
    `rows_copied`: of the new ones, those that are copies of earlier rows up to rounding."""

    rows_new: Count
    rows_known: Count
    rows_refused: Count
    rows_copied: Count = 0
    notes: tuple[str, ...] = ()


class Quarantined(Kept):
    """A file that cannot be learned from."""

    reason: str = ""


class Missing(File):
    """A file that was gone before it could be read."""

    reason: str = ""


class Retracted(Kept):
    """A file that a person took back, and how many rows left the history with it."""

    rows_left: Count = 0
    why: str = ""


class Ingest(Summary):
    """A run that looked into the inbox. Lists are cut, `claimed` and `counts` are not. `training`: the run it started;
    `sequence` and `rows`: the newest state of the history, and how many rows that has."""

    kind: Literal["ingest"] = "ingest"
    project: str = ""
    run: str = ""
    claimed: Count
    counts: dict[str, Count] = Field(default_factory=dict)
    accepted: tuple[Accepted, ...]
    known: tuple[Kept, ...]
    quarantined: tuple[Quarantined, ...]
    missing: tuple[Missing, ...]
    retracted: tuple[Retracted, ...] = ()
    sequence: Count | None = None
    rows: Count | None = None
    training: str | None = None
    suites: tuple[Expectation, ...] = ()
    words: str = ""
    made_at: str = ""

"""What goes into the checks of dropped files, and what comes out."""

from dataclasses import dataclass

import pandas as pd

from steps.summaries.validation import Expectation


class Unfit(Exception):
    """A file is refused; the message is the reason for its owner, in one line."""


@dataclass(frozen=True)
class File:
    """A dropped file: its upload's id, its name, its content."""

    upload: str
    name: str
    body: bytes


@dataclass(frozen=True, eq=False)
class Verdict:
    """On one file, accepted if `reason` is None.

    `rows` are its valid rows in the file's order, doubled ones included: `row`, then the declared columns (numbers as
    float64, levels as str); no rows if it is refused. `refused_rows` were left out, `notes` say why.
    """

    upload: str
    reason: str | None
    rows: pd.DataFrame
    refused_rows: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Examined:
    """The verdicts, in the order of the files, and how many of their rows were as expected."""

    verdicts: tuple[Verdict, ...]
    suites: tuple[Expectation, ...]

"""Examine many files at once: each is read separately, and the rows of all are validated together, since Great
Expectations takes as long for one row as for ten thousand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from steps.checking.expectations import Expectations, Outcome
from steps.contract.batches import batches
from steps.contract.declaration import Table, TableDeclaration
from steps.pages.words import count, quantity
from steps.summaries.validation import Expectation, added_up
from steps.tables import suites
from steps.tables.reading import Content, read
from steps.tables.rows import identified
from steps.tables.verdicts import Examined, File, Unfit, Verdict

_TOGETHER = 8 * 2**20  # bytes of files whose rows are validated together: thousands of small files, or one large one
_PART = 200_000  # rows that are validated at a time; both limit the memory


def examine(files: Sequence[File], declaration: TableDeclaration) -> Examined:
    """The verdict on each file; whatever it contains, this does not raise.

    Raises:
        CheckFailed: an expectation could not be evaluated, which is a defect of ours.
    """
    table = declaration.table
    verdicts: list[Verdict] = []
    outcomes: list[Expectation] = []
    for group in batches(files, lambda file: len(file.body), largest=_TOGETHER):
        found, own = _examined(group, table)
        verdicts += found
        outcomes += [outcome.counted() for outcome in own]
    return Examined(tuple(verdicts), added_up(outcomes))


def _examined(files: Sequence[File], table: Table) -> tuple[list[Verdict], list[Outcome]]:
    contents = [_read(file, table) for file in files]
    frame = identified(_together([one for one in contents if isinstance(one, Content)], table), table)
    outcomes = _validated(frame, table)
    failed = np.zeros(len(frame), dtype=bool)
    for outcome in outcomes:
        failed[outcome.failed] = True
    verdicts: list[Verdict] = []
    start = 0
    for file, content in zip(files, contents, strict=True):
        if isinstance(content, str):
            verdicts.append(Verdict(file.upload, content, frame.iloc[:0]))
            continue
        part = slice(start, start + content.rows)
        own = _Rows(frame.iloc[part], failed[part], content.numbers, content.notes, outcomes)
        verdicts.append(_verdict(file, own, table))
        start += content.rows
    return verdicts, outcomes


@cache
def _expectations() -> Expectations:
    return Expectations()


def _read(file: File, table: Table) -> Content | str:
    """The content of the file, or why it is refused."""
    try:
        return read(file.body, table)
    except Unfit as unfit:
        return str(unfit)


def _together(contents: Sequence[Content], table: Table) -> pd.DataFrame:
    """The rows of all files, one after the other. The columns are moved out of the contents, so that none is held
    twice."""
    columns: dict[str, Any] = {}
    for column in table.columns:
        parts = [one.columns.pop(column.name) for one in contents]
        if column.levels:
            chunks = [chunk for part in parts for chunk in part.chunks]
            columns[column.name] = pd.Series(pa.chunked_array(chunks, pa.string()), dtype="str")
        else:
            columns[column.name] = np.concatenate(parts) if parts else np.empty(0)
    return pd.DataFrame(columns, copy=False)


def _validated(frame: pd.DataFrame, table: Table) -> list[Outcome]:
    """The outcomes over all rows; the labels that failed are positions in the frame."""
    suite = suites.of_rows(table)
    parts = []
    for start in range(0, max(len(frame), 1), _PART):
        part = frame.iloc[start : start + _PART]
        parts.append(_expectations().validate(part.assign(**suites.fractions(part, table)), suite))
    return [_joined(same) for same in zip(*parts, strict=True)]


def _joined(same: Sequence[Outcome]) -> Outcome:
    """One expectation's outcomes on parts of a frame, as one on the whole of it."""
    failed = np.sort(np.concatenate([one.failed for one in same]))
    return replace(same[0], checked=sum(one.checked for one in same), failed=failed)


@dataclass(frozen=True, eq=False)
class _Rows:
    """One file's part of all rows: which of them failed, the numbers of their lines, and notes on the reading."""

    frame: pd.DataFrame
    failed: Any
    numbers: Any
    notes: tuple[str, ...]
    outcomes: Sequence[Outcome]

    def faults(self, table: Table, rows: slice = slice(None)) -> list[tuple[int, str]]:
        """What failed in some of them, with the number of rows."""
        own = self.frame.iloc[rows]
        by_name = {column.name: column for column in table.columns}
        found: list[tuple[int, str]] = []
        for outcome in self.outcomes:
            first, last = np.searchsorted(outcome.failed, [own.index[0], own.index[-1] + 1])
            if first < last:
                values = own[outcome.column].loc[outcome.failed[first:last]]
                found += suites.faults(outcome.fault, values, by_name[outcome.column])
        return found


def _verdict(file: File, own: _Rows, table: Table) -> Verdict:
    """The verdict on a file that could be read."""
    total, failed = len(own.frame), int(own.failed.sum())
    if not failed:
        return Verdict(file.upload, None, own.frame.reset_index(drop=True), notes=own.notes)
    if failed > table.refused_share * total:
        first = int(np.flatnonzero(own.failed)[0])
        _, said = own.faults(table, slice(first, first + 1))[0]
        share = (
            f"{quantity(failed)} of {count(total, 'row')} {'are' if failed > 1 else 'is'} out of bounds or incomplete"
        )
        limit = f"wanted at most {table.refused_share:.2%} of them".replace(".00%", "%")
        reason = f"{share}, {limit}; the first is line {quantity(own.numbers[first])}: {said}"
        return Verdict(file.upload, reason, own.frame.iloc[:0].reset_index(drop=True))
    notes = [*own.notes] + [f"{count(rows, 'row')}: {words}" for rows, words in own.faults(table)]
    return Verdict(file.upload, None, own.frame[~own.failed].reset_index(drop=True), failed, tuple(notes))

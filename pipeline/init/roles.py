"""What the columns of a series are for: which has the times, which says whose they are, which is the target.
What is not said is guessed, and how is told."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from pipeline.errors import UserError
from pipeline.init import columns, many
from pipeline.init.reading import Sample
from steps.contract.written import NUMBER

_TIMES: Final = ("time", "datetime", "timestamp", "date", "hour", "ds")
_MOST_ENTITIES: Final = 500
_LOOKED_AT: Final = 200  # rows, to tell whether a column has times


@dataclass(frozen=True)
class Role:
    """A column, and how it was found."""

    name: str
    why: str = "as asked"


@dataclass(frozen=True)
class Roles:
    """The columns, and how each was found. `entity`: empty where all rows are of one."""

    time: Role
    entity: Role
    target: Role


def times(sample: Sample) -> str:
    """The column whose texts are times, the first or the one of such a name; empty if there is none, as in a table."""
    found = [name for index, name in enumerate(sample.names) if name and _are_times(sample, index)]
    return next((name for name in found if name.lower() in _TIMES), found[0] if found else "")


def told(parts: Sequence[Sample], sample: Sample, time: str, entity: str, target: str) -> Roles:
    """The roles of a series' columns; `parts`: the files that it is made of. An entity that is no column but the file
    that a row is of is called as in `many.FILE`.

    Raises:
        UserError: several rows have one time, and nothing tells them apart; or no column can be the target.
    """
    when = Role(time) if time else Role(times(sample), "guessed, as it holds times; --time names another")
    whose = Role(entity) if entity else _entity(parts, sample, when.name)
    if target:
        return Roles(when, whose, Role(target))
    able = [one.name for one in columns.told(sample) if one.numbers is not None and not one.left_out]
    able = [name for name in able if name not in (when.name, whose.name)]
    if not able:
        raise UserError(f"{sample.file} has no column of numbers that could be a target; give another folder")
    return Roles(when, whose, Role(able[-1], "guessed, the last one; --target names another"))


def _are_times(sample: Sample, index: int) -> bool:
    there = [text for text in islice(sample.column(index), _LOOKED_AT) if text]
    return bool(there) and all(not re.match(NUMBER, text) and _is_time(text) for text in there)


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _entity(parts: Sequence[Sample], sample: Sample, time: str) -> Role:
    """What tells rows of one time apart; empty where no two have one time."""
    if time not in sample.names:
        return Role("")  # which is refused with its name
    at = sample.names.index(time)
    at_all = sample.column(at)
    if len(set(at_all)) == len(at_all):
        return Role("")
    for index, name in enumerate(sample.names):
        whose = sample.column(index)
        apart = len(set(zip(at_all, whose, strict=True))) == len(at_all)
        if index != at and apart and len(set(whose)) <= min(_MOST_ENTITIES, len(whose) // 2):
            return Role(name, "guessed, as it tells rows of one time apart; --entity names another")
    if all(len({row[at] for row in one.rows}) == len(one.rows) for one in parts):
        return Role(many.FILE, "guessed, as no file has a time twice, so that each is of one; --entity names another")
    raise UserError(f"{sample.file}: several rows have one time; name the column that tells them apart by --entity")

"""The plan: what `plan` found missing or patched, for `fetch` and `prepare` to act on. A file of JSON."""

from datetime import date, datetime
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from steps.archive.base import Found
from steps.errors import BadInput


class Wanted(BaseModel):
    """One version of a location's day that the lake lacks; see `Found`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    location: int
    day: date
    path: str
    etag: str
    size: int

    @classmethod
    def of(cls, found: Found) -> Self:
        """The version that the archive has found."""
        return cls(location=found.location, day=found.day, path=found.path, etag=found.etag, size=found.size)

    def found(self) -> Found:
        """The version as the archive knows it."""
        return Found(self.location, self.day, self.path, self.etag, self.size)


class Plan(BaseModel):
    """The days that a run collects. `first` and `last` are local days; `as_of` is UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    locations: tuple[int, ...]
    parameter: str
    as_of: datetime
    first: date
    last: date
    fetch: tuple[Wanted, ...]
    days_without_file: int


def read_plan(path: Path) -> Plan:
    """The plan in that file.

    Raises:
        BadInput: it is not a plan.
    """
    try:
        return Plan.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise BadInput(f"{path} is not a plan: {where}: {first['msg']}; run plan again") from None

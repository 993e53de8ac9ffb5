"""The file: a line of JSON for each run of a bench. A line that cannot be read costs itself and no other."""

import os
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from tests import ROOT


class Beside(BaseModel):
    """What was measured side by side with a figure, in the same unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    value: FiniteFloat


class Figure(BaseModel):
    """One measure of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    value: FiniteFloat
    unit: str
    beside: Beside | None = None

    @property
    def ratio(self) -> float | None:
        """How many times what was measured beside it; None: nothing was, or it was nothing."""
        return self.value / self.beside.value if self.beside and self.beside.value else None


class Line(BaseModel):
    """A run of a bench. `commit` ends with + where the checkout differs from it; `load`: of the machine, on average of
    a minute, when the run began."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bench: str
    at: datetime
    commit: str
    machine: str
    cores: int
    load: FiniteFloat
    seconds: FiniteFloat
    figures: tuple[Figure, ...]


def place() -> Path:
    """Where the file is: BENCH_HISTORY, else in the checkout."""
    return Path(os.environ.get("BENCH_HISTORY") or ROOT / ".bench" / "history.jsonl")


def append(line: Line) -> None:
    """Add a line, in one write, so that two benches at once do not mix theirs."""
    file = place()
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, f"{line.model_dump_json(exclude_none=True)}\n".encode())
    finally:
        os.close(handle)


def read(file: Path) -> tuple[list[Line], list[str]]:
    """The runs in the order of their time, and a word on each line that is none.

    Raises:
        FileNotFoundError: no bench has run yet.
    """
    found, broken = list[Line](), list[str]()
    for number, text in enumerate(file.read_bytes().splitlines(), 1):
        try:
            found.append(Line.model_validate_json(text))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the whole"
            broken.append(f"{file}:{number} is left out: {where}: {first['msg']}")
    return sorted(found, key=lambda line: line.at), broken

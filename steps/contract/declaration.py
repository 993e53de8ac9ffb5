"""What a step knows of the project: the declaration that the manifest embeds, checked.

Its author's side, with what each field means, is `pipeline/project.py`; the two are held together by a test.
"""

import importlib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, ValidationError

from steps.errors import BadInput


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Quantity(_Part):
    unit: str
    low: float
    high: float
    stuck_hours: int | None


class Expectations(_Part):
    null_share: float
    gap_hours: int
    age_days: int
    refused_share: float


class Choice(_Part):
    kind: Literal["choice"]
    values: tuple[float | int | str | bool, ...]


class Range(_Part):
    kind: Literal["range"]
    low: int | float
    high: int | float
    log: bool


class Family(_Part):
    name: str
    model: str
    trials: int
    space: dict[str, Annotated[Choice | Range, Discriminator("kind")]]


class Gate(_Part):
    metric: str
    bound: float | None
    confidence: float
    block_hours: int


class Judged(_Part):
    """What every project declares about learning."""

    target: str
    holdout_share: float
    folds: int
    trial_rows: int
    families: tuple[Family, ...]
    gate: Gate

    def family(self, name: str) -> Family:
        """The family of that name.

        Raises:
            BadInput: the project declares none.
        """
        for family in self.families:
            if family.name == name:
                return family
        raise BadInput(f"no model family {name!r}; the project has {', '.join(f.name for f in self.families)}")


class Learning(Judged):
    task: Literal["regression"] = "regression"
    horizon_hours: int
    features: str
    lags: tuple[int, ...]
    windows: tuple[int, ...]
    neighbours: int
    band: float


class Declaration(_Part):
    kind: Literal["series"]
    name: str
    title: str
    quantities: dict[str, Quantity]
    locations: tuple[int, ...]
    window_days: int
    pods: int
    expectations: Expectations
    learning: Learning

    def unit(self, parameter: str) -> str:
        """The unit of what is predicted."""
        return self.quantities[parameter].unit


class Column(_Part):
    name: str
    unit: str
    low: float
    high: float
    above: bool
    whole: bool
    levels: tuple[str, ...]


class Table(_Part):
    columns: tuple[Column, ...]
    header: Literal["required", "optional"]
    refused_share: float
    largest_mb: int


class Shift(_Part):
    tolerance: float
    errors: float
    rows: int


class TableLearning(Judged):
    task: Literal["regression", "classification"]
    shift: Shift | None


class TableDeclaration(_Part):
    kind: Literal["table"]
    name: str
    title: str
    table: Table
    pods: int
    learning: TableLearning

    @property
    def target(self) -> Column:
        """The column that is predicted."""
        return next(column for column in self.table.columns if column.name == self.learning.target)

    def unit(self, parameter: str) -> str:
        """The unit of what is predicted."""
        return next((column.unit for column in self.table.columns if column.name == parameter), "")


def parse(text: str) -> Declaration:
    """The declaration of a project that learns from series.

    Raises:
        BadInput: it is not JSON, or a field is missing, unknown or of the wrong type.
    """
    return _parsed(Declaration, text)


def parse_table(text: str) -> TableDeclaration:
    """The declaration of a project that learns from tables.

    Raises:
        BadInput: as for `parse`.
    """
    return _parsed(TableDeclaration, text)


def parse_any(text: str) -> Declaration | TableDeclaration:
    """The declaration of a project of either kind.

    Raises:
        BadInput: as for `parse`.
    """
    if '"kind": "table"' in text:
        return parse_table(text)
    return parse(text)


def _parsed[D: BaseModel](kind: type[D], text: str) -> D:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise BadInput(f"--declaration: {where}: {first['msg']}; render the manifests again") from None


def load(name: str) -> Any:
    """The object that `module:name` names, inside `steps`.

    Raises:
        BadInput: it is not of that form, or not there.
    """
    module, _, attribute = name.partition(":")
    if not module.startswith("steps.") or not attribute:
        raise BadInput(f"{name!r} does not name a function or class of steps; wanted steps.module:name")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BadInput(f"{name!r} is not there: {error}") from error

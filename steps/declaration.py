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


class Learning(_Part):
    target: str
    horizon_hours: int
    holdout_share: float
    folds: int
    trial_rows: int
    features: str
    lags: tuple[int, ...]
    windows: tuple[int, ...]
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


class Declaration(_Part):
    name: str
    title: str
    quantities: dict[str, Quantity]
    locations: tuple[int, ...]
    window_days: int
    expectations: Expectations
    learning: Learning


def parse(text: str) -> Declaration:
    """The declaration in `text`.

    Raises:
        BadInput: it is not JSON, or a field is missing, unknown or of the wrong type.
    """
    try:
        return Declaration.model_validate_json(text)
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

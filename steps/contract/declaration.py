"""What a project is, as far as steps need it, and how a step reads it from the JSON that its manifest embeds.

This is the only schema of it: `pipeline.project.Project` and `TableProject` extend it by what only a workflow needs.
Functions and classes are named `module:name`, so that the JSON stays plain. Shares are of 1.
"""

import importlib
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from steps.errors import BadInput

Number = float | int  # whole numbers stay whole


class Part(BaseModel):
    """A part of a declaration: what is unknown or of the wrong type is refused, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Quantity(Part):
    """A measured parameter: its unit, and the range outside which a value is an instrument's fault. Values that come in
    another unit of its kind are converted."""

    unit: str
    low: Number
    high: Number
    molar_mass: Number | None = None  # g/mol, of a gas
    also: tuple[str, ...] = ()  # what else sources call it
    stuck_hours: int | None = None  # so many hours in a row without a change: it is stuck; None where that is normal
    rests_at_zero: bool = False  # hours of exactly 0 are what clean air reads, not a sensor that is stuck


class Expectations(Part):
    """When a location's day is refused, and when so many are that the run stops."""

    null_share: float  # of the day's rows, per parameter
    gap_hours: int  # longest stretch of the day without the target
    age_days: int  # the newest accepted day may be this much older than as-of (freshness)
    refused_share: float  # of the run's location-days


class Choice(Part):
    """A trial parameter: one of `values`."""

    values: tuple[float | int | str | bool, ...]
    kind: Literal["choice"] = "choice"


class Range(Part):
    """A trial parameter: a number from `low` to `high`; whole where both are ints."""

    low: Number
    high: Number
    log: bool = False  # spread evenly in its logarithm
    kind: Literal["range"] = "range"


class Family(Part):
    """A model family (`model` is `module:Class`), how many trials it gets, and the space they are drawn from."""

    name: str
    model: str
    trials: int
    space: dict[str, Annotated[Choice | Range, Field(discriminator="kind")]]


class Gate(Part):
    """What a challenger must pass besides the naive predictors and the champion, and how it is released then.

    `direct`: at once. Or after a trial beside the champion: in `shadow` both get each request, and the champion
    answers; as a `canary` the challenger answers a share of them: the first of `shares` to begin with, and the next
    ones in equal parts of the trial, as long as its error is not the larger. `trial_days` (of which the outcome is
    known; 60 by default) bound the trial. So many days the model that was live before a new one goes on predicting,
    too, and comes back if it turns out to be better; where the release is direct, only if `trial_days` is given.
    """

    metric: str = "rmse"  # what decides: rmse, mae (lower is better) or accuracy (higher is)
    bound: float | None = None  # the score must be better than it
    confidence: float = 0.9  # of the one-sided block bootstrap against the champion
    block_hours: int = 24  # its blocks in a series; a table's are its rows
    release: Literal["direct", "shadow", "canary"] = "direct"
    trial_days: int | None = Field(default=None, ge=7, le=365)
    shares: tuple[Annotated[float, Field(ge=0.01, le=0.5)], ...] = Field(default=(0.1, 0.25, 0.5), min_length=1)

    @field_validator("shares")
    @classmethod
    def _rising(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        if list(shares) != sorted(set(shares)):
            raise ValueError("wanted shares of the requests that rise, like 0.1, 0.25, 0.5")
        return shares

    @property
    def guarded_days(self) -> int:
        """How long a trial is, and how long a new champion is compared with the model before; 0: it is not."""
        return self.trial_days or (0 if self.release == "direct" else 60)


class Refresh(Part):
    """When the live model is fitted again with its own recipe: once so many rows are new, as a share of those that it
    learned from, or once the newest hour of a series is so many days newer."""

    share: float = 0.05
    days: int = 7


class Judged(Part):
    """What every project declares about learning."""

    target: str
    holdout_share: float
    folds: int
    trial_rows: int  # a trial sees at most so many training rows; of a series, the newest
    families: tuple[Family, ...]
    gate: Gate
    refresh: Refresh = Refresh()

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
    """How a series is learned from. Lags and windows are of hours."""

    task: ClassVar[Literal["regression"]] = "regression"
    horizon_hours: int
    features: str  # module:function that turns hourly observations into features
    lags: tuple[int, ...]
    windows: tuple[int, ...]
    neighbours: int = 8  # a location's features look at so many others at most, the nearest
    band: float = 0.8  # the share of the truth that the band around a forecast shall hold


class Declaration(Part):
    """A project that learns from series. `pods`: as many at most work side by side at one thing, each at its share."""

    kind: Literal["series"] = "series"
    name: str
    title: str
    quantities: dict[str, Quantity]
    locations: tuple[int, ...]
    window_days: int
    pods: int = 50
    reference_celsius: Number = 25  # of the air that ppb are converted at, as in the US; the EU states 20
    expectations: Expectations
    learning: Learning

    def unit(self, parameter: str) -> str:
        """The unit of what is predicted."""
        return self.quantities[parameter].unit

    def spellings(self) -> dict[str, str]:
        """The declared name behind each that sources use, in lower case."""
        return {
            spelling.casefold(): name
            for name, quantity in self.quantities.items()
            for spelling in (name, *quantity.also)
        }


class Column(Part):
    """A column of a table: one of `levels`, or else a number from `low` to `high`."""

    name: str
    unit: str = ""
    low: Number = 0.0
    high: Number = 0.0
    above: bool = False  # `low` itself is not allowed
    whole: bool = False  # only integers are
    levels: tuple[str, ...] = ()


class Table(Part):
    """What a dropped file must hold."""

    columns: tuple[Column, ...]
    header: Literal["required", "optional"] = "required"  # without one, columns are in the declared order
    refused_share: float = 0.01  # more rows outside their ranges refuse the file; fewer are left out
    largest_mb: int = 64  # a larger file is refused unread


class Shift(Part):
    """When a file is from another world: the champion's mean residual on its new rows, at least `rows` of them, lies
    more than `errors` of the holdout's standard errors plus `tolerance` (the target's unit) from the holdout's."""

    tolerance: float
    errors: float = 5.0
    rows: int = 30


class TableLearning(Judged):
    """How a table's target is learned from the other columns. Holdout and folds are drawn by the rows' content."""

    task: Literal["regression", "classification"]
    shift: Shift | None = None


class TableDeclaration(Part):
    """A project that learns from tables: from the files dropped into `inbox/<name>/new/`. `pods`: as of a series."""

    kind: Literal["table"] = "table"
    name: str
    title: str
    table: Table
    pods: int = 50
    learning: TableLearning

    @property
    def target(self) -> Column:
        """The column that is predicted."""
        return next(column for column in self.table.columns if column.name == self.learning.target)

    def unit(self, parameter: str) -> str:
        """The unit of what is predicted."""
        return next((column.unit for column in self.table.columns if column.name == parameter), "")


_ANY: TypeAdapter[Declaration | TableDeclaration] = TypeAdapter(
    Annotated[Declaration | TableDeclaration, Field(discriminator="kind")]
)


def parse_any(text: str) -> Declaration | TableDeclaration:
    """The declaration of a project of either kind, which it names.

    Raises:
        BadInput: it is not JSON, names no kind, or a field is missing, unknown or of the wrong type.
    """
    try:
        return _ANY.validate_json(text)
    except ValidationError as error:
        raise BadInput(f"--declaration: {problem(error)}; render the manifests again") from None


def parse(text: str) -> Declaration:
    """The declaration of a project that learns from series.

    Raises:
        BadInput: as for `parse_any`, or it is of another kind.
    """
    return _of(Declaration, text)


def parse_table(text: str) -> TableDeclaration:
    """The declaration of a project that learns from tables.

    Raises:
        BadInput: as for `parse_any`, or it is of another kind.
    """
    return _of(TableDeclaration, text)


def _of[D: Part](kind: type[D], text: str) -> D:
    found = parse_any(text)
    if isinstance(found, kind):
        return found
    raise BadInput(f"--declaration: kind: got {found.kind!r}, wanted {kind.model_fields['kind'].default!r}")


def problem(error: ValidationError, *above: str) -> str:
    """The first thing that is wrong, on one line: which field (below `above`), what was got, what was wanted."""
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, (*above, *first["loc"]))).removesuffix(".float")  # the first type that a number may be
    if first["type"].startswith("union_tag"):
        where = f"{where}.kind".removeprefix(".")
    match first["type"]:
        case "missing" | "union_tag_not_found":
            return f"{where} is missing"
        case "extra_forbidden":
            return f"there is no field {where}"
        case "union_tag_invalid":
            return f"{where}: got {first['ctx']['tag']!r}, wanted one of {first['ctx']['expected_tags']}"
    wanted = first["msg"].removeprefix("Input should be ").removeprefix("Invalid ")
    return f"{where or 'the whole'}: got {first['input']!r:.60}, wanted {wanted}"


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

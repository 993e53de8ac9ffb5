"""What a project is, as far as steps need it, and how a step reads it from the JSON that its manifest embeds.

This is the only schema of it: `pipeline.project.Project` and `TableProject` extend it by what only a workflow needs.
Functions and classes are named `module:name` (`steps.contract.code`), so that the JSON stays plain. Shares are of 1.
docs/projects.md has the fields as they are described here.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from steps.errors import BadInput
from steps.summaries import intervals
from steps.summaries.intervals import Frequency, Interval

Number = float | int  # whole numbers stay whole
_DAILY: Final[dict[str, object]] = {
    "features": "steps.features.daily:build",
    "lags": (1, 2, 3, 4, 5, 6, 7, 14, 21, 28),
    "windows": (7, 28, 91),
}


class Part(BaseModel):
    """A part of a declaration: what is unknown or of the wrong type is refused, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


class Quantity(Part):
    """A measured parameter: its unit, and the range outside which a value is an instrument's fault. Values that come in
    another unit of its kind are converted."""

    unit: str
    """What values are kept and predicted in. E.g. `"µg/m³"`."""
    low: Number
    """The least that an instrument reports, in the unit. E.g. `-15`."""
    high: Number
    """The most that it reports, in the unit. E.g. `1000`."""
    molar_mass: Number | None = None
    """Of a gas, in g/mol: what ppb are converted with. E.g. `46.0055`."""
    also: tuple[str, ...] = ()
    """What else sources call it. E.g. `("pm2.5",)`."""
    stuck_hours: int | None = None
    """So many hours in a row without a change: the sensor is stuck. None where that is normal. E.g. `24`."""
    rests_at_zero: bool = False
    """Hours of exactly 0 are what clean air reads, and no sensor that is stuck. E.g. `True`."""


class Expectations(Part):
    """When a location's day is refused, and when so many are that the run stops."""

    null_share: float = 0.5
    """At most so much of a day's rows may be without a value, for each parameter; a share of 1. E.g. `0.2`."""
    gap_hours: int = 18
    """The longest stretch of a day without the target, in hours. E.g. `6`."""
    age_days: int = 10
    """The newest accepted day may be so much older than as-of, in days. E.g. `3`."""
    refused_share: float = 0.5
    """The run stops where more of its location-days are refused; a share of 1. E.g. `0.2`."""


class Choice(Part):
    """A trial parameter: one of several values."""

    values: tuple[float | int | str | bool, ...]
    """From which a trial draws one; the first is tried first. E.g. `("none", "ridge")`."""
    kind: Literal["choice"] = "choice"
    """Says that it is a choice; nobody writes it."""


class Range(Part):
    """A trial parameter: a number in a range; whole where both ends are."""

    low: Number
    """The least. E.g. `50`."""
    high: Number
    """The most. E.g. `150`."""
    log: bool = False
    """Whether trials are spread evenly in its logarithm. E.g. `True`."""
    kind: Literal["range"] = "range"
    """Says that it is a range; nobody writes it."""


class Family(Part):
    """A model family, how many trials it gets, and the space that they are drawn from."""

    name: str
    """What it is called in tables and reports. E.g. `"forest"`."""
    model: str
    """`module:Class`, of `steps.models` or of the project's own package. E.g. `"housing.models:Nearest"`."""
    trials: int = Field(default=8, ge=1)
    """How many sets of parameters are tried. E.g. `12`."""
    space: dict[str, Annotated[Choice | Range, Field(discriminator="kind")]] = {}
    """The parameters that are tried, by name; the others keep the family's defaults. E.g. `{"trees": Range(low=50,
    high=150)}`."""


class Gate(Part):
    """What a challenger must pass besides the naive predictors and the champion, and how it is released then.

    `direct`: at once. Or after a trial beside the champion: in `shadow` both get each request, and the champion
    answers; as a `canary` the challenger answers a share of them: the first of `shares` to begin with, and the next
    ones in equal parts of the trial, as long as its error is not the larger.
    """

    metric: str = "rmse"
    """What decides: `rmse`, `mae` (lower is better) or `accuracy` (higher is). E.g. `"accuracy"`."""
    bound: float | None = None
    """The score must be better than it; in the target's unit, or a share. E.g. `3.1`."""
    confidence: float = 0.9
    """With which it must beat the champion, by a one-sided block bootstrap; a share of 1. E.g. `0.95`."""
    block_hours: int = 24
    """The bootstrap's blocks in a series, in hours; a table's are its rows. E.g. `48`."""
    release: Literal["direct", "shadow", "canary"] = "direct"
    """How it goes live. E.g. `"shadow"`."""
    trial_days: int | None = Field(default=None, ge=7, le=365)
    """The days, with a known outcome, that bound a trial; 60 where none are given. So many days the model before goes
    on predicting, too, and comes back if it turns out to be better; where the release is direct, only if they are
    given. E.g. `30`."""
    shares: tuple[Annotated[float, Field(ge=0.01, le=0.5)], ...] = Field(default=(0.1, 0.25, 0.5), min_length=1)
    """Of the requests that a canary answers, one after the other. E.g. `(0.05, 0.5)`."""

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
    """When the live model is fitted again with its own recipe."""

    share: float = 0.05
    """Once so many rows are new, as a share of those that it learned from. E.g. `0.2`."""
    days: int = 7
    """Once the newest hour of a series is so many days newer. E.g. `30`."""


class Judged(Part):
    """What every project declares about learning."""

    target: str
    """The column, or the quantity, that is predicted. E.g. `"rings"`."""
    holdout_share: float = Field(default=0.2, gt=0, lt=1)
    """So much of the data judges the winner, and nothing is learned from it; a share of 1. E.g. `0.3`."""
    folds: int = Field(default=5, ge=2)
    """How many parts a trial is scored on. E.g. `10`."""
    trial_rows: int = Field(default=50_000, ge=1)
    """A trial sees at most so many training rows; of a series, the newest. E.g. `200_000`."""
    families: tuple[Family, ...] = Field(min_length=1)
    """The model families that compete. E.g. `(Family(name="forest", model="steps.models.forest:ForestRegressor"),)`."""
    gate: Gate = Gate()
    """What a new model must pass. E.g. `Gate(metric="mae", bound=12)`."""
    refresh: Refresh = Refresh()
    """When the live model is fitted again. E.g. `Refresh(share=0.2)`."""
    band: float = Field(default=0.8, gt=0, lt=1)
    """The share of the truth that the band around a number that is predicted shall hold; a share of 1. E.g. `0.9`."""

    @field_validator("families")
    @classmethod
    def _named(cls, families: tuple[Family, ...]) -> tuple[Family, ...]:
        if twice := _twice([family.name for family in families]):
            raise ValueError(f"two families are named {twice!r}; give each a name of its own")
        return families

    @property
    def code(self) -> tuple[str, ...]:
        """What learning runs, `module:name` each."""
        return tuple(family.model for family in self.families)

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
    """How a series is learned from."""

    task: ClassVar[Literal["regression"]] = "regression"
    frequency: Frequency = "hourly"
    """How often there is a value: `hourly`, or `daily`. E.g. `"daily"`."""
    horizon_hours: int = Field(default=24, ge=1)
    """How far ahead is predicted, in hours; a daily series one day, which is 24. E.g. `6`."""
    features: str = "steps.features.hourly:build"
    """`module:function` that turns observations into features, of `steps.features` or of the project's own package;
    beside it is `history_hours`. Of a daily series `steps.features.daily:build` where none is given. E.g.
    `"energy.features:build"`."""
    lags: tuple[int, ...] = (1, 2, 3, 6, 12, 24, 48, 72, 96, 120, 144)
    """Hours back at which the target is a feature; of a daily series days, `(1, 2, 3, 4, 5, 6, 7, 14, 21, 28)` where
    none are given. E.g. `(1, 24, 168)`."""
    windows: tuple[int, ...] = (6, 24, 168)
    """Hours over which the target's mean, spread and range are features; of a daily series days, `(7, 28, 91)` where
    none are given. E.g. `(24,)`."""
    neighbours: int = 8
    """A location's features look at so many others at most, the nearest. E.g. `3`."""

    @model_validator(mode="before")
    @classmethod
    def _of_days(cls, given: object) -> object:
        """Of a daily series, other features where none are given."""
        return _DAILY | given if isinstance(given, dict) and given.get("frequency") == "daily" else given

    @model_validator(mode="after")
    def _a_day_ahead(self) -> Self:
        if self.frequency == "daily" and self.horizon_hours != 24:
            raise ValueError(f"a daily series is predicted one day ahead: got horizon_hours={self.horizon_hours}")
        return self

    @property
    def code(self) -> tuple[str, ...]:
        return (self.features, *super().code)

    @property
    def interval(self) -> Interval:
        """How far apart values are."""
        return intervals.of(self.frequency)


class Declaration(Part):
    """A project that learns from series."""

    kind: Literal["series"] = "series"
    """Says that it learns from series; nobody writes it."""
    name: str
    """Of its workflows, its folders and its server: at most 42 of a-z, 0-9 and -, a letter first. E.g. `"openaq"`."""
    title: str
    """What it is about, for people. E.g. `"Air quality 24 hours ahead"`."""
    quantities: dict[str, Quantity]
    """What is measured, by name. E.g. `{"no2": Quantity(unit="µg/m³", low=-15, high=1000)}`."""
    locations: tuple[int, ...]
    """The ids of the locations to learn from where none are given. E.g. `(9000001, 9000002)`."""
    window_days: int = 10
    """The daily run looks so many days back for what is missing or was patched. E.g. `5`."""
    pods: int = 50
    """As many at most work side by side at one thing, each at its share. E.g. `8`."""
    reference_celsius: Number = 25
    """Of the air that ppb are converted at, in °C: 25 as in the US; the EU states 20. E.g. `20`."""
    expectations: Expectations = Expectations()
    """When a day is refused. E.g. `Expectations(gap_hours=6)`."""
    learning: Learning
    """How it is learned from. E.g. `Learning(target="no2", families=…)`."""

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

    @model_validator(mode="after")
    def _has_its_target(self) -> Self:
        if self.learning.target not in self.quantities:
            raise ValueError(f"learning.target {self.learning.target!r} is none of {', '.join(self.quantities)}")
        return self

    @model_validator(mode="after")
    def _watches_hours(self) -> Self:
        stuck = [name for name, one in self.quantities.items() if one.stuck_hours is not None]
        if stuck and self.learning.frequency == "daily":
            raise ValueError(f"{stuck[0]}: stuck_hours is of hourly series; leave it out where frequency is 'daily'")
        return self


class Column(Part):
    """A column of a table: one of `levels`, or else a number from `low` to `high`."""

    name: str
    """As in the files' header; case, blanks, `_`, `-` and `.` do not count. E.g. `"fixed acidity"`."""
    unit: str = ""
    """For people; a file whose header gives another is refused. E.g. `"g/l"`."""
    low: Number = 0.0
    """The least that a number may be, in the unit. E.g. `-40`."""
    high: Number = 0.0
    """The most that it may be, in the unit. E.g. `200`."""
    above: bool = False
    """Whether `low` itself is not allowed. E.g. `True`."""
    whole: bool = False
    """Whether only whole numbers are. E.g. `True`."""
    levels: tuple[str, ...] = ()
    """The texts that it may hold, where it holds texts. E.g. `("I", "F", "M")`."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if not self.levels and not self.low < self.high:
            raise ValueError(f"{self.name!r} has neither levels nor a range: low={self.low:g}, high={self.high:g}")
        return self


class Table(Part):
    """What a dropped file must hold."""

    columns: tuple[Column, ...] = Field(min_length=2)
    """The target and what it is predicted from. E.g. `(Column(name="length", unit="mm", high=400), …)`."""
    header: Literal["required", "optional"] = "required"
    """Without one, columns are in the declared order. E.g. `"optional"`."""
    ignored: tuple[str, ...] = ()
    """Columns that files may have beside these, and that nothing looks at. E.g. `("id", "remarks")`."""
    refused_share: float = 0.01
    """Where more rows are out of their ranges or incomplete, the file is refused; fewer are left out. A share of 1.
    E.g. `0.05`."""
    largest_mb: int = 64
    """A larger file is refused unread, in MB. E.g. `500`."""

    @field_validator("columns")
    @classmethod
    def _named(cls, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        if twice := _twice([column.name for column in columns]):
            raise ValueError(f"two columns are named {twice!r}; leave one out")
        return columns


class Shift(Part):
    """When a file is from another world: the champion's mean residual on it lies too far from that of the holdout."""

    tolerance: float
    """How far it may lie in any case, in the target's unit. E.g. `1.0`."""
    errors: float = 5.0
    """And so many of the holdout's standard errors beyond. E.g. `3.0`."""
    rows: int = 30
    """Fewer new rows are not judged. E.g. `100`."""


class TableLearning(Judged):
    """How a table's target is learned from the other columns. Holdout and folds are drawn by the rows' content."""

    task: Literal["regression", "classification"]
    """Whether a number is predicted, or one of several classes. E.g. `"regression"`."""
    features: str = "steps.features.table:build"
    """`module:function` that turns rows into what a model sees, of `steps.features` or of the project's own package.
    E.g. `"housing.features:build"`."""
    shift: Shift | None = None
    """When a file is from another world; None: that is not looked at. E.g. `Shift(tolerance=1.0)`."""

    @property
    def code(self) -> tuple[str, ...]:
        return (self.features, *super().code)


class TableDeclaration(Part):
    """A project that learns from tables: from the files dropped into `inbox/<name>/new/`."""

    kind: Literal["table"] = "table"
    """Says that it learns from tables; nobody writes it."""
    name: str
    """Of its workflows, its folders and its server: at most 42 of a-z, 0-9 and -, a letter first. E.g. `"wine"`."""
    title: str
    """What it is about, for people. E.g. `"Quality of red wine"`."""
    table: Table
    """What a file must hold. E.g. `Table(columns=…)`."""
    pods: int = 50
    """As many at most work side by side at one thing, each at its share. E.g. `8`."""
    learning: TableLearning
    """How it is learned from. E.g. `TableLearning(target="quality", task="classification", families=…)`."""

    @model_validator(mode="after")
    def _has_its_target(self) -> Self:
        names = [column.name for column in self.table.columns]
        if self.learning.target not in names:
            raise ValueError(f"learning.target {self.learning.target!r} is none of the columns {', '.join(names)}")
        if self.target.levels:
            raise ValueError(f"learning.target {self.learning.target!r} holds texts; number its classes in the files")
        return self

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
        case "value_error":
            return f"{where or 'the whole'}: {first['ctx']['error']}"
        case "union_tag_invalid":
            return f"{where}: got {first['ctx']['tag']!r}, wanted one of {first['ctx']['expected_tags']}"
    wanted = first["msg"].removeprefix("Input should be ").removeprefix("Invalid ")
    return f"{where or 'the whole'}: got {first['input']!r:.60}, wanted {wanted}"


def _twice(names: Sequence[str]) -> str:
    """The first that is there twice; empty if none is."""
    return next((name for number, name in enumerate(names) if name in names[:number]), "")

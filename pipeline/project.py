"""Project: the declaration that a use case fills in. Everything that differs between use cases is here; no step and no
part of the engine knows a project by name.

The part that steps need, `Project.declaration()`, is embedded in the manifests as canonical JSON and read there by
`steps.contract.declaration`. Functions and classes are named `module:name`, so that the JSON stays plain.
"""

import json
from dataclasses import asdict, dataclass
from typing import Literal

from pipeline.errors import UserError


@dataclass(frozen=True)
class Quantity:
    """A measured parameter: its unit, and the range outside which a value is an instrument's fault.

    `stuck_hours`: this many equal values in a row mean that the sensor is stuck; None where that is normal.
    """

    unit: str
    low: float
    high: float
    stuck_hours: int | None = None


@dataclass(frozen=True)
class Expectations:
    """When a location's day is refused, and when so many are that the run stops. Shares are of 1."""

    null_share: float  # of the day's rows, per parameter
    gap_hours: int  # longest stretch of the day without the target
    age_days: int  # the newest accepted day may be this much older than as-of (freshness)
    refused_share: float  # of the run's location-days


@dataclass(frozen=True)
class Choice:
    """A trial parameter: one of `values`."""

    values: tuple[float | int | str | bool, ...]
    kind: Literal["choice"] = "choice"


@dataclass(frozen=True)
class Range:
    """A trial parameter: a number from `low` to `high`; whole where both are ints; spread evenly in its logarithm
    where `log`."""

    low: float
    high: float
    log: bool = False
    kind: Literal["range"] = "range"


@dataclass(frozen=True)
class Family:
    """A model family (`model` is `module:Class`), how many trials it gets, and the space they are drawn from."""

    name: str
    model: str
    trials: int
    space: dict[str, Choice | Range]


@dataclass(frozen=True)
class Gate:
    """What a challenger must pass besides the naive predictors and the champion.

    `metric` decides: `rmse`, `mae` (lower is better) or `accuracy` (higher is). `bound`: the score must be better than
    it (None: no bound). `confidence`: of the one-sided block bootstrap against the champion. `block_hours`: its blocks
    in a series; a table's are its rows.
    """

    metric: str = "rmse"
    bound: float | None = None
    confidence: float = 0.9
    block_hours: int = 24


@dataclass(frozen=True)
class Learning:
    """What is predicted, from what, and how it is judged. Hours unless said otherwise.

    `neighbours`: a location's features look at so many others at most, the nearest. `band`: the share of the truth that
    the band around a forecast shall hold.
    """

    target: str
    horizon_hours: int
    holdout_share: float
    folds: int
    trial_rows: int  # a trial sees at most this many of the newest training rows
    features: str  # module:function that turns hourly observations into features
    lags: tuple[int, ...]
    windows: tuple[int, ...]
    families: tuple[Family, ...]
    gate: Gate
    neighbours: int = 8
    band: float = 0.8


@dataclass(frozen=True)
class Schedule:
    """When cron starts a workflow, in `timezone`, and how late it may start (seconds)."""

    daily: str
    weekly: str
    timezone: str
    starting_deadline_seconds: int


@dataclass(frozen=True)
class Place:
    """Where a project looks for locations when none are named: degrees (WGS 84), and how far around (metres)."""

    name: str
    latitude: float
    longitude: float
    radius: int


@dataclass(frozen=True)
class Project:
    """One use case. `pods`: as many at most work side by side at one thing, each at its share of it."""

    name: str
    title: str
    quantities: dict[str, Quantity]
    source: str  # where data comes from: an archive's URL, or a folder
    locations: tuple[int, ...]
    window_days: int
    expectations: Expectations
    learning: Learning
    schedule: Schedule
    home: Place
    pods: int = 50
    kind: Literal["series"] = "series"

    def declaration(self) -> str:
        """What steps need of it; see `_canonical`."""
        return _canonical(self, leave_out=("schedule", "source", "home"))


@dataclass(frozen=True)
class Column:
    """A column of a table: one of `levels`, or else a number from `low` to `high`.

    `above`: `low` itself is not allowed. `whole`: only integers are.
    """

    name: str
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    above: bool = False
    whole: bool = False
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """What a dropped file must hold. `header`: whether its first line must name the columns; without one they are in
    the declared order. `refused_share`: of 1, rows outside their ranges; a file with more is refused, with fewer these
    rows are left out. `largest_mb`: a larger file is refused unread."""

    columns: tuple[Column, ...]
    header: Literal["required", "optional"] = "required"
    refused_share: float = 0.01
    largest_mb: int = 64


@dataclass(frozen=True)
class Shift:
    """When a file is from another world: the champion's mean residual on its new rows, at least `rows` of them, lies
    more than `errors` of the holdout's standard errors plus `tolerance` (the target's unit) from the holdout's."""

    tolerance: float
    errors: float = 5.0
    rows: int = 30


@dataclass(frozen=True)
class TableLearning:
    """What is predicted from the other columns, and how it is judged. The holdout, `holdout_share` of the rows, and the
    folds are drawn by the rows' content. `trial_rows`: a trial sees at most so many."""

    target: str
    task: Literal["regression", "classification"]
    holdout_share: float
    folds: int
    trial_rows: int
    families: tuple[Family, ...]
    gate: Gate
    shift: Shift | None = None


@dataclass(frozen=True)
class Reconciling:
    """When a cron looks for what no event announced, in `timezone`."""

    schedule: str = "*/5 * * * *"
    timezone: str = "Europe/Vienna"
    starting_deadline_seconds: int = 240


@dataclass(frozen=True)
class TableProject:
    """A use case that learns from files dropped into `inbox/<name>/new/`. `pods`: as of a `Project`."""

    name: str
    title: str
    table: Table
    learning: TableLearning
    reconciling: Reconciling = Reconciling()
    pods: int = 50
    kind: Literal["table"] = "table"

    def declaration(self) -> str:
        """What steps need of it; see `_canonical`."""
        return _canonical(self, leave_out=("reconciling",))


def _canonical(project: Project | TableProject, *, leave_out: tuple[str, ...]) -> str:
    """A project as canonical JSON, a line for each field so that a change shows as one.

    Raises:
        UserError: it would hold `{{`, which Argo expands.
    """
    fields = {name: value for name, value in asdict(project).items() if name not in leave_out}
    text = json.dumps(fields, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    if "{{" in text:
        raise UserError(f"the declaration of {project.name} holds '{{{{', which Argo would expand; take it out")
    return text

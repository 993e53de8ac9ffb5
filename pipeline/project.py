"""Project: the declaration that a use case fills in. Everything that differs between use cases is here; no step and no
part of the engine knows a project by name.

The part that steps need, `Project.declaration()`, is embedded in the manifests as canonical JSON and read there by
`steps.declaration`. Functions and classes are named `module:name`, so that the JSON stays plain.
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

    `bound`: the score must be below it (None: no bound). `confidence`: of the one-sided block bootstrap against the
    champion. `block_hours`: its blocks.
    """

    metric: str = "rmse"
    bound: float | None = None
    confidence: float = 0.9
    block_hours: int = 24


@dataclass(frozen=True)
class Learning:
    """What is predicted, from what, and how it is judged. Hours unless said otherwise."""

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


@dataclass(frozen=True)
class Schedule:
    """When cron starts a workflow, in `timezone`, and how late it may start (seconds)."""

    daily: str
    weekly: str
    timezone: str
    starting_deadline_seconds: int


@dataclass(frozen=True)
class Project:
    """One use case."""

    name: str
    title: str
    quantities: dict[str, Quantity]
    source: str  # where data comes from: an archive's URL, or a folder
    locations: tuple[int, ...]
    window_days: int
    expectations: Expectations
    learning: Learning
    schedule: Schedule

    def declaration(self) -> str:
        """What steps need of it, as canonical JSON, a line for each field so that a change shows as one.

        Raises:
            UserError: it would hold `{{`, which Argo expands.
        """
        fields = asdict(self)
        del fields["schedule"], fields["source"]
        text = json.dumps(fields, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
        if "{{" in text:
            raise UserError(f"the declaration of {self.name} holds '{{{{', which Argo would expand; take it out")
        return text

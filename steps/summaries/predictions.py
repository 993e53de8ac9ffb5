"""The next hours, or days, as the live model predicts them, after the last ones, which can be compared with what came
true."""

from typing import Literal

from steps.summaries.base import Count, Instant, Number, Part, Summary
from steps.summaries.intervals import Frequency


class Prediction(Part):
    """An hour, or a day, of a location that is to come, with its band; in the parameter's unit."""

    location: Count
    target_at: Instant
    value: Number
    low: Number | None = None
    high: Number | None = None


class Past(Part):
    """An hour, or a day, of a location that is over: what had been predicted for it, and what was observed."""

    location: Count
    target_at: Instant
    predicted: Number | None = None
    observed: Number | None = None


class Predictions(Summary):
    """What was published as of a logical time; `live_rmse` is the live model's error on the hours that are over.
    `lacked`: features that the model has learned from and that no location has any more."""

    kind: Literal["predictions"] = "predictions"
    as_of: Instant
    parameter: str
    unit: str = ""
    frequency: Frequency = "hourly"
    version: Count | None = None
    rows: tuple[Prediction, ...] = ()
    recent: tuple[Past, ...] = ()
    live_rmse: Number | None = None
    lacked: tuple[str, ...] = ()
    words: str = ""

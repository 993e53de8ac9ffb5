"""What a dataset holds, as its `dataset.json` in the lake and the training's first step say."""

from typing import Literal

from pydantic import Field

from steps.summaries.base import Count, Instant, Number, Summary
from steps.summaries.intervals import Frequency


class Dataset(Summary):
    """What every dataset has. `unit`: of the target; `trials`: how many each model family has."""

    kind: Literal["dataset"] = "dataset"
    fingerprint: str
    parameter: str
    unit: str
    rows: Count
    features: Count
    trials: dict[str, Count] = Field(default_factory=dict)


class SeriesDataset(Dataset):
    """Hours, or days, of locations; `first` and `last` are target times. `notes`: what a reader of its scores should
    know."""

    data: Literal["series"] = "series"
    frequency: Frequency = "hourly"
    first: Instant = Field(validation_alias="from", serialization_alias="from")
    last: Instant = Field(validation_alias="to", serialization_alias="to")
    locations: tuple[Count, ...]
    holdout_from: Instant
    horizon_hours: Count
    embargo_hours: Count | None = None
    notes: tuple[str, ...] = ()


class TableDataset(Dataset):
    """Rows of a table, `held_out` of which are the holdout, and `copies` are copies of others up to rounding.
    `sequence`: which state of the history this is."""

    data: Literal["table"] = "table"
    task: Literal["regression", "classification"]
    held_out: Count
    copies: Count = 0
    holdout_share: Number
    sequence: Count
    made_at: str = ""


def read_dataset(values: object) -> SeriesDataset | TableDataset:
    """The summary of a dataset of either kind; as `Summary.read`."""
    if isinstance(values, dict) and "held_out" in values:
        return TableDataset.read(values)
    return SeriesDataset.read(values)

"""What Feast is told, as one environment writes it and another reads it: a view of hourly features of one parameter,
and a service for each model version that can be asked with it."""

from datetime import datetime
from typing import Literal

from pydantic import ValidationError

from steps.contract.declaration import Part, problem
from steps.errors import BadInput


class Service(Part):
    """The features that one model version was fitted with, `location` apart. `lacks`: those that the view has no
    more."""

    name: str
    version: int
    features: tuple[str, ...]
    lacks: tuple[str, ...] = ()


class View(Part):
    """The features (float32) of each location and hour of one parameter. `files`: keys in the lake, of Parquet files
    that all have the columns location, time and `features`, and each row once."""

    name: str
    parameter: str
    unit: str
    features: tuple[str, ...]
    files: tuple[str, ...]
    rows: int
    first: datetime
    newest: datetime
    locations: tuple[int, ...]


class Definitions(Part):
    """All of a project. `hours`: how old a row may be to be found for a time."""

    kind: Literal["features"] = "features"
    project: str
    title: str
    as_of: datetime
    hours: int
    view: View
    services: tuple[Service, ...]


def parse(text: str) -> Definitions:
    """The definitions that `flatten` wrote.

    Raises:
        BadInput: they are not.
    """
    try:
        return Definitions.model_validate_json(text)
    except ValidationError as error:
        raise BadInput(f"--definitions: {problem(error)}; run the workflow again from flatten") from None

"""How the live model has been doing since it went live: the ways of the detectors, and the alarms with their causes."""

from datetime import date
from typing import Literal

from steps.summaries.base import Count, Instant, Number, Numbers, Part, Summary


class Way(Part):
    """A detector's way. `label`: what it watches, in words; evidence and score by day; an alarm is at `level`."""

    label: str
    location: Count = 0
    level: Number
    days: tuple[date, ...] = ()
    scores: Numbers = ()
    evidence: Numbers = ()
    alarms: tuple[date, ...] = ()


class Alarm(Part):
    """An alarm: what was seen, what it is taken for (data, world, unclear), and what came of it."""

    day: date
    label: str
    cause: str
    words: str
    training: str | None = None
    outcome: str | None = None


class Day(Part):
    """How far off a day's predictions were, all locations together, in the parameter's unit; `outside`: the share of
    the truth that was outside the bands. Of a table it is a file: its rows are the `hours`, and `persistence` is the
    naive predictor that it has."""

    day: date
    hours: Count
    error: Number
    persistence: Number
    outside: Number | None = None


class Drift(Part):
    """How far a feature's recent values lie from those of the same season that the model learned from: the shift of the
    median, in interquartile ranges."""

    feature: str
    shift: Number


class Absent(Part):
    """How often requests did without a feature, as shares of the rows; `usual`: of what was learned from."""

    feature: str
    share: Number
    usual: Number | None = None


class Requests(Part):
    """What the live model was asked since a day, as far as it is kept. `answers`: the 5, 25, 50, 75 and 95 % quantiles
    of its predictions; `usual`: of those that it makes for what it has learned from. It informs, and never alarms."""

    since: date
    requests: Count
    rows: Count
    answers: Numbers
    usual: Numbers = ()
    absent: tuple[Absent, ...] = ()


class Other(Part):
    """A model beside the live one (role: challenger or former): since when, how much smaller its error was, as a share
    of the live one's, and the ways of the evidence that it is better and that it is worse. `most`: days after which it
    is over."""

    role: str
    version: Count
    since: Instant | None = None
    most: Count
    gain: Number | None = None
    better: Way
    worse: Way
    words: str


class Monitoring(Summary):
    """What a monitoring run found, as of a logical time. `each`: what is scored. `replayed`: nothing was written down,
    and nothing started."""

    kind: Literal["monitoring"] = "monitoring"
    as_of: Instant
    parameter: str
    unit: str = ""
    version: Count | None = None
    each: Literal["day", "file"] = "day"
    days: tuple[Day, ...] = ()
    ways: tuple[Way, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    drift: tuple[Drift, ...] = ()
    requests: Requests | None = None
    others: tuple[Other, ...] = ()
    replayed: bool = False
    words: str = ""

"""What the collected data had to pass, and which days of which location did not."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from steps.summaries.base import Count, Number, Part, Summary


class Expectation(Part):
    """One expectation on a column or parameter: how many values were checked, and how many failed."""

    name: str
    column: str = ""
    checked: Count
    failed: Count


class Refused(Part):
    """A location's day (YYYY-MM-DD, local) that was refused."""

    location: Count
    day: str
    reasons: tuple[str, ...]


class Stale(Part):
    """A location that has been silent for too long, and its newest accepted day."""

    location: Count
    newest: str | None = None


class LeftOut(Part):
    """A location that has no part in features, learning and forecasts, and why."""

    location: Count
    reason: str


class Moved(Part):
    """A location whose files say since a day (YYYY-MM-DD) that it is so many kilometres from where they said first."""

    location: Count
    kilometres: Number
    since: str


class Several(Part):
    """A location that has several sensors of a parameter: on so many days the hours were made of those `used`, the mean
    if there are more than one, and not of those `rejected`, which differ from the first."""

    location: Count
    parameter: str
    used: tuple[str, ...]
    rejected: tuple[str, ...] = ()
    days: Count


class Converted(Part):
    """`values` of a parameter came in the unit `given`; value * factor + offset is what was used, in `unit`."""

    parameter: str
    given: str
    unit: str
    factor: Number
    offset: Number
    values: Count

    @property
    def formula(self) -> str:
        """What was done to each value."""
        shift = f" {'−' if self.offset < 0 else '+'} {abs(self.offset):.6g}" if self.offset else ""
        return f"× {self.factor:.6g}{shift}"


class Features(Part):
    """Of `months` location-months `computed` were missing; they have `rows` rows and `columns` features, and `kept` of
    the rows come from earlier states of their months."""

    months: Count
    computed: Count
    rows: Count = 0
    kept: Count = 0
    columns: Count


class Validation(Summary):
    """A run's location-days; `left_out`: values left out of accepted days, by reason; `converted`: values of all
    readable days that came in another unit; `several`: where sensors were chosen among; `unplaced`: locations of which
    no file says where they are, or that are mobile."""

    kind: Literal["validation"] = "validation"
    names: dict[str, str] = Field(default_factory=dict)
    location_days: Count
    accepted: Count
    rows: Count
    refused: tuple[Refused, ...]
    left_out: dict[str, Count] = Field(default_factory=dict)
    converted: tuple[Converted, ...] = ()
    several: tuple[Several, ...] = ()
    stale: tuple[Stale, ...] = ()
    left_out_locations: tuple[LeftOut, ...] = ()
    moved: tuple[Moved, ...] = ()
    unplaced: tuple[Count, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    features: Features | None = None


def added_up(outcomes: Iterable[Expectation]) -> tuple[Expectation, ...]:
    """One outcome for each expectation: what was checked and what failed, over all of its outcomes."""
    totals: dict[tuple[str, str], Expectation] = {}
    for one in outcomes:
        key = one.name, one.column
        before = totals.get(key)
        counts = {"checked": one.checked + before.checked, "failed": one.failed + before.failed} if before else {}
        totals[key] = one.model_copy(update=counts)
    return tuple(totals.values())

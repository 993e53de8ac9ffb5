"""Load accepted location-days into the warehouse, a location and some days at a time.

Memory, and how long the database's write lock is held, are bounded by `_DAYS_AT_ONCE`; time is linear in the days that
are not loaded yet. A patch of one day may make another day pending again, so a location is repeated until nothing is
pending.
"""

from collections.abc import Iterable
from itertools import batched

from steps.backends import measurements
from steps.backends.measurements import Measured
from steps.contract.declaration import Declaration
from steps.features.observations import Observations

_DAYS_AT_ONCE = 100  # some 10,000 rows of a station with four parameters


def load(project: Declaration, locations: Iterable[int], observations: Observations) -> int:
    """Load what is accepted and not in the warehouse; returns how many rows were written.

    Raises:
        CheckFailed: an accepted file is not in the lake.
        StepError: the database failed. What was written before stays.
    """
    return sum(_load_location(project, location, observations) for location in locations)


def _load_location(project: Declaration, location: int, observations: Observations) -> int:
    written = 0
    while (due := measurements.pending(project.name, location)) != measurements.Pending([], []):
        if due.withdrawn:
            measurements.replace(project.name, location, {}, due.withdrawn)
        for days in batched(due.accepted, _DAYS_AT_ONCE):
            found = {
                day: [Measured(time, name, project.unit(name), value) for time, name, value in rows]
                for day, rows in observations.by_day(days)
            }
            written += measurements.replace(project.name, location, found)
    return written

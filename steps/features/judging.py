"""Judge locations as a whole before features are made, so that a bad one does not reach its neighbours' features.

Judged are the target's hours in the warehouse: of a year before the days that a run takes, or of all time where a
location is judged for the first time. What was bad before that stays so until its days are taken again.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from steps.backends import judged
from steps.backends.judged import Doubt
from steps.backends.objects import Bucket
from steps.checking import agreement
from steps.contract.declaration import Declaration
from steps.features import target_hours

_YEAR: Final = timedelta(days=400)


def judge(
    store: Bucket,
    declaration: Declaration,
    parameter: str,
    locations: Sequence[int],
    *,
    first: date,
    last: date,
    revision: int,
    at: datetime,
) -> dict[int, str]:
    """Judge and record; returns which of `locations` are left out, and why. `first` and `last`: the days of the run;
    `revision`: of the catalog, up to which all is loaded."""
    project = declaration.name
    before = judged.known(project, parameter, locations)
    since = min(first, last - _YEAR) if set(locations) <= before.keys() else date.min
    hours = target_hours.read(store, project, parameter, locations, since, revision=revision)
    now = agreement.doubts(hours, declaration.learning.interval)
    found: dict[int, Doubt | None] = {}
    for location in locations:
        known = before.get(location)
        kept = known if known and known.month < since.isoformat()[:7] else None
        found[location] = now.get(location, kept)
    judged.record(project, parameter, found, at=at)
    return {location: doubt.reason for location, doubt in found.items() if doubt}

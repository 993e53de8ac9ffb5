"""Which months a run must look at: those of its own days, and those that may have changed since its locations were
complete.

A month's key depends on days of the location and its neighbours around that month, and on what is in `Basis.key`. So
where all months were in the lake at a revision of the catalog, those that see no day that was decided since are still
there: neither are their days read, nor is the lake listed for them. The months of the run's own days are always looked
at, so that what was removed from the lake by hand comes back with a backfill of its days.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from steps.backends import catalog
from steps.backends.warehouse import completed
from steps.backends.warehouse.completed import Complete
from steps.features.keys import Basis, FeatureMonth


@dataclass(frozen=True)
class Look:
    """The `months` to look at. `complete`: what is, once they are in the lake; `before`: what was."""

    basis: Basis
    months: Sequence[FeatureMonth]
    before: Mapping[int, Complete]
    complete: Mapping[int, Complete]
    depends: Mapping[int, str]
    owner: str

    @classmethod
    def begin(cls, basis: Basis, first: date, last: date) -> "Look":
        """What a run of the days from `first` to `last` must look at. Locations of which nothing is complete are taken
        over, and all of their months are looked at."""
        revision, owner = catalog.revision(basis.project), uuid.uuid4().hex
        depends = {location: basis.key(location) for location in basis.near}
        before = completed.known(basis.project, basis.parameter, depends)
        fresh = {location: digest for location, digest in depends.items() if location not in before}
        completed.take(basis.project, basis.parameter, fresh, owner=owner)
        seen = _seen(basis, before, first, last)
        since = None if fresh else min((start for some in seen.values() for start in some), default=None)
        months = [
            *basis.months(
                first=since.date() if since else None,
                wanted=lambda location, start: location in fresh or start in seen[location],
            )
        ]
        complete = _complete(before, seen, months, revision)
        return cls(basis, months, before, complete, depends, owner)

    @property
    def count(self) -> int:
        """How many months there are, looked at or not."""
        return sum(len(one.months) for one in self.complete.values())

    def end(self) -> None:
        """All `months` are in the lake."""
        found = {location: one for location, one in self.complete.items() if self.before.get(location) != one}
        completed.end(self.basis.project, self.basis.parameter, self.depends, found, owner=self.owner)


def _seen(basis: Basis, before: Mapping[int, Complete], first: date, last: date) -> dict[int, set[datetime]]:
    """The starts of the months that see a day from `first` to `last`, or one that was decided after the location or one
    that looks at it was complete."""
    found = {location: set(basis.seeing(first, last)) for location in before}
    looked_at = defaultdict(list)
    for location in before:
        for one in (location, *basis.near[location]):
            looked_at[one].append(location)
    oldest = min((one.revision for one in before.values()), default=0)
    for changed, day, revision in catalog.changed(basis.project, list(looked_at), after=oldest):
        for location in looked_at[changed]:
            if revision > before[location].revision:
                found[location].update(basis.seeing(day, day))
    return found


def _complete(
    before: Mapping[int, Complete],
    seen: Mapping[int, set[datetime]],
    months: Sequence[FeatureMonth],
    revision: int,
) -> dict[int, Complete]:
    there: defaultdict[int, set[str]] = defaultdict(set)
    for location, one in before.items():
        there[location] = set(one.months) - {f"{start:%Y-%m}" for start in seen[location]}
    for month in months:
        there[month.location].add(month.month)
    return {location: Complete(revision, frozenset(some)) for location, some in there.items()}

"""Objects that go together, and what must stay."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from steps.backends import promotions
from steps.backends.objects import Bucket, Stored
from steps.backends.promotions import Promotion


@dataclass(frozen=True)
class Set:
    """Objects that go together, in this order: first the one that says that the others are whole. `model`: the project
    and version of a registered model that MLflow forgets before."""

    bucket: Bucket
    objects: Sequence[Stored]
    model: tuple[str, int] | None = None

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(one.size for one in self.objects)

    def untouched(self, before: datetime) -> bool:
        """Whether all of it was last written before that time."""
        return all(one.modified < before for one in self.objects)


@dataclass(frozen=True)
class Kind:
    """Sets of one kind, and why they may go."""

    what: str
    why: str
    sets: Sequence[Set]


@dataclass(frozen=True)
class Needs:
    """What a project keeps: the versions of its models that are live, on their way, on trial, or may be put back by a
    rollback; and the datasets that these were made of, or that are being decided about. `gone`: the decisions whose
    models will never serve."""

    versions: frozenset[int]
    datasets: frozenset[str]
    gone: Sequence[Promotion]

    @classmethod
    def of(cls, connection: sa.Connection, project: str) -> "Needs":
        """Those of a project."""
        decisions = promotions.listed(connection, project)
        versions = frozenset(
            one.version for one in decisions if one.version and (one.verified_at or one.live_at or not one.ended)
        )
        wanted = {one.fingerprint for one in decisions if one.version in versions or one.promoted is None}
        gone = [one for one in decisions if one.fitted and one.version and one.version not in versions]
        return cls(versions, frozenset(filter(None, wanted)), gone)


def grouped(bucket: Bucket, prefix: str, name: Callable[[str], str], marker: str) -> dict[str, Set]:
    """The objects below a prefix, by what `name` makes of the rest of their keys; in each set those first whose key
    ends with `marker`."""
    found: defaultdict[str, list[Stored]] = defaultdict(list)
    for one in bucket.list(prefix):
        found[name(one.key.removeprefix(prefix))].append(one)
    return {
        each: Set(bucket, sorted(objects, key=lambda one: not one.key.endswith(marker)))
        for each, objects in found.items()
    }


def newest(sets: Iterable[Set]) -> Set | None:
    """The set that was written to last."""
    return max(sets, key=lambda one: max(each.modified for each in one.objects), default=None)


def singly(bucket: Bucket, objects: Iterable[Stored]) -> Iterator[Set]:
    """Each object by itself."""
    return (Set(bucket, [one]) for one in objects)

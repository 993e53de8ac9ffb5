"""What was measured at some sizes, as quantities that depend on one thing, each with its curve."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from tests.bench.simulated.fit import Fit, fit
from tests.bench.simulated.job import Used
from tests.bench.simulated.world import Measured

WHOLE: Final = 10_000  # locations
HISTORY: Final = 400  # days
SHARDS: Final = 50
LIMIT: Final = 1000.0  # MB of a step
OBJECT: Final = 2**20  # bytes; what is larger etcd refuses, so Argo packs the nodes, and then wants a database
ARGUMENT: Final = 128 * 1024  # bytes of one argument that Linux takes (MAX_ARG_STRLEN)

BACKFILL: Final = ("plan", "fetch", "prepare")
LEARNING: Final = ("snapshot", "trial, linear", "trial, lightgbm")
DAILY: Final = ("plan, a day more", "fetch, a day more", "prepare, a day more", "publish", "monitor")
_REQUESTS: Final = {"dear": "PUT and LIST", "cheap": "GET"}
_BODIES: Final = {"sent": "to the store", "received": "from the store"}


class What(NamedTuple):
    """What is measured. `history`: it grows with the days that lie there, so its sizes are locations with 400 days
    each; otherwise they are locations."""

    group: str
    name: str
    unit: str
    history: bool


@dataclass(frozen=True)
class Quantity:
    """A value by size."""

    what: What
    points: dict[float, float]

    @cached_property
    def fit(self) -> Fit:
        """The curve through the points."""
        return fit(self.points)

    def at(self, locations: float) -> float:
        """The value for so many locations, with 400 days where that counts."""
        return self.fit.at(locations)


def quantities(found: Sequence[Measured]) -> list[Quantity]:
    """All of them, in order of their groups."""
    points = defaultdict[What, dict[float, float]](dict)
    for one in found:
        for what, value in _values(one):
            points[what][one.locations * one.days / HISTORY if what.history else one.locations] = value
    return [Quantity(what, each) for what, each in points.items()]


def decided(found: Mapping[int, Mapping[str, Mapping[str, float]]]) -> list[Quantity]:
    """What deciding takes, by locations with 400 days."""
    time = {float(count): one["judge"]["core"] + one["refit"]["core"] for count, one in found.items()}
    memory = {float(count): one["refit"]["memory"] for count, one in found.items()}
    return [
        Quantity(What("time", "decide", "s of a core", True), time),
        Quantity(What("memory", "decide", "MB", True), memory),
    ]


def _values(one: Measured) -> Iterator[tuple[What, float]]:
    """Everything that is known of a size."""
    for names, history in ((BACKFILL, True), (LEARNING, True), (DAILY, False)):
        for name in names:
            yield What("time", name, "s of a core", history), one.used[name].core
            whole = history and names is not BACKFILL  # which is collected month by month
            yield What("memory", name, "MB", whole), one.used[name].memory
    for title, names, history in (("backfill", BACKFILL, True), ("learning", LEARNING, True), ("a day", DAILY, False)):
        used = _together(one, names)
        for field, words in _REQUESTS.items():
            yield What("requests", f"{title}: {words}", "requests", history), getattr(used, field)
        for field, words in _BODIES.items():
            yield What("bytes", f"{title}: {words}", "MB", history), getattr(used, field)
    for kind, count in sorted(one.left.objects.items()):
        yield What("store", f"{kind}: objects", "objects", True), count
        yield What("store", f"{kind}: bytes", "MB", True), one.left.stored[kind]
    for table, rows in sorted(one.left.rows.items()):
        yield What("database", f"{table}: rows", "rows", True), rows
    yield What("database", "the file", "MB", True), one.left.database


def _together(one: Measured, names: Sequence[str]) -> Used:
    """What the steps of those names took, one after the other."""
    used = Used(0, 0, 0)
    for name in names:
        used = used.beside(one.used[name])
    return used


def broken(found: Sequence[Quantity]) -> list[tuple[float, str]]:
    """What goes over a bound up to `WHOLE` locations, by the size at which it does, the first one first."""
    bounds = {("workflow", "the object"): OBJECT, ("workflow", "an argument"): ARGUMENT}
    over = []
    for one in found:
        bound = LIMIT if one.what.group == "memory" else bounds.get((one.what.group, one.what.name))
        size = one.fit.reaches(bound) if bound else float("inf")
        if bound and size <= WHOLE:
            over.append((size, f"{one.what.group} of {one.what.name} goes over {bound:,.0f} {one.what.unit}"))
    return sorted(over)

"""A layered layout, after Sugiyama: ranks from top to bottom, places within a rank that cross little, then positions.

Kozo Sugiyama et al., Methods for Visual Understanding of Hierarchical System Structures, IEEE SMC 11(2), 1981.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.house.measures import reachable

Edge = tuple[str, str]
_SWEEPS = 60
_STRAIGHT = 3  # how much more than a room an edge that passes by holds its place


@dataclass(frozen=True)
class Area:
    """Where the nodes of one group lie: from x to x, and the rank at which it begins."""

    left: float
    right: float
    top: int


@dataclass
class Layout:
    """Nodes with their group, edges between them, an area for each group. `width`: of a node, with the room around it.

    An edge over several ranks is led through points of its own in each of them.
    """

    groups: Mapping[str, str]
    edges: Sequence[Edge]
    areas: Mapping[str, Area]
    width: float
    slim: float = 14.0  # the room of an edge that passes by
    rank: dict[str, int] = field(default_factory=dict)
    paths: dict[Edge, list[str]] = field(default_factory=dict)
    x: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._own = dict(self.groups)
        self._rank()
        self._lead()
        self._order()
        self._place()
        self._straighten()
        self._straighten()
        self._center()

    def _rank(self) -> None:
        """As high as what it is imported by allows, but not above its area."""
        for node in _downwards(self.groups, self.edges):
            above = [self.rank[source] + 1 for source, target in self.edges if target == node]
            self.rank[node] = max([self.areas[self.groups[node]].top, *above])

    def _lead(self) -> None:
        for source, target in self.edges:
            path = [source]
            for rank in range(self.rank[source] + 1, self.rank[target]):
                point = f"{source} → {target} {rank}"
                self.rank[point] = rank
                self._own[point] = self._passing(source, target, rank)
                path.append(point)
            self.paths[source, target] = [*path, target]

    def _passing(self, source: str, target: str, rank: int) -> str:
        """The area that an edge passes in a rank: its target's, once that has begun."""
        there = self.groups[target]
        return there if rank >= self.areas[there].top else self.groups[source]

    def _order(self) -> None:
        self.rows = [
            sorted(node for node in self.rank if self.rank[node] == rank) for rank in range(max(self.rank.values()) + 1)
        ]
        links = [(upper, lower) for path in self.paths.values() for upper, lower in pairwise(path)]
        self._below = _neighbours(links)
        self._above = _neighbours((lower, upper) for upper, lower in links)
        best, least = self.rows, float("inf")
        for sweep in range(_SWEEPS):
            down = sweep % 2 == 0
            rows = self.rows if down else self.rows[::-1]
            for fixed, row in pairwise(rows):
                at = {node: place / max(len(fixed) - 1, 1) for place, node in enumerate(fixed)}
                near = self._above if down else self._below
                here = {node: place / max(len(row) - 1, 1) for place, node in enumerate(row)}
                row.sort(key=lambda node: (self._left(node), _mean([at[each] for each in near[node]], here[node])))
            crossings = self._crossings()
            if crossings < least:
                best, least = [list(row) for row in self.rows], crossings
        self.rows = best

    def _left(self, node: str) -> float:
        return self.areas[self._own[node]].left

    def _crossings(self) -> int:
        found = 0
        for upper, lower in pairwise(self.rows):
            at = {node: place for place, node in enumerate(lower)}
            ends = [sorted(at[each] for each in self._below[node]) for node in upper]
            flat = [place for own in ends for place in own]
            found += sum(one > other for number, one in enumerate(flat) for other in flat[number + 1 :])
        return found

    def _place(self) -> None:
        for row in self.rows:
            for group in {self._own[node] for node in row}:
                nodes = [node for node in row if self._own[node] == group]
                area = self.areas[group]
                step = (area.right - area.left) / len(nodes)
                self.x |= {node: area.left + step * (place + 0.5) for place, node in enumerate(nodes)}
        for sweep in range(_SWEEPS):
            for row in self.rows if sweep % 2 == 0 else self.rows[::-1]:
                for group in sorted({self._own[node] for node in row}):
                    self._settle([node for node in row if self._own[node] == group], self.areas[group])

    def _settle(self, nodes: list[str], area: Area) -> None:
        """Move them towards what they are tied to, as near as their widths allow."""
        wanted = [self._wanted(node) for node in nodes]
        offsets = [0.0]
        for one, other in pairwise(nodes):
            offsets.append(offsets[-1] + (self._room(one) + self._room(other)) / 2)
        first, last = self._room(nodes[0]) / 2, self._room(nodes[-1]) / 2
        low, high = area.left + first, area.right - last - offsets[-1]
        weights = [1 if node in self.groups else _STRAIGHT for node in nodes]
        free = _rising([want - offset for want, offset in zip(wanted, offsets, strict=True)], weights)
        for node, place, offset in zip(nodes, free, offsets, strict=True):
            self.x[node] = min(max(place, low), max(low, high)) + offset

    def _wanted(self, node: str) -> float:
        """The middle of what it is tied to; an edge that passes by goes straight on rather than to its ends."""
        ties = [*self._above[node], *self._below[node]]
        if node not in self.groups:
            ties += [each for each in ties if each not in self.groups] * _STRAIGHT
        return _mean([self.x[each] for each in ties], self.x[node])

    def _straighten(self) -> None:
        """An edge goes straight down as far as what lies beside it allows."""
        for path in self.paths.values():
            group: list[str] = []
            low, high = -math.inf, math.inf
            for node in path[1:-1]:
                left, right = self._free(node)
                if max(low, left) > min(high, right):
                    self._align(group, low, high)
                    group, low, high = [], -math.inf, math.inf
                group.append(node)
                low, high = max(low, left), min(high, right)
            self._align(group, low, high)

    def _align(self, group: list[str], low: float, high: float) -> None:
        middle = _mean([self.x[node] for node in group], 0.0)
        self.x |= dict.fromkeys(group, min(max(middle, low), high))

    def _free(self, node: str) -> tuple[float, float]:
        """How far it may move to the left and to the right."""
        row, half = self.rows[self.rank[node]], self._room(node) / 2
        at, area = row.index(node), self.areas[self._own[node]]
        left, right = row[:at][-1:], row[at + 1 : at + 2]
        return (
            max([area.left, *(self.x[each] + self._room(each) / 2 for each in left)]) + half,
            min([area.right, *(self.x[each] - self._room(each) / 2 for each in right)]) - half,
        )

    def _center(self) -> None:
        """Each group to the middle of its area, together with the edges that pass there."""
        for group, area in self.areas.items():
            nodes = [node for node in self.rank if self._own[node] == group]
            left = min(self.x[node] - self._room(node) / 2 for node in nodes)
            right = max(self.x[node] + self._room(node) / 2 for node in nodes)
            for node in nodes:
                self.x[node] += (area.left + area.right - left - right) / 2

    def _room(self, node: str) -> float:
        return self.width if node in self.groups else self.slim


def reduced(edges: Collection[Edge]) -> list[Edge]:
    """The edges without those that a way over others makes superfluous.

    Raises:
        ValueError: they go in a circle.
    """
    targets = _neighbours(edges)
    list(_downwards(targets, edges))
    return sorted(
        (source, target)
        for source, found in targets.items()
        for target in found
        if not any(target in reachable(other, targets) for other in found if other != target)
    )


def _downwards(nodes: Iterable[str], edges: Collection[Edge]) -> Iterator[str]:
    """Each node after all that have an edge to it.

    Raises:
        ValueError: they go in a circle.
    """
    left = set(nodes)
    while left:
        free = sorted(left - {target for source, target in edges if source in left})
        if not free:
            raise ValueError(f"these import each other in a circle: {', '.join(sorted(left))}")
        yield from free
        left -= set(free)


def _neighbours(edges: Iterable[Edge]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source, target in edges:
        found.setdefault(source, []).append(target)
        found.setdefault(target, [])
    return found


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _rising(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The nearest numbers, by least squares, of which none is below the one before (pool adjacent violators)."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        block = (value, weight, 1)
        while blocks and blocks[-1][0] > block[0]:
            mean, heavy, count = blocks.pop()
            both = heavy + block[1]
            block = ((mean * heavy + block[0] * block[1]) / both, both, count + block[2])
        blocks.append(block)
    return [mean for mean, _, count in blocks for _ in range(count)]

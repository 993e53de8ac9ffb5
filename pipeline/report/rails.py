"""Rails: the edges of a run's graph, drawn beside a list of its tasks, each task on one row.

A task stands in a lane, and an edge runs down a lane through the rows between its ends. A task takes the lane of one
that it follows if the way down is free, so that a chain is a straight line and parallel tasks get lanes of their own.
Edges share a lane only if they come from, or lead to, the same task. So no edge crosses a task that it does not touch,
as long as there are enough lanes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.report.tasks import Task

LANES = 6
_Edge = tuple[int, int]  # the rows it leads from and to; a task itself is an edge from its row to its row


@dataclass(frozen=True)
class Rail:
    """What a row draws: its task's lane; lanes that edges pass through; lanes from which edges come into the task and
    to which they leave it (its own among them, where an edge goes straight on)."""

    lane: int
    through: tuple[int, ...]
    enters: tuple[int, ...]
    leaves: tuple[int, ...]


def rails(tasks: Sequence[Task]) -> list[Rail]:
    """One rail for each task, in the same order."""
    rows = {task.key: row for row, task in enumerate(tasks)}
    graph = _Graph(
        [sorted(rows[key] for key in task.after if rows.get(key, row) < row) for row, task in enumerate(tasks)]
    )
    for row in range(len(tasks)):
        graph.place(row)
    return [graph.rail(row) for row in range(len(tasks))]


class _Graph:
    """What occupies which lane: `taken[row][lane]`."""

    def __init__(self, follows: list[list[int]]) -> None:
        self.follows = follows
        self.lanes: list[int] = []
        self.taken: list[list[set[_Edge]]] = [[set() for _ in range(LANES)] for _ in follows]
        self.routes: dict[_Edge, int] = {}
        self.ends = list(range(len(follows)))  # the last row that an edge from here leads to
        for row, sources in enumerate(follows):
            for source in sources:
                self.ends[source] = max(self.ends[source], row)

    def place(self, row: int) -> None:
        """Choose the lane of a row's task, and the way of each edge to it."""
        self.lanes.append(self._lane(row))
        lane = self.lanes[row]
        self.taken[row][lane].add((row, row))
        for source in self.follows[row]:
            edge = (source, row)
            ways = (lane, self.lanes[source], *range(LANES))
            way = next((way for way in ways if self._free(edge, way)), LANES - 1)
            self.routes[edge] = way
            for between in range(source + 1, row):
                self.taken[between][way].add(edge)

    def rail(self, row: int) -> Rail:
        """What has been chosen for a row."""
        lane = self.lanes[row]
        through = [way for way, edges in enumerate(self.taken[row]) if edges - {(row, row)}]
        enters = {way for (_, target), way in self.routes.items() if target == row}
        leaves = {way for (source, _), way in self.routes.items() if source == row}
        return Rail(lane, tuple(through), tuple(sorted(enters)), tuple(sorted(leaves)))

    def _lane(self, row: int) -> int:
        """The lane of a task that it follows; else a lane that no task above still needs; else any."""
        sources = self.follows[row]
        for source in sources:
            if self._free((source, row), self.lanes[source]):
                return self.lanes[source]
        lanes = [lane for lane in range(LANES) if all(self._free((source, row), lane) for source in sources)]
        calm = [lane for lane in lanes if not self._wanted(lane, row)]
        return next(iter(calm or lanes), LANES - 1)

    def _free(self, edge: _Edge, way: int) -> bool:
        """Whether an edge can run down `way` and meet only edges of its own source or target."""
        source, target = edge
        return all(
            at != to and (at == source or to == target)
            for row in range(source + 1, target)
            for at, to in self.taken[row][way]
        )

    def _wanted(self, lane: int, row: int) -> bool:
        """Whether the last task in `lane` has an edge to this row or beyond."""
        last = next((above for above in range(row - 1, -1, -1) if self.lanes[above] == lane), None)
        return last is not None and self.ends[last] >= row

"""Which leaves of an earlier run are reused when it is run again from a node: those that succeeded, are neither that
node nor part of it, and come neither after it nor after anything that did not succeed."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

from pipeline.engine.execution.journal import Journal, Row, owned
from pipeline.engine.execution.reuse import Leaf, Reuse, as_leaf
from pipeline.engine.runs.lifecycle import view
from pipeline.engine.spec import Workflow
from pipeline.engine.views.naming import attempts, below, names
from pipeline.engine.views.nodes import NodeView
from pipeline.engine.views.views import RunView
from pipeline.errors import UserError

_BROKEN = ("Failed", "Error")
_LEAVES = ("Pod", "HTTP", "Suspend")


def again(
    journal: Journal, workflow: Workflow, node: str, given: Mapping[str, str], *, of: str = ""
) -> tuple[dict[str, str], Reuse]:
    """The parameters of a new run of `workflow` that begins at `node`, and what it reuses of the newest run (or `of`).

    `node`: a display name, or a name below the run; empty for what did not succeed. `given`: parameters instead of the
    earlier run's. A node that reads one whose value changes is not reused.

    Raises:
        UserError: there is no such run, or it is still running; there is no such node, or several; or files that would
            be reused are gone.
    """
    row = journal.row(of) if of else _newest(journal, workflow.name)
    if row["workflow"] != workflow.name:
        raise UserError(f"run {row['id']} is of the workflow {row['workflow']}, not of {workflow.name}")
    if row["finished_at"] is None and owned(row):
        raise UserError(f"run {row['id']} is being executed by process {row['owner_pid']}; wait for it or stop it")
    if row["started_at"] is None:
        raise UserError(f"run {row['id']} has not begun; resume it with: pipeline run --resume {row['id']}")
    earlier = {name: value for name, value in row["parameters"].items() if _has(workflow, name)}
    changed = tuple(name for name, value in given.items() if row["parameters"].get(name, value) != value)
    return earlier | dict(given), _Earlier(view(journal, row["id"])).reuse(node, changed)


def _newest(journal: Journal, workflow: str) -> Row:
    for row in journal.rows():
        if row["workflow"] == workflow:
            return row
    raise UserError(f"there is no earlier run of {workflow}; run it from its beginning")


def _has(workflow: Workflow, name: str) -> bool:
    return any(parameter.name == name for parameter in workflow.arguments.parameters)


class _Earlier:
    def __init__(self, run: RunView) -> None:
        self.run = run
        self.nodes = {node.id: node for node in run.nodes}
        self.attempts = attempts(run.nodes)
        self.last = {node.id: child for child, node in self.attempts.items()}  # by retry node: its last attempt
        self._keys: dict[str, str | None] = {}
        for node in run.nodes:
            self._keys[node.id] = self._key(node)

    def _key(self, node: NodeView) -> str | None:
        """As `reuse.key_of`, where the last attempt counts."""
        if node.id in self.attempts:
            retry = self.attempts[node.id]
            return self._keys[retry.id] if self.last[retry.id] == node.id else None
        if node.boundary is None:
            return "" if node is self.run.nodes[0] else None
        above = self._keys[node.boundary]
        return None if above is None else above + node.name.removeprefix(self.nodes[node.boundary].name)

    def reuse(self, wanted: str, changed: tuple[str, ...]) -> Reuse:
        again = self._after(self._find(wanted) if wanted else ()) | self._after(
            node
            for node in self.run.nodes
            if node.phase in _BROKEN
            and node.type in ("Pod", "HTTP", "Suspend", "Skipped")
            and self._keys[node.id] is not None
        )
        leaves: dict[str, Leaf] = {}
        idle: list[str] = []
        for node in self.run.nodes:
            key = self._keys[node.id]
            if key is None:
                continue
            if node.phase in ("Skipped", "Omitted"):
                idle.append(key)
            elif node.type in _LEAVES and node.phase == "Succeeded" and node.id not in again:
                leaves[key] = self._leaf(node)
        return Reuse(self.run.id, wanted, leaves, tuple(idle), changed)

    def _leaf(self, node: NodeView) -> Leaf:
        for path in (*node.outputs.get("artifacts", {}).values(), *filter(None, [node.log])):
            if not Path(path).exists():
                raise UserError(
                    f"{self.run.id} cannot be run again from a node: {path}, of its node {node.display_name}, is gone; "
                    "run it from its beginning"
                )
        return as_leaf(node.inputs.get("parameters", {}), node.outputs, node.log)

    def _after(self, nodes: Iterable[NodeView]) -> set[str]:
        """The ids of nodes, of their parts, and of all that comes after."""
        found: set[str] = set()
        todo = [node.id for node in nodes]
        while todo:
            each = todo.pop()
            if each not in found:
                found.add(each)
                todo.extend(self.nodes[each].children)
                todo.extend(self._behind(self.nodes[each]))
        return found

    def _behind(self, node: NodeView) -> Iterator[str]:
        """What follows a dag or steps with `node` in it as a whole, as it does if that is retried."""
        above = self.nodes.get(node.boundary or "")
        while above is not None:
            yield from (child for child in above.children if self.nodes[child].boundary != above.id)
            above = self.nodes.get(above.boundary or "")

    def _find(self, wanted: str) -> list[NodeView]:
        """The nodes that are meant: one, or all items of a fan-out of steps, which has no node of its own."""
        names = {node.id: self._names(node) for node in self.run.nodes[1:] if node.type != "StepGroup"}
        found = [self.nodes[id] for id in names if wanted in names[id]]
        if not found:
            found = [self.nodes[id] for id in names if _names_item(names[id], wanted)]
            if len({node.boundary for node in found}) == 1:
                return found
        found = list({whole.id: whole for whole in map(self._whole, found)}.values())
        if len(found) > 1:
            several = _list(sorted(self._below(node) for node in found))
            raise UserError(f"{len(found)} nodes of run {self.run.id} are named {wanted}: {several}; say which")
        return found or self._refuse(wanted, set().union(*names.values()))

    def _refuse(self, wanted: str, names: set[str]) -> NoReturn:
        near = get_close_matches(wanted, sorted(names - {""}), n=3, cutoff=0.5)
        known = near or [self._below(node) for node in self.run.nodes[1:]]
        there = f"there are {_list(known)}" if known else "it is a single one, so run it from its beginning"
        raise UserError(f"run {self.run.id} has no node {wanted!r}; {there}")

    def _whole(self, node: NodeView) -> NodeView:
        """What is retried, if `node` is an attempt or a part of an earlier one; otherwise `node` itself."""
        if node.id in self.attempts:
            return self._whole(self.attempts[node.id])
        above = self.nodes.get(node.boundary or "")
        while above is not None and self._keys[node.id] is None:
            if above.id in self.attempts:
                return self._whole(self.attempts[above.id])
            above = self.nodes.get(above.boundary or "")
        return node

    def _names(self, node: NodeView) -> set[str]:
        """What a node may be called, also without numbers of attempts."""
        return names(node, self.nodes, self.run.nodes[0]) | {(self._keys[node.id] or "").removeprefix(".")}

    def _below(self, node: NodeView) -> str:
        return below(node, self.run.nodes[0])


def _names_item(names: Iterable[str], fan_out: str) -> bool:
    return any(name.startswith(f"{fan_out}(") and ":" in name for name in names)


def _list(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")

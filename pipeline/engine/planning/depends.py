"""`depends` and `dependencies`: which tasks a task waits for, and with which of their results it runs.
https://argo-workflows.readthedocs.io/en/latest/enhanced-depends-logic/

`A` alone means that A succeeded, was skipped or is a daemon; or that it failed, if its `continueOn` says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.engine.language.grammar import Node, parse
from pipeline.engine.spec import Task

RESULTS: Final = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned", "AnySucceeded", "AllFailed")
OF_ITEMS: Final = ("AnySucceeded", "AllFailed")


@dataclass(frozen=True, eq=False)
class Condition:
    """When a task runs. `tasks`: those it waits for; `results`: each (task, result) that it names."""

    tree: Node | None
    tasks: tuple[str, ...]
    results: tuple[tuple[str, str], ...]

    def holds(self, result: Callable[[str, str], bool]) -> bool:
        """Whether it runs, given what `result(task, "Failed")` says about the tasks it waits for."""
        return self.tree is None or _holds(self.tree, result)


def condition(task: Task, others: Mapping[str, Task]) -> Condition:
    """What `task` waits for.

    Raises:
        NotParsed: `depends` is not one.
    """
    if task.depends:
        tree: Node | None = parse(task.depends)
    else:
        leaves = tuple(Node("name", name) for name in task.dependencies)
        tree = Node("binary", "&&", leaves) if leaves else None
    if tree is None:
        return Condition(None, (), ())
    tree = _expanded(tree, others)
    results = tuple(dict.fromkeys(_leaves(tree)))
    return Condition(tree, tuple(dict.fromkeys(name for name, _ in results)), results)


def _expanded(node: Node, others: Mapping[str, Task]) -> Node:
    if node.kind != "name":
        return Node(node.kind, node.value, tuple(_expanded(part, others) for part in node.parts))
    if "." in node.value:
        return node
    wanted = ["Succeeded", "Skipped", "Daemoned"]
    other = others.get(node.value)
    if other is not None and other.continue_on_error:
        wanted.append("Errored")
    if other is not None and other.continue_on_failed:
        wanted.append("Failed")
    return Node("binary", "||", tuple(Node("name", f"{node.value}.{result}") for result in wanted))


def _leaves(node: Node) -> list[tuple[str, str]]:
    if node.kind == "name":
        name, _, result = node.value.partition(".")
        return [(name, result)]
    return [leaf for part in node.parts for leaf in _leaves(part)]


def _holds(node: Node, result: Callable[[str, str], bool]) -> bool:
    if node.kind == "name":
        name, _, wanted = node.value.partition(".")
        return result(name, wanted)
    if node.kind == "unary":
        return not _holds(node.parts[0], result)
    return (all if node.value == "&&" else any)(_holds(part, result) for part in node.parts)

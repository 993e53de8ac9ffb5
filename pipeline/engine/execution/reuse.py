"""What a run reuses of an earlier run of its workflow, so that only a node and what comes after it runs again.

The scheduler knows nothing of this: before it starts a leaf, the executor asks here, and a leaf that is reused ends as
the earlier one did. Its end is an event of the new run, and its files are the new run's (hard links, or copies), so the
earlier run can be deleted. The node tree alone decides what is reused, so a resumed run decides the same.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from pipeline.engine.execution.leaves import Outcome, explain, printed_by
from pipeline.engine.language.variables import texts
from pipeline.engine.places import Place
from pipeline.engine.scheduler.events import Ended, Event, Outputs
from pipeline.engine.scheduler.state import Node, Run
from pipeline.engine.spec import Artifact, Template
from pipeline.engine.views.nodes import origin, reused_from

_LEAVES: Final = ("Pod", "HTTP", "Suspend")


@dataclass(frozen=True)
class Leaf:
    """How a leaf of the earlier run ended. `folder`: where its files are; `artifacts`: their paths below it."""

    folder: str
    inputs: dict[str, str | None] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, str] = field(default_factory=dict)
    exit_code: str | None = None
    result: str | None = None


@dataclass(frozen=True)
class Reuse:
    """What there is to reuse. `run`: the earlier run; `node`: the node from which it runs again.

    `leaves`: those that may be reused, by their name below the run, without attempts. `idle`: the nodes that did not
    run there. `changed`: the workflow's parameters that have another value now.
    """

    run: str
    node: str
    leaves: Mapping[str, Leaf]
    idle: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def to_json(self) -> str:
        """For the journal."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Reuse":
        """What `to_json` made a text of."""
        found = json.loads(text)
        leaves = {name: Leaf(**leaf) for name, leaf in found["leaves"].items()}
        return cls(found["run"], found["node"], leaves, tuple(found["idle"]), tuple(found["changed"]))


class ReuseMatcher:
    """Decides for each leaf of one run whether it is reused from the earlier run."""

    def __init__(self, reuse: Reuse, run: Run) -> None:
        self._reuse = reuse
        self._run = run
        self._idle = frozenset(reuse.idle)
        self._message = reused_from(reuse.run)
        self._pauses: set[str] = set()
        self._examined = 0
        self._after_new: dict[str, bool] = {}  # by name: whether something that ran again comes before a node
        names = "|".join(map(re.escape, reuse.changed))
        self._reads = re.compile(rf"workflow\.parameters(\.json|\s*\}}\}}|\[|\.({names})(?![\w-]))") if names else None

    def instead(self, node: Node, place: Place, *, printed: bool) -> Callable[[], Outcome] | None:
        """What to do instead of starting a leaf; None to start it. `printed`: its stdout is an output."""
        found = self._match(node) if node.bound is not None and not node.bound.daemon else None
        return None if found is None else lambda: _take_over(found, place, self._message, printed=printed)

    def pauses(self, now: float) -> list[Event]:
        """The ends of suspensions for which the earlier run has waited."""
        new = [node for node in self._run.suspended.values() if node.name not in self._pauses]
        self._pauses.update(node.name for node in new)
        ends = [(node, self._match(node)) for node in new]
        return [
            Ended(now, node.name, "Succeeded", self._message, Outputs(found.parameters))
            for node, found in ends
            if found is not None
        ]

    def _match(self, node: Node) -> Leaf | None:
        """The earlier leaf that takes the place of `node`; None if it must run."""
        key = key_of(self._run, node)
        found = self._reuse.leaves.get(key) if key is not None else None
        template = node.bound
        if found is None or template is None or self._comes_after_new(node) or not _fits(found, template):
            return None
        return None if self._reads is not None and self._is_changed(node, found) else found

    def _comes_after_new(self, node: Node) -> bool:
        """Whether anything before `node` ran again. Nodes are made after those before them, so one pass is enough."""
        nodes = self._run.nodes
        for each in islice(nodes.values(), self._examined, None):
            self._after_new[each.name] = any(
                self._after_new.get(above.name, True) or self._ran_again(above) or self._held_new(above, each)
                for above in each.parents
            )
        self._examined = len(nodes)
        return self._after_new[node.name]

    def _held_new(self, above: Node, node: Node) -> bool:
        """Whether `node` follows `above` as a whole, as an exit hook does or what waits for a retried dag, and a part
        of `above` ran again."""
        if above.type in _LEAVES or _is_part(node, above):
            return False
        todo, seen = [above], {above.name}
        while todo:
            each = todo.pop()
            if self._ran_again(each):
                return True
            parts = [child for child in each.children.values() if child.name not in seen and _is_part(child, above)]
            seen.update(part.name for part in parts)
            todo.extend(parts)
        return False

    def _ran_again(self, node: Node) -> bool:
        if node.type == "Skipped":
            return key_of(self._run, node) not in self._idle
        return node.type in _LEAVES and not origin(node.message)

    def _is_changed(self, node: Node, found: Leaf) -> bool:
        """Whether it reads a parameter of the workflow that has another value now, directly or through its inputs."""
        if {each.name: each.value for each in node.inputs.parameters} != found.inputs:
            return True
        for artifact in node.inputs.artifacts:
            earlier = Path(found.folder, "files", artifact.path.lstrip("/"))
            if artifact.raw is not None and not _has_text(earlier, artifact.raw):
                return True
        declared = self._run.workflow.templates[node.template]
        return self._reads is not None and any(self._reads.search(text) for _, text in texts(declared))


def _is_part(node: Node, whole: Node) -> bool:
    above = node.owner
    while above is not None and above is not whole:
        above = above.owner
    return above is whole


def _has_text(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, ValueError):
        return False


def _fits(found: Leaf, template: Template) -> bool:
    """Whether it has all the outputs that the template wants now."""
    artifacts = {each.name for each in template.outputs.artifacts if not each.optional}
    return {each.name for each in template.outputs.parameters} <= found.parameters.keys() and (
        artifacts <= found.artifacts.keys()
    )


def key_of(run: Run, node: Node) -> str | None:
    """A node's name below the run, without the numbers of attempts; None for anything in a later attempt, and for the
    run's exit handler."""
    if node.owner is not None and node.is_attempt:
        return key_of(run, node.owner) if node.attempt == 0 else None
    if node.boundary is None:
        return "" if node is run.root else None
    above = key_of(run, node.boundary)
    return None if above is None else above + node.name.removeprefix(node.boundary.name)


def _take_over(found: Leaf, place: Place, message: str, *, printed: bool) -> Outcome:
    """Make the files of an earlier leaf this run's, and end as it did."""
    shutil.rmtree(place.folder, ignore_errors=True)
    try:
        shutil.copytree(found.folder, place.folder, symlinks=True, copy_function=link)
        artifacts = {name: Artifact(name, stored=f"{place.node}/{path}") for name, path in found.artifacts.items()}
        result = printed_by(place.stdout) if printed and found.result is None else found.result
    except (OSError, shutil.Error) as error:
        return Outcome("Error", f"{message}, whose files cannot be copied: {explain(error)}")
    return Outcome("Succeeded", message, Outputs(found.parameters, artifacts, found.exit_code, result))


def link(source: str, target: str) -> str:
    """Make `target` the same file as `source`, or a copy where that cannot be; `target`."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target, follow_symlinks=False)
    return target


def as_leaf(parameters: Mapping[str, Any], outputs: Mapping[str, Any], folder: Path | None) -> Leaf:
    """A leaf of the earlier run, from the inputs and outputs in its view."""
    place = folder if folder is not None else Path()
    return Leaf(
        folder=str(folder) if folder is not None else "",
        inputs=dict(parameters),
        parameters=dict(outputs.get("parameters", {})),
        artifacts={name: str(Path(path).relative_to(place)) for name, path in outputs.get("artifacts", {}).items()},
        exit_code=outputs.get("exitCode"),
        result=outputs.get("result"),
    )

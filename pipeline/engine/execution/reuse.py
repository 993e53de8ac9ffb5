"""What a run takes from an earlier one of its workflow, so that only a node and what comes after it runs anew.

The scheduler knows nothing of it: where a leaf would be started, the executor asks here first, and a leaf that is taken
ends as the earlier one did. Its end is an event of the new run, its files are the new run's (hard links, or copies), so
the earlier run can be deleted. What is taken is decided by the node tree alone, so a resumed run decides alike.
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
from pipeline.engine.views.views import origin, reused_from

_LEAVES: Final = ("Pod", "Suspend")


@dataclass(frozen=True)
class Leaf:
    """How a leaf of the earlier run ended. `folder`: where its files are; `artifacts`: their places below that."""

    folder: str
    inputs: dict[str, str | None] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, str] = field(default_factory=dict)
    exit_code: str | None = None
    result: str | None = None


@dataclass(frozen=True)
class Reuse:
    """What there is to take. `run`: the earlier run; `node`: where it is run again from.

    `leaves`: those that may be taken, by their name below the run, attempts left out. `idle`: the nodes that did not
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
        """What `to_json` was given."""
        found = json.loads(text)
        leaves = {name: Leaf(**leaf) for name, leaf in found["leaves"].items()}
        return cls(found["run"], found["node"], leaves, tuple(found["idle"]), tuple(found["changed"]))


class ReuseMatcher:
    """Says of each leaf of one run whether it is taken from the earlier run."""

    def __init__(self, reuse: Reuse, run: Run) -> None:
        self._reuse = reuse
        self._run = run
        self._idle = frozenset(reuse.idle)
        self._message = reused_from(reuse.run)
        self._pauses: set[str] = set()
        self._looked_at = 0
        self._anew: dict[str, bool] = {}  # by name: whether something that ran anew comes before a node
        names = "|".join(map(re.escape, reuse.changed))
        self._reads = re.compile(rf"workflow\.parameters(\.json|\s*\}}\}}|\[|\.({names})(?![\w-]))") if names else None

    def instead(self, node: Node, place: Place, *, printed: bool) -> Callable[[], Outcome] | None:
        """What is done in place of starting a leaf; None where it is to be started. `printed`: its stdout is an
        output."""
        found = self._of(node)
        return None if found is None else lambda: _take(found, place, self._message, printed=printed)

    def pauses(self, now: float) -> list[Event]:
        """The ends of suspensions that were waited for in the earlier run."""
        new = [node for node in self._run.suspended.values() if node.name not in self._pauses]
        self._pauses.update(node.name for node in new)
        ends = [(node, self._of(node)) for node in new]
        return [
            Ended(now, node.name, "Succeeded", self._message, Outputs(found.parameters))
            for node, found in ends
            if found is not None
        ]

    def _of(self, node: Node) -> Leaf | None:
        """The earlier leaf that takes the place of `node`; None where it is to run."""
        key = key_of(self._run, node)
        found = self._reuse.leaves.get(key) if key is not None else None
        template = node.bound
        if found is None or template is None or self._comes_after_new(node) or not _fits(found, template):
            return None
        return None if self._reads is not None and self._is_changed(node, found) else found

    def _comes_after_new(self, node: Node) -> bool:
        """Whether anything before `node` ran anew. Nodes come to be after those before them, so one pass does."""
        nodes = self._run.nodes
        for each in islice(nodes.values(), self._looked_at, None):
            self._anew[each.name] = any(
                self._anew.get(above.name, True) or self._ran_anew(above) or self._held_new(above, each)
                for above in each.parents
            )
        self._looked_at = len(nodes)
        return self._anew[node.name]

    def _held_new(self, above: Node, node: Node) -> bool:
        """Whether `node` follows `above` as a whole, as an exit hook or what waits for a retried dag does, and a part
        of that ran anew."""
        if above.type in _LEAVES or _is_part(node, above):
            return False
        todo, seen = [above], {above.name}
        while todo:
            each = todo.pop()
            if self._ran_anew(each):
                return True
            parts = [child for child in each.children.values() if child.name not in seen and _is_part(child, above)]
            seen.update(part.name for part in parts)
            todo.extend(parts)
        return False

    def _ran_anew(self, node: Node) -> bool:
        if node.type == "Skipped":
            return key_of(self._run, node) not in self._idle
        return node.type in _LEAVES and not origin(node.message)

    def _is_changed(self, node: Node, found: Leaf) -> bool:
        """Whether it reads a parameter of the workflow that has another value now, itself or by what it is given."""
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
    """Whether it put out all that the template wants by now."""
    artifacts = {each.name for each in template.outputs.artifacts if not each.optional}
    return {each.name for each in template.outputs.parameters} <= found.parameters.keys() and (
        artifacts <= found.artifacts.keys()
    )


def key_of(run: Run, node: Node) -> str | None:
    """A node's name below the run, without the numbers of attempts; None for what belongs to another attempt than the
    first, and for the run's exit handler."""
    if node.owner is not None and node.is_attempt:
        return key_of(run, node.owner) if node.attempt == 0 else None
    if node.boundary is None:
        return "" if node is run.root else None
    above = key_of(run, node.boundary)
    return None if above is None else above + node.name.removeprefix(node.boundary.name)


def _take(found: Leaf, place: Place, message: str, *, printed: bool) -> Outcome:
    """Make an earlier leaf's files this run's, and end as it did."""
    shutil.rmtree(place.folder, ignore_errors=True)
    try:
        shutil.copytree(found.folder, place.folder, symlinks=True, copy_function=_link)
        artifacts = {name: Artifact(name, stored=f"{place.node}/{path}") for name, path in found.artifacts.items()}
        result = printed_by(place.stdout) if printed and found.result is None else found.result
    except (OSError, shutil.Error) as error:
        return Outcome("Error", f"{message}, whose files cannot be had: {explain(error)}")
    return Outcome("Succeeded", message, Outputs(found.parameters, artifacts, found.exit_code, result))


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target, follow_symlinks=False)
    return target


def as_leaf(parameters: Mapping[str, Any], outputs: Mapping[str, Any], folder: Path | None) -> Leaf:
    """A leaf of the earlier run, from what its view says of its inputs and outputs."""
    place = folder if folder is not None else Path()
    return Leaf(
        folder=str(folder) if folder is not None else "",
        inputs=dict(parameters),
        parameters=dict(outputs.get("parameters", {})),
        artifacts={name: str(Path(path).relative_to(place)) for name, path in outputs.get("artifacts", {}).items()},
        exit_code=outputs.get("exitCode"),
        result=outputs.get("result"),
    )

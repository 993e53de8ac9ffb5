"""Why one node is as it is, in plain words: from the run's state and its manifest."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pipeline.engine.language import Unresolved, replace_all
from pipeline.engine.places import Place
from pipeline.engine.planning import condition
from pipeline.engine.scheduler import BROKEN, Frame, Node, Run, result_of, values_of
from pipeline.engine.spec import Retry, Task
from pipeline.engine.views import origin
from pipeline.explain.causes import FAILED_FAST, Causes, Root, is_superseded, said
from pipeline.explain.lines import Line, name_list
from pipeline.show.log_lines import last_words
from steps.pages.words import duration

_TAIL = 10  # lines of a log
_OPERAND = re.compile(r"[A-Za-z0-9][-A-Za-z0-9]*(?:\.[A-Z][A-Za-z]+)?")
_BARE = ("Succeeded", "Skipped", "Daemoned")
_CHILD = re.compile(r"child '\S+' failed")
_FALSE = re.compile(r"when '(.*)' evaluated false", re.DOTALL)


class Teller:
    """Says why nodes of one run are as they are. `names`: what each is called, by id. `now`: seconds since 1970."""

    def __init__(self, run: Run, names: dict[str, str], folder: Path, now: float) -> None:
        self.run = run
        self.names = names
        self.causes = Causes(run)
        self._folder = folder
        self._now = now

    def about(self, node: Node) -> Iterator[Line]:
        """The whole story of one node."""
        yield Line(f"{self.names[node.id]}: {node.phase}{self.took(node)}", style="bold")
        if node.phase in ("Pending", "Running"):
            yield from self._unfinished(node)
        elif node.phase == "Omitted":
            yield from self._omitted(node)
        elif node.phase == "Skipped":
            yield from self._skipped(node)
        elif node.phase in BROKEN:
            yield from self._broken(node)
        else:
            yield from self._succeeded(node)

    def task_of(self, node: Node) -> Task | None:
        """The task or step that a node is of, as it is written."""
        if node.boundary is None:
            return None
        tasks = self.run.workflow.templates[node.boundary.template].tasks
        return next((task for task in tasks if task.name == node.task), None)

    def wanted(self, node: Node) -> str:
        """What a node depends on, as it is written."""
        task = self.task_of(node)
        return _dependencies(task) if task is not None else ""

    def condition(self, node: Node) -> tuple[str, str]:
        """The `when` of a node that was skipped for it, as it is written and with its values; empty for others."""
        task, found = self.task_of(node), _FALSE.search(node.message)
        return (task.when, found[1]) if task is not None and found is not None else ("", "")

    def took(self, node: Node) -> str:
        """How long it ran, or has run by now."""
        if node.started_at is None or node.type == "Skipped":
            return ""
        end = node.finished_at if node.finished_at is not None else self._now
        return f" {'after' if node.finished_at is not None else 'for'} {duration(end - node.started_at)}"

    def _succeeded(self, node: Node) -> Iterator[Line]:
        taken = origin(said(node))
        if taken:
            yield Line(f"It was not executed: what it put out is reused from run {taken}.", 1)
        elif node.recalled:
            yield Line(f"It was not executed: it is memoized, and run {node.recalled} has put this out.", 1)
        elif node.type == "Retry":
            yield from self._attempts(node)
        elif node.outputs is not None and node.outputs.exit_code is not None:
            yield Line(f"It ended with exit code {node.outputs.exit_code}.", 1)
        parts = [part for part in self.run.nodes.values() if part.owner is node and part.phase != "Succeeded"]
        if parts and node.type != "Retry":
            yield Line(f"Of its parts, these did not simply succeed: {self._listed(parts)}", 1)

    def _skipped(self, node: Node) -> Iterator[Line]:
        task, (written, filled) = self.task_of(node), self.condition(node)
        if written:
            yield Line("It was skipped, because its condition does not hold:", 1)
            yield Line(f"when: {written}", 2)
            if filled != written:
                yield Line(f"with its values: {filled}", 2)
        elif task is not None and task.expands:
            source = task.param or (task.sequence and f"count {task.sequence.count}") or "its list"
            yield Line(f"It was skipped, because it is a fan-out without items: {source} is empty.", 1)
        else:
            yield Line(f"It was skipped: {node.message}", 1)

    def _omitted(self, node: Node) -> Iterator[Line]:
        yield Line("It was omitted, because what it depends on came out otherwise:", 1)
        frame, task = frame_of(node), self.task_of(node)
        if frame is not None and task is not None:
            yield from self.operands(frame, task)
        for root in self.causes.roots(node):
            if root is not node:
                yield Line(f"It began with {self.brief(root) if isinstance(root, Node) else root}", 1)

    def operands(self, frame: Frame, task: Task) -> Iterator[Line]:
        """What a task depends on, and what came of each."""
        text = _dependencies(task)
        yield Line(f"{'depends' if task.depends else 'dependencies'}: {text}", 2)
        for operand in dict.fromkeys(_OPERAND.findall(text)):
            name, _, wanted = operand.partition(".")
            other = frame.nodes.get(name)
            if other is None:
                yield Line(f"{operand}: not known yet ({name} has not begun)", 2)
                continue
            if not other.fulfilled:
                yield Line(f"{operand}: not known yet ({name} is {other.phase})", 2)
                continue
            holds = condition(Task("", "", depends=operand), frame.tasks).holds(partial(result_of, frame))
            group = f", of its {len(other.children)} items {_count(other)}" if other.type == "TaskGroup" else ""
            hint = "" if holds or wanted else f"; wanted {' or '.join(_BARE[:2])}"
            yield Line(f"{operand}: {'true' if holds else 'false'} ({name} is {other.phase}{group}{hint})", 2,
                       "" if holds else "red")  # fmt: skip

    def _broken(self, node: Node) -> Iterator[Line]:
        behind = [root for root in self._behind(node) if root is not node.owner]
        if node.type == "Retry":
            yield from self._attempts(node)
        elif node.type == "Skipped":
            yield Line(f"It could not begin: {node.message}", 1, "red")
        elif node.type in ("Pod", "HTTP", "Suspend"):
            yield Line(f"{node.message or 'It left no message.'}", 1, "red")
            yield from self.log(node, _TAIL)
            owner = node.owner
            if owner is not None and owner.type == "Retry":
                yield Line(f"It was attempt {node.attempt + 1}; see {self.names[owner.id]} for what followed.", 1)
        elif node.message and node.message != FAILED_FAST and not _CHILD.fullmatch(node.message):
            yield Line(node.message, 1, "red")
        if node.message == FAILED_FAST:
            yield Line("It was ended because failFast is set and a part failed.", 1)
        for other in behind[:_TAIL]:
            if isinstance(other, str):
                yield Line(f"It was ended because {other}.", 1)
            elif node.type != "Retry" or other.type not in ("Pod", "HTTP"):
                yield Line(f"It failed with {self.brief(other)}", 1)
        if len(behind) > _TAIL:
            yield Line(f"and {len(behind) - _TAIL} more.", 1)

    def _behind(self, node: Node) -> Iterator[Root]:
        """What a node's end follows from, without groups of steps, which have no name."""
        for root in self.causes.behind(node):
            if isinstance(root, Node) and root.type == "StepGroup":
                yield from self.causes.behind(root) or [root]
            else:
                yield root

    def brief(self, node: Node) -> str:
        """A node and its end, in one line."""
        message = said(node)
        attempts = f", attempt {len(node.attempts)}" if len(node.attempts) > 1 else ""
        return f"{self.names[node.id]}: {node.phase}{attempts}{f': {message}' if message else ''}"

    def log(self, node: Node, lines: int) -> Iterator[Line]:
        """The end of what a leaf wrote to stderr, or to stdout where that is empty."""
        leaf = node.attempts[-1] if node.attempts else node
        place = Place(self._folder, leaf.id)
        for path in (place.stderr, place.stdout):
            found = last_words(path, lines)
            if found:
                yield Line(f"The end of its log ({path}):", 1)
                yield from (Line(text, 2, "dim") for text in found)
                return

    def _attempts(self, node: Node) -> Iterator[Line]:
        for attempt in node.attempts:
            message = f": {attempt.message}" if attempt.message else ""
            style = "red" if attempt.phase in BROKEN else ""
            yield Line(f"attempt {attempt.attempt + 1}: {attempt.phase}{self.took(attempt)}{message}", 1, style)
        strategy = self.run.workflow.templates[node.template].retry
        if node.phase not in BROKEN or strategy is None or not node.attempts:
            return
        yield Line(f"No attempt followed: {self._why_no_more(node, strategy)}", 1)
        yield from self.log(node, _TAIL)

    def _why_no_more(self, node: Node, strategy: Retry) -> str:
        last, message = node.attempts[-1], node.message
        if message == "No more retries left":
            limit = self._filled(node, strategy.limit or "")
            return f"the limit is {limit} {'retry' if limit == '1' else 'retries'}."
        if message.startswith("retryStrategy.expression"):
            values = values_of(node)
            named = [f"{name} = {value}" for name, value in values.items() if name in strategy.expression]
            return f"the expression {strategy.expression} is false, with {', '.join(named) or 'no variables'}."
        policy = strategy.policy or ("Always" if strategy.expression else "OnFailure")
        if message == last.message:
            return f"the policy is {policy}, and the attempt ended with {last.phase}."
        return f"{message}."

    def _filled(self, node: Node, text: str) -> str:
        inputs = {f"inputs.parameters.{each.name}": each.value for each in node.inputs.parameters}
        try:
            return str(replace_all(text, lambda tag: inputs.get(tag, self.run.variables.get(tag))))
        except Unresolved:
            return text

    def _unfinished(self, node: Node) -> Iterator[Line]:
        waits = self.waits(node)
        if waits:
            yield Line(f"{waits}.", 1)
        elif node.type in ("Pod", "HTTP", "Suspend") and node.phase == "Pending":
            yield Line("It waits for a free core: as many steps run as may at once.", 1)
        elif node.type == "Suspend":
            yield Line(f"It waits for a person; argo resume {self.run.id} lets it go on, as the run's page does.", 1)
        elif node.type in ("Pod", "HTTP"):
            yield Line("It is running.", 1)
            yield from self.log(node, _TAIL)
        else:
            if node.type == "Retry":
                yield from self._attempts(node)
            parts = [part for part in self.run.nodes.values() if part.owner is node and not part.fulfilled]
            yield Line(f"It goes on: {self._listed(parts) or 'nothing of it has begun'}", 1)

    def waits(self, node: Node) -> str:
        """What a node that has come to be waits for; empty where for nothing."""
        if node.lock == "waiting":
            return f"It waits for its mutex: {node.message}"
        if node.due_at is not None:
            at = datetime.fromtimestamp(node.due_at, UTC).astimezone()
            why = "It pauses" if node.type == "Suspend" else f"It waits to try again ({node.message})"
            return f"{why} until {at:%H:%M:%S}, {duration(max(node.due_at - self._now, 0.0))} from now"
        if any(about is node for _, about in self.run.held_back):
            return f"It waits for room: {self.room(frame_of(node))}"
        return ""

    def room(self, frame: Frame | None) -> str:
        """Which parallelism holds back what is in a dag or steps."""
        limit = frame.template.parallelism if frame is not None else None
        if limit and frame is not None and frame.active >= limit:
            return f"the parallelism of {frame.template.name} is {limit}"
        return f"the workflow's parallelism is {self.run.workflow.parallelism}"

    def _listed(self, nodes: Iterable[Node]) -> str:
        found = [f"{self.names[node.id]} ({node.phase})" for node in nodes if not is_superseded(node)]
        return name_list(found)


def frame_of(node: Node) -> Frame | None:
    """The progress of the dag or steps that a node is of."""
    return node.boundary.frame if node.boundary is not None else None


def _dependencies(task: Task) -> str:
    return task.depends or " && ".join(task.dependencies)


def _count(group: Node) -> str:
    phases = [child.phase for child in group.children.values()]
    return ", ".join(f"{phases.count(phase)} {phase}" for phase in dict.fromkeys(phases))

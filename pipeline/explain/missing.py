"""Why a task of the manifest never came to be a node of the run, or has not yet."""

from collections.abc import Iterator

from pipeline.engine.scheduler import Batch, Frame, Node, StepsFrame
from pipeline.explain.causes import never_made
from pipeline.explain.lines import Line
from pipeline.explain.nodes import Teller


def missing(teller: Teller, wanted: str) -> list[Line]:
    """What is to be said of the task `wanted` (its name, or its path of names); nothing where there is no such task."""
    run = teller.run
    for node in run.nodes.values():
        for name in never_made(node):
            path = name if node is run.root else f"{teller.names[node.id]}.{name}"
            if wanted in (name, path) and node.frame is not None:
                return [Line(f"{path}: not there", style="bold"), *_of(teller, node, node.frame, name)]
    for key, template in run.workflow.templates.items():
        if any(task.name == wanted.rpartition(".")[2] for task in template.tasks):
            return [Line(f"{wanted}: not there", style="bold"), *_of_template(teller, key)]
    return []


def _of(teller: Teller, holder: Node, frame: Frame, name: str) -> Iterator[Line]:
    above = "the run" if holder is teller.run.root else teller.names[holder.id]
    if holder.fulfilled:
        yield Line(f"It never came to be: {above} ended with {holder.phase} before.", 1)
        for root in teller.causes.roots(holder):
            yield Line(f"It began with {teller.brief(root) if isinstance(root, Node) else root}", 1)
    elif any(isinstance(about, Batch) and about.task == name for _, about in teller.run.held_back):
        yield Line(f"It waits for room: {teller.room(frame)}.", 1)
    elif isinstance(frame, StepsFrame) and frame.template.steps is not None:
        groups = [[step.name for step in group] for group in frame.template.steps]
        own = next(number for number, group in enumerate(groups) if name in group)
        yield Line(f"It is of group [{own}] of {above}; group [{frame.number}] goes on.", 1)
    else:
        yield Line("It waits for what it depends on:", 1)
        yield from teller.operands(frame, frame.tasks[name])


def _of_template(teller: Teller, key: str) -> Iterator[Line]:
    holders = [node for node in teller.run.nodes.values() if node.template == key]
    yield Line(f"It is a task of the template {key}, which has not begun.", 1)
    for node in holders[:3]:
        yield Line(f"{teller.names[node.id]}, which would run that, is as it is for this:", 1)
        yield from (Line(line.text, line.depth + 1, line.style) for line in teller.about(node))

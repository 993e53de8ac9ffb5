"""`pipeline explain`: why a node, a run or a manifest is as it is, in plain words."""

import time
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

from pipeline import engine
from pipeline.engine.execution import Standing
from pipeline.engine.manifest import Examined, Found, examine
from pipeline.engine.scheduler import Node
from pipeline.engine.views import labels
from pipeline.errors import Refused, UserError
from pipeline.explain.lines import Line, name_list
from pipeline.explain.missing import missing
from pipeline.explain.nodes import Teller
from pipeline.explain.refusals import refusal
from pipeline.explain.story import story


def of_run(journal: engine.Journal, run_id: str, node: str = "") -> list[Line]:
    """The story of a run, or of one node of it.

    Raises:
        UserError: there is no such run or node.
    """
    run, view, folder = engine.state(journal, run_id)
    teller = Teller(run, labels(view), folder, time.time())
    if not node:
        return list(story(run, view, teller, _owner(journal.standing([run_id])[run_id], interrupted=view.interrupted)))
    found = _found(teller, node)
    if not found:
        lines = missing(teller, node)
        if not lines:
            known = list(dict.fromkeys(teller.names.values()))
            near = get_close_matches(node, known, n=3, cutoff=0.5)
            there = f"did you mean {name_list(near)}?" if near else f"there are {name_list(known)}"
            raise UserError(f"run {run_id} has no node {node!r}, nor has its manifest such a task; {there}")
        return lines
    return [line for each in found for line in teller.about(each)]


def _owner(standing: Standing, *, interrupted: bool) -> str:
    if standing.started_at is None and interrupted:
        return f"It has not begun; pipeline run --resume {standing.run} begins it."
    if interrupted:
        return f"Nobody executes it; pipeline run --resume {standing.run} goes on with it."
    return f"Process {standing.pid} executes it." if standing.finished_at is None and standing.pid is not None else ""


def _found(teller: Teller, wanted: str) -> list[Node]:
    """The nodes of that name: as it is shown, as it is within its dag, or below the run."""
    nodes = teller.run.nodes
    for matches in (
        [node for node in nodes.values() if teller.names[node.id] == wanted and node.type != "StepGroup"],
        [node for node in nodes.values() if node.name in (wanted, f"{teller.run.id}.{wanted}", teller.run.id + wanted)],
        [node for node in nodes.values() if node.display_name == wanted and node.type != "StepGroup"],
        [node for node in nodes.values() if node.display_name.startswith(f"{wanted}(") and ":" in node.display_name],
    ):
        whole = [node for node in matches if node.owner is None or node.owner not in matches]
        if whole:
            return whole
    return []


def of_manifests(
    place: Path, lacking: Callable[[Found], Iterable[str]] = lambda _: (), told: Callable[[Found], str] = lambda _: ""
) -> tuple[list[Line], bool]:
    """What is refused of a file or of the files of a folder, and what they need that is not here (`lacking`); and
    whether there is nothing of that. `told`: where steps run that are no plain processes.

    Raises:
        UserError: there is no workflow.
    """
    lines: list[Line] = []
    good = True
    for examined in examine(place):
        problem = _problem(examined, lacking)
        good = good and problem is None
        lines += list(_verdict(examined, problem))
        if (
            problem is None
            and examined.manifests is not None
            and examined.manifests.workflows[examined.name].entrypoint
            and (line := told(Found(examined.manifests, examined.name)))
        ):
            lines.append(Line(f"these steps run {line}", 1))
    return lines, good


def _problem(examined: Examined, lacking: Callable[[Found], Iterable[str]]) -> Refused | None:
    """Why a workflow is refused, with what it needs and has not where it can be run by itself."""
    manifests, name = examined.manifests, examined.name
    if manifests is None or name not in manifests.workflows or manifests.workflows[name].kind == "WorkflowTemplate":
        return examined.problem
    problems = [*(examined.problem.problems if examined.problem else ()), *lacking(Found(manifests, name))]
    return Refused(*problems) if problems else None


def _verdict(examined: Examined, problem: Refused | None) -> Iterator[Line]:
    file, name = examined.file, examined.name
    if problem is not None:
        yield from refusal(problem)
    elif examined.manifests is not None and not examined.manifests.workflows[name].entrypoint:
        yield Line(f"{file}: {name} is not refused; it has no entrypoint, so it is for others to refer to")
    else:
        yield Line(f"{file}: {name} is not refused; pipeline run {file} {name} --dry-run shows what it would do")
    if examined.meaningless:
        yield Line(f"without a cluster these mean nothing: {', '.join(examined.meaningless)}", 1, "dim")

"""Runs: each run's graph and timeline in one: a row per task, its edges at the left, its time at the right."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.report.rails import Rail, rails
from pipeline.report.story import Story
from pipeline.report.tasks import FAILED, NEVER_RAN, Item, Task, tasks
from steps.pages.markup import Child, Markup, tag
from steps.pages.parts import note, section, spent
from steps.pages.plot import at
from steps.pages.scale import Scale, Tick, seconds
from steps.pages.words import count, elapsed, one_line, shortened

if TYPE_CHECKING:
    from pipeline.engine.views import NodeView, RunView

_MOST_ROWS = 150
_MOST_BARS = 8
_ROW, _DOT, _LANE = 30, 15, 18  # pixels: a row's height, its dot's place, a lane's width


@dataclass(frozen=True)
class Clock:
    """A run's time: when it began, what time it is now, and the axis between."""

    began: datetime
    now: datetime
    scale: Scale
    ticks: list[Tick]

    def since(self, moment: datetime | None) -> float | None:
        """Seconds from the run's beginning to `moment`."""
        return None if moment is None else elapsed(self.began, moment, self.now)

    def lasted(self, timed: "Task | NodeView") -> float | None:
        """Seconds that a task or node took, or has taken so far."""
        return None if timed.phase in NEVER_RAN else elapsed(timed.started_at, timed.finished_at, self.now)


def runs(story: Story) -> Markup:
    """One block for each run."""
    return section(
        "runs",
        "What ran",
        "A row is a step, or a fan-out of them; lines lead from what came before. Bars show when, one for each part of "
        "a fan-out.",
        *(_run(run, story.now) for run in story.runs),
    )


def _run(run: "RunView", now: datetime) -> Markup:
    found = tasks(run)
    shown = found[:_MOST_ROWS]
    drawn = rails(shown)
    lanes = max((lane for rail in drawn for lane in (rail.lane, *rail.through, *rail.leaves)), default=0) + 1
    clock = _clock(run, now)
    lasted = spent(elapsed(clock.began, run.finished_at, now))
    phase = "interrupted" if run.interrupted else run.phase.lower()
    return tag(
        "div",
        tag(
            "header",
            tag("h3", run.workflow),
            tag("p", tag("span", phase, class_="bad" if run.phase in FAILED else None), f" in {lasted}"),
            tag("p", tag("code", run.id)),
        ),
        tag(
            "ol",
            tag("li", tag("span"), tag("div", _axis(clock.ticks), class_="when"), class_="axis", aria_hidden="true"),
            *(_row(task, rail, clock) for task, rail in zip(shown, drawn, strict=True)),
            class_=f"graph l{lanes}",
        ),
        note(f"{count(len(found) - len(shown), 'more task')} not shown.") if len(found) > len(shown) else None,
        class_="block",
    )


def _clock(run: "RunView", now: datetime) -> Clock:
    began = run.started_at or run.created_at
    ends = [elapsed(began, node.finished_at, now) or 0.0 for node in run.nodes if node.started_at]
    return Clock(began, now, *seconds(max(ends, default=0.0)))


def _row(task: Task, rail: Rail, clock: Clock) -> Markup:
    return tag(
        "li",
        _rail(rail, task.phase),
        tag("div", *_named(task), class_=f"task d{min(task.depth, 3)}" if task.depth else "task"),
        tag("div", _bars(task, clock), class_="when"),
        tag("div", spent(clock.lasted(task)), class_="lasted"),
        class_=task.phase,
    )


def _named(task: Task) -> list[Child]:
    parts: list[Child] = [task.name]
    if task.fanned:
        done = f"{task.done} of {len(task.items)} parts done"
        parts.append(tag("small", f"{task.done}/{len(task.items)}", title=done))
    if task.tries > 1:
        parts.append(tag("small", f"{task.tries} attempts"))
    parts.append(tag("span", task.phase.lower(), class_="unseen" if task.phase == "Succeeded" else "state"))
    said = one_line(task.message).removeprefix(f"{task.phase.lower()}: ")
    if said and (task.phase != "Succeeded" or task.reused):
        parts.append(tag("span", shortened(said, 300), class_="said"))
    return parts


def _bars(task: Task, clock: Clock) -> Markup:
    """When the task ran: one bar, or one for each part, below each other."""
    items = task.items[:_MOST_BARS]
    height = 10.0 if len(items) < 2 else max(18.0 / len(items) - 1, 1.5)
    first = _DOT - (height * len(items) + len(items) - 1) / 2
    bars = []
    for index, item in enumerate(items):
        name = f"{task.name} {index + 1}" if task.fanned else task.name
        bars += _bar(item, name, "holder" if task.holder else None, first + index * (height + 1), height, clock=clock)
    start, lasted = clock.since(task.started_at), clock.lasted(task)
    when = "did not run" if start is None or lasted is None else f"from second {start:.1f}, for {spent(lasted)}"
    grid = [tag("line", x1=at(tick.share), x2=at(tick.share), y2="100%", class_="grid") for tick in clock.ticks]
    return tag("svg", *grid, *bars, class_="bar", role="img", aria_label=f"{task.name}: {when}")


def _bar(item: Item, name: str, class_: str | None, top: float, height: float, *, clock: Clock) -> list[Markup]:
    """A bar for each attempt."""
    bars = []
    for node in item.attempts:
        start, lasted = clock.since(node.started_at), clock.lasted(node)
        if start is None or lasted is None:
            continue
        tried = f", attempt {node.attempt + 1}" if len(item.attempts) > 1 else ""
        title = f"{name}{tried}: {node.phase.lower()}, {spent(lasted)} from second {start:.1f}"
        width = max(lasted / (clock.scale.high - clock.scale.low), 0.003)
        bar = tag("rect", x=at(clock.scale.share(start)), y=top, width=at(width), height=height, class_=class_)
        bars.append(tag("g", tag("title", title), bar, class_=node.phase))
    return bars


def _axis(ticks: list[Tick]) -> Markup:
    return tag("svg", *(_tick(tick) for tick in ticks), class_="bar")


def _tick(tick: Tick) -> Markup:
    label = tag("text", tick.label, x=at(tick.share), y=13, class_=f"tick{_side(tick.share)}")
    return tag("g", label, class_="minor") if tick.minor else label


def _side(share: float) -> str:
    if share < 0.02:
        return " start"
    return " end" if share > 0.96 else ""


def _rail(rail: Rail, phase: str) -> Markup:
    """Edges through a row. Curves have sizes in pixels; straight lines reach to the end of the row, however high it
    is."""
    own = _x(rail.lane)
    marks = [tag("line", x1=_x(lane), x2=_x(lane), y2="100%") for lane in rail.through]
    for lane in rail.enters:
        marks.append(tag("path", d=f"M{_x(lane)} 0C{_x(lane)} 9 {own} 5 {own} {_DOT}"))
    for lane in rail.leaves:
        marks.append(tag("path", d=f"M{own} {_DOT}C{own} 25 {_x(lane)} 21 {_x(lane)} {_ROW}"))
        marks.append(tag("line", x1=_x(lane), x2=_x(lane), y1=_ROW, y2="100%"))
    if phase in FAILED:
        dot = tag("path", d=f"M{own - 5} {_DOT - 5}h10v10h-10z", class_="dot")
    elif phase in NEVER_RAN:
        dot = tag("circle", cx=own, cy=_DOT, r=4.5, class_="hollow")
    else:
        dot = tag("circle", cx=own, cy=_DOT, r=6, class_="dot")
    return tag("svg", *marks, dot, class_="rail", aria_hidden="true")


def _x(lane: int) -> int:
    return 8 + lane * _LANE

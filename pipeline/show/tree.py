"""The live tree: what a run is doing, while it does it. A tree that redraws itself on a terminal; elsewhere, a line for
each change (`plain`).

The engine hands over a `RunView` whenever something changes, and must not wait: `show` only keeps it. A thread draws
it, at most a few times a second, and at least once a second so that the times go on. Names, messages and logs are other
people's text: they are printed without markup and without control characters.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from pipeline.engine.views import plainly
from pipeline.report.tasks import FINISHED, NEVER_RAN, Task, tasks
from pipeline.show.log_lines import last_words
from pipeline.show.plain import PlainLines, clean, count, shows_message
from steps.pages.words import duration, elapsed

if TYPE_CHECKING:
    from pipeline.engine.views import RunView

_REST = 0.2  # seconds between two drawings, at least
_TICK = 1.0  # seconds between two drawings, at most
_WIDEST_NAME = 40
_GLYPHS = {  # of a phase: glyph, glyph where only ASCII can be written, style
    "Pending": ("○", ".", "dim"),
    "Running": ("●", "*", "bold blue"),
    "Succeeded": ("✓", "+", "green"),
    "Failed": ("✗", "x", "bold red"),
    "Error": ("✗", "x", "bold red"),
    "Skipped": ("–", "-", "dim"),
    "Omitted": ("–", "-", "dim"),
}


@contextmanager
def live_tree(console: Console | None = None) -> "Iterator[Callable[[RunView], None]]":
    """A function to call, from any thread, with each `RunView`. A new run goes below the one before. When the context
    ends, the last state stays on the terminal. Without a `console`: standard output."""
    console = console or Console()
    if not console.is_terminal or console.is_dumb_terminal:
        yield PlainLines(console).show
        return
    tree = _Tree(console)
    tree.open()
    try:
        yield tree.show
    finally:
        tree.close()


class _Tree:
    """Runs one below the other, the newest redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._run: RunView | None = None
        self._past: list[RunView] = []
        self._changed = threading.Event()
        self._closed = threading.Event()
        self._live = Live(console=console, auto_refresh=False, get_renderable=self._drawn)
        self._thread = threading.Thread(target=self._draw, name="live tree", daemon=True)

    def open(self) -> None:
        self._live.start()
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._changed.set()
        self._thread.join()
        self._print_past()
        self._live.stop()

    def show(self, run: "RunView") -> None:
        with self._lock:
            if self._run is not None and self._run.id != run.id:
                self._past.append(self._run)
            self._run = run
        self._changed.set()

    def _draw(self) -> None:
        while not self._closed.is_set():
            self._changed.wait(_TICK)
            self._changed.clear()
            self._print_past()
            self._live.refresh()
            self._closed.wait(_REST)

    def _print_past(self) -> None:
        """Print the runs that another one followed for good, above what is redrawn."""
        with self._lock:
            past, self._past = self._past, []
        for run in past:
            self._console.print(_page(run, self._console, whole=True))

    def _drawn(self) -> Group:
        with self._lock:
            run = self._run
        return Group() if run is None else _page(run, self._console, whole=self._closed.is_set())


def _page(run: "RunView", console: Console, *, whole: bool) -> Group:
    """A run's title and a row for each task. Unless `whole`, what does not fit the terminal's height is left out, ended
    tasks first."""
    now = datetime.now(UTC)
    found = tasks(run)
    shown, room = found, console.height - 2
    if not whole and len(found) > room:
        shown = [task for task in found if task.phase not in FINISHED][: max(room - 1, 1)]
    width = min(
        max((cell_len(_title(task, console)) + 2 * task.depth for task in shown), default=0),
        _WIDEST_NAME,
        max(console.width - 14, 4),
    )
    rows = [_row(task, now, width, console) for task in shown]
    progress = [_progress(task, console) if task.phase == "Running" else None for task in shown]
    if not whole and len(shown) + sum(line is not None for line in progress) > room:
        progress = [None] * len(shown)
    lines = [line for pair in zip(rows, progress, strict=True) for line in pair if line is not None]
    if len(found) > len(shown):
        lines.insert(0, _line(console, (f"  {len(found) - len(shown)} more", "dim")))
    return Group(_heading(run, now, console), *lines)


def _heading(run: "RunView", now: datetime, console: Console) -> Text:
    glyph, style = _glyph("Pending" if run.interrupted else run.phase, console)
    took = elapsed(run.started_at or run.created_at, run.finished_at, now) or 0.0
    said = "interrupted" if run.interrupted else run.phase.lower()
    return _line(
        console,
        (f"{glyph} ", style),
        (clean(run.workflow, console), "bold"),
        (f"  {said} {_took(took, ended=run.finished_at is not None)}", ""),
        (f"  {clean(plainly(run.message), console)}" if run.message else "", "red"),
    )


def _row(task: Task, now: datetime, width: int, console: Console) -> Text:
    glyph, style = _glyph(task.phase, console)
    took = None if task.phase in NEVER_RAN else elapsed(task.started_at, task.finished_at, now)
    aside = [f"attempt {task.tries}"] if task.tries > 1 else []
    aside += [task.message or task.phase.lower()] if task.phase in {"Skipped", "Omitted"} else []
    aside += [task.message] if shows_message(task) and task.phase not in {"Skipped", "Omitted"} else []
    return _line(
        console,
        (f"{_indent(task)}{glyph} ", style),
        (
            set_cell_size(_title(task, console), max(width - 2 * task.depth, 1)),
            "dim" if task.phase in NEVER_RAN else "",
        ),
        (f"{'' if took is None else _took(took, ended=task.phase in FINISHED):>9}", "" if task.holder else "cyan"),
        (f"  {clean(', '.join(aside), console)}" if aside else "", "red" if style == "bold red" else "dim"),
    )


def _progress(task: Task, console: Console) -> Text | None:
    """The last line of the log of the part that began last."""
    running = [item.latest for item in task.items if item.phase == "Running" and item.latest.started_at]
    newest = max(running, key=lambda node: node.started_at or datetime.min, default=None)
    lines = last_words(newest.log / "stderr.log", 1) if newest and newest.log else []
    return _line(console, (f"{_indent(task)}    {clean(lines[0], console)}", "dim")) if lines else None


def _title(task: Task, console: Console) -> str:
    return f"{clean(task.name, console)}{count(task)}"


def _indent(task: Task) -> str:
    return "  " * (task.depth + 1)


def _took(seconds: float, *, ended: bool) -> str:
    """A duration; whole seconds while it goes on, since tenths would only jump once a second."""
    return duration(seconds) if ended or seconds >= 10 else f"{int(seconds)} s"


def _glyph(phase: str, console: Console) -> tuple[str, str]:
    glyph, plain, style = _GLYPHS.get(phase, _GLYPHS["Pending"])
    return (plain if console.options.ascii_only else glyph), style


def _line(console: Console, *parts: tuple[str, str]) -> Text:
    """One line, cut at the terminal's width. Only we set styles; text is never read as markup."""
    return Text.assemble(*parts, no_wrap=True, overflow="crop" if console.options.ascii_only else "ellipsis")

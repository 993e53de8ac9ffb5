"""The live tree: what a terminal shows while a run goes on, and what a file or a pipe gets instead."""

import io
import os
import pty
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from pipeline.engine.views import Nodes, NodeView, RunView
from pipeline.show.tree import live_tree
from tests.report import example_runs

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
Shows = Callable[[RunView], None]


def terminal(width: int = 100, height: int = 40, **more: object) -> Console:
    """A terminal that writes into memory."""
    settings: dict[str, object] = {"force_terminal": True, "color_system": "standard", "legacy_windows": False, **more}
    return Console(file=io.StringIO(), width=width, height=height, _environ={"TERM": "xterm"}, **settings)  # type: ignore[arg-type]


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def screen(console: Console) -> list[str]:
    """What stands on the terminal: it knows line feeds, returns, erased lines and steps upwards."""
    lines, row = [""], 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", written(console)):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part == "\x1b[1A":
            row -= 1
        elif not part.startswith(("\x1b", "\r")):
            lines[row] += part
    return [line.rstrip() for line in lines if line.strip()]


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a condition; fails where it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)


def began_now(run: RunView) -> RunView:
    """The run moved so that its newest node starts now."""
    newest = max(node.started_at for node in run.nodes if node.started_at)
    by = datetime.now(UTC) - newest

    def moved(moment: datetime | None) -> datetime | None:
        return moment and moment + by

    nodes = tuple(
        replace(node, started_at=moved(node.started_at), finished_at=moved(node.finished_at)) for node in run.nodes
    )
    return replace(run, started_at=moved(run.started_at), finished_at=moved(run.finished_at), nodes=Nodes(nodes))


def test_terminal_shows_the_tree(tmp_path: Path) -> None:
    console = terminal()
    with live_tree(console) as show:
        show(example_runs.train(tmp_path))
    lines = screen(console)
    assert lines[0] == "✓ openaq-train  succeeded 55 s"
    assert [line.split()[1] for line in lines[1:]] == [
        *("snapshot", "trials-linear", "trials-lightgbm", "decide", "release", "admit", "deploy", "verify"),
    ]
    assert "trials-lightgbm 2/2" in lines[3]
    assert lines[3].endswith("34 s")
    assert lines[6].startswith("    ✓ admit"), "what a DAG holds stands further in"
    columns = {len(line) for line in lines[1:6]}
    assert len(columns) == 1, "times stand below each other"


def test_terminal_shows_what_failed_and_why(tmp_path: Path) -> None:
    console = terminal()
    with live_tree(console) as show:
        show(example_runs.train_that_failed(tmp_path))
    decide = next(line for line in screen(console) if "decide" in line and "openaq" not in line)
    assert "✗ decide" in decide
    assert "attempt 2, error: the tracking server does not answer" in decide


def test_running_step_shows_the_last_line_of_its_log_and_time_goes_on(tmp_path: Path) -> None:
    console = terminal()
    run = began_now(example_runs.daily(tmp_path, end=None))
    with live_tree(console) as show:
        show(run)
        until(lambda: "predicting 24 hours" in written(console))
        until(lambda: re.search(r"publish\S*\s+2 s", CONTROL.sub("", written(console))) is not None)
    assert '{"time"' not in written(console), "of a line in JSON, the message is shown"


def test_runs_after_each_other_stay_on_the_terminal(tmp_path: Path) -> None:
    console = terminal()
    with live_tree(console) as show:
        show(example_runs.backfill(tmp_path))
        until(lambda: "prepare" in written(console))
        show(example_runs.train(tmp_path))
        show(example_runs.daily(tmp_path))
        until(lambda: "publish" in written(console))
    titles = [line.split()[1] for line in screen(console) if "openaq" in line]
    assert titles == ["openaq-backfill", "openaq-train", "openaq-daily"]
    assert len(screen(console)) == 3 + 3 + 8 + 4


def test_call_does_not_wait_for_the_terminal(tmp_path: Path) -> None:
    """The engine's thread goes on even where the terminal takes nothing."""
    stuck, held = threading.Event(), threading.Event()

    class Stuck(io.StringIO):
        def write(self, text: str) -> int:
            stuck.set()
            assert held.wait(60), "a call waited for the terminal"
            return super().write(text)

    console = terminal()
    run = example_runs.train(tmp_path)
    with live_tree(console) as show:
        console.file = Stuck()
        show(run)
        until(stuck.is_set)
        for _ in range(100):
            show(run)
        assert written(console) == "", "the terminal has still taken nothing"
        held.set()


@pytest.mark.parametrize("width", [6, 20, 36, 60])
def test_narrow_terminals_wrap_nothing(tmp_path: Path, width: int) -> None:
    console = terminal(width)
    with live_tree(console) as show:
        show(example_runs.train_that_failed(tmp_path))
    assert all(cell_len(line) <= width for line in CONTROL.sub("", written(console)).splitlines())
    assert any("dec" in line for line in screen(console)) or width == 6


def test_what_a_step_waits_for_is_shown(tmp_path: Path) -> None:
    run = example_runs.daily(tmp_path, end=None)
    waiting = tuple(replace(node, message="Waiting for mutex openaq") for node in run.nodes[-2:])
    console = terminal()
    with live_tree(console) as show:
        show(replace(run, nodes=Nodes((*run.nodes[:-2], *waiting))))
    assert screen(console)[4].endswith("Waiting for mutex openaq")


def test_what_does_not_fit_is_what_has_ended() -> None:
    now = datetime.now(UTC)
    ended = [
        NodeView(f"d{i}", f"r.done{i}", f"done{i}", "t", "Pod", "Succeeded", now, now, boundary="r") for i in range(40)
    ]
    going = NodeView("x", "r.going", "going", "t", "Pod", "Running", now, boundary="r")
    root = NodeView("r", "r", "r", "t", "DAG", "Running", now)
    run = RunView("r", "big", {}, "Running", "", now, now, None, Nodes((root, *ended, going)))
    console = terminal(height=12)
    with live_tree(console) as show:
        show(run)
        until(lambda: any("going" in line for line in screen(console)))
        assert "  40 more" in screen(console)
        assert len(screen(console)) <= 12
    assert len(screen(console)) == 42, "at the end all of it is printed"


HOSTILE = "[bold red]x[/] [link=file:///etc]y[/link]\x1b[2J\x1b]0;title\x07\r\nnext\u202e"


def hostile() -> RunView:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    node = NodeView("n", "n", HOSTILE, "t", "Pod", "Failed", now, now + timedelta(seconds=2), message=HOSTILE)
    return RunView("r", HOSTILE, {}, "Failed", HOSTILE, now, now, now + timedelta(seconds=3), Nodes((node,)))


def test_hostile_text_is_neither_markup_nor_a_command() -> None:
    console = terminal(200)
    with live_tree(console) as show:
        show(hostile())
    assert "[bold red]x[/] [link=file:///etc]y[/link][2J" in CONTROL.sub("", written(console))
    assert not {"\x07", "\u202e"} & set(written(console))
    assert "\x1b[2J" not in written(console)
    assert "\x1b]" not in written(console)


def test_hostile_text_in_a_file() -> None:
    console = Console(file=io.StringIO(), width=80)
    with live_tree(console) as show:
        show(hostile())
    assert written(console).count("\n") == 2, "one line for the step, one for the run"
    assert "[bold red]x[/]" in written(console)
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(written(console))


def test_a_file_gets_a_line_for_each_change(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=80)
    done = example_runs.daily(tmp_path)
    running = example_runs.daily(tmp_path, end=None)
    with live_tree(console) as show:
        show(replace(running, nodes=Nodes(running.nodes[:1])))
        show(running)
        show(running)
        show(done)
    lines = [line.split(maxsplit=1)[1] for line in written(console).splitlines()]
    assert [re.sub(r" {2,}", " · ", line) for line in lines] == [
        "Running · openaq-daily",
        "Succeeded · plan · 1.3 s",
        "Succeeded · fetch 1/1 · 1.6 s",
        "Succeeded · prepare · 8.6 s",
        "Running · publish",
        "Succeeded · publish · 2.5 s",
        "Succeeded · openaq-daily · 14 s",
    ]
    assert re.match(r"\d\d:\d\d:\d\d  ", written(console))


def test_a_dag_ends_in_a_file_after_the_last_that_it_holds(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=80)
    done = example_runs.train(tmp_path)
    with live_tree(console) as show:
        show(done)
    names = [line.split()[2] for line in written(console).splitlines()]
    held = [name for name in names if name.startswith("release/")]
    assert held and names.index("release") > max(map(names.index, held))


def test_a_file_gets_failed_attempts_and_whole_messages(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=40)
    with live_tree(console) as show:
        show(example_runs.backfill(tmp_path))
        show(example_runs.train_that_failed(tmp_path))
    assert "fetch, attempt 1  3.8 s  connection reset by peer" in written(console)
    assert "127.0.0.1:5000; start it with `pipeline up`\n" in written(console), "lines are not cut"
    assert "release/admit" not in written(console)


def test_what_a_dag_holds_is_named_with_it_in_a_file(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=80)
    with live_tree(console) as show:
        show(example_runs.train(tmp_path))
    assert "release/admit  0.8 s" in written(console)


@pytest.mark.parametrize("kind", ["terminal", "file"])
def test_an_old_encoding_gets_what_it_can_say(tmp_path: Path, kind: str) -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    console = Console(file=file, width=80, height=30, force_terminal=kind == "terminal", _environ={"TERM": "xterm"})
    with live_tree(console) as show:
        show(replace(example_runs.train_that_failed(tmp_path), workflow="naïve-µ"))
    assert b"na?ve-?" in raw.getvalue()


DEMO = """
from pathlib import Path
from rich.console import Console
from tests.report import example_runs
from pipeline.show.tree import live_tree
with live_tree(Console()) as show:
    show(example_runs.train(Path({folder!r})))
"""


def on_a_terminal(folder: Path, **environment: str) -> bytes:
    """What a program that shows a run writes to a real terminal."""
    code = DEMO.format(folder=str(folder))
    ours, theirs = pty.openpty()
    settings = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "TERM", "FORCE_COLOR"}}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=theirs, stderr=theirs, env={**settings, "TERM": "xterm", **environment}
    ) as child:
        os.close(theirs)
        text = b""
        while child.poll() is None or select.select([ours], [], [], 0)[0]:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    text += os.read(ours, 65536)
                except OSError:
                    break
    os.close(ours)
    assert child.returncode == 0, text.decode()
    return text


def test_a_real_terminal_gets_colours_and_its_cursor_back(tmp_path: Path) -> None:
    text = on_a_terminal(tmp_path)
    assert b"\x1b[32m" in text
    assert b"verify" in text
    assert text.rindex(b"\x1b[?25h") > text.rindex(b"\x1b[?25l")


def test_a_run_goes_on_where_nobody_reads_any_more(tmp_path: Path) -> None:
    code = DEMO.format(folder=str(tmp_path)) + f"open({str(tmp_path / 'done')!r}, 'w')"
    read, write = os.pipe()
    os.close(read)
    child = subprocess.run([sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (tmp_path / "done").exists(), child.stderr.decode()


def test_no_color_is_honoured(tmp_path: Path) -> None:
    text = on_a_terminal(tmp_path, NO_COLOR="1")
    assert b"verify" in text
    assert not re.search(rb"\x1b\[[0-9;]*3[0-7]m", text)


def test_a_dumb_terminal_gets_lines(tmp_path: Path) -> None:
    text = on_a_terminal(tmp_path, TERM="dumb")
    assert b"Succeeded  release/verify  2.7 s" in text
    assert b"\x1b" not in text

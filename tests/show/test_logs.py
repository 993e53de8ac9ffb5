"""Logs as they come: every line once, after its node's name, harmless, in bounded memory, until the last one."""

import io
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from rich.cells import cell_len

from pipeline.engine.views import Nodes, NodeView, RunView, labels
from pipeline.show.log_lines import LONGEST, Tail, harmless, last_words, spoken
from pipeline.show.logs import LogStream, Printer, live_logs

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
ENDED = BEGAN + timedelta(seconds=2)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def node(folder: Path, name: str, phase: str = "Running", message: str = "", **more: object) -> NodeView:
    """A leaf of the run r with the logs of a folder of its name."""
    log = folder / name
    log.mkdir(exist_ok=True, parents=True)
    ended = None if phase in ("Pending", "Running") else ENDED
    fields = {"boundary": "r", "log": log, **more}
    return NodeView(name, f"r.{name}", name, "t", "Pod", phase, BEGAN, ended, message, **fields)  # type: ignore[arg-type]


def run(*nodes: NodeView, phase: str = "Running", message: str = "") -> RunView:
    root = NodeView("r", "r", "r", "main", "DAG", phase, BEGAN, children=tuple(each.id for each in nodes))
    ended = None if phase == "Running" else ENDED
    return RunView("r", "flow", {}, phase, message, BEGAN, BEGAN, ended, Nodes((root, *nodes)))


def append(folder: Path, name: str, text: str | bytes, stream: str = "stdout") -> None:
    with (folder / name / f"{stream}.log").open("ab") as log:
        log.write(text if isinstance(text, bytes) else text.encode())


class Shown:
    """A stream and what it has written."""

    every: ClassVar[list["Shown"]] = []

    def __init__(self, wanted: str = "", *, told: bool = True, since: datetime | None = None) -> None:
        self.file = io.StringIO()
        self.stream = LogStream(Printer(self.file), wanted, told=told, since=since)
        self.every.append(self)

    def look(self, view: RunView) -> list[str]:
        """What was written for this look."""
        before = self.file.tell()
        self.stream.update(view)
        return self.file.getvalue()[before:].splitlines()


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while Shown.every:
        Shown.every.pop().stream.close()


def test_lines_come_as_they_are_written_and_the_rest_at_the_end(tmp_path: Path) -> None:
    shown, view = Shown(), run(node(tmp_path, "a"))
    append(tmp_path, "a", "one\ntw")
    assert shown.look(view) == ["flow * run r", "a    | one"]
    append(tmp_path, "a", "o\n")
    append(tmp_path, "a", "problem\n", "stderr")
    assert shown.look(view) == ["a    | two", "a    | problem"]
    assert shown.look(view) == []
    append(tmp_path, "a", "three\nno end")
    done = run(node(tmp_path, "a", "Failed", "main: Error (exit code 1)"), phase="Failed", message="it did")
    assert shown.look(done) == [
        "a    | three",
        "a    | no end",
        "a    * failed after 2.0 s: main: Error (exit code 1)",
        "flow * failed after 2.0 s: it did",
    ]
    assert shown.look(done) == [], "each end is told once"


def test_a_node_that_was_never_seen_running_loses_nothing(tmp_path: Path) -> None:
    done = node(tmp_path, "a", "Succeeded")
    append(tmp_path, "a", "all\nof it")
    assert Shown().look(run(done))[1:] == ["a    | all", "a    | of it", "a    * succeeded after 2.0 s"]


def test_what_an_interrupted_node_wrote_last_is_shown(tmp_path: Path) -> None:
    shown, view = Shown(), run(node(tmp_path, "a"))
    shown.look(view)
    append(tmp_path, "a", "half a line")
    shown.look(view)
    shown.stream.close()
    assert shown.file.getvalue().splitlines()[-1] == "a    | half a line"


def test_of_a_run_that_goes_on_only_what_is_new_is_shown(tmp_path: Path) -> None:
    early, late = node(tmp_path, "early", "Succeeded"), node(tmp_path, "late")
    for each in (early, late):
        append(tmp_path, each.id, "x\n")
    shown = Shown(since=ENDED + timedelta(seconds=1))
    assert shown.look(run(early, late))[1:] == ["late | x"]
    late = node(tmp_path, "late", "Succeeded")
    assert shown.look(run(early, late)) == ["late * succeeded after 2.0 s"], "it had not ended at the first look"


def test_names_are_aligned_and_shortened(tmp_path: Path) -> None:
    long = "a-very-long-name-of-a-node-that-nobody-can-read-in-a-hurry"
    nodes = [node(tmp_path, name) for name in ("a", "longer", long)]
    for each in nodes:
        append(tmp_path, each.id, "x\n")
    lines = Shown().look(run(*nodes))[1:]
    assert {line.index("|") for line in lines} == {41}
    assert lines[2].startswith("a-very-long-name-of..can-read-in-a-hurry ")


def test_names_in_any_alphabet_are_aligned(tmp_path: Path) -> None:
    nodes = [node(tmp_path, name) for name in ("fetch(0:東京)", "fetch(1:Vienna)")]
    for each in nodes:
        append(tmp_path, each.id, "x\n")
    lines = Shown().look(run(*nodes))[1:]
    assert len({cell_len(line[: line.index("|")]) for line in lines}) == 1


def test_only_what_is_wanted(tmp_path: Path) -> None:
    nodes = [node(tmp_path, name, "Succeeded") for name in ("train", "other")]
    for each in nodes:
        append(tmp_path, each.id, "x\n")
    assert Shown("trai").look(run(*nodes, phase="Succeeded")) == ["train | x", "train * succeeded after 2.0 s"]
    assert Shown(told=False).look(run(*nodes, phase="Succeeded")) == ["train | x", "other | x"]


def test_what_did_not_run_is_told(tmp_path: Path) -> None:
    skipped = replace(node(tmp_path, "a", "Skipped", "when 'a == b' evaluated false"), type="Skipped", log=None)
    omitted = replace(node(tmp_path, "b", "Omitted", "omitted: depends condition not met"), type="Skipped", log=None)
    assert Shown().look(run(skipped, omitted))[1:] == [
        "a    * skipped: when 'a == b' evaluated false",
        "b    * omitted: depends condition not met",
    ]


def test_attempts_and_nested_nodes_are_named() -> None:
    def view(name: str, kind: str = "Pod", **more: object) -> NodeView:
        return NodeView(name, f"r{name}", name.rpartition(".")[2], "t", kind, "Running", **more)  # type: ignore[arg-type]

    nodes = (
        NodeView("r", "r", "r", "main", "DAG", "Running"),
        view(".train", "DAG", boundary="r"),
        view(".train.fit", "Retry", boundary=".train", children=(".train.fit(0)", ".train.fit(1)")),
        view(".train.fit(0)", boundary=".train"),
        view(".train.fit(1)", boundary=".train", attempt=1),
        view(".fetch(0:a)", boundary="r"),
        view(".onExit"),
    )
    found = labels(RunView("r", "flow", {}, "Running", "", BEGAN, BEGAN, None, Nodes(nodes)))
    assert list(found.values()) == [
        *("flow", "train", "train.fit", "train.fit", "train.fit #2", "fetch(0:a)", "onExit"),
    ]


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        (b"\x1b[31mred\x1b[0m \x1b[2J\x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x1bc\n", ["red link"]),
        (b"10%\r20%\r30%\r\nnext\n", ["10%", "20%", "30%", "next"]),
        (b"back\x08\x08\x07 null\x00 \x9b31m\n", ["back null \ufffd31m"]),
        ("\u202egnp.exe\u2028two\u0085 \x9b2J\n".encode(), ["gnp.exetwo 2J"]),
        (b"bad \xff\xfe utf\n", ["bad \ufffd\ufffd utf"]),
        ("µ – 字 tab\there\n".encode(), ["µ – 字 tab\there"]),
        (b"\n\n", ["", ""]),
        (b"\x1b[31", ["31"]),
        (b"last\r", ["last"]),
    ],
)
def test_hostile_logs_are_harmless(tmp_path: Path, raw: bytes, lines: list[str]) -> None:
    log = tmp_path / "log"
    log.write_bytes(raw)
    assert list(Tail(log).lines(ended=True)) == lines


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"time": "t", "level": "info", "message": "2 fetched"}', "2 fetched"),
        ('{"time": "t", "level": "error", "message": "no\\u001b[2J column\\nnext"}', "error: no[2J column next"),
        ('{"time": "t", "level": "info", "message": "m", "rows": 3}', None),
        ('{"message": "a result"}', None),
        ('{"time": "t", "level": "info", "message": 3}', None),
        ("{" * 5000, None),
        ('{"broken', None),
    ],
)
def test_a_line_that_a_step_of_ours_logs_as_json_is_shown_as_its_message(line: str, words: str | None) -> None:
    assert spoken(line) == (line if words is None else words)


def test_bytes_one_by_one_are_the_same_lines(tmp_path: Path) -> None:
    raw = "µ one\r\ntwo\rthree\n字\r\r\n\nend".encode()
    log = tmp_path / "log"
    found: list[str] = []
    tail = Tail(log)
    for at in range(len(raw)):
        with log.open("ab") as file:
            file.write(raw[at : at + 1])
        found += tail.lines()
    assert [*found, *tail.lines(ended=True)] == ["µ one", "two", "three", "字", "", "", "end"]


def test_a_long_line_comes_in_pieces_and_takes_little_memory(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 20_000_000 + b"\n" + b"y" * 1_000_000)
    tracemalloc.start()
    total = longest = 0
    for line in Tail(log).lines(ended=True):
        total, longest = total + len(line), max(longest, len(line))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (total, longest) == (21_000_000, LONGEST)
    assert peak < 2_000_000


def test_a_flood_does_not_keep_others_from_being_shown(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"line\n" * 1_000_000)
    tail = Tail(log)
    first = sum(1 for _ in tail.lines())
    assert 0 < first < 1_000_000
    assert first + sum(1 for _ in tail.lines(ended=True)) == 1_000_000


def test_a_log_that_was_shortened_or_begun_anew_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\ntwo\nthree\n", encoding="utf-8")
    tail = Tail(log)
    assert list(tail.lines()) == ["one", "two", "three"]
    with log.open("r+b") as file:
        file.truncate(0)
    with log.open("ab") as file:
        file.write(b"(dropped)\n")
    assert list(tail.lines()) == ["(dropped)"]
    log.unlink()
    log.write_text("another\n", encoding="utf-8")
    assert list(tail.lines(ended=True)) == ["another"]


def test_a_log_that_is_not_there_yet(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "log")
    assert list(tail.lines()) == []
    (tmp_path / "log").write_text("now\n", encoding="utf-8")
    assert list(tail.lines(ended=True)) == ["now"]
    assert list(Tail(tmp_path / "nosuch").lines(ended=True)) == []


def test_the_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"{n}\n\n" for n in range(100_000)) + "\x1b[1mend\x1b[0m", encoding="utf-8")
    assert last_words(log, 3) == ["99998", "99999", "end"]
    assert last_words(tmp_path / "nosuch", 3) == []
    assert harmless("plain") == "plain"


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return monkeypatch


def written(*names: str) -> list[str]:
    file = Terminal()
    printer = Printer(file)
    for name in names:
        printer.logged(name, ["x"])
    return file.getvalue().splitlines()


def test_a_node_has_a_colour_of_its_own_on_a_terminal(plain: pytest.MonkeyPatch) -> None:
    first, again, second = (line.partition("|")[0] for line in written("fit", "fit #2", "evaluate"))
    assert first.startswith("\x1b[")
    assert first.partition("m")[0] == again.partition("m")[0], "in all its attempts"
    assert first.partition("m")[0] != second.partition("m")[0]
    assert written("fit")[0] == written("fit")[0], "each time"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_none_is_wanted(plain: pytest.MonkeyPatch, name: str, value: str) -> None:
    plain.setenv(name, value)
    assert written("fit") == ["fit | x"]


def test_an_old_encoding_gets_what_it_can_say() -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    Printer(file).logged("nö", ["µ"])
    assert raw.getvalue() == b"n? | ?\n"


def test_what_is_shown_live_is_complete_when_it_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    view = run(node(tmp_path, "a"))
    out = ""
    with live_logs() as show:
        show(view)
        for number in range(2000):
            append(tmp_path, "a", f"line {number}\n")
        until(lambda: threading.active_count() > 1)
        append(tmp_path, "a", "the last")
        ended = replace(node(tmp_path, "a", "Succeeded"), finished_at=datetime.now(UTC))
        show(run(ended, phase="Succeeded"))
    out += capsys.readouterr().out
    lines = [line.removeprefix("a    | ") for line in out.splitlines() if line.startswith("a    |")]
    assert lines == [*(f"line {number}" for number in range(2000)), "the last"]


def test_a_growing_log_is_shown_before_anything_else_happens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    def has_come(words: str) -> bool:
        seen.append(capsys.readouterr().out)
        return words in "".join(seen)

    with live_logs() as show:
        show(run(node(tmp_path, "a")))
        until(lambda: has_come("run r"))
        append(tmp_path, "a", "early\n")
        until(lambda: has_come("a    | early"))


PIPED = """
import sys
from pathlib import Path
from pipeline.show.logs import Printer
printer = Printer()
for _ in range(20000):
    printer.logged("a", ["x" * 100])
open({done!r}, "w")
"""


def test_nobody_reads_any_more(tmp_path: Path) -> None:
    done = tmp_path / "done"
    child = subprocess.Popen(
        [sys.executable, "-c", PIPED.format(done=str(done))], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    os.read(child.stdout.fileno(), 100)
    child.stdout.close()
    assert child.stderr is not None
    errors = child.stderr.read()
    child.stderr.close()
    assert (child.wait(60), errors) == (0, b"")
    assert done.exists()

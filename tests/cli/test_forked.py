"""Commands that only look, in children of a real fork server: quick, and otherwise as if it were not there."""

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.engine.processes import wait_until
from pipeline.stack import Stack
from tests import ROOT

PIPELINE = Path(sys.executable).with_name("pipeline")
ASKED = "import sys; from pipeline.cli import forked; sys.exit(forked.done(sys.argv[1:]) is None)"
"""Exits 0 if it was done there."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """With its fork server."""
    stack = Stack(tmp_path_factory.mktemp("forked") / "state")
    stack.ensure("fork-server")
    yield stack
    stack.stop()


def asked(home: Path, *words: str, first: str = "") -> "subprocess.CompletedProcess[str]":
    """What becomes of a command that is put to the server. `first`: what the process that asks does before."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment = kept | {"PIPELINE_HOME": str(home)}
    command = [sys.executable, "-c", first + ASKED, *words]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("words", [("status",), ("inbox", "--help"), ("inbox", "nosuch"), ("models",)], ids=" ".join)
def test_it_prints_and_exits_as_in_a_process_of_its_own(stack: Stack, words: tuple[str, ...]) -> None:
    there = asked(stack.home, *words)
    assert there.returncode == 0, "it was not done there"
    ended = []
    for more in ({}, {"PYTHONPATH": str(ROOT)}):  # with which none is asked
        environment = {**os.environ, "PIPELINE_HOME": str(stack.home), **more}
        done = subprocess.run([PIPELINE, *words], env=environment, capture_output=True, text=True, check=False)
        ended.append((done.returncode, _without_memory(done.stdout), done.stderr))
    assert ended[0] == ended[1]
    assert (_without_memory(there.stdout), there.stderr) == ended[0][1:]


def _without_memory(said: str) -> list[list[str]]:
    words = [line.split() for line in said.splitlines()]
    return [line if "MB" not in line else line[: line.index("MB") - 1] for line in words]


@pytest.mark.parametrize(
    "words",
    [(), ("runs",), ("up",), ("status", "--cluster"), ("inbox", "release", "wine/new/a.csv"), ("inbox", "retract")],
    ids=" ".join,
)
def test_what_does_more_than_look_is_not_done_there(stack: Stack, words: tuple[str, ...]) -> None:
    assert asked(stack.home, *words).returncode == 1


def test_a_folder_without_a_server_asks_none(tmp_path: Path) -> None:
    assert asked(tmp_path, "status").returncode == 1


def test_a_server_of_another_user_is_not_told_our_environment(stack: Stack) -> None:
    other = f"import os; os.getuid = lambda: {os.getuid() + 1}; "
    assert asked(stack.home, "status", first=other).returncode == 1


def test_a_server_of_another_code_is_not_asked(tmp_path: Path) -> None:
    (other := tmp_path / "other").mkdir()
    for package in ("steps", "pipeline"):
        shutil.copytree(ROOT / package, other / package, ignore=shutil.ignore_patterns("__pycache__"))
    stack = Stack(tmp_path / "state", root=other)
    try:
        stack.ensure("fork-server")
        assert asked(stack.home, "status").returncode == 1
    finally:
        stack.stop()


def test_what_two_commands_write_to_one_file_stands_one_after_the_other(stack: Stack, tmp_path: Path) -> None:
    out = tmp_path / "out"
    environment = {**os.environ, "PIPELINE_HOME": str(stack.home)}
    script = f"{PIPELINE} status; {PIPELINE} --version; {PIPELINE} inbox nosuch"
    with out.open("w") as file:
        subprocess.run(["sh", "-c", script], env=environment, stdout=file, stderr=file, check=False)
    lines = out.read_text().splitlines()
    assert lines[0].startswith("SERVER") and lines[-2].startswith("pipeline") and lines[-1].startswith("error: ")


@pytest.mark.parametrize("sent", [b"no JSON\n", b'{"module": "cut off'])
def test_what_a_client_passed_is_given_back_though_its_request_is_none(stack: Stack, sent: bytes) -> None:
    """Or whoever reads from it would wait for ever."""
    read, write = os.pipe()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(stack.home / "fork-server.sock"))
        socket.send_fds(connection, [sent], [write, write])
        os.close(write)
        connection.shutdown(socket.SHUT_WR)
        assert select.select([read], [], [], 20)[0], "it is still held"
    assert os.read(read, 1) == b""
    os.close(read)


def test_it_ends_with_the_process_that_asked(stack: Stack) -> None:
    with _held_up(stack) as asking:
        asking.send_signal(signal.SIGINT)
        assert asking.wait(20) == 130
        assert wait_until(lambda: not _children(stack), 20)


def test_that_the_server_ended_is_said(stack: Stack) -> None:
    with _held_up(stack) as asking:
        stack.stop()
        assert asking.communicate(timeout=20)[1] == "error: the fork server ended before the command did; try again\n"
        assert asking.returncode == 1


@contextlib.contextmanager
def _held_up(stack: Stack) -> Iterator["subprocess.Popen[str]"]:
    """A command that is done there, and cannot go on: nothing more can be printed."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(write, b" " * 4096):
            pass
    os.set_blocking(write, True)
    environment = {**os.environ, "PIPELINE_HOME": str(stack.home)}
    command = [str(PIPELINE), "status"]
    with subprocess.Popen(command, env=environment, stdout=write, stderr=subprocess.PIPE, text=True) as asking:
        try:
            assert wait_until(lambda: len(_children(stack)) == 1, 20)
            yield asking
        finally:
            asking.kill()
            os.close(read)
            os.close(write)


def _children(stack: Stack) -> list[psutil.Process]:
    """The commands that its fork server runs."""
    server = next(each.pid for each in stack.status() if each.name == "fork-server")
    found = psutil.Process(server).children(recursive=True)
    return [each for each in found if os.getsid(each.pid) == each.pid]

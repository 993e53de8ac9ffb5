"""A lock has one holder, who is known, and no longer than that lives."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.stack.locks import holder, locked

HOLD = """
import pathlib, sys
from pipeline.stack.locks import locked
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_holds_it_until_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "one"
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    assert holder(path) == other.pid
    with pytest.raises(BlockingIOError), locked(path, wait=False):
        pass
    assert holder(path) == other.pid, "a vain try changes nothing"
    other.kill()
    other.communicate()
    assert holder(path) is None
    with locked(path, wait=False):
        assert holder(path) is not None


def test_what_ends_with_an_error_gives_it_back(tmp_path: Path) -> None:
    path = tmp_path / "one"
    with pytest.raises(ZeroDivisionError), locked(path):
        _ = 1 / 0
    assert holder(path) is None


def test_asking_who_holds_it_does_not_take_it(tmp_path: Path) -> None:
    """Otherwise whoever starts in that moment would find it taken."""
    path = tmp_path / "one"
    assert holder(path) is None
    assert not path.exists()
    with locked(path), pytest.raises(BlockingIOError), locked(path, wait=False):
        pass


@pytest.mark.parametrize("text", ["", "1", "one two", "1 0.0", "999999999 1.0"])
def test_what_is_no_holder(tmp_path: Path, text: str) -> None:
    path = tmp_path / "one"
    path.write_text(text, encoding="utf-8")
    assert holder(path) is None

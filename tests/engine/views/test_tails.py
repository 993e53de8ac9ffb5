"""The end of a log, whatever a step wrote."""

from pathlib import Path

import pytest

from pipeline.engine.views import last_line, last_lines


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_the_last_lines_that_say_something(log: Path) -> None:
    log.write_text("one\n\n  two\r\nthree\rfour\n \n\n", encoding="utf-8")
    assert last_lines(log, 3) == ["  two", "three", "four"]
    assert last_lines(log, 99) == ["one", "  two", "three", "four"]
    assert last_line(log) == "four"


def test_of_a_huge_log_only_whole_lines_at_its_end_are_read(log: Path) -> None:
    with log.open("wb") as file:
        file.truncate(2**40)  # a hole: more than could be read
        file.seek(0, 2)
        file.write(b"\n" + b"".join(b"%06d\n" % number for number in range(20_000)))
    found = last_lines(log, 20_000)
    assert found[-1] == "019999"
    assert all(len(line) == 6 for line in found), "none that was cut off"


def test_of_one_endless_line_its_end_is_shown(log: Path) -> None:
    log.write_bytes(b"x" * 2**20)
    assert last_lines(log, 3, longest=10) == ["xxxxxxxxx…"]


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (b"\xff\xfe caf\xe9s", "\ufffd\ufffd caf\ufffds"),
        ("half: 24 \u00b0".encode()[:-1], "half: 24"),
        (b"\0\1\2", "\0\1\2"),
    ],
    ids=["another encoding", "half a character", "binary"],
)
def test_what_is_no_text_is_no_mistake(log: Path, written: bytes, line: str) -> None:
    log.write_bytes(b"first\n" + written)
    assert last_line(log) == line


def test_where_nothing_was_written_there_is_nothing(log: Path) -> None:
    assert last_lines(log, 3) == []
    assert last_line(log) == ""
    log.touch()
    assert last_lines(log, 3) == []
    assert last_lines(log.parent, 3) == [], "a folder"

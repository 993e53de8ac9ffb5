"""Logs as lines, while they are written. A log may hold anything: it may be huge, without line ends, no text at all, or
meant to control the terminal it is shown on."""

import codecs
import itertools
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.engine.log_times import LogTimes
from pipeline.engine.views import last_lines
from steps.pages.words import one_line, printable, shortened

LONGEST = 16 * 1024  # characters; a longer line is shown as several
_CHUNK = 64 * 1024  # bytes
_SHOWN = 400  # characters of a line among the last ones
_TURN = 16  # chunks read in one go, so that a step that floods its log does not hold up the others
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")


def harmless(text: str) -> str:
    """A line without anything that could control a terminal: escape sequences and control characters. Tabs stay."""
    return text if text.isascii() and text.isprintable() else printable(_ESCAPES.sub("", text))


def spoken(line: str) -> str:
    """A line as a person reads it: if one of our steps logged it as JSON, its message, after its level unless that is
    `info`; any other line as it is."""
    if not line.startswith('{"') or len(line) >= LONGEST:
        return line
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return line
    if set(found) != {"time", "level", "message"} or not isinstance(found["message"], str):
        return line
    return one_line(found["message"] if found["level"] == "info" else f"{found['level']}: {found['message']}")


class Tail:
    """The lines of one log from its beginning, each given once. A carriage return ends a line too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._times = LogTimes(path)
        self._file: BinaryIO | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def lines(self, *, ended: bool = False) -> Iterator[str]:
        """The whole lines written since the last call. `ended`: nothing more will be written, so all of them, and the
        unfinished last line too."""
        for _ in itertools.count() if ended else range(_TURN):
            chunk = self._read()
            if not chunk:
                break
            yield from self._split(self._decoder.decode(chunk))
        if ended:
            yield from self._last()

    def timed(self, *, ended: bool = False) -> Iterator[tuple[int, str]]:
        """The same for all that is there by now, each with the nanoseconds since 1970 at which it came. Read it to its
        end before the next call."""
        self._times.look()
        size = self._open()
        time = 0
        while (start := self._position()) < size:
            end, time = self._times.part(start)
            chunk = self._read(min(end - start, size - start, _CHUNK))
            if not chunk:
                break
            yield from ((time, line) for line in self._split(self._decoder.decode(chunk)))
        if ended:
            time = time or self._times.part(max(size - 1, 0))[1]
            yield from ((time, line) for line in self._last())

    def _last(self) -> Iterator[str]:
        yield from self._split(self._decoder.decode(b"", final=True))
        if self._rest:
            yield harmless(self._rest.removesuffix("\r"))
        self.close()

    def _split(self, text: str) -> Iterator[str]:
        text = self._rest + text
        held = text[-1:] if text.endswith("\r") else ""  # half of a line's end, or all of it
        *whole, rest = text.removesuffix(held).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in whole:
            yield from self._pieces(line)
        while len(rest) > LONGEST:
            yield harmless(rest[:LONGEST])
            rest = rest[LONGEST:]
        self._rest = rest + held

    def _pieces(self, line: str) -> Iterator[str]:
        yield harmless(line[:LONGEST])
        for start in range(LONGEST, len(line), LONGEST):
            yield harmless(line[start : start + LONGEST])

    def _read(self, most: int = _CHUNK) -> bytes:
        """What comes next."""
        try:
            if self._file is not None and (chunk := self._file.read(most)):
                return chunk
            self._open()
            return self._file.read(most) if self._file is not None else b""
        except OSError:
            self.close()
        return b""

    def _open(self) -> int:
        """How many bytes are there. A log that was shortened or replaced is read from its beginning."""
        try:
            if self._file is None or self._path.stat().st_ino != os.fstat(self._file.fileno()).st_ino:
                self.close()
                self._file = self._path.open("rb")
            size = os.fstat(self._file.fileno()).st_size
            if size < self._file.tell():
                self._file.seek(0)
        except OSError:
            self.close()
            return 0
        return size

    def _position(self) -> int:
        return self._file.tell() if self._file is not None else 0

    def close(self) -> None:
        """Give back the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def last_words(log: Path, number: int) -> list[str]:
    """The last lines of a log as a person reads them, each shortened; none if there is no log."""
    return [shortened(spoken(harmless(line)), _SHOWN) for line in last_lines(log, number, longest=LONGEST)]

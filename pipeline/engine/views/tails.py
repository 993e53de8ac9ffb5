"""The end of a log, which may be huge, without line ends, or no text at all."""

import codecs
import re
from pathlib import Path
from typing import Final

_BYTES: Final = 64 * 1024  # nothing before the last so many is read


def last_lines(log: Path, number: int, *, longest: int = 400) -> list[str]:
    """The last lines that are not blank, each cut to `longest` characters; none if there is no log."""
    try:
        with log.open("rb") as file:
            start = max(file.seek(0, 2) - _BYTES, 0)
            file.seek(start)
            end = file.read(_BYTES)
    except OSError:
        return []
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(end)  # leaves out a character that is half written
    lines = [line.rstrip() for line in re.split(r"[\r\n]", text) if line.strip()]
    if start and len(lines) > 1:
        del lines[0]  # its beginning was not read
    return [line if len(line) <= longest else f"{line[: longest - 1]}…" for line in lines[-number:]]


def last_line(log: Path) -> str:
    """The last line that is not blank, for a message of one line; empty if there is none."""
    return "".join(last_lines(log, 1, longest=300)).strip()

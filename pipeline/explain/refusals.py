"""Why a manifest is refused: the refusal, and the lines of the file that it is about."""

import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import Refused
from pipeline.explain.lines import Line
from steps.pages.words import printable, shortened

_AROUND = 3  # lines before and after
_WIDEST = 160  # characters of a line
_LINE = re.compile(r"(?P<file>.*?)(?:,|:) line (?P<line>\d+)(?:, column (?P<column>\d+))?: ", re.DOTALL)


def refusal(problem: Refused) -> Iterator[Line]:
    """What is refused, and where in its file each of it is."""
    for message in problem.problems:
        yield Line(message, style="red")
        found = _LINE.match(message)
        if found:
            yield from _snippet(Path(found["file"]), int(found["line"]), int(found["column"] or 0))


def _snippet(file: Path, number: int, column: int = 0) -> Iterator[Line]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return
    first = max(number - _AROUND, 1)
    for current, text in enumerate(lines[first - 1 : number + _AROUND], first):
        shown = shortened(printable(text).replace("\t", " "), _WIDEST)
        mark = ">" if current == number else " "
        yield Line(f"{mark} {current:>4} | {shown}", 1, "bold" if current == number else "dim", exact=True)
        if current == number and column:
            yield Line(f"       | {' ' * (column - 1)}^", 1, "bold", exact=True)

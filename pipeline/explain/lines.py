"""Explanations as lines: text, how far it stands in, and a style for terminals that have colours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from pipeline.show.plain import clean


@dataclass(frozen=True)
class Line:
    """One line. `exact`: its spaces matter, as in a manifest."""

    text: str
    depth: int = 0
    style: str = ""
    exact: bool = False


def write(lines: Iterable[Line], console: Console | None = None) -> None:
    """Print lines. What they quote is other people's text: without markup and control characters."""
    console = console or Console(highlight=False)
    for line in lines:
        text = line.text if line.exact else clean(line.text, console)
        console.print(Text(f"{'  ' * line.depth}{text}", style=line.style), soft_wrap=True)


def name_list(names: Sequence[str], most: int = 10) -> str:
    """a, b, c and 7 more."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")

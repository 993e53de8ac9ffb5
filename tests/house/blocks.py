"""The code blocks of README and docs, and the commands in them.

A block is run by a test, or the line above it says why not: `<!-- not run: why -->`, which no page shows.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests import ROOT

PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK: Final = re.compile(r"(?:^<!-- not run: ([^\n]+) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OURS: Final = {"make", "pipeline"}
_AROUND: Final = {"cd", "export"}


@dataclass(frozen=True)
class Block:
    """A block: where it is, its language, its text, and why it is not run; empty: it is run."""

    page: Path
    line: int
    language: str
    text: str
    why: str

    @property
    def name(self) -> str:
        """Where it is, for people."""
        return f"{self.page.name}:{self.line}"

    @property
    def commands(self) -> list[list[str]]:
        """What it has a person type, by words, without comments and without what is printed."""
        lines = self.text.replace("\\\n", " ").splitlines()
        if self.language == "console":
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        split = (_words(part) for line in lines for part in line.partition(" #")[0].split(" && "))
        return [words for words in split if words and not words[0].startswith("#")]

    @property
    def of_ours(self) -> list[list[str]]:
        """Those that call make or pipeline."""
        return [words for words in self.commands if words[0] in _OURS]

    @property
    def of_others(self) -> list[list[str]]:
        """Those that call something else."""
        return [words for words in self.commands if words[0] not in _OURS | _AROUND]


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a page's words, no command
        return line.split()


def blocks() -> Iterator[Block]:
    """All of them, in order."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            why, language, body = match.groups()
            yield Block(page, text[: match.start(2)].count("\n") + 1, language, body, why or "")

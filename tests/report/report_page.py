"""The report as a browser would see it, and summaries as another version of a step might have left them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from pipeline.engine.views import RunView

VOID = {"meta", "br", "hr", "wbr", "col"}


@dataclass
class Element:
    """An element with its attributes, where it stands, and all text in it."""

    name: str
    attributes: dict[str, str | None]
    above: tuple[str, ...]
    text: str = ""
    children: list["Element"] = field(default_factory=list)


class Page(HTMLParser):
    """The page as a browser would see it; fails on what is not closed."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = source
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.feed(source)
        assert not self.open, f"left open: {[element.name for element in self.open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), tuple(above.name for above in self.open))
        assert len(element.attributes) == len(attrs), f"an attribute twice: {attrs}"
        if self.open:
            self.open[-1].children.append(element)
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, name: str) -> list[Element]:
        return [element for element in self.elements if element.name == name]

    def section(self, slug: str) -> Element:
        return next(element for element in self.all("section") if element.attributes.get("id") == slug)

    def has(self, slug: str) -> bool:
        return any(element.attributes.get("id") == slug for element in self.all("section"))

    @property
    def title(self) -> str:
        return self.all("h1")[0].text

    @property
    def body(self) -> str:
        return self.all("body")[0].text


def rewritten(run: RunView, kind: str, change: Callable[[dict[str, Any]], Any]) -> RunView:
    """The run with one of its summaries changed on disk."""
    for node in run.nodes:
        if path := node.outputs.get("artifacts", {}).get("summary"):
            summary = json.loads(Path(path).read_text())
            if summary["kind"] == kind:
                Path(path).write_text(json.dumps(change(summary)))
                return run
    raise AssertionError(f"no {kind} summary in {run.id}")

"""An executed notebook as a page: its texts, code, outputs and pictures, in one file that needs no network.

nbconvert's templates fetch scripts from elsewhere. Here pictures are in the file, what a cell put out as HTML is read
down to a few harmless elements, and anything else is text.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any, Final

from markdown_it import MarkdownIt

from steps.pages.document import document
from steps.pages.markup import Child, Markup, join, tag, text
from steps.pages.parts import facts, unfolds
from steps.pages.words import one_line, printable, shortened

_MOST_TEXT: Final = 20_000  # characters of one output
_TEXTS: Final = ("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "ul", "ol", "li", "dl", "dt", "dd", "blockquote")
_MARKS: Final = ("b", "strong", "i", "em", "u", "s", "sub", "sup", "code", "pre")
_TABLES: Final = ("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td")
_KEPT: Final = frozenset((*_TEXTS, *_MARKS, *_TABLES))
_VOID: Final = frozenset({"br", "hr"})
_SILENT: Final = frozenset({"style", "script", "title", "head", "template", "iframe", "object"})
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PICTURES: Final = ("image/svg+xml", "image/png", "image/jpeg")


class _Harmless(HTMLParser):
    """Keeps a few elements, without attributes, and all text that would be shown."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._open: list[str] = []
        self._silent = 0

    def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        if name in _SILENT:
            self._silent += 1
        elif name in _KEPT and not self._silent:
            spans = [(key, value) for key, value in attrs if key in ("colspan", "rowspan") and (value or "").isdigit()]
            self.parts.append(f"<{name}{''.join(f' {key}="{value}"' for key, value in spans)}>")
            if name not in _VOID:
                self._open.append(name)

    def handle_endtag(self, name: str) -> None:
        if name in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif name in self._open:
            while (last := self._open.pop()) != name:
                self.parts.append(f"</{last}>")
            self.parts.append(f"</{name}>")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(text(data))


def harmless(html: str) -> Markup:
    """What of a piece of HTML can be shown without a risk."""
    parser = _Harmless()
    parser.feed(html)
    parser.close()
    return Markup("".join(parser.parts) + "".join(f"</{name}>" for name in reversed(parser._open)))


def page(notebook: Mapping[str, Any], title: str, given: Mapping[str, object]) -> str:
    """The whole document. `given`: what it was run with."""
    how = notebook["metadata"].get("pipeline", {})
    banner = None if how.get("ended") == "done" else tag("p", _ended(how), class_="bad", role="status")
    cells = join(*_cells(notebook["cells"]))
    head = tag("header", tag("h1", title), banner, facts([(name, str(value)) for name, value in given.items()]))
    return document(title, tag("main", head, tag("article", cells, class_="notebook")), pictures="data:")


def _ended(how: Mapping[str, str]) -> str:
    words = {"running": "still running, or cut off", "cell": "a cell failed", "kernel": "its kernel died"}
    return f"Not complete: {words.get(how.get('ended', 'running'), 'it was ended')}. {one_line(how.get('said', ''))}"


def _cells(cells: list[Mapping[str, Any]]) -> Iterator[Child]:
    number = 0
    for cell in cells:
        source = _text(cell["source"])
        if cell["cell_type"] == "code":
            number += 1
            if source.strip():
                yield _code(cell, number, source)
        elif cell["cell_type"] == "markdown" and "papermill-error" not in source:
            yield tag("div", harmless(_MARKDOWN.render(source)), class_="words")


_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")


def _code(cell: Mapping[str, Any], number: int, source: str) -> Markup:
    """A code cell: its code folded away, what it put out below."""
    outputs = [made for output in cell.get("outputs", ()) if (made := _output(output)) is not None]
    failed = any(output["output_type"] == "error" for output in cell.get("outputs", ()))
    lines = source.count("\n") + 1
    first = shortened(one_line(source.splitlines()[0]), 80)
    name = join(tag("code", f"[{number}] {first}"), tag("small", f" {lines} lines") if lines > 1 else None)
    return tag("div", unfolds(name, tag("pre", source), opened=failed), *outputs, class_="cell")


def _output(output: Mapping[str, Any]) -> Markup | None:
    match output["output_type"]:
        case "stream":
            return tag("pre", _cut(_text(output["text"])), class_=output["name"])
        case "error":
            trace = "\n".join(output.get("traceback") or ())
            return tag("pre", _cut(trace) or f"{output['ename']}: {output['evalue']}", class_="bad")
    data = output.get("data", {})
    for kind in _PICTURES:
        if kind in data:
            return _picture(kind, _text(data[kind]), _text(data.get("text/plain", "")))
    if "text/html" in data:
        return tag("div", harmless(_text(data["text/html"])), class_="table", tabindex="0")
    if "text/markdown" in data:
        return tag("div", harmless(_MARKDOWN.render(_text(data["text/markdown"]))), class_="words")
    return tag("pre", _cut(_text(data["text/plain"]))) if "text/plain" in data else None


def _picture(kind: str, content: str, words: str) -> Markup:
    """A picture in the file itself. An SVG that is shown as a picture runs nothing and fetches nothing."""
    if kind == "image/svg+xml":
        content = base64.b64encode(content.encode()).decode()
    address = f"data:{kind};base64,{''.join(content.split())}"
    return tag("img", src=address, alt=shortened(one_line(words), 200) or "a picture")


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _cut(value: str) -> str:
    plain = printable(_ESCAPES.sub("", value))
    return plain if len(plain) <= _MOST_TEXT else f"{plain[:_MOST_TEXT]}\n… {len(plain) - _MOST_TEXT:,} more characters"

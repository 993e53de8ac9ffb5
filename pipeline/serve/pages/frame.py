"""What every page has: its head, the way to the others, and the command beside it."""

from collections.abc import Sequence
from typing import Final

from starlette.responses import HTMLResponse, Response

from steps.pages.markup import Child, Markup, join, tag
from steps.pages.parts import code

PLACES: Final = (("/runs", "Runs"), ("/projects", "Projects"), ("/inbox", "Inbox"), ("/data", "Data"),
                 ("/documents", "Reports"), ("/health", "Health"))  # fmt: skip


def page(title: str, commands: Sequence[str], *body: Child, here: str = "", watch: str = "") -> Response:
    """A whole page. `commands`: what to type to see the same; `here`: its place among the others; `watch`: the path of
    the stream whose every event makes it new."""
    links = [tag("a", name, href=path, aria_current="page" if path == here else None) for path, name in PLACES]
    typed = join(*(tag("p", code(f"$ {each}"), class_="command") for each in commands))
    main = tag("main", tag("h1", title), typed, tag("div", *body, id="live", data_watch=watch or None))
    return whole(title, tag("nav", *links, aria_label="Pages", class_="places"), main)


def whole(title: str, *body: Child) -> Response:
    """The document around a page."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("title", title),
        tag("link", rel="icon", href="data:,"),
        tag("link", rel="stylesheet", href="/static/style.css"),
        tag("link", rel="stylesheet", href="/static/pages.css"),
        tag("script", src="/static/live.js", defer=True),
    )
    return HTMLResponse(f"<!doctype html>\n{tag('html', join(head, tag('body', *body)), lang='en')}\n")


def dot(phase: str) -> Markup:
    """A phase with its colour, which is not the only sign of it."""
    return tag("span", phase, class_=f"phase {phase.lower()}")


def form(address: str, words: str, *fields: Child, sure: str = "") -> Markup:
    """A button that does something. `sure`: what is asked before."""
    return tag("form", *fields, tag("button", words), method="post", action=address, data_sure=sure or None)

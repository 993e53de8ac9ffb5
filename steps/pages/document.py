"""Document: one HTML file, and the sections in it.

The policy in its head lets it load nothing, run nothing, and apply one style, known by its digest; so even a mistake in
escaping would be harmless. Each section is drawn separately, so that an unreadable summary costs its section and never
the page.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from steps.pages.markup import Child, Markup, join, tag
from steps.pages.parts import note, section
from steps.summaries.base import Absent, Unreadable

type Section[S] = tuple[str, str, Callable[[S], Markup | None]]
"""Its id, its name, and the function that draws it from a source; None from that: there is nothing to draw."""


@dataclass
class Drawn:
    """The sections of a page. `absent`: the names of missing sections, by reason."""

    made: list[tuple[str, str, Markup]] = field(default_factory=list)
    absent: dict[str, list[str]] = field(default_factory=dict)

    def markup(self) -> Markup:
        """Links to the sections, then the sections."""
        links = (tag("a", name, href=f"#{slug}") for slug, name, _ in self.made)
        return join(tag("nav", *links, aria_label="Sections"), *(made for _, _, made in self.made))


def draw[S](sections: Iterable[Section[S]], source: S) -> Drawn:
    """All sections for which `source` has something. One that cannot be read says why."""
    drawn = Drawn()
    for slug, name, make in sections:
        try:
            made = make(source)
        except Absent as reason:
            drawn.absent.setdefault(str(reason), []).append(name)
            continue
        except Unreadable as reason:
            made = section(slug, name, None, note(f"Cannot be shown. {reason}"))
        if made is not None:
            drawn.made.append((slug, name, made))
    return drawn


def document(title: str, *body: Child, pictures: str = "'none'") -> str:
    """The whole file. `pictures`: where they may come from; `data:` for those that are in the file."""
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src {pictures}; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("meta", name_="referrer", content="no-referrer"),
        tag("title", title),
        Markup(f"<style>{style}</style>"),
    )
    return f"<!doctype html>\n{tag('html', join(head, tag('body', *body)), lang='en')}\n"

"""The elements of every section: the section itself, tables, facts, foldable details."""

from collections.abc import Iterable, Sequence

from steps.pages.markup import Child, Markup, tag
from steps.pages.words import duration

Row = Sequence[Child]


def section(slug: str, title: str, note: Child, *children: Child) -> Markup:
    """A section: its title and a short note at the side, and its content."""
    return tag(
        "section",
        tag("header", tag("h2", title), tag("p", note) if note else None),
        tag("div", *children, class_="body"),
        id=slug,
        aria_label=title,
    )


def facts(pairs: Iterable[tuple[str, Child]], class_: str = "facts") -> Markup:
    """Names with their values, side by side; pairs without a value are left out."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs if value), class_=class_)


def with_small(words: str, below: str | None) -> Markup:
    """A fact, with a small line below it."""
    return tag("span", words, tag("small", below) if below else None)


def table(columns: Sequence[str], rows: Iterable[Row], caption: str, class_: str = "") -> Markup:
    """A table. A column whose name begins with `#` holds numbers; `caption` is for those who cannot see the page."""
    kinds = ["number" if name.startswith("#") else None for name in columns]
    head = tag(
        "tr",
        *(tag("th", name.lstrip("#"), scope="col", class_=kind) for name, kind in zip(columns, kinds, strict=True)),
    )
    body = [tag("tr", *(tag("td", cell, class_=kind) for cell, kind in zip(row, kinds, strict=True))) for row in rows]
    return tag(
        "div",
        tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body)),
        class_=f"table {class_}".strip(),
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def figure(title: str | None, drawn: Child, caption: str, numbers: Child) -> Markup:
    """A picture, a sentence on what it shows, and the same as a foldable table."""
    return tag(
        "div",
        tag("h3", title) if title else None,
        drawn,
        tag("p", caption, class_="note"),
        unfolds("The numbers", numbers),
        class_="block",
    )


def unfolds(summary: Child, *children: Child, opened: bool = False) -> Markup:
    """Details that are folded until they are wanted."""
    return tag("details", tag("summary", summary), *children, open=opened)


def note(*children: Child) -> Markup:
    """A paragraph in small print."""
    return tag("p", *children, class_="note")


def spent(seconds: float | None) -> str:
    """A duration, or a dash for None."""
    return "–" if seconds is None else duration(seconds)


def code(text: object) -> Markup:
    """An identifier."""
    return tag("code", str(text))

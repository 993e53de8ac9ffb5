"""Markup: HTML and SVG that is escaped by construction.

Node names, messages, reasons and parameters come from manifests, uploads and the outside world; here they can only
become text. A template engine would do the same, at the price of another dependency and of the page's structure written
a second time in another language.
"""

from html import escape

from steps.pages.words import printable

Attribute = str | int | float | bool | None
_VOID = frozenset({"meta", "br", "hr", "wbr", "col", "img"})


class Markup(str):
    """Text that is already HTML. Made only by `tag` and `join`, or from our own literals."""

    __slots__ = ()


Child = str | None


def text(value: object) -> Markup:
    """`value` as text: control characters stripped, then escaped."""
    return value if isinstance(value, Markup) else Markup(escape(printable(str(value)), quote=True))


def join(*children: Child) -> Markup:
    """The children one after the other, without those that are None."""
    return Markup("".join(text(child) for child in children if child is not None))


def tag(name: str, *children: Child, **attributes: Attribute) -> Markup:
    """One element. `class_` is class, `stroke_width` is stroke-width; None and False leave an attribute out, True is
    an attribute without a value; numbers are shortened to two decimals."""
    opened = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    return Markup(opened if name in _VOID else f"{opened}{join(*children)}</{name}>")


def number(value: float) -> str:
    """A coordinate in as few characters as two decimals allow."""
    short = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if short in ("-0", "") else short


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    return f' {name}="{text(number(value) if isinstance(value, float) else value)}"'

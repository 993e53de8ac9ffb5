"""An executed notebook as a page: what is harmful in it is text."""

import re
from typing import Any

from steps.pages.notebook import harmless, page


def code(*outputs: dict[str, Any], source: str = "x") -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": list(outputs)}


def shown(data: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": {}}


def drawn(*cells: dict[str, Any], ended: str = "done") -> str:
    return page({"cells": list(cells), "metadata": {"pipeline": {"ended": ended, "said": "why"}}}, "A title", {"a": 1})


def test_a_table_stays_one_and_scripts_styles_and_addresses_do_not() -> None:
    cells = "<tr><td onclick='x()'>1 &lt; 2<script>x()</script></table><img src=//evil>"
    html = f"<style>td{{}}</style><table border=1 class=x>{cells}"
    assert harmless(html) == "<table><tr><td>1 &lt; 2</td></tr></table>"


def test_a_picture_is_in_the_file_and_an_svg_cannot_run() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>x()</script></svg>'
    found = drawn(code(shown({"image/svg+xml": svg, "text/plain": "a curve"})))
    assert re.search(r'<img src="data:image/svg\+xml;base64,[A-Za-z0-9+/=]+" alt="a curve">', found)
    assert "<script" not in found
    assert "img-src data:;" in found


def test_text_is_escaped_and_cut_and_colours_of_terminals_are_gone() -> None:
    stream = {"output_type": "stream", "name": "stdout", "text": "\x1b[31m<b>red</b>\x1b[0m" + "y" * 50_000}
    found = drawn(code(stream))
    assert "&lt;b&gt;red&lt;/b&gt;y" in found
    assert "more characters" in found
    assert len(found) < 60_000


def test_markdown_is_drawn_without_its_html_and_pictures_from_elsewhere() -> None:
    found = drawn({"cell_type": "markdown", "source": "# One\n<b>x</b> ![p](http://evil/p.png) *soft*", "metadata": {}})
    assert "<h1>One</h1>" in found
    assert "&lt;b&gt;x&lt;/b&gt;" in found
    assert "<em>soft</em>" in found
    assert "evil" not in found


def test_one_that_was_cut_off_says_so_at_the_top() -> None:
    assert "Not complete" not in drawn(code())
    assert "Not complete: its kernel died. why" in drawn(code(), ended="kernel")

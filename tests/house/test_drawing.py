"""The picture of the architecture is that of the code, and its layout is one that can be read."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from tests.house.drawing import PICTURE, draw
from tests.house.layout import Area, Layout, reduced
from tests.house.measures import House

SIZE = re.compile(r'(<t(?:ext|span) class="lines"[^>]*>)([\d,]+)')
DRAW = "draw it again with: make picture"


@pytest.fixture(scope="module")
def drawn() -> str:
    return draw(House())


def test_rooms_and_arrows_are_those_of_the_code(drawn: str) -> None:
    assert SIZE.sub(r"\1", PICTURE.read_text(encoding="utf-8")) == SIZE.sub(r"\1", drawn), DRAW


def test_sizes_are_about_right(drawn: str) -> None:
    """About, so that the picture is not to be drawn again for every line."""
    told, now = (
        [int(size.replace(",", "")) for _, size in SIZE.findall(text)]
        for text in (PICTURE.read_text(encoding="utf-8"), drawn)
    )
    assert [one for one, other in zip(told, now, strict=True) if abs(one - other) > 100 + other / 4] == [], DRAW


def test_it_is_plain_svg_without_anything_from_elsewhere(drawn: str) -> None:
    root = ElementTree.fromstring(drawn)
    kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert kinds == {"svg", "title", "style", "defs", "marker", "g", "rect", "text", "tspan", "path"}
    assert re.findall(r"https?://[^\"]*", drawn) == ["http://www.w3.org/2000/svg"]
    assert "prefers-color-scheme: dark" in drawn


def test_rooms_do_not_lie_on_each_other(drawn: str) -> None:
    boxes = re.findall(r'<rect class="room" x="(\d+)" y="(\d+)" width="(\d+)"', drawn)
    assert len(boxes) > 30
    rows: dict[str, list[tuple[int, int]]] = {}
    for x, y, width in boxes:
        rows.setdefault(y, []).append((int(x), int(x) + int(width)))
    assert all(end < begin for row in rows.values() for (_, end), (begin, _) in pairwise(sorted(row)))


def test_what_another_way_says_is_left_out() -> None:
    assert reduced([("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("a", "d")]) == [("a", "b"), ("b", "c"), ("c", "d")]


def test_a_circle_is_named() -> None:
    with pytest.raises(ValueError, match="in a circle: a, b"):
        reduced([("a", "b"), ("b", "a")])


def test_an_edge_leads_past_what_lies_between() -> None:
    layout = Layout(dict.fromkeys("abc", "x"), [("a", "b"), ("b", "c"), ("a", "c")], {"x": Area(0, 200, 0)}, width=40)
    assert (layout.rank["a"], layout.rank["b"], layout.rank["c"]) == (0, 1, 2)
    (point,) = layout.paths["a", "c"][1:-1]
    assert abs(layout.x[point] - layout.x["b"]) >= 20

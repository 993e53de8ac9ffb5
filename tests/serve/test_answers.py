"""Small parts: what a client leaves out of an answer, and how numbers and times of a query are read."""

import pytest

from pipeline.serve import listing, selectors
from pipeline.serve.fields import Cleaner
from pipeline.serve.problems import Problem

LIST = {"metadata": {"a": 1}, "items": [{"metadata": {"name": "x", "uid": "y"}, "status": {"nodes": {}, "phase": "p"}}]}


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ("", LIST),
        ("items.metadata.name", {"items": [{"metadata": {"name": "x"}}]}),
        ("metadata,items.status", {"metadata": {"a": 1}, "items": [{"status": {"nodes": {}, "phase": "p"}}]}),
        (
            "-items.status.nodes,metadata",
            {"items": [{"metadata": {"name": "x", "uid": "y"}, "status": {"phase": "p"}}]},
        ),
        ("nothing", {}),
    ],
)
def test_fields(fields: str, left: object) -> None:
    assert Cleaner(fields).clean(LIST) == left


def test_fields_of_a_watch_are_below_its_result() -> None:
    cleaner = Cleaner("result.object.metadata.name,result.type", "result.object")
    assert cleaner.clean(LIST["items"][0]) == {"metadata": {"name": "x"}}  # type: ignore[index]
    assert not cleaner.wants("status", "nodes")
    assert Cleaner("result.object.status", "result.object").wants("status", "nodes")
    assert Cleaner("", "result.object").wants("status", "nodes")
    assert not Cleaner("-result.object.status.nodes", "result.object").wants("status", "nodes")


@pytest.mark.parametrize("text", ["a in b", "a b", "=", "a in (b", "a>1"])
def test_what_is_no_label_selector(text: str) -> None:
    with pytest.raises(Problem, match="unable to parse requirement"):
        selectors.labels(text)


@pytest.mark.parametrize(
    "query",
    [
        {"listOptions.limit": "ten"},
        {"listOptions.limit": "-1"},
        {"createdAfter": "yesterday"},
        {"nameFilter": "Fuzzy"},
        {"listOptions.fieldSelector": "metadata.name!=x"},
    ],
)
def test_what_is_wrong_in_a_query(query: dict[str, str]) -> None:
    with pytest.raises(Problem):
        listing.number(query, "listOptions.limit")
        listing.chosen(query)

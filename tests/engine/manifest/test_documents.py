"""YAML is read as Kubernetes reads it."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.manifest.documents import parse, read
from pipeline.engine.manifest.fields import text_of
from pipeline.errors import Refused


def value(text: str) -> Any:
    return parse(f"a: {text}", "w.yaml")[0]["a"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("22:30", "22:30"),
        ("1:30:00", "1:30:00"),
        ("1_000:00", "1_000:00"),
        ("190:20:30.15", "190:20:30.15"),
        ("2024-01-01", "2024-01-01"),
        ("0.00001", "0.00001"),
        ("1e-7", "0.0000001"),
        ("1e3", "1000"),
        ("1_000", "1000"),
        ("0644", "420"),
        ("0o644", "420"),
        ("08", "8"),
        ("0x1F", "31"),
        ("-0b11", "-3"),
        (".5", "0.5"),
        ("1.10", "1.1"),
        ("1.0", "1"),
        ("-0", "0"),
        ("-0.0", "-0"),
        ("12345678901234567890", "12345678901234567000"),
        ("100000000000000000000000", "100000000000000000000000"),
        ("1.2.3", "1.2.3"),
        ("0x", "0x"),
        ("10.0.0.1", "10.0.0.1"),
        ("+49", "49"),
        ("yes", "true"),
        ("n", "false"),
        ("'22'", "22"),
    ],
)
def test_a_value_becomes_the_text_that_argo_makes_of_it(written: str, meant: str) -> None:
    assert text_of(value(written)) == meant


@pytest.mark.parametrize("written", [".inf", "-.INF", ".nan"])
def test_what_json_does_not_have_is_refused_with_its_line(written: str) -> None:
    with pytest.raises(Refused, match=r"^w.yaml: line 1: .* put it in quotes$"):
        value(written)


def test_merged_mappings_and_what_stands_around_them() -> None:
    (found,) = parse(
        "base: &base {name: one, image: i}\n"
        "after: {<<: *base, name: two}\n"
        "before: {name: two, <<: *base}\n"
        "both: {<<: [{name: three}, *base]}\n",
        "w.yaml",
    )
    assert found["after"] == {"name": "two", "image": "i"}
    assert found["before"] == {"name": "one", "image": "i"}
    assert found["both"] == {"name": "three", "image": "i"}


def test_a_merge_of_something_else_is_refused() -> None:
    with pytest.raises(Refused, match="line 1: << merges 'text'; wanted a mapping, or a list of these"):
        parse("{<<: text}", "w.yaml")


def test_the_objects_of_a_list(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(
        "apiVersion: v1\nkind: List\nitems:\n- {kind: A}\n- apiVersion: v1\n  kind: List\n  items: [{kind: B}]"
    )
    assert [document["kind"] for document in read(file)] == ["A", "B"]
    file.write_text("apiVersion: v1\nkind: List\nitems: [1]")
    with pytest.raises(Refused, match="a document is 1; wanted a mapping"):
        read(file)


def test_what_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(Refused, match="it is nested deeper than this engine reads"):
        value("[" * 3000 + "]" * 3000)

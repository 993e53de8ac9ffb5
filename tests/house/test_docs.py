"""The examples of the documentation run."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples(page: Path) -> list[tuple[str, Any]]:
    """The test functions that a page's code blocks, run one after the other, define."""
    names: dict[str, Any] = {}
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        exec(compile(block, str(page), "exec"), names)
    return [(name, found) for name, found in names.items() if name.startswith("test_")]


@pytest.mark.parametrize(
    "test",
    [
        pytest.param(test, id=name)
        for page in ("testing-workflows.md", "projects.md")
        for name, test in examples(ROOT / "docs" / page)
    ],
)
def test_an_example_passes(test: Any) -> None:
    test()

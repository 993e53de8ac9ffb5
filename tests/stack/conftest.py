"""Stacks of a test's own, which it may kill and break. Nothing of them may be left when the test is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.stack import Stack
from tests.stack.witness import ROOT, leftovers


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack in an empty folder, its steps and models those of `root/`."""
    stack = Stack(tmp_path / "state", root=ROOT)
    yield stack
    stack.stop()
    assert leftovers(stack) == []


@pytest.fixture(scope="module")
def steps_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One that all tests of a file share."""
    stack = Stack(tmp_path_factory.mktemp("steps"), root=ROOT)
    yield stack
    stack.stop()
    assert leftovers(stack) == []

"""A package of a project's own, as the engine, or an image, names it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.steps.testing import own


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where it lies."""
    found, path = own.write(tmp_path), [*sys.path]
    monkeypatch.setenv("PROJECT_CODE", str(found))
    yield found
    sys.path[:] = path
    for name in [name for name in sys.modules if name.partition(".")[0] == "own"]:
        del sys.modules[name]
    sys.path_importer_cache.clear()

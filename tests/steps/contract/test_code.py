"""Own code: what is loaded, and what is refused."""

import sys
from pathlib import Path

import pytest

from steps.contract import code
from steps.errors import BadInput
from steps.models import Model
from tests.steps.testing import own

FAMILY = "own.models:Line"


def test_what_is_named_is_loaded(package: Path) -> None:
    assert issubclass(code.load(FAMILY), Model)
    assert code.load("steps.features.table:build").__name__ == "build"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("os:system", r"'os:system' is neither of steps nor of the project's own code; there are steps and own"),
        ("own.models", r"wanted module:name"),
        ("own..models:Line", r"wanted module:name"),
        ("own.models:__import__('os')", r"wanted module:name"),
        ("own.nowhere:Line", r"'own.nowhere:Line' is not there: No module named 'own.nowhere'"),
        ("own.models:Circle", r"'own.models:Circle' is not there: .* has no attribute 'Circle'"),
        ("own.broken:Line", r"cannot be loaded: \S+/own/broken.py, line 2: invalid syntax"),
        ("own.lost:Line", r"cannot be loaded: \S+/own/lost.py, line 1: ModuleNotFoundError: No module named 'nosuch'"),
        ("own.fails:Line", r"cannot be loaded: \S+/own/fails.py, line 1: ZeroDivisionError: division by zero"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_one_line(package: Path, name: str, words: str) -> None:
    own.write(package.parent, broken="\nx = = 1", lost="import nosuch", fails="1 / 0")
    with pytest.raises(BadInput, match=words) as raised:
        code.load(name)
    assert "\n" not in str(raised.value)


def test_without_the_setting_nothing_of_it_is_imported(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROJECT_CODE")
    monkeypatch.syspath_prepend(str(package.parent))
    with pytest.raises(BadInput, match="no package of the project's own is there"):
        code.load(FAMILY)
    assert "own" not in sys.modules

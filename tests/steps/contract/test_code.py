"""Own code: what is loaded, what is refused, and that a key changes with what it reaches and nothing else."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.projects.abalone import ABALONE
from steps.contract import code
from steps.contract.declaration import TableDeclaration, parse_table
from steps.errors import BadInput
from steps.learning.tables import fingerprint
from steps.models import Model
from tests.steps.testing import own

FAMILY = "own.models:Line"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package, as the engine, or an image, names it."""
    found, path = own.write(tmp_path), [*sys.path]
    monkeypatch.setenv("PROJECT_CODE", str(found))
    yield found
    sys.path[:] = path
    forget()


def forget() -> None:
    """As a new process would."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "own"]:
        del sys.modules[name]
    sys.path_importer_cache.clear()
    code._digest.cache_clear()


def declared(features: str = "own.features:build") -> TableDeclaration:
    project = parse_table(ABALONE.declaration())
    family = project.learning.families[0].model_copy(update={"model": FAMILY, "space": {}})
    learning = project.learning.model_copy(update={"features": features, "families": (family,)})
    return project.model_copy(update={"learning": learning})


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


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        pytest.param({"models": own.FAMILY + "\n# more"}, True, id="the module"),
        pytest.param({"sums": own.SUMS + "\n# more"}, True, id="what it imports"),
        pytest.param({"__init__": "# more"}, True, id="the package around it"),
        pytest.param({"features": own.FEATURES + "\n# more"}, False, id="what it does not import"),
        pytest.param({"unused": "x = 1", "new": "y = 2"}, False, id="what nobody imports"),
    ],
)
def test_a_key_changes_with_the_code_that_is_reached(package: Path, changed: dict[str, str], differs: bool) -> None:
    before = code.digests(FAMILY, "steps.models.forest:ForestRegressor")
    assert list(before) == [FAMILY]
    own.write(package.parent, **changed)
    forget()
    assert (code.digests(FAMILY) != before) is differs


def test_what_a_function_imports_in_any_way_is_reached(package: Path) -> None:
    texts = {"a": "from . import b", "b": "def f():\n    import own.c as d", "c": "from .deep.e import g"}
    own.write(package.parent, **texts)
    (package / "deep").mkdir()
    for name in ("__init__", "e", "f"):
        (package / "deep" / f"{name}.py").write_text("")
    before = code.digests("own.a:x")
    for path, differs in (
        ("b.py", True),
        ("c.py", True),
        ("deep/e.py", True),
        ("deep/f.py", False),
        ("sums.py", False),
    ):
        file = package / path
        text = file.read_text()
        file.write_text(text + "\n# more")
        forget()
        assert (code.digests("own.a:x") != before) is differs, path
        file.write_text(text)


def test_the_same_history_with_other_code_is_another_dataset(package: Path) -> None:
    before = fingerprint(declared(), "chain")
    assert fingerprint(declared(), "chain") == before
    own.write(package.parent, features=own.FEATURES + "\n# more")
    forget()
    assert fingerprint(declared(), "chain") != before

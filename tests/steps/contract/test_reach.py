"""A key changes with the code that it reaches, of `steps` and of a project's own, and with nothing else."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.projects.abalone import ABALONE
from steps.contract import reach
from steps.contract.declaration import TableDeclaration, parse_table
from steps.errors import BadInput
from steps.learning import DECIDED_BY
from steps.learning.tables import fingerprint
from tests import ROOT
from tests.steps.testing import own

FAMILY = "own.models:Line"
TRIAL = ("steps.learning.trials",)
FEATURES = ("steps.features.computing", "steps.features.hourly:build")
SNAPSHOT = ("steps.snapshot", *DECIDED_BY, "steps.models.lightgbm:LightGBMRegressor")


@pytest.fixture(autouse=True)
def _forgetting() -> Iterator[None]:
    """As each new process would."""
    reach._digest.cache_clear()
    yield
    reach._digest.cache_clear()


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `steps`, to change."""
    found = shutil.copytree(ROOT / "steps", tmp_path / "steps", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(reach, "_STEPS", found)
    return found


def changed(names: tuple[str, ...], file: Path) -> bool:
    """Whether the digest of what these reach is another one once that file is."""
    reach._digest.cache_clear()
    before = reach.digest(*names)
    file.write_text(f"{file.read_text(encoding='utf-8')}\n# more", encoding="utf-8")
    reach._digest.cache_clear()
    return reach.digest(*names) != before


@pytest.mark.parametrize("names", [TRIAL, FEATURES, SNAPSHOT], ids=["trial", "features", "snapshot"])
@pytest.mark.parametrize(
    "path", ["pages/parts.py", "pages/decision.py", "prepare.py", "decide.py", "serving/predictor.py"]
)
def test_what_only_shows_or_stands_beside_computes_nothing_anew(
    copied: Path, names: tuple[str, ...], path: str
) -> None:
    assert not changed(names, copied / path)


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (TRIAL, "learning/scoring.py"),
        (TRIAL, "learning/__init__.py"),
        (FEATURES, "features/hourly.py"),
        (FEATURES, "checking/table.py"),
        (SNAPSHOT, "models/lightgbm.py"),
        (SNAPSHOT, "models/base.py"),
        (SNAPSHOT, "learning/gate.py"),
        (SNAPSHOT, "release/packing.py"),
        (SNAPSHOT, "backends/warehouse/schema.py"),
    ],
)
def test_what_computes_it_changes_its_key(copied: Path, names: tuple[str, ...], path: str) -> None:
    assert changed(names, copied / path)


def test_a_new_file_that_nobody_imports_changes_nothing(copied: Path) -> None:
    before = reach.digest(*SNAPSHOT)
    (copied / "new.py").write_text("x = 1", encoding="utf-8")
    reach._digest.cache_clear()
    assert reach.digest(*SNAPSHOT) == before


def test_what_is_quickly_read_of_our_own_code_is_what_python_reads() -> None:
    for file in (ROOT / "steps").rglob("*.py"):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        body, package = file.read_bytes(), file.name == "__init__.py"
        parsed = {name for name in reach._of_any(body, module, package=package) if name.startswith("steps")}
        assert set(reach.imports(body, module, package=package)) == parsed, file


@pytest.mark.parametrize("name", ["steps.nowhere", "own.nowhere:Line"])
def test_a_module_that_is_not_there_is_said(package: Path, name: str) -> None:
    with pytest.raises(BadInput, match=f"there is no module {name.partition(':')[0]} in /"):
        reach.digest(name)


def test_own_code_reaches_ours(package: Path, copied: Path) -> None:
    assert changed((FAMILY,), copied / "models" / "base.py")


def declared(features: str = "own.features:build") -> TableDeclaration:
    project = parse_table(ABALONE.declaration())
    family = project.learning.families[0].model_copy(update={"model": FAMILY, "space": {}})
    learning = project.learning.model_copy(update={"features": features, "families": (family,)})
    return project.model_copy(update={"learning": learning})


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
    before = reach.digest(FAMILY)
    own.write(package.parent, **changed)
    reach._digest.cache_clear()
    assert (reach.digest(FAMILY) != before) is differs


def test_what_a_function_imports_in_any_way_is_reached(package: Path) -> None:
    texts = {"a": "from . import b", "b": "def f():\n    import own.c as d", "c": "from .deep.e import g"}
    own.write(package.parent, **texts)
    (package / "deep").mkdir()
    for name in ("__init__", "e", "f"):
        (package / "deep" / f"{name}.py").write_text("")
    before = reach.digest("own.a:x")
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
        reach._digest.cache_clear()
        assert (reach.digest("own.a:x") != before) is differs, path
        file.write_text(text)


def test_the_same_history_with_other_code_is_another_dataset(package: Path) -> None:
    before = fingerprint(declared(), "chain")
    assert fingerprint(declared(), "chain") == before
    own.write(package.parent, features=own.FEATURES + "\n# more")
    reach._digest.cache_clear()
    assert fingerprint(declared(), "chain") != before

"""`pipeline init` makes a folder that works at once; what it cannot make it refuses before anything is written."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import projects
from pipeline.cluster import manifests
from pipeline.projects import GROUP
from steps.contract.declaration import parse_table
from steps.testing import check_family, check_features, check_table
from tests import ROOT
from tests.init.test_columns import table
from tests.install.installing import Installed, install


def call(folder: Path, *words: str, code: int = 0) -> str:
    """What `pipeline words…` says in a folder, in a process of its own that has no terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *words],
        cwd=folder,
        env={"PATH": os.defpath, "HOME": str(folder), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with a project made from a table, and what was said."""
    folder = tmp_path_factory.mktemp("init")
    said = call(folder, "init", "own-homes", "--from", str(table(folder)), "--target", "price")
    return folder, said


def test_it_says_what_it_read_and_what_comes_next(made: tuple[Path, str]) -> None:
    _, said = made
    assert said.startswith("read 240 rows of table.csv\n")
    assert re.search(r"^  street +left out: it holds texts, 240 different ones$", said, re.MULTILINE)
    assert "\ntarget: price (as asked); task: regression\n" in said
    assert said.endswith("next: cd own-homes; make test; make run\n")


def test_all_that_belongs_to_a_project_is_there(made: tuple[Path, str]) -> None:
    folder = made[0] / "own-homes"
    for path in (".ci/run", ".gitignore", "Dockerfile", "Makefile", "README.md", "data/own_homes.csv", "local.mk",
                 "manifests/own-homes/own-homes-train.yaml", "own_homes/__init__.py", "own_homes/features.py",
                 "own_homes/models.py", "own_homes/project.py", "tests/test_project.py"):  # fmt: skip
        assert (folder / path).is_file(), path
    text = (folder / "pyproject.toml").read_text()
    assert f'[project.entry-points."{GROUP}"]\nown-homes = "own_homes.project:PROJECT"' in text
    assert not [path for path in folder.rglob("*") if path.is_file() and "${" in path.read_text(errors="replace")]
    assert os.access(folder / ".ci" / "run", os.X_OK)


def test_it_is_found_and_its_manifests_are_what_it_declares(made: tuple[Path, str]) -> None:
    folder = made[0] / "own-homes"
    assert call(folder, "render", "--check") == ""
    assert "own-homes-train  WorkflowTemplate" in call(folder, "run", "own-homes-train", "--dry-run")
    images = set(re.findall(r"image: (\S+)", (folder / "manifests/own-homes/own-homes-train.yaml").read_text()))
    assert images == {"own-homes-steps:0.1.0"}
    assert "own-homes-serve:0.1.0" in (folder / "manifests/own-homes/own-homes-train.yaml").read_text()


def test_a_cluster_gets_its_images_from_the_registry(made: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made[0] / "own-homes")
    monkeypatch.setattr(sys, "path", [*sys.path])
    text = str(manifests.read(Path("manifests"), "registry.example.org/ml/", crons=True))
    assert "'registry.example.org/ml/own-homes-steps:0.1.0'" in text
    assert "'registry.example.org/ml/own-homes-serve:0.1.0'" in text


def test_what_it_has_keeps_the_contracts(made: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made[0] / "own-homes"
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name, value in projects.code_setting().items():
        monkeypatch.setenv(name, value)
    declared = parse_table(str(projects.find("own-homes").declaration()))
    check_features(declared)
    check_family(declared.learning.families[0].model)
    check_table(declared, folder / "data" / "own_homes.csv")


@pytest.mark.soak
def test_its_tests_pass(made: tuple[Path, str]) -> None:
    program = Path(sys.executable).with_name("pipeline")
    done = subprocess.run(
        ["make", "test", f"PIPELINE={program}", f"PYTHON={sys.executable}"],
        cwd=made[0] / "own-homes",
        env={"PATH": os.environ["PATH"], "HOME": str(made[0]), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Ran 3 tests" in done.stderr
    assert "skipped" not in done.stderr


def complaints(folder: Path) -> str:
    """What ruff says of all Python files in there."""
    ruff, said = Path(sys.executable).with_name("ruff"), ""
    for words in (["check", "--quiet", "--select", "E,F,I,UP,B"], ["format", "--quiet", "--diff"]):
        command = [str(ruff), *words, "--no-cache", "--line-length", "120", "."]
        said += subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    return said


def test_what_it_writes_is_python_as_it_should_be(made: tuple[Path, str]) -> None:
    assert complaints(made[0] / "own-homes") == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Homes"], r"'Homes' cannot name a project; wanted at most 42 of a-z, 0-9 and -, a letter first"),
        (["own_homes"], r"'own_homes' cannot name a project"),
        (["2homes"], r"'2homes' cannot name a project"),
        (["../homes"], r"'\.\./homes' cannot name a project"),
        (["wine"], r"there is a project named wine already"),
        (["json"], r"json is a word or a module of Python's"),
        (["class"], r"class is a word or a module of Python's"),
        (["there"], r"\S+/there is there already"),
        (
            ["homes", "--from", "nosuch.csv"],
            r"nosuch\.csv cannot be read: No such file or directory; wanted a CSV file",
        ),
        (["homes", "--from", "table.csv", "--target", "cost"], r"table\.csv has no column 'cost'"),
        (["homes", "--from", "table.csv", "--target", "land"], r"'land' cannot be the target, as it is always 'AT'"),
        (["homes", "--task", "guessing"], r".*'guessing' is not one of 'regression', 'classification'"),
    ],
)
def test_a_refusal_is_one_line_and_leaves_nothing(tmp_path: Path, words: list[str], said: str) -> None:
    table(tmp_path)
    (tmp_path / "there").mkdir()
    (line,) = call(tmp_path, "init", *words, code=2).splitlines()
    assert re.match(f"error: .*{said}", line), line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["table.csv", "there"]


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["diabetes", "wine"])
def test_from_a_csv_file_to_a_live_model(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """As a stranger does it, with the wheel installed, in an empty folder."""
    here = install(tmp_path_factory.mktemp(name), "--extra", "laptop")
    make = shutil.which("make")
    assert make is not None
    (here.folder / "tables.py").write_text(
        f"from sklearn import datasets\ndatasets.load_{name}(as_frame=True).frame.to_csv('table.csv', index=False)\n"
    )
    assert here.call("tables.py", program="python").returncode == 0
    here.said("init", "plan", "--from", "table.csv", "--target", "target")
    folder = Installed(here.environment, here.folder / "plan")
    path = f"{here.environment / 'bin'}{os.pathsep}{os.defpath}"
    try:
        for target in ("test", "run"):
            done = subprocess.run(
                [make, target], cwd=folder.folder, env={"PATH": path, "HOME": str(here.folder)},
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
        assert "Model plan version 1, alias champion" in done.stdout
        assert re.search(r"plan +version 1 +version 1 +version 1 \(decision 1\) is live", folder.said("status"))
    finally:
        folder.said("down")

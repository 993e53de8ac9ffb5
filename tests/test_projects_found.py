"""A project is found where it is declared: in the present folder, among those that ship, in an installed package."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline import projects
from pipeline.cli.commands import cli
from pipeline.errors import UserError
from pipeline.laptop.machine import LocalMachine
from pipeline.stale import stale

DECLARED = """\
from pipeline.project import TableProject
from steps.contract.declaration import Column, Family, Table, TableLearning

PROJECT = TableProject(
    name="{name}",
    title="Prices",
    table=Table(columns=(Column(name="rooms", low=0, high=9), Column(name="price", low=0, high=9))),
    learning=TableLearning(
        target="price",
        task="regression",
        families=(Family(name="forest", model="steps.models.forest:ForestRegressor", trials=2, space={{}}),),
    ),
)
"""


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Each test is in a folder of its own, and Python forgets what it imported from there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIPELINE_HOME", str(tmp_path / "state"))
    path, modules = [*sys.path], {*sys.modules}
    yield
    sys.path[:] = path
    for name in {*sys.modules} - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]
    projects._loaded.cache_clear()
    projects._installed.cache_clear()
    sys.path_importer_cache.clear()


def declare(folder: Path, package: str, *names: str, text: str = DECLARED, group: str = projects.GROUP) -> Path:
    """A folder whose pyproject.toml names these projects, each in a module of its own; the package."""
    own = folder / package
    own.mkdir(parents=True)
    (own / "__init__.py").touch()
    for name in names:
        (own / f"{name}.py").write_text(text.format(name=name))
    lines = [f'{name} = "{package}.{name}:PROJECT"' for name in names]
    (folder / "pyproject.toml").write_text("\n".join([f'[project.entry-points."{group}"]', *lines]))
    return own


def install(folder: Path, package: str, name: str) -> None:
    """A package that names one project, as an installer leaves it in `folder`."""
    declare(folder, package, name)
    about = folder / f"{package}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{projects.GROUP}]\n{name} = {package}.{name}:PROJECT\n")
    sys.path.append(str(folder))
    projects._installed.cache_clear()


def said(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def test_a_project_of_the_present_folder_is_one_everywhere(tmp_path: Path) -> None:
    declare(tmp_path, "homes", "homes")
    assert projects.find("homes").title == "Prices"
    assert list(projects.every()) == ["homes", "openaq", "wine", "abalone"]
    assert projects.problems() == []
    written = said("render").output.split()
    assert "manifests/homes/homes-train.yaml" in written
    assert {Path(path).parent.name for path in written} == {"homes"}, "others are rendered where they are named"
    header = (tmp_path / "manifests" / "homes" / "homes-train.yaml").read_text().splitlines()[0]
    assert header == "# Written by `pipeline render`: change homes/homes.py instead."
    assert said("render", "--check").exit_code == 0
    assert said("run", "homes-train", "--dry-run").exit_code == 0


def test_of_an_installed_package_too(tmp_path: Path) -> None:
    install(tmp_path / "there", "flats", "flats")
    assert projects.find("flats").title == "Prices"
    assert projects.own_code() == [tmp_path / "there" / "flats"]
    with pytest.raises(UserError, match=r"manifests has no manifests of flats yet; run: pipeline render flats"):
        LocalMachine.here().find("flats-train")


def test_nothing_is_imported_before_it_is_needed(tmp_path: Path) -> None:
    declare(tmp_path, "heavy", "heavy", text="raise SystemError('imported')")
    assert projects.names() == ["heavy", "openaq", "wine", "abalone"]
    assert projects.find("wine").name == "wine"
    assert projects.own_code() == [tmp_path / "heavy"]
    assert "heavy" not in sys.modules


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('task="regression",', "", 8, "TableLearning.task is missing; wanted Literal['regression', 'classification']"),
        ("table=Table(columns=", "tabel=Table(columns=", 4, "TableProject.table is missing; wanted a Table"),
        ('target="price",', "target=5,", 8, "TableLearning.target: got 5, wanted a valid string"),
        (
            "trials=2",
            'trials="x"',
            11,
            "Family.trials: got 'x', wanted a valid integer, unable to parse",
        ),
        ("PROJECT = ", "import nosuch; PROJECT = ", 4, "No module named 'nosuch'"),
        ("PROJECT = ", "1 / 0; PROJECT = ", 4, "ZeroDivisionError: division by zero"),
        ("PROJECT = ", "PROJECT = = ", 4, "invalid syntax"),
    ],
)
def test_a_broken_one_breaks_only_itself(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    own = declare(tmp_path, "broken", "shack", "villa")
    (own / "shack.py").write_text(DECLARED.format(name="shack").replace(old, new))
    problem = f"{own / 'shack.py'}, line {line}: {words}"
    assert [line[: len(problem)] for line in projects.problems()] == [problem]
    assert "shack" not in projects.every()
    written = said("render")
    assert str(written.exception).startswith(problem)
    assert "manifests/villa/villa-train.yaml" in written.output
    with pytest.raises(UserError, match=re.escape(words)):
        projects.find("shack")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("OTHER = 1", "has no PROJECT; wanted a Project or a TableProject of pipeline.project"),
        ("PROJECT = 1", "it is 1; wanted a Project or a TableProject"),
        (DECLARED.replace("{name}", "tent"), "that project is named 'tent'; give both one name"),
    ],
)
def test_what_is_named_must_be_a_project_of_that_name(tmp_path: Path, text: str, words: str) -> None:
    declare(tmp_path, "wrong", "house", text=text)
    (problem,) = projects.problems()
    assert problem.startswith(f"{tmp_path / 'pyproject.toml'}: house = 'wrong.house:PROJECT': ")
    assert words in problem


def test_a_package_that_is_not_there_or_is_anothers_is_said(tmp_path: Path) -> None:
    declare(tmp_path, "json", "house")
    assert (
        projects.problems()[0].endswith("json/__init__.py; give yours another name") or "json" in projects.problems()[0]
    )
    (tmp_path / "pyproject.toml").write_text(f'[project.entry-points."{projects.GROUP}"]\nhouse = "gone.house:PROJECT"')
    assert projects.problems()[0].endswith(f"there is no package 'gone' in {tmp_path}")


@pytest.mark.parametrize("text", ["[project", "[project]\nentry-points = 3", "\udcff"])
def test_a_pyproject_that_cannot_be_read_hides_nothing_else(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    (problem,) = projects.problems()
    assert problem.startswith(f"{tmp_path / 'pyproject.toml'}: ")
    assert "wine" in projects.every()
    with pytest.raises(UserError, match=r"no project 'homes'; there are: abalone, openaq, wine; .*pyproject.toml: "):
        projects.find("homes")


def test_of_two_of_one_name_it_is_said_which_counts(tmp_path: Path) -> None:
    declare(tmp_path, "cellar", "wine")
    install(tmp_path / "there", "vault", "abalone")
    assert projects.find("wine").title == "Prices", "that of the folder"
    assert projects.find("abalone").title != "Prices", "no package takes the place of one that ships"
    assert projects.problems() == [
        f"two projects are named wine: {tmp_path / 'pyproject.toml'} names the one that counts, what ships the other",
        "two projects are named abalone: what ships names the one that counts, the package vault the other",
    ]
    assert "two projects are named wine" in said("render", "abalone").stderr


def test_installed_as_it_stands_it_is_one_project(tmp_path: Path) -> None:
    install(tmp_path, "lofts", "lofts")
    assert projects.names() == ["lofts", "openaq", "wine", "abalone"]
    assert projects.problems() == []


def test_a_step_of_its_own_finds_its_package_in_a_workflow_of_its_own(tmp_path: Path) -> None:
    own = declare(tmp_path, "yards", "yards")
    (own / "measure.py").write_text("print('measured by', __name__)")
    (tmp_path / "measure.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: measure}\nspec:\n  entrypoint: main\n"
        "  templates: [{name: main, container: {image: i, command: [python, -m, yards.measure]}}]\n"
    )
    assert said("run", "measure.yaml", "--logs").exit_code == 0
    assert "measured by __main__" in said("logs").output


def test_an_edit_that_was_not_rendered_is_noticed(tmp_path: Path) -> None:
    own = declare(tmp_path, "barns", "barns")
    assert said("render").exit_code == 0
    (own / "barns.py").write_text(DECLARED.format(name="barns").replace("trials=2", "trials=30"))
    line = stale(tmp_path / "state", Path("manifests"), "barns")
    assert line.startswith("manifests/barns/barns-ingest.yaml differs from what barns/barns.py declares, and ")
    assert line.endswith("; run: pipeline render")

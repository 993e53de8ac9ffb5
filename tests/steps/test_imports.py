"""What each step waits for before it works: the heavy libraries that importing it loads, by their names.

On a cluster each node is a new process, and these cost it between a tenth of a second (requests) and three (Great
Expectations, and LightGBM with scikit-learn). What only some runs need is imported where it is needed.
"""

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from tests import ROOT

HEAVY = {
    *("boto3", "great_expectations", "lightgbm", "mlflow", "numpy", "optuna", "pandas", "pyarrow", "requests"),
    *("scipy", "sklearn", "sqlalchemy"),
}
STEPS = {
    "admit": "sqlalchemy",
    "conclude": "sqlalchemy",
    "decide": "boto3 mlflow numpy pandas sqlalchemy",
    "extra": "boto3 sqlalchemy",
    "fetch": "boto3 requests sqlalchemy",
    "follow": "sqlalchemy",
    "ingest": "boto3 numpy pandas pyarrow scipy sqlalchemy",
    "merge": "boto3 numpy optuna pandas pyarrow scipy sqlalchemy",
    "metrics": "",
    "monitor": "boto3 numpy pandas pyarrow requests sqlalchemy",
    "plan": "boto3 requests sqlalchemy",
    "prepare": "boto3 numpy pandas sqlalchemy",
    "publish": "boto3 numpy pandas sqlalchemy",
    "record": "sqlalchemy",
    "review": "boto3 sqlalchemy",
    "rollback": "sqlalchemy",
    "snapshot": "boto3 numpy optuna pandas sqlalchemy",
    "tidy": "boto3 sqlalchemy",
    "trial": "boto3 numpy pandas",
    "verify": "boto3 mlflow numpy pandas requests sqlalchemy",
}


def test_every_step_has_its_line() -> None:
    commands = {path.stem for path in (ROOT / "steps").glob("*.py") if "@click.command" in path.read_text("utf-8")}
    packages = {path.parent.name for path in (ROOT / "steps").glob("*/__main__.py")} - {"router"}
    assert commands | packages == set(STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_loads_what_it_needs_on_its_way_and_no_more(step: str) -> None:
    seen, waiting, found = set[str](), [f"steps.{step}"], set[str]()
    while waiting:
        if (module := waiting.pop()) not in seen:
            seen.add(module)
            for name in loaded(module):
                top = name.partition(".")[0]
                found |= {top} & HEAVY
                waiting += [".".join(name.split(".")[:end]) for end in range(1, name.count(".") + 2)] * (top == "steps")
    assert found == set(STEPS[step].split()), "make the import a late one where the step can do without, or say so here"


@cache
def loaded(module: str) -> set[str]:
    """What importing a module of `steps` imports itself, by full names; of names that may be modules, each."""
    place = ROOT.joinpath(*module.split("."))
    file = next((path for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file()), None)
    return set() if file is None else set(_of(ast.parse(file.read_bytes()).body))


def _of(body: list[ast.stmt]) -> Iterator[str]:
    """The imports among statements that run at once."""
    for statement in body:
        if isinstance(statement, ast.Import):
            yield from (each.name for each in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            yield from (str(statement.module), *(f"{statement.module}.{each.name}" for each in statement.names))
        elif isinstance(statement, ast.If):
            typing = isinstance(statement.test, ast.Name) and statement.test.id == "TYPE_CHECKING"
            yield from _of(statement.orelse if typing else [*statement.body, *statement.orelse])
        elif isinstance(statement, ast.With | ast.ClassDef):
            yield from _of(statement.body)
        elif isinstance(statement, ast.Try):
            yield from _of([*statement.body, *statement.orelse, *statement.finalbody])

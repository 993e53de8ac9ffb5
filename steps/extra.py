"""A step of a project's own: the function `module:name` that its declaration names, called at a point of a workflow.

Contract. The function takes one argument, `Given`, changes nothing of it, and returns one line that says what it did,
or None. It raises `steps.errors.CheckFailed` where the run shall stop and `BadInput` where nobody can go on; any other
error is tried twice more. It is called once for the same summary, code and declaration: its line is remembered, and
said again. A kill may come between what it does and that, so doing it twice must do no harm.

`steps.testing.check_extra` tries it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import Any

import click
import sqlalchemy as sa

from steps.backends import caching, objects
from steps.backends.database import look
from steps.contract import code, reach
from steps.contract import declaration as declared
from steps.contract.command import declaration_option, input_file, log, run
from steps.contract.declaration import Declaration, TableDeclaration
from steps.errors import BadInput, StepError

Row = dict[str, Any]
_LONGEST = 500  # characters of the line that it returns


@dataclass(frozen=True)
class Given:
    """What the function is told. `run`: the workflow's name. `summary`: what the step before it left, as JSON has it:
    of `prepare`, `ingest`, `decide` or `publish`, and after a release that of `decide`. `query`: called with a SELECT
    over the warehouse's tables and values for its `:names`, gives the rows."""

    project: Declaration | TableDeclaration
    run: str
    summary: Mapping[str, Any]
    query: Callable[..., list[Row]]


@click.command()
@declaration_option
@click.option("--run", "workflow", required=True, help="The workflow's name.")
@click.option("--name", required=True, help="What the declaration calls the step.")
@click.option("--function", required=True, help="`module:name` of the project's own package.")
@click.option("--summary", type=input_file, required=True, help="What the step before it left, as JSON.")
def command(declaration: str, workflow: str, name: str, function: str, summary: Path) -> None:
    """Call the function, unless it has done this already."""
    project, told = declared.parse_any(declaration), json.loads(summary.read_text(encoding="utf-8"))
    parts = {"project": project.model_dump(mode="json"), "name": name, "function": function, "summary": told}
    key = caching.key("extra", code=reach.digest("steps.extra", function), **parts)
    bucket = objects.lake()
    done = caching.recall(bucket, key)
    if done is None:
        done = called(code.load(function), function, Given(project, workflow, told, query))
        caching.remember(bucket, key, done)
    else:
        log.info("done before")
    if done:
        click.echo(done)


def called(function: Callable[[Given], object], name: str, given: Given) -> str:
    """What the function of that name says that it did; empty for nothing.

    Raises:
        BadInput: it returns no line.
        StepError: it raised one; or anything else, which is told with file and line.
    """
    try:
        said = function(given)
    except StepError:
        raise
    except Exception as error:
        frame = extract_tb(error.__traceback__)[-1]
        words = " ".join(f"{type(error).__name__}: {error}".split())
        raise StepError(f"{name}: {frame.filename}, line {frame.lineno}: {words}") from error
    if said is not None and (not isinstance(said, str) or "\n" in said or len(said) > _LONGEST):
        raise BadInput(f"{name} returns {said!r:.80}; wanted one line of at most {_LONGEST} characters, or None")
    return said or ""


def query(select: str, **values: Any) -> list[Row]:
    """The rows of a SELECT over the warehouse, `:name` in it being a value.

    Raises:
        StepError: the database does not answer, or not to that.
    """
    with look() as connection:
        return [dict(row) for row in connection.execute(sa.text(select), values).mappings()]


if __name__ == "__main__":
    run(command)

"""Notebooks by hand: one is found among the projects, run by its workflow, or written for Jupyter."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.errors import RunFailed, UserError
from pipeline.laptop.machine import LocalMachine
from pipeline.project import Project
from pipeline.projects import every
from pipeline.report.story import Story
from pipeline.stack.server import CODE
from steps.contract.notebooks import Notebook
from steps.summaries.base import known
from steps.summaries.notebook import Executed


def find(name: str) -> tuple[Project, Notebook]:
    """The notebook of that name (or, where several projects have one, of `project/name`), and its project.

    Raises:
        UserError: there is none, or several.
    """
    there = {
        f"{project.name}/{each.name}": (project, each)
        for project in every().values()
        if isinstance(project, Project)
        for each in project.notebooks
    }
    found = [key for key in there if name in (key, key.partition("/")[2])]
    if len(found) != 1:
        what = f"several notebooks are named {name!r}" if found else f"no notebook {name!r}"
        raise UserError(f"{what}; there are: {', '.join(found or there) or 'none'}")
    return there[found[0]]


def run(
    machine: LocalMachine, project: Project, notebook: Notebook, given: Mapping[str, str], as_of: str
) -> Iterator[str]:
    """Run it by its workflow; where the page of each is.

    Raises:
        RunFailed: one failed; its page is named before.
    """
    values = json.dumps(dict(given), ensure_ascii=False)
    if "{{" in values:
        raise UserError("a parameter holds '{{', which Argo would expand; take it out")
    parameters = {"notebook": notebook.name, "given": values, "as-of": as_of}
    run_id = machine.submit(f"{project.name}-notebooks", parameters, parameters)
    failed: RunFailed | None = None
    try:
        machine.succeed(run_id)
    except RunFailed as error:
        failed = error
    view = machine.view(run_id)
    story = Story([view], view.finished_at or view.created_at)
    for found in known(lambda: story.all(Executed)) or []:
        yield f"{found.summary.words}\n  {story.page_of(found) or found.summary.address}"
    if failed is not None:
        raise failed


def write(notebook: Notebook, file: Path) -> str:
    """Write it as .ipynb; a line that says so.

    Raises:
        UserError: it cannot be read, or the file cannot be written.
    """
    if file.suffix != ".ipynb":
        raise UserError(f"--write {file}: wanted a name that ends in .ipynb")
    command = [sys.executable, "-m", "steps.notebooks.reading", notebook.path, str(file.absolute())]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CODE)
    if ended.returncode:
        lines = ended.stderr.strip().splitlines() or ["it could not be written"]
        raise UserError(lines[-1].removeprefix("error: "))
    return f"{file}: open it with Jupyter, in a folder whose .pipeline has the data"

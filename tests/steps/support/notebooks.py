"""Small notebooks, executed as the step executes them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.projects.openaq import OPENAQ
from steps.backends import objects
from steps.contract.notebooks import Delivery, Notebook, Plan, Work, canonical
from steps.notebooks import run
from tests.steps.support.invoking import Ended, run_step

HEAD = '# %% tags=["parameters"]\nstation: int = 1\nname = "x"\n\n'


@dataclass(frozen=True)
class Executed:
    """How the step ended, and what it left."""

    ended: Ended
    out: Path
    prefix: str

    @property
    def copy(self) -> dict[str, Any]:
        """The executed copy, as it is kept in the store."""
        body = objects.artifacts().get(f"{self.prefix}/notebook.ipynb")
        assert body is not None
        return json.loads(body)

    @property
    def page(self) -> str:
        body = objects.artifacts().get(f"{self.prefix}/notebook.html")
        assert body is not None
        return body.decode()

    @property
    def summary(self) -> dict[str, Any]:
        return json.loads((self.out / "summary.json").read_text())

    def printed(self) -> str:
        """What its cells wrote."""
        outputs = [output for cell in self.copy["cells"] for output in cell.get("outputs", ())]
        return "".join("".join(each["text"]) for each in outputs if each["output_type"] == "stream")


def declared(path: Path, **more: Any) -> Notebook:
    """A notebook of that file."""
    return Notebook(name="small", path=str(path), **more)


def arguments(folder: Path, notebook: Notebook, **parameters: Any) -> dict[str, Any]:
    """The options of the step that executes it."""
    work = Work(notebook=notebook.name, item="7", parameters=parameters)
    (folder / "plan.json").write_text(Plan(work=(work,)).model_dump_json())
    return {
        "declaration": OPENAQ.declaration(),
        "notebooks": canonical((notebook,)),
        "plan": folder / "plan.json",
        "index": 0,
        "run": "a-run",
        "copy_out": folder / "copy.ipynb",
        "page_out": folder / "page.html",
        "summary_out": folder / "summary.json",
    }


def execute(
    folder: Path, source: str, *, delivers: tuple[Delivery, ...] = (), minutes: int = 1, **more: Any
) -> Executed:
    """Execute a notebook in the percent form, after a cell of parameters."""
    path = folder / "small.py"
    path.write_text(HEAD + source)
    notebook = declared(path, delivers=delivers, minutes=minutes)
    ended = run_step(run.command, **arguments(folder, notebook, **more))
    return Executed(ended, folder, "notebooks/openaq/a-run/small/000-7")


Execute = Callable[..., Executed]

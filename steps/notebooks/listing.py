"""What a run of the notebooks executes: a list of one notebook with one set of parameters each.

All that can be known to be wrong is refused here, in one line, before any of them starts. Items of the fan-out are
indexes of the list, since Argo would expand `{{` in a name.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from steps.contract import declaration as declared
from steps.contract import notebooks as contract
from steps.contract import selection
from steps.contract.code import load
from steps.contract.command import declaration_option, log, run, write_json, write_text
from steps.contract.declaration import Declaration
from steps.contract.notebooks import Notebook, Plan, Scalar, Work
from steps.errors import BadInput
from steps.notebooks import parameters, reading
from steps.notebooks.kernels import known_kernels
from steps.pages.words import count


@click.command()
@declaration_option
@click.option("--notebooks", required=True, help="The project's notebooks, as JSON.")
@click.option("--locations", default="", help="Ids, separated by commas; empty: the declared ones.")
@click.option("--parameter", default="", help="What is looked at; empty: the declared target.")
@click.option("--as-of", default="", help="The logical time (RFC 3339); empty: --created.")
@click.option("--created", required=True, help="When the workflow was created (RFC 3339).")
@click.option("--notebook", default="", help="Only the notebook of this name; empty: all of them.")
@click.option("--given", default="", help="Values of parameters, as a JSON object; they win over the declared ones.")
@click.option("--plan-out", type=click.Path(path_type=Path), required=True, help="What is executed, as JSON.")
@click.option("--indexes-out", type=click.Path(path_type=Path), required=True, help="Its indexes, as a JSON list.")
def command(
    *,
    declaration: str,
    notebooks: str,
    locations: str,
    parameter: str,
    as_of: str,
    created: str,
    notebook: str,
    given: str,
    plan_out: Path,
    indexes_out: Path,
) -> None:
    """List what is executed, one notebook with one set of parameters each."""
    project, known = declared.parse(declaration), contract.parse(notebooks)
    chosen = known if not notebook.strip() else (contract.named(known, notebook.strip()),)
    context: dict[str, Scalar] = {
        "project": project.name,
        "parameter": selection.parameter(parameter, project),
        "as_of": selection.as_of(as_of, created).isoformat(),
    }
    places = selection.locations(locations, project)
    work = tuple(one for each in chosen for one in _of(each, project, places, context, _values(given)))
    if len(work) > project.pods:
        raise BadInput(
            f"{len(work)} notebooks are more than the {project.pods} pods that {project.name} declares; "
            "name fewer locations, or one notebook"
        )
    write_json(plan_out, Plan(work=work).model_dump(mode="json"))
    write_text(indexes_out, json.dumps(list(range(len(work)))))
    log.info("%s to execute", count(len(work), "notebook"))


def _of(
    notebook: Notebook,
    project: Declaration,
    places: Sequence[int],
    context: Mapping[str, Scalar],
    given: dict[str, Scalar],
) -> Iterator[Work]:
    """What one notebook is executed for. A value given for its parameter `each` stands for the whole list."""
    if notebook.kernel not in (kernels := known_kernels()):
        raise BadInput(f"the notebook {notebook.name}: no kernel {notebook.kernel!r}; there are: {', '.join(kernels)}")
    file = reading.found(notebook.path)
    known = parameters.of(reading.read(file), notebook.path)
    shared = {name: value for name, value in context.items() if name in known} | notebook.parameters | given
    items = [given[notebook.each]] if notebook.each in given else _items(notebook, project, places)
    for item in items if notebook.over else [None]:
        own = {} if item is None else {notebook.each: item}
        values = parameters.filled(known, shared | own, notebook.name)
        yield Work(notebook=notebook.name, item="" if item is None else str(item), parameters=values)


def _items(notebook: Notebook, project: Declaration, places: Sequence[int]) -> Sequence[Scalar]:
    found = load(notebook.over)(project, places) if isinstance(notebook.over, str) else notebook.over
    wrong = next((item for item in found if not isinstance(item, bool | int | float | str)), None)
    if wrong is not None:
        raise BadInput(f"the notebook {notebook.name}: {notebook.over} lists {wrong!r:.60}; wanted numbers or texts")
    return list(found)


def stations(_project: Declaration, places: Sequence[int]) -> Sequence[Scalar]:
    """Each location of the run: what a notebook may run `over`."""
    return places


def _values(given: str) -> dict[str, Any]:
    """The object.

    Raises:
        BadInput: it is none, or a value is not a number, a text, true or false.
    """
    try:
        found = json.loads(given or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(each, bool | int | float | str) for each in found.values()):
        raise BadInput(f'--given {given!r:.80} is not an object of numbers and texts; wanted one like {{"station": 7}}')
    return found


if __name__ == "__main__":
    run(command)

"""Load what a run's notebooks handed over into the warehouse: those that ended well, in the plan's order.

May be killed and repeated, and two runs may load at once: a row replaces the one with its key. What is refused, of one
copy, does not keep the others out.
"""

from pathlib import Path

import click

from steps.backends.warehouse import deliveries
from steps.contract import declaration as declared
from steps.contract import notebooks as contract
from steps.contract.command import declaration_option, input_file, log, run, write_json
from steps.contract.notebooks import Delivery, Notebook, Plan
from steps.errors import BadInput
from steps.notebooks.keeping import Place
from steps.pages.words import count
from steps.summaries.notebook import Loaded


@click.command()
@declaration_option
@click.option("--notebooks", required=True, help="The project's notebooks, as JSON.")
@click.option("--plan", type=input_file, required=True, help="What the run executed.")
@click.option("--run", "name", required=True, help="The name of the run.")
@click.option("--summary-out", type=click.Path(path_type=Path), required=True, help="What was loaded, as JSON.")
def command(*, declaration: str, notebooks: str, plan: Path, name: str, summary_out: Path) -> None:
    """Load the tables that the run's notebooks handed over."""
    project, known = declared.parse(declaration), contract.parse(notebooks)
    planned = contract.parse_plan(plan.read_text(encoding="utf-8"))
    rows: dict[str, int] = {}
    refused: list[str] = []
    for notebook in known:
        bodies = _delivered(project.name, name, planned, notebook)
        for delivery in notebook.delivers:
            number, problems = _load(delivery, bodies)
            rows[delivery.table] = rows.get(delivery.table, 0) + number
            refused += problems
    words = "; ".join(f"{table}: {count(number, 'row')}" for table, number in rows.items()) or "nothing was handed over"
    write_json(summary_out, Loaded(rows=rows, refused=tuple(refused), words=words).to_json())
    log.info("%s", words)
    if refused:
        raise BadInput("; ".join(refused))


def _delivered(project: str, name: str, plan: Plan, notebook: Notebook) -> dict[str, dict[str, bytes]]:
    """The tables of each of its copies that ended well, by the copy's address."""
    found = {}
    for index, work in enumerate(plan.work):
        place = Place.of(project, name, index, work)
        if work.notebook == notebook.name and (tables := place.delivered()) is not None:
            found[place.address] = tables
    return found


def _load(delivery: Delivery, bodies: dict[str, dict[str, bytes]]) -> tuple[int, list[str]]:
    """Load one table of all copies; how many rows, and why some are refused. They are loaded together, so that a column
    has the type that suits all of them; where they do not go together, each for itself."""
    tables, refused = {}, []
    for address, found in bodies.items():
        if delivery.table in found:
            try:
                tables[address] = deliveries.read(found[delivery.table], delivery)
            except BadInput as error:
                refused.append(f"{error} ({address})")
    try:
        return deliveries.load(delivery, tables), refused
    except BadInput:
        pass
    rows = 0
    for address, table in tables.items():
        try:
            rows += deliveries.load(delivery, {address: table})
        except BadInput as error:
            refused.append(f"{error} ({address})")
    return rows, refused


if __name__ == "__main__":
    run(command)

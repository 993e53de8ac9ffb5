"""record: write how a run ended into the warehouse. It is a workflow's exit handler, the last thing to run.

The controller writes the failed nodes as JSON in a JSON string
(https://argo-workflows.readthedocs.io/en/latest/variables/). Their messages may hold anything, so only one short line
of each is kept. Failures that cannot be read are no error: the news is that the run failed.
"""

import json
from datetime import datetime
from typing import Any

import click

from steps.backends import runs
from steps.backends.database import transact
from steps.backends.runs import Run
from steps.contract import declaration as declared
from steps.contract import selection
from steps.contract.command import declaration_option, log
from steps.contract.command import run as run_command
from steps.errors import BadInput
from steps.pages.words import one_line, shortened

_MOST_NODES = 20
_MOST_CHARACTERS = 200  # of a node's line


@click.command()
@declaration_option
@click.option("--workflow", required=True, help="What ran, such as daily.")
@click.option("--run", required=True, help="The workflow's name.")
@click.option("--as-of", default="", help="The logical time (RFC 3339); empty: --created.")
@click.option("--created", required=True, help="When the workflow was created (RFC 3339).")
@click.option("--status", required=True, help="How it ended: Succeeded, Failed or Error.")
@click.option("--failures", default="", help="The failed nodes, as the controller gives them.")
def command(*, declaration: str, workflow: str, run: str, as_of: str, created: str, status: str, failures: str) -> None:
    """Record how the run ended."""
    project = declared.parse_any(declaration).name
    started = selection.moment(created, "--created")
    ended = Run(project, run, workflow, _logical(as_of, created), started, status, failed(failures))
    transact(lambda connection: runs.record(connection, ended))
    log.info("%s: %s", run, status)


def _logical(as_of: str, created: str) -> datetime | None:
    try:
        return selection.as_of(as_of, created)
    except BadInput:
        return None


def failed(failures: str) -> str | None:
    """A line for each failed node; None if there are none."""
    nodes = _decoded(failures)
    if not nodes:
        return None
    lines = [_line(node) for node in nodes[:_MOST_NODES]]
    if len(nodes) > _MOST_NODES:
        lines.append(f"and {len(nodes) - _MOST_NODES} more")
    return "\n".join(lines)


def _decoded(failures: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(failures)
        found = json.loads(found) if isinstance(found, str) else found
    except (ValueError, RecursionError):
        return []
    return [node for node in found if isinstance(node, dict)] if isinstance(found, list) else []


def _line(node: dict[str, Any]) -> str:
    name, phase, message = (one_line(str(node.get(key, ""))) for key in ("displayName", "phase", "message"))
    return shortened(f"{name} {phase}: {message}" if message else f"{name} {phase}", _MOST_CHARACTERS)


if __name__ == "__main__":
    run_command(command)

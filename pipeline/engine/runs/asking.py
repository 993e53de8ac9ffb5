"""What a person asks of a run that another process executes: to wait, to go on, and what a pause needs to know.

It is taken in as an event by whoever executes the run, a tenth of a second later, or when the run is resumed.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from pipeline.engine.execution.journal import Journal
from pipeline.engine.scheduler.events import Answered, Continued, Suspended
from pipeline.errors import UserError


def suspend(journal: Journal, run_id: str) -> None:
    """Let nothing more of a run begin; what runs goes on.

    Raises:
        UserError: there is no such run, or it is over.
    """
    _must_go_on(journal, run_id)
    journal.ask(run_id, Suspended(0.0))


def proceed(journal: Journal, run_id: str, pauses: Sequence[str], message: str = "") -> None:
    """Let a suspended run go on, and end these pauses of it, by the names of their nodes.

    Raises:
        UserError: there is no such run, or it is over.
    """
    _must_go_on(journal, run_id)
    journal.ask(run_id, Continued(0.0))
    for node in pauses:
        journal.ask(run_id, Answered(0.0, node, phase="Succeeded", message=message))


def answer(
    journal: Journal,
    run_id: str,
    node: str,
    parameters: Mapping[str, str],
    *,
    phase: Literal["", "Succeeded", "Failed", "Error"] = "",
    message: str = "",
) -> None:
    """Give values to the outputs of a pause, or end it.

    Raises:
        UserError: there is no such run, or it is over.
    """
    _must_go_on(journal, run_id)
    journal.ask(run_id, Answered(0.0, node, dict(parameters), phase, message))


def _must_go_on(journal: Journal, run_id: str) -> None:
    row = journal.row(run_id)
    if row["finished_at"] is not None:
        raise UserError(f"run {run_id} is over: {row['phase']}")

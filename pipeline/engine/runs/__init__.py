"""Runs as a whole: submitted, executed, resumed, looked at, stopped, run again from a node."""

from pipeline.engine.runs.earlier import again
from pipeline.engine.runs.front import run, state_folder
from pipeline.engine.runs.lifecycle import (
    all_runs,
    arguments_of,
    commands,
    execute,
    follow,
    generated_name,
    state,
    stop,
    submit,
    view,
)
from pipeline.engine.runs.readiness import check_ready

__all__ = [
    "again",
    "all_runs",
    "arguments_of",
    "check_ready",
    "commands",
    "execute",
    "follow",
    "generated_name",
    "run",
    "state",
    "state_folder",
    "stop",
    "submit",
    "view",
]

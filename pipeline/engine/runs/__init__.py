"""Runs as a whole: submitted, executed, resumed, looked at, stopped, run again from a node."""

from pipeline.engine.runs.arguments import arguments_of
from pipeline.engine.runs.asking import answer, proceed, suspend
from pipeline.engine.runs.earlier import again
from pipeline.engine.runs.front import run, state_folder
from pipeline.engine.runs.lifecycle import (
    all_runs,
    commands,
    execute,
    follow,
    generated_name,
    state,
    stop,
    submit,
    view,
)
from pipeline.engine.runs.live import LiveRun
from pipeline.engine.runs.readiness import check_ready, lacking, where_it_runs
from pipeline.engine.runs.resubmitting import resubmit
from pipeline.engine.runs.retrying import retry

__all__ = [
    "LiveRun",
    "again",
    "all_runs",
    "answer",
    "arguments_of",
    "check_ready",
    "commands",
    "execute",
    "follow",
    "generated_name",
    "lacking",
    "proceed",
    "resubmit",
    "retry",
    "run",
    "state",
    "state_folder",
    "stop",
    "submit",
    "suspend",
    "view",
    "where_it_runs",
]

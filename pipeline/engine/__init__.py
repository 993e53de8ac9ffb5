"""Runs Argo manifests on this machine: the same templates, nodes, phases and retries as on a cluster, with processes in
the place of pods.

    from pipeline.engine import run

    result = run("train.yaml", {"epochs": 3})

`manifest` (YAML → typed templates, or a refusal) → `scheduler` (state and event → state and commands; deterministic,
without clock or files) → `execution` (processes, and the journal: every transition in SQLite before it counts) →
`runs`. What others may use is what this package and the packages right below it name in `__all__`.
"""

from pipeline.engine.execution.journal import Journal
from pipeline.engine.execution.local import LocalHost
from pipeline.engine.execution.replacing import Inputs
from pipeline.engine.execution.reuse import Reuse
from pipeline.engine.execution.runner import Patience
from pipeline.engine.host import Host, NoSuchCommand, Process
from pipeline.engine.manifest import Found, Manifests, load
from pipeline.engine.runs import (
    LiveRun,
    again,
    all_runs,
    answer,
    arguments_of,
    check_ready,
    commands,
    execute,
    follow,
    generated_name,
    lacking,
    proceed,
    resubmit,
    retry,
    run,
    state,
    state_folder,
    stop,
    submit,
    suspend,
    view,
    where_it_runs,
)
from pipeline.engine.spec import Source
from pipeline.engine.views import Nodes, NodeView, RunSummary, RunView
from pipeline.errors import PipelineError, Refused, RunFailed, UserError

__all__ = [
    "Found",
    "Host",
    "Inputs",
    "Journal",
    "LiveRun",
    "LocalHost",
    "Manifests",
    "NoSuchCommand",
    "NodeView",
    "Nodes",
    "Patience",
    "PipelineError",
    "Process",
    "Refused",
    "Reuse",
    "RunFailed",
    "RunSummary",
    "RunView",
    "Source",
    "UserError",
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
    "load",
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

"""Runs Argo manifests on this machine: the same templates, nodes, phases and retries as on a cluster, with processes in
the place of pods.

    manifests = load(Path("manifests/openaq"))
    journal = Journal(home / "journal.db")
    run_id = submit(journal, manifests, "openaq-train", {"parameter": "no2"})
    view = execute(journal, run_id, host, home, cores=2)

`parse` (manifest → typed templates, or a refusal) → `scheduler` (pure: state and event → state and commands) →
`executor` (processes) → `journal` (every transition in SQLite before it counts).
"""

from pipeline.engine.execution.journal import Journal
from pipeline.engine.execution.reuse import Reuse
from pipeline.engine.host import Host, Process
from pipeline.engine.manifest.load import Manifests, load
from pipeline.engine.runs.earlier import again
from pipeline.engine.runs.runs import execute, follow, has_steps, runs, state, stop, submit, view
from pipeline.engine.views.views import NodeView, RunSummary, RunView

__all__ = [
    "Host",
    "Journal",
    "Manifests",
    "NodeView",
    "Process",
    "Reuse",
    "RunSummary",
    "RunView",
    "again",
    "execute",
    "follow",
    "has_steps",
    "load",
    "runs",
    "state",
    "stop",
    "submit",
    "view",
]

"""A run as others see it."""

from pipeline.engine.views.labelling import labels
from pipeline.engine.views.naming import attempts, pod_name
from pipeline.engine.views.nodes import NodeView, origin, plainly
from pipeline.engine.views.tails import last_line, last_lines
from pipeline.engine.views.views import Nodes, RunSummary, RunView

__all__ = [
    "NodeView",
    "Nodes",
    "RunSummary",
    "RunView",
    "attempts",
    "labels",
    "last_line",
    "last_lines",
    "origin",
    "plainly",
    "pod_name",
]

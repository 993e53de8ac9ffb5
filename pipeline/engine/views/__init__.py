"""A run as others see it."""

from pipeline.engine.views.naming import attempts, labels
from pipeline.engine.views.views import Nodes, NodeView, RunSummary, RunView, origin

__all__ = ["NodeView", "Nodes", "RunSummary", "RunView", "attempts", "labels", "origin"]

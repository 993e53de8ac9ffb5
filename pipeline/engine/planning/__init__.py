"""What a template asks for before anything runs: the order of its tasks, its arguments, the items of a fan-out."""

from pipeline.engine.planning.depends import condition
from pipeline.engine.planning.items import NotExpanded, expand
from pipeline.engine.planning.plans import plan, with_targets

__all__ = ["NotExpanded", "condition", "expand", "plan", "with_targets"]

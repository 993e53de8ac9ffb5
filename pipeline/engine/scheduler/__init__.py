"""The state of a run and what changes it: an event comes in, commands go out. No clock, no files, no processes."""

from pipeline.engine.scheduler.retries import values_of
from pipeline.engine.scheduler.state import BROKEN, Batch, Frame, Node, Run, StepsFrame
from pipeline.engine.scheduler.tasks import result_of

__all__ = ["BROKEN", "Batch", "Frame", "Node", "Run", "StepsFrame", "result_of", "values_of"]

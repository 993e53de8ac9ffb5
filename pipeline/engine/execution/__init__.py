"""Does what the scheduler asks for: processes, their files and logs, and the journal of every transition."""

from pipeline.engine.execution.journal import Journal, Standing

__all__ = ["Journal", "Standing"]

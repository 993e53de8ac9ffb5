"""Does what the scheduler asks for: processes, their files and logs, and the journal of every transition."""

from pipeline.engine.execution.journal import Journal, Standing
from pipeline.engine.execution.local import WithSettings

__all__ = ["Journal", "Standing", "WithSettings"]

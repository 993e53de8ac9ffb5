"""Does what the scheduler asks for: processes, their files and logs, and the journal of every transition."""

from pipeline.engine.execution.journal import Journal, Standing
from pipeline.engine.execution.local import WithSettings
from pipeline.engine.execution.runtimes import NAMES, by, missing

__all__ = ["NAMES", "Journal", "Standing", "WithSettings", "by", "missing"]

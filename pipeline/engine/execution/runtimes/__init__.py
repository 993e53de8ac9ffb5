"""Where a step runs: a plain process, a sandbox or a container, with one contract (`contract.Runtime`)."""

from pipeline.engine.execution.runtimes.choice import NAMES, Runtimes, by, missing

__all__ = ["NAMES", "Runtimes", "by", "missing"]

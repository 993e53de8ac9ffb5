"""Host: what the engine asks of the machine it runs on. The stack implements it; a test or another program may too.

The engine knows manifests and processes. Where servers are, what opens them, how Python steps start quickly and what
applying an object to a "cluster" means here, is the host's business. All calls may block, so the engine makes them
from worker threads; they may come from several threads at once.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

Source = Literal["configMap", "secret"]


class Process(Protocol):
    """A started child that leads a session and a process group of its own.

    `pid` and `started` (the kernel's start time of that pid, in clock ticks since boot) tell it from a later process
    that got the same pid.
    """

    pid: int
    started: float

    def fileno(self) -> int:
        """A descriptor that becomes readable when the child has ended."""
        ...

    def poll(self) -> int | None:
        """Its exit code (negative: the signal that ended it); None while it runs."""
        ...

    def kill(self, signal: int) -> None:
        """Send `signal` to the whole group; nothing happens where it is gone."""
        ...

    def close(self) -> None:
        """Give back the descriptor. A child that still runs may be ended by it: a step dies with whoever started it."""
        ...


class Host(Protocol):
    """One machine. An exception that is a `PipelineError` or an `OSError` becomes the node's one-line message."""

    def environment(self, kind: Source, name: str) -> Mapping[str, str]:
        """The variables of one ConfigMap or Secret; blocks until the server behind them is ready.

        Raises:
            UserError: no such ConfigMap or Secret here; names those there are.
        """
        ...

    def spawn_step(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        stdout: Path,
        stderr: Path,
    ) -> Process:
        """Start `python -m module arguments…` with exactly `env`, appending its output to the two files (O_APPEND:
        a log that floods the disk is shortened while it runs). It ends by itself when this process does."""
        ...

    def apply(self, manifest: dict[str, Any], *, log: Path) -> dict[str, Any]:
        """Apply one Kubernetes object; the object with its status, once that has settled or failed."""
        ...

"""Host: what the engine asks of the machine it runs on.

The engine knows manifests and nodes. Where settings come from, how a command becomes a process, and what it means to
apply an object without a cluster, is up to the host: `LocalHost` is the plain one, another program may bring its own.
All calls may block, so the engine makes them from worker threads, several at once.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pipeline.engine.spec import Resource, Source


class NoSuchCommand(Exception):
    """There is no such command here, or it must not be run."""


class Process(Protocol):
    """A started child that leads a session and a process group of its own.

    `pid` and `started` (when the kernel started that pid, in clock ticks since boot) tell it from a later process with
    the same pid.
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
        """Send `signal` to the whole group; does nothing if it is gone."""
        ...

    def release(self) -> None:
        """Let the command run: the journal now names its process."""
        ...

    def close(self) -> None:
        """Give back the descriptor. This may end a child that still runs: a step dies with whoever started it."""
        ...


class Host(Protocol):
    """One machine. A `PipelineError` or an `OSError` that it raises becomes the node's one-line message."""

    def environment(self, kind: Source, name: str) -> Mapping[str, str]:
        """The variables of one ConfigMap or Secret; blocks until the server behind them is ready.

        Raises:
            UserError: no such ConfigMap or Secret here; names those there are.
        """
        ...

    def optional(self, kind: Source, name: str) -> Mapping[str, str] | None:
        """The same; None where there is none."""
        ...

    def has(self, kind: Source, name: str, key: str) -> bool:
        """Whether there is a ConfigMap or Secret of that name that has the key (or, for an empty key, at all); as far
        as can be told without waiting for a server."""
        ...

    def folder(self, path: str) -> Path:
        """A folder or file of this machine that a step is to have as a volume.

        Raises:
            UserError: it may not, or there is none.
        """
        ...

    def download(self, fields: Mapping[str, str], secrets: Mapping[str, str], target: Path) -> None:
        """Bring an object, or all below a prefix, from an object store to `target`. `fields`: endpoint, bucket, region,
        key and insecure, as in Argo's `s3`; `secrets`: accessKeySecret and secretKeySecret, where they are given.

        Raises:
            PipelineError: there is no such store or object.
        """
        ...

    def upload(self, fields: Mapping[str, str], secrets: Mapping[str, str], source: Path) -> None:
        """Put a file, or all of a folder, into an object store."""
        ...

    def start(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdout: Path, stderr: Path
    ) -> Process:
        """Start a command with exactly `env`, appending its output to the two files (O_APPEND: a log that floods the
        disk is shortened meanwhile). Until `release` it does not run yet, or ends by itself when this process does, so
        that a kill in between leaves nothing behind that the journal does not name.

        Raises:
            NoSuchCommand: there is none, or no permission to run it.
        """
        ...

    def apply(self, manifest: dict[str, Any], *, log: Path) -> dict[str, Any]:
        """Apply one Kubernetes object; the object with its status, once that has settled or failed."""
        ...

    def change(self, resource: Resource, manifest: dict[str, Any] | None, *, log: Path) -> dict[str, Any]:
        """Do anything else to one: get, create, delete, replace or patch it; the object as it is then. `manifest`: None
        where the resource's flags say which."""
        ...

    def look(self, manifest: dict[str, Any]) -> dict[str, Any] | None:
        """An object as it is now; None if it changes no more."""
        ...

    def takes(self, kind: str) -> bool:
        """Whether objects of that kind can be worked on here, as far as can be told beforehand."""
        ...

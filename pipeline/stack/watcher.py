"""The watch as a server of the stack: `pipeline watch` in the background. It answers while it holds its lock."""

import hashlib
import os
from pathlib import Path

from pipeline.stack.locks import holder
from pipeline.stack.server import Ports, Server, python

LOCK = "watch.lock"  # in the state folder
_ROOT = Path(__file__).parents[2]
_PASSED_ON = ("DATABASE_URL",)  # from the user's environment to the runs that it starts


class Watcher(Server):
    """The one watch of a state folder."""

    name = "watch"
    ports = ()

    def __init__(self, home: Path) -> None:
        self._home = home

    def command(self, ports: Ports) -> list[str]:  # noqa: ARG002 - it has none
        return [python(), "-m", "pipeline", "watch"]

    def environment(self) -> dict[str, str]:
        given = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {**given, "PIPELINE_HOME": str(self._home), "PYTHONPATH": str(_ROOT), "PIPELINE_CODE": _code()}

    def answers(self, ports: Ports) -> bool:  # noqa: ARG002 - it has none
        return watching(self._home) is not None

    def address(self, ports: Ports) -> str:  # noqa: ARG002 - it has none
        return ""


def watching(home: Path) -> int | None:
    """The process that watches this state folder, or None."""
    return holder(home / LOCK)


def _code() -> str:
    """A text that changes with the code and the declarations, so that `up` restarts the watch."""
    files = sorted((_ROOT / "pipeline").rglob("*.py"))
    stats = [(str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files]
    return hashlib.sha256(repr(stats).encode()).hexdigest()[:16]

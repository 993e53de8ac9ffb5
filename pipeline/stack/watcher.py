"""The watch as a server of the stack: `pipeline watch` in the background, in the folder where it was asked for, whose
manifests it watches. It answers while it holds its lock, which the kernel takes from it however it ends.
"""

import fcntl
import hashlib
import os
from pathlib import Path

from pipeline.stack.server import CODE, Ports, Server, python, python_path

_PASSED_ON = ("DATABASE_URL",)  # of the user's environment, to the runs that it starts


class Watcher(Server):
    """The one watch of a state folder."""

    name = "watch"
    ports = ()

    def __init__(self, home: Path) -> None:
        self._home = home
        self.folder = Path.cwd()

    def command(self, ports: Ports) -> list[str]:  # noqa: ARG002 - it has none
        return [python(), "-P", "-m", "pipeline", "watch"]

    def environment(self) -> dict[str, str]:
        given = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {**given, **python_path(CODE), "PIPELINE_HOME": str(self._home), "PIPELINE_CODE": _code()}

    def answers(self, ports: Ports) -> bool:  # noqa: ARG002 - it has none
        return holder(self._home) is not None

    def address(self, ports: Ports) -> str:  # noqa: ARG002 - it has none
        return ""


def holder(home: Path) -> int | None:
    """The process that watches this state folder; None where none does. 0 where it has not said yet who it is."""
    try:
        with (home / "watch.lock").open(encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read().strip() or 0)
    except OSError:
        pass
    return None


def _code() -> str:
    """Another text when the code or a declaration has changed, so that `up` starts the watch anew."""
    files = sorted((CODE / "pipeline").rglob("*.py"))
    stats = [(str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files]
    return hashlib.sha256(repr(stats).encode()).hexdigest()[:16]

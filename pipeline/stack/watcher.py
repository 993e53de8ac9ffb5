"""Our own programs as servers of the stack, in the folder where they were asked for, whose manifests they mean: the
watch, and the API that clients speak. Each holds a lock, which the kernel takes from it however it ends.
"""

import hashlib
import os
from pathlib import Path

from pipeline import projects
from pipeline.stack.locks import holder
from pipeline.stack.server import CODE, Ports, Server, python, python_path, responds

SERVE_LOCK = "serve.lock"  # in the state folder
LOCK = "watch.lock"  # in the state folder
_PASSED_ON = (
    "DATABASE_URL",
    "OPENAQ_API_KEY",
    "OPENAQ_API_URL",
)  # from the user's environment to the runs that it starts


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
        return _environment(self._home)

    def answers(self, ports: Ports) -> bool:  # noqa: ARG002 - it has none
        return watching(self._home) is not None

    def address(self, ports: Ports) -> str:  # noqa: ARG002 - it has none
        return ""


class Serving(Server):
    """`pipeline serve` for a state folder."""

    name = "serve"
    ports = ("http",)

    def __init__(self, home: Path) -> None:
        self._home = home
        self.folder = Path.cwd()

    def command(self, ports: Ports) -> list[str]:
        return [python(), "-P", "-m", "pipeline", "serve", "--port", str(ports["http"])]

    def environment(self) -> dict[str, str]:
        return _environment(self._home)

    def answers(self, ports: Ports) -> bool:
        return responds(ports["http"], "/api/v1/version")


def _environment(home: Path) -> dict[str, str]:
    given = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**given, **python_path(CODE), "PIPELINE_HOME": str(home), "PIPELINE_CODE": _code()}


def watching(home: Path) -> int | None:
    """The process that watches this state folder, or None."""
    return holder(home / LOCK)


def _code() -> str:
    """A text that changes with the code and the declarations, so that `up` restarts the watch."""
    own = [each for each in projects.own_code() if each.is_dir()]
    files = [file for folder in (CODE / "pipeline", *own) for file in sorted(folder.rglob("*.py"))]
    stats = [(str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files]
    return hashlib.sha256(repr(stats).encode()).hexdigest()[:16]

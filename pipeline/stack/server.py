"""Server: what the stack must know of a program to run it. One subclass for each of them.

Contract. The stack owns the process: it chooses free ports, starts the command in a session of its own with exactly
the given environment, waits until it `answers`, then calls `furnish` once, and only then counts the server as ready. It
restarts the program if its command or environment has changed, or if it is alive and does not answer. A subclass owns
its files in the state folder: `prepare` makes them, and may be called again on what a crash left behind. A server must
bind only 127.0.0.1, keep its data through a kill -9, and end on SIGTERM.
"""

import http.client
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

Ports = Mapping[str, int]

CODE = Path(__file__).parents[2]
"""The folder that holds our packages."""

_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ")


class Server(ABC):
    """One program. `ports`: the names of the ports it listens on, the first of which is its address. `folder`: where it
    runs; None for the state folder."""

    name: str
    ports: tuple[str, ...]
    ready_seconds: float = 30
    grace_seconds: float = 5
    folder: Path | None = None

    def prepare(self) -> None:  # noqa: B027 - most have nothing to make
        """Make what the program needs on disk. Raises PipelineError if that fails."""

    @abstractmethod
    def command(self, ports: Ports) -> list[str]:
        """The program and its arguments."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """What is added to `surroundings()`."""

    @abstractmethod
    def answers(self, ports: Ports) -> bool:
        """Whether it serves now. Fast, and never raises."""

    def furnish(self, ports: Ports) -> None:  # noqa: B027 - most have nothing to add
        """Put into the running server what its users rely on. Called on every start."""

    def address(self, ports: Ports) -> str:
        """Where a user finds it."""
        return f"http://127.0.0.1:{ports[self.ports[0]]}"


def surroundings(home: Path) -> dict[str, str]:
    """The environment that every server starts from: none of the user's settings for AWS, MLflow or proxies, and a
    HOME inside the state folder, so that no server reads or writes the user's."""
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**kept, "HOME": str(home / "home"), "PYTHONUNBUFFERED": "1", "NO_PROXY": "127.0.0.1,localhost"}


def python() -> str:
    """This Python, always by the same name: another name would look like another command."""
    plain = Path(sys.executable).with_name("python3")
    return str(plain) if plain.exists() else sys.executable


def python_path(root: Path, more: str = "") -> dict[str, str]:
    """The variable by which a Python finds the packages in `root`, and `more` of the kind. Where they are installed it
    finds them anyway, and they must not come before its own library."""
    installed = root.name in ("site-packages", "dist-packages")
    places = [place for place in ("" if installed else str(root), more) if place]
    return {"PYTHONPATH": os.pathsep.join(places)} if places else {}


def responds(port: int, path: str, *, seconds: float = 1) -> bool:
    """Whether GET `path` on 127.0.0.1 is answered with 200 within `seconds`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

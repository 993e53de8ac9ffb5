"""The fork server's client: starts it, and steps in it. The protocol is in `fork_server`."""

import contextlib
import hashlib
import json
import os
import socket
import stat
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.engine.processes import is_alive
from pipeline.errors import PipelineError, UserError
from pipeline.stack.server import Ports, Server, python

_PROGRAM = Path(__file__).with_name("fork_server.py")
_LONGEST_SOCKET_PATH = 100  # bytes; Linux takes 107
_SPAWN_SECONDS = 60


class ForkServer(Server):
    """The server from which steps are forked. `root`: the folder that holds the package `steps`."""

    name = "fork-server"
    ports = ()
    ready_seconds = 60

    def __init__(self, home: Path, root: Path) -> None:
        self._home = home
        self._root = root

    def prepare(self) -> None:
        self.socket().unlink(missing_ok=True)

    def command(self, ports: Ports) -> list[str]:  # noqa: ARG002 - it has none
        return [python(), "-X", "utf8", "-P", str(_PROGRAM), str(self.socket()), str(self._root)]

    def environment(self) -> dict[str, str]:
        from pipeline.stack.fork_server import ONE_THREAD  # noqa: PLC0415 - it loads what only the server needs

        digest = hashlib.sha256(_PROGRAM.read_bytes()).hexdigest()
        return {**ONE_THREAD, "FORK_SERVER_PROGRAM": digest}

    def answers(self, ports: Ports) -> bool:  # noqa: ARG002 - it has none
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            probe.connect(str(self.socket()))
            return True
        return False

    def address(self, ports: Ports) -> str:  # noqa: ARG002 - it has none
        return f"unix:{self.socket()}"

    def socket(self) -> Path:
        """The socket's path: in the state folder, or in a short private folder if that is too long for a socket."""
        path = self._home / "fork-server.sock"
        if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
            return path
        short = hashlib.sha256(os.fsencode(self._home)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir(), f"pipeline-{os.getuid()}-{short}")
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise UserError(f"{folder} is not a private folder of yours; remove it, or set TMPDIR to another place")
        return folder / "fork-server.sock"


class Step:
    """A step running in a child of the fork server: the engine's `Process`.

    The connection is its lifeline: if it closes before the step has ended, by `close` or by this process's death, the
    step and its group are killed.
    """

    def __init__(self, connection: socket.socket, pid: int, started: float) -> None:
        self.pid = pid
        self.started = started
        self._connection = connection
        self._received = b""
        self._exit: int | None = None

    def fileno(self) -> int:
        """Readable when the step has ended."""
        return self._connection.fileno()

    def poll(self) -> int | None:
        """The exit code; negative for the signal that ended it; None while it runs."""
        while self._exit is None:
            try:
                part = self._connection.recv(4096)
            except BlockingIOError:
                return None
            except OSError:
                part = b""
            self._received += part
            if b"\n" in self._received:
                self._exit = int(json.loads(self._received)["exit"])
            elif not part:  # the server died, and the step with it; what the step had started may still run
                self.kill(9)
                self._exit = -9
        return self._exit

    def kill(self, signal: int) -> None:
        """Send `signal` to the step's whole group; no error if it is gone."""
        if self._exit is not None:
            return
        try:
            os.killpg(self.pid, signal)
        except ProcessLookupError:
            if is_alive(self.pid, self.started):  # forked, and not yet the leader of its group
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal)

    def release(self) -> None:
        """It runs already: unnamed by any journal, it ends with this process's connection."""

    def close(self) -> None:
        """Give back the descriptor."""
        self._connection.close()


def spawn(
    path: Path,
    module: str,
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    stdout: Path,
    stderr: Path,
) -> Step:
    """Fork a child of the server at `path` that does what `python -m module arguments…` does, with exactly `env`.

    Raises:
        OSError: no server answers there.
        PipelineError: it cannot start this step (the folder is gone, the disk is full, …).
    """
    request = {
        "module": module,
        "arguments": list(arguments),
        "env": dict(env),
        "cwd": str(cwd),
        "stdout": str(stdout),
        "stderr": str(stderr),
    }
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(_SPAWN_SECONDS)
        connection.connect(str(path))
        connection.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(_line(connection))
    except BaseException:
        connection.close()
        raise
    if "error" in answer:
        connection.close()
        raise PipelineError(f"the step {module} could not be started: {answer['error']}")
    connection.setblocking(False)
    return Step(connection, answer["pid"], answer["started"])


def _line(connection: socket.socket) -> bytes:
    """The first line that comes, read byte by byte so that a message after it is left to `Step.poll`."""
    line = b""
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            raise ConnectionResetError("the fork server closed the connection")
        line += byte
    return line

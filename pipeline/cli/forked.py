"""A command that only looks, done in a child of the fork server where one runs, which has imported what the command
would: most of its time. The child has this process's folder, environment, output and errors.

It speaks the protocol by itself: `pipeline.stack.fork_client` brings the engine with it, whose import would cost more
than a child does.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pipeline.laptop.home import home

if TYPE_CHECKING:
    from socket import socket

_LOOK = frozenset({"status", "models", "inbox"})
_DO_NOT = frozenset({"--cluster", "release", "retract"})
_CHILD = "pipeline.cli.child"
_PATIENCE = 1.0  # seconds for the server to take it
_ROOT = Path(__file__).parents[2]


def done(arguments: Sequence[str]) -> int | None:
    """The exit code of `pipeline arguments…`, done there; None if it was not: it does more than look, or no server with
    this process's libraries and code answers."""
    only_looks = arguments and arguments[0] in _LOOK and _DO_NOT.isdisjoint(arguments)
    if not only_looks or "PYTHONPATH" in os.environ:
        return None
    import json
    import socket

    with socket.socket(socket.AF_UNIX) as connection:
        if (answers := _asked(connection, arguments)) is None:
            return None
        if not (ended := answers.readline()):
            print("error: the fork server ended before the command did; try again", file=sys.stderr)
            return 1
        code = int(json.loads(ended)["exit"])
        return code if code >= 0 else 128 - code


def _asked(connection: "socket", arguments: Sequence[str]) -> BinaryIO | None:
    """Where the server that has begun the command will say how it ended; None if it has not."""
    import json
    from socket import send_fds

    request = {"module": _CHILD, "arguments": list(arguments), "env": dict(os.environ), "cwd": str(Path.cwd())}
    line = json.dumps(request).encode() + b"\n"
    try:
        connection.settimeout(_PATIENCE)
        connection.connect(str(home() / "fork-server.sock"))
        if not _is_ours(connection):
            return None
        sent = send_fds(connection, [line], [1, 2])
        connection.sendall(line[sent:])
        answers = connection.makefile("rb")
        if "pid" not in json.loads(answers.readline()):
            return None
    except (OSError, ValueError):
        return None
    connection.settimeout(None)
    return answers


def _is_ours(connection: "socket") -> bool:
    """Whether the server there is this user's, has our libraries, and takes our modules from where this one lies."""
    import struct
    from socket import SO_PEERCRED, SOL_SOCKET

    size = struct.calcsize("3i")
    pid, user, _ = struct.unpack("3i", connection.getsockopt(SOL_SOCKET, SO_PEERCRED, size))
    python, *_, root = Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
    same_code = Path(python).parent == Path(sys.executable).parent and Path(root) == _ROOT
    return user == os.getuid() and same_code

"""What the tests of the stack see of it from outside: its processes, its record, and the parts of its root folder."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from pipeline.stack import Stack
from pipeline.stack.processes import marked
from pipeline.stack.registry import Record, ServerRegistry

ROOT = Path(__file__).parent / "root"
OURS = ("object-store", "tracking", "fork-server", "watch", "serve")


def record_of(stack: Stack, name: str) -> Record:
    """What servers.json says of one server."""
    return ServerRegistry(stack.home).get(name)


def processes_of(stack: Stack, name: str) -> list[psutil.Process]:
    """All living processes that were started for one server."""
    return [psutil.Process(pid) for pid in marked(f"{stack.home}:{name}")]


def leftovers(stack: Stack) -> list[psutil.Process]:
    """All living processes that were started for `stack`."""
    return [process for name in {*ServerRegistry(stack.home).all(), *OURS} for process in processes_of(stack, name)]


def listening(processes: list[psutil.Process]) -> set[str]:
    """The addresses, without ports, on which any of `processes` listens."""
    connections = [connection for process in processes for connection in process.net_connections(kind="inet")]
    return {connection.laddr.ip for connection in connections if connection.status == psutil.CONN_LISTEN}


@contextmanager
def another_program_on(port: int) -> Iterator[None]:
    """Inside, somebody else listens on a port that was ours."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        yield


@contextmanager
def without_rights(folder: Path) -> Iterator[None]:
    """Inside, this process may not write to `folder`, even where it is root."""
    if os.geteuid():
        folder.chmod(0o500)
        try:
            yield
        finally:
            folder.chmod(0o700)
        return
    for above in [folder, *folder.parents][:-2]:
        above.chmod(0o755)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def needs_linux_root() -> None:
    """Skip a test that mounts a file system, where this process may not."""
    if sys.platform != "linux" or os.geteuid():
        pytest.skip("mounting a small file system needs Linux and root")

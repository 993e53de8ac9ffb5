"""A server's processes: started in a session of their own, found again after a crash, and given free ports.

What a crash left behind, its pid forgotten, is found by the mark that each server carries in its environment.
"""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import SystemRandom

from pipeline.engine.processes import members, pids, start_time, wait_until

MARK = "PIPELINE_SERVER"
"""The environment variable by which a server's processes are known: its state folder and name."""

_PORTS = range(20_000, 32_000)  # below the ports that kernels give to outgoing connections


def launch(
    command: Sequence[str], *, environment: Mapping[str, str], log: Path, folder: Path | None = None
) -> "subprocess.Popen[bytes]":
    """Start a program in a session of its own, so that its pid is also its group's id; its output is added to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def reap(process: "subprocess.Popen[bytes]") -> None:
    """Wait for a process in a thread, so that no zombie is left of it."""
    threading.Thread(target=process.wait, name=f"wait-{process.pid}", daemon=True).start()


def marked(mark: str) -> list[int]:
    """The living processes that were started with `mark` in their environment."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for pid in pids():  # not by psutil, which stops at the first variable that a program blanked, as the store does
        with suppress(OSError):
            if wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") and start_time(pid) is not None:
                found.append(pid)
    return found


def end_marked(mark: str) -> None:
    """KILL every process that bears `mark`, and return when they are gone."""
    found = marked(mark)
    for pid in found:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: all(start_time(pid) is None for pid in found), 5)


def memory_mb(group: int) -> float:
    """The memory of a group's processes; pages they share are counted once."""
    import psutil  # noqa: PLC0415 - 30 ms that a look at running servers does not need

    total = 0
    for pid in members(group):
        with suppress(psutil.Error):
            total += psutil.Process(pid).memory_full_info().pss
    return total / 2**20


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(but: Iterable[int] = ()) -> int:
    """A port of 127.0.0.1 that nothing listens on and that is not in `but`."""
    taken = set(but)
    random = SystemRandom()
    while True:
        port = random.choice(_PORTS)
        if port not in taken and port_is_free(port):
            return port

"""Telling a process of ours from a stranger that got its number, waiting for one, and ending whole groups.

A pid alone says little: it is used again, and `kill -0` succeeds on a zombie. So a process is (pid, start time by the
kernel), and one that has ended but was not waited for counts as gone. What a crash left behind, with nobody knowing its
pid, is found by the mark that each server carries in its environment.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from random import SystemRandom

MARK = "PIPELINE_SERVER"
"""The environment variable by which a server's processes are known: its state folder and name."""

_PORTS = range(
    20_000, 32_000
)  # below what kernels hand out for outgoing connections, so that none of those is in the way


def start_time(pid: int) -> float | None:
    """When the kernel started `pid`: on Linux in clock ticks since boot; None where it has ended.

    A zombie has ended, unless other threads of it still run: they keep its ports until they are gone too.
    """
    if sys.platform != "linux":
        import psutil  # noqa: PLC0415 - only where there is no /proc

        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
        return None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, threads, started = fields[0], int(fields[17]), float(fields[19])
    return None if state in "ZX" and threads <= 1 else started


def launch(command: Iterable[str], *, environment: Mapping[str, str], folder: Path, log: Path) -> int:
    """Start a server in a session of its own, its output added to `log`; its pid, which is also its group's id."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    threading.Thread(target=process.wait, name=f"wait-{process.pid}", daemon=True).start()
    return process.pid


def end_group(group: int, *, grace: float) -> None:
    """End every process of a group: TERM, up to `grace` seconds, KILL; returns when none is left."""
    _signal_group(group, signal.SIGTERM)
    _signal_group(group, signal.SIGCONT)  # one that was suspended takes it only so
    if not wait_until(lambda: not members(group), grace):
        _signal_group(group, signal.SIGKILL)
        wait_until(lambda: not members(group), 5)


def end_processes(pids: Iterable[int]) -> None:
    """KILL each of `pids` and return when they are gone."""
    pids = list(pids)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: all(start_time(pid) is None for pid in pids), 5)


def members(group: int) -> list[int]:
    """The living processes (no zombies) of a process group."""
    found = []
    for pid in _pids():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgid(pid) == group and start_time(pid) is not None:
                found.append(pid)
    return found


def marked(mark: str) -> list[int]:
    """The living processes that were started with `mark` in their environment, whoever knows of them."""
    return [pid for pid in _pids() if _bears(pid, mark) and start_time(pid) is not None]


def memory_mb(group: int) -> float:
    """What a group's processes occupy, pages that they share counted once where the kernel tells."""
    import psutil  # noqa: PLC0415

    total = 0
    for pid in members(group):
        with contextlib.suppress(psutil.Error):
            memory = psutil.Process(pid).memory_full_info()
            total += getattr(memory, "pss", memory.rss)
    return total / 2**20


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look until `condition` holds; False where it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    pause = 0.002
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    return True


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
    """A port of 127.0.0.1 that nobody listens on and that is none of `but`."""
    taken = set(but)
    random = SystemRandom()
    while True:
        port = random.choice(_PORTS)
        if port not in taken and port_is_free(port):
            return port


def _pids() -> list[int]:
    """Of all processes there are."""
    if sys.platform != "linux":
        import psutil  # noqa: PLC0415 - only where there is no /proc

        return psutil.pids()
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _bears(pid: int, mark: str) -> bool:
    if sys.platform != "linux":
        import psutil  # noqa: PLC0415

        with contextlib.suppress(psutil.Error):
            return psutil.Process(pid).environ().get(MARK) == mark
        return False
    try:  # not by psutil, which stops at the first variable that a program has blanked; the object store does that
        return f"{MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)

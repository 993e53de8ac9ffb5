"""Telling a process of ours from a stranger that got its number, and ending whole groups. Linux only (/proc).

A pid alone says little: it is used again, and `kill -0` succeeds on a zombie. So a process is a pid and the time at
which the kernel started it. The fork server's program, which imports nothing of ours, reads that time by itself.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path


def start_time(pid: int) -> float | None:
    """When the kernel started `pid`, in clock ticks since boot; None if it has ended.

    A zombie has ended unless other threads of it still run: until they end too, its ports and files stay open.
    """
    fields = _stat(pid)
    return float(fields[19]) if fields is not None and _runs(fields) else None


def is_alive(pid: int, started: float) -> bool:
    """Whether the process that had `pid` at that time still runs (and not another one with its number)."""
    return start_time(pid) == started


def pids() -> Iterator[int]:
    """Every process there is, zombies too."""
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def members(group: int) -> list[int]:
    """The living processes of a group that is a session too. A number in use as either is given to no new process."""
    found = []
    for pid in pids():
        fields = _stat(pid)
        if fields is not None and _runs(fields) and fields[2] == fields[3] == str(group):
            found.append(pid)
    return found


def signal_group(group: int, number: int) -> None:
    """Send a signal to every process of a group; no error if the group is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def end_group(pid: int, started: float, *, grace: float = 2.0, leader_first: bool = False) -> None:
    """End the process group that `pid` led, and wait until it is gone: TERM, up to `grace` seconds, KILL.

    Does nothing if another process has the number by now. `leader_first`: TERM goes to the leader alone, which ends
    its helpers itself once it needs them no more; what it leaves behind is killed.
    """
    if is_alive(pid, started):
        if leader_first:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        else:
            signal_group(pid, signal.SIGTERM)
        signal_group(pid, signal.SIGCONT)  # a suspended process takes the signal only then
        wait_until(lambda: not (is_alive(pid, started) if leader_first else members(pid)), grace)
    elif start_time(pid) is not None:
        return
    if members(pid):
        signal_group(pid, signal.SIGKILL)
        wait_until(lambda: not members(pid), 10.0)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for `condition`; False if it does not hold within `seconds`."""
    deadline = time.monotonic() + seconds
    pause = 0.002
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    return True


def _runs(fields: list[str]) -> bool:
    state, threads = fields[0], int(fields[17])
    return state not in ("Z", "X") or threads > 1


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on (proc(5))."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()

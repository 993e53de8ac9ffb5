"""A process of ours, told from a stranger, from a zombie, and from one whose other threads still run."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.engine.processes import end_group, is_alive, members, start_time, wait_until

# Its first thread ends, and another one goes on until its standard input closes.
HEADLESS = """
import ctypes, sys, threading
threading.Thread(target=sys.stdin.read).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@contextmanager
def running(*command: str) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.kill()


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


def test_a_zombie_has_ended() -> None:
    with running("true") as process:
        started = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert started is not None
        assert state(process.pid) == "Z"
        assert start_time(process.pid) is None
        assert members(process.pid) == []


def test_a_zombie_whose_other_threads_run_has_not_ended() -> None:
    with running(sys.executable, "-c", HEADLESS) as process:
        started = start_time(process.pid)
        assert started is not None
        assert wait_until(lambda: state(process.pid) == "Z", 20)
        assert is_alive(process.pid, started)
        assert members(process.pid) == [process.pid]
        end_group(process.pid, started)
        assert not is_alive(process.pid, started)
        assert process.wait() == -signal.SIGTERM


def test_another_process_with_the_number_is_left_alone() -> None:
    with running("sleep", "1000") as process:
        started = start_time(process.pid)
        assert started is not None
        end_group(process.pid, started - 1)
        assert is_alive(process.pid, started)


def test_the_whole_group_is_ended_though_its_leader_is_gone() -> None:
    with running("sh", "-c", "trap '' TERM; sleep 1000 & read _; kill -KILL $$") as process:
        started = start_time(process.pid)
        assert started is not None
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == -signal.SIGKILL
        assert len(members(process.pid)) == 1
        end_group(process.pid, started)
        assert members(process.pid) == []


def test_a_suspended_process_takes_the_signal() -> None:
    with running("sleep", "1000") as process:
        started = start_time(process.pid)
        assert started is not None
        process.send_signal(signal.SIGSTOP)
        assert wait_until(lambda: state(process.pid) == "T", 20)
        end_group(process.pid, started, grace=20)
        assert process.wait() == -signal.SIGTERM

"""A plain subprocess in a session of its own, that cannot run before its pid is in the journal.

It starts as a shell that waits for one line and then becomes the command. So there is no moment at which a `kill -9`
of the engine leaves a step behind that the journal does not name: unnamed, it ends with the engine's pipe. What it
leaves behind in its group when it ends is ended too. Linux only (pidfd, /proc).
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.engine.host import NoSuchCommand
from pipeline.engine.processes import signal_group, start_time

_GATE = 'read -r _ && exec "$@" </dev/null'


_GATE = 'read -r _ && exec "$@" </dev/null'


class Child:
    """A started command; see `pipeline.engine.host.Process`. It begins with `release`.

    Raises:
        NoSuchCommand: there is none, or no permission to run it.
        OSError: no process can be made.
    """

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdout: Path, stderr: Path
    ) -> None:
        if shutil.which(command[0], path=env.get("PATH", os.defpath)) is None:
            raise NoSuchCommand(command[0])
        with stdout.open("ab") as out, stderr.open("ab") as err:
            self._popen = subprocess.Popen(
                ["/bin/sh", "-c", _GATE, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        self.pid = self._popen.pid
        self.started = start_time(self.pid) or 0.0
        self._descriptor = os.pidfd_open(self.pid)

    def release(self) -> None:
        """Let the command run."""
        if self._popen.stdin is not None:
            with contextlib.suppress(OSError):  # it may have been ended already
                self._popen.stdin.write(b"go\n")
                self._popen.stdin.close()

    def fileno(self) -> int:
        """Readable when it has ended."""
        return self._descriptor

    def poll(self) -> int | None:
        """Its exit code, None while it runs. Ends what it has left in its group."""
        if self._popen.returncode is None:
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return None
            signal_group(self.pid, signal.SIGKILL)  # before it is reaped, so that its number is still its own
        return self._popen.wait()

    def kill(self, signal: int) -> None:
        """Send `signal` to the group."""
        if self._popen.returncode is None:
            signal_group(self.pid, signal)

    def wait(self) -> None:
        """Wait for its end, when that has been asked for."""
        self._popen.wait()

    def close(self) -> None:
        """Give back the descriptors."""
        if self._popen.stdin is not None:
            with contextlib.suppress(OSError):
                self._popen.stdin.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

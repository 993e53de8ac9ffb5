"""Ties a kernel to the process that starts it: `python leash.py MEGABYTES NOTE command…` becomes that command, which
Linux then ends with its parent, and which cannot have more memory than that.

Jupyter gives a kernel a session of its own, so that ending its parent's group does not reach it. The file NOTE gets the
session's number, so that what a cell started and left can be ended, too. More memory is refused where it is asked for,
so that a cell fails and the step goes on, rather than that the machine ends the step.
"""

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(megabytes: str, note: str, *command: str) -> None:
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)
    most = int(megabytes) << 20
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open(note, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib takes longer to import than all else
        file.write(str(os.getsid(0)))
    os.execvp(command[0], command)  # noqa: S606 - it becomes the kernel


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Kernels: which there are, and how one is started so that nobody else reaches it and it never outlives its step.

Kernel and client speak through sockets in a private folder rather than TCP ports, which any process of the machine
could connect to. A socket's path has 107 bytes at most (unix(7)), so the folder's is short.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jupyter_client.manager import KernelManager

_LEASH: Final = Path(__file__).with_name("leash.py")
_LONGEST_FOLDER: Final = 80  # bytes; what follows in it is short


def known_kernels() -> list[str]:
    """The names of the kernels that are installed."""
    from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415 - slow to import

    return sorted(KernelSpecManager().find_kernel_specs())


@contextmanager
def socket_folder() -> Iterator[Path]:
    """A private folder whose path is short enough for sockets; gone afterwards."""
    place = tempfile.gettempdir()
    short = len(os.fsencode(place)) <= _LONGEST_FOLDER
    with tempfile.TemporaryDirectory(prefix="nb-", dir=place if short else "/tmp", ignore_cleanup_errors=True) as made:  # noqa: S108
        yield Path(made)


def leashed(folder: Path, memory_mb: int, note: str) -> "type[KernelManager]":
    """The class of managers whose kernels have their sockets in `folder`, at most so much memory, and end with this
    process. The file `note` gets the number of the kernel's session."""
    from jupyter_client.manager import AsyncKernelManager  # noqa: PLC0415 - slow to import

    class Leashed(AsyncKernelManager):
        def __init__(self, **fields: Any) -> None:
            super().__init__(transport="ipc", ip=str(folder / "k"), **fields)

        def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
            """The kernel's command, on its leash."""
            command = super().format_kernel_cmd(extra_arguments)
            return [sys.executable, "-I", "-S", str(_LEASH), str(memory_mb), note, *command]

    return Leashed


def end_session(note: Path) -> None:
    """End whatever is left of a kernel's session: the kernel, and what its cells have started."""
    with suppress(OSError, ValueError):
        session = int(note.read_text(encoding="ascii"))
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = stat.read_text(errors="replace").rpartition(")")[2].split()
                if int(fields[3]) == session:
                    os.kill(int(stat.parent.name), signal.SIGKILL)

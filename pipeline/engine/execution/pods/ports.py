"""The ports on which daemons listen: on a cluster each pod has an address of its own, here all have this machine's.

Two that want the same port, or one that some other program has, are told so before they start.
"""

import errno
import socket
import threading
from collections.abc import Iterable

from pipeline.engine.spec import Container
from pipeline.errors import UserError


def of(container: Container) -> set[int]:
    """The ports on which a container says that it listens."""
    names = {port.name: port.number for port in container.ports}
    wanted = [port.number for port in container.ports]
    if container.ready is not None and container.ready.port:
        wanted.append(names.get(container.ready.port, container.ready.port))
    return {int(number) for number in wanted if number.isdecimal()}


class Ports:
    """Which daemon of a run has which port."""

    def __init__(self) -> None:
        self._holders: dict[int, str] = {}
        self._lock = threading.Lock()

    def take(self, node: str, numbers: Iterable[int]) -> None:
        """Take ports for a node, or none of them.

        Raises:
            UserError: another one of the run has one, or some other program.
        """
        with self._lock:
            for number in sorted(numbers):
                holder = self._holders.get(number, node)
                if holder != node or _is_taken(number):
                    by = f"by {holder}" if holder != node else "by another program"
                    raise UserError(
                        f"the port {number}, on which {node} listens, is taken on this machine {by}; all that runs "
                        "here has one address, so give one of them another port"
                    )
            self._holders.update(dict.fromkeys(numbers, node))

    def give_back(self, node: str) -> None:
        """A node has ended."""
        with self._lock:
            self._holders = {number: holder for number, holder in self._holders.items() if holder != node}


def _is_taken(number: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", number))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
        return False

"""A step in a process of its own, killed at a chosen request to the object store."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context, set_start_method
from urllib.parse import urlsplit

from steps import prepare
from steps.contract import command as steps_command

_METHODS = (b"GET ", b"PUT ", b"HEAD ", b"DELETE ", b"POST ")


class Proxy:
    """Passes bytes between a step and the store, and counts the requests; the `last` one, and what follows, is never
    passed on. Signatures stay good, as the Host that was signed is passed on with the rest."""

    def __init__(self, store: str, last: int | None) -> None:
        parts = urlsplit(store)
        self._store = (parts.hostname, parts.port)
        self._last = last
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self.requests = 0
        self.reached = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                step, _ = self._listener.accept()
                store = socket.create_connection(self._store)
                self._open += [step, store]
                threading.Thread(target=self._pass, args=(step, store, True), daemon=True).start()
                threading.Thread(target=self._pass, args=(store, step, False), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if counted and piece.startswith(_METHODS):
                    with self._lock:
                        self.requests += 1
                        over = self._last is not None and self.requests >= self._last
                    if over:
                        self.reached.set()
                        return
                sink.sendall(piece)


@contextmanager
def proxied(store: str, last: int | None = None) -> Iterator[Proxy]:
    """A proxy before the store, closed at the end."""
    proxy = Proxy(store, last)
    try:
        yield proxy
    finally:
        proxy.close()


def prepare_and_die(environment: Mapping[str, str], arguments: list[str], *, at: int) -> None:
    """Run `prepare` in a child process and kill it, with no chance to tidy up, at that request to the store.

    The child is forked by a server that has imported the step, as the engine does it.
    """
    processes = get_context("forkserver")
    processes.set_forkserver_preload(["steps.prepare"])
    with proxied(environment["AWS_ENDPOINT_URL_S3"], at) as proxy:
        given = dict(environment) | {"AWS_ENDPOINT_URL_S3": proxy.address}
        child = processes.Process(target=_prepare, args=(given, arguments))
        child.start()
        assert proxy.reached.wait(60)
        assert child.pid
        os.kill(child.pid, signal.SIGKILL)
        child.join(10)
        assert child.exitcode == -signal.SIGKILL
        child.close()


def _prepare(environment: dict[str, str], arguments: list[str]) -> None:
    os.environ.update(environment)
    set_start_method("fork", force=True)  # else locks that libraries make are said to leak when it is killed
    steps_command.run(prepare.command, arguments)

"""Serving this machine in the foreground: one server of a state folder, on a port that it keeps."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pipeline.errors import PipelineError, UserError
from pipeline.laptop.machine import LocalMachine
from pipeline.stack import locks
from pipeline.stack.processes import free_port
from pipeline.stack.state import make
from pipeline.stack.watcher import SERVE_LOCK

PORT: Final = 2746  # Argo Server's
_REMEMBERED: Final = "serve.port"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def serve(
    machine: LocalMachine,
    *,
    address: str = "127.0.0.1",
    port: int | None = None,
    token: str = "",
    folder: Path | None = None,
) -> None:
    """Serve until interrupted. `port`: None for Argo Server's, or a free one that is remembered. `token`: what clients
    must bring. `folder`: of the Argo UI's files.

    Raises:
        UserError: there is another one, the port is taken, or an address that others reach is to be served without a
            token.
    """
    if address not in _LOOPBACK and not token:
        raise UserError(f"{address} can be reached by others, and whoever reaches this server starts processes here; "
                        "give --token TEXT, or leave out --address")  # fmt: skip
    make(machine.home)
    with (
        locks.alone(machine.home / SERVE_LOCK, _taken),
        _listening(address, port, machine.home / _REMEMBERED) as listener,
    ):
        _run(machine, listener, address, token=token, folder=folder)


def _run(machine: LocalMachine, listener: socket.socket, address: str, *, token: str, folder: Path | None) -> None:
    import uvicorn  # noqa: PLC0415 - slow to import, and an extra's

    from pipeline.serve.app import application  # noqa: PLC0415 - likewise

    number = listener.getsockname()[1]
    hosts = {*_LOOPBACK, address}
    app = application(machine, hosts=hosts, token=token, folder=folder)
    print(exports(address, number, token), flush=True)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, server_header=False, lifespan="on",
        ws="none",
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[listener])


def exports(address: str, port: int, token: str) -> str:
    """What a person needs to know: the address, and what `argo` wants in the environment."""
    host = f"[{address}]" if ":" in address else address
    return (
        f"http://{host}:{port}\n\n"
        "for argo:\n"
        f"  export ARGO_SERVER={host}:{port} ARGO_HTTP1=true ARGO_SECURE=false "
        f"ARGO_TOKEN={f'"Bearer {token}"' if token else 'x'}\n"
        f'for Hera:\n  WorkflowsService(host="http://{host}:{port}", namespace="default"'
        f"{f', token={token!r}' if token else ''})"
    )


@contextmanager
def _listening(address: str, port: int | None, remembered: Path) -> Iterator[socket.socket]:
    """A socket on the port that is wanted; else Argo Server's, the one that was taken last time, or a free one."""
    wanted = [port] if port is not None else [*_last(remembered), PORT, free_port()]
    for number in dict.fromkeys(wanted):
        listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, number))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if port is not None:
                raise UserError(
                    f"port {port} of {address} cannot be had ({error.strerror}); give another --port"
                ) from None
            continue
        with listener:
            if port is None:
                remembered.write_text(f"{listener.getsockname()[1]}\n", encoding="utf-8")
            yield listener
            return
    raise PipelineError(f"no port of {address} is free")


def _last(remembered: Path) -> list[int]:
    try:
        return [int(remembered.read_text(encoding="utf-8"))]
    except (OSError, ValueError):
        return []


def _taken(process: str) -> PipelineError:
    return UserError(f"process {process} is serving here already; stop it first, or use it")

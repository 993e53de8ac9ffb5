"""Waiting until a daemon is ready, as its `readinessProbe` says.

The kubelet asks every `periodSeconds`; here it is asked at least every quarter of a second, for what follows waits.
https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from typing import Final

from pipeline.engine.spec import Container, Probe
from pipeline.errors import UserError

_PAUSE_SECONDS: Final = 0.25
_HERE: Final = "127.0.0.1"


def wait(container: Container, run: Callable[[], bool], gone: Callable[[], bool]) -> bool:
    """Wait until a container is ready; False if it is gone before. `run`: whether the
    probe's command succeeds."""
    probe = container.ready
    if probe is None:
        return not gone()
    begin, good = time.monotonic() + probe.delay, 0
    while good < probe.successes:
        if gone():
            return False
        if time.monotonic() < begin or not _holds(probe, container, run):
            good = 0
        else:
            good += 1
        if good < probe.successes:
            time.sleep(min(_PAUSE_SECONDS, probe.period))
    return not gone()


def check(container: Container, runtime: str) -> None:
    """Refuse a probe that cannot be asked where a daemon runs.

    Raises:
        UserError: its command would have to run within an image's container.
    """
    if runtime == "container" and container.ready is not None and container.ready.kind == "exec":
        raise UserError("a readinessProbe by exec is not run in a container here; use httpGet or tcpSocket")


def _holds(probe: Probe, container: Container, run: Callable[[], bool]) -> bool:
    if probe.kind == "exec":
        return run()
    port = _port(probe, container)
    try:
        return _answers(probe, port) if probe.kind == "http" else _listens(probe, port)
    except (OSError, http.client.HTTPException, ValueError):
        return False


def _port(probe: Probe, container: Container) -> int:
    return int({port.name: port.number for port in container.ports}.get(probe.port, probe.port))


def _listens(probe: Probe, port: int) -> bool:
    with socket.create_connection((probe.host or _HERE, port), probe.timeout):
        return True


def _answers(probe: Probe, port: int) -> bool:
    """Whether a request is answered with a code from 200 to 399; a certificate is not looked at, as by the kubelet."""
    host = probe.host or _HERE
    unchecked = ssl._create_unverified_context() if probe.tls else None  # noqa: S323 - the kubelet's rule
    connection = (
        http.client.HTTPSConnection(host, port, timeout=probe.timeout, context=unchecked)
        if probe.tls
        else http.client.HTTPConnection(host, port, timeout=probe.timeout)
    )
    try:
        connection.request("GET", probe.path, headers=dict(probe.headers))
        return 200 <= connection.getresponse().status < 400
    finally:
        connection.close()

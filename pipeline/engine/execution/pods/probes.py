"""Waiting until a daemon is ready, as its `readinessProbe` says.

The kubelet asks every `periodSeconds`; here it is asked at least every quarter of a second, for what follows waits.
https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

import http.client
import select
import signal
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from pipeline.engine.execution import leaves
from pipeline.engine.execution.pods import health
from pipeline.engine.execution.runtimes.contract import Runtime, Work
from pipeline.engine.execution.runtimes.plain import working_folder
from pipeline.engine.host import Host, NoSuchCommand
from pipeline.engine.places import Place
from pipeline.engine.spec import Container, Probe, Template

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


def succeeds(template: Template, place: Place, host: Host, runtime: Runtime) -> bool:
    """Whether the command of the probe of a template's container, a plain process, succeeds in time beside it."""
    container, log = runtime.filled(template, place), place.folder / "probe.log"
    probe = container.ready or Probe("exec")
    asked = replace(container, command=probe.command, args=(), entry="given")
    env, words = leaves.command(asked, place, host, runtime)
    folder = working_folder(Work(template, asked, place, words, env))
    try:
        process = host.start(words, env=env, cwd=folder, stdout=log, stderr=log)
    except (NoSuchCommand, OSError):
        return False
    process.release()
    select.select([process], [], [], probe.timeout)
    code = process.poll()
    while process.poll() is None:
        process.kill(signal.SIGKILL)
        select.select([process], [], [], 1.0)
    process.close()
    return code == 0


def _holds(probe: Probe, container: Container, run: Callable[[], bool]) -> bool:
    if probe.kind == "exec":
        return run()
    port = _port(probe, container)
    try:
        if probe.kind == "grpc":
            return health.is_serving(_HERE, port, probe.path, probe.timeout)
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

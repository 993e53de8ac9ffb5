"""What would keep this product from working on this machine, one line each, with what to do about it."""

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.engine.views import last_line
from pipeline.errors import PipelineError
from pipeline.extras import missing, remedy
from pipeline.stack.credentials import FILE
from pipeline.stack.object_store import binary
from pipeline.stack.processes import port_is_free
from pipeline.stack.registry import ServerRegistry
from pipeline.stack.stack import ServerStatus, Stack

_DISK_GB = 2
_MEMORY_GB = 2


@dataclass(frozen=True)
class Check:
    """One thing examined. `words`: what was found and, if it is not `ok`, what to do."""

    name: str
    ok: bool
    words: str


def examine(home: Path) -> list[Check]:
    """Every check, in the order in which a newcomer would run into trouble. Starts nothing."""
    checks = [_python(), _libraries(), _juicefs()]
    if not home.exists():
        return [*checks, *_to_come(home)]
    try:
        stack = Stack(home)
    except PipelineError as error:
        return [*checks, Check("state folder", False, str(error))]
    checks += [Check("state folder", True, str(home)), _disk(home), _memory(), _credentials(home), _ports(home)]
    trials = [_trial(name, about) for name, about in stack.trials().items()]
    return [*checks, *map(_server, stack.status()), *trials]


def _to_come(home: Path) -> Iterator[Check]:
    """Of a state folder that nobody has made yet."""
    above = next(each for each in home.parents if each.exists())
    if os.access(above, os.W_OK | os.X_OK, effective_ids=True):
        yield Check("state folder", True, f"{home} is not there yet; made at the first start")
    else:
        yield Check("state folder", False, f"{home} is not there, and {above} cannot be written; set PIPELINE_HOME")
    yield from (_disk(above), _memory())


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    return Check("python", sys.version_info[:2] == (3, 12), f"{found} at {sys.executable} (the servers want 3.12)")


def _libraries() -> Check:
    lacking = missing()
    words = f"not installed: {', '.join(lacking)}; run: {remedy()}" if lacking else "all installed"
    return Check("libraries", not lacking, words)


def _juicefs() -> Check:
    try:
        return Check("object store's program", True, binary())
    except PipelineError as error:
        return Check("object store's program", False, str(error))


def _disk(home: Path) -> Check:
    free = shutil.disk_usage(home).free / 2**30
    return Check("disk", free >= _DISK_GB, f"{free:.1f} GB free for {home} (wanted {_DISK_GB})")


def _memory() -> Check:
    try:
        import psutil  # noqa: PLC0415 - 30 ms that a look at running servers does not need
    except ModuleNotFoundError:
        return Check("memory", True, "not looked at: psutil is not installed")
    free = psutil.virtual_memory().available / 2**30
    return Check("memory", free >= _MEMORY_GB, f"{free:.1f} GB available (wanted {_MEMORY_GB})")


def _credentials(home: Path) -> Check:
    path = home / FILE
    if not path.exists():
        return Check("credentials", True, "none yet; made at the first start")
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.getuid():
        return Check("credentials", False, f"{path} belongs to another user; remove it to get new ones")
    words = f"{path} has mode {mode:04o}" + ("" if mode == 0o600 else f"; run: chmod 600 {path}")
    return Check("credentials", mode == 0o600, words)


def _ports(home: Path) -> Check:
    taken = [f"{port} ({name})" for name, port in _idle_ports(home) if not port_is_free(port)]
    if taken:
        return Check("ports", True, f"another program has {', '.join(taken)}; the next start takes others")
    return Check("ports", True, "those of the stopped servers are free")


def _idle_ports(home: Path) -> Iterator[tuple[str, int]]:
    for record in ServerRegistry(home).all().values():
        if not record.alive():
            yield from ((record.name, port) for port in record.ports.values())


def _trial(name: str, about: dict[str, Any]) -> Check:
    """A challenger that the service alarm has withdrawn. The champion answers then."""
    version = f"version {about['version']} is {about['state']}"
    if about["alarm"] is None:
        return Check(f"challenger of {name}", True, f"{version}, {about['calls']} calls, {about['failed']} failed")
    words = f"{version} since {about['alarm']['at']}: {about['alarm']['words']}, which answers all now"
    return Check(f"challenger of {name}", False, words)


def _server(server: ServerStatus) -> Check:
    if server.state in {"running", "starting"}:
        return Check(server.name, True, f"{server.state} at {server.address}, pid {server.pid}")
    if server.state == "stopped":
        return Check(server.name, True, "stopped; started when it is needed")
    said = f"; the end of {server.log}: {last_line(server.log) or 'nothing was written'}" if server.log else ""
    words = {"ended": "ended without being stopped", "silent": "running, but does not answer"}[server.state]
    return Check(server.name, False, f"{words}; the next start fixes it (pipeline up){said}")

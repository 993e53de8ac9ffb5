"""What a bench says while it runs, and the line that is made of it at its end."""

import functools
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

from tests import ROOT
from tests.bench.history.lines import Beside, Figure, Line, append, place

_said: ContextVar[list[Figure] | None] = ContextVar("said", default=None)


def figure(name: str, value: float, unit: str, *, beside: tuple[str, float] | None = None) -> None:
    """Say a figure of the bench that runs. `beside`: what was measured side by side with it, and its value."""
    said = _said.get()
    if said is not None:
        other = Beside(name=beside[0], value=beside[1]) if beside else None
        said.append(Figure(name=name, value=value, unit=unit, beside=other))


def kept(bench: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Keep the figures of a bench's `main`, once it is through."""

    def deco(main: Callable[[], None]) -> Callable[[], None]:
        @functools.wraps(main)
        def keeping() -> None:
            load, began, said = os.getloadavg()[0], time.monotonic(), list[Figure]()
            token = _said.set(said)
            try:
                main()
            finally:
                _said.reset(token)
            _keep(bench, load, time.monotonic() - began, said)

        return keeping

    return deco


def _keep(bench: str, load: float, seconds: float, said: list[Figure]) -> None:
    """A bench has printed what it found; that it cannot be kept is no reason to fail."""
    line = Line(
        bench=bench,
        at=datetime.now(UTC),
        commit=_commit(),
        machine=_machine(),
        cores=len(os.sched_getaffinity(0)),
        load=round(load, 2),
        seconds=round(seconds, 2),
        figures=tuple(said),
    )
    try:
        append(line)
    except OSError as error:
        print(f"{place()} could not be written ({error.strerror}); this run is not kept", file=sys.stderr)


def _commit() -> str:
    """The checkout's commit; empty where there is none, as in an unpacked source."""
    found = _git("rev-parse", "--short=12", "HEAD").strip()
    return f"{found}+" if found and _git("status", "--porcelain", "--untracked-files=no").strip() else found


def _git(*words: str) -> str:
    try:
        return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ""


def _machine() -> str:
    """What it computes with; no name of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return " ".join(filter(None, (platform.machine(), model)))

"""Ending what goes on by itself: the watch, and the runs that no terminal shows. A run is asked as Ctrl-C would ask it,
stays where it was, and the next watch goes on with it."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from pipeline import engine
from pipeline.laptop.background import Background
from pipeline.laptop.cron_log import CronLog
from pipeline.stack.watcher import holder

_PATIENCE: Final = 10.0  # seconds until they are ended without being asked
_PAUSE: Final = 0.05


def end_watch(home: Path) -> None:
    """End the watch of a state folder, in a terminal or in the background."""
    deadline = time.monotonic() + _PATIENCE
    while (pid := holder(home)) is not None:
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL)
        time.sleep(_PAUSE)


def end_runs(journal: engine.Journal) -> None:
    """End the processes that execute runs of schedules, of uploads, and of other runs."""
    asked: set[int] = set()
    deadline = time.monotonic() + _PATIENCE
    while pids := _executing(journal):
        late = time.monotonic() >= deadline
        for pid in pids if late else pids - asked:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        asked |= pids
        time.sleep(_PAUSE)


def _executing(journal: engine.Journal) -> set[int]:
    ledger = CronLog(journal.path)
    try:
        crons = {each.pid for each in ledger.open() if each.scheduled_at is not None and each.finished_at is None}
    finally:
        ledger.close()
    others = {each.pid for each in Background(journal.path).open() if each.finished_at is None}
    return {pid for pid in crons | others if pid is not None}

"""Ending what runs by itself: the watch, and the runs that no terminal shows. Such a run is stopped as by Ctrl-C, stays
where it was, and is resumed by the next watch."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from pipeline import engine
from pipeline.laptop.background import Background
from pipeline.laptop.cron_log import CronLog
from pipeline.stack.watcher import watching

_PATIENCE: Final = 10.0  # seconds until they are killed
_PAUSE: Final = 0.05


def end_watch(home: Path) -> None:
    """End the watch of a state folder, in a terminal or in the background."""
    _end(lambda: set(filter(None, [watching(home)])))


def end_runs(journal: engine.Journal) -> None:
    """End the processes that execute runs of schedules, of uploads, and of other runs."""
    cron_log, background = CronLog(journal), Background(journal)

    def executing() -> set[int]:
        scheduled = [each.pid for each in cron_log.open() if each.scheduled_at is not None and not each.finished]
        others = [each.standing.pid for each in background.open() if each.standing.finished_at is None]
        return {pid for pid in scheduled + others if pid is not None}

    _end(executing)


def _end(running: Callable[[], set[int]]) -> None:
    """Ask each process that there is to end, once; kill those that take too long. Returns when there is none left."""
    asked: set[int] = set()
    deadline = time.monotonic() + _PATIENCE
    while pids := running():
        late = time.monotonic() >= deadline
        for pid in pids if late else pids - asked:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        asked |= pids
        time.sleep(_PAUSE)

"""Tells those who watch that something has changed: one look at the journal, twenty times a second, for all of them,
and none while nobody watches."""

from typing import Final

import anyio
from anyio.to_thread import run_sync

from pipeline.serve.runs import Runs

_LOOK_SECONDS: Final = 0.05


class Changes:
    """Of one server. `runs`: what is watched."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._news = anyio.Event()
        self._waiting = 0
        self.version = 0

    async def look(self) -> None:
        """Go on looking, as long as the server runs."""
        while True:
            await anyio.sleep(_LOOK_SECONDS)
            if self._waiting:
                version = await run_sync(self._runs.version)
                if version != self.version:
                    self.version = version
                    self._news.set()
                    self._news = anyio.Event()

    async def after(self, version: int, seconds: float) -> None:
        """Wait until something has changed after `version`, or so long."""
        self._waiting += 1
        try:
            with anyio.move_on_after(seconds):
                while self.version <= version:
                    await self._news.wait()
        finally:
            self._waiting -= 1

"""The champions' servers as a source of the watch: one that has died, or serves something else, is put right."""

import threading
from collections.abc import Callable, Sequence
from typing import Final

from pipeline.errors import PipelineError
from pipeline.watch.messages import Log
from steps.errors import StepError

PAUSE: Final = 10.0  # seconds between two looks
AFTER_TROUBLE: Final = 300.0  # after one that could not put everything right: what does not load does not next time


class Serving:
    """Looks now and then. `serve`: puts the servers right and returns what it could not do, a line each; it may take a
    minute, so it has a thread of its own."""

    def __init__(self, serve: Callable[[], Sequence[str]], log: Log) -> None:
        self._serve, self._log = serve, log
        self._thread: threading.Thread | None = None
        self._looked: float | None = None
        self._found: Sequence[str] = ()
        self._told: Sequence[str] = ()

    def process(self, now: float) -> None:
        """Tell what the last look found, once, and begin the next one when it is time."""
        if self._thread is not None and self._thread.is_alive():
            return
        if self._found != self._told:
            for line in self._found:
                self._log(line)
            self._told = self._found
        if self._looked is None or not 0 <= now - self._looked < (AFTER_TROUBLE if self._found else PAUSE):
            self._looked = now
            self._thread = threading.Thread(target=self._look, name="serving", daemon=True)
            self._thread.start()

    def next_due(self) -> float | None:
        """None: it is asked often enough."""
        return None

    def descriptors(self) -> list[int]:
        """None: likewise."""
        return []

    def _look(self) -> None:
        try:
            self._found = self._serve()
        except (PipelineError, StepError, OSError) as error:
            self._found = [f"whether the champions are served cannot be told: {error}"]

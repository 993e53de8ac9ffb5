"""What was asked and answered is kept, in the background and within bounds, and never at an answer's cost.

An answer only appends to a list. A thread takes the list every minute and writes it to the lake
(`steps.monitoring.asked`). What comes beyond the bound, because much is asked or because the store does not answer, is
dropped and counted. On SIGTERM what is there is written; a kill -9 loses the last minute.
"""

import logging
import random
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from uuid import uuid4

from steps.backends import objects
from steps.errors import BadInput, StepError
from steps.models.base import Array
from steps.monitoring import asked
from steps.monitoring.asked import Asked, Model
from steps.serving.measures import Measures
from steps.settings import setting

_LARGEST = 100  # rows of one request
_PATIENCE = 4.0  # seconds for the last write; a laptop's servers are killed after 5

log = logging.getLogger("steps")


class Keeper:
    """Keeps the requests of one model server's process.

    Raises:
        BadInput: its settings are not numbers, or out of range.
    """

    def __init__(self, model: Model, measures: Measures) -> None:
        self._model, self._measures = model, measures
        self._share = _number("REQUESTS_SHARE", 1.0, most=1.0)
        self._most = int(_number("REQUESTS_ROWS", 1000.0, most=100_000.0))
        self._seconds = _number("REQUESTS_SECONDS", 60.0, least=0.1, most=3600.0)
        self._lock = Lock()
        self._waiting: list[Asked] = []
        self._rows = 0
        self._ended = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to write. To be called in the process that answers: threads do not survive a fork."""
        if self._share:
            self._thread = Thread(target=self._write_on, name="keeper", daemon=True)
            self._thread.start()

    def offer(self, sender: str, values: Array, answers: Array) -> None:
        """Keep a request, or drop it. `sender`: what it calls itself; it gets a name of ours where that is empty."""
        if random.random() >= self._share:  # noqa: S311 — a sample, no secret
            return
        values, answers = values[:_LARGEST], answers[:_LARGEST]
        with self._lock:
            fits = self._rows + len(answers) <= self._most
            if fits:
                self._waiting.append(Asked(sender or uuid4().hex, datetime.now(UTC), values, answers))
                self._rows += len(answers)
        if not fits:
            self._measures.count("model_dropped_rows", len(answers), reason="full")

    def close(self) -> None:
        """Write what is there, if the store takes it in time."""
        self._ended.set()
        if self._thread:
            self._thread.join(_PATIENCE)

    def _write_on(self) -> None:
        while not self._ended.wait(self._seconds):
            self._write()
        self._write()

    def _write(self) -> None:
        with self._lock:
            batch, self._waiting, rows, self._rows = self._waiting, [], self._rows, 0
        if not batch:
            return
        try:
            asked.write(objects.lake(), self._model, batch)
            self._measures.count("model_kept_rows", rows)
        except StepError as error:
            self._measures.count("model_dropped_rows", rows, reason="store")
            log.warning("%d rows that were asked are not kept: %s", rows, error)


def _number(name: str, usual: float, *, least: float = 0.0, most: float) -> float:
    given = setting(name, str(usual))
    try:
        found = float(given)
    except ValueError:
        found = float("nan")
    if not least <= found <= most:
        raise BadInput(f"{name} is {given!r:.40}; wanted a number from {least:g} to {most:g}")
    return found

"""Declarations that are edited while a watch goes on: as long as nobody renders them, it goes on with the manifests as
they are, and says so."""

from pathlib import Path

from pipeline import stale
from pipeline.watch.messages import Log


class Declarations:
    """A source of the watch that starts nothing. `home`: the state folder; `manifests`: of all projects."""

    def __init__(self, home: Path, manifests: Path, log: Log) -> None:
        self._home, self._manifests, self._log = home, manifests, log
        self._seen = self._told = ""

    def process(self, now: float) -> None:  # noqa: ARG002 - what is stale is no matter of time
        """Tell what is stale, once what has changed stays as it is. That takes a second."""
        seen, self._seen = self._seen, stale.digest(self._manifests)
        if self._seen != seen or seen == self._told:
            return
        self._told = seen
        for line in stale.notes(self._home, self._manifests):
            self._log(line)

    def next_due(self) -> float | None:
        """None: it is asked often enough."""
        return None

    def descriptors(self) -> list[int]:
        """None: likewise."""
        return []

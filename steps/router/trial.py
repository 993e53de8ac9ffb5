"""What the challenger may do now, and what is known of it.

    waiting ──(answers a ping)──► on trial ──(fails or is slow)──► suspected ──(good five times)──► on trial
                                     └────────(service alarm)───────────┴──────► withdrawn

A suspected challenger of a canary answers nobody: it gets copies, as a shadow does, so one that hangs costs a few
requests some time, and one that died is found out at the rate of all requests and not of its share. A withdrawn one
gets nothing any more, also after the router was started again: until another challenger takes its place.
"""

import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from steps.router.alarm import ServiceAlarm
from steps.router.routes import Server

log = logging.getLogger("steps.router")

State = Literal["waiting", "on trial", "suspected", "withdrawn"]

_TRUSTED_AGAIN: Final = 5  # good calls in a row
_WHAT: Final = {
    "failures": "it gave no good answer to {failed} of {calls} requests that the champion answered",
    "slowness": "it was much slower than the champion in {slow} of {calls} requests",
}


@dataclass(frozen=True)
class Alarm:
    """Why a challenger was withdrawn. `at`: UTC, RFC 3339."""

    why: str
    words: str
    at: str


class Memory:
    """Remembers the alarm over a restart, in a file; with None it does not."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def alarm(self, key: str) -> Alarm | None:
        """That of the challenger `key`."""
        if self._path is not None:
            with suppress(OSError, ValueError, LookupError, TypeError):
                found = json.loads(self._path.read_text(encoding="utf-8"))
                return Alarm(**found["alarm"]) if found["key"] == key else None
        return None

    def keep(self, key: str, alarm: Alarm) -> None:
        """Remember it in place of an earlier one."""
        if self._path is None:
            return
        try:
            draft = self._path.with_name(f"{self._path.name}.new")
            draft.write_text(json.dumps({"key": key, "alarm": vars(alarm)}), encoding="utf-8")
            draft.replace(self._path)
        except OSError as error:
            log.warning("the alarm could not be written to %s: %s", self._path, error)


class Trial:
    """One challenger's."""

    def __init__(self, server: Server, memory: Memory) -> None:
        self.server = server
        self.evidence = ServiceAlarm()
        self.calls = self.failed = self.slow = 0
        self._memory = memory
        self._good = 0
        self.alarm = memory.alarm(server.key)
        self.state: State = "withdrawn" if self.alarm else "waiting"

    @property
    def may_answer(self) -> bool:
        """Whether a canary's share goes to it."""
        return self.state == "on trial"

    @property
    def gets_copies(self) -> bool:
        """Whether it is asked at all."""
        return self.state in ("on trial", "suspected")

    def up(self) -> None:
        """It answered a ping."""
        if self.state == "waiting":
            self.state = "on trial"
            log.info("the challenger %s is on trial", self.server.name, extra=self._fields())

    def see(self, *, failed: bool, slow: bool | None) -> None:
        """Count one call that the champion answered well."""
        if self.state == "withdrawn":
            return
        self.calls += 1
        self.failed += failed
        self.slow += bool(slow)
        self.evidence.see(failed=failed, slow=slow)
        bad = failed or bool(slow)
        self._good = 0 if bad else self._good + 1
        if bad and self.state == "on trial":
            self.state = "suspected"
        elif self.state == "suspected" and self._good >= _TRUSTED_AGAIN:
            self.state = "on trial"
        if (why := self.evidence.why) is not None:
            self._withdraw(why)

    def _withdraw(self, why: str) -> None:
        words = _WHAT[why].format(failed=self.failed, slow=self.slow, calls=self.calls)
        self.state = "withdrawn"
        self.alarm = Alarm(why, words, datetime.now(UTC).isoformat(timespec="milliseconds"))
        self._memory.keep(self.server.key, self.alarm)
        log.warning("the challenger %s is withdrawn: %s", self.server.name, words, extra=self._fields())

    def about(self) -> dict[str, Any]:
        """For people and programs."""
        return {
            "name": self.server.name,
            "url": self.server.url,
            "version": self.server.version,
            "state": self.state,
            "calls": self.calls,
            "failed": self.failed,
            "slow": self.slow,
            "evidence": {
                "failures": round(self.evidence.failures.evidence, 3),
                "slowness": round(self.evidence.slowness.evidence, 3),
            },
            "alarm": vars(self.alarm) if self.alarm else None,
        }

    def _fields(self) -> dict[str, Any]:
        return {"fields": {"challenger": self.server.name, "version": self.server.version, "state": self.state}}

"""Asking the challenger: what comes of it is judged, and copies of requests are sent to it.

Copies go one at a time, so that they do not wait for each other at a server that does one thing at a time. At most 100
and 64 MB wait; what is more is dropped and counted.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from multidict import CIMultiDict

from steps.router.alarm import Pace
from steps.router.calls import Answer, Asked, Caller, Unanswered
from steps.router.metrics import Metrics
from steps.router.routes import Server
from steps.router.trial import Memory, Trial

log = logging.getLogger("steps.router")

_COPIES: Final = 100
_COPIED: Final = 64 * 2**20  # bytes
_PING_SECONDS: Final = 0.5
_TIMES: Final = 3  # as long as the champion usually takes
_PING: Final = Asked("GET", "/health/ping", CIMultiDict(), b"")


@dataclass(frozen=True)
class Attempt:
    """What came of asking the challenger. `reason`: what is wrong with it; None if nothing is. `limit`: the seconds
    that it had."""

    answer: Answer | None
    reason: str | None
    limit: float


@dataclass(frozen=True)
class Copy:
    """A request for a shadow, and how long the champion took for it."""

    trial: Trial
    asked: Asked
    seconds: float


class Trying:
    """One router's. Must be made while an event loop runs. `limit`: seconds that a challenger has at least."""

    def __init__(self, caller: Caller, metrics: Metrics, memory: Memory, limit: float) -> None:
        self.trial: Trial | None = None
        self._caller, self._metrics, self._memory, self._limit = caller, metrics, memory, limit
        self._pace = Pace()
        self._copied = 0
        self._copies: asyncio.Queue[Copy] = asyncio.Queue(_COPIES)
        self._tasks = [asyncio.create_task(self._copier()), asyncio.create_task(self._pinger())]

    async def close(self) -> None:
        """Give up the copies that wait."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def follow(self, challenger: Server | None, *, new_champion: bool) -> None:
        """From now on that one is on trial; None if none is."""
        if new_champion:
            self._pace = Pace()
        if challenger is None or challenger.url is None:
            self.trial = None
        elif self.trial is None or self.trial.server != challenger:
            self.trial = Trial(challenger, self._memory)
        self._show()

    def champion_took(self, seconds: float) -> None:
        """The champion gave a good answer."""
        self._pace.see(seconds)

    async def attempt(self, trial: Trial, asked: Asked) -> Attempt:
        """What comes of asking the challenger. It has some time, and more where the champion itself takes long."""
        limit = max(self._limit, _TIMES * (self._pace.usual or 0))
        try:
            answer = await self._caller.call(str(trial.server.url), asked, seconds=limit)
        except Unanswered as error:
            return Attempt(None, error.reason, limit)
        self._metrics.seconds.labels(trial.server.name).observe(answer.seconds)
        return Attempt(answer, None if answer.good else str(answer.status), limit)

    def judge(self, trial: Trial, attempt: Attempt, champion: float = 0) -> None:
        """Count a call of the challenger that the champion answered well, in so many seconds, or would have. That it
        took too long is no fault of its own where the champion took long too: it was much that was asked."""
        if trial is not self.trial or (attempt.reason == "timeout" and champion > attempt.limit / 2):
            return
        failed, limit, answer = attempt.reason is not None, self._pace.limit, attempt.answer
        slow = answer.seconds > limit if answer is not None and not failed and limit is not None else None
        before = trial.state
        trial.see(failed=failed, slow=slow)
        if failed or slow:
            self._metrics.bad.labels("failed" if failed else "slow").inc()
        if trial.alarm is not None and trial.state != before:
            self._metrics.alarms.labels(trial.alarm.why).inc()
        self._show()

    def copy(self, trial: Trial, asked: Asked, champions: Answer) -> None:
        """Send a copy by and by, unless too many wait, or the champion had no good answer to compare with."""
        if not champions.good:
            return
        if self._copies.full() or self._copied + len(asked.body) > _COPIED:
            self._metrics.dropped.inc()
            return
        self._copied += len(asked.body)
        self._copies.put_nowait(Copy(trial, asked, champions.seconds))

    async def _copier(self) -> None:
        while True:
            copy = await self._copies.get()
            try:
                if copy.trial is self.trial and copy.trial.gets_copies:
                    self._metrics.copies.inc()
                    self.judge(copy.trial, await self.attempt(copy.trial, copy.asked), copy.seconds)
            except Exception:
                log.exception("a copy could not be sent")
            finally:
                self._copied -= len(copy.asked.body)

    async def _pinger(self) -> None:
        """A new challenger is on trial once it answers: until then its server is being started."""
        while True:
            trial = self.trial
            if trial is not None and trial.state == "waiting":
                attempt = await self.attempt(trial, _PING)
                if attempt.reason is None:
                    trial.up()
                    self._show()
            await asyncio.sleep(_PING_SECONDS)

    def _show(self) -> None:
        metrics, trial = self._metrics, self.trial
        metrics.challenger.clear()
        if trial is not None:
            metrics.challenger.labels(trial.state, trial.server.version).set(1)
            metrics.evidence.labels("failures").set(trial.evidence.failures.evidence)
            metrics.evidence.labels("slowness").set(trial.evidence.slowness.evidence)

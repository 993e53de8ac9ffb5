"""Who answers a request: the champion, or a challenger on trial that gives a good answer in time.

Everything goes to the champion as it came, and its answer comes back as it is. Of prediction requests a *shadow* gets a
copy after the champion has answered; a *canary* answers its share, and where it gives no good answer in time the
champion answers after all. So whatever a challenger does, the client gets what the champion says. A canary with a share
of less than 10 % gets copies for the rest, so that at one request a second a broken one is known in a minute (99.8 %).
While the champion's server is being replaced, its port refuses connections: a prediction waits for it.

`X-Predictor: NAME` in a request asks that predictor alone, outside of the trial: as `verify` does.
"""

import asyncio
import logging
import time
from random import SystemRandom
from typing import Any, Final

from steps.router.alarm import LEVEL
from steps.router.calls import Answer, Asked, Caller, Unanswered
from steps.router.metrics import Metrics
from steps.router.routes import Routes
from steps.router.trial import Memory, Trial
from steps.router.trying import Trying

log = logging.getLogger("steps.router")

PREDICTIONS: Final = frozenset(("/predict", "/api/v1.0/predictions", "/api/v0.1/predictions"))
CHOICE: Final = "X-Predictor"

_ANSWER_SECONDS: Final = 60.0
_LOOKED_AT: Final = 10  # per cent


class Proxy:
    """One deployment's. Must be made while an event loop runs. `patience`: seconds that a prediction waits for a
    champion that cannot be reached; `limit`: seconds that a challenger has at least."""

    def __init__(self, memory: Memory, *, patience: float, limit: float) -> None:
        self.routes: Routes | None = None
        self.informed = False  # whether it was said where requests go, or that nothing is deployed yet
        self.metrics = Metrics()
        self._patience = patience
        self._caller = Caller()
        self._trying = Trying(self._caller, self.metrics, memory, limit)
        self._random = SystemRandom()

    async def close(self) -> None:
        """Give up what no client waits for."""
        await self._trying.close()
        await self._caller.close()

    def follow(self, routes: Routes | None) -> None:
        """From now on requests go there. What is not deployed (None), and a champion that has no address yet, leave
        their predecessors in place."""
        self.informed = True
        if routes is None:
            return
        before = self.routes
        if routes.champion.url is None:
            if before is None:
                return
            routes = Routes(routes.name, before.champion, None, "direct", 0, before.generation)
        self.routes = routes
        new_champion = before is None or before.champion.key != routes.champion.key
        self._trying.follow(routes.challenger, new_champion=new_champion)
        self.metrics.share.set(routes.share)
        log.info("%s", _told(routes), extra={"fields": {"generation": routes.generation}})

    def about(self) -> dict[str, Any]:
        """Who answers, and how the trial stands."""
        routes, trial = self.routes, self._trying.trial
        if routes is None:
            return {"ready": False}
        champion = routes.champion
        return {
            "ready": True,
            "deployment": routes.name,
            "mode": routes.mode,
            "share": routes.share,
            "generation": routes.generation,
            "level": LEVEL,
            "champion": {"name": champion.name, "url": champion.url, "version": champion.version},
            "challenger": trial.about() if trial else None,
        }

    async def answer(self, routes: Routes, asked: Asked, path: str, choice: str | None) -> tuple[str, Answer]:
        """Which predictor answers, and what. `path`: without the query. `choice`: the one that is to answer.

        Raises:
            Unanswered: none does.
        """
        if not (asked.method == "POST" and path in PREDICTIONS):
            server = routes.champion
            return server.name, await self._caller.call(str(server.url), asked, seconds=_ANSWER_SECONDS)
        if choice is not None:
            return choice, await self._chosen(routes, asked, choice)
        trial = self._trying.trial
        if trial is None or not trial.gets_copies:
            return routes.champion.name, await self._champion(routes, asked)
        if routes.mode == "canary" and trial.may_answer:
            draw = self._random.random() * 100
            if draw < routes.share:
                return await self._tried(routes, trial, asked)
            copied = draw < _LOOKED_AT
        else:
            copied = True
        answer = await self._champion(routes, asked)
        if copied:
            self._trying.copy(trial, asked, answer)
        return routes.champion.name, answer

    async def _chosen(self, routes: Routes, asked: Asked, choice: str) -> Answer:
        if choice == routes.champion.name:
            return await self._champion(routes, asked)
        challenger = routes.challenger
        if challenger is None or challenger.url is None or choice != challenger.name:
            raise Unanswered("unreachable", 0)
        return await self._caller.call(challenger.url, asked, seconds=_ANSWER_SECONDS)

    async def _champion(self, routes: Routes, asked: Asked) -> Answer:
        """The champion's answer to a prediction. While it cannot be reached it is asked again: nothing was answered,
        and to predict twice changes nothing."""
        start, pause = time.monotonic(), 0.02
        while True:
            server = (self.routes or routes).champion  # it may have moved meanwhile
            try:
                answer = await self._caller.call(str(server.url), asked, seconds=_ANSWER_SECONDS)
            except Unanswered as error:
                waited = time.monotonic() - start
                if error.reason == "timeout" or waited > self._patience:
                    raise Unanswered(error.reason, waited) from error
                await asyncio.sleep(pause)
                pause = min(2 * pause, 0.2)
                continue
            if answer.good:
                self._trying.champion_took(answer.seconds)
                self.metrics.seconds.labels(server.name).observe(answer.seconds)
            return answer

    async def _tried(self, routes: Routes, trial: Trial, asked: Asked) -> tuple[str, Answer]:
        """The challenger's answer if it is a good one in time, else the champion's."""
        attempt = await self._trying.attempt(trial, asked)
        if attempt.answer is not None and attempt.reason is None:
            self._trying.judge(trial, attempt)
            return trial.server.name, attempt.answer
        self.metrics.fallbacks.labels(attempt.reason).inc()
        answer = await self._champion(routes, asked)
        if answer.good:
            self._trying.judge(trial, attempt, answer.seconds)
        return routes.champion.name, answer


def _told(routes: Routes) -> str:
    who = f"{routes.name}: {routes.champion.name} at {routes.champion.url} answers"
    if routes.challenger is None:
        return who
    part = f"gets {routes.share} % of the predictions" if routes.mode == "canary" else "gets a copy of each prediction"
    return f"{who}; {routes.challenger.name} at {routes.challenger.url} {part}"

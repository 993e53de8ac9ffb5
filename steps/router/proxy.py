"""Passing requests on: to the champion, and what the challenger's trial wants to the challenger.

Everything goes to the champion as it came, and its answer comes back as it is. Of prediction requests a *shadow* gets a
copy after the champion has answered; a *canary* answers its share, and where it gives no good answer in time the
champion answers after all. So whatever a challenger does, the client gets what the champion says. While the champion's
server is being replaced, its port refuses connections: a prediction waits for it.

Copies go one at a time, so that they do not wait for each other at a server that does one thing at a time.

Bounded: a request has at most 32 MB, those under way 256 MB in all, copies that wait 64 MB and 100. What is more is
refused with 413 or 503; a copy is dropped and counted.

`X-Predictor: NAME` in a request asks that predictor alone, outside of the trial: as `verify` does.
"""

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from random import SystemRandom
from typing import Any, Final

from aiohttp import web

from steps.router.alarm import LEVEL, Pace
from steps.router.calls import Answer, Asked, Caller, Unanswered, passed_on
from steps.router.metrics import Metrics
from steps.router.routes import Routes, Server
from steps.router.trial import Memory, Trial

log = logging.getLogger("steps.router")

PREDICTIONS: Final = frozenset(("/predict", "/api/v1.0/predictions", "/api/v0.1/predictions"))
CHOICE: Final = "X-Predictor"

_LARGEST: Final = 32 * 2**20  # bytes of a request, as the model server has it
_UNDER_WAY: Final = 256 * 2**20
_COPIES: Final = 100
_COPIED: Final = 64 * 2**20
_ANSWER_SECONDS: Final = 60.0
_BODY_SECONDS: Final = 30.0
_PING_SECONDS: Final = 0.5
_TIMES: Final = 3  # as long as the champion usually takes


@dataclass(frozen=True)
class Copy:
    """A request for a shadow, and how long the champion took for it."""

    trial: Trial
    asked: Asked
    seconds: float


@dataclass(frozen=True)
class Attempt:
    """What came of asking the challenger. `reason`: what is wrong with it; None if nothing is. `limit`: the seconds
    that it had."""

    answer: Answer | None
    reason: str | None
    limit: float


class Proxy:
    """One deployment's. Must be made while an event loop runs. `patience`: seconds that a prediction waits for a
    champion that cannot be reached; `limit`: seconds that a challenger has at least."""

    def __init__(self, memory: Memory, *, patience: float, limit: float) -> None:
        self.routes: Routes | None = None
        self.trial: Trial | None = None
        self.metrics = Metrics()
        self._memory, self._patience, self._limit = memory, patience, limit
        self._caller = Caller()
        self._pace = Pace()
        self._random = SystemRandom()
        self._under_way = self._copied = 0
        self._copies: asyncio.Queue[Copy] = asyncio.Queue(_COPIES)
        self._tasks = [asyncio.create_task(self._copier()), asyncio.create_task(self._pinger())]

    async def close(self) -> None:
        """Give up what no client waits for."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._caller.close()

    def follow(self, routes: Routes) -> None:
        """From now on requests go there. A champion that has no address yet leaves its predecessor in place."""
        before = self.routes
        if routes.champion.url is None:
            if before is None:
                return
            routes = Routes(routes.name, before.champion, None, "direct", 0, before.generation)
        if before is None or before.champion.key != routes.champion.key:
            self._pace = Pace()
        self.routes = routes
        self._try(routes.challenger)
        self.metrics.share.set(routes.share)
        log.info("%s", _told(routes), extra={"fields": {"generation": routes.generation}})

    def _try(self, challenger: Server | None) -> None:
        if challenger is None or challenger.url is None:
            self.trial = None
        elif self.trial is None or self.trial.server != challenger:
            self.trial = Trial(challenger, self._memory)
        self._show()

    def about(self) -> dict[str, Any]:
        """Who answers, and how the trial stands."""
        routes = self.routes
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
            "challenger": self.trial.about() if self.trial else None,
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if not request.raw_path.startswith("/"):
            return _refused(400, "the target is no path")
        size = request.content_length if request.content_length is not None else _LARGEST * request.can_read_body
        if size > _LARGEST:
            return _refused(413, f"the request has {size} bytes; wanted at most {_LARGEST}")
        if self.routes is None or self._under_way + size > _UNDER_WAY:
            return _refused(503, "no model is served here yet" if self.routes is None else "too much is under way")
        self._under_way += size
        try:
            headers = passed_on(request.headers, (CHOICE.lower(), "expect"))
            async with asyncio.timeout(_BODY_SECONDS):
                body = await request.read()
            asked = Asked(request.method, request.raw_path, headers, body)
            name, answer = await self._answered(self.routes, asked, request.headers.get(CHOICE), request.path)
        except Unanswered as error:
            code = 504 if error.reason == "timeout" else 503
            self.metrics.requests.labels("", str(code)).inc()
            return _refused(code, f"the model server did not answer ({error.reason}, {error.seconds:.1f} s)")
        except TimeoutError:
            return _refused(408, f"the request did not end within {_BODY_SECONDS:g} s")
        finally:
            self._under_way -= size
        self.metrics.requests.labels(name, str(answer.status)).inc()
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def _answered(self, routes: Routes, asked: Asked, choice: str | None, path: str) -> tuple[str, Answer]:
        """Who answers, and what. Raises Unanswered."""
        if not (asked.method == "POST" and path in PREDICTIONS):
            return routes.champion.name, await self._caller.call(
                str(routes.champion.url), asked, seconds=_ANSWER_SECONDS
            )
        trial = self.trial
        if choice is not None:
            return choice, await self._chosen(routes, asked, choice)
        share = routes.share if trial is not None and trial.may_answer and routes.mode == "canary" else 0
        if trial is not None and share and self._random.random() * 100 < share:
            return await self._tried(routes, trial, asked)
        answer = await self._champion(routes, asked)
        if trial is not None and trial.gets_copies and (routes.mode == "shadow" or not trial.may_answer):
            self._copy(Copy(trial, asked, answer.seconds), good=answer.good)
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
                self._pace.see(answer.seconds)
                self.metrics.seconds.labels(server.name).observe(answer.seconds)
            return answer

    async def _tried(self, routes: Routes, trial: Trial, asked: Asked) -> tuple[str, Answer]:
        """The challenger's answer if it is a good one in time, else the champion's."""
        attempt = await self._attempt(trial, asked)
        if attempt.answer is not None and attempt.reason is None:
            self._judge(trial, attempt)
            return trial.server.name, attempt.answer
        self.metrics.fallbacks.labels(attempt.reason).inc()
        answer = await self._champion(routes, asked)
        if answer.good:
            self._judge(trial, attempt, answer.seconds)
        return routes.champion.name, answer

    async def _attempt(self, trial: Trial, asked: Asked) -> Attempt:
        """What comes of asking the challenger. It has some time, and more where the champion itself takes long."""
        limit = max(self._limit, _TIMES * (self._pace.usual or 0))
        try:
            answer = await self._caller.call(str(trial.server.url), asked, seconds=limit)
        except Unanswered as error:
            return Attempt(None, error.reason, limit)
        self.metrics.seconds.labels(trial.server.name).observe(answer.seconds)
        return Attempt(answer, None if answer.good else str(answer.status), limit)

    def _judge(self, trial: Trial, attempt: Attempt, champion: float = 0) -> None:
        """Count a call of the challenger that the champion answered well, in so many seconds, or would have. That it
        took too long is no fault of its own where the champion took long too: it was much that was asked."""
        if attempt.reason == "timeout" and champion > attempt.limit / 2:
            return
        failed, limit = attempt.reason is not None, self._pace.limit
        answer = attempt.answer
        slow = answer.seconds > limit if answer is not None and not failed and limit is not None else None
        before = trial.state
        trial.see(failed=failed, slow=slow)
        if failed or slow:
            self.metrics.bad.labels("failed" if failed else "slow").inc()
        if trial.alarm is not None and trial.state != before:
            self.metrics.alarms.labels(trial.alarm.why).inc()
        self._show()

    def _copy(self, copy: Copy, *, good: bool) -> None:
        """Send a copy by and by, unless too many wait, or the champion had no good answer to compare with."""
        size = len(copy.asked.body)
        if not good:
            return
        if self._copies.full() or self._copied + size > _COPIED:
            self.metrics.dropped.inc()
            return
        self._copied += size
        self._copies.put_nowait(copy)

    async def _copier(self) -> None:
        while True:
            copy = await self._copies.get()
            try:
                if copy.trial is self.trial and copy.trial.gets_copies:
                    self.metrics.copies.inc()
                    self._judge(copy.trial, await self._attempt(copy.trial, copy.asked), copy.seconds)
            except Exception:
                log.exception("a copy could not be sent")
            finally:
                self._copied -= len(copy.asked.body)

    async def _pinger(self) -> None:
        """A new challenger is on trial once it answers: until then its server is being started."""
        ping = Asked("GET", "/health/ping", passed_on(web.Response().headers), b"")
        while True:
            trial = self.trial
            if trial is not None and trial.state == "waiting":
                try:
                    answer = await self._caller.call(str(trial.server.url), ping, seconds=self._limit)
                    if answer.good:
                        trial.up()
                        self._show()
                except Unanswered:
                    pass
            await asyncio.sleep(_PING_SECONDS)

    def _show(self) -> None:
        metrics, trial = self.metrics, self.trial
        metrics.challenger.clear()
        if trial is not None:
            metrics.challenger.labels(trial.state, trial.server.version).set(1)
            metrics.evidence.labels("failures").set(trial.evidence.failures.evidence)
            metrics.evidence.labels("slowness").set(trial.evidence.slowness.evidence)


def application(proxy: Proxy) -> web.Application:
    """What is served: the router's own pages, and everything else passed on."""

    async def about(_request: web.Request) -> web.Response:
        return web.json_response(proxy.about())

    async def ready(_request: web.Request) -> web.Response:
        return web.Response(text="ready") if proxy.routes is not None else _refused(503, "no model is served here yet")

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=proxy.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    app = web.Application(client_max_size=_LARGEST + 1)
    app.router.add_get("/router", about)
    app.router.add_get("/router/ready", ready)
    app.router.add_get("/router/metrics", metrics)
    app.router.add_route("*", "/{path:.*}", proxy.handle)
    return app


def _refused(code: int, words: str) -> web.Response:
    """An answer of our own, in Seldon's form."""
    reason = "BAD_REQUEST" if code < 500 else "NO_ANSWER"
    status = {"status": {"status": 1, "info": words, "code": code, "reason": reason}}
    return web.Response(status=code, text=json.dumps(status), content_type="application/json")


def _told(routes: Routes) -> str:
    who = f"{routes.name}: {routes.champion.name} at {routes.champion.url} answers"
    if routes.challenger is None:
        return who
    part = f"gets {routes.share} % of the predictions" if routes.mode == "canary" else "gets a copy of each prediction"
    return f"{who}; {routes.challenger.name} at {routes.challenger.url} {part}"

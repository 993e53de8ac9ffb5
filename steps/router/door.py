"""Where clients come in: requests are read whole and within bounds, and the router's own pages are shown.

A request has at most 32 MB, as the model server has it, and 30 seconds to end; under way are at most 1,000 requests and
256 MB in all. What is more is refused with 413, 408 or 503, in Seldon's form.
"""

import asyncio
import json
from typing import Final

from aiohttp import web

from steps.router.calls import Asked, Unanswered, passed_on
from steps.router.proxy import CHOICE, Proxy

_LARGEST: Final = 32 * 2**20  # bytes
_UNDER_WAY: Final = 256 * 2**20
_AT_ONCE: Final = 1_000
_BODY_SECONDS: Final = 30.0


class Door:
    """One router's."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._bytes = self._requests = 0

    def application(self) -> web.Application:
        """What is served: the router's own pages, and everything else passed on."""
        app = web.Application(client_max_size=_LARGEST + 1)
        app.router.add_get("/router", self._about)
        app.router.add_get("/router/ready", self._ready)
        app.router.add_get("/router/metrics", self._metrics)
        app.router.add_route("*", "/{path:.*}", self._passed_on)
        return app

    async def _about(self, _request: web.Request) -> web.Response:
        return web.json_response(self._proxy.about())

    async def _ready(self, _request: web.Request) -> web.Response:
        """Not whether there is a model: a router that waited for its first one would hold up what installs both."""
        return web.Response(text="ready") if self._proxy.informed else _refused(503, "it is not known yet who answers")

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._proxy.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _passed_on(self, request: web.Request) -> web.Response:
        size = request.content_length if request.content_length is not None else _LARGEST * request.can_read_body
        if (refused := self._too_much(request, size)) is not None:
            return refused
        self._bytes += size
        self._requests += 1
        try:
            return await self._answered(request)
        except Unanswered as error:
            code = 504 if error.reason == "timeout" else 503
            self._proxy.metrics.requests.labels("", str(code)).inc()
            return _refused(code, f"the model server did not answer ({error.reason}, {error.seconds:.1f} s)")
        except TimeoutError:
            return _refused(408, f"the request did not end within {_BODY_SECONDS:g} s")
        finally:
            self._bytes -= size
            self._requests -= 1

    def _too_much(self, request: web.Request, size: int) -> web.Response | None:
        if not request.raw_path.startswith("/"):  # it would become a part of the server's address
            return _refused(400, "the target is no path")
        if size > _LARGEST:
            return _refused(413, f"the request has {size} bytes; wanted at most {_LARGEST}")
        if self._bytes + size > _UNDER_WAY or self._requests >= _AT_ONCE:
            return _refused(503, "too much is under way; try again")
        return None

    async def _answered(self, request: web.Request) -> web.Response:
        async with asyncio.timeout(_BODY_SECONDS):
            body = await request.read()
        routes = self._proxy.routes
        if routes is None:
            return _refused(503, "no model is served here yet")
        headers = passed_on(request.headers, (CHOICE.lower(), "expect"))
        asked = Asked(request.method, request.raw_path, headers, body)
        name, answer = await self._proxy.answer(routes, asked, request.path, request.headers.get(CHOICE))
        self._proxy.metrics.requests.labels(name, str(answer.status)).inc()
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


def _refused(code: int, words: str) -> web.Response:
    """An answer of our own."""
    reason = "BAD_REQUEST" if code < 500 else "NO_ANSWER"
    status = {"status": {"status": 1, "info": words, "code": code, "reason": reason}}
    return web.Response(status=code, text=json.dumps(status), content_type="application/json")

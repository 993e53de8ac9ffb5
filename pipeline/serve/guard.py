"""Who may ask. The API starts processes, and any web page can send a request to 127.0.0.1, so a request must come from
a program on this machine or from the server's own pages: its Host must be the server's (DNS rebinding), and what a
browser says of its origin too.
"""

import hmac
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.serve.answers import refusal
from pipeline.serve.problems import Problem

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'self'"
)
SANDBOX: Final = "sandbox; base-uri 'none'; default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"


class Guard:
    """Before every route. `hosts`: the names under which the server may be asked; `token`: what a client must bring;
    empty where none is needed."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], token: str) -> None:
        self._app, self._hosts, self._token = app, frozenset(hosts), token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = self._problem(Headers(scope=scope))

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", POLICY)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("X-Frame-Options", "SAMEORIGIN")
                headers.setdefault("Referrer-Policy", "no-referrer")
            await send(message)

        await (refusal(problem) if problem is not None else self._app)(scope, receive, sent)

    def _problem(self, headers: Headers) -> Problem | None:
        host = headers.get("host", "")
        if _name(f"//{host}") not in self._hosts:
            return Problem(7, f"the Host {host!r:.80} is not this server's; ask {', '.join(sorted(self._hosts))}")
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        if (origin is not None and urlsplit(origin).netloc != host) or site not in ("none", "same-origin"):
            return Problem(7, "the request comes from another site's page, and is refused")
        if self._token and not hmac.compare_digest(self._token.encode(), _given(headers).encode()):
            return Problem(16, "token not valid; give it as ARGO_TOKEN='Bearer …'")
        return None


def _name(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _given(headers: Headers) -> str:
    """The token of a request: the header's, or the cookie's that the UI sends."""
    found = headers.get("authorization", "")
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == "authorization" and not found:
            found = value.strip('"')
    return found.removeprefix("Bearer ").strip()

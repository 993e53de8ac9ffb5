"""One request to one server, read whole and bounded in time."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

Reason = Literal["unreachable", "timeout"]

_OWN: Final = {  # a connection's, RFC 9110 7.6.1, and what is computed again
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
    *("te", "trailer", "transfer-encoding", "upgrade", "content-length"),
}
_CONNECT_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Asked:
    """A request. `target`: path and query as they came, from the first `/` on."""

    method: str
    target: str
    headers: CIMultiDict[str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What a server said, and after how many seconds."""

    status: int
    headers: CIMultiDict[str]
    body: bytes
    seconds: float

    @property
    def good(self) -> bool:
        """Whether it is what was asked for."""
        return 200 <= self.status < 300


class Unanswered(Exception):
    """A server gave no answer. `seconds`: how long it was waited for."""

    def __init__(self, reason: Reason, seconds: float) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.seconds = seconds


def passed_on(headers: CIMultiDictProxy[str] | CIMultiDict[str], without: Iterable[str] = ()) -> CIMultiDict[str]:
    """The headers that go on to the next hop."""
    named = {each.strip().lower() for each in headers.get("Connection", "").split(",")}
    left_out = _OWN | named | set(without)
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in left_out)


class Caller:
    """Calls servers by one pool of connections. Must be made while an event loop runs."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=1),  # the model server closes after 2 seconds
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()

    async def call(self, server: str, asked: Asked, *, seconds: float) -> Answer:
        """What `server` (an address without a path) says.

        Raises:
            Unanswered: nothing within `seconds`, or it cannot be reached.
        """
        start = time.perf_counter()
        limits = aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, _CONNECT_SECONDS))
        headers: Mapping[str, str] = asked.headers
        try:
            async with self._session.request(
                asked.method,
                URL(server + asked.target, encoded=True),
                headers=headers,
                data=asked.body or None,
                allow_redirects=False,
                timeout=limits,
            ) as answer:
                body = await answer.read()
                return Answer(answer.status, passed_on(answer.headers), body, time.perf_counter() - start)
        except TimeoutError as error:
            raise Unanswered("timeout", time.perf_counter() - start) from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unanswered("unreachable", time.perf_counter() - start) from error

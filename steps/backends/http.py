"""HTTP for a server that may be absent, silent, slow or lying: every call is short, complete, or a clear error.

requests limits the wait for a byte, not for an answer; so the body is read here as it arrives, against a deadline and
up to a size limit (urllib3 checks that it is as long as announced). Bodies are kept as sent: a `.gz` that a server
calls an encoding stays compressed.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import requests
import urllib3
from requests.adapters import HTTPAdapter

from steps.errors import StepError

ATTEMPTS = 3
_RETRIED = (429, 500, 502, 503, 504)
_CONNECTIONS = 32
_PIECE = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """A server's answer. `body` is empty for HEAD and holds at most one byte more than the limit."""

    url: str
    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """The header, or an empty string."""
        return self.headers.get(name.lower(), "")


class Client:
    """GET and HEAD with a few tries. `timeout`: seconds without a byte; a whole answer may take three times that.

    Raises:
        StepError: after the last try it did not answer, not in time, or broke off.
    """

    def __init__(self, *, timeout: float, headers: Mapping[str, str] | None = None, attempts: int = ATTEMPTS) -> None:
        self._timeout, self._attempts = timeout, attempts
        self._session = requests.Session()
        self._session.headers.update(headers or {})
        self._session.headers["Accept-Encoding"] = "identity"
        adapter = HTTPAdapter(pool_maxsize=_CONNECTIONS)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def get(self, url: str, limit: int) -> Answer:
        """The answer to GET, its body up to `limit` + 1 bytes."""
        return self._insist(url, lambda: self._once("GET", url, limit))

    def head(self, url: str) -> Answer:
        """The answer to HEAD."""
        return self._insist(url, lambda: self._once("HEAD", url, 0))

    def _insist(self, url: str, call: Callable[[], Answer]) -> Answer:
        """The first answer that is not a temporary fault of the server, or the last one."""
        for attempt in range(1, self._attempts + 1):
            try:
                answer = call()
                if answer.status not in _RETRIED or attempt == self._attempts:
                    return answer
            except (requests.RequestException, urllib3.exceptions.HTTPError, _TooSlowError) as error:
                if attempt == self._attempts:
                    raise StepError(f"{url}: {self._words(error)}; is the address right, and the server up?") from error
            time.sleep(min(0.25 * 2**attempt, self._timeout))
        raise AssertionError("the last attempt returns or raises")

    def _once(self, method: str, url: str, limit: int) -> Answer:
        deadline = time.monotonic() + 3 * self._timeout
        timeouts = (min(self._timeout, 10), self._timeout)
        with self._session.request(method, url, stream=True, timeout=timeouts) as response:
            body = b"" if method == "HEAD" else self._body(response, limit, deadline)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(url, response.status_code, headers, body)

    def _body(self, response: requests.Response, limit: int, deadline: float) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while size <= limit:
            piece = response.raw.read1(min(_PIECE, limit + 1 - size), decode_content=False)
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
            if time.monotonic() > deadline:
                raise _TooSlowError(f"it sent {size} bytes in {3 * self._timeout:g} s and had not ended")
        return b"".join(pieces)

    def _words(self, error: Exception) -> str:
        if isinstance(error, _TooSlowError):
            return str(error)
        if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ReadTimeout | _Silent):
            return f"it did not answer within {self._timeout:g} s"
        if isinstance(error, requests.exceptions.ConnectionError):
            return f"no connection ({_innermost(error)})"
        return f"it broke off ({_innermost(error)})"


class _TooSlowError(Exception):
    """A body that had not arrived in time, in words."""


_Silent = urllib3.exceptions.TimeoutError


def _innermost(error: BaseException) -> str:
    """The message of the innermost error, without the objects that libraries print around it."""
    reason: object = error
    while True:
        inner = getattr(reason, "reason", None) or next(
            (part for part in getattr(reason, "args", ()) if isinstance(part, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            break
        reason = inner
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return str(reason).rpartition(": ")[2] or type(reason).__name__

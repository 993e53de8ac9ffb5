"""Run a module and count its requests to the object store: `python -m tests.bench.simulated.counted FILE MODULE …`.

FILE gets, as JSON, how many requests were dear (PUT, COPY, POST and LIST, by S3's prices) and how many cheap (GET and
HEAD), and the bytes of bodies each way. What is counted went over the wire, repeated attempts too.
"""

import json
import runpy
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from botocore.httpsession import URLLib3Session

KINDS: Final = ("dear", "cheap", "sent", "received")
_LISTS: Final = {"list-type", "prefix", "versions"}


def kind(method: str, url: str) -> str | None:
    """What a request is charged as; None: nothing, as a DELETE is."""
    if method == "DELETE":
        return None
    lists = method == "GET" and _LISTS & parse_qs(urlsplit(url).query, keep_blank_values=True).keys()
    return "dear" if lists or method not in ("GET", "HEAD") else "cheap"


def main(file: Path, module: str) -> None:
    """Run the module as `python -m` does, with what is left of the arguments."""
    counts: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
    lock, send = threading.Lock(), URLLib3Session.send

    def counting(session: URLLib3Session, request: Any) -> Any:
        answer = send(session, request)
        with lock:
            counts[kind(request.method, request.url) or "free"] += 1
            counts["sent"] += _length(request.headers)
            counts["received"] += _length(answer.headers) if request.method != "HEAD" else 0
        return answer

    URLLib3Session.send = counting  # type: ignore[method-assign, assignment]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        file.write_text(json.dumps({name: counts[name] for name in KINDS}), encoding="utf-8")


def _length(headers: Mapping[str, Any]) -> int:
    value = headers.get("Content-Length") or 0
    return int(value if isinstance(value, int) else value.decode() if isinstance(value, bytes) else str(value))


if __name__ == "__main__":
    sys.argv[:3] = sys.argv[2:3]
    main(Path(sys.orig_argv[sys.orig_argv.index("tests.bench.simulated.counted") + 1]), sys.argv[0])

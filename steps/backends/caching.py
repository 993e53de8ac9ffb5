"""Nothing is computed twice: the outputs of a pure step live under a key made of everything they depend on.

A key is a digest of the step's name, its version (the code of `steps/` and the lock of its libraries), its parameters
and the digests of its inputs. Outputs are written first and the marker `done.json` last, so an unmarked folder is work
interrupted by a crash, and is done again.
"""

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from steps.backends.objects import Bucket

_PACKAGE = Path(__file__).parents[1]


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: object) -> str:
    """SHA-256 of `value` (bytes as they are, anything else as canonical JSON), 32 hex digits."""
    body = value if isinstance(value, bytes) else canonical(value).encode()
    return hashlib.sha256(body).hexdigest()[:32]


@cache
def version() -> str:
    """The digest of this package's code and of the versions its libraries are locked to.

    In a container `STEPS_LOCK` names the lock file it was installed from; beside a checkout it is `uv.lock`.
    """
    lock = Path(os.environ.get("STEPS_LOCK") or _PACKAGE.parent / "uv.lock")
    sha = hashlib.sha256(lock.read_bytes() if lock.is_file() else b"")
    for path in sorted(_PACKAGE.rglob("*.py")):
        sha.update(str(path.relative_to(_PACKAGE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return sha.hexdigest()[:32]


def key(step: str, **parts: object) -> str:
    """The cache key of `step` run with `parts`: its parameters and the digests of its inputs."""
    return digest({"step": step, "version": version(), "parts": parts})


def recall(bucket: Bucket, cache_key: str) -> Any | None:
    """What `remember` stored under the key, or None if that work is not done."""
    body = bucket.get(f"cache/{cache_key}/done.json")
    return json.loads(body) if body else None


def remember(bucket: Bucket, cache_key: str, result: object) -> None:
    """Mark the work as done, with its (small) result. Larger outputs are stored before this call."""
    bucket.put(f"cache/{cache_key}/done.json", canonical(result).encode())

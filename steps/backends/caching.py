"""Nothing is computed twice: the outputs of a pure step live under a key made of everything they depend on.

A key is a digest of the step's name, the code that it reaches (`steps.contract.reach`), the versions of its libraries,
its parameters and the digests of its inputs. Outputs are written first and the marker `done.json` last, so an unmarked
folder is work interrupted by a crash, and is done again.
"""

import hashlib
import json
import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from steps.backends.objects import Bucket

_PACKAGE = Path(__file__).parents[1]
_OURS = "learning_pipelines-*.dist-info/METADATA"
_NEEDED = re.compile(r"^Requires-Dist: ([\w.-]+).*\bextra *== *['\"]steps['\"]$", re.MULTILINE)


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: object) -> str:
    """SHA-256 of `value` (bytes as they are, anything else as canonical JSON), 32 hex digits."""
    body = value if isinstance(value, bytes) else canonical(value).encode()
    return hashlib.sha256(body).hexdigest()[:32]


@cache
def libraries() -> str:
    """The digest of the versions of the libraries that steps need.

    In a container `STEPS_LOCK` names the lock file it was installed from; in a checkout it is `uv.lock`. Where the
    package was installed without one, it is what is installed of the libraries that steps need.
    """
    lock = Path(os.environ.get("STEPS_LOCK") or _PACKAGE.parent / "uv.lock")
    return digest(lock.read_bytes() if lock.is_file() else "\n".join(_installed()).encode())


def _installed() -> list[str]:
    """`name-version` of each library that the extra `steps` names, by the folders that installers leave: asking
    `importlib.metadata` for as many takes longer than many a step."""
    wanted = {_plain(name) for file in _PACKAGE.parent.glob(_OURS) for name in _NEEDED.findall(file.read_text("utf-8"))}
    folders = {Path(place) for place in sys.path if place.endswith("-packages")} | {_PACKAGE.parent}
    found = {path.stem for folder in folders for path in folder.glob("*.dist-info")}
    return sorted(each for each in found if _plain(each.partition("-")[0]) in wanted)


def _plain(name: str) -> str:
    """A library's name as it is compared: https://packaging.python.org/en/latest/specifications/name-normalization/"""
    return re.sub(r"[-_.]+", "-", name).lower()


def key(step: str, *, code: str, **parts: object) -> str:
    """The cache key of `step`, computed by `code` (a digest), with `parts`: its parameters and the digests of its
    inputs."""
    return digest({"step": step, "code": code, "libraries": libraries(), "parts": parts})


def recall(bucket: Bucket, cache_key: str) -> Any | None:
    """What `remember` stored under the key, or None if that work is not done."""
    body = bucket.use(f"cache/{cache_key}/done.json")
    return json.loads(body) if body else None


def remember(bucket: Bucket, cache_key: str, result: object) -> None:
    """Mark the work as done, with its (small) result. Larger outputs are stored before this call."""
    bucket.put(f"cache/{cache_key}/done.json", canonical(result).encode())

"""The SeldonDeployment that a router follows: a file on a laptop, the Kubernetes API on a cluster.

The API, by `get` of this one object, and not a ConfigMap in the pod: the kubelet may take more than a minute to bring a
change of that, and it would be a second truth. A source that fails is asked again; the last object stays in force.
"""

import asyncio
import json
import logging
import os
import ssl
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol

import aiohttp

from steps.errors import BadInput

log = logging.getLogger("steps.router")

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_API: Final = "KUBERNETES_SERVICE"  # what Kubernetes tells every pod
_FILE_SECONDS: Final = 0.1
_API_SECONDS: Final = 2.0
_UNASKED: Final = object()
_PATIENCE: Final = aiohttp.ClientTimeout(total=10)


class Trouble:
    """What keeps a source from being read: told once, until it is another or over."""

    def __init__(self) -> None:
        self._told = ""

    def tell(self, words: str) -> None:
        """Say so."""
        if words != self._told:
            self._told = words
            log.warning("%s; it is asked again, and what was read last stays in force", words)

    def over(self) -> None:
        """It was read."""
        self._told = ""


class Source(Protocol):
    """Something that knows the object."""

    def objects(self) -> AsyncIterator[dict[str, Any] | None]:
        """The object as it is, and again whenever it is another; None where nothing is deployed. Never ends."""
        ...


class FileSource:
    """A file that is replaced whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._trouble = Trouble()

    async def objects(self) -> AsyncIterator[dict[str, Any]]:
        """See `Source`."""
        seen: object = None
        while True:
            try:
                about = self._path.stat()
                now = about.st_ino, about.st_mtime_ns, about.st_size
                if now != seen:
                    found = json.loads(self._path.read_text(encoding="utf-8"))
                    seen = now
                    self._trouble.over()
                    yield found
            except (OSError, ValueError) as error:
                self._trouble.tell(f"{self._path} cannot be read: {error}")
            await asyncio.sleep(_FILE_SECONDS)


class KubernetesSource:
    """One SeldonDeployment, read as the pod's account may. `account`: where the kubelet puts that; its token changes.

    Raises:
        BadInput: this is no pod, or it has no account.
    """

    def __init__(self, name: str, account: Path = ACCOUNT) -> None:
        try:
            namespace = (account / "namespace").read_text().strip()
        except OSError as error:
            raise BadInput(f"{account} cannot be read; --kubernetes is for a pod with a service account") from error
        host, port = os.environ.get(f"{_API}_HOST", "kubernetes.default.svc"), os.environ.get(f"{_API}_PORT", "443")
        place = f"[{host}]" if ":" in host else host
        self._url = (
            f"https://{place}:{port}/apis/machinelearning.seldon.io/v1/namespaces/{namespace}/seldondeployments/{name}"
        )
        self._account = account
        self._trouble = Trouble()

    async def objects(self) -> AsyncIterator[dict[str, Any] | None]:
        """See `Source`."""
        seen: object = _UNASKED
        trusted = ssl.create_default_context(cafile=str(self._account / "ca.crt"))
        async with aiohttp.ClientSession(timeout=_PATIENCE, connector=aiohttp.TCPConnector(ssl=trusted)) as session:
            while True:
                try:
                    found = await self._get(session)
                    version = found["metadata"]["resourceVersion"] if found is not None else None
                    self._trouble.over()
                    if version != seen:
                        seen = version
                        yield found
                except (aiohttp.ClientError, OSError, ValueError, LookupError, TypeError) as error:
                    self._trouble.tell(f"{self._url} gave no answer: {error or type(error).__name__}")
                await asyncio.sleep(_API_SECONDS)

    async def _get(self, session: aiohttp.ClientSession) -> dict[str, Any] | None:
        token = (self._account / "token").read_text().strip()
        async with session.get(self._url, headers={"Authorization": f"Bearer {token}"}) as answer:
            if answer.status == HTTPStatus.NOT_FOUND:
                return None
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found

"""The Kubernetes API as a pod sees it: objects and logs of its own namespace.

https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import requests

from pipeline.errors import PipelineError, UserError

_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SECONDS: Final = 20.0


class NotThere(PipelineError):
    """There is no such object."""


class Kubernetes:
    """One namespace. `account`: the folder with the token and the authority's certificate; None where neither is
    wanted, as behind `kubectl proxy`."""

    def __init__(self, address: str, namespace: str, account: Path | None = None) -> None:
        self._address, self.namespace, self._account = address.rstrip("/"), namespace, account

    @classmethod
    def around(cls) -> "Kubernetes":
        """That of the pod in which this process runs.

        Raises:
            UserError: it runs in none.
        """
        host, port = (os.environ.get(f"KUBERNETES_SERVICE_{name}") for name in ("HOST", "PORT"))
        if not host or not _ACCOUNT.is_dir():
            raise UserError("this is no pod with an account; start `kubectl proxy`, and give its address: --api")
        host = f"[{host}]" if ":" in host else host
        namespace = (_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
        return cls(f"https://{host}:{port}", namespace, _ACCOUNT)

    def workflows(self, **query: str) -> dict[str, Any]:
        """The list of all Workflows."""
        return self._json(f"/apis/argoproj.io/v1alpha1/namespaces/{self.namespace}/workflows", query)

    def workflow(self, name: str) -> dict[str, Any]:
        """One of them.

        Raises:
            NotThere: there is none of that name.
        """
        return self._json(f"/apis/argoproj.io/v1alpha1/namespaces/{self.namespace}/workflows/{quote(name, safe='')}")

    def create(self, workflow: Mapping[str, Any]) -> dict[str, Any]:
        """Make a Workflow; it, as it was made."""
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{self.namespace}/workflows"
        return self._json(path, method="POST", body=workflow, kind="application/json")

    def change(self, name: str, spec: Mapping[str, Any]) -> None:
        """Set fields of a Workflow's spec.

        Raises:
            NotThere: there is none of that name.
        """
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{self.namespace}/workflows/{quote(name, safe='')}"
        self._json(path, method="PATCH", body={"spec": spec}, kind="application/merge-patch+json")

    def pods(self, **query: str) -> list[dict[str, Any]]:
        """Those that a selector fits."""
        found: list[dict[str, Any]] = self._json(f"/api/v1/namespaces/{self.namespace}/pods", query)["items"]
        return found

    def log(self, pod: str, **query: str) -> Iterator[str]:
        """The lines of a pod's main container, as they come where `follow` is asked for.

        Raises:
            NotThere: the pod is gone.
        """
        path = f"/api/v1/namespaces/{self.namespace}/pods/{quote(pod, safe='')}/log"
        with self._asked(path, {"container": "main", **query}, stream=True) as answer:
            for line in answer.iter_lines():
                yield line.decode("utf-8", "replace")

    def _json(
        self,
        path: str,
        query: dict[str, str] | None = None,
        *,
        method: str = "GET",
        body: Mapping[str, Any] | None = None,
        kind: str = "",
    ) -> dict[str, Any]:
        sent = None if body is None else json.dumps(body)
        try:
            found: dict[str, Any] = self._asked(path, query or {}, method=method, body=sent, kind=kind).json()
        except ValueError as error:
            raise PipelineError(f"the Kubernetes API answers {path} with what is no JSON: {error}") from None
        return found

    def _asked(
        self,
        path: str,
        query: dict[str, str],
        *,
        stream: bool = False,
        method: str = "GET",
        body: str | None = None,
        kind: str = "",
    ) -> requests.Response:
        headers, verify = {"Content-Type": kind} if kind else {}, True
        if self._account is not None:  # the token is another one every hour
            headers["Authorization"] = f"Bearer {(self._account / 'token').read_text(encoding='utf-8').strip()}"
            verify = str(self._account / "ca.crt")  # type: ignore[assignment]
        try:
            answer = requests.request(
                method, f"{self._address}{path}", params=query, data=body, headers=headers, verify=verify,
                stream=stream, timeout=(_SECONDS, None if stream else _SECONDS),
            )  # fmt: skip
        except requests.RequestException as error:
            raise PipelineError(f"the Kubernetes API at {self._address} cannot be asked: {error}") from None
        if answer.status_code == requests.codes.not_found:
            raise NotThere(f"there is no {path.rpartition('/')[2]} in {self.namespace}")
        if not answer.ok:
            raise PipelineError(f"the Kubernetes API answers {path} with {answer.status_code}: {_words(answer)}")
        return answer


def _words(answer: requests.Response) -> str:
    """What a Status says."""
    try:
        return str(answer.json()["message"])[:400]
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]

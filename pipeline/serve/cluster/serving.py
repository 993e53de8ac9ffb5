"""Serving the pages of a namespace in the foreground."""

from typing import Final

from starlette.applications import Starlette

from pipeline.serve.app import assembled
from pipeline.serve.cluster import streams
from pipeline.serve.cluster.acting import Acting
from pipeline.serve.cluster.kubernetes import Kubernetes
from pipeline.serve.cluster.machine import ClusterMachine
from pipeline.serve.cluster.runs import ClusterRuns
from pipeline.serve.guard import LOOPBACK
from pipeline.serve.pages import routes as pages
from pipeline.serve.state import Service

PORT: Final = 2746


class ClusterService(Service):
    """What the pages of a namespace share. `page`: the address of the Argo UI there; empty where it is not known.
    `acts`: whether they may do more than look."""

    def __init__(self, kubernetes: Kubernetes, page: str, *, acts: bool) -> None:
        self.kubernetes = kubernetes
        self.machine = ClusterMachine(kubernetes)
        self.namespace, self.page = kubernetes.namespace, page.rstrip("/")
        self.runs = ClusterRuns(kubernetes, self.page)  # type: ignore[assignment]  # it has their shape
        self.acts = acts
        if acts:
            self.submitter = self.controller = Acting(kubernetes)  # type: ignore[assignment]  # likewise


def application(kubernetes: Kubernetes, page: str, *, acts: bool) -> Starlette:
    """What uvicorn serves: pages that look, and those behind their buttons if they may act."""
    routes = [*streams.routes(), *pages.looking(), *(pages.acting() if acts else ()), pages.root()]
    return assembled(ClusterService(kubernetes, page, acts=acts), routes, hosts=LOOPBACK, token="")


def serve(kubernetes: Kubernetes, port: int = PORT, page: str = "", *, acts: bool = False) -> None:
    """Serve on the loopback address until interrupted."""
    import uvicorn  # noqa: PLC0415 - slow to import, and an extra's

    print(f"http://127.0.0.1:{port}", flush=True)
    uvicorn.run(
        application(kubernetes, page, acts=acts), host="127.0.0.1", port=port, log_level="warning", access_log=False,
        timeout_graceful_shutdown=1, server_header=False, ws="none",
    )  # fmt: skip

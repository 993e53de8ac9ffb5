"""The command that serves Argo Server's API."""

from pathlib import Path

import click

from pipeline.cli.help import example
from pipeline.cli.place import note_manifests, note_state


@click.command("serve", **example("pipeline serve"))
@click.option("--port", type=click.IntRange(1, 65535), help="Default: 2746, or a free one, which is kept.")
@click.option("--address", default="127.0.0.1", show_default=True, help="Where to listen. Another one needs --token.")
@click.option("--token", default="", envvar="PIPELINE_TOKEN", help="What clients must bring, as ARGO_TOKEN='Bearer …'.")
@click.option(
    "--ui", "folder", type=click.Path(path_type=Path), help="A folder with the Argo UI's files, to be the page."
)
@click.option("--cluster", is_flag=True, help="Only the pages, of the cluster: they look and change nothing.")
@click.option(
    "--act", "acts", is_flag=True, help="With --cluster: they have buttons, for what the account there may do."
)
@click.option("--api", default="", help="With --cluster: what `kubectl proxy` listens on, where this is no pod.")
@click.option("-n", "--namespace", default="mlops", show_default=True, help="With --api.")
@click.option("--argo", "page", default="", help="With --cluster: the Argo UI's address there, to be linked to.")
def serve(
    *,
    port: int | None,
    address: str,
    token: str,
    folder: Path | None,
    cluster: bool,
    api: str,
    namespace: str,
    acts: bool,
    page: str,
) -> None:
    """Serve Argo Server's API for the runs here, so that argo, Hera and the Argo UI work without a cluster."""
    if cluster:
        from pipeline.serve.cluster import serve as look
        from pipeline.serve.cluster.kubernetes import Kubernetes

        look(Kubernetes(api, namespace) if api else Kubernetes.around(), port or 2746, page, acts=acts)
        return
    from pipeline.extras import need_servers
    from pipeline.laptop.machine import LocalMachine
    from pipeline.serve.server import serve as start
    from pipeline.serve.ui import check

    need_servers()
    note_manifests()
    note_state()
    start(LocalMachine.here(), address=address, port=port, token=token, folder=check(folder) if folder else None)

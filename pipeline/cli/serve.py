"""The command that serves Argo Server's API."""

import click

from pipeline.cli.help import example
from pipeline.cli.place import note_manifests, note_state


@click.command("serve", **example("pipeline serve"))
@click.option("--port", type=click.IntRange(1, 65535), help="Default: 2746, or a free one, which is kept.")
@click.option("--address", default="127.0.0.1", show_default=True, help="Where to listen. Another one needs --token.")
@click.option("--token", default="", envvar="PIPELINE_TOKEN", help="What clients must bring, as ARGO_TOKEN='Bearer …'.")
def serve(port: int | None, address: str, token: str) -> None:
    """Serve Argo Server's API for the runs here, so that argo, Hera and the Argo UI work without a cluster."""
    from pipeline.extras import need_servers
    from pipeline.laptop.machine import LocalMachine
    from pipeline.serve.server import serve as start

    need_servers()
    note_manifests()
    note_state()
    start(LocalMachine.here(), address=address, port=port, token=token)

"""The command."""

import signal
from threading import Event

import click

from steps.backends.gauges import scraped
from steps.contract.command import run
from steps.errors import BadInput


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=9100, show_default=True, help="Where to listen.")
@click.option("--address", default="0.0.0.0", show_default=True, help="On which of the machine's addresses.")  # noqa: S104 — a pod
def command(port: int, address: str) -> None:
    """Answer /metrics until SIGTERM."""
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        scraped.serve(address, port, ended)
    except OSError as error:
        raise BadInput(f"cannot listen on {address}, port {port}: {error.strerror or error}") from error


if __name__ == "__main__":
    run(command)

"""What Prometheus may know of the projects here, answered until somebody ends it."""

import signal
from threading import Event

import click

from pipeline.errors import UserError
from pipeline.laptop.machine import LocalMachine
from steps.backends.gauges import scraped


def serve(machine: LocalMachine, address: str, port: int) -> None:
    """Answer `/metrics` on that address until Ctrl-C or SIGTERM.

    Raises:
        UserError: the port is taken.
    """
    machine.use("database")
    ended = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    click.echo(f"http://{address}:{port}/metrics")
    for name, found in machine.stack.metrics().items():
        click.echo(f"{found} of {name}")
    try:
        scraped.serve(address, port, ended)
    except OSError as error:
        raise UserError(f"cannot listen on {address}, port {port}: {error.strerror}; give another --port") from error

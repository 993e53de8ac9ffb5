"""The command: `python -m steps.router`."""

import asyncio
import contextlib
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import click
from aiohttp import web

from steps.contract.command import log, run
from steps.errors import BadInput
from steps.router import routes
from steps.router.door import Door
from steps.router.proxy import Proxy
from steps.router.source import FileSource, KubernetesSource, Source
from steps.router.trial import Memory

_GRACE_SECONDS = 4.0  # for the requests that are under way
_FILES = 4096  # that may be open: two for each request, and some clients that are idle
_IDLE_SECONDS = 30.0  # that a client's connection is kept


@click.command()
@click.option("--file", type=click.Path(path_type=Path), help="The SeldonDeployment, a file of JSON with its status.")
@click.option("--kubernetes", metavar="NAME", help="The SeldonDeployment of that name in this pod's namespace.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=int, required=True, help="The port to listen on.")
@click.option("--memory", type=click.Path(path_type=Path), help="A file that remembers the alarm over a restart.")
@click.option("--patience", type=float, default=15, show_default=True, help="Seconds that a prediction waits.")
@click.option("--limit", type=float, default=1, show_default=True, help="Seconds that a challenger has for an answer.")
def command(
    *,
    file: Path | None,
    kubernetes: str | None,
    host: str,
    port: int,
    memory: Path | None,
    patience: float,
    limit: float,
) -> None:
    """Pass requests on to the predictors of a SeldonDeployment: its champion, and a challenger on trial."""
    if (file is None) == (kubernetes is None):
        raise BadInput("wanted one of --file and --kubernetes")
    source: Source = FileSource(file) if file is not None else KubernetesSource(str(kubernetes))

    def proxy() -> Proxy:
        return Proxy(Memory(memory), patience=patience, limit=limit)

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if most == resource.RLIM_INFINITY else min(most, _FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    asyncio.run(_serve(source, proxy, host, port))


async def _serve(source: Source, make: Callable[[], Proxy], host: str, port: int) -> None:
    proxy = make()
    runner = web.AppRunner(
        Door(proxy).application(),
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=_IDLE_SECONDS,
        shutdown_timeout=_GRACE_SECONDS,
    )
    await runner.setup()
    await web.TCPSite(runner, host, port, backlog=1024).start()
    following = asyncio.create_task(_follow(source, proxy))
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    ended = asyncio.create_task(end.wait())
    await asyncio.wait((following, ended), return_when=asyncio.FIRST_COMPLETED)
    await runner.cleanup()
    await proxy.close()
    if following.done():
        following.result()
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following


async def _follow(source: Source, proxy: Proxy) -> None:
    async for found in source.objects():
        try:
            proxy.follow(None if found is None else routes.read(found))
        except BadInput as error:
            log.warning("%s; what was read before stays in force", error)


if __name__ == "__main__":
    run(command)

"""Feast's own server of the newest features, for clients over HTTP: `POST /get-online-features`.

It reads registry and online store where the steps put them. On a cluster its database role may only read, so what else
Feast's server offers (pushing, materializing) is refused there.
"""

import click

from steps.contract.command import run
from steps.errors import StepError
from steps.featurestore import repository


@click.command()
@click.option("--project", required=True, help="Whose features.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address that it listens at.")
@click.option("--port", type=click.IntRange(1, 65535), default=6566, show_default=True, help="Where it listens.")
@click.option("--fresh-seconds", type=click.IntRange(min=1), default=60, help="How often definitions are read again.")
def command(*, project: str, host: str, port: int, fresh_seconds: int) -> None:
    """Serve the newest features of a project until it is ended."""
    with repository.in_a_line(project):
        store = repository.opened(project)
        views = store.list_feature_views()
    if not views:
        raise StepError(f"{project} has no features in its store yet; run {project}-features first")
    store.serve(host=host, port=port, type_="http", no_access_log=True, workers=1, registry_ttl_sec=fresh_seconds)


if __name__ == "__main__":
    run(command)

"""Feast's own server of the newest features, for clients over HTTP: `POST /get-online-features`.

It reads registry and online store where the steps put them. On a cluster its database role may only read, so what else
Feast's server offers (pushing, materializing) is refused there. Until the workflow has run once, it says so, and is
well.
"""

import time
from typing import TYPE_CHECKING

import click

from steps.contract.command import log, run
from steps.featurestore import repository
from steps.featurestore.waiting import answering

if TYPE_CHECKING:
    from feast import FeatureStore

_LOOK_AGAIN = 3.0  # seconds


@click.command()
@click.option("--project", required=True, help="Whose features.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address that it listens at.")
@click.option("--port", type=click.IntRange(1, 65535), default=6566, show_default=True, help="Where it listens.")
@click.option("--fresh-seconds", type=click.IntRange(min=1), default=60, help="How often definitions are read again.")
def command(*, project: str, host: str, port: int, fresh_seconds: int) -> None:
    """Serve the newest features of a project until it is ended."""
    store = _filled(project)
    if store is None:
        why = f"{project} has no features in its store yet; run {project}-features first"
        log.info(why)
        with answering(host, port, why):
            while store is None:
                time.sleep(_LOOK_AGAIN)
                store = _filled(project)
    store.serve(host=host, port=port, type_="http", no_access_log=True, workers=1, registry_ttl_sec=fresh_seconds)


def _filled(project: str) -> "FeatureStore | None":
    """The project's store, if a run has filled it. A role that may only read cannot make the registry's tables, so a
    registry without them is one that nobody has filled."""
    with repository.in_a_line(project):
        if not repository.begun(project):
            return None
        store = repository.opened(project)
        return store if store.list_feature_views() else None


if __name__ == "__main__":
    run(command)

"""fetch: one worker's share of the plan, from the source into the lake, each file under a key that names its version.

What is already in the lake is not fetched again, so a worker that was killed resumes where it stopped. A day that the
source has patched or withdrawn since the plan was made is left out; the next plan picks it up.
"""

import logging
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import click

from steps.archive import layout
from steps.archive.opening import open_archive
from steps.archive.planned import Wanted, read_plan
from steps.backends.objects import Bucket, Stored, lake
from steps.contract import selection
from steps.contract.command import declaration_option, input_file, run
from steps.contract.declaration import parse
from steps.contract.threads import each

log = logging.getLogger("steps")
_THREADS = 8
_SECONDS_BETWEEN_LINES = 3.0


@click.command()
@declaration_option
@click.option("--plan", "plan_file", required=True, type=input_file, help="The plan, as `plan` wrote it (JSON).")
@click.option("--worker", required=True, type=click.IntRange(min=0), help="This worker's number, from 0.")
@click.option("--workers", required=True, help="The plan's list of workers (JSON).")
@click.option("--timeout", default=20.0, type=click.FloatRange(min=0.1), help="Seconds to wait for a silent source.")
def command(*, declaration: str, plan_file: Path, worker: int, workers: str, timeout: float) -> None:
    """Fetch worker i's items of the plan: i, i + W, i + 2 W, …

    Example: python -m steps.fetch --declaration "$D" --plan plan.json --worker 0 --workers '[0, 1]'
    """
    project = parse(declaration).name
    plan = read_plan(plan_file)
    mine = plan.fetch[worker :: selection.width(workers, worker)]
    store = lake()
    there = _there(store, project, mine)
    missing = [item for item in mine if _keys(project, item).isdisjoint(there)]
    _use_forgotten(store, project, mine, there)
    if not missing:
        log.info("worker %d: %d in the lake already", worker, len(mine))
        return
    archive = open_archive(plan.source, timeout=timeout)

    def take(item: Wanted) -> str:
        body = archive.read(item.found(), layout.LARGEST)
        if body is None:
            return "changed at the source since the plan"
        store.put(layout.raw_key(project, item.location, item.day, item.etag), body)
        return "fetched"

    counts = Counter({"in the lake already": len(mine) - len(missing)})
    said = time.monotonic()
    for number, (_, outcome) in enumerate(each(take, missing, threads=_THREADS), start=1):
        counts[outcome] += 1
        if time.monotonic() - said > _SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            log.info("%d of %d", number, len(missing))
    log.info("worker %d: %s", worker, ", ".join(f"{count} {words}" for words, count in counts.items() if count) or "-")


def _keys(project: str, item: Wanted) -> set[str]:
    """The keys under which an earlier run may have stored the item: as it came, or refused."""
    place = (project, item.location, item.day, item.etag)
    return {layout.raw_key(*place), layout.quarantine_key(*place)}


def _use_forgotten(store: Bucket, project: str, items: tuple[Wanted, ...], there: Mapping[str, Stored]) -> None:
    """A version that the source has gone back to may lie there since long ago."""
    found = [there[key] for item in items for key in _keys(project, item) if key in there]
    for _ in each(lambda one: store.use(one.key), [one for one in found if one.forgotten], threads=_THREADS):
        pass


def _there(store: Bucket, project: str, items: tuple[Wanted, ...]) -> dict[str, Stored]:
    """What is in the lake for those locations and years, from listings rather than one request per item."""
    years = sorted({(item.location, item.day.year) for item in items})
    prefixes = [
        f"{project}/{kind}/location={location}/day={year:04d}-"
        for location, year in years
        for kind in ("raw", "quarantine")
    ]
    listed = each(lambda prefix: list(store.list(prefix)), prefixes, threads=_THREADS)
    return {one.key: one for _, found in listed for one in found}


if __name__ == "__main__":
    run(command)

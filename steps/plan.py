"""plan: which days of a range the lake is missing, or has in a version that the source has since patched.

The source says which days exist and in which version; the catalog says which of those are decided. The rest is the
plan. A day counts once it has ended somewhere on earth by as-of; rows later than as-of are left out when models learn
or predict.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import click

from steps.archive import layout
from steps.archive.base import Archive, Found
from steps.archive.opening import open_archive
from steps.archive.planned import Plan, Wanted
from steps.backends import catalog
from steps.backends.objects import lake
from steps.contract import selection
from steps.contract.command import declaration_option, run, write_json, write_text
from steps.contract.declaration import Declaration, parse
from steps.contract.threads import each
from steps.errors import BadInput

log = logging.getLogger("steps")
_THREADS = 16
_EARLIEST_MIDNIGHT = timedelta(hours=14)  # before UTC's, in Kiribati


@click.command()
@declaration_option
@click.option("--source", required=True, help="An archive's address (http, https), a folder in its layout, or `api`.")
@click.option("--locations", default="", help="Ids, comma-separated; empty: the declared ones.")
@click.option("--parameter", default="", help="The target parameter; empty: the declared one.")
@click.option("--from", "first", default="", help="First day (YYYY-MM-DD); with --to. Empty: the project's window.")
@click.option("--to", "last", default="", help="Last day (YYYY-MM-DD).")
@click.option("--as-of", default="", help="The logical time (RFC 3339); empty: --created.")
@click.option("--created", required=True, help="When the workflow was created (RFC 3339).")
@click.option("--workers", default=4, type=click.IntRange(min=1), help="The most workers that fetch at once.")
@click.option("--timeout", default=20.0, type=click.FloatRange(min=0.1), help="Seconds to wait for a silent source.")
@click.option("--plan-out", required=True, type=click.Path(path_type=Path), help="Where the plan goes (JSON).")
@click.option("--workers-out", required=True, type=click.Path(path_type=Path), help="Where [0, …, W-1] goes (JSON).")
def command(
    *,
    declaration: str,
    source: str,
    locations: str,
    parameter: str,
    first: str,
    last: str,
    as_of: str,
    created: str,
    workers: int,
    timeout: float,
    plan_out: Path,
    workers_out: Path,
) -> None:
    """Find what is missing or patched in a range of days.

    Example: python -m steps.plan --declaration "$D" --source ./archive --from 2016-03-01 --to 2016-03-31
    --created 2016-04-02T00:00:00Z --plan-out plan.json --workers-out workers.json
    """
    project = parse(declaration)
    logical = selection.as_of(as_of, created)
    days = day_range(first, last, logical, project)
    chosen, target = selection.locations(locations, project), selection.parameter(parameter, project)
    most = selection.pods(workers, project)
    archive = open_archive(source, timeout=timeout, parameters=project.spellings(), run=created)
    asked = Asked(source, chosen, target, logical, *days)
    plan, missing = planned(project.name, archive, asked)
    write_text(plan_out, plan.model_dump_json())
    _keep(project.name, missing)
    write_json(workers_out, list(range(min(most, sum(one.body is None for one in missing)))))


@dataclass(frozen=True)
class Asked:
    """What a run is asked about; see `Plan`."""

    source: str
    locations: tuple[int, ...]
    parameter: str
    as_of: datetime
    first: date
    last: date


def planned(project: str, archive: Archive, asked: Asked) -> tuple[Plan, list[Found]]:
    """The plan, and the files it lists as the archive knows them.

    Raises:
        BadInput: neither the archive nor the catalog has data of one of the locations.
    """
    locations, begin, end = asked.locations, asked.first, asked.last
    found = archive.survey(locations, begin, end)
    known = catalog.decided(project, locations, asked.parameter, first=begin, last=end)
    seen = {one.location for one in found} | {location for location, _ in known}
    seen |= catalog.newest(project, locations).keys()
    for location in locations:
        if location not in seen and not archive.holds(location):
            where = f"at {asked.source} from {begin} to {end}"
            raise BadInput(f"no data of location {location} {where}; check its id, the range, the source")
    missing = [one for one in found if one.etag not in known.get((one.location, one.day), ())]
    absent = len(locations) * ((end - begin).days + 1) - len(found)
    log.info(
        "%d location-days from %s to %s: %d to fetch, %d known, %d without a file",
        *(len(found) + absent, begin, end),
        *(len(missing), len(found) - len(missing), absent),
    )
    return Plan(**asdict(asked), fetch=tuple(map(Wanted.of, missing)), days_without_file=absent), missing


def day_range(first: str, last: str, as_of: datetime, project: Declaration) -> tuple[date, date]:
    """The first and last day of the run.

    Raises:
        BadInput: one is given without the other, is not a day, or they are in the wrong order or after as-of.
    """
    newest = (as_of + _EARLIEST_MIDNIGHT - timedelta(days=1)).date()
    days = selection.span(first, last)
    if days is None:
        return newest - timedelta(days=project.window_days - 1), newest
    begin, end = days
    if begin > newest:
        raise BadInput(
            f"--from {begin} has not ended by {as_of:%Y-%m-%dT%H:%MZ} (as-of) anywhere; wanted an earlier day"
        )
    if end > newest:
        log.info("days after %s have not ended by as-of and are left out", newest)
    return begin, min(end, newest)


def _keep(project: str, found: Sequence[Found]) -> None:
    """Store the files that came with the answer, so that `fetch` finds them in the lake."""
    bodies = [(layout.raw_key(project, one.location, one.day, one.etag), one.body) for one in found if one.body]
    if bodies:
        store = lake()
        for _ in each(lambda pair: store.put(*pair), bodies, threads=_THREADS):
            pass


if __name__ == "__main__":
    run(command)

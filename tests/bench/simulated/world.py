"""One size of the world: so many locations and days go through every step, and what lies there afterwards is counted.

The archive is made month by month and each month is removed once it is in the lake, so it is never whole on the disk.
"""

import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from pipeline.stack import Stack
from pipeline.stack.object_store import connect, make_bucket
from steps.backends import objects as stores
from tests.bench.simulated.job import PROJECT, Job, Used
from tests.bench.watching_large import asked
from tests.steps.support.openaq import Seeded
from tests.steps.support.released import decide, release
from tests.steps.support.small_model import pack, train, upload

FIRST = 1001


@dataclass(frozen=True)
class Left:
    """What lies in the store (objects and MB by kind) and in the database (rows by table, MB of the file)."""

    objects: dict[str, int]
    stored: dict[str, float]
    rows: dict[str, int]
    database: float


@dataclass(frozen=True)
class Measured:
    """A size. `used`: by step."""

    locations: int
    days: int
    used: dict[str, Used]
    left: Left


def measure(stack: Stack, folder: Path, locations: int, days: int) -> Measured:
    """All steps on so many locations with so many days, then one day more. The monitor looks at a year, whose
    predictions are made up in the database."""
    folder.mkdir(parents=True)
    seeded = Seeded(tuple(range(FIRST, FIRST + locations)), days=days + 1)
    job = Job(folder, folder / "archive", seeded, fetchers=1)
    _settle(stack, folder, f"{locations}-{days}")
    newest = seeded.last - timedelta(days=1)
    for first, last in _months(seeded.first, newest):
        _only(job, first, last)
        job.collect(first, last, "")
    _learn(job, newest)
    _publish(job, newest)
    left = _left(folder)
    window = max(seeded.first, seeded.last - timedelta(days=PROJECT.window_days - 1))
    _only(job, window, seeded.last)
    job.collect(window, seeded.last, ", a day more")
    watched = asked(locations, "as usual")
    job.used["monitor"] = Used(0.0, watched["core"], watched["memory"])
    return Measured(locations, days, job.used, left)


def _settle(stack: Stack, folder: Path, name: str) -> None:
    """Buckets and a database of its own, in the environment of the steps."""
    settings = stack.settings("secret", "object-store")
    settings |= {"LAKE_BUCKET": f"lake-{name}", "ARTIFACTS_BUCKET": f"artifacts-{name}"}
    for bucket in ("LAKE_BUCKET", "ARTIFACTS_BUCKET"):
        make_bucket(connect(settings), settings[bucket])
    os.environ |= {**settings, "DATABASE_URL": f"sqlite:///{folder}/pipeline.db", "LOG_FORMAT": "text"}


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Each month's first and last day."""
    while first <= last:
        after = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first, min(last, after - timedelta(days=1))
        first = after


def _only(job: Job, first: date, last: date) -> None:
    """The archive, with those days alone."""
    shutil.rmtree(job.archive, ignore_errors=True)
    replace(job.seeded, first=first, days=(last - first).days + 1).write(job.archive)


def _learn(job: Job, last: date) -> None:
    """snapshot, and the first trial of each family."""
    dataset, summary = job.folder / "dataset", job.folder / "snapshot.json"
    outputs = ("--dataset-out", dataset, "--workers-out", job.folder / "width.json", "--summary-out", summary)
    created = ("--created", f"{last + timedelta(days=1)}T00:00:00Z")
    job.step("snapshot", "snapshot", "--locations", job.locations, *created, "--workers", 1, *outputs)
    for family in PROJECT.learning.families:
        what = ("--dataset", dataset.read_text(), "--family", family.name)
        job.step("trial", f"trial, {family.name}", *what, "--worker", 0, "--workers", list(range(family.trials)))


def _publish(job: Job, last: date) -> None:
    """The next 24 hours from a model that is live."""
    packed = job.folder / "model"
    digest = pack(train(), packed)
    release(decide("f", 1, model_uri=upload(packed, "model"), digest=digest))
    where = ("--locations", job.locations, "--created", f"{last + timedelta(days=1)}T00:00:00Z")
    job.step("publish", "publish", *where, "--summary-out", job.folder / "published.json")


def _left(folder: Path) -> Left:
    """What there is now."""
    objects, stored = Counter[str](), Counter[str]()
    for one in stores.lake().list(f"{PROJECT.name}/"):
        kind = one.key.split("/")[1]
        objects[kind] += 1
        stored[kind] += one.size
    with closing(sqlite3.connect(folder / "pipeline.db")) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}
    size = sum(file.stat().st_size for file in folder.glob("pipeline.db*")) / 1e6  # with what is not merged into it yet
    megabytes = {kind: size / 1e6 for kind, size in stored.items()}
    return Left(dict(objects), megabytes, {name: count for name, count in rows.items() if count}, size)

"""What may go of the lake: what can be computed or fetched again, or was replaced."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import sqlalchemy as sa

from steps.backends import catalog, datasets, objects
from steps.backends.database import transact
from steps.backends.objects import Bucket
from steps.backends.retention.sets import Kind, Needs, Set, grouped, newest, singly


def kinds(needs: Mapping[str, Needs], before: datetime) -> Iterator[Kind]:
    """Sets that were last written before that time."""
    bucket = objects.lake()
    own: list[Set] = []
    whole: list[Set] = []
    raw: list[Set] = []
    features: list[Set] = []
    for project, kept in needs.items():
        own += [one for one in _datasets(bucket, project, kept) if one.untouched(before)]
        whole += [one for one in _histories(bucket, project) if one.untouched(before)]
        raw += [one for one in _raw(bucket, project, kept) if one.untouched(before)]
        features += _features(bucket, project, before)
    work = [one for one in grouped(bucket, "cache/", _folder, "/done.json").values() if one.untouched(before)]
    yield Kind("datasets", "no model that is live, on trial or to be rolled back to was made of them", own)
    yield Kind("histories so far", "a newer one is there; the rows themselves stay", whole)
    yield Kind("raw files", "the source delivered another version of the day, and no kept dataset names them", raw)
    yield Kind("features", "the month's rows were made again, of other files or by other code", features)
    yield Kind(
        "results of trials, answers of the API", "they are computed or asked for again where they are missing", work
    )


def _folder(rest: str) -> str:
    return rest.partition("/")[0]


def _datasets(bucket: Bucket, project: str, kept: Needs) -> Iterator[Set]:
    """Without the newest, which a training that starts now would find."""
    found = grouped(bucket, f"{project}/datasets/", _folder, "/dataset.json")
    last = newest(found.values())
    return (one for fingerprint, one in found.items() if fingerprint not in kept.datasets and one is not last)


def _histories(bucket: Bucket, project: str) -> Iterator[Set]:
    found = list(singly(bucket, bucket.list(f"{project}/history/upto/")))
    last = newest(found)
    return (one for one in found if one is not last)


def _features(bucket: Bucket, project: str, before: datetime) -> Iterator[Set]:
    """States of a location's month that were replaced before that time. The present one is the newest (see
    `steps.features.computing`)."""
    months = grouped(bucket, f"{project}/features/", lambda rest: rest.rpartition("/")[0], ".parquet")
    for month in months.values():
        last = max(one.modified for one in month.objects)
        if last < before:
            yield from singly(bucket, (one for one in month.objects if one.modified < last))


def _raw(bucket: Bucket, project: str, kept: Needs) -> Iterator[Set]:
    """Files that are of no day's present version. A file that is fetched and not yet decided about is one, too: it is
    fetched again."""
    table = catalog.location_days.c
    present = sa.select(table.raw_key).where(table.project == project)
    wanted = set(transact(lambda connection: connection.execute(present).scalars().all()))
    for fingerprint in kept.datasets:
        wanted |= {file.key for file in datasets.files(bucket, project, fingerprint) or ()}
    return singly(bucket, (one for one in bucket.list(f"{project}/raw/") if one.key not in wanted))

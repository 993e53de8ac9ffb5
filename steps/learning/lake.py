"""Where the lake keeps datasets and the results of trials.

`<project>/datasets/<fingerprint>/` holds dataset.parquet (the rows), trials.json (each family's list of parameters) and
dataset.json, written last: without it the folder is work that a crash cut off. A dataset is written once. Each trial's
result is cached by itself, under a key of its parameters and the fingerprint.
"""

import json
import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pandas as pd

from steps.backends import caching, datasets
from steps.backends.objects import Bucket
from steps.contract.declaration import Judged
from steps.contract.threads import each
from steps.errors import BadInput, CheckFailed
from steps.learning.dataset import Dataset, Series
from steps.learning.table_dataset import Table
from steps.learning.trials import Parameters, TrialResult

Trials = dict[str, list[Parameters]]

_FINGERPRINT = re.compile(r"[0-9a-f]{32}")
_THREADS = 8
_KINDS: Mapping[str, type[Dataset]] = {kind.kind: kind for kind in (Series, Table)}


def save(bucket: Bucket, project: str, dataset: Dataset, trials: Trials, about: Mapping[str, Any]) -> dict[str, Any]:
    """Store a dataset with its trials and what is to be known `about` it (JSON values); what `find` gives back."""
    folder = _folder(project, dataset.fingerprint)
    body = BytesIO()
    dataset.rows.to_parquet(body, index=False)
    bucket.put(f"{folder}/dataset.parquet", body.getvalue())
    bucket.put(f"{folder}/trials.json", caching.canonical(trials).encode())
    whole = {
        **about,
        "data": dataset.kind,
        "fingerprint": dataset.fingerprint,
        "parameter": dataset.parameter,
        "unit": dataset.unit,
        **dataset.about(),
    }
    bucket.put(f"{folder}/dataset.json", caching.canonical(whole).encode())
    return whole


def find(bucket: Bucket, project: str, fingerprint: str) -> dict[str, Any] | None:
    """What is known about a dataset (dataset.json), or None where it is not, or not wholly, there.

    Raises:
        BadInput: that is not a fingerprint.
    """
    _check(fingerprint)
    return datasets.about(bucket, project, fingerprint)


def load(bucket: Bucket, project: str, fingerprint: str) -> Dataset:
    """The dataset with its rows.

    Raises:
        BadInput: that is not a fingerprint.
        CheckFailed: there is no such dataset.
    """
    about = find(bucket, project, fingerprint)
    rows = bucket.get(f"{_folder(project, fingerprint)}/dataset.parquet") if about else None
    if about is None or rows is None:
        raise _gone(project, fingerprint)
    return _KINDS[about["data"]].restore(about, pd.read_parquet(BytesIO(rows)))


def trials(bucket: Bucket, project: str, fingerprint: str) -> Trials:
    """Each family's list of parameters, in order.

    Raises:
        BadInput: that is not a fingerprint.
        CheckFailed: there is no such dataset.
    """
    body = bucket.get(f"{_folder(project, fingerprint)}/trials.json")
    if body is None:
        raise _gone(project, fingerprint)
    found: Trials = json.loads(body)
    return found


def recall(bucket: Bucket, fingerprint: str, family: str, number: int, parameters: Parameters) -> TrialResult | None:
    """The result of a trial, or None where it has not been run."""
    stored = caching.recall(bucket, _key(fingerprint, family, parameters))
    if stored is None:
        return None
    return TrialResult(family, number, parameters, stored["mean"], tuple(stored["folds"]), stored["seconds"])


def remember(bucket: Bucket, fingerprint: str, result: TrialResult) -> None:
    """Store the result of a trial."""
    stored = {"mean": result.mean, "folds": list(result.folds), "seconds": result.seconds}
    caching.remember(bucket, _key(fingerprint, result.family, dict(result.parameters)), stored)


def results(bucket: Bucket, project: str, learning: Judged, fingerprint: str) -> list[TrialResult]:
    """The results of all trials of a dataset, in the order of the families and of their lists.

    Raises:
        BadInput: that is not a fingerprint.
        CheckFailed: there is no such dataset, or some trial has no result.
    """
    lists = trials(bucket, project, fingerprint)
    wanted = [
        (family.name, number, parameters)
        for family in learning.families
        for number, parameters in enumerate(lists.get(family.name, []))
    ]
    found = [result for _, result in each(lambda one: recall(bucket, fingerprint, *one), wanted, threads=_THREADS)]
    missing = [one for one, result in zip(wanted, found, strict=True) if result is None]
    if missing or not wanted:
        which = ", ".join(f"{family} {number}" for family, number, _ in missing[:5])
        raise CheckFailed(
            f"{len(missing)} of {len(wanted)} trials of dataset {fingerprint} have no result ({which}); run them again"
        )
    return [result for result in found if result is not None]


def _key(fingerprint: str, family: str, parameters: Parameters) -> str:
    return caching.key("trial", family=family, parameters=parameters, dataset=fingerprint)


def _folder(project: str, fingerprint: str) -> str:
    _check(fingerprint)
    return datasets.folder(project, fingerprint)


def _check(fingerprint: str) -> None:
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise BadInput(f"--dataset {fingerprint!r} is not a fingerprint; wanted the 32 hex digits that snapshot gave")


def _gone(project: str, fingerprint: str) -> CheckFailed:
    return CheckFailed(f"{project} has no dataset {fingerprint} in the lake; run the training's snapshot again")

"""Where the lake keeps datasets and the results of trials.

`<project>/datasets/<fingerprint>/` holds dataset.parquet (the rows), trials.json (each family's list of parameters) and
dataset.json, written last: without it the folder is work interrupted by a crash. A dataset is written once. Each
trial's result is cached separately, under a key of its parameters and the fingerprint.
"""

import json
import re
from io import BytesIO

import pandas as pd

from steps.backends import caching, datasets
from steps.backends.objects import Bucket
from steps.contract import reach
from steps.contract.declaration import Judged
from steps.contract.threads import each
from steps.errors import BadInput, CheckFailed
from steps.learning.dataset import Dataset, Series
from steps.learning.table_dataset import Table
from steps.learning.trials import Parameters
from steps.summaries import dataset as summaries
from steps.summaries.dataset import SeriesDataset
from steps.summaries.decision import Trial

Trials = dict[str, list[Parameters]]

_FINGERPRINT = re.compile(r"[0-9a-f]{32}")
_THREADS = 8


def save(bucket: Bucket, project: str, dataset: Dataset, trials: Trials) -> None:
    """Store a dataset with its trials and its summary."""
    folder = _folder(project, dataset.fingerprint)
    body = BytesIO()
    dataset.rows.to_parquet(body, index=False)
    bucket.put(f"{folder}/dataset.parquet", body.getvalue())
    bucket.put(f"{folder}/trials.json", caching.canonical(trials).encode())
    bucket.put(f"{folder}/dataset.json", caching.canonical(dataset.summary(trials).to_json()).encode())


def find[S: summaries.Dataset](bucket: Bucket, project: str, fingerprint: str, kind: type[S]) -> S | None:
    """The summary of a dataset (dataset.json) that is learned from now, or None if it is missing or incomplete.

    Raises:
        BadInput: that is not a fingerprint.
    """
    body = bucket.use(f"{_folder(project, fingerprint)}/dataset.json")
    return None if body is None else kind.model_validate_json(body)


def load(bucket: Bucket, project: str, fingerprint: str) -> Dataset:
    """The dataset with its rows.

    Raises:
        BadInput: that is not a fingerprint.
        CheckFailed: there is no such dataset.
    """
    folder = _folder(project, fingerprint)
    about = datasets.about(bucket, project, fingerprint)
    body = bucket.get(f"{folder}/dataset.parquet") if about else None
    if body is None:
        raise _gone(project, fingerprint)
    summary, rows = summaries.read_dataset(about), pd.read_parquet(BytesIO(body))
    return Series.restore(summary, rows) if isinstance(summary, SeriesDataset) else Table.restore(summary, rows)


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


def recall(bucket: Bucket, fingerprint: str, family: str, number: int, parameters: Parameters) -> Trial | None:
    """A trial with its scores, or None if it has not been run."""
    stored = caching.recall(bucket, _key(fingerprint, family, parameters))
    return None if stored is None else Trial(family=family, number=number, parameters=parameters, **stored)


def remember(bucket: Bucket, fingerprint: str, trial: Trial) -> None:
    """Store the scores of a trial."""
    stored = trial.model_dump(mode="json", include={"mean", "folds", "seconds"})
    caching.remember(bucket, _key(fingerprint, trial.family, trial.parameters), stored)


def results(bucket: Bucket, project: str, learning: Judged, fingerprint: str) -> list[Trial]:
    """All trials of a dataset, in the order of the families and of their lists.

    Raises:
        BadInput: that is not a fingerprint.
        CheckFailed: there is no such dataset, or some trial has not been run.
    """
    lists = trials(bucket, project, fingerprint)
    wanted = [
        (family.name, number, parameters)
        for family in learning.families
        for number, parameters in enumerate(lists.get(family.name, []))
    ]
    found = [trial for _, trial in each(lambda one: recall(bucket, fingerprint, *one), wanted, threads=_THREADS)]
    missing = [one for one, trial in zip(wanted, found, strict=True) if trial is None]
    if missing or not wanted:
        which = ", ".join(f"{family} {number}" for family, number, _ in missing[:5])
        raise CheckFailed(
            f"{len(missing)} of {len(wanted)} trials of dataset {fingerprint} have no result ({which}); run them again"
        )
    return [trial for trial in found if trial is not None]


def _key(fingerprint: str, family: str, parameters: Parameters) -> str:
    return caching.key(
        "trial", code=reach.digest("steps.learning.trials"), family=family, parameters=parameters, dataset=fingerprint
    )


def _folder(project: str, fingerprint: str) -> str:
    _check(fingerprint)
    return datasets.folder(project, fingerprint)


def _check(fingerprint: str) -> None:
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise BadInput(f"--dataset {fingerprint!r} is not a fingerprint; wanted the 32 hex digits that snapshot gave")


def _gone(project: str, fingerprint: str) -> CheckFailed:
    return CheckFailed(f"{project} has no dataset {fingerprint} in the lake; run the training's snapshot again")

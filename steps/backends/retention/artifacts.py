"""What may go of the artifacts: models that never served and never will, and what notebooks made long ago."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from steps.backends import objects
from steps.backends.objects import Bucket
from steps.backends.promotions import Promotion
from steps.backends.retention.sets import Kind, Needs, Set, grouped, newest


def kinds(needs: Mapping[str, Needs], before: datetime) -> Iterator[Kind]:
    """Sets that were last written before that time."""
    bucket = objects.artifacts()
    models: list[Set] = []
    notebooks: list[Set] = []
    for project, kept in needs.items():
        models += [one for one in map(_model, kept.gone) if one.objects and one.untouched(before)]
        notebooks += [one for one in _notebooks(bucket, project) if one.untouched(before)]
    yield Kind("models", "they never went live, and their trial or way there has ended", models)
    yield Kind("runs of notebooks", "a newer run's are there", notebooks)


def _model(decision: Promotion) -> Set:
    """All that MLflow keeps of a version, and the pickle beside it. The folder of its own files lies in `data/`."""
    name, _, folder = str(decision.model_uri).removeprefix("s3://").partition("/")
    bucket, version = Bucket(name), int(decision.version or 0)
    package = folder.partition("/data/")[0].rstrip("/")
    own = [*bucket.list(f"{package}/")] if package else []
    pickled = bucket.look(f"{decision.project}/models/{version}/model.pkl")
    return Set(bucket, [*own, *([pickled] if pickled else [])], (decision.project, version))


def _notebooks(bucket: Bucket, project: str) -> Iterator[Set]:
    """By run; what says that tables were delivered goes first. The newest run's stay."""
    found = grouped(bucket, f"notebooks/{project}/", lambda rest: rest.partition("/")[0], "/delivered.json")
    last = newest(found.values())
    return (one for one in found.values() if one is not last)

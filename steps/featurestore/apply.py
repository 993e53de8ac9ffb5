"""Tell Feast what there is, and load each location's newest row into the online store.

It runs in Feast's environment. Where that is another one (a laptop), FEATURES_PYTHON names its Python, and this
process becomes that one. What is loaded is what `publish` would take: the newest hour of the 24 up to as-of. Loading
again changes nothing, and what is of an earlier time than what was loaded before is not loaded.
"""

import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from steps.backends import objects
from steps.contract.command import input_file, log, run
from steps.errors import CheckFailed, StepError
from steps.featurestore import repository
from steps.featurestore.definitions import Definitions, parse

if TYPE_CHECKING:
    from feast import FeatureStore

_PERIOD: Final = timedelta(hours=24)


@click.command()
@click.option("--definitions", type=input_file, required=True, help="What Feast is told, as `flatten` wrote it.")
@click.option("--days", type=click.IntRange(min=1), default=1, help="How many days up to as-of are looked through.")
def command(*, definitions: Path, days: int) -> None:
    """Apply the definitions, and load the newest rows."""
    told = parse(definitions.read_text(encoding="utf-8"))
    files = mirror(told)
    with _quiet(), repository.in_a_line(told.project):
        store = repository.opened(told.project)
        store.apply(repository.objects_of(told, files))
        newest = _load(store, told, days)
    key = f"{told.project}/store/{told.view.name}.applied.json"
    objects.lake().put(key, json.dumps(_applied(told, newest)).encode())
    log.info("%s: %d services, %d locations online", told.view.name, len(told.services), len(newest))
    if told.view.newest <= told.as_of - days * _PERIOD:
        log.warning("nothing was loaded: the newest hour of %s is %s", told.view.name, told.view.newest.isoformat())


def mirror(told: Definitions) -> Path:
    """The folder with the view's files, brought here as far as they are not; DuckDB would download a program of its
    own to read them where they are.

    Raises:
        StepError: one of them is gone or the store does not answer. Worth a retry.
    """
    place = repository.folder(told.project) / "store" / told.view.name
    place.mkdir(parents=True, exist_ok=True)
    wanted = {Path(key).name: key for key in told.view.files}
    for name in sorted(wanted.keys() - {path.name for path in place.iterdir()}):
        part = place / f"{name}.part"
        body = objects.lake().get(wanted[name])
        if body is None:
            raise StepError(f"{wanted[name]} is not in the lake any more; a later run has replaced it")
        part.write_bytes(body)
        part.replace(place / name)
    for path in place.iterdir():
        if path.name not in wanted:
            path.unlink()
    return place


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the progress that Feast prints, and what its libraries warn each other of."""
    import feast  # noqa: F401, PLC0415 - it sets filters of its own, so the one below comes later

    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _load(store: "FeatureStore", told: Definitions, days: int) -> dict[int, datetime]:
    """Load the newest rows, unless later ones are there; the hours that are online then.

    Raises:
        CheckFailed: some are of a later time.
    """
    later = max(_online(store, told).values(), default=told.as_of)
    if later > told.as_of:
        raise CheckFailed(
            f"the online store has {told.view.name} of {later.isoformat()}, later than {told.as_of.isoformat()}; it is "
            "not set back: give a later as-of"
        )
    begin = told.as_of - days * _PERIOD + timedelta(microseconds=1)
    store.materialize(begin, told.as_of, feature_views=[told.view.name])
    return _online(store, told)


def _online(store: "FeatureStore", told: Definitions) -> dict[int, datetime]:
    """The hour of each location's row in the online store."""
    keys = [{"location": location} for location in told.view.locations]
    found = store.get_online_features([f"{told.view.name}:{told.view.features[0]}"], keys).proto.results[-1]
    seconds = (each.seconds for each in found.event_timestamps)
    pairs = zip(told.view.locations, seconds, strict=True)
    return {location: datetime.fromtimestamp(second, UTC) for location, second in pairs if second > 0}


def _applied(told: Definitions, newest: dict[int, datetime]) -> dict[str, Any]:
    """What `pipeline features` shows."""
    return {
        "as_of": told.as_of.isoformat(),
        "services": [one.model_dump(mode="json") for one in told.services],
        "online": {str(location): time.isoformat() for location, time in sorted(newest.items())},
    }


def _become() -> None:
    """Go on as the Python that FEATURES_PYTHON names, if it does."""
    python = os.environ.pop("FEATURES_PYTHON", "")
    if python:
        code = str(Path(__file__).parents[2])
        os.execve(  # noqa: S606
            python, [python, "-P", "-m", __spec__.name, *sys.argv[1:]], {**os.environ, "PYTHONPATH": code}
        )


if __name__ == "__main__":
    _become()
    run(command)

"""What a cluster's tidying does, as its step."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from steps import tidy
from steps.backends import objects, retention
from steps.backends.caching import recall, remember
from steps.errors import BadInput
from tests.steps.support.released import DECLARATION

pytestmark = pytest.mark.usefixtures("store_environment", "database_environment")

LONG_AGO = timedelta(days=40)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is forty days later than the store believes."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Later":
            return cls.fromtimestamp((datetime.now(UTC) + LONG_AGO).timestamp(), tz)

    monkeypatch.setattr(tidy, "datetime", Later)


def run(*options: str) -> None:
    tidy.command(["--declaration", DECLARATION, *options], standalone_mode=False)


def left() -> set[str]:
    return {one.key for one in objects.lake().list("")}


@pytest.fixture
def features() -> set[str]:
    """The keys of two states of a month, the second of which replaced the first."""
    keys = [f"openaq/features/no2/location=7/month=2003-01/{state}.parquet" for state in ("first", "second")]
    objects.lake().put(keys[0], b"x")
    first = objects.lake().look(keys[0])
    assert first
    while (second := objects.lake().look(keys[1])) is None or second.modified == first.modified:
        objects.lake().put(keys[1], b"xx")  # until a store that counts whole seconds tells them apart
    return set(keys)


def test_it_shows_and_removes_only_when_told_to(
    later: None, features: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run("--days", "30", "--remove", "no")
    assert capsys.readouterr().out.startswith("features: 1, 0.0 MB; the month's rows were made again")
    assert left() == features
    run("--days", "41", "--remove", "yes")
    assert left() == features, "nothing is that old"
    run("--days", "30", "--remove", "yes")
    assert left() == {key for key in features if "second" in key}
    capsys.readouterr()
    run("--days", "30", "--remove", "yes")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--days", "0", "--remove", "yes"), "--days is '0'; wanted a number of days from 1"),
        (("--days", "{{x}}", "--remove", "yes"), "--days is '{{x}}'; wanted"),
        (("--days", "30", "--remove", "true"), "--remove is 'true'; wanted yes or no"),
    ],
)
def test_what_cannot_be_understood_removes_nothing(
    later: None, features: set[str], options: tuple[str, ...], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        run(*options)
    assert left() == features


def test_what_a_run_goes_on_from_is_young_again(monkeypatch: pytest.MonkeyPatch) -> None:
    remember(objects.lake(), "k", {"score": 1})
    before = objects.lake().look("cache/k/done.json")
    monkeypatch.setattr(objects.Stored, "forgotten", True)
    while objects.lake().look("cache/k/done.json") == before:
        assert recall(objects.lake(), "k") == {"score": 1}


def test_a_set_that_was_written_to_since_it_was_found_stays(features: set[str]) -> None:
    (kind,) = retention.found(["openaq"], datetime.now(UTC) + LONG_AGO)
    (one,) = kind.sets
    key = one.objects[0].key
    while objects.lake().look(key) == one.objects[0]:
        objects.lake().put(key, b"again")
    retention.remove(one)
    assert left() == features


def test_it_starts_without_the_libraries_that_learn() -> None:
    """A pod that looks for what may go is small."""
    told = "import sys, json; import steps.tidy; print(json.dumps([*sys.modules]))"
    modules = json.loads(subprocess.run([sys.executable, "-c", told], capture_output=True, check=True).stdout)
    assert {"mlflow", "sklearn", "pandas", "great_expectations"}.isdisjoint(modules)

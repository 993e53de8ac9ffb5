"""A project's store as days, patches, trainings, releases and refusals leave it; what of it is needed is told here
apart from the code that tidies."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from steps.archive import layout
from steps.backends import catalog, challengers, datasets, objects, promotions, retention
from steps.backends.caching import digest
from steps.backends.catalog import Accepted, Refused
from steps.backends.database import begin
from steps.backends.datasets import RawFile
from steps.backends.objects import Bucket, Stored
from steps.errors import CheckFailed

HOUR = timedelta(hours=1)
_START = datetime(2003, 1, 1, tzinfo=UTC)
_DAYS = 3


class Killed(BaseException):
    """What a kill is to the code that it hits."""


@dataclass
class FakeStore:
    """The object store in memory, so that hundreds of histories pass; it tells the times that a test wants, and kills
    at the deletion of that number. `test_retention.py` has a real one."""

    now: datetime = _START
    there: dict[tuple[str, str], tuple[bytes, datetime]] = field(default_factory=dict, repr=False)
    deletions: int = -1

    def stand_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on buckets are here."""
        for name in ("put", "get", "look", "list", "delete"):
            own = getattr(self, f"_{name}")
            monkeypatch.setattr(Bucket, name, lambda bucket, *given, own=own, **_: own(bucket.name, *given))
        monkeypatch.setattr(Bucket, "__init__", lambda bucket, name: setattr(bucket, "name", name))

    @contextmanager
    def killing(self, deletions: int) -> Iterator[None]:
        """Within, the deletion after so many is killed; -1: none is."""
        self.deletions = deletions
        with suppress(Killed):
            yield
        self.deletions = -1

    def _put(self, bucket: str, key: str, body: bytes) -> str:
        self.there[bucket, key] = body, self.now
        return ""

    def _get(self, bucket: str, key: str) -> bytes | None:
        return self.there.get((bucket, key), (None, None))[0]

    def _look(self, bucket: str, key: str) -> Stored | None:
        body, modified = self.there.get((bucket, key), (None, self.now))
        return None if body is None else Stored(key, "", len(body), modified)

    def _list(self, bucket: str, prefix: str) -> Iterator[Stored]:
        for (name, key), (body, modified) in sorted(self.there.items()):
            if name == bucket and key.startswith(prefix):
                yield Stored(key, "", len(body), modified)

    def _delete(self, bucket: str, key: str) -> None:
        if not self.deletions:
            raise Killed
        self.deletions -= 1
        self.there.pop((bucket, key), None)


@dataclass
class World:
    """What happened to a project, and the bytes that were stored."""

    project: str
    store: FakeStore
    stored: dict[tuple[str, str], bytes] = field(default_factory=dict, repr=False)
    present: dict[int, str] = field(default_factory=dict)  # the etag of each day
    kept_for_ever: set[tuple[str, str]] = field(default_factory=set)
    feature: str = ""
    made_of: dict[int, str] = field(default_factory=dict)  # the dataset of each version
    models: dict[int, list[str]] = field(default_factory=dict)
    raw: dict[str, list[str]] = field(default_factory=dict)  # the files of each dataset
    decisions: dict[int, int] = field(default_factory=dict)  # of each version that may still be released
    was_live: set[int] = field(default_factory=set)
    on_trial: int | None = None

    def put(self, bucket: Bucket, key: str, body: bytes) -> None:
        self.stored[bucket.name, key] = body
        bucket.put(key, body)

    def arrive(self, number: int) -> None:
        """A day's file, perhaps a patch, perhaps one that was taken back; then features are made."""
        self.store.now += HOUR
        lake, location, etag = objects.lake(), number % _DAYS, f"e{number % 5}"
        key = self._raw_key(location, etag)
        self.put(lake, key, f"{location} {etag}".encode())
        self.present[location] = etag
        day = datetime(2003, 1, 1, tzinfo=UTC)
        catalog.record(self.project, [Accepted(location, day.date(), etag, key, 1, day, day + HOUR)], [], at=day)
        self.feature = f"{self.project}/features/no2/location=0/month=2003-01/{digest(self.present)}.parquet"
        self.put(lake, self.feature, self.feature.encode())

    def refuse(self, number: int) -> None:
        """A file that goes to quarantine."""
        self.store.now += HOUR
        lake, location, etag = objects.lake(), number % _DAYS, f"bad{number % 4}"
        version = (self.project, location, date(2003, 1, 1), etag)
        key = layout.quarantine_key(*version)
        for each in (key, layout.reason_key(*version)):
            self.put(lake, each, each.encode())
            self.kept_for_ever.add((lake.name, each))
        catalog.record(
            self.project, [], [Refused(location, date(2003, 1, 1), etag, key, "no", None)], at=self.store.now
        )

    def add_rows(self, number: int) -> None:
        """Rows of a table's history, and all of them in one object."""
        self.store.now += HOUR
        rows = f"{self.project}/history/rows/{number}.parquet"
        self.put(objects.lake(), rows, rows.encode())
        self.kept_for_ever.add((objects.lake().name, rows))
        self.put(objects.lake(), f"{self.project}/history/upto/{number}.parquet", b"all")

    def train(self, number: int) -> None:
        """A dataset and its trials; then what a decision may come to."""
        self.store.now += HOUR
        lake, fingerprint = objects.lake(), digest([self.project, self.present, number // 4])
        if datasets.about(lake, self.project, fingerprint) is None:
            self._fix(fingerprint)
        self.put(lake, f"cache/{self.project}{number}/done.json", b"{}")
        with begin() as connection:
            decision = promotions.reserve(connection, self.project, fingerprint, "no2")
            if decision.promoted is not None or number % 4 == 0:
                return
            promoted = number % 4 > 1
            told: dict[str, Any] = {"words": "", "scores": [], "recipe": {}, "promoted": promoted}
            if promoted:
                told |= self._fit(decision.decision, fingerprint)
            promotions.settle(connection, self.project, decision.decision, **told)

    def release(self, number: int) -> None:
        """One of the promoted models goes live, on trial, or fails on its way."""
        if not self.decisions:
            return
        version = sorted(self.decisions)[number % len(self.decisions)]
        decision = self.decisions.pop(version)
        with begin() as connection:
            if number % 3 == 0:
                promotions.end(connection, self.project, decision, "it failed")
            elif number % 3 == 1:
                wanted = promotions.get(connection, self.project, decision)
                if challengers.admit(connection, wanted, how="shadow", share=0, days=9):
                    self.on_trial = version
            else:
                self._go_live(connection, decision, version)

    def roll_back(self, number: int) -> None:
        """Back to one that was live, by its number or the one before."""
        to = sorted(self.was_live)[number % len(self.was_live)] if self.was_live and number % 2 else None
        with begin() as connection, suppress(CheckFailed):
            decision = promotions.roll_back(connection, self.project, to=to)
            challengers.withdraw(connection, self.project, "rolled back")
            self._go_live(connection, decision.decision, int(decision.version or 0))

    def tidy(self, number: int) -> None:
        """Remove what may go that is older than some hours, and perhaps be killed."""
        self.store.now += HOUR
        with self.store.killing(number % 7 - 1):
            for kind in retention.found([self.project], self.store.now - HOUR * (number % 3)):
                for one in kind.sets:
                    retention.remove(one)

    def needed(self) -> set[tuple[str, str]]:
        """What must be there, byte for byte."""
        lake, artifacts = objects.lake().name, objects.artifacts().name
        kept = set(self.kept_for_ever)
        kept |= {(lake, self._raw_key(location, etag)) for location, etag in self.present.items()}
        kept |= {(lake, self.feature)} if self.feature else set()
        for version in self.was_live | set(self.decisions) | ({self.on_trial} if self.on_trial else set()):
            kept |= {(artifacts, key) for key in self.models[version]}
            dataset = self.made_of[version]
            kept |= {key for key in self.stored if key[1].startswith(f"{self.project}/datasets/{dataset}/")}
            kept |= {(lake, key) for key in self.raw[dataset]}
        return kept

    def lost(self) -> list[str]:
        """What is needed and not there as it was stored."""
        return [key for name, key in sorted(self.needed()) if Bucket(name).get(key) != self.stored[name, key]]

    def _raw_key(self, location: int, etag: str) -> str:
        return layout.raw_key(self.project, location, date(2003, 1, 1), etag)

    def _fix(self, fingerprint: str) -> None:
        listed = [
            RawFile(location, "2003-01-01", etag, "p", self._raw_key(location, etag))
            for location, etag in self.present.items()
        ]
        lake, folder = objects.lake(), datasets.folder(self.project, fingerprint)
        datasets.put_files(lake, self.project, fingerprint, listed)
        self.stored[lake.name, f"{folder}/files.json.gz"] = lake.get(f"{folder}/files.json.gz") or b""
        for name in ("dataset.parquet", "trials.json", "dataset.json"):
            self.put(lake, f"{folder}/{name}", json.dumps([fingerprint, name]).encode())
        self.raw[fingerprint] = [one.key for one in listed]

    def _fit(self, decision: int, fingerprint: str) -> dict[str, Any]:
        version, artifacts = len(self.models) + 1, objects.artifacts()
        package = f"mlflow/{self.project}/m{version}/artifacts"
        keys = [f"{package}/MLmodel", f"{package}/data/model/m.txt", f"{self.project}/models/{version}/model.pkl"]
        for key in keys:
            self.put(artifacts, key, key.encode())
        self.models[version], self.made_of[version], self.decisions[version] = keys, fingerprint, decision
        return {"version": version, "model_uri": f"s3://{artifacts.name}/{package}/data/model", "digest": "d"}

    def _go_live(self, connection: Any, decision: int, version: int) -> None:
        if promotions.admit(connection, self.project, decision):
            promotions.verified(connection, self.project, decision, "http://server")
            promotions.go_live(connection, self.project, decision)
            self.was_live.add(version)

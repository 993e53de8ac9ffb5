"""A world in which runs take files while people drop more: every request to the store and every transaction is a point
where a run can be held up, overtaken or killed.

The store is a fake, made of a dictionary: thousands of worlds are played in a test. The database is a real SQLite, and
what takes the files is the product's own code.
"""

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pandas as pd
import pytest
import sqlalchemy as sa

from steps.backends import database, history, ledger, trainings
from steps.backends.objects import Stored
from steps.inbox import batches, candidates, clearing, leases, taking
from steps.inbox.announced import Announced
from steps.inbox.taker import Taker
from steps.tables import Examined, File, Verdict, history_rows
from steps.tables.world import Known

PROJECT = "abalone"
BAD, SHIFTED = b"bad", 99
LEASE = ledger.LEASE_SECONDS + 1


class Killed(BaseException):
    """The run ended here, as `kill -9` would end it."""


@dataclass
class Thing:
    """An object in the fake store."""

    stored: Stored
    body: bytes


class FakeStore:
    """S3 as far as the code asks, in memory; keeps versions or does not. `replaced`: what was put over before anybody
    took it, `raced`: what fell to a delete that was meant for its predecessor; both only without versions."""

    name = "inbox"

    def __init__(self, world: "World", *, versioned: bool) -> None:
        self._world, self.versioned = world, versioned
        self._things: dict[str, list[Thing]] = {}
        self._numbers = 0
        self.looked: dict[str, str] = {}
        self.replaced: set[str] = set()
        self.raced: set[str] = set()

    def drop(self, key: str, body: bytes) -> Stored:
        """What a person does."""
        there = self._things.get(key)
        if there and not self.versioned:
            self.replaced.add(_id(there[-1].stored))
        return self._put(key, body)

    def _put(self, key: str, body: bytes) -> Stored:
        self._numbers += 1
        version = f"v{self._numbers}" if self.versioned else ""
        stored = Stored(key, hashlib.md5(body).hexdigest(), len(body), self._world.now(), version)
        self._things[key] = [*(self._things.get(key, []) if self.versioned else []), Thing(stored, body)]
        return stored

    def all(self, prefix: str) -> list[Thing]:
        return [thing for key in sorted(self._things) if key.startswith(prefix) for thing in self._things[key]]

    def _find(self, key: str, version_id: str) -> Thing | None:
        there = [each for each in self._things.get(key, []) if version_id in ("", each.stored.version_id)]
        return there[-1] if there else None

    def versions(self, prefix: str) -> list[Stored]:
        with self._world.point():
            return [thing.stored for thing in self.all(prefix)]

    def look(self, key: str, *, version_id: str = "") -> Stored | None:
        with self._world.point():
            found = self._find(key, version_id)
            if found:
                self.looked[threading.current_thread().name + key] = _id(found.stored)
            return found.stored if found else None

    def get(self, key: str, *, etag: str = "", version_id: str = "") -> bytes | None:
        with self._world.point():
            found = self._find(key, version_id)
            return found.body if found and etag in ("", found.stored.etag) else None

    def copy(self, source: Stored, key: str, *, metadata: dict[str, str] | None = None) -> bool:
        with self._world.point():
            found = self._find(source.key, source.version_id)
            if not found or found.stored.etag != source.etag:
                return False
            self._put(key, found.body)
            return True

    def put(self, key: str, body: bytes, *, metadata: dict[str, str] | None = None) -> str:
        with self._world.point():
            return self._put(key, body).etag

    def delete(self, key: str, *, version_id: str = "") -> None:
        with self._world.point():
            there = self._things.get(key, [])
            looked = self.looked.get(threading.current_thread().name + key)
            if there and not self.versioned and "/new/" in key and _id(there[-1].stored) != looked:
                self.raced.add(_id(there[-1].stored))
            left = [each for each in there if version_id and each.stored.version_id != version_id]
            self._things[key] = left
            if not left:
                del self._things[key]


class Actor(threading.Thread):
    """A run, which goes on from one point to the next only when it is told to."""

    def __init__(self, world: "World", name: str, announced: Sequence[Announced]) -> None:
        super().__init__(name=name, daemon=True)
        self._world, self._announced = world, announced
        self.turn, self.rested = threading.Semaphore(0), threading.Semaphore(0)
        self.over = self.killed = False
        self.error: BaseException | None = None

    def run(self) -> None:
        self.turn.acquire()
        try:
            if not self.killed:
                taking.take(self._world.taker(self.name.partition("#")[0]), self._announced)
        except Killed:
            pass
        except BaseException as error:
            self.error = error
        self.over = True
        self.rested.release()

    def rest(self) -> None:
        """Wait for the next turn; or die."""
        self.rested.release()
        self.turn.acquire()
        if self.killed:
            raise Killed

    def step(self) -> None:
        """Let it go on to its next point."""
        if not self.over:
            self.turn.release()
            self.rested.acquire()
        if self.error:
            raise self.error

    def kill(self) -> None:
        self.killed = True
        self.step()
        self.join()

    def finish(self) -> None:
        while not self.over:
            self.step()


@dataclass
class World:
    """Everything there is, and what was dropped when."""

    versioned: bool
    seconds: int = 0
    drops: list[tuple[Stored, bytes]] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    runs: int = 0

    def __post_init__(self) -> None:
        self.inbox = FakeStore(self, versioned=self.versioned)
        self.lake = FakeStore(self, versioned=False)

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def point(self) -> contextlib.AbstractContextManager[None]:
        """Before and after anything happens, a run can be held up."""
        return self._held_up()

    @contextlib.contextmanager
    def _held_up(self) -> Iterator[None]:
        actor = threading.current_thread()
        if isinstance(actor, Actor):
            actor.rest()
        yield
        if isinstance(actor, Actor):
            actor.rest()

    def taker(self, run: str) -> Taker:
        return Taker(PROJECT, run, self.inbox, self.lake, 1, examine, shifted, originals)  # type: ignore[arg-type]

    def drop(self, name: str, body: bytes) -> None:
        self.seconds += 1
        self.drops.append((self.inbox.drop(f"{PROJECT}/new/{name}", body), body))

    def start(self, announced: Sequence[int], *, again: bool = False) -> None:
        """A new run, or (`again`) another attempt of the one before."""
        self.runs += 0 if again and self.runs else 1
        told = [self.drops[number % len(self.drops)][0] for number in announced if self.drops]
        records = [Announced((one.key,), one.etag, one.version_id) for one in told]
        actor = Actor(self, f"run-{self.runs}#{len(self.actors)}", records)
        self.actors.append(actor)
        actor.start()

    def alive(self) -> list[Actor]:
        return [actor for actor in self.actors if not actor.over]

    def release(self) -> None:
        """A person lets the first quarantined file back in."""
        with database.begin() as connection:
            rows = ledger.recent(connection, PROJECT, 100)
        for row in rows:
            if row.state == "quarantined" and row.cleared_at is not None:
                with database.begin() as connection:
                    ledger.release(connection, PROJECT, row.key, who="somebody", why="looks right")
                return

    def holds(self) -> bool:
        """Whether a run has claimed something."""
        with database.begin() as connection:
            return any(row.state == "claimed" for row in ledger.recent(connection, PROJECT, 100))

    def retract(self, number: int) -> None:
        """A person takes one of the accepted files back."""
        with database.begin() as connection:
            accepted = ledger.accepted(connection, PROJECT)
            if accepted:
                place = str(accepted[number % len(accepted)].place)
                ledger.ask_back(connection, PROJECT, place, who="somebody", why="of another world")

    def settle(self) -> None:
        """What is still running ends or dies; then the reconciler looks as often as it needs."""
        for actor in self.alive():
            actor.kill()
        for _ in range(2):
            self.seconds += LEASE
            self.start([])
            self.actors[-1].finish()


def _id(stored: Stored) -> str:
    return ledger.Object("inbox", stored.key, stored.version_id, stored.etag, stored.modified, stored.size).upload


def examine(files: Sequence[File]) -> Examined:
    """A file holds numbers, each of which is a row; or is bad."""
    return Examined(tuple(_verdict(file) for file in files), ())


def _verdict(file: File) -> Verdict:
    numbers = [] if file.body == BAD else [int(text) for text in file.body.decode().split(",")]
    rows = pd.DataFrame(
        {"row": pd.Series([f"{n:032x}" for n in numbers], dtype="str"), "x": pd.Series(numbers, dtype="float64")}
    )
    return Verdict(file.upload, "it is bad" if file.body == BAD else None, rows)


def shifted(rows: pd.DataFrame, known: Known) -> str | None:
    """New rows with this number are of another world."""
    return "it is of another world" if (rows["x"] == SHIFTED).any() else None


def originals(rows: pd.DataFrame, since: int) -> list[int]:
    """No row is a copy."""
    return list(range(len(rows)))


def install(monkeypatch: pytest.MonkeyPatch, current: Callable[[], World]) -> None:
    """Make every transaction a point of the current world, its clock the database's, and requests come one by one."""
    real = database.begin

    @contextlib.contextmanager
    def begin() -> Iterator[sa.Connection]:
        with current().point(), real() as connection:
            yield connection

    monkeypatch.setattr(database, "begin", begin)
    for module in (ledger, history, trainings):
        monkeypatch.setattr(module, "clock", lambda _: current().now().timestamp())
    for module in (batches, candidates, clearing, history_rows, taking):
        monkeypatch.setattr(module, "each", lambda work, items, threads: [(item, work(item)) for item in items])
    monkeypatch.setattr(leases, "kept", lambda project, owner: contextlib.nullcontext())


def forget() -> None:
    """An empty database."""
    with database.begin() as connection:
        for table in (ledger.uploads, history.history, trainings.trainings):
            connection.execute(sa.delete(table))


def check(world: World, *, strays: bool = False) -> None:
    """Nothing was lost, nothing is there twice, and everybody who keeps books says the same. `strays`: a run that was
    killed after others had decided in its place may leave a copy that no book names."""
    with database.begin() as connection:
        rows = {row.upload: row for row in ledger.recent(connection, PROJECT, 10_000)}
        entries = history.entries(connection, PROJECT)
    inbox = world.inbox
    excused = inbox.replaced | inbox.raced
    assert inbox.all(f"{PROJECT}/new/") == []
    wanted: set[str] = set()
    for stored, body in world.drops:
        upload = _id(stored)
        if upload not in rows:
            assert upload in excused, f"{stored.key} was lost"
            continue
        row = rows[upload]
        if row.state == "missing":
            assert upload in excused
            continue
        assert row.state in {"done", "known", "quarantined", "retracted"} and row.cleared_at is not None
        assert (row.state == "quarantined") == (row.reason is not None)
        assert inbox.all(str(row.place))[0].body == body
        assert row.state == "quarantined" or body != BAD
        if row.state in ledger.ACCEPTED:
            wanted |= {f"{int(text):032x}" for text in body.decode().split(",")}
    places = [row.place for row in rows.values() if row.place is not None]
    folders = ("old", "quarantine", "retracted")
    kept = [thing.stored.key for folder in folders for thing in inbox.all(f"{PROJECT}/{folder}/")]
    assert len(set(places)) == len(places)
    reasons = {key for key in kept if key.count("/") == 3}  # beside the folder of each file
    quarantined = sum(row.state == "quarantined" for row in rows.values())
    assert (set(kept) - reasons >= set(places)) if strays else (set(kept) - reasons == set(places))
    assert len(reasons) >= quarantined if strays else len(reasons) == quarantined
    listed: list[str] = []
    for entry in entries:
        own, before = _rows(world, entry), set(listed)
        assert len(own) == len(set(own)) == abs(entry.rows)
        if entry.rows < 0:
            assert set(own) <= before, "a row that is not there was taken back"
            listed = [digest for digest in listed if digest not in own]
        else:
            assert not set(own) & before, "a row is in the history twice"
            listed += own
        assert entry.total == len(listed)
    assert set(listed) == wanted, "the history is not what the accepted files hold"
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    left = sum(row.rows_left or 0 for row in rows.values() if row.state == "retracted")
    brought = sum(row.rows_new for row in rows.values() if row.state in {"done", "retracted"})
    assert brought - left == len(listed)
    frame, _ = history_rows.load(world.lake, PROJECT)  # type: ignore[arg-type]
    assert list(frame["row"]) == listed


def _rows(world: World, entry: history.Entry) -> list[str]:
    thing = world.lake.all(entry.key)[0]
    return list(pd.read_parquet(BytesIO(thing.body))["row"])

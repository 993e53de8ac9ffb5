"""fetch: a worker's share of the plan ends up in the lake, once, whatever happens on the way."""

import json
import signal
import subprocess
import sys
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline.projects.openaq import OPENAQ
from steps import fetch, plan
from steps.archive import layout
from steps.archive.planned import Plan, read_plan
from steps.backends.objects import lake
from tests import ROOT
from tests.steps.support.invoking import Ended, run_step
from tests.steps.support.openaq import FIRST, Seeded, put
from tests.steps.support.web_servers import Answer, Responder, bucket, serving

pytestmark = pytest.mark.usefixtures("database_environment", "store_environment")

SEEDED = Seeded(days=10)


def make_plan(folder: Path, source: object, seeded: Seeded = SEEDED) -> Path:
    ended = run_step(
        plan.command,
        declaration=OPENAQ.declaration(),
        source=source,
        locations=",".join(map(str, seeded.locations)),
        from_=seeded.first,
        to=seeded.last,
        created="2022-01-01T00:00:00Z",
        plan_out=folder / "plan.json",
        workers_out=folder / "workers.json",
    )
    assert ended.code == 0, ended.log
    return folder / "plan.json"


def take(made: Path, worker: int = 0, workers: str = "[0]", **options: object) -> Ended:
    return run_step(
        fetch.command, declaration=OPENAQ.declaration(), plan=made, worker=worker, workers=workers, **options
    )


def raw_keys(made: Path) -> dict[str, tuple[int, date]]:
    return {
        layout.raw_key("openaq", one.location, one.day, one.etag): (one.location, one.day)
        for one in read_plan(made).fetch
    }


def stored() -> dict[str, bytes | None]:
    return {one.key: lake().get(one.key) for one in lake().list("openaq/")}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return SEEDED.write(tmp_path / "archive")


def test_workers_share_the_plan_and_together_take_all_of_it(tmp_path: Path, archive: Path) -> None:
    made = make_plan(tmp_path, archive)
    assert take(made, 0, "[0, 1, 2]").code == 0
    assert len(stored()) == 7
    assert take(made, 1, "[0, 1, 2]").code == take(made, 2, "[0, 1, 2]").code == 0
    assert stored() == {key: SEEDED.body(*of) for key, of in raw_keys(made).items()}


def test_what_is_in_the_lake_is_not_fetched_again(tmp_path: Path) -> None:
    objects = dict(SEEDED.objects())
    asked: list[str] = []
    plain = bucket(objects)

    def respond(path: str, query: str) -> Answer:
        asked.append(path)
        return plain(path, query)

    with serving(respond) as address:
        made = make_plan(tmp_path, address)
        asked.clear()
        first, *others = raw_keys(made)
        lake().put(first, b"there")
        refused = others[0]
        lake().put(refused.replace("/raw/", "/quarantine/"), b"there too")
        assert take(made).code == 0
    assert len(asked) == len(set(asked)) == 18
    assert lake().get(first) == b"there"
    assert refused not in stored()


def test_a_day_patched_since_the_plan_is_left_to_the_next(tmp_path: Path, archive: Path) -> None:
    made = make_plan(tmp_path, archive)
    put(archive, layout.path(101, FIRST), b"patched")
    (archive / layout.path(102, FIRST)).unlink()
    ended = take(made)
    assert ended.code == 0
    assert len(stored()) == 18
    assert "2 changed at the source" in ended.log


def test_a_file_that_is_too_large_is_kept_up_to_the_limit(
    tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that prepare can refuse it, with its reason, like any other."""
    monkeypatch.setattr(layout, "LARGEST", 1000)
    put(archive, layout.path(101, FIRST), b"\x1f\x8b" + bytes(5000))
    made = make_plan(tmp_path, archive)
    assert take(made).code == 0
    assert 1001 in {len(body or b"") for body in stored().values()}


@pytest.mark.parametrize(
    ("worker", "workers", "words"), [(0, "many", "JSON"), (2, "[0, 1]", "is none of"), (0, "7", "JSON")]
)
def test_a_wrong_share_is_refused(tmp_path: Path, archive: Path, worker: int, workers: str, words: str) -> None:
    ended = take(make_plan(tmp_path, archive), worker, workers)
    assert ended.code == 2
    assert words in ended.error


def test_a_plan_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"source": "x"}')
    ended = take(tmp_path / "plan.json")
    assert ended.code == 2
    assert "is not a plan" in ended.error


def failing(objects: dict[str, bytes], answer: Answer) -> Responder:
    """An archive of which one file answers with `answer`."""
    plain = bucket(objects)
    bad = "/" + sorted(objects)[5]
    return lambda path, query: answer if path == bad else plain(path, query)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(500), "answered 500"),
        (Answer(200, b"<html>", {"Content-Type": "text/html"}), "web page"),
        (Answer(200, b"\x1f\x8b12", announced=500), "broke off"),
    ],
)
def test_a_file_that_does_not_come_is_one_line_and_worth_a_retry(tmp_path: Path, answer: Answer, words: str) -> None:
    objects = dict(SEEDED.objects())
    with serving(bucket(objects)) as address:
        made = make_plan(tmp_path, address)
    with serving(failing(objects, answer)) as address:
        moved = read_plan(made).model_copy(update={"source": address})
        made.write_text(moved.model_dump_json())
        ended = take(made, timeout=0.3)
    assert ended.code == 1
    assert words in ended.error
    assert len([line for line in ended.log.splitlines() if line.startswith("error")]) == 1


def test_a_store_that_is_not_there_is_one_line(tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_plan(tmp_path, archive)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    ended = take(made)
    assert ended.code == 1
    assert "object store did not answer" in ended.error


class Tap:
    """Lets so many files through; the requests after those wait until it is closed for good."""

    def __init__(self, files: int) -> None:
        self._left = threading.Semaphore(files)
        self._closed = threading.Event()

    def wait(self) -> None:
        if not self._left.acquire(blocking=False):
            self._closed.wait()

    def close(self) -> None:
        self._closed.set()


def test_killed_at_any_instant_it_goes_on_where_it_was(tmp_path: Path) -> None:
    seeded = Seeded(days=60)
    plain = bucket(dict(seeded.objects()))
    taps = [Tap(0)]

    def slowly(path: str, query: str) -> Answer:
        if "list-type" not in query:
            taps[-1].wait()
        return plain(path, query)

    with serving(slowly) as address:
        made = make_plan(tmp_path, address, seeded)
        for files, together in ((5, 5), (20, 25)):
            taps.append(Tap(files))
            with start(made) as worker:
                await_objects(together)
                worker.send_signal(signal.SIGKILL)
                assert worker.wait(20) == -signal.SIGKILL
            taps[-1].close()
            assert len(stored()) == together
        taps.append(Tap(1000))
        with start(made) as worker:
            assert worker.wait(60) == 0
    assert stored() == {key: seeded.body(*of) for key, of in raw_keys(made).items()}


def start(made: Path) -> subprocess.Popen[bytes]:
    words = ["--declaration", OPENAQ.declaration(), "--plan", str(made), "--worker", "0", "--workers", "[0]"]
    return subprocess.Popen([sys.executable, "-m", "steps.fetch", *words], cwd=ROOT, stderr=subprocess.DEVNULL)


def await_objects(count: int) -> None:
    deadline = time.monotonic() + 60
    while len(list(lake().list("openaq/raw/"))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_its_plan_is_what_plan_wrote(tmp_path: Path, archive: Path) -> None:
    made = make_plan(tmp_path, archive)
    plan_as_read = Plan.model_validate(json.loads(made.read_text()))
    assert plan_as_read.last - plan_as_read.first == timedelta(days=9)
    assert {one.found().path for one in plan_as_read.fetch} == set(dict(SEEDED.objects()))

"""Whether the live server serves the decided model: real servers, and every way in which it does not."""

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from steps import verify
from steps.backends import challengers, promotions
from steps.backends.database import begin
from steps.backends.tracking import Tracking
from steps.errors import BadInput, CheckFailed, StepError
from tests.steps.support.invoking import run_step
from tests.steps.support.model_server import serving
from tests.steps.support.released import DECLARATION, decide, decision, live, release, run, trial
from tests.steps.support.small_model import known, pack, train, upload

pytestmark = pytest.mark.usefixtures("database_environment")
PREDICTIONS = "/api/v1.0/predictions"


def store(folder: Path, seed: int = 1, **changed: Any) -> dict[str, str]:
    """A model in the object store, as a decision names it."""
    model = train(seed=seed)
    rows = replace(known(model), **changed)
    digest = pack(model, folder / f"model-{seed}", rows)
    return {"model_uri": upload(folder / f"model-{seed}", f"m{seed}"), "digest": digest}


def admit(number: int) -> int:
    with begin() as connection:
        assert promotions.admit(connection, "openaq", number)
    return number


@contextmanager
def server(model: dict[str, str], version: int, folder: Path) -> Iterator[str]:
    with serving(model["model_uri"], version, model["digest"], folder / "log") as address:
        yield address + PREDICTIONS


def check(number: int, url: str, seconds: float = 30) -> None:
    run(verify, "--decision", number, "--url", url, "--timeout-seconds", seconds)


def test_a_server_that_answers_as_the_model_makes_it_the_champion(registry: Tracking, tmp_path: Path) -> None:
    model = store(tmp_path)
    number = admit(decide("a", 1, **model))
    with server(model, 1, tmp_path) as url:
        check(number, url)
        assert (registry.alias(), live()) == (1, (1, 1))
        assert decision(number).url == url
        check(number, url)  # again: the same
    assert (registry.alias(), live()) == (1, (1, 1))


def test_it_waits_for_a_server_that_starts_only_now(registry: Tracking, tmp_path: Path) -> None:
    model = store(tmp_path)
    number = admit(decide("a", 1, **model))
    with server(model, 1, tmp_path) as url:
        pass  # its address is known now, and nobody answers there
    done = threading.Event()
    caught: list[BaseException] = []

    def wait() -> None:
        try:
            check(number, url, seconds=60)
        except BaseException as error:
            caught.append(error)
        done.set()

    threading.Thread(target=wait).start()
    port = url.partition("127.0.0.1:")[2].partition("/")[0]
    with serving(model["model_uri"], 1, model["digest"], tmp_path / "log", port=int(port)):
        assert done.wait(60)
    assert not caught
    assert live() == (1, 1)


def test_a_server_with_another_version_is_not_verified(registry: Tracking, tmp_path: Path) -> None:
    old, new = store(tmp_path, 1), store(tmp_path, 2)
    release(decide("a", 1, **old))
    registry.move_alias(1)
    number = admit(decide("b", 2, **new))
    with server(old, 1, tmp_path) as url:
        ended = run_step(verify.command, declaration=DECLARATION, decision=number, url=url, timeout_seconds=0.5)
    assert ended.code == 3
    told = ended.log
    assert told.startswith(f"error: the server at {url} does not serve version 2, digest {new['digest'][:12]}")
    assert told.endswith(f"it serves version 1, digest {old['digest'][:12]}\n")
    assert (registry.alias(), live()) == (1, (1, 1))
    assert str(decision(number).ended).startswith("failed verify: ")


def test_the_right_version_with_other_files_is_not_verified(registry: Tracking, tmp_path: Path) -> None:
    other, wanted = store(tmp_path, 1), store(tmp_path, 2)
    number = admit(decide("a", 1, **wanted))
    with server(other, 1, tmp_path) as url, pytest.raises(CheckFailed, match="it serves version 1, digest"):
        check(number, url, seconds=0.3)
    assert (registry.alias(), live()) == (None, None)


def test_answers_that_are_not_the_models_own_are_not_verified(registry: Tracking, tmp_path: Path) -> None:
    answers = known(train()).answers
    model = store(tmp_path, answers=[answers[0], answers[1] * (1 + 3e-6), *answers[2:]])
    number = admit(decide("a", 1, **model))
    with server(model, 1, tmp_path) as url, pytest.raises(CheckFailed, match="known row 2: the server answers"):
        check(number, url)
    assert (registry.alias(), live()) == (None, None)


def test_the_last_digits_may_differ(registry: Tracking, tmp_path: Path) -> None:
    model = store(tmp_path, answers=[answer * (1 + 1e-9) for answer in known(train()).answers])
    number = admit(decide("a", 1, **model))
    with server(model, 1, tmp_path) as url:
        check(number, url)
    assert live() == (1, 1)


@pytest.mark.parametrize(
    ("code", "body", "told"),
    [
        (200, b"<html>a proxy's page", "it answered 200 without JSON"),
        (200, b'{"data": {"ndarray": [[1]]}}', "it answered 200: "),
        (400, b'{"status": {"info": "missing: lag_0"}}', "it answered 400: .*missing: lag_0"),
        (503, b'{"meta": {"tags": {}}, "data": {"ndarray": [[1]]}}', "it answered 503"),
    ],
)
def test_what_else_answers_there_is_told(
    store_environment: object, tmp_path: Path, code: int, body: bytes, told: str
) -> None:
    number = admit(decide("a", 1, **store(tmp_path)))

    class Other(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other) as there:
        threading.Thread(target=there.serve_forever).start()
        with pytest.raises(CheckFailed, match=told):
            check(number, f"http://127.0.0.1:{there.server_port}/", seconds=0.2)
        there.shutdown()


def test_nobody_there_is_told_by_the_deadline(
    store_environment: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    sleep = time.sleep

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        sleep(seconds)

    monkeypatch.setattr("steps.verify.time.sleep", pause)
    number = admit(decide("a", 1, **store(tmp_path)))
    with pytest.raises(CheckFailed, match=r"after 0.4 s: it did not answer \(ConnectionError\)"):
        check(number, "http://127.0.0.1:1/", seconds=0.4)
    assert 0 < sum(pauses) <= 0.4


def test_a_live_model_that_fails_when_verified_again_stays_what_is_to_be_restored(
    store_environment: object, tmp_path: Path
) -> None:
    number = decide("a", 1, **store(tmp_path))
    release(number)
    admit(number)
    with pytest.raises(CheckFailed):
        check(number, "http://127.0.0.1:1/", seconds=0.1)
    assert live() == (1, 1)


def test_only_what_was_admitted_last_can_go_live(store_environment: object, tmp_path: Path) -> None:
    model = store(tmp_path)
    older, newer, kept = decide("a", 1, **model), decide("b", 2, **model), decide("c", None)
    with pytest.raises(CheckFailed, match="none was admitted"):
        check(older, "http://127.0.0.1:1/")
    admit(older)
    admit(newer)
    with pytest.raises(CheckFailed, match="2 was admitted last"):
        check(older, "http://127.0.0.1:1/")
    with pytest.raises(BadInput, match="promoted no model"):
        check(kept, "http://127.0.0.1:1/")


def test_a_crash_before_the_alias_moved_is_repaired_by_verifying_again(
    registry: Tracking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = store(tmp_path)
    number = admit(decide("a", 1, **model))
    with server(model, 1, tmp_path) as url:
        with monkeypatch.context() as patch:
            patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
            with pytest.raises(StepError, match="did not move the alias"):
                check(number, url)
        assert (registry.alias(), live()) == (None, None)
        check(number, url)
    assert (registry.alias(), live()) == (1, (1, 1))


def test_a_trial_begins_once_the_champion_answers_as_before_and_the_alias_follows_it(
    registry: Tracking, tmp_path: Path
) -> None:
    model = store(tmp_path)
    first = admit(decide("a", 1, **model))
    with server(model, 1, tmp_path) as url:
        check(first, url)
        number = decide("b", 2, **store(tmp_path, seed=2))
        with begin() as connection:
            wanted = promotions.get(connection, "openaq", number)
            assert challengers.admit(connection, wanted, how="shadow", share=0.1, days=30)
        check(number, url)
        assert (registry.alias(), challenger(registry), live()) == (1, 2, (first, 1))
        since = trial(number).since
        assert since is not None
        check(number, url)
        assert trial(number).since == since, "again: the same"
        with begin() as connection:
            challengers.withdraw(connection, "openaq", "it was worse")
        with pytest.raises(CheckFailed, match=f"decision {number} of openaq is on trial no longer: withdrawn, it was"):
            check(number, url)
        check(first, url)
    assert (registry.alias(), challenger(registry)) == (1, None)


@pytest.mark.usefixtures("store_environment")
def test_a_trial_beside_a_champion_that_does_not_answer_does_not_begin(tmp_path: Path) -> None:
    release(decide("a", 1, **store(tmp_path)))
    number = decide("b", 2)
    with begin() as connection:
        wanted = promotions.get(connection, "openaq", number)
        assert challengers.admit(connection, wanted, how="canary", share=0.1, days=30)
    with pytest.raises(CheckFailed, match="does not serve version 1"):
        check(number, "http://127.0.0.1:1" + PREDICTIONS, seconds=0.1)
    assert (trial(number).since, trial(number).outcome) == (None, "withdrawn")
    assert live() == (1, 1)


def challenger(registry: Tracking) -> int | None:
    version = registry._client.get_registered_model("openaq").aliases.get("challenger")
    return None if version is None else int(version)

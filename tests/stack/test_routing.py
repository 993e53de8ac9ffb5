"""A trial on this machine: both model servers and the router, over changes, kills and restarts."""

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.processes import wait_until
from pipeline.stack import Stack
from pipeline.stack.doctor import examine
from pipeline.stack.host import StackHost
from tests.stack.test_model_server import apply, ask, manifest
from tests.stack.witness import processes_of, record_of


@pytest.fixture
def host(steps_stack: Stack) -> StackHost:
    return StackHost(steps_stack)


def tried(champion: str, challenger: str = "", **how: object) -> dict[str, Any]:
    """A deployment whose predictors have those versions."""
    found = manifest(champion)
    if challenger:
        (predictor,) = found["spec"]["predictors"]
        (other,) = manifest(challenger)["spec"]["predictors"]
        found["spec"]["predictors"] = [predictor, other | {"name": "challenger"} | how]
        if "traffic" in how:
            predictor["traffic"] = 100 - int(str(how["traffic"]))
    return found


def about(url: str) -> dict[str, Any]:
    """What the router says."""
    with urllib.request.urlopen(url.replace("/api/v1.0/predictions", "/router"), timeout=5) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def on_trial(url: str) -> bool:
    return wait_until(lambda: (about(url)["challenger"] or {}).get("state") == "on trial", 20)


@contextmanager
def asking(url: str) -> Iterator[list[str]]:
    """A client that asks all the time; the versions that answered, or what went wrong."""
    found: list[str] = []
    over = threading.Event()

    def client() -> None:
        while not over.is_set():
            try:
                found.append(ask(url)[1]["version"])
            except Exception as error:
                found.append(repr(error))
            time.sleep(0.005)

    thread = threading.Thread(target=client)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def test_a_trial_begins_and_is_won_and_a_client_that_asks_all_the_time_has_every_answer(
    host: StackHost, steps_stack: Stack, tmp_path: Path
) -> None:
    """4 seconds: five starts of the real model server."""
    url = apply(host, tmp_path, tried("1"))
    with asking(url) as versions:
        assert apply(host, tmp_path, tried("1", "2", shadow=True)) == url
        assert on_trial(url)
        assert set(versions) == {"1"}
        assert apply(host, tmp_path, tried("1", "2", traffic=50)) == url
        assert wait_until(lambda: "2" in versions, 20)
        assert apply(host, tmp_path, tried("2")) == url
        count = len(versions)
        assert wait_until(lambda: len(versions) > count + 5, 20)
    assert set(versions) == {"1", "2"}, "and nothing that went wrong"
    assert set(versions[count + 1 :]) == {"2"}
    assert processes_of(steps_stack, "tried.challenger") == []
    assert "tried.challenger" not in [each.name for each in steps_stack.status()]


def test_doctor_tells_what_the_service_alarm_has_withdrawn(host: StackHost, steps_stack: Stack, tmp_path: Path) -> None:
    url = apply(host, tmp_path, tried("2", "5", traffic=100))
    assert on_trial(url)
    assert "ok   challenger of tried: version 5 is on trial, 0 calls, 0 failed" in told(steps_stack)
    for process in processes_of(steps_stack, "tried.challenger"):
        process.kill()
    assert wait_until(lambda: ask(url)[1]["version"] == "2" and about(url)["challenger"]["state"] == "withdrawn", 20)
    (line,) = [line for line in told(steps_stack) if "challenger of tried" in line]
    assert line.startswith("FAIL challenger of tried: version 5 is withdrawn since 2")
    assert line.endswith("requests that the champion answered, which answers all now")


def told(stack: Stack) -> list[str]:
    """The lines of `pipeline doctor` about this stack."""
    return [f"{'ok  ' if each.ok else 'FAIL'} {each.name}: {each.words}" for each in examine(stack.home)]


def test_the_share_is_changed_without_a_restart_and_the_evidence_stays(
    host: StackHost, steps_stack: Stack, tmp_path: Path
) -> None:
    url = apply(host, tmp_path, tried("2", "3", traffic=100))
    assert on_trial(url)
    assert ask(url)[1]["version"] == "3"
    before = record_of(steps_stack, "tried.challenger")
    apply(host, tmp_path, tried("2", "3", traffic=1))
    state = about(url)
    assert record_of(steps_stack, "tried.challenger") == before
    assert (state["share"], state["challenger"]["calls"], state["challenger"]["state"]) == (1, 1, "on trial")


@pytest.mark.parametrize(
    "killed", [*(pytest.param(one, marks=pytest.mark.soak) for one in ("tried.default", "tried.challenger")), "tried"]
)
def test_whichever_is_killed_comes_back(host: StackHost, steps_stack: Stack, tmp_path: Path, killed: str) -> None:
    url = apply(host, tmp_path, tried("2", "3", traffic=100))
    for process in processes_of(steps_stack, killed):
        process.kill()
    assert wait_until(lambda: not record_of(steps_stack, killed).alive(), 10)
    assert steps_stack.lacks("tried") == (killed != "tried")
    assert steps_stack.ensure("tried") == url
    assert not steps_stack.lacks("tried")
    assert on_trial(url)
    assert ask(url)[1]["version"] == "3"


@pytest.mark.soak
def test_all_of_it_is_stopped_and_found_again(host: StackHost, steps_stack: Stack, tmp_path: Path) -> None:
    url = apply(host, tmp_path, tried("2", "3", traffic=100))
    names = ("tried", "tried.default", "tried.challenger")
    steps_stack.stop()
    assert [processes_of(steps_stack, name) for name in names] == [[], [], []]
    assert {each.name: each.state for each in steps_stack.status()}.items() >= dict.fromkeys(names, "stopped").items()
    assert steps_stack.ensure("tried") == url
    assert on_trial(url)


@pytest.mark.soak
def test_a_challenger_that_does_not_load_fails_the_deployment_and_the_champion_goes_on(
    host: StackHost, tmp_path: Path
) -> None:
    url = apply(host, tmp_path, tried("2"))
    broken = tried("2", "4", shadow=True)
    broken["spec"]["predictors"][1]["componentSpecs"][0]["spec"]["containers"][0]["args"][0] = "missing.Model"
    with asking(url) as versions:
        status = host.apply(broken, log=tmp_path / "log")["status"]
    assert status["state"] == "Failed"
    assert "tried.challenger did not come up" in status["description"]
    assert set(versions) == {"2"}
    assert about(url)["challenger"] is None

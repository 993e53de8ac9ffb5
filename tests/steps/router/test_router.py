"""The router in front of two real model servers: whatever the challenger does, the client gets an answer."""

import asyncio
import re
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import count

import pytest
import requests
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from steps.release import service
from steps.router import metrics
from steps.router.door import Door
from steps.router.proxy import Proxy
from steps.router.trial import Memory
from tests.steps.router.running import World, predictor, world

_names = count(10)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("router"), "--limit", "5", "--patience", "20") as found:
        yield found


@pytest.fixture
def tried(running: World) -> World:
    """Both servers in a good mood, nothing on trial."""
    for name in running.servers:
        running.mood(name, "fine")
    running.declare([predictor("default", "1")])
    running.until(lambda state: state["mode"] == "direct")
    return running


def trial() -> str:
    """A version that was never on trial."""
    return str(next(_names))


def counted(tried: World, name: str, **labels: str) -> float:
    """The value of a metric."""
    families = text_string_to_metric_families(tried.metrics())
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def test_with_nothing_on_trial_the_champion_answers_all(tried: World) -> None:
    assert tried.asked(5) == [1.0] * 5
    assert tried.state()["challenger"] is None


def test_a_shadow_gets_copies_and_answers_nothing(tried: World) -> None:
    tried.try_out(trial=trial(), shadow=True)
    assert tried.asked(20) == [1.0] * 20
    state = tried.until(lambda state: state["challenger"]["calls"] == 20)
    assert service.withdrawn("tried", tried.url + "/api/v1.0/predictions") is None
    assert (state["mode"], state["challenger"]["failed"], state["challenger"]["alarm"]) == ("shadow", 0, None)


def test_a_canary_answers_its_share(tried: World) -> None:
    tried.try_out(trial=trial(), traffic=50)
    answers = tried.asked(100)
    assert 2.0 in answers
    assert answers.count(2.0) <= 75  # a fair coin is beyond that once in four million times
    assert tried.state()["challenger"]["calls"] >= answers.count(2.0)


def test_a_canary_with_a_small_share_is_looked_at_more_often_than_it_answers(tried: World) -> None:
    tried.try_out(trial=trial(), traffic=1)
    answers = tried.asked(100)
    assert answers.count(2.0) <= 10  # 1 of 100; more than 10 once in a hundred million times
    tried.until(lambda state: state["challenger"]["calls"] > answers.count(2.0))  # fails once in 10,000 times


def broken(tried: World) -> None:
    tried.mood("challenger", "broken")


def hanging(tried: World) -> None:
    tried.servers["challenger"].send(signal.SIGSTOP)


@contextmanager
def limit(tried: World, seconds: str) -> Iterator[None]:
    """Inside, a challenger has so long for an answer."""
    before = tried.options
    for options in (("--limit", seconds), before):
        tried.options = options
        tried.router.send(signal.SIGKILL)
        tried.start_again("")
        if options != before:
            yield


@pytest.mark.parametrize("how", [{"shadow": True}, {"traffic": 50}], ids=["shadow", "canary"])
@pytest.mark.parametrize("harm", [pytest.param(broken, marks=pytest.mark.soak), hanging])
def test_a_bad_challenger_costs_no_answer_and_is_withdrawn(
    tried: World, how: dict[str, object], harm: Callable[[World], None]
) -> None:
    with limit(tried, "0.3") if harm is hanging else nullcontext():
        _found_out(tried, how, harm)


def _found_out(tried: World, how: dict[str, object], harm: Callable[[World], None]) -> None:
    tried.try_out(trial=trial(), **how)
    harm(tried)
    try:
        answers = tried.asked(30, pause=0.01)
        state = tried.until(lambda state: state["challenger"]["state"] == "withdrawn")
    finally:
        tried.servers["challenger"].send(signal.SIGCONT)
    assert answers.count(2.0) == 0
    told = state["challenger"]["alarm"]
    assert told["why"] == "failures"
    assert re.match(r"it gave no good answer to \d of \d requests that the champion answered", told["words"])
    assert "challenger is withdrawn: it gave no good" in (tried.folder / "router.log").read_text()
    assert counted(tried, "pipeline_router_challenger", state="withdrawn") == 1
    broken_calls = counted(tried, "pipeline_router_requests_total", predictor="challenger")
    assert tried.asked(10) == [1.0] * 10
    assert counted(tried, "pipeline_router_requests_total", predictor="challenger") == broken_calls
    read = service.withdrawn("tried", tried.url + "/api/v1.0/predictions")
    assert read is not None
    assert (read.version, read.words, read.at) == (state["challenger"]["version"], told["words"], told["at"])


def test_one_that_is_killed_costs_no_answer_with_many_clients_at_once(tried: World) -> None:
    """300 requests, eight at a time; the server is killed in the middle of them, its workers with it."""
    tried.try_out(trial=trial(), traffic=50)
    server = tried.servers["challenger"]

    def ask(number: int) -> int:
        if number == 100:
            server.send(signal.SIGKILL)
        return requests.post(tried.url + "/predict", json={"data": {"ndarray": [[1.0]]}}, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(ask, range(300)))
    assert codes == [200] * 300
    tried.until(lambda state: state["challenger"]["state"] == "withdrawn")
    assert counted(tried, "pipeline_router_fallbacks_total") > 0
    tried.start_again("challenger")


def test_one_bad_moment_is_forgiven(tried: World) -> None:
    tried.try_out(trial=trial(), traffic=100)
    tried.mood("challenger", "broken")
    assert tried.asked(1) == [1.0]
    assert tried.state()["challenger"]["state"] == "suspected"
    tried.mood("challenger", "fine")
    tried.until(lambda _: tried.asked(1) == [2.0])


def test_what_the_champion_cannot_answer_either_is_no_fault(tried: World) -> None:
    tried.try_out(trial=trial(), traffic=100)
    for name in tried.servers:
        tried.mood(name, "broken")
    assert [tried.ask().status_code for _ in range(5)] == [500] * 5
    assert tried.state()["challenger"]["calls"] == 0


def test_a_withdrawn_one_stays_so_when_the_router_is_killed_and_its_successor_is_tried(tried: World) -> None:
    version = trial()
    tried.try_out(trial=version, traffic=100)
    tried.mood("challenger", "broken")
    tried.asked(3)
    tried.until(lambda state: state["challenger"]["state"] == "withdrawn")
    tried.mood("challenger", "fine")
    tried.router.send(signal.SIGKILL)
    tried.start_again("")
    assert tried.state()["challenger"]["state"] == "withdrawn"
    assert tried.state()["challenger"]["alarm"]["why"] == "failures"
    assert tried.asked(5) == [1.0] * 5
    tried.try_out(trial=trial(), traffic=100)
    assert tried.asked(1) == [2.0]


def test_a_prediction_waits_while_the_champion_is_started_again(tried: World) -> None:
    tried.servers["default"].send(signal.SIGKILL)
    tried.servers["default"].popen.wait()
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(tried.ask) for _ in range(4)]
        told = requests.get(f"{tried.url}/metadata", timeout=5)
        tried.start_again("default")
        assert [each.result().status_code for each in waiting] == [200] * 4
    assert told.status_code == 503, "what is no prediction does not wait"
    assert told.json()["status"]["info"].startswith("the model server did not answer (unreachable")


def test_a_challenger_that_is_not_there_yet_is_waited_for(tried: World) -> None:
    tried.declare(
        [predictor("default", "1"), predictor("challenger", trial()) | {"shadow": True}], without="challenger"
    )
    assert tried.until(lambda state: state["mode"] == "shadow")["challenger"] is None
    assert tried.asked(3) == [1.0] * 3


def test_an_object_that_makes_no_sense_changes_nothing(tried: World) -> None:
    tried.declare([predictor("default", "1"), predictor("challenger", trial()) | {"traffic": 30}])
    tried.until(lambda _: "their traffic is 0 and 30; wanted 100" in (tried.folder / "router.log").read_text())
    assert tried.asked(2) == [1.0] * 2


def test_it_is_ready_before_there_is_a_model_and_says_that_there_is_none() -> None:
    async def asked() -> list[int]:
        proxy = Proxy(Memory(None), patience=1, limit=1)
        try:
            async with TestClient(TestServer(Door(proxy).application())) as client:
                before = await client.get("/router/ready")
                proxy.follow(None)
                after = await client.get("/router/ready")
                prediction = await client.post("/api/v1.0/predictions", json={})
                return [before.status, after.status, prediction.status]
        finally:
            await proxy.close()

    assert asyncio.run(asked()) == [503, 200, 503]


def test_one_predictor_can_be_asked_by_its_name(tried: World) -> None:
    tried.try_out(trial=trial(), shadow=True)
    named = [tried.ask(**{"X-Predictor": name}) for name in ("default", "challenger", "nobody")]
    assert [each.status_code for each in named] == [200, 200, 503]
    assert [each.json()["data"]["ndarray"][0][0] for each in named[:2]] == [1.0, 2.0]
    assert tried.state()["challenger"]["calls"] == 0, "outside of the trial"


def test_requests_and_answers_are_passed_on_as_they_are(tried: World) -> None:
    plain = f"http://127.0.0.1:{tried.servers['default'].port}"
    for path in ("/metadata?x=%2Fy", "/health/ping", "/no//such%20page", "/seldon.json"):
        direct, routed = (requests.get(base + path, timeout=5) for base in (plain, tried.url))
        assert (direct.status_code, direct.content) == (routed.status_code, routed.content)
        assert direct.headers["Content-Type"] == routed.headers["Content-Type"]
    wrong = tried.session.post(tried.url + "/predict", data=b"\xff\x00", timeout=5)
    assert wrong.status_code == requests.post(plain + "/predict", data=b"\xff\x00", timeout=5).status_code


@pytest.mark.parametrize("target", ["http://{}/x", "@{}/x", "//{}/x", "/@{}/x", "*"])
def test_no_target_leads_anywhere_else(tried: World, target: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0)
        place = f"127.0.0.1:{elsewhere.getsockname()[1]}"
        with socket.create_connection(("127.0.0.1", tried.router.port), timeout=5) as client:
            client.sendall(f"GET {target.format(place)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            code = client.makefile("rb").readline().split()[1]
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
    assert int(code) >= 400


def test_what_is_too_large_is_refused(tried: World) -> None:
    answer = requests.post(tried.url + "/predict", data=bytes(33 << 20), timeout=30)
    assert answer.status_code == 413
    assert answer.json()["status"]["info"] == "the request has 34603008 bytes; wanted at most 33554432"


def test_every_metric_is_documented(tried: World) -> None:
    families = {family.name for family in text_string_to_metric_families(tried.metrics())}
    known = {name.removesuffix("_total") for name in re.findall(r"pipeline_router\w+", metrics.__doc__ or "")}
    assert {name for name in families if not name.endswith("_created")} == known

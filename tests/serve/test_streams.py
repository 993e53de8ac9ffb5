"""What does not end: watches and logs, byte for byte as clients read them, and clients that vanish."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from pipeline import engine
from tests.serve.serving import PATIENCE, Events, Served, beside, dag, until, workflow

WATCH = "/api/v1/workflow-events/laptop"
ALL = "/api/v1/workflows/laptop"


def test_a_watch_begins_with_what_is_there_and_goes_on(served: Served) -> None:
    name = served.create(dag("watched", first="sleep 1", second="true"))
    query = {"listOptions.fieldSelector": f"metadata.name={name}", "listOptions.resourceVersion": "0"}
    with served.events(WATCH, **query) as events:
        first = next(events)["result"]
        assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", name)
        versions = []
        for event in events:
            assert event["result"]["type"] == "MODIFIED"
            versions.append(int(event["result"]["object"]["metadata"]["resourceVersion"]))
            if event["result"]["object"]["status"]["finishedAt"]:
                break
    assert versions == sorted(set(versions)) and len(versions) >= 2


def test_after_a_list_only_what_is_new_is_told(served: Served) -> None:
    served.ended(served.create(workflow("old-", "true")))
    version = served.get(ALL)["metadata"]["resourceVersion"]
    with served.events(WATCH, **{"listOptions.resourceVersion": version}) as events:
        name = served.create(workflow("new-", "true"))
        first = next(events)["result"]
        assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", name)


def test_what_no_longer_fits_or_is_deleted_is_told_as_deleted(served: Served) -> None:
    name = served.create(workflow("going", "sleep 1"))
    served.running(name)
    running, alone = "workflows.argoproj.io/phase=Running", f"metadata.name={name}"
    query = {"listOptions.labelSelector": running, "listOptions.fieldSelector": alone}
    with served.events(WATCH, **query, fields="result.type,result.object.metadata.name") as events:
        kinds = [(each["result"]["type"], each["result"]["object"]["metadata"]["name"]) for each in _until_gone(events)]
    assert kinds[0] == ("ADDED", name) and kinds[-1] == ("DELETED", name)
    with served.events(WATCH, **{"listOptions.fieldSelector": alone}) as events:
        added = next(events)["result"]
        assert served.ask("DELETE", f"{ALL}/{name}").json() == {}
        deleted = next(events)["result"]
    assert (added["type"], deleted["type"]) == ("ADDED", "DELETED")
    for field in ("name", "namespace", "uid", "creationTimestamp"):  # by these the UI takes it out of its list
        assert deleted["object"]["metadata"][field] == added["object"]["metadata"][field]
    assert deleted["object"]["status"]["phase"] == "Succeeded"  # its page reads on in it


def _until_gone(events: Iterator[Any]) -> Iterator[Any]:
    for event in events:
        yield event
        if event["result"]["type"] == "DELETED":
            return


def test_a_watch_of_what_is_not_there_is_an_error_and_no_stream(served: Served) -> None:
    found = served.ask("GET", WATCH, None, **{"listOptions.fieldSelector": "metadata.name=nobody"})
    assert (found.status_code, found.json()["code"]) == (404, 5)


def test_the_bytes_that_argo_and_the_ui_read(served: Served) -> None:
    name = served.create(workflow("bytes-", "echo one; echo two"))
    served.ended(name)
    address = f"{served.address}{ALL}/{name}/log"
    events = requests.get(address, headers={"Accept": "text/event-stream"}, timeout=30)
    assert events.headers["content-type"].startswith("text/event-stream")
    assert events.content == (
        b":\n\n"
        b'data: {"result":{"content":"one","podName":"%s"}}\n\n'
        b'data: {"result":{"content":"two","podName":"%s"}}\n\n' % (name.encode(), name.encode())
    )
    lines = requests.get(address, timeout=30)
    assert lines.headers["content-type"] == "application/json"
    assert lines.text.splitlines()[0] == f'{{"result":{{"content":"one","podName":"{name}"}}}}'


def test_logs_follow_until_the_workflow_ends(served: Served) -> None:
    name = served.create(dag("told", first="echo a", second="sleep 1; echo b"))
    query = {"logOptions.follow": "true", "logOptions.container": "main"}
    with served.events(f"{ALL}/{name}/log", **query) as events:
        assert [each["result"]["content"] for each in events] == ["a", "b"]
    assert served.run(name)["status"]["phase"] == "Succeeded"


def test_logs_of_one_pod_the_last_lines_and_those_that_match(served: Served) -> None:
    name = served.create(dag("many", first="seq 5", second="echo other >&2"))
    served.ended(name)
    pods = {each["podName"] for each in _log(served, name)}
    assert len(pods) == 2
    pod = next(each for each in pods if "-first-" in each)
    assert [each["content"] for each in _log(served, name, podName=pod)] == ["1", "2", "3", "4", "5"]
    assert [each["content"] for each in _log(served, name, podName=pod, **{"logOptions.tailLines": "2"})] == ["4", "5"]
    assert [each["content"] for each in _log(served, name, grep="[3o]")] == ["3", "other"]
    bad = served.ask("GET", f"{ALL}/{name}/log", None, grep="(")
    assert bad.status_code == 400 and "regular expression" in bad.json()["message"]


def test_lines_have_times_and_come_in_their_order(served: Served) -> None:
    """Two steps that run at once speak in turn, half a second apart."""
    turns = served.folder / "turns"
    turns.mkdir()

    def say(*numbers: int, to: str = "&1") -> str:
        return "; ".join(
            f"until [ -e {turns}/{n - 1} ]; do sleep .05; done; sleep .5; echo {n} >{to}; touch {turns}/{n}"
            for n in numbers
        )

    name = served.create(beside("times", ping=f"{say(1)}; {say(3, to='&2')}; {say(5)}", pong=say(2, 4)))
    (turns / "0").touch()
    served.ended(name)
    lines = [each["content"].partition(" ") for each in _log(served, name, **{"logOptions.timestamps": "true"})]
    assert [content for _, _, content in lines] == ["1", "2", "3", "4", "5"]
    times = [datetime.fromisoformat(time).timestamp() for time, _, _ in lines]
    assert all(later - earlier > 0.4 for earlier, later in pairwise(times)), times
    third = datetime.fromtimestamp(int(times[2]), UTC).isoformat()
    since = [each["content"] for each in _log(served, name, **{"logOptions.sinceTime": third})]
    assert since in (["3", "4", "5"], ["2", "3", "4", "5"])  # whole seconds, as Kubernetes has them
    assert _log(served, name, **{"logOptions.sinceSeconds": "1.0368e+06"}) == _log(served, name)  # so argo writes it
    until(lambda: _log(served, name, **{"logOptions.sinceSeconds": "1"}) == [])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"logOptions.sinceTime": "noon"}, "sinceTime is 'noon'; wanted a time such as"),
        ({"logOptions.sinceTime": "2026-01-31T00:00:00Z", "logOptions.sinceSeconds": "3"}, "at most one of"),
        ({"logOptions.tailLines": "many"}, "logOptions.tailLines is 'many'; wanted a whole number"),
        ({"logOptions.tailLines": "inf"}, "logOptions.tailLines is 'inf'; wanted a whole number"),
    ],
)
def test_a_wrong_choice_of_lines_is_said(served: Served, query: dict[str, str], words: str) -> None:
    name = served.create(workflow("choice-", "true"))
    found = served.ask("GET", f"{ALL}/{name}/log", None, **query)
    assert found.status_code == 400 and words in found.json()["message"]


def _log(served: Served, name: str, **query: str) -> list[Any]:
    with served.events(f"{ALL}/{name}/log", **query) as events:
        return [each["result"] for each in events]


def test_a_change_of_a_node_is_seen_soon(served: Served) -> None:
    name = served.create(workflow("soon", "sleep 1"))
    with served.events(WATCH, **{"listOptions.fieldSelector": f"metadata.name={name}"}) as events:
        for event in events:
            if event["result"]["object"]["status"]["finishedAt"]:
                break
        seen = time.time()
    ended = engine.Journal(served.home / "journal.db").row(name)["finished_at"]
    assert seen - ended < 2  # it is 0.1 where nothing else runs


def test_a_hundred_open_streams(served: Served) -> None:
    name = served.create(workflow("crowded", "sleep 3"))
    query = {"listOptions.fieldSelector": f"metadata.name={name}"}
    began = threading.Barrier(101, timeout=PATIENCE)

    def watch(_: int) -> str:
        stream = Events(f"{served.address}{WATCH}", query)
        with stream as events:
            next(events)
            began.wait()
            return next(str(each["result"]["object"]["status"]["phase"]) for each in events
                        if each["result"]["object"]["status"]["finishedAt"])  # fmt: skip

    with ThreadPoolExecutor(100) as pool:
        found = pool.map(watch, range(100))
        began.wait()
        assert served.get("/api/v1/version")
        assert set(found) == {"Succeeded"}


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def test_clients_that_vanish_leave_nothing(own: Served) -> None:
    own.start()
    assert own.process is not None
    pid = own.process.pid
    own.get("/api/v1/version")
    before = descriptors(pid)
    streams = [Events(f"{own.address}{WATCH}", {}) for _ in range(20)]
    assert descriptors(pid) >= before + 15  # one that `before` counted may have gone
    for each in streams:
        each.response.close()
    until(lambda: descriptors(pid) <= before + 4)


def test_an_engine_that_is_killed_in_the_middle_of_a_watch(served: Served) -> None:
    name = served.create(dag("killed", first="sleep 2", second="true"))
    served.running(name, "first")
    with served.events(WATCH, **{"listOptions.fieldSelector": f"metadata.name={name}"}) as events:
        assert next(events)["result"]["object"]["status"]["phase"] == "Running"
        journal = engine.Journal(served.home / "journal.db")
        pid = journal.standing([name])[name].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        until(lambda: journal.standing([name])[name].pid is None)
        assert served.pipeline("run", "--resume", name).returncode == 0
        phases = (each["result"]["object"]["status"]["phase"] for each in events)
        assert next(phase for phase in phases if phase != "Running") == "Succeeded"


def test_a_server_that_is_killed_takes_no_run_with_it(own: Served) -> None:
    own.start()
    name = own.create(workflow("outlives", "sleep 2"))
    own.running(name)
    assert own.process is not None
    own.process.kill()
    own.process.wait()
    own.start()
    assert own.ended(name)["status"]["phase"] == "Succeeded"

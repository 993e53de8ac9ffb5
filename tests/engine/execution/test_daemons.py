"""Daemons as real processes: when they are ready, that they are gone in the end, and ports that two want."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pipeline import engine
from pipeline.engine.execution.runtimes import NAMES
from tests.engine.execution.test_runtimes import IMAGE, laboratory, running
from tests.engine.laboratory import Laboratory, log_of, until

SPEC = """
entrypoint: main
templates:
  - name: main
    steps:
      - - {name: server, template: server}
      - - {name: ask, template: ask}
      - - {name: last, template: leaf}
  - name: server
    daemon: true
    container:
      image: i
      command: [python3, -c, "PROGRAM"]
      ports: [{name: web, containerPort: PORT}]
      readinessProbe: PROBE
  - name: ask
    script:
      image: i
      command: [python3]
      source: |
        import urllib.request
        print(urllib.request.urlopen("http://127.0.0.1:PORT/").status)
"""
PROGRAM = "import time; time.sleep(0.5); import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=PORT)"


@pytest.fixture
def port() -> Iterator[int]:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        number = int(free.getsockname()[1])
    yield number


def spec(port: int, probe: str = "{httpGet: {port: web}}", program: str = PROGRAM) -> str:
    return SPEC.replace("PROGRAM", program).replace("PROBE", probe).replace("PORT", str(port))


def listens(port: int) -> bool:
    with closing(socket.socket()) as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize(
    "probe",
    [
        "{httpGet: {port: web, path: /, httpHeaders: [{name: x, value: z}]}}",
        "{tcpSocket: {port: PORT}, successThreshold: 2}",
        "{exec: {command: [python3, -c, 'import socket; socket.create_connection((\"localhost\", PORT))']}, "
        "timeoutSeconds: 9}",
    ],
)
def test_what_follows_waits_until_it_is_ready(lab: Laboratory, port: int, probe: str) -> None:
    lab.cores = 1
    view = lab.run(spec(port, probe))
    assert (view.phase, view.message) == ("Succeeded", "")
    assert log_of(view, "[1].ask") == "200\n"
    assert not listens(port)


def test_one_that_ends_before_it_is_ready_has_failed(lab: Laboratory, port: int) -> None:
    view = lab.run(spec(port, program="raise SystemExit(7)"))
    assert view.phase == "Failed" and view.nodes[2].message == "main: Error (exit code 7)"


def test_a_run_that_is_cut_off_leaves_none_and_starts_it_again(lab: Laboratory, port: int) -> None:
    stop = threading.Event()
    slow = spec(port).replace("import urllib", "import time; time.sleep(1)\n        import urllib")
    run = lab.submit(slow)
    thread = threading.Thread(target=lab.execute, args=(run, stop))
    thread.start()
    until(lambda: "ask" in {node.display_name for node in engine.view(lab.journal, run).nodes})
    stop.set()
    thread.join()
    assert not listens(port)
    view = lab.execute(run)
    assert view.phase == "Succeeded" and log_of(view, "[1].ask") == "200\n"


def test_two_that_want_one_port_are_told_so(lab: Laboratory, port: int) -> None:
    two = spec(port).replace("{name: server, template: server}", "{name: server, template: server, withItems: [1, 2]}")
    view = lab.run(two)
    assert view.phase != "Succeeded"
    told = next(node for node in view.nodes if node.type == "Pod" and node.phase == "Error")
    assert f"the port {port}, on which " in told.message and "is taken on this machine by " in told.message


def test_a_port_that_another_program_has_is_told(lab: Laboratory) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        view = lab.run(spec(int(other.getsockname()[1])))
    assert "is taken on this machine by another program" in view.nodes[2].message


def test_a_function_may_stand_in_for_it(lab: Laboratory, port: int) -> None:
    found = engine.run(lab.load(spec(port)).named("w").source, replace={"server": lambda _: None, "ask": lambda _: "x"})
    assert found.phase == "Succeeded"


BESIDE = """
entrypoint: main
volumeClaimTemplates: [{metadata: {name: v}, spec: {accessModes: [ReadWriteOnce]}}]
templates:
  - name: main
    steps:
      - - {name: server, template: server}
      - - {name: ask, template: ask, hooks: {exit: {template: after}}}
  - name: server
    daemon: true
    container:
      image: IMAGE
      command: [sh, -c, "echo up > /data/up; exec sleep SECONDS"]
      volumeMounts: [{name: v, mountPath: /data}]
  - name: ask
    container:
      image: IMAGE
      command: [sh, -c, "until test -s /data/up; do sleep 0.1; done; cat /data/up"]
      volumeMounts: [{name: v, mountPath: /data}]
  - name: after
    container:
      image: IMAGE
      command: [sh, -c, "cat /data/up; echo after"]
      volumeMounts: [{name: v, mountPath: /data}]
"""


@pytest.mark.parametrize("where", NAMES)
def test_daemons_and_hooks_in_every_place(tmp_path: Path, where: str) -> None:
    token = f"5{os.getpid()}.{NAMES.index(where)}"
    view = laboratory(where, tmp_path).run(BESIDE.replace("IMAGE", IMAGE).replace("SECONDS", token))
    assert (view.phase, view.message) == ("Succeeded", "")
    assert log_of(view, "[1].ask") == "up\n" and log_of(view, "[1].ask.onExit") == "up\nafter\n"
    assert running(token) == []


def test_a_probes_command_begins_where_its_container_does(lab: Laboratory, port: int) -> None:
    text = spec(port, "{exec: {command: [test, -f, made]}}", "open('made', 'w').close(); " + PROGRAM)
    text = text.replace("      ports:", "      workingDir: /work\n      ports:")
    text = text.replace("{name: ask, template: ask}", "{name: later, template: leaf}")
    assert lab.run(text).phase == "Succeeded"


HEALTH = """
import grpc, sys, time
from concurrent.futures import ThreadPoolExecutor
began, port, wanted = time.monotonic(), sys.argv[1], bytes.fromhex(sys.argv[2])
def check(asked, _):
    return b'\\x08\\x01' if time.monotonic() > began + 0.5 and asked == wanted else b'\\x08\\x02'
calls = {'Check': grpc.unary_unary_rpc_method_handler(check)}
handler = grpc.method_handlers_generic_handler('grpc.health.v1.Health', calls)
server = grpc.server(ThreadPoolExecutor(2), handlers=[handler])
server.add_insecure_port(f'127.0.0.1:{port}')
server.start()
server.wait_for_termination()
"""


@pytest.mark.parametrize(("service", "asked"), [("", b""), (", service: a.B", b"\x0a\x03a.B")])
def test_one_that_is_asked_by_grpc_is_ready_when_it_serves(
    lab: Laboratory, tmp_path: Path, port: int, service: str, asked: bytes
) -> None:
    (tmp_path / "health.py").write_text(HEALTH, encoding="utf-8")
    text = spec(port, f"{{grpc: {{port: {port}{service}}}}}").replace(PROGRAM.replace("PORT", str(port)), "")
    text = text.replace('-c, ""', f"{tmp_path}/health.py, '{port}', '{asked.hex()}'").replace(
        "template: ask}", "template: leaf}"
    )
    view = lab.run(text)
    assert view.phase == "Succeeded", view.message
    begun = {node.display_name: node.created_at for node in view.nodes}
    first, server = begun["ask"], begun["server"]
    assert first is not None and server is not None
    assert (first - server).total_seconds() > 0.5, "it did not serve before"


def test_one_that_never_serves_is_not_ready(lab: Laboratory, tmp_path: Path, port: int) -> None:
    (tmp_path / "health.py").write_text(HEALTH, encoding="utf-8")
    text = spec(port, f"{{grpc: {{port: {port}, service: other}}}}").replace(PROGRAM.replace("PORT", str(port)), "")
    text = text.replace('-c, ""', f"{tmp_path}/health.py, '{port}', ''").replace(
        "    daemon: true\n", "    daemon: true\n    activeDeadlineSeconds: 4\n"
    )
    view = lab.run(text)
    assert view.phase == "Failed" and [node.display_name for node in view.nodes if node.type == "Pod"] == ["server"]

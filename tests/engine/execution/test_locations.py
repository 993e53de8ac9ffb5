"""Artifacts from an address and from a git repository, and templates that are requests: of a real server."""

import io
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.engine.laboratory import HEADER, Laboratory, log_of

put: dict[str, bytes] = {}


def packed() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in ("a.txt", "b.txt"):
            entry = tarfile.TarInfo(f"folder/{name}")
            entry.size = 2
            archive.addfile(entry, io.BytesIO(b"hi"))
    return file.getvalue()


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        code = int(self.path[1:]) if self.path[1:].isdigit() else 200
        said = f"{self.path} {self.headers.get('X-Token')} {self.headers.get('Authorization')}".encode()
        self.send_response(302 if self.path == "/moved" else code)
        self.send_header("X-Answer", "yes")
        if self.path == "/moved":
            self.send_header("Location", f"http://localhost:{self.headers['Host'].rpartition(':')[2]}/file")
        self.end_headers()
        self.wfile.write(packed() if self.path == "/packed" else said)

    def do_PUT(self) -> None:
        put[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()

    def do_POST(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"posted " + self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def with_input(location: str, script: str) -> str:
    return (
        f"{HEADER}spec:\n  entrypoint: only\n  templates:\n    - name: only\n"
        f"      inputs: {{artifacts: [{{name: it, path: /tmp/it, {location}}}]}}\n"
        f'      container: {{image: i, command: [sh, -c, "{script}"]}}\n'
    )


def request(fields: str) -> str:
    return (
        f"{HEADER}spec:\n  entrypoint: main\n  templates:\n    - name: main\n"
        "      steps:\n        - [{name: a, template: call}]\n        - - name: b\n            template: say\n"
        "            arguments: {parameters: [{name: x, value: '{{steps.a.outputs.result}}'}]}\n"
        f"    - {{name: call, http: {{{fields}}}}}\n"
        "    - name: say\n      inputs: {parameters: [{name: x}]}\n"
        "      container: {image: i, command: [echo, '{{inputs.parameters.x}}']}\n"
    )


def test_an_artifact_from_an_address_with_headers_and_a_login(lab: Laboratory, address: str) -> None:
    lab.host.settings["login"] = {"u": "me", "p": "pw"}
    login = "{basicAuth: {usernameSecret: {name: login, key: u}, passwordSecret: {name: login, key: p}}}"
    location = f"http: {{url: '{address}/file', headers: [{{name: X-Token, value: t}}], auth: {login}}}"
    assert log_of(lab.run(with_input(location, "cat /tmp/it"))) == "/file t Basic bWU6cHc="


def test_a_task_hands_on_an_artifact_from_an_address_with_a_login(lab: Laboratory, address: str) -> None:
    lab.host.settings["login"] = {"u": "me", "p": "pw"}
    login = "{basicAuth: {usernameSecret: {name: login, key: u}, passwordSecret: {name: login, key: p}}}"
    given = f"{{artifacts: [{{name: it, http: {{url: '{address}/file', auth: {login}}}}}]}}"
    text = (
        f"{HEADER}spec:\n  entrypoint: main\n  templates:\n"
        f"    - {{name: main, dag: {{tasks: [{{name: a, template: show, arguments: {given}}}]}}}}\n"
        "    - name: show\n      inputs: {artifacts: [{name: it, path: /tmp/it}]}\n"
        "      container: {image: i, command: [cat, /tmp/it]}\n"
    )
    assert log_of(lab.run(text), ".a") == "/file None Basic bWU6cHc="


def test_another_host_gets_no_login(lab: Laboratory, address: str) -> None:
    lab.host.settings["login"] = {"u": "me", "p": "pw", "t": "secret-token"}
    login = "{basicAuth: {usernameSecret: {name: login, key: u}, passwordSecret: {name: login, key: p}}}"
    view = lab.run(with_input(f"http: {{url: '{address}/moved', auth: {login}}}", "cat /tmp/it"))
    assert log_of(view) == "/file None None"
    headers = "headers: [{name: X-Token, valueFrom: {secretKeyRef: {name: login, key: t}}}]"
    assert log_of(lab.run(request(f"url: '{address}/moved', {headers}")), "[1].b") == "/file None None\n"


def test_an_archive_is_unpacked_unless_it_is_meant_as_it_is(lab: Laboratory, address: str) -> None:
    location = f"http: {{url: '{address}/packed'}}"
    assert log_of(lab.run(with_input(location, "ls /tmp/it"))) == "a.txt\nb.txt\n"
    view = lab.run(with_input(f"{location}, archive: {{none: {{}}}}", "test -f /tmp/it"))
    assert view.phase == "Succeeded"


def test_an_address_that_does_not_have_it(lab: Laboratory, address: str) -> None:
    view = lab.run(with_input(f"http: {{url: '{address}/404'}}", "cat /tmp/it"))
    assert (view.phase, view.message) == ("Error", f"{address}/404 answered 404 Not Found")


def test_an_output_is_put_there(lab: Laboratory, address: str) -> None:
    outputs = f"{{artifacts: [{{name: o, path: /tmp/o, archive: {{none: {{}}}}, http: {{url: '{address}/up'}}}}]}}"
    assert lab.script("echo stored > /tmp/o", outputs=outputs).phase == "Succeeded"
    assert put["/up"] == b"stored\n"


def test_a_git_repository_at_its_revision(lab: Laboratory, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    commands = (
        "git init -q .; git config user.email a@b; git config user.name a; echo first > f; git add f; "
        "git commit -qm 1; git tag v1; echo second > f; git commit -qam 2"
    )
    repository.mkdir()
    subprocess.run(["sh", "-ec", commands], cwd=repository, check=True)
    assert log_of(lab.run(with_input(f"git: {{repo: '{repository}', revision: v1}}", "cat /tmp/it/f"))) == "first\n"
    assert log_of(lab.run(with_input(f"git: {{repo: '{repository}'}}", "cat /tmp/it/f"))) == "second\n"
    view = lab.run(with_input(f"git: {{repo: '{repository}', revision: nosuch}}", "cat /tmp/it/f"))
    assert view.phase == "Error"
    assert view.message == "git checkout failed: fatal: invalid reference: nosuch"


def test_a_store_needs_a_host_that_has_one(lab: Laboratory) -> None:
    view = lab.run(with_input("s3: {key: a/b}", "cat /tmp/it"))
    assert view.message.startswith("the object a/b cannot be fetched: there is no object store here")


def test_a_request_is_made_and_its_answer_is_the_result(lab: Laboratory, address: str) -> None:
    lab.host.settings["login"] = {"t": "secret-token"}
    headers = "headers: [{name: X-Token, valueFrom: {secretKeyRef: {name: login, key: t}}}]"
    view = lab.run(request(f"url: '{address}/ok', {headers}"))
    assert view.phase == "Succeeded", view.message
    assert view.nodes["a"].type == "HTTP"
    assert log_of(view, "[1].b") == "/ok secret-token None\n"
    view = lab.run(request(f"url: '{address}/x', method: POST, body: some"))
    assert log_of(view, "[1].b") == "posted some\n"


@pytest.mark.parametrize(
    ("path", "condition", "message"),
    [
        ("404", "", "received non-2xx response code: 404"),
        ("404", "response.statusCode == 404", ""),
        ("ok", 'response.headers["X-Answer"][0] == "no"', "successCondition '{}' evaluated false"),
        ("ok", 'response.body contains "/ok" && request.method == "GET"', ""),
    ],
)  # fmt: skip
def test_when_an_answer_is_a_success(lab: Laboratory, address: str, path: str, condition: str, message: str) -> None:
    success = f", successCondition: '{condition}'" if condition else ""
    view = lab.run(request(f"url: '{address}/{path}'{success}"))
    assert view.nodes["a"].message == message.replace("{}", condition)
    assert view.phase == ("Failed" if message else "Succeeded")


def test_an_address_that_nobody_answers(lab: Laboratory) -> None:
    view = lab.run(request("url: 'http://127.0.0.1:9/'"))
    assert view.nodes["a"].phase == "Error"
    assert "Connection refused" in view.nodes["a"].message
    assert "wanted an address" in lab.run(request("url: 'file:///etc/passwd'")).nodes["a"].message

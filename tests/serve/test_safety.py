"""Who may ask, and what a hostile page, name, path or body may do: nothing."""

import contextlib
import json
import socket
import subprocess
import sys

import anyio
import pytest
import requests
from starlette.requests import Request
from starlette.types import Message

from pipeline.serve import answers
from pipeline.serve.problems import Problem
from tests.serve.serving import Served, dag, document, until, workflow

ALL = "/api/v1/workflows/laptop"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example:80"}, 403),
        ({"Host": "["}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_only_programs_here_and_its_own_pages_may_ask(served: Served, headers: dict[str, str], status: int) -> None:
    found = requests.post(f"{served.address}/api/v1/tracking/event", data="{}", headers=headers, timeout=30)
    assert found.status_code == status
    assert "Access-Control-Allow-Origin" not in found.headers
    assert "default-src 'none'" in found.headers["Content-Security-Policy"]


def test_its_own_origin_is_no_other(served: Served) -> None:
    found = requests.get(f"{served.address}/api/v1/version", headers={"Origin": served.address}, timeout=30)
    assert found.status_code == 200


def test_a_token(own: Served) -> None:
    own.start("--token", "secret")
    for headers, status in (
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer secret"}, 200),
        ({"Cookie": "authorization=Bearer secret"}, 200),
    ):
        found = requests.get(f"{own.address}{ALL}", headers=headers, timeout=30)
        assert found.status_code == status
    assert found.json()["items"] is None


def test_an_address_that_others_reach_needs_a_token(own: Served) -> None:
    found = own.pipeline("serve", "--address", "0.0.0.0")
    assert found.returncode == 2
    assert "0.0.0.0 can be reached by others" in found.stderr and "--token" in found.stderr


def test_the_port_is_taken_and_another_serves_already(own: Served) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        found = own.pipeline("serve", "--port", str(port))
        assert found.returncode == 2 and f"port {port} of 127.0.0.1 cannot be had" in found.stderr
    own.start()
    again = own.pipeline("serve")
    assert again.returncode == 2 and "is serving here already" in again.stderr


def test_a_port_that_was_chosen_is_kept(own: Served) -> None:
    first = own.spawn()
    until((own.home / "serve.port").exists)
    port = (own.home / "serve.port").read_text()
    first.terminate()
    first.wait(20)
    own.process = own.spawn()
    own.port = int(port)
    until(own.answers)


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2f..%2fjournal.db",
        "/artifact-files/laptop/workflows/..%2f..%2f/x/outputs/y",
        "/artifact-files/laptop/workflows/deep/deep/outputs/out/..%2f..%2f..%2f..%2fjournal.db",
        "/artifact-files/laptop/workflows/deep/deep/outputs/out/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/journal.db",
        "/artifacts/laptop/..%2f..%2fjournal.db/x/y",
    ],
)
def test_no_path_leads_out_of_a_run(served: Served, path: str) -> None:
    if served.ask("GET", f"{ALL}/deep").status_code == 404:
        served.ended(served.create(artifacts("deep")))
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as raw:  # nothing that tidies the path up
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        found = b"".join(iter(lambda: raw.recv(65536), b""))
    assert int(found.split()[1]) in (400, 404)
    assert b"SQLite" not in found and b"root:" not in found


def artifacts(name: str) -> dict[str, object]:
    command = 'mkdir -p $0; echo \'<script>alert(1)</script>\' > "$0/page.html"; touch "$0/<b>.txt"'
    template = {
        "name": "main",
        "outputs": {"artifacts": [{"name": "out", "path": "/work/out"}]},
        "container": {"image": "i", "command": ["sh", "-c", command, "{{outputs.artifacts.out.path}}"]},
    }
    return document({"name": name}, {"entrypoint": "main", "templates": [template]})


def test_artifacts_are_shown_in_a_sandbox(served: Served) -> None:
    name = served.create(artifacts("files"))
    (artifact,) = served.ended(name)["status"]["nodes"][name]["outputs"]["artifacts"]
    assert artifact["s3"]["key"].startswith("files/") and artifact["path"] == "/work/out"
    base = f"{served.address}/artifact-files/laptop/workflows/{name}/{name}/outputs/out"
    folder = requests.get(base, timeout=30)
    assert folder.url == f"{base}/" and "&lt;b&gt;.txt" in folder.text and "<b>" not in folder.text
    page = requests.get(f"{base}/page.html", timeout=30)
    assert page.text == "<script>alert(1)</script>\n"
    assert page.headers["Content-Security-Policy"].startswith("sandbox;")
    assert requests.get(f"{base}/nothing", timeout=30).status_code == 404
    assert requests.get(f"{served.address}/artifacts/laptop/{name}/{name}/nobody", timeout=30).status_code == 404


@pytest.mark.parametrize("name", ["../evil", "<script>", "a b", "x" * 64, "Ünï", "a/../b", "."])
def test_a_hostile_name_is_no_name(served: Served, name: str) -> None:
    found = served.ask("POST", ALL, {"workflow": workflow(name, "true")})
    assert found.status_code == 400 and "metadata.name" in found.json()["message"]
    assert not list(served.folder.rglob("*evil*"))


def test_hostile_lines_are_text(served: Served) -> None:
    name = served.create(
        dag("hostile", first=r"printf '\033]0;x\007</script><b>\000\377\n'; printf 'data: x\r\n\r\ndata: y'")
    )
    served.ended(name)
    found = requests.get(
        f"{served.address}{ALL}/{name}/log", headers={"Accept": "text/event-stream"}, timeout=30
    ).text  # fmt: skip
    assert "\x1b" not in found and "\0" not in found
    lines = [json.loads(line[6:]) for line in found.splitlines() if len(line) > 6]
    assert [each["result"]["content"] for each in lines][1:] == ["data: x", "", "data: y"]


def test_a_body_that_is_too_large(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as raw:
        raw.sendall(f"POST {ALL} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4000000000\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                raw.sendall(b"x" * 65536)
        found = raw.recv(65536)
    assert found.startswith(b"HTTP/1.1 400") and b"larger than 32 MB" in found
    assert served.get("/api/v1/version")


def test_a_body_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_BODY_SECONDS", 0.1)

    async def receive() -> Message:
        await anyio.sleep(0.05)
        return {"type": "http.request", "body": b"x", "more_body": True}

    with pytest.raises(Problem, match="did not end within"):
        anyio.run(answers.body_of, Request({"type": "http", "method": "POST", "headers": []}, receive))


def test_no_web_library_is_imported_before_it_serves() -> None:
    code = "import sys; import pipeline.cli.commands; print({'starlette', 'uvicorn', 'anyio'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"

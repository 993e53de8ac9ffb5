"""The object that a router follows, as a pod reads it: by the API, with an account whose token changes."""

import asyncio
import datetime
import http.server
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from steps.errors import BadInput
from steps.router.source import KubernetesSource

PATH = "/apis/machinelearning.seldon.io/v1/namespaces/mlops/seldondeployments/openaq"


class FakeApi(http.server.ThreadingHTTPServer):
    """Stands in for the API server: one object, to whoever has the token; version 0 is none."""

    token = "first"
    version = 1
    asked: list[str]


class Handler(http.server.BaseHTTPRequestHandler):
    server: FakeApi

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        right = self.headers["Authorization"] == f"Bearer {self.server.token}" and self.path == PATH
        body = json.dumps({"metadata": {"name": "openaq", "resourceVersion": str(self.server.version)}}).encode()
        self.send_response((200 if self.server.version else 404) if right else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    """The server, and in `tmp_path` the files of an account of the namespace mlops."""
    _certificate(tmp_path)
    with FakeApi(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "ca.crt", tmp_path / "key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.server_port))
        monkeypatch.setattr("steps.router.source._API_SECONDS", 0.01)
        (tmp_path / "namespace").write_text("mlops\n")
        (tmp_path / "token").write_text("first")
        yield server
        server.shutdown()


def _certificate(folder: Path) -> None:
    """One that an API server at 127.0.0.1 shows and that its clients trust."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.datetime.now(datetime.UTC)
    place = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(hours=1))
        .add_extension(place, critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def test_each_version_comes_once_and_a_new_token_is_read(api: FakeApi, tmp_path: Path) -> None:
    async def follow() -> list[str | None]:
        objects = KubernetesSource("openaq", tmp_path).objects()
        api.version = 0
        found = [await anext(objects)]
        api.version = 1
        found.append(await asyncio.wait_for(anext(objects), 10))
        api.token = "second"
        api.version = 2
        asyncio.get_running_loop().call_later(0.1, (tmp_path / "token").write_text, "second")
        found.append(await asyncio.wait_for(anext(objects), 10))
        return [None if each is None else each["metadata"]["resourceVersion"] for each in found]

    assert asyncio.run(follow()) == [None, "1", "2"]
    assert set(api.asked) == {PATH}
    assert len(api.asked) > 2, "while the token was the old one it was asked again"


def test_a_server_that_another_authority_vouches_for_is_not_asked(api: FakeApi, tmp_path: Path) -> None:
    _certificate(tmp_path)

    async def follow() -> Any:
        return await asyncio.wait_for(anext(KubernetesSource("openaq", tmp_path).objects()), 0.3)

    with pytest.raises(TimeoutError):
        asyncio.run(follow())
    assert api.asked == []


def test_outside_of_a_pod_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--kubernetes is for a pod with a service account"):
        KubernetesSource("openaq", tmp_path / "none")

"""A real model server that counts and keeps what it is asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.steps.support.model_server import Address, serving
from tests.steps.support.small_model import pack, train, upload


@pytest.fixture
def server(store_environment: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Address]:
    """A server of version 7 that writes several times a second what it was asked."""
    monkeypatch.setenv("MODEL_DECISION", "4")
    monkeypatch.setenv("REQUESTS_SECONDS", "0.2")
    digest = pack(train(), tmp_path / "model")
    with serving(upload(tmp_path / "model", "m"), 7, digest, tmp_path / "log") as address:
        yield address

"""An empty database for a test, of the kind that its fixture's parameter names."""

from pathlib import Path

import pytest

from tests import postgres


def new_database(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make one, of the kind `request.param` (sqlite or postgresql), and name it in DATABASE_URL; its URL."""
    url = f"sqlite:///{folder}/pipeline.db"
    if request.param == "postgresql":
        url = postgres.new_database(request.getfixturevalue("postgres"))
    monkeypatch.setenv("DATABASE_URL", url)
    return url

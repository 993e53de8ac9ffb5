"""Feast's environment is made once, when it is needed, by uv; here by a stand-in for uv that says what it was asked."""

import os
import shutil
from pathlib import Path

import pytest

from pipeline.errors import PipelineError, UserError
from pipeline.stack import feast

STAND_IN = """#!/bin/sh
echo "$@" >> "$ASKED"
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"
[ -z "$BROKEN" ] || { echo "resolving" >&2; echo "  no route to the index" >&2; exit 2; }
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the stand-in was asked, a line each time."""
    program = tmp_path / "bin" / "uv"
    program.parent.mkdir()
    program.write_text(STAND_IN)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    return tmp_path / "asked"


def test_it_is_made_once_and_one_line_says_that_it_is(
    asked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = feast.environment(tmp_path)
    wanted = {"FEATURES_HOME": f"{tmp_path}/features", "FEATURES_PYTHON": f"{place}/bin/python"}
    assert feast.settings(tmp_path) == wanted
    said = capsys.readouterr().err
    assert said == f"making Feast's environment in {place} (700 MB, a minute or two, once)\n"
    assert feast.settings(tmp_path) == wanted
    assert capsys.readouterr().err == ""
    (line,) = asked.read_text().splitlines()
    assert line.startswith("sync --quiet --frozen ")


def test_another_lock_makes_another_and_removes_the_one_before(
    asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feast.settings(tmp_path)
    before = feast.environment(tmp_path)
    monkeypatch.setattr(feast, "_LOCKED", shutil.copytree(feast._LOCKED, tmp_path / "locked"))
    (tmp_path / "locked" / "uv.lock").write_text("another")
    feast.settings(tmp_path)
    assert feast.environment(tmp_path).is_dir()
    assert not before.exists()


def test_what_went_wrong_is_one_line_and_the_next_time_tries_again(
    asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKEN", "yes")
    words = "Feast's environment was not made: no route to the index; run again when that is mended"
    with pytest.raises(PipelineError, match=words):
        feast.settings(tmp_path)
    monkeypatch.delenv("BROKEN")
    feast.settings(tmp_path)
    assert len(asked.read_text().splitlines()) == 2


def test_without_uv_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *given, **more: None)
    with pytest.raises(UserError, match="made by uv, which is not installed; run: pip install uv"):
        feast.settings(tmp_path)

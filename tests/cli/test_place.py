"""Whose state and whose manifests a command means: the present folder's, and it says so where that may surprise."""

import os
import re
from pathlib import Path

import pytest

from tests import ROOT
from tests.cli.here import command

HELLO = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: hello}
spec:
  entrypoint: main
  templates:
    - {name: main, container: {image: debian:bookworm-slim, command: [echo, hello]}}
"""


def pipeline(folder: Path, *words: str, code: int = 0, **settings: str) -> tuple[str, str]:
    """What a command prints to stdout and to stderr, called in `folder`."""
    kept = {name: value for name, value in os.environ.items() if name != "PIPELINE_HOME"}
    ended, out, err = command(*words, folder=folder, environment=kept | settings)
    assert ended == code, out + err
    return out, err


@pytest.mark.parametrize("word", ["status", "runs", "down", "inbox"])
def test_without_state_one_line_says_where_it_looked(tmp_path: Path, word: str) -> None:
    begin = "it begins with: pipeline quickstart, or pipeline run FILE"
    assert pipeline(tmp_path, word) == (f"no state yet at {tmp_path}/.pipeline; {begin}\n", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["logs"], ["report"], ["explain"], ["stop", "a"], ["run", "--resume", "a"]], ids=str)
def test_a_run_cannot_be_named_where_there_is_no_state(tmp_path: Path, words: list[str]) -> None:
    _, said = pipeline(tmp_path, *words, code=2)
    assert said.startswith(f"error: no state yet at {tmp_path}/.pipeline; ")
    assert list(tmp_path.iterdir()) == []


def test_state_is_the_present_folders_own_and_that_further_up_is_told_of(tmp_path: Path) -> None:
    (below := tmp_path / "below").mkdir()
    (below / "hello.yaml").write_text(HELLO, encoding="utf-8")
    pipeline(tmp_path, "run", "below/hello.yaml")
    there = tmp_path / ".pipeline"

    assert pipeline(below, "status")[0] == (
        f"no state yet at {below}/.pipeline; for that at {there}, go to {tmp_path} or set PIPELINE_HOME={there}\n"
    )
    _, said = pipeline(below, "run", "hello.yaml")
    assert said == f"note: state begins in {below}/.pipeline; to use that of {there}, set PIPELINE_HOME={there}\n"
    assert pipeline(below, "run", "hello.yaml")[1] == "", "said once, when it begins"
    assert len(pipeline(tmp_path, "runs")[0].splitlines()) == 2
    assert len(pipeline(below, "runs")[0].splitlines()) == 3
    assert len(pipeline(below, "runs", PIPELINE_HOME=str(there))[0].splitlines()) == 2


def test_manifests_of_the_present_folder_go_before_those_that_ship(tmp_path: Path) -> None:
    assert pipeline(tmp_path, "run", "openaq-train", "--dry-run")[1] == ""
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "hello.yaml").write_text(HELLO, encoding="utf-8")
    note = "note: workflows are those of ./manifests, not those that ship\n"

    out, said = pipeline(tmp_path, "run", "hello", "--dry-run")
    assert ("hello" in out, said) == (True, note)
    assert "ok   hello: this engine runs it" in pipeline(tmp_path, "lint")[0]
    _, said = pipeline(tmp_path, "run", "openaq-train", "--dry-run", code=2)
    assert said == f"{note}error: no workflow 'openaq-train' in manifests/, and no such file; there are hello\n"
    assert pipeline(tmp_path, "run", "manifests/hello.yaml", "--dry-run")[1] == "", "a file is what it is"


def test_in_a_checkout_its_own_manifests_are_those_that_ship() -> None:
    assert pipeline(ROOT, "run", "openaq-train", "--dry-run")[1] == ""


@pytest.mark.parametrize("word", ["status", "runs", "down", "inbox", "logs"])
def test_a_file_in_the_place_of_the_state_is_refused(tmp_path: Path, word: str) -> None:
    (tmp_path / "state").write_text("")
    _, said = pipeline(tmp_path, word, code=2, PIPELINE_HOME=str(tmp_path / "state"))
    assert said == f"error: {tmp_path}/state is no folder; name another in PIPELINE_HOME\n"


def test_what_only_looks_leaves_no_server_running_and_cuts_no_key(tmp_path: Path) -> None:
    name = "a survey of the shells on the beach of a long name, by two people, in June 2026.csv"
    (tmp_path / "a.csv").write_text("1\n", encoding="utf-8")
    pipeline(tmp_path, "put", "abalone", "a.csv", "--name", name)
    try:
        pipeline(tmp_path, "inbox")
        assert re.search("object-store +running", pipeline(tmp_path, "status")[0]), "it ran before"
        pipeline(tmp_path, "down")
        assert f"s3://inbox/abalone/new/{name}" in pipeline(tmp_path, "inbox")[0]
        assert re.search("object-store +stopped", pipeline(tmp_path, "status")[0])
    finally:
        pipeline(tmp_path, "down")

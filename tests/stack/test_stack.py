"""The stack as the command line uses it: settings that wait for their server, background starts, a clean stop."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.engine.processes import start_time
from pipeline.errors import UserError
from pipeline.stack import Stack
from pipeline.stack.processes import MARK
from pipeline.stack.registry import Record, ServerRegistry
from tests.stack.witness import ROOT, leftovers, processes_of, record_of


def test_settings_come_when_the_server_answers(stack: Stack) -> None:
    settings = stack.settings("secret", "object-store")
    assert set(settings) == {
        "AWS_ENDPOINT_URL_S3",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_DEFAULT_REGION",
    }
    assert settings["AWS_ENDPOINT_URL_S3"] == stack.address("object-store")
    assert record_of(stack, "object-store").ready


def test_the_database_is_a_file_unless_the_user_names_one(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert stack.settings("secret", "database") == {"DATABASE_URL": f"sqlite:///{stack.home}/pipeline.db"}
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg2://me@there/db")
    assert stack.settings("secret", "database") == {"DATABASE_URL": "postgresql+psycopg2://me@there/db"}


def test_unknown_names_are_answered_with_those_there_are(stack: Stack) -> None:
    with pytest.raises(UserError, match="no secret 'mail' without a cluster; there are: secret object-store"):
        stack.settings("secret", "mail")
    with pytest.raises(UserError, match="no server 'openaq'; there are: object-store, tracking, fork-server"):
        stack.ensure("openaq")


def test_the_users_own_settings_do_not_reach_the_servers(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    stack.ensure("object-store")
    [process] = processes_of(stack, "object-store")
    environment = Path(f"/proc/{process.pid}/environ").read_bytes()
    assert b"AWS_PROFILE" not in environment
    assert b"HTTP_PROXY" not in environment


def test_servers_started_in_the_background_outlive_the_command(stack: Stack) -> None:
    code = (
        "import sys, pathlib; from pipeline.stack import Stack\n"
        "stack = Stack(pathlib.Path(sys.argv[1]), root=pathlib.Path(sys.argv[2]))\n"
        "stack.start_in_background(['fork-server']); stack.ensure('object-store')"
    )
    subprocess.run([sys.executable, "-c", code, str(stack.home), str(ROOT)], check=True)
    names = ["object-store", "fork-server"]
    for name in names:
        stack.ensure(name)
    states = {each.name: each for each in stack.status()}
    assert [states[name].state for name in names] == ["running"] * 2
    assert all(states[name].memory_mb and states[name].log and states[name].since for name in names)
    assert {process.pid for process in leftovers(stack)} >= {states[name].pid for name in names}
    stack.stop()
    assert leftovers(stack) == []
    assert [each.state for each in stack.status()] == ["stopped"] * 5


def test_a_long_log_makes_room_for_a_new_one(stack: Stack) -> None:
    log = stack.home / "logs" / "object-store.log"
    log.write_bytes(b"old" * (2 << 20))
    stack.ensure("object-store")
    assert log.stat().st_size < 1 << 20
    assert log.with_name("object-store.log.1").read_bytes().startswith(b"oldold")


def test_a_model_server_whose_manifest_is_gone_is_shown_and_stopped(stack: Stack, tmp_path: Path) -> None:
    sleeper = subprocess.Popen(["sleep", "1000"], env={MARK: f"{stack.home}:lost"}, start_new_session=True)
    ServerRegistry(stack.home).put(Record("lost", pid=sleeper.pid, started=start_time(sleeper.pid) or 0, ready=True))
    assert [each.state for each in stack.status() if each.name == "lost"] == ["silent"]
    stack.stop()
    assert sleeper.wait() == -15


def test_another_name_of_the_folder_or_of_python_finds_the_same_server(stack: Stack, tmp_path: Path) -> None:
    stack.ensure("fork-server")
    before = record_of(stack, "fork-server")
    (tmp_path / "link").symlink_to(stack.home)
    code = (
        "import sys, pathlib; from pipeline.stack import Stack\n"
        "Stack(pathlib.Path(sys.argv[1]), root=pathlib.Path(sys.argv[2])).ensure('fork-server')"
    )
    other = str(Path(sys.executable).with_name("python3.12"))
    subprocess.run([other, "-c", code, str(tmp_path / "link"), str(ROOT)], check=True)
    assert record_of(stack, "fork-server") == before


def test_looking_starts_nothing(stack: Stack) -> None:
    assert [each.state for each in stack.status()] == ["stopped"] * 5
    stack.stop()
    assert leftovers(stack) == []

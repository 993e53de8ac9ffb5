"""The stack as the command line uses it: settings that wait for their server, background starts, a clean stop."""

import subprocess
import sys
from pathlib import Path

import pytest
from witness import OURS, ROOT, leftovers, processes_of, record_of

from pipeline.errors import UserError
from pipeline.stack import Stack


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


def test_all_of_it_comes_up_from_the_background_and_goes_down(stack: Stack) -> None:
    """A command that only starts servers and ends does not take them with it, nor wait for them."""
    code = (
        "import sys, pathlib; from pipeline.stack import Stack\n"
        "stack = Stack(pathlib.Path(sys.argv[1]), root=pathlib.Path(sys.argv[2]))\n"
        "stack.start_in_background(['fork-server', 'tracking']); stack.ensure('object-store')"
    )
    subprocess.run([sys.executable, "-c", code, str(stack.home), str(ROOT)], check=True)
    for name in OURS:
        stack.ensure(name)
    states = {each.name: each for each in stack.status()}
    assert [states[name].state for name in OURS] == ["running"] * 3
    assert all(states[name].memory_mb for name in OURS)
    assert all(states[name].log for name in OURS)
    assert {process.pid for process in leftovers(stack)} >= {states[name].pid for name in OURS}
    stack.stop()
    assert leftovers(stack) == []
    assert [each.state for each in stack.status()] == ["stopped"] * 3


def test_looking_starts_nothing(stack: Stack) -> None:
    assert [each.state for each in stack.status()] == ["stopped"] * 3
    stack.stop()
    assert leftovers(stack) == []

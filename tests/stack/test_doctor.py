"""`doctor` finds what a user would stumble over, and starts nothing."""

from pathlib import Path

from pipeline.stack import Stack
from pipeline.stack.doctor import Check, examine
from tests.stack.witness import another_program_on, leftovers, processes_of, record_of, without_rights


def found(home: Path, name: str) -> Check:
    return next(check for check in examine(home) if check.name == name)


def test_nothing_is_wrong_and_nothing_is_started(tmp_path: Path) -> None:
    checks = examine(tmp_path / "state")
    assert [check for check in checks if not check.ok] == []
    assert leftovers(Stack(tmp_path / "state")) == []
    assert found(tmp_path / "state", "object-store").words == "stopped; started when it is needed"


def test_a_running_server_has_its_address(stack: Stack) -> None:
    address = stack.ensure("object-store")
    check = found(stack.home, "object-store")
    assert check.ok
    assert address in check.words


def test_a_server_that_died_is_named_with_the_end_of_its_log(stack: Stack) -> None:
    stack.ensure("object-store")
    [process] = processes_of(stack, "object-store")
    process.kill()
    process.wait()
    check = found(stack.home, "object-store")
    assert not check.ok
    assert "ended without being stopped; the next start fixes it (pipeline up); the end of" in check.words


def test_credentials_that_others_may_read(stack: Stack) -> None:
    stack.ensure("object-store")
    path = stack.home / "credentials.json"
    path.chmod(0o644)
    assert found(stack.home, "credentials") == Check(
        "credentials", False, f"{path} has mode 0644; run: chmod 600 {path}"
    )


def test_a_port_that_another_program_has(stack: Stack) -> None:
    stack.ensure("object-store")
    stack.stop()
    port = record_of(stack, "object-store").ports["s3"]
    with another_program_on(port):
        assert f"another program has {port} (object-store)" in found(stack.home, "ports").words


def test_a_state_folder_without_rights(tmp_path: Path) -> None:
    with without_rights(tmp_path):
        check = found(tmp_path / "state", "state folder")
    assert not check.ok
    assert "cannot be written" in check.words

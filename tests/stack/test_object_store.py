"""The embedded object store, started for real: found again, private, and its data safe over kills and restarts."""

import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.processes import wait_until
from pipeline.errors import PipelineError
from pipeline.stack import Stack
from pipeline.stack.object_store import BUCKETS, connect
from tests.stack.witness import another_program_on, listening, processes_of, record_of


def _client(stack: Stack) -> Any:
    return connect(stack.settings("secret", "object-store"))


def _put(stack: Stack, body: bytes = b"kept") -> None:
    _client(stack).put_object(Bucket="lake", Key="a/b", Body=body)


def _get(stack: Stack) -> bytes:
    return _client(stack).get_object(Bucket="lake", Key="a/b")["Body"].read()


def test_has_its_buckets(stack: Stack) -> None:
    stack.ensure("object-store")
    assert {bucket["Name"] for bucket in _client(stack).list_buckets()["Buckets"]} == set(BUCKETS)


def test_a_second_start_finds_the_first(stack: Stack) -> None:
    address = stack.ensure("object-store")
    first = record_of(stack, "object-store")
    assert Stack(stack.home).ensure("object-store") == address
    assert record_of(stack, "object-store") == first


def test_of_several_starts_at_once_one_starts_it(stack: Stack) -> None:
    code = "import sys, pathlib, pipeline.stack as s; s.Stack(pathlib.Path(sys.argv[1])).ensure('object-store')"
    starts = [subprocess.Popen([sys.executable, "-c", code, str(stack.home)]) for _ in range(4)]
    assert [start.wait() for start in starts] == [0, 0, 0, 0]
    assert len(processes_of(stack, "object-store")) == 1


def test_kill_9_loses_nothing_and_the_address_stays(stack: Stack) -> None:
    address = stack.ensure("object-store")
    _put(stack)
    [process] = processes_of(stack, "object-store")
    process.kill()
    process.wait()
    assert next(each.state for each in stack.status() if each.name == "object-store") == "ended"
    assert stack.ensure("object-store") == address
    assert _get(stack) == b"kept"


def test_one_that_hangs_is_replaced(stack: Stack) -> None:
    stack.ensure("object-store")
    [process] = processes_of(stack, "object-store")
    process.suspend()  # its threads stop one by one

    def silent() -> bool:
        return next(each.state for each in stack.status() if each.name == "object-store") == "silent"

    assert wait_until(silent, 10.0)
    Stack(stack.home, patience=0.1).ensure("object-store")
    assert processes_of(stack, "object-store") != [process]


def test_stopped_and_started_it_has_its_data_and_address(stack: Stack) -> None:
    address = stack.ensure("object-store")
    _put(stack)
    stack.stop()
    assert processes_of(stack, "object-store") == []
    assert [each.state for each in stack.status()] == ["stopped"] * 5
    assert stack.ensure("object-store") == address
    assert _get(stack) == b"kept"


@pytest.mark.parametrize("text", [None, "", '{"object-store": {"pi', "[]"])
def test_a_lost_or_broken_memory_leaves_no_second_server(stack: Stack, text: str | None) -> None:
    stack.ensure("object-store")
    _put(stack)
    [orphan] = processes_of(stack, "object-store")
    memory = stack.home / "servers.json"
    memory.unlink() if text is None else memory.write_text(text)
    stack.ensure("object-store")
    assert not orphan.is_running()
    assert len(processes_of(stack, "object-store")) == 1
    assert _get(stack) == b"kept"


def test_a_start_cut_off_is_taken_over(stack: Stack) -> None:
    """The command that started it died when the server ran, but before it had made all buckets."""
    stack.ensure("object-store")
    before = processes_of(stack, "object-store")
    _client(stack).delete_bucket(Bucket="inbox")
    memory = stack.home / "servers.json"
    memory.write_text(memory.read_text().replace('"ready": true', '"ready": false'))
    stack.ensure("object-store")
    assert {bucket["Name"] for bucket in _client(stack).list_buckets()["Buckets"]} == set(BUCKETS)
    assert processes_of(stack, "object-store") == before


def test_it_moves_from_a_port_that_another_program_took(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    stack.ensure("object-store")
    _put(stack)
    stack.stop()
    port = record_of(stack, "object-store").ports["s3"]
    with another_program_on(port):
        address = stack.ensure("object-store")
        assert not address.endswith(f":{port}")
        assert f"port {port} of object-store is taken by another program" in caplog.text
        assert _get(stack) == b"kept"


def test_only_this_machine_reaches_it(stack: Stack) -> None:
    stack.ensure("object-store")
    assert listening(processes_of(stack, "object-store")) == {"127.0.0.1"}


def test_nobody_gets_in_without_the_credentials(stack: Stack) -> None:
    address = stack.ensure("object-store")
    _put(stack)
    for path in ("lake/a/b", "lake/?list-type=2", ""):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{address}/{path}")
        assert refused.value.code == 403
        refused.value.close()


def test_the_credentials_are_in_a_private_file_and_nowhere_else(stack: Stack) -> None:
    password = stack.settings("secret", "object-store")["AWS_SECRET_ACCESS_KEY"]
    path = stack.home / "credentials.json"
    assert password in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    [process] = processes_of(stack, "object-store")
    assert password not in " ".join(process.cmdline())
    others = [each for each in stack.home.rglob("*") if each.is_file() and each != path and "data" not in each.parts]
    assert [each for each in others if password.encode() in each.read_bytes()] == []
    assert password not in repr(stack.status())


def test_a_moved_state_folder_keeps_its_data(stack: Stack, tmp_path: Path) -> None:
    stack.ensure("object-store")
    _put(stack)
    stack.stop()
    stack.home.rename(tmp_path / "moved here")
    moved = Stack(tmp_path / "moved here")
    try:
        assert _get(moved) == b"kept"
    finally:
        moved.stop()


@pytest.mark.parametrize(("file", "said"), [("meta.db", "not a database"), ("meta/MANIFEST", "manifest has bad magic")])
def test_a_program_that_fails_is_quoted(stack: Stack, file: str, said: str) -> None:
    broken = stack.home / "store" / file
    broken.parent.mkdir(parents=True)
    broken.write_text("not a database")
    with pytest.raises(PipelineError, match=rf"the object store's volume in .*/store could not be made: .*{said}"):
        stack.ensure("object-store")


def test_a_store_that_was_made_in_sqlite_stays_there(stack: Stack) -> None:
    (stack.home / "store").mkdir()
    (stack.home / "store" / "meta.db").touch()  # which is an empty database
    stack.ensure("object-store")
    _put(stack)
    stack.stop()
    stack.ensure("object-store")
    assert _get(stack) == b"kept"
    assert not (stack.home / "store" / "meta").exists()

"""What the user gets where the state folder cannot be used: one line, and everything works again afterwards."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from pipeline.errors import PipelineError, UserError
from pipeline.stack import Stack
from pipeline.stack.credentials import credentials
from pipeline.stack.object_store import connect
from tests.stack.witness import ROOT, leftovers, needs_linux_root, without_rights


def test_a_folder_without_rights(tmp_path: Path) -> None:
    with (
        without_rights(tmp_path),
        pytest.raises(UserError, match=r"state cannot be written: Permission denied; name"),
    ):
        Stack(tmp_path / "state")


def test_it_is_for_its_owner_alone_and_git_does_not_take_it(tmp_path: Path) -> None:
    Stack(tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    told = subprocess.run(["git", "-C", tmp_path, "status", "--short"], capture_output=True, text=True, check=True)
    assert told.stdout == ""


def test_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(UserError, match="cannot be written: it is no folder; name"):
        Stack(tmp_path / "state")


def test_a_folder_with_a_name_that_urls_would_escape(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "a state, 100% ours", root=ROOT)
    try:
        settings = stack.settings("secret", "object-store")
        connect(settings).put_object(Bucket="lake", Key="k", Body=b"v")
    finally:
        stack.stop()
    assert leftovers(stack) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with 8 MB."""
    needs_linux_root()
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=False).returncode:
        pytest.skip("this system does not let root mount a file system")
    yield disk
    subprocess.run(["umount", disk], check=True)


def _fill(disk: Path, keep: int = 0) -> Path:
    """Take the disk's room except for `keep` bytes."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 65536) == 65536:
                pass
        except OSError:
            pass
        file.truncate(max(0, file.tell() - keep))
    return filler


@pytest.mark.parametrize("prepared", [False, True])
def test_a_full_disk_at_the_start(small_disk: Path, prepared: bool) -> None:
    stack = Stack(small_disk / "state", root=ROOT)
    if prepared:
        credentials(stack.home)
    filler = _fill(small_disk)
    with pytest.raises(PipelineError, match=r"No space left on device|disk is full"):
        stack.ensure("object-store")
    filler.unlink()
    stack.ensure("object-store")
    stack.stop()
    assert leftovers(stack) == []


def test_a_disk_that_fills_up(small_disk: Path) -> None:
    """What was stored stays, what does not fit is refused, and what fits later is stored."""
    stack = Stack(small_disk / "state", root=ROOT)
    try:
        client = connect(stack.settings("secret", "object-store"))
        client.put_object(Bucket="lake", Key="first", Body=b"kept")
        filler = _fill(small_disk, keep=1 << 20)
        with pytest.raises(ClientError, match="input/output error"):
            client.put_object(Bucket="lake", Key="large", Body=b"x" * (2 << 20))
        assert client.get_object(Bucket="lake", Key="first")["Body"].read() == b"kept"
        assert [entry["Key"] for entry in client.list_objects_v2(Bucket="lake")["Contents"]] == ["first"]
        filler.unlink()
        client.put_object(Bucket="lake", Key="large", Body=b"x" * (1 << 20))
    finally:
        stack.stop()
    assert leftovers(stack) == []

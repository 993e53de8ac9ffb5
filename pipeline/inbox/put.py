"""Dropping files into a project's inbox. Any other S3 client does the same: boto3, `mc cp`, minio-py."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import PipelineError, UserError
from pipeline.laptop.machine import LocalMachine
from pipeline.projects import every, find
from pipeline.stack.object_store import connect

if TYPE_CHECKING:
    from pipeline.project import TableProject

_LARGE = 16 * 2**20  # larger uploads show a progress bar
_LONGEST = 1024  # bytes of a key: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html


def table_project(name: str) -> "TableProject":
    """The project of that name that learns from files.

    Raises:
        UserError: there is none, or it learns from something else.
    """
    from pipeline.project import TableProject  # noqa: PLC0415 - declarations are slow to import, and seldom needed

    project = find(name)
    if not isinstance(project, TableProject):
        others = ", ".join(sorted(each.name for each in every().values() if isinstance(each, TableProject)))
        raise UserError(f"{name} learns from an archive, not from files dropped into an inbox; these do: {others}")
    return project


def key_of(project: "TableProject", name: str) -> str:
    """The key under which a file of that name is dropped.

    Raises:
        UserError: the store would not keep that name as it is.
    """
    key = f"{project.name}/new/{name}"
    if len(key.encode()) > _LONGEST:
        raise UserError(
            f"the key would have {len(key.encode())} bytes, wanted at most {_LONGEST}; give a shorter --name"
        )
    if any(part in {"", ".", ".."} for part in name.split("/")):
        raise UserError(f"--name {name!r} has an empty, '.' or '..' part, which object stores refuse; leave it out")
    return key


def put(machine: LocalMachine, key: str, file: Path) -> None:
    """Store `file` in the inbox under `key`.

    Raises:
        PipelineError: the store does not take it.
    """
    from boto3.exceptions import Boto3Error  # noqa: PLC0415 — not needed to refuse a command
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    client = connect(machine.stack.settings("secret", "object-store"))
    try:
        with _progress(file) as advance:
            client.upload_file(str(file), "inbox", key, Callback=advance)
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise PipelineError(f"the store did not take {key!r}: {error}") from error


@contextmanager
def _progress(file: Path) -> Iterator[Callable[[int], None]]:
    """A function to call with the number of bytes that were sent."""
    if file.stat().st_size < _LARGE:
        yield lambda _: None
        return
    from rich.progress import Progress  # noqa: PLC0415 — only for large files

    with Progress(transient=True) as bar:
        task = bar.add_task(file.name, total=file.stat().st_size)
        yield lambda count: bar.advance(task, count)

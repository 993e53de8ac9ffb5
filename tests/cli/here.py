"""A command in this process, which has imported what it needs: it says and does what a process of its own would."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import IO
from unittest import mock

from pipeline.cli.commands import main


def command(
    *arguments: str, folder: Path, environment: Mapping[str, str], together: bool = False
) -> tuple[int, str, str]:
    """The exit code of `pipeline arguments…` called in `folder`, and what it and its children print to stdout and to
    stderr; `together`: to both, as the first."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with (
            chdir(folder),
            mock.patch.dict(os.environ, environment, clear=True),
            mock.patch.object(sys, "argv", ["pipeline", *arguments]),
            _sent("stdout", 1, out),
            _sent("stderr", 2, out if together else err),
        ):
            try:
                main()
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
        return code, _read(out), _read(err)


@contextmanager
def _sent(name: str, descriptor: int, to: IO[bytes]) -> Iterator[None]:
    """One of the two streams goes to a file, for children, too."""
    before = os.dup(descriptor)
    os.dup2(to.fileno(), descriptor)
    try:
        with (
            open(descriptor, "w", buffering=1, encoding="utf-8", closefd=False) as stream,
            mock.patch.object(sys, name, stream),
        ):
            yield
    finally:
        os.dup2(before, descriptor)
        os.close(before)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()

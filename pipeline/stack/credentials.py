"""The credentials of the embedded servers: generated once, in a file that only its owner can read.

The file is written whole under another name, private from its first byte, and then linked into place: the second of two
processes that do so finds it there and uses it.
"""

import json
import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.errors import PipelineError, UserError

FILE = "credentials.json"


@dataclass(frozen=True)
class Credentials:
    """What opens the object store."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(…)"


def credentials(home: Path) -> Credentials:
    """The credentials in `home`, generated if there are none yet.

    Raises:
        UserError: the file exists and does not hold them.
        PipelineError: it cannot be written.
    """
    path = home / FILE
    if not path.exists():
        try:
            _generate(path)
        except OSError as error:
            raise PipelineError(f"{path} could not be written: {error.strerror}; make room or rights for it") from error
    try:
        return Credentials(**json.loads(path.read_text())["object-store"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} does not hold the object store's credentials; remove it to get new ones") from error


def _generate(path: Path) -> None:
    new = Credentials(user=f"pipeline-{secrets.token_hex(4)}", password=secrets.token_urlsafe(32))
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # only its owner can read it
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump({"object-store": asdict(new)}, file)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()

"""The Secrets that a user has set: a file each, that only its owner can read."""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.engine.manifest.fields import OBJECT_NAME
from pipeline.engine.settings import write_private
from pipeline.errors import UserError


def _file(home: Path, name: str) -> Path:
    if not OBJECT_NAME.fullmatch(name):
        raise UserError(f"a Secret is named {name!r}; wanted small letters, digits, '-' and '.'")
    return home / "secrets" / f"{name}.json"


def names(home: Path) -> dict[str, list[str]]:
    """The keys of each, by its name."""
    files = sorted((home / "secrets").glob("*.json"))
    return {file.stem: sorted(read(home, file.stem) or {}) for file in files}


def read(home: Path, name: str) -> Mapping[str, str] | None:
    """Its keys and values; None if it was not set."""
    if not OBJECT_NAME.fullmatch(name):
        return None
    try:
        found: dict[str, str] = json.loads(_file(home, name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        raise UserError(
            f"{_file(home, name)} is broken; set the Secret again with: pipeline secret set {name}"
        ) from None
    return found


def put(home: Path, name: str, values: Mapping[str, str]) -> None:
    """Set keys of a Secret; others that it has stay."""
    file = _file(home, name)
    write_private(file, json.dumps({**(read(home, name) or {}), **values}))


def remove(home: Path, name: str) -> None:
    """Forget a Secret.

    Raises:
        UserError: none of that name was set; names those that were.
    """
    if read(home, name) is None:
        raise UserError(f"no Secret {name} was set; there are {', '.join(names(home)) or 'none'}")
    _file(home, name).unlink()

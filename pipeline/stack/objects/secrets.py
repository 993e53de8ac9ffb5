"""The Secrets that a user has set."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import UserError
from pipeline.stack.objects.kept import Kept


def names(home: Path) -> dict[str, list[str]]:
    """The keys of each, by its name."""
    kept = Kept(home)
    return {name: sorted(kept.values("Secret", name) or {}) for name in kept.names("Secret")}


def put(home: Path, name: str, values: Mapping[str, str]) -> None:
    """Set keys of a Secret; others that it has stay."""
    kept = Kept(home)
    kept.put("Secret", name, {**(kept.values("Secret", name) or {}), **values})


def remove(home: Path, name: str) -> None:
    """Forget a Secret.

    Raises:
        UserError: none of that name was set; names those that were.
    """
    kept = Kept(home)
    if kept.values("Secret", name) is None:
        raise UserError(f"no Secret {name} was set; there are {', '.join(names(home)) or 'none'}")
    kept.remove("Secret", name)

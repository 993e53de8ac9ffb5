"""Absolute paths that a manifest declares, and the texts of a command that spell them out.

In a container they are the container's own; in a plain process they are folders of the node, so a command that spells
one out must be told where it is. That is done in its text, where the text holds the whole path.
"""

import os
import re
from collections.abc import Callable, Iterable
from typing import Final

_OWN: Final = ("/tmp", "/var/tmp")  # noqa: S108 - of a step's own file system, not of this machine
_BEFORE: Final = r"""(?:(?<![\w.\-/}~$%])|(?<=[\s"']-[A-Za-z])|(?<=\\[nt])|(?<=file://))"""
_AFTER: Final = r"(?![\w-]|\.\w)"
_PUT_TOGETHER: Final = "{$%"  # what may follow the beginning of a path that only the command completes


def is_absolute(path: str) -> bool:
    """Whether a path begins at the root and does not lead back."""
    return path.startswith("/") and ".." not in path.split("/")


def roots(declared: Iterable[str]) -> tuple[str, ...]:
    """The folders and files of a step's file system that are its own: those declared, and all of /tmp where one of
    them lies there. None lies within another."""
    found = {path.rstrip("/") for path in declared if is_absolute(path)} - {""}
    found |= {own for own in _OWN for path in list(found) if path.startswith(f"{own}/")}
    return tuple(sorted(path for path in found if not any(path.startswith(f"{other}/") for other in found)))


def of_the_machine(values: Iterable[str], declared: Iterable[str]) -> tuple[str, ...]:
    """The values of parameters that name what is there on this machine, not a file that the step declares by name. A
    volume is at a folder that this machine may have too, and much else in it: /work, /data or /tmp."""
    steps = {path.rstrip("/") for path in declared}
    others = (value for value in values if value.rstrip("/") not in steps)
    return tuple(value for value in others if os.path.exists(value))  # noqa: PTH110 - no value is too long for it


def moved(text: str, own: Iterable[str], local: Callable[[str], str], kept: Iterable[str] = ()) -> str:
    """A text in which each path of `own`, or below one, is where `local` says, but for those that are, or lie below,
    one of `kept`."""
    pattern = "|".join(map(re.escape, own))
    if not pattern or "/" not in text:
        return text
    left = [re.compile(re.escape(path.rstrip("/")) + _AFTER) for path in kept if path.strip("/")]

    def put(match: re.Match[str]) -> str:
        return match[0] if any(each.match(text, match.start()) for each in left) else local(match[0])

    return re.sub(rf"{_BEFORE}(?:{pattern}){_AFTER}(?![{_PUT_TOGETHER}])", put, text)


def put_together(text: str, own: Iterable[str]) -> str:
    """A path of `own` of which the text holds only the beginning of something longer; empty if there is none."""
    pattern = "|".join(map(re.escape, own))
    match = re.search(rf"{_BEFORE}({pattern})[{_PUT_TOGETHER}]", text) if pattern else None
    return match[1] if match else ""

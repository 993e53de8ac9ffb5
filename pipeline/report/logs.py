"""Logs: the end of what a step wrote to stderr, without reading the rest."""

import json
from pathlib import Path

_LONGEST_LINE = 400
_BYTES_A_LINE = 800


def tail(folder: Path | None, lines: int) -> list[str]:
    """The last lines that are not empty, each cut to 400 characters; none if there is no log."""
    if folder is None:
        return []
    try:
        with (folder / "stderr.log").open("rb") as log:
            log.seek(max(log.seek(0, 2) - lines * _BYTES_A_LINE, 0))
            text = log.read().decode(errors="replace")
    except OSError:
        return []
    return [line[:_LONGEST_LINE] for line in text.splitlines() if line.strip()][-lines:]


def message(line: str) -> str:
    """The message of a log line: its `message` if it is JSON, else the whole line."""
    if line.startswith("{"):
        try:
            return str(json.loads(line)["message"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return line
    return line

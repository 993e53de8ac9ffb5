"""The report of one or more runs: one HTML page that needs no network, no script and no other file.

It reads the engine's view of runs and the summaries that their steps wrote; it needs no step, no store and no server. A
summary that is missing or broken costs its section, never the page. Each section is a file: a function from a `Story`
to markup.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.engine.views import RunView


def write(runs: "Sequence[RunView]", path: Path) -> Path:
    """Write the report of `runs` (the oldest first) to `path`, whole or not at all; returns `path`.

    Raises:
        OSError: the file cannot be written.
    """
    from pipeline.report.page import page  # noqa: PLC0415 — the live tree needs no more than `tasks` and `logs`
    from pipeline.report.story import Story  # noqa: PLC0415

    content = page(Story(runs, datetime.now(UTC)))
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        made.write_text(content, encoding="utf-8")
        return made.replace(path)
    finally:
        made.unlink(missing_ok=True)

"""Plain tables for the terminal: runs, servers, and others."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from pipeline.engine.views import RunSummary
    from pipeline.stack import ServerStatus


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns padded to their widest cell, two spaces apart. Widths are a terminal's: some characters fill two."""
    lines = [header, *rows]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(set_cell_size, line, widths)).rstrip() for line in lines)


def runs_table(runs: Sequence["RunSummary"]) -> str:
    """One line for each run; if there is none, how to start one."""
    if not runs:
        return "no run yet; start one with: pipeline quickstart, or pipeline run FILE"
    return table(
        ("RUN", "WORKFLOW", "PHASE", "STARTED", "TOOK", "MESSAGE"),
        [
            (
                run.id,
                run.workflow,
                "Interrupted" if run.interrupted else run.phase,
                run.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if run.started_at else "-",
                f"{(run.finished_at - run.started_at).total_seconds():.1f} s"
                if run.started_at and run.finished_at
                else "-",
                run.message,
            )
            for run in runs
        ],
    )


def servers_table(servers: Sequence["ServerStatus"]) -> str:
    """One line for each server."""
    return table(
        ("SERVER", "STATE", "ADDRESS", "PID", "MEMORY", "LOG"),
        [
            (
                server.name,
                server.state,
                server.address or "-",
                str(server.pid or "-"),
                f"{server.memory_mb:.0f} MB" if server.memory_mb else "-",
                str(server.log or "-"),
            )
            for server in servers
        ],
    )

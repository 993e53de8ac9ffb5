"""Plain tables for the terminal: the runs and the servers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.engine.views.views import RunSummary
    from pipeline.stack import ServerStatus


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns padded to their widest cell, two spaces apart."""
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def runs_table(runs: Sequence["RunSummary"]) -> str:
    """One line a run, or what to do where there is none."""
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
    """One line a server."""
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

"""CronWorkflows: when they are due, and what is due after a pause."""

from pipeline.engine.schedule.cron import Cron, Status
from pipeline.engine.schedule.decisions import (
    LATE_SECONDS,
    LOOK_AGAIN_SECONDS,
    Alarms,
    Decision,
    armed,
    decide,
    ended,
    started,
    surplus,
)

__all__ = [
    "LATE_SECONDS",
    "LOOK_AGAIN_SECONDS",
    "Alarms",
    "Cron",
    "Decision",
    "Status",
    "armed",
    "decide",
    "ended",
    "started",
    "surplus",
]

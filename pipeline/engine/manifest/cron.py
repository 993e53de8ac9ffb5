"""From the fields of a CronWorkflow to `Cron`, or a refusal.

What the controller finds only when a run is due (a condition that cannot be evaluated, a zone that is given twice) is
refused here beforehand. https://argo-workflows.readthedocs.io/en/latest/cron-workflows/
"""

from collections.abc import Callable, Mapping
from typing import Final

from pipeline.engine.manifest.fields import Fields
from pipeline.engine.schedule.cron import Concurrency, Cron, Schedule
from pipeline.engine.schedule.cron_conditions import BadCondition, check_stop, check_when
from pipeline.engine.schedule.cron_text import BadSchedule, parse, zone_of

_CONCURRENCY: Final[dict[str, Concurrency]] = {"": "Allow", "Allow": "Allow", "Forbid": "Forbid", "Replace": "Replace"}


def read_cron(spec: Fields, name: str, namespace: str, labels: Mapping[str, str]) -> Cron:
    """The schedule of the CronWorkflow `name`. `spec`: its spec; `labels`: its own, not those of its runs.

    Raises:
        Refused: the controller would not take a field, or could not evaluate it when a run is due.
    """
    schedules, times, timezone = _times(spec)
    return Cron(
        name=name,
        schedules=schedules,
        times=times,
        timezone=timezone,
        namespace=namespace,
        labels=dict(labels),
        concurrency=_concurrency(spec),
        deadline_seconds=_deadline(spec),
        suspended=spec.flag("suspend"),
        when=_condition(spec, "when", spec.text("when"), check_when),
        stop=spec.read("stopStrategy", _stop) or "",
        keep_succeeded=_limit(spec, "successfulJobsHistoryLimit", 3),
        keep_failed=_limit(spec, "failedJobsHistoryLimit", 1),
    )


def _times(spec: Fields) -> tuple[tuple[str, ...], tuple[Schedule, ...], str]:
    """The schedules as written, what they mean, and their zone."""
    one, schedules, timezone = spec.text("schedule"), spec.texts("schedules"), spec.text("timezone")
    if one and schedules:
        spec.refuse("cannot stand beside schedules; keep schedules alone", "schedule")
    if not one and not schedules:
        spec.refuse("is missing; wanted a list, such as ['0 1 * * *']", "schedules")
    try:
        zone_of(timezone)
    except BadSchedule as problem:
        spec.refuse(str(problem), "timezone")
    schedules = (one,) if one else schedules
    times = []
    for schedule in schedules:
        try:
            times.append(parse(schedule, timezone))
        except BadSchedule as problem:
            spec.refuse(f"{schedule!r} {problem}", "schedule" if one else "schedules")
    return schedules, tuple(times), timezone


def _concurrency(spec: Fields) -> Concurrency:
    policy = spec.text("concurrencyPolicy")
    if policy not in _CONCURRENCY:
        spec.refuse(f"is {policy!r}; wanted Allow, Forbid or Replace", "concurrencyPolicy")
    return _CONCURRENCY[policy]


def _deadline(spec: Fields) -> int | None:
    seconds = spec.number("startingDeadlineSeconds")
    if seconds is not None and seconds < 0:
        spec.refuse(f"is {seconds}; wanted 0 or more", "startingDeadlineSeconds")
    return seconds


def _stop(strategy: Fields) -> str:
    return _condition(strategy, "expression", strategy.required("expression"), check_stop)


def _condition(fields: Fields, field: str, text: str, check: Callable[[str], None]) -> str:
    try:
        check(text)
    except BadCondition as problem:
        fields.refuse(f"{text!r} {problem}", field)
    return text


def _limit(spec: Fields, field: str, default: int) -> int:
    """A negative number counts as none."""
    found = spec.number(field)
    return default if found is None or found < 0 else found

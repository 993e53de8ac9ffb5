"""From the fields of a CronWorkflow to `Cron`, or a refusal.

What the controller finds out only when a run is due (a condition that cannot be evaluated, a zone that is named twice)
is refused here, before anything is waited for. https://argo-workflows.readthedocs.io/en/latest/cron-workflows/
"""

from collections.abc import Mapping
from typing import Final

from pipeline.engine.manifest.fields import Fields
from pipeline.engine.schedule.cron import Concurrency, Cron
from pipeline.engine.schedule.cron_conditions import BadCondition, check_stop, check_when
from pipeline.engine.schedule.cron_text import BadSchedule, parse, zone_of

_CONCURRENCY: Final[dict[str, Concurrency]] = {"": "Allow", "Allow": "Allow", "Forbid": "Forbid", "Replace": "Replace"}


def read_cron(spec: Fields, name: str, namespace: str, labels: Mapping[str, str]) -> Cron:
    """The schedule of the CronWorkflow `name`. `spec`: its spec; `labels`: its own, not those of its runs.

    Raises:
        Refused: a field says what the controller does not take, or could not run when it is due.
    """
    schedules, field = _schedules(spec)
    timezone = spec.text("timezone")
    times = []
    try:
        zone_of(timezone)
    except BadSchedule as problem:
        spec.refuse(str(problem), "timezone")
    for schedule in schedules:
        try:
            times.append(parse(schedule, timezone))
        except BadSchedule as problem:
            spec.refuse(f"{schedule!r} {problem}", field)
    concurrency = spec.text("concurrencyPolicy")
    if concurrency not in _CONCURRENCY:
        spec.refuse(f"is {concurrency!r}; wanted Allow, Forbid or Replace", "concurrencyPolicy")
    deadline = spec.number("startingDeadlineSeconds")
    if deadline is not None and deadline < 0:
        spec.refuse(f"is {deadline}; wanted 0 or more", "startingDeadlineSeconds")
    when, stop = spec.text("when"), _stop(spec)
    try:
        check_when(when)
    except BadCondition as problem:
        spec.refuse(f"{when!r} {problem}", "when")
    return Cron(
        name=name,
        schedules=schedules,
        times=tuple(times),
        timezone=timezone,
        namespace=namespace,
        labels=dict(labels),
        concurrency=_CONCURRENCY[concurrency],
        deadline_seconds=deadline,
        suspended=spec.flag("suspend"),
        when=when,
        stop=stop,
        keep_succeeded=_limit(spec, "successfulJobsHistoryLimit", 3),
        keep_failed=_limit(spec, "failedJobsHistoryLimit", 1),
    )


def _schedules(spec: Fields) -> tuple[tuple[str, ...], str]:
    """The schedules, and the field that has them."""
    one, several = spec.text("schedule"), spec.texts("schedules")
    if one and several:
        spec.refuse("cannot stand beside schedules; keep schedules alone", "schedule")
    if not one and not several:
        spec.refuse("is missing; wanted a list, such as ['0 1 * * *']", "schedules")
    return ((one,), "schedule") if one else (several, "schedules")


def _stop(spec: Fields) -> str:
    strategy = spec.mapping("stopStrategy")
    if strategy is None:
        return ""
    expression = strategy.required("expression")
    strategy.done()
    try:
        check_stop(expression)
    except BadCondition as problem:
        strategy.refuse(f"{expression!r} {problem}", "expression")
    return expression


def _limit(spec: Fields, field: str, default: int) -> int:
    """A negative number is as good as none."""
    found = spec.number(field)
    return default if found is None or found < 0 else found

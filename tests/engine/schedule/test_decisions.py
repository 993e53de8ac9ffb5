"""What a CronWorkflow does when: a table of the controller's decisions, and rules that hold whatever happens."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pipeline.engine import schedule
from pipeline.engine.schedule import LATE_SECONDS
from pipeline.engine.schedule.cron import Cron, Status, Times
from pipeline.engine.schedule.cron_text import parse

NOON = int(datetime(2026, 5, 17, 12, tzinfo=UTC).timestamp())
HOURLY = "0 * * * *"


def cron_of(*schedules: str, **fields: Any) -> Cron:
    schedules = schedules or (HOURLY,)
    return Cron("w", schedules, tuple(parse(each, "UTC") for each in schedules), timezone="UTC", **fields)


class Watched:
    """A CronWorkflow that is watched: told the time, it does what is decided."""

    def __init__(self, cron: Cron, status: Status | None = None, now: float = NOON - 1800, again: bool = False) -> None:
        self.cron = cron
        self.status = status or Status()
        self.alarms = schedule.armed(cron, now)
        self.done: list[tuple[int, tuple[str, ...]]] = []
        self.taken: set[int] = set()
        self.said: list[tuple[int, str]] = []
        self.look(now, again=again)

    def look(self, now: float, *, again: bool = False) -> Self:
        found = schedule.decide(self.cron, self.status, self.alarms, now, again=again, taken=self.taken.__contains__)
        self.status, self.alarms = found.status, found.alarms
        if found.skipped is not None:
            self.said.append((found.skipped - NOON, found.reason))
        if found.start is not None:
            self.taken.add(found.start)
            kept = tuple(run for run in self.status.active if run not in found.stop)
            self.done.append((found.start - NOON, found.stop))
            self.status = schedule.started(replace(self.status, active=kept), f"w-{found.start}", found.start)
        return self

    def end(self, run: str, now: float, phase: str = "Succeeded") -> Self:
        self.status = schedule.ended(self.cron, self.status, run, phase, now)
        return self.look(now, again=True)

    @property
    def starts(self) -> list[int]:
        return [at for at, _ in self.done]


def active(*runs: str, last: int = NOON - 3600, cron: Cron | None = None) -> Status:
    return Status(last, (cron or cron_of()).timetable, active=runs)


def test_it_starts_when_it_is_due_and_once() -> None:
    watched = Watched(cron_of()).look(NOON - 0.1).look(NOON).look(NOON + 0.5).look(NOON + 59)
    assert watched.starts == [0]
    assert watched.alarms.next == NOON + 3600
    assert watched.status.last_scheduled == NOON


def test_a_little_late_is_not_missed() -> None:
    assert Watched(cron_of()).look(NOON + LATE_SECONDS - 1).starts == [0]


def test_two_schedules_at_one_time_start_one_run() -> None:
    watched = Watched(cron_of(HOURLY, "0 12 * * *")).look(NOON)
    assert watched.starts == [0]
    assert Watched(cron_of("30 12 * * *", HOURLY)).look(NOON).look(NOON + 1800).starts == [0, 1800]


def test_of_two_that_have_come_the_latest_counts() -> None:
    assert Watched(cron_of("58 11 * * *", HOURLY)).look(NOON + 2).starts == [0]


def test_allow_starts_beside_what_runs() -> None:
    watched = Watched(cron_of(), active("w-1", "w-2")).look(NOON)
    assert watched.done == [(0, ())]
    assert watched.status.active == ("w-1", "w-2", f"w-{NOON}")


def test_forbid_is_looked_at_when_it_is_due() -> None:
    cron = cron_of(concurrency="Forbid")
    watched = Watched(cron, active("w-1")).look(NOON)
    assert watched.starts == []
    assert watched.said == [(0, "concurrencyPolicy is Forbid, and w-1 is still running")]
    watched.end("w-1", NOON + 10).look(NOON + 3600)
    assert watched.starts == [3600], "without startingDeadlineSeconds what was skipped is not made up"


def test_forbid_with_a_deadline_makes_up_for_the_latest_when_the_run_has_ended() -> None:
    cron = cron_of(concurrency="Forbid", deadline_seconds=1000)
    watched = Watched(cron, active("w-1", cron=cron)).look(NOON).look(NOON + 500)
    assert watched.starts == []
    assert watched.end("w-1", NOON + 999).starts == [0]
    late = Watched(cron, active("w-1", cron=cron)).look(NOON)
    assert late.end("w-1", NOON + 1000).starts == []


def test_replace_terminates_what_runs_and_starts() -> None:
    watched = Watched(cron_of(concurrency="Replace"), active("w-1", "w-2")).look(NOON)
    assert watched.done == [(0, ("w-1", "w-2"))]
    assert watched.status.active == (f"w-{NOON}",)


@pytest.mark.parametrize(
    ("deadline", "back_after", "starts"),
    [(None, 5, []), (0, 5, []), (10, 5, [0]), (10, 10, []), (7200, 3599, [0]), (7200, 3600 + 5, [3600])],
)
def test_what_was_missed_while_nobody_watched(deadline: int | None, back_after: int, starts: list[Any]) -> None:
    cron = cron_of(deadline_seconds=deadline)
    watched = Watched(cron, Status(NOON - 3600, cron.timetable), NOON + back_after, again=True)
    assert watched.starts == starts, "one at most, the latest, within the deadline"


def test_nothing_was_missed_before_the_first_run() -> None:
    assert Watched(cron_of(deadline_seconds=7200), Status(), NOON + 5, again=True).starts == []


def test_nothing_is_made_up_after_a_change_of_the_schedules() -> None:
    cron = cron_of(deadline_seconds=7200)
    watched = Watched(cron, Status(NOON - 3600, "CRON_TZ=UTC 30 * * * *"), NOON + 5, again=True)
    assert watched.starts == []
    assert watched.look(NOON + 3600).starts == [3600]


def test_of_several_schedules_the_first_that_can_be_made_up() -> None:
    cron = cron_of("30 11 * * *", HOURLY, deadline_seconds=7200)
    assert Watched(cron, Status(NOON - 3600, cron.timetable), NOON + 5, again=True).starts == [-1800]


@pytest.mark.parametrize(("deadline", "starts"), [(None, []), (3600, [7200]), (60, [])])
def test_a_laptop_that_slept_has_missed_it(deadline: int | None, starts: list[Any]) -> None:
    watched = Watched(cron_of(deadline_seconds=deadline)).look(NOON + 7200 + 600)
    assert watched.starts == starts
    if not starts:
        assert [(at, reason[:13]) for at, reason in watched.said] == [(7200, "it was missed")]
    assert watched.look(NOON + 3 * 3600).starts == [*starts, 3 * 3600]


def test_a_clock_that_is_set_back_starts_nothing_twice() -> None:
    watched = Watched(cron_of()).look(NOON).look(NOON - 600).look(NOON).look(NOON + 3600)
    assert watched.starts == [0, 3600]
    assert watched.said == []


def test_a_clock_that_was_far_ahead_and_is_put_right_goes_on() -> None:
    watched = Watched(cron_of()).look(NOON + 365 * 86400).look(NOON - 5).look(NOON)
    assert watched.starts[-1] == 0


def test_every_counts_from_the_last_start_not_from_the_clock() -> None:
    watched = Watched(cron_of("@every 10m"), now=NOON + 1.5)
    assert watched.alarms.next == NOON + 601
    assert watched.look(NOON + 605.2).starts == [601]
    assert watched.alarms.next == NOON + 1205


def test_every_is_not_started_twice_for_one_interval_after_a_restart() -> None:
    cron = cron_of("@every 1h", deadline_seconds=3600)
    watched = Watched(cron, Status(NOON, cron.timetable), NOON + 1200, again=True)
    assert watched.alarms.next == NOON + 1200 + 3600
    assert watched.look(NOON + 3700, again=True).starts == [3600]
    assert watched.look(NOON + 1200 + 3600).starts == [3600]
    assert watched.alarms.next == NOON + 3700 + 3600


def test_suspended_starts_nothing_and_says_so() -> None:
    watched = Watched(cron_of(suspended=True)).look(NOON)
    assert (watched.starts, watched.said) == ([], [(0, "it is suspended")])


def test_when_is_looked_at_before_the_policy() -> None:
    cron = cron_of(when="{{=cronworkflow.failed < 3}}", concurrency="Replace")
    held = Watched(cron, replace(active("w-1"), failed=3)).look(NOON)
    assert (held.done, held.said) == ([], [(0, "when is false")])
    assert Watched(cron, replace(active("w-1"), failed=2)).look(NOON).done == [(0, ("w-1",))]


def test_a_when_that_cannot_be_evaluated_counts_as_failed() -> None:
    watched = Watched(cron_of(when="'{{=cronworkflow.name}}' =~ 3")).look(NOON)
    assert watched.starts == []
    assert watched.said[0][1].startswith("when cannot be evaluated: ")
    assert watched.status.failed == 1


def test_the_examples_of_argo_for_summer_time() -> None:
    """Once a day, at 02:30 where that is, else at 03:00; and once where 01:30 comes twice."""
    often = "{{= cronworkflow.lastScheduledTime == nil || (now() - cronworkflow.lastScheduledTime).Seconds() > %d }}"

    def starts(schedules: tuple[str, ...], seconds: int, first: str, days: int) -> list[datetime]:
        times = tuple(parse(each, "Europe/Vienna") for each in schedules)
        cron = Cron("w", schedules, times, when=often % seconds)
        now = int(datetime.fromisoformat(first).timestamp())
        watched = Watched(cron, Status(now - 80000), now)
        for at in range(now, now + days * 86400, 600):
            watched.look(at)
        return [datetime.fromtimestamp(NOON + at, parse("@daily", "Europe/Vienna").zone) for at in watched.starts]

    spring = starts(("30 2 * * *", "0 3 * * *"), 3600, "2026-03-28T00:00:00+01:00", 3)
    assert [f"{at:%d %H:%M}" for at in spring] == ["28 02:30", "29 03:00", "30 02:30"]
    autumn = starts(("30 2 * * *",), 7200, "2026-10-24T00:00:00+02:00", 3)
    assert [f"{at:%d %H:%M %Z}" for at in autumn] == ["24 02:30 CEST", "25 02:30 CEST", "26 02:30 CET"]


def test_a_stop_strategy_ends_the_schedule_for_good() -> None:
    cron = cron_of(stop="cronworkflow.succeeded >= 1")
    watched = Watched(cron).look(NOON)
    watched.end(f"w-{NOON}", NOON + 60, "Failed").look(NOON + 3600)
    assert watched.starts == [0, 3600]
    watched.end(f"w-{NOON + 3600}", NOON + 3700)
    assert watched.status.stopped
    assert (watched.status.failed, watched.status.succeeded) == (1, 1)
    assert watched.look(NOON + 7200).starts == [0, 3600]
    assert watched.alarms.next is None


def test_a_stop_strategy_without_a_value_starts_nothing_and_counts_nothing() -> None:
    watched = Watched(cron_of(stop="cronworkflow.lastScheduledTime > now()")).look(NOON)
    assert watched.starts == []
    assert watched.said[0][1].startswith("its stopStrategy cannot be evaluated: ")
    assert watched.status.failed == 0


def test_a_schedule_that_never_comes_waits_for_nothing() -> None:
    watched = Watched(cron_of("0 0 30 2 *", deadline_seconds=60), active(), again=True)
    assert watched.alarms.next is None
    assert watched.look(NOON + 10**8, again=True).starts == []


def test_history_keeps_what_ended_last() -> None:
    ends = [("f", "Error"), ("e", "Succeeded"), ("d", "Failed"), ("c", "Succeeded"), ("b", "Succeeded")]
    assert schedule.surplus(cron_of(keep_succeeded=2, keep_failed=1), ends) == ("b", "d")
    assert schedule.surplus(cron_of(keep_succeeded=0, keep_failed=0), ends) == ("e", "c", "b", "f", "d")
    assert schedule.surplus(cron_of(), ends) == ("d",)


class Watching(RuleBasedStateMachine):
    """A CronWorkflow and what may happen to it: time goes on or back, runs end, watchers die, manifests change."""

    def __init__(self) -> None:
        super().__init__()
        self.now = float(NOON)
        self.cron = cron_of("*/5 * * * *", "7 * * * *", concurrency="Forbid", deadline_seconds=900)
        self.watched = Watched(self.cron, now=self.now)
        self.seen = 0

    def look(self, *, again: bool) -> None:
        before = self.watched.status
        self.watched.look(self.now, again=again)
        new = self.watched.done[self.seen :]
        self.seen = len(self.watched.done)
        assert len(new) <= 1, "one start for a look"
        for start, stopped in new:
            at = NOON + start
            of_the_clock = [each for each in self.cron.times if isinstance(each, Times)]
            assert not of_the_clock or any(each.next(at - 1) == at for each in of_the_clock), "a time of its schedules"
            assert at <= self.now < at + max(LATE_SECONDS, self.cron.deadline_seconds or 0)
            assert not self.cron.suspended
            assert not before.stopped
            if self.cron.concurrency == "Forbid":
                assert not before.active
            assert stopped == (before.active if self.cron.concurrency == "Replace" else ())

    @rule(seconds=st.one_of(st.floats(0, 10), st.floats(0, 400), st.floats(0, 20000)), again=st.booleans())
    def time_goes_on(self, seconds: float, again: bool) -> None:
        self.now += seconds
        self.look(again=again)

    @rule(seconds=st.floats(0, 5000))
    def the_clock_is_set_back(self, seconds: float) -> None:
        self.now -= seconds
        self.look(again=False)

    @rule()
    def it_is_waited_for(self) -> None:
        if self.watched.alarms.next is not None:
            self.now = max(self.now, self.watched.alarms.next)
            self.look(again=False)

    @precondition(lambda self: self.watched.status.active)
    @rule(phase=st.sampled_from(["Succeeded", "Failed", "Error"]))
    def a_run_ends(self, phase: str) -> None:
        run = self.watched.status.active[0]
        self.watched.status = schedule.ended(self.cron, self.watched.status, run, phase, self.now)
        self.look(again=True)

    @rule(away=st.floats(0, 3000))
    def the_watcher_dies_and_another_comes(self, away: float) -> None:
        self.now += away
        self.watched.alarms = schedule.armed(self.cron, self.now)
        self.look(again=True)

    @rule(
        schedules=st.sampled_from([("*/5 * * * *", "7 * * * *"), ("@every 5m",), ("*/7 * * * *", "@hourly")]),
        concurrency=st.sampled_from(["Allow", "Forbid", "Replace"]),
        deadline=st.sampled_from([None, 0, 30, 900]),
        suspended=st.booleans(),
        stop=st.sampled_from(["", "cronworkflow.failed > 3"]),
    )
    def the_manifest_changes(
        self, schedules: tuple[str, ...], concurrency: str, deadline: int | None, suspended: bool, stop: str
    ) -> None:
        self.cron = self.watched.cron = cron_of(
            *schedules, concurrency=concurrency, deadline_seconds=deadline, suspended=suspended, stop=stop
        )
        self.watched.alarms = schedule.armed(self.cron, self.now)
        self.look(again=True)

    @invariant()
    def no_time_is_started_twice(self) -> None:
        assert len(self.watched.starts) == len(set(self.watched.starts))

    @invariant()
    def there_is_something_to_wait_for(self) -> None:
        ahead = self.watched.alarms.next
        assert self.watched.status.stopped or (ahead is not None and ahead > math.floor(self.now))


Watching.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestWatching = Watching.TestCase


@settings(deadline=None)
@given(policy=st.sampled_from(["Forbid", "Replace"]), looks=st.lists(st.floats(0, 500), max_size=60))
def test_never_more_than_one_under_forbid_and_replace(policy: str, looks: list[float]) -> None:
    watched, now = Watched(cron_of("* * * * *", concurrency=policy, deadline_seconds=100)), NOON - 1800.0
    for number, seconds in enumerate(looks):
        now += seconds
        watched.look(now, again=number % 2 == 0)
        assert len(watched.status.active) <= 1

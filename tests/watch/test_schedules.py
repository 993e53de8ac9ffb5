"""The watch under a clock that the tests move: what it starts, what it says, and what it finds again after a kill."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline import engine
from pipeline.engine.schedule import LATE_SECONDS, LOOK_AGAIN_SECONDS
from pipeline.engine.schedule.cron import Status
from pipeline.errors import UserError
from pipeline.laptop.cron_log import CronLog
from pipeline.watch.loop import LOOK_SECONDS, Clock, Interruption, alone, interruptible, watch
from pipeline.watch.messages import Log
from tests.engine.laboratory import log_of
from tests.watch.watching import HOURLY, NOON, Killed, World, cron_of, seconds, write


@pytest.fixture(autouse=True)
def machine_in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_run_is_named_by_its_time_and_knows_it(world: World) -> None:
    write(world.place, "w", HOURLY, script="echo {{workflow.scheduledTime}} {{workflow.name}}")
    world.watch().look(NOON - 10, NOON - 1)
    assert world.runs == []
    world.look(NOON + 0.2)
    assert world.runs == world.children.started == [f"w-{NOON}"]
    view = world.execute(f"w-{NOON}")
    assert log_of(view) == f"2026-05-17T12:00:00Z w-{NOON}\n"


def test_each_thing_is_one_line(world: World) -> None:
    write(world.place, "w", HOURLY, "timezone: Europe/Vienna")
    write(world.place, "u", "schedules: [30 12 * * *]", "suspend: true")
    world.watch().look(NOON - 10, NOON)
    world.execute(f"w-{NOON}")
    world.look(NOON + 5, NOON + 1800)
    assert [line[:19] for line in world.lines[-2:]] == ["2026-05-17 12:00:05", "2026-05-17 12:30:00"]
    assert world.said("u: ") == [
        "u: watched, next Sun 2026-05-17 12:30:00 UTC, suspended",
        "u: skipped Sun 2026-05-17 12:30:00 UTC: it is suspended; next Mon 2026-05-18 12:30:00 UTC",
    ]
    first, second, third = world.said("w: ")
    assert first == "w: watched, next Sun 2026-05-17 14:00:00 CEST (12:00:00 here)"
    assert second == (
        f"w: started w-{NOON}, due Sun 2026-05-17 14:00:00 CEST (12:00:00 here); "
        "next Sun 2026-05-17 15:00:00 CEST (13:00:00 here)"
    )
    assert third.startswith(f"w: w-{NOON} succeeded after ")


@pytest.mark.parametrize(
    ("day", "times"),
    [
        ("2026-03-28T12:00:00", ["2026-03-30T00:30:00"]),
        ("2026-10-24T12:00:00", ["2026-10-25T00:30:00", "2026-10-25T01:30:00", "2026-10-26T01:30:00"]),
    ],
    ids=["left out in spring", "twice in autumn"],
)
def test_half_past_two_in_vienna(day: str, times: list[str], world: World) -> None:
    write(world.place, "w", "schedules: [30 2 * * *]", "timezone: Europe/Vienna")
    start = seconds(day)
    world.watch().look(*(start + 600 * step for step in range(6 * 40)))
    assert world.runs == [f"w-{int(seconds(each))}" for each in times]


@pytest.mark.parametrize(("policy", "runs"), [("Allow", [0, 3600]), ("Forbid", [0]), ("Replace", [0, 3600])])
def test_the_three_policies(policy: str, runs: list[int], world: World) -> None:
    write(world.place, "w", HOURLY, f"concurrencyPolicy: {policy}", script="sleep 600")
    world.watch().look(NOON - 1, NOON, NOON + 1, NOON + 3600, NOON + 3601)
    assert world.runs == [f"w-{NOON + at}" for at in runs]
    assert len(world.said("Forbid, and w-")) == (policy == "Forbid")
    if policy == "Replace":
        assert world.execute(f"w-{NOON}").message == "Stopped with strategy 'Terminate'"


def test_what_forbid_skipped_is_made_up_for_when_the_run_has_ended(world: World) -> None:
    write(world.place, "w", HOURLY, "concurrencyPolicy: Forbid", "startingDeadlineSeconds: 3000")
    world.watch().look(NOON - 5, NOON, NOON + 3600, NOON + 3600 + LOOK_AGAIN_SECONDS)
    assert len(world.said("skipped")) == 1, "though it was looked at twice"
    world.execute(f"w-{NOON}")
    world.look(NOON + 5000)
    assert world.runs == [f"w-{NOON}", f"w-{NOON + 3600}"]


def test_a_when_that_cannot_be_evaluated_is_counted(world: World) -> None:
    write(world.place, "w", HOURLY, "when: \"'{{cronworkflow.name}}'\"")
    for hour in range(2):
        world.watch().look(NOON + hour * 3600 - 5, NOON + hour * 3600)
    assert world.cron_log.status(cron_of(world.place, "w")).failed == 2
    assert world.runs == []


def test_a_run_that_a_person_started_counts_as_active(world: World) -> None:
    write(world.place, "w", HOURLY, "concurrencyPolicy: Forbid")
    by_hand = engine.submit(world.journal, engine.load(world.place), "w", {})
    world.journal.take(by_hand, world.home)
    world.watch().look(NOON - 1, NOON)
    assert world.runs == [by_hand]
    world.journal.leave(by_hand)
    world.look(NOON + 3600)
    assert len(world.runs) == 2, "one that nobody executes is not in the way"
    assert by_hand not in world.children.started, "nor is it for the watch to go on with it"


def test_counts_outlive_the_watch_and_a_stop_strategy_ends_the_schedule(world: World) -> None:
    fields = (HOURLY, "stopStrategy: {expression: cronworkflow.failed >= 2}")
    write(world.place, "w", *fields, script="exit 3")
    for hour in range(4):
        world.watch().look(NOON + hour * 3600 - 5, NOON + hour * 3600)
        for run in world.children.started:
            world.execute(run)
        world.look(NOON + hour * 3600 + 10)
    assert world.runs == [f"w-{NOON + 3600}"], "two were started, the history limit keeps one that failed"
    assert world.said("w: watched")[-1] == "w: watched, ended by its stopStrategy"
    write(world.place, "w", HOURLY, "stopStrategy: {expression: cronworkflow.failed >= 3}", script="exit 3")
    world.look(NOON + 5 * 3600 - 5, NOON + 5 * 3600 - 4, NOON + 5 * 3600)
    assert f"w-{NOON + 5 * 3600}" in world.runs, "another expression begins anew"


def test_history_limits_delete_runs_and_their_files(world: World) -> None:
    write(world.place, "w", HOURLY, "successfulJobsHistoryLimit: 1")
    world.watch().look(NOON - 5)
    for hour in range(3):
        world.look(NOON + hour * 3600)
        world.execute(f"w-{NOON + hour * 3600}")
        world.look(NOON + hour * 3600 + 10)
    assert world.runs == [f"w-{NOON + 7200}"]
    assert [path.name for path in (world.home / "runs").iterdir()] == world.runs
    assert len(world.said("which its history limits do not keep")) == 2
    world.watch().look(NOON - 5, NOON)
    assert world.runs == [f"w-{NOON + 7200}"], "a time whose run is deleted stays taken"


def test_a_changed_manifest_counts_from_then_on(world: World) -> None:
    write(world.place, "w", HOURLY)
    world.watch().look(NOON - 5)
    write(world.place, "w", "schedules: [1 * * * *]")
    write(world.place, "v", HOURLY)
    world.look(NOON - 3)
    assert world.said("changed") == [], "it may be half written"
    assert world.schedules.next_due() == NOON - 2.5
    world.look(NOON - 2.5, NOON, NOON + 60)
    assert world.runs == [f"v-{NOON}", f"w-{NOON + 60}"]
    assert world.said("w: changed") == ["w: changed, next Sun 2026-05-17 12:01:00 UTC"]
    (world.place / "v.yaml").unlink()
    world.look(NOON + 3599, NOON + 3600)
    assert world.said("v: gone") == [f"v: gone from {world.place}; no longer watched"]
    assert f"v-{NOON + 3600}" not in world.runs


def test_a_time_that_comes_while_a_manifest_is_edited_is_not_lost(world: World) -> None:
    write(world.place, "w", HOURLY)
    world.watch().look(NOON - 5)
    (world.place / "w.yaml").write_text("")
    world.look(NOON - 0.2)
    write(world.place, "w", HOURLY, script="echo new")
    world.look(NOON - 0.1, NOON + 0.7)
    assert world.runs == [f"w-{NOON}"]
    assert world.said("gone") == []
    view = world.execute(f"w-{NOON}")
    assert log_of(view) == "new\n"


@pytest.mark.parametrize(
    ("broken", "words"),
    [("kind: [", "not YAML"), ("spec:", "spec.schedules '99 * * * *' has 99 as minute"), (None, "w.yaml")],
    ids=["not YAML", "refused", "unreadable"],
)
def test_of_a_broken_manifest_the_last_good_one_is_kept(broken: str | None, words: str, world: World) -> None:
    write(world.place, "w", HOURLY)
    write(world.place, "v", HOURLY)
    world.watch().look(NOON - 5)
    file = world.place / "w.yaml"
    if broken == "spec:":
        write(world.place, "w", "schedules: [99 * * * *]")
    elif broken:
        file.write_text(broken, encoding="utf-8")
    else:
        file.write_bytes(b"\xff\xfe")
    world.look(NOON - 4, NOON - 3, NOON)
    assert len(world.said(words)) == 1, world.lines
    assert world.runs == [f"v-{NOON}", f"w-{NOON}"]
    write(world.place, "w", "schedules: [1 * * * *]")
    world.look(NOON + 2, NOON + 3, NOON + 60)
    assert f"w-{NOON + 60}" in world.runs


def kill_at(point: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kill the watch when it comes to a point for the first time."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    if point == "before the time is given":
        monkeypatch.setattr(world.cron_log, "claim", die)
    elif point == "before the run is submitted":
        monkeypatch.setattr(engine, "submit", die)
    elif point == "before a process is started":
        world.children.killed = True
    else:
        monkeypatch.setattr(Log, "__call__", die)


POINTS = ["before the time is given", "before the run is submitted", "before a process is started", "before it is said"]


@pytest.mark.parametrize("deadline", [True, False], ids=["deadline", "no deadline"])
@pytest.mark.parametrize("policy", ["Allow", "Forbid", "Replace"])
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_each_time_is_started_once(
    point: str, policy: str, deadline: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = ["startingDeadlineSeconds: 600"] if deadline else []
    write(world.place, "w", HOURLY, f"concurrencyPolicy: {policy}", *more)
    world.watch().look(NOON - 3605, NOON - 3600)
    world.execute(f"w-{NOON - 3600}")
    world.look(NOON - 3000)
    with monkeypatch.context() as patched:
        kill_at(point, world, patched)
        with pytest.raises(Killed):
            world.look(NOON)
    lost = point == POINTS[0] and not deadline
    world.watch().look(NOON + 30)
    assert world.runs == [f"w-{NOON - 3600}", *([] if lost else [f"w-{NOON}"])]
    assert world.children.started == ([] if lost else [f"w-{NOON}"])
    for run in world.children.started:
        assert world.execute(run).phase == "Succeeded"
    world.watch().look(NOON + 40, NOON + 300)
    assert world.children.started == []
    assert len(world.runs) == 1 + (not lost)


def test_a_time_is_given_once_whoever_asks(world: World) -> None:
    write(world.place, "w", HOURLY)
    world.watch()
    cron = cron_of(world.place, "w")
    other = CronLog(engine.Journal(world.journal.path))
    assert world.cron_log.claim(cron, Status(NOON), f"w-{NOON}", NOON)
    assert not other.claim(cron, Status(5), "another", NOON)
    assert other.status(cron).last_scheduled == NOON
    assert [entry.run for entry in other.open()] == [f"w-{NOON}"]


def test_a_start_that_was_cut_off_is_not_finished_days_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    write(world.place, "w", HOURLY, "startingDeadlineSeconds: 600", "concurrencyPolicy: Forbid")
    world.watch().look(NOON - 5)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        kill_at("before the run is submitted", world, patched)
        world.look(NOON)
    world.watch().look(NOON + 600)
    assert world.runs == []
    assert len(world.said("its start was cut off, and now it is too late")) == 1
    world.look(NOON + 3600)
    assert world.runs == [f"w-{NOON + 3600}"], "and it is not in the way"


def test_a_run_whose_process_was_killed_goes_on_but_not_for_ever(world: World) -> None:
    write(world.place, "w", HOURLY, "concurrencyPolicy: Forbid")
    world.watch().look(NOON - 5, NOON)
    for later in range(1, 6):
        world.children.alive.clear()
        world.look(NOON + later)
    assert world.children.started == [f"w-{NOON}"] * 3
    assert len(world.said("was interrupted again and again; resume it with: pipeline run --resume")) == 1
    world.look(NOON + 3600)
    assert world.runs == [f"w-{NOON}", f"w-{NOON + 3600}"], "it is not in the way"


def test_a_run_that_ends_in_this_very_moment_is_not_gone_on_with(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    write(world.place, "w", HOURLY)
    world.watch().look(NOON - 5, NOON)

    def ends(run: str) -> bool:
        world.execute(run)
        return False

    monkeypatch.setattr(world.children, "busy", ends)
    world.look(NOON + 1, NOON + 2)
    assert world.children.started == [f"w-{NOON}"]
    assert world.said("resuming") == []
    assert len(world.said("succeeded")) == 1


def test_a_run_goes_on_when_its_manifest_is_gone(world: World) -> None:
    write(world.place, "w", HOURLY)
    write(world.place, "v", "schedules: ['@daily']")
    world.watch().look(NOON - 5, NOON)
    (world.place / "w.yaml").unlink()
    world.watch().look(NOON + 5)
    assert world.children.started == [f"w-{NOON}"]
    world.execute(f"w-{NOON}")
    assert len(world.look(NOON + 10).said("succeeded")) == 1


def test_a_workflow_that_needs_a_parameter_is_not_watched(world: World) -> None:
    file = write(world.place, "w", HOURLY)
    text = file.read_text().replace("entrypoint: main", "entrypoint: main\n    arguments: {parameters: [{name: x}]}")
    file.write_text(text)
    world.watch().look(NOON - 5)
    assert world.schedules.names() == []
    assert len(world.said("needs a value for the parameter x")) == 1


def test_what_a_person_wrote_cannot_break_a_line(world: World) -> None:
    write(world.place, "w", "schedules: ['@hourly']", """when: "'a\\e[31mb'\"""")
    world.watch().look(NOON - 5, NOON)
    assert len(world.said("when cannot be evaluated")) == 1
    assert all(line.isprintable() for line in world.lines)


class Moving(Clock):
    """A clock that goes on when it is waited for, and ends the watch after some waits."""

    def __init__(self, now: float, waits: int) -> None:
        self.time, self.waits = now, waits
        self.waited: list[float] = []

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float, descriptors: Sequence[int]) -> None:
        self.waited.append(seconds)
        self.time += seconds
        if len(self.waited) >= self.waits:
            raise KeyboardInterrupt


def test_it_waits_for_what_is_due_but_looks_up_now_and_then(world: World) -> None:
    write(world.place, "w", HOURLY)
    world.watch()
    clock = Moving(NOON - 5.0, 5)
    with pytest.raises(KeyboardInterrupt):
        watch([world.schedules], world.children, clock, Interruption())
    assert clock.waited == [LOOK_SECONDS, LOOK_SECONDS, 1.0, LOOK_SECONDS, LOOK_SECONDS]
    assert world.runs == [f"w-{NOON}"]


def test_with_nothing_due_it_still_looks_up(world: World) -> None:
    write(world.place, "w", "schedules: [0 0 30 2 *]")
    world.watch()
    clock = Moving(NOON, 3)
    with pytest.raises(KeyboardInterrupt):
        watch([world.schedules], world.children, clock, Interruption())
    assert clock.waited == [LOOK_SECONDS] * 3


def test_a_machine_that_slept_starts_the_latest_within_the_deadline(world: World) -> None:
    write(world.place, "w", HOURLY, "startingDeadlineSeconds: 900")
    write(world.place, "v", HOURLY)
    world.watch().look(NOON - 5, NOON + 5 * 3600 + LATE_SECONDS)
    assert world.runs == [f"w-{NOON + 5 * 3600}"]
    assert len(world.said("v: skipped Sun 2026-05-17 17:00:00 UTC: it was missed")) == 1


def test_the_second_watch_says_that_there_is_another(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(UserError, match=r"process \d+ is watching here already"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_that_something_swallows_ends_the_watch_all_the_same(number: int, world: World) -> None:
    class Swallowing:
        def process(self, _now: float) -> None:
            with suppress(KeyboardInterrupt):
                os.kill(os.getpid(), number)
                time.sleep(60)

        def next_due(self) -> None:
            return None

        def descriptors(self) -> list[int]:
            return []

    world.watch()
    with interruptible() as interruption, pytest.raises(KeyboardInterrupt):
        watch([Swallowing()], world.children, Clock(), interruption)

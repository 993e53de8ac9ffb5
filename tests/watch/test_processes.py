"""`pipeline watch` as a process: real runs on a fast schedule, Ctrl-C, a second watch, and kill -9 at chosen and at
random instants."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline import engine
from pipeline.engine.processes import is_alive
from pipeline.laptop.cron_log import CronLog
from tests import ROOT
from tests.cli.here import command
from tests.watch.watching import seconds, write

FAST = ("schedules: ['@every 1s']", "concurrencyPolicy: Forbid", "startingDeadlineSeconds: 100",
        "successfulJobsHistoryLimit: 1000")  # fmt: skip
KILLED = """\
import os, signal, sys
from pathlib import Path
from pipeline import engine
from pipeline.laptop import children, cron_log
from pipeline.watch.here import watch_here
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
def then_die(do):
    def done(*given, **more):
        do(*given, **more)
        die()
    return done
{where}
watch_here(Path(sys.argv[1]))
"""
INSTANTS = {
    "before the time is given": "cron_log.CronLog.claim = die",
    "before the run is submitted": "engine.submit = die",
    "after the run is submitted": "engine.submit = then_die(engine.submit)",
    "before its process is started": "children.Children.start = die",
    "after its process is started": "children.Children.start = then_die(children.Children.start)",
}


class Machine:
    """A state folder, a folder of manifests, and watches that are real processes."""

    def __init__(self, folder: Path) -> None:
        self.home, self.place, self.marks = folder / "home", folder / "manifests", folder / "marks"
        self.environment = {**os.environ, "PIPELINE_HOME": str(self.home)}
        self.started: list[subprocess.Popen[bytes]] = []

    def watch(self, *words: str) -> subprocess.Popen[bytes]:
        """A watch in a session of its own, as in a terminal; its output is in `output`."""
        given = words or (sys.executable, "-m", "pipeline", "watch", str(self.place))
        self.output = self.home.parent / f"output-{len(self.started)}"
        with self.output.open("wb") as out:
            watch = subprocess.Popen(
                given, env=self.environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.started.append(watch)
        return watch

    def command(self, *arguments: str) -> tuple[int, str, str]:
        """A command that ends by itself: its exit code, and what it prints to stdout and to stderr."""
        return command(*arguments, folder=ROOT, environment=self.environment)

    def write(self, script: str, *fields: str) -> None:
        """A CronWorkflow named w that marks its begin, does something, and marks its end."""
        mark = f"echo begin {{{{workflow.name}}}} {{{{workflow.scheduledTime}}}} >> {self.marks}"
        end = f"echo end {{{{workflow.name}}}} >> {self.marks}"
        write(self.place, "w", *(fields or FAST), script=f"{mark}; {script}; {end}")

    def marked(self, what: str) -> list[list[str]]:
        """The words of each mark that a run has made."""
        lines = self.marks.read_text().splitlines() if self.marks.exists() else []
        return [line.split()[1:] for line in lines if line.split()[0] == what]

    def runs(self) -> list[engine.RunSummary]:
        """All runs of the journal, the oldest first."""
        if not (self.home / "journal.db").exists():
            return []
        journal = engine.Journal(self.home / "journal.db")
        try:
            return engine.all_runs(journal)[::-1]
        finally:
            journal.close()

    def cron_log(self) -> CronLog:
        return CronLog(engine.Journal(self.home / "journal.db"))

    def succeeded(self) -> list[str]:
        return [run.id for run in self.runs() if run.phase == "Succeeded"]

    def clean(self) -> None:
        """End what is still there."""
        for watch in self.started:
            watch.kill()
            watch.wait()
        if (self.home / "journal.db").exists():
            journal = engine.Journal(self.home / "journal.db")
            for row in journal.rows():
                if row["owner_pid"] is not None and is_alive(row["owner_pid"], row["owner_started"]):
                    os.kill(row["owner_pid"], signal.SIGKILL)
                for process in journal.processes(row["id"]):
                    with_group(process.pid, process.started)
            journal.close()


def with_group(pid: int, started: float) -> None:
    if is_alive(pid, started):
        os.killpg(pid, signal.SIGKILL)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    try:
        yield made
    finally:
        made.clean()


def until[T](condition: Callable[[], T], limit: float = 100.0) -> T:
    end = time.monotonic() + limit
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return found


@contextmanager
def told(machine: Machine) -> Iterator[None]:
    """Show what the watch said where a test fails."""
    try:
        yield
    except BaseException:
        print(machine.output.read_text())
        raise


def test_runs_start_by_themselves_and_ctrl_c_leaves_them_alone(machine: Machine) -> None:
    machine.write("true")
    watch = machine.watch()
    with told(machine):
        until(lambda: len(machine.succeeded()) >= 2)
        for name, scheduled in machine.marked("begin"):
            assert name == f"w-{int(seconds(scheduled.removesuffix('Z')))}"
        go = machine.home.parent / "go"
        machine.write(f"echo held {{{{workflow.name}}}} >> {machine.marks}; until [ -e {go} ]; do sleep 0.1; done")
        ((running,),) = until(lambda: machine.marked("held"))
        os.killpg(watch.pid, signal.SIGINT)
        assert watch.wait() == 130
        assert running not in machine.succeeded(), "the watch did not wait for it"
        go.touch()
    said = machine.output.read_text().split("\n")
    assert [line for line in said if line][-1] == f"stopped watching; still running: {running}"
    assert not any("Traceback" in line for line in said)
    until(lambda: running in machine.succeeded())
    assert [running] in machine.marked("end")


def test_a_second_watch_says_so_in_one_line(machine: Machine) -> None:
    machine.write("true", "schedules: ['@yearly']")
    first = machine.watch()
    until(lambda: "w: watched" in machine.output.read_text())
    second = machine.watch()
    assert second.wait() == 2
    said = machine.output.read_text()
    assert said.startswith(f"error: process {first.pid} is watching here already; stop it first (with `pipeline down`")
    assert said.count("\n") == 1
    first.terminate()
    assert first.wait() == 130
    third = machine.watch()
    until(lambda: "w: watched" in machine.output.read_text())
    assert third.poll() is None


def cells(line: str) -> list[str]:
    return re.split(r"  +", line.strip())


def test_the_list_of_schedules(machine: Machine) -> None:
    write(machine.place, "w", "schedules: [30 2 29 2 *]", "timezone: Europe/Vienna", "suspend: true")
    write(machine.place, "v", "schedules: [0 0 30 2 *]")
    (machine.place / "broken.yaml").write_text("kind: [")
    code, listed, noted = machine.command("cron", str(machine.place))
    assert code == 0
    assert re.fullmatch(rf"note: {machine.place}/broken.yaml, line 2, column 1: not YAML: .*\n", noted)
    header, never, first, *more = map(cells, listed.splitlines())
    assert header == ["NAME", "SCHEDULE", "ZONE", "NEXT", "UTC", "LAST RUN", "PHASE", "STATE"]
    assert never[:2] == ["v", "0 0 30 2 *"]
    assert never[3:] == ["never", "-", "-", "active"]
    assert first[:3] == ["w", "30 2 29 2 *", "Europe/Vienna"]
    assert re.fullmatch(r"\w+ 20\d\d-02-29 02:30:00 CET", first[3])
    assert re.fullmatch(r"20\d\d-02-29 01:30:00Z", first[4])
    assert first[5:] == ["-", "-", "suspended"]
    assert [len(row) for row in more] == [2, 2], "three times in all"
    assert not machine.home.exists(), "looking changes nothing"


def test_the_list_tells_how_the_last_run_went(machine: Machine) -> None:
    machine.write("exit 7", "schedules: ['@every 3s']")
    watch = machine.watch()
    with told(machine):
        run = until(lambda: [run.id for run in machine.runs() if run.phase == "Failed"])[0]
        until(lambda: f"{run} failed after" in machine.output.read_text())
        os.killpg(watch.pid, signal.SIGSTOP)
    until(lambda: all(run.finished_at for run in machine.runs()))
    _, listed, _ = machine.command("cron", str(machine.place))
    assert cells(listed.splitlines()[1])[5:] == [machine.runs()[-1].id, "Failed", "active"]


@pytest.mark.parametrize("verb", ["watch", "cron"])
@pytest.mark.parametrize(
    ("file", "words"),
    [("a: 1", "CronWorkflow"), ("kind: [", "not YAML"), (None, "holds no .yaml file")],
    ids=["no workflow", "broken", "empty"],
)
def test_a_folder_without_schedules_is_a_mistake(verb: str, file: str | None, words: str, machine: Machine) -> None:
    machine.place.mkdir()
    if file is not None:
        (machine.place / "x.yaml").write_text(file)
    code, out, err = machine.command(verb, str(machine.place))
    assert code == 2
    assert words in out + err
    assert err.count("\n") == 1
    assert err.startswith("error: ")


@pytest.mark.parametrize(
    "instant", [pytest.param(one, marks=pytest.mark.soak) if number > 1 else one for number, one in enumerate(INSTANTS)]
)
def test_killed_between_recording_and_starting(instant: str, machine: Machine) -> None:
    machine.write("true")
    killed = machine.watch(sys.executable, "-c", KILLED.format(where=INSTANTS[instant]), str(machine.place))
    assert killed.wait() == -signal.SIGKILL, machine.output.read_text()
    given = machine.cron_log().open()
    assert len(given) == (0 if instant == "before the time is given" else 1)
    machine.watch()
    with told(machine):
        until(lambda: len(machine.succeeded()) >= 2)
        assert {entry.run for entry in given} <= set(machine.succeeded())
        began = Counter(name for name, _ in machine.marked("begin"))
        assert set(began.values()) == {1}, began


def test_a_run_outlives_its_watch_and_is_not_started_again(machine: Machine) -> None:
    machine.write("while [ ! -e {} ]; do sleep 0.1; done".format(machine.home.parent / "go"))
    watch = machine.watch()
    with told(machine):
        first = until(lambda: machine.marked("begin"))[0][0]
        watch.kill()
        watch.wait()
        machine.watch()
        until(lambda: f"Forbid, and {first} is still running" in machine.output.read_text())
        (machine.home.parent / "go").touch()
        until(lambda: len(machine.succeeded()) >= 2)
    assert [first] in machine.marked("end")
    assert set(Counter(name for name, _ in machine.marked("begin")).values()) == {1}


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_killed_at_random_instants(machine: Machine) -> None:
    machine.write(
        "true", "schedules: ['@every 1s']", "startingDeadlineSeconds: 100", "successfulJobsHistoryLimit: 1000"
    )
    for number in range(40):
        watch = machine.watch()
        time.sleep(random.Random(number).uniform(0.3, 4.0))
        watch.kill()
        watch.wait()
    machine.write("true", "schedules: ['@yearly']", "successfulJobsHistoryLimit: 1000")
    machine.watch()
    with told(machine):
        until(lambda: machine.runs() and all(run.finished_at for run in machine.runs()), 300)
    cron_log = machine.cron_log()
    until(lambda: not cron_log.open())
    names = [run.id for run in machine.runs()]
    assert len(names) >= 20
    assert sorted(machine.succeeded()) == sorted(name for name, _ in cron_log.ended("w")) == sorted(names)
    assert Counter(name for name, _ in machine.marked("begin")) == Counter(names)

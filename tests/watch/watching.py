"""A watch under a clock that a test moves: real manifests, journal and cron log. Runs are executed when it says so."""

import textwrap
from datetime import UTC, datetime
from pathlib import Path

from pipeline import engine
from pipeline.engine.schedule.cron import Cron
from pipeline.laptop.children import Children
from pipeline.laptop.cron_log import CronLog
from pipeline.laptop.setups import SetUps
from pipeline.stack import Stack
from pipeline.stack.host import StackHost
from pipeline.watch.cron_runs import CronRuns
from pipeline.watch.manifests import CronWorkflows
from pipeline.watch.messages import Log
from pipeline.watch.schedules import Schedules

MANIFEST = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {{name: {name}}}
spec:
{fields}
  workflowSpec:
    entrypoint: main
    templates:
      - name: main
        container: {{image: debian:bookworm-slim, command: [sh, -c], args: ['{script}']}}
"""
HOURLY = "schedules: [0 * * * *]"


def seconds(text: str) -> float:
    """A time in UTC, such as `2026-05-17T12:00:00`, in seconds since 1970."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NOON = int(seconds("2026-05-17T12:00:00"))


def write(place: Path, name: str, *fields: str, script: str = "true") -> Path:
    """A CronWorkflow of one container."""
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"{name}.yaml"
    text = MANIFEST.format(name=name, fields=textwrap.indent("\n".join(fields), "  "), script=script)
    file.write_text(text, encoding="utf-8")
    return file


def cron_of(place: Path, name: str) -> Cron:
    """When that CronWorkflow of the folder runs."""
    cron = engine.load(place).named(name).cron
    assert cron is not None
    return cron


class Killed(BaseException):
    """The watch was killed in this instant."""


class Waiting(Children):
    """Children that execute a run when they are told to. `started`: in which order runs were given to them."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.started: list[str] = []
        self.alive: set[str] = set()
        self.killed = False

    def start(self, run: str) -> bool:
        if self.killed:
            raise Killed
        if self.started.count(run) >= 3:
            return False
        self.started.append(run)
        self.alive.add(run)
        return True

    def busy(self, run: str) -> bool:
        return run in self.alive

    def descriptors(self) -> list[int]:
        return []


class World:
    """A machine with manifests, a journal, and watches that come and go."""

    def __init__(self, folder: Path) -> None:
        self.home, self.place = folder / "home", folder / "manifests"
        self.lines: list[str] = []
        self.setups: SetUps | None = None
        self.journal = engine.Journal(self.home / "journal.db")

    def watch(self) -> "World":
        """A new watch, after whatever became of the one before."""
        self.children = Waiting(self.home)
        self.cron_log = CronLog(self.journal)
        log = Log(self.lines.append)
        runs = CronRuns(self.journal, self.cron_log, self.children, log)
        self.schedules = Schedules(CronWorkflows(self.place, self.setups), self.cron_log, runs, log)
        return self

    def look(self, *times: float) -> "World":
        for now in times:
            self.schedules.process(now)
        return self

    def execute(self, run: str) -> engine.RunView:
        """To its end, as a child would."""
        view = engine.execute(self.journal, run, StackHost(Stack(self.home)), self.home, cores=1)
        self.children.alive.discard(run)
        return view

    @property
    def runs(self) -> list[str]:
        """All runs of the journal, in their names' order."""
        return sorted(run.id for run in engine.all_runs(self.journal))

    def said(self, words: str) -> list[str]:
        """The lines with these words, without their time."""
        return [line[21:] for line in self.lines if words in line]

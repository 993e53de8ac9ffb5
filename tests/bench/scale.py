"""Time and memory of each step as locations grow: `python -m tests.bench.scale [LOCATIONS …]`.

Made-up archives of 30 days of so many locations (100 and 200; the bar is for 500) go through plan, fetch, prepare,
snapshot, one trial and publish on a real object store, each step a process of its own as a pod is. Then a day comes in
at every location, and then one day of one location is patched. Side by side, for each number of locations: seconds on
the clock and of a core, and peak memory. With twice the locations twice the seconds are linear. Bar: 1 GB for a step.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from pipeline.projects.openaq import OPENAQ
from pipeline.stack import Stack
from pipeline.stack.object_store import connect, make_bucket
from steps.archive import layout
from tests.steps.support.openaq import Seeded, put
from tests.steps.support.released import decide, release
from tests.steps.support.small_model import pack, train, upload

COUNTS = [int(word) for word in sys.argv[1:]] or [100, 200]
DAYS = 30
FETCHERS = 4
PROJECT = OPENAQ


@dataclass(frozen=True)
class Used:
    """What a step took: seconds on the clock, seconds of a core, and the most memory at once (MB)."""

    wall: float
    core: float
    memory: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s, {self.core:.1f} s of a core, {self.memory:.0f} MB"

    def beside(self, other: "Used") -> "Used":
        """Both, one after the other."""
        return Used(self.wall + other.wall, self.core + other.core, max(self.memory, other.memory))


@dataclass
class Job:
    """The steps on an archive of `seeded`; outputs go to `folder`."""

    folder: Path
    archive: Path
    seeded: Seeded
    used: dict[str, Used] = field(default_factory=dict)

    def step(self, name: str, called: str, *options: object) -> None:
        """Run a step, and add what it took to what is `called` so.

        Raises:
            CalledProcessError: it failed.
        """
        words = [sys.executable, "-m", f"steps.{name}", "--declaration", PROJECT.declaration(), *map(str, options)]
        with (self.folder / f"{name}.log").open("w") as log:
            began = time.perf_counter()
            process = subprocess.Popen(words, stderr=log, env={**os.environ, "OMP_NUM_THREADS": "1"})
            _, status, took = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            print(Path(log.name).read_text()[-2000:], file=sys.stderr)
            raise subprocess.CalledProcessError(process.returncode, words[:3])
        used = Used(time.perf_counter() - began, took.ru_utime + took.ru_stime, took.ru_maxrss / 1024)
        self.used[called] = self.used[called].beside(used) if called in self.used else used
        print(f"{len(self.seeded.locations)} locations, {called}: {used}", file=sys.stderr)

    def collect(self, first: date, last: date, called: str) -> None:
        """plan, fetch × workers, prepare."""
        plan, workers = self.folder / "plan.json", self.folder / "workers.json"
        created = ("--created", f"{last + timedelta(days=2)}T00:00:00Z")
        where = ("--source", self.archive, "--locations", self.locations, "--workers", FETCHERS)
        outputs = ("--plan-out", plan, "--workers-out", workers)
        self.step("plan", f"plan{called}", *where, "--from", first, "--to", last, *created, *outputs)
        for worker in range(min(FETCHERS, len(workers.read_text().split(",")))):
            self.step("fetch", f"fetch{called}", "--plan", plan, "--worker", worker, "--workers", workers.read_text())
        outputs = ("--report-out", self.folder / "report.html", "--summary-out", self.folder / "summary.json")
        self.step("prepare", f"prepare{called}", "--plan", plan, *created, *outputs)

    def learn(self, last: date) -> None:
        """snapshot, and the first trial of the first family."""
        dataset, summary = self.folder / "dataset", self.folder / "snapshot.json"
        outputs = ("--dataset-out", dataset, "--workers-out", self.folder / "width.json", "--summary-out", summary)
        created = ("--created", f"{last + timedelta(days=1)}T00:00:00Z")
        self.step("snapshot", "snapshot", "--locations", self.locations, *created, "--workers", 1, *outputs)
        family = PROJECT.learning.families[0]
        workers = list(range(family.trials))
        what = ("--dataset", dataset.read_text(), "--family", family.name)
        self.step("trial", "trial", *what, "--worker", 0, "--workers", workers)

    def publish(self, last: date) -> None:
        """The next 24 hours from a model that is live."""
        packed = self.folder / "model"
        digest = pack(train(), packed)
        release(decide("f", 1, model_uri=upload(packed, "model"), digest=digest))
        output = ("--summary-out", self.folder / "published.json")
        created = ("--created", f"{last + timedelta(days=1)}T00:00:00Z")
        self.step("publish", "publish", "--locations", self.locations, *created, *output)

    @property
    def locations(self) -> str:
        return ",".join(map(str, self.seeded.locations))


def whole(stack: Stack, home: Path, count: int) -> dict[str, Used]:
    """What each step took with so many locations."""
    folder = home / str(count)
    seeded = Seeded(tuple(range(1001, 1001 + count)), days=DAYS + 1)
    job = Job(folder, seeded.write(folder / "archive"), seeded)
    settings = stack.settings("secret", "object-store")
    settings |= {"LAKE_BUCKET": f"lake-{count}", "ARTIFACTS_BUCKET": f"artifacts-{count}"}
    for name in ("LAKE_BUCKET", "ARTIFACTS_BUCKET"):
        make_bucket(connect(settings), settings[name])
    os.environ |= {**settings, "DATABASE_URL": f"sqlite:///{folder}/pipeline.db", "LOG_FORMAT": "text"}
    newest = seeded.last - timedelta(days=1)
    job.collect(seeded.first, newest, "")
    job.learn(newest)
    job.publish(newest)
    job.collect(seeded.last - timedelta(days=PROJECT.window_days - 1), seeded.last, ", a day more")
    patched = seeded.first + timedelta(days=20), seeded.locations[count // 2]
    put(job.archive, layout.path(patched[1], patched[0]), seeded.body(patched[1], patched[0], lambda lines: lines[:-1]))
    job.collect(seeded.first, seeded.last, ", a day patched")
    return job.used


def main() -> None:
    """Print a table of steps."""
    with tempfile.TemporaryDirectory() as home:
        stack = Stack(Path(home, "state"))
        stack.ensure("object-store")
        try:
            found = [whole(stack, Path(home), count) for count in COUNTS]
        finally:
            stack.stop()
    print("| step | " + " | ".join(f"{count} locations" for count in COUNTS) + " |")
    print("|---" * (len(COUNTS) + 1) + "|")
    for name in found[0]:
        print(f"| {name} | " + " | ".join(str(used[name]) for used in found) + " |")


if __name__ == "__main__":
    main()

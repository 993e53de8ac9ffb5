"""The steps on made-up locations, each a process of its own as a pod is, with what each of them took."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from pipeline.projects.openaq import OPENAQ
from tests.steps.support.openaq import Seeded

PROJECT = OPENAQ


@dataclass(frozen=True)
class Used:
    """What a step took: seconds on the clock, seconds of a core, the most memory at once (MB); and of the object store:
    requests by their price, and MB of bodies each way."""

    wall: float
    core: float
    memory: float
    dear: int = 0
    cheap: int = 0
    sent: float = 0.0
    received: float = 0.0

    def __str__(self) -> str:
        return f"{self.wall:.1f} s, {self.core:.1f} s of a core, {self.memory:.0f} MB"

    def beside(self, other: "Used") -> "Used":
        """Both, one after the other."""
        added = {name: getattr(self, name) + getattr(other, name) for name in self.__dict__}
        return Used(**added | {"memory": max(self.memory, other.memory)})


@dataclass
class Job:
    """The steps on an archive of `seeded`; outputs go to `folder`. `fetchers`: workers that fetch, one by one."""

    folder: Path
    archive: Path
    seeded: Seeded
    fetchers: int = 4
    used: dict[str, Used] = field(default_factory=dict)

    def step(self, name: str, called: str, *options: object) -> None:
        """Run a step, and add what it took to what is `called` so.

        Raises:
            CalledProcessError: it failed.
        """
        counts, declared = self.folder / "counts.json", ("--declaration", PROJECT.declaration())
        words = [sys.executable, "-m", "tests.bench.simulated.counted", str(counts), f"steps.{name}"]
        words += map(str, (*declared, *options))
        with (self.folder / f"{name}.log").open("w") as log:
            began = time.perf_counter()
            process = subprocess.Popen(words, stderr=log, env={**os.environ, "OMP_NUM_THREADS": "1"})
            _, status, took = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            print(Path(log.name).read_text()[-2000:], file=sys.stderr)
            raise subprocess.CalledProcessError(process.returncode, words[:5])
        store = json.loads(counts.read_text(encoding="utf-8"))
        used = Used(
            time.perf_counter() - began,
            took.ru_utime + took.ru_stime,
            took.ru_maxrss / 1024,
            store["dear"],
            store["cheap"],
            store["sent"] / 1e6,
            store["received"] / 1e6,
        )
        self.used[called] = self.used[called].beside(used) if called in self.used else used
        print(f"{len(self.seeded.locations)} locations, {called}: {used}", file=sys.stderr, flush=True)

    def collect(self, first: date, last: date, called: str) -> None:
        """plan, fetch × workers, prepare."""
        plan, workers = self.folder / "plan.json", self.folder / "workers.json"
        created = ("--created", f"{last + timedelta(days=2)}T00:00:00Z")
        where = ("--source", self.archive, "--locations", self.locations, "--workers", self.fetchers)
        outputs = ("--plan-out", plan, "--workers-out", workers)
        self.step("plan", f"plan{called}", *where, "--from", first, "--to", last, *created, *outputs)
        for worker in range(len(json.loads(workers.read_text()))):
            self.step("fetch", f"fetch{called}", "--plan", plan, "--worker", worker, "--workers", workers.read_text())
        outputs = ("--report-out", self.folder / "report.html", "--summary-out", self.folder / "summary.json")
        self.step("prepare", f"prepare{called}", "--plan", plan, *created, *outputs)

    @property
    def locations(self) -> str:
        return ",".join(map(str, self.seeded.locations))

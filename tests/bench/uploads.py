"""How long an upload waits for its run, and how long many small files take: `python -m tests.bench.uploads`.

One file after the other is put into the inbox of a laptop that watches it; the run that this starts begins so many
seconds later. Then so many small files lie there at once, and one run takes them. Last, a file is taken beside nothing
and beside many that were taken before, side by side. Bar: 1 s.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline.laptop.machine import LocalMachine
from pipeline.quickstart.tabular_samples import look_alike
from pipeline.stack.object_store import connect
from steps.pages.words import quantity
from tests.bench.history import figure, kept

PUTS = 50
WAITING = int(os.environ.get("UPLOADS", "1000"))
TAKEN = int(os.environ.get("TAKEN", "10000"))
PATIENCE = 60.0


def pipeline(home: Path, *arguments: str) -> None:
    """Run a command in that state folder.

    Raises:
        CalledProcessError: it failed.
    """
    environment = {**os.environ, "PIPELINE_HOME": str(home)}
    subprocess.run([sys.executable, "-m", "pipeline", *arguments], env=environment, check=True, capture_output=True)


def waits(machine: LocalMachine) -> list[float]:
    """Seconds from each put to the start of its run."""
    client = connect(machine.stack.settings("secret", "object-store"))
    found = []
    for number in range(PUTS):
        known = {run.id for run in machine.runs()}
        client.put_object(Bucket="inbox", Key=f"abalone/new/{number}.csv", Body=b"nothing to learn from")
        put = time.time()
        found.append(began(machine, known) - put)
    return found


def began(machine: LocalMachine, known: set[str]) -> float:
    """When the first run began that was not known, once it has ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for run in machine.runs():
            if run.id not in known and run.started_at is not None and run.finished_at is not None:
                return run.started_at.timestamp()
        time.sleep(0.02)
    raise TimeoutError("no run came")


def many(machine: LocalMachine, home: Path) -> float:
    """Seconds that one run takes for many small files."""
    lines = [line for line in look_alike("abalone", 3 * WAITING, 1).decode().splitlines() if line.split(",")[3] != "0"]
    client = connect(machine.stack.settings("secret", "object-store"))
    for number in range(WAITING):
        body = "\n".join(lines[2 * number : 2 * number + 2]) + "\n"
        client.put_object(Bucket="inbox", Key=f"abalone/new/small-{number}.csv", Body=body.encode())
    start = time.perf_counter()
    pipeline(home, "run", "abalone-ingest")
    return time.perf_counter() - start


def taken(machine: LocalMachine, home: Path) -> tuple[float, float]:
    """Seconds that a run takes for one file, best of five: as it is, and with many more files in `old/`."""
    client = connect(machine.stack.settings("secret", "object-store"))

    def best() -> float:
        found = []
        for _ in range(5):
            client.put_object(Bucket="inbox", Key="abalone/new/one.csv", Body=b"nothing to learn from")
            start = time.perf_counter()
            pipeline(home, "run", "abalone-ingest")
            found.append(time.perf_counter() - start)
        return min(found)

    before = best()
    with ThreadPoolExecutor(8) as pool:
        keys = (f"abalone/old/before/{number:012x}/x.csv" for number in range(TAKEN))
        list(pool.map(lambda key: client.put_object(Bucket="inbox", Key=key, Body=b"x"), keys))
    return before, best()


@kept("uploads")
def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "state")
        pipeline(home, "up")
        machine = LocalMachine(home)
        try:
            found = waits(machine)
            pipeline(home, "down")
            machine.stack.ensure("object-store")
            machine.stack.ensure("fork-server")
            small = many(machine, home)
            alone, beside = taken(machine, home)
        finally:
            pipeline(home, "down")
    print("| what | measured | bar |\n|---|---|---|")
    for what, value, bar in (
        (f"put → run started, median of {PUTS}", statistics.median(found), "1 s"),
        ("put → run started, the worst", max(found), "1 s"),
        (f"{WAITING:,} small files that wait, taken by one run", small, ""),
        ("one file, its whole run", alone, ""),
        (f"the same beside {TAKEN:,} that were taken before", beside, f"{beside / alone:.2f} times"),
    ):
        print(f"| {what} | {quantity(value)} s | {bar} |")
        figure(what, value, "s", beside=("one file", alone) if value is beside else None)


if __name__ == "__main__":
    main()

"""What data of another rhythm cost `prepare`: `python -m tests.bench.rhythm`.

The same hours of 50 locations for 30 days, reported every hour and every 5 minutes, go through plan, fetch and prepare
on a real object store, each step a process of its own as a pod is. Bars: twice the hourly time of a core, and 1 GB.
"""

import os
import tempfile
from pathlib import Path

from pipeline.stack import Stack
from pipeline.stack.object_store import connect, make_bucket
from tests.bench.scale import Job, Used
from tests.steps.support.finer import Finer

LOCATIONS = int(os.environ.get("RHYTHM_LOCATIONS", "50"))
DAYS = 30
RHYTHMS = (60, 5)  # minutes


def prepared(stack: Stack, home: Path, minutes: int) -> Used:
    """What `prepare` took where the locations report so often."""
    folder = home / f"every-{minutes}"
    seeded = Finer(tuple(range(1001, 1001 + LOCATIONS)), days=DAYS, minutes=minutes)
    job = Job(folder, seeded.write(folder / "archive"), seeded)
    settings = stack.settings("secret", "object-store") | {"LAKE_BUCKET": f"lake-{minutes}"}
    make_bucket(connect(settings), settings["LAKE_BUCKET"])
    os.environ |= {**settings, "DATABASE_URL": f"sqlite:///{folder}/pipeline.db", "LOG_FORMAT": "text"}
    job.collect(seeded.first, seeded.last, "")
    return job.used["prepare"]


def main() -> None:
    """Print a line for each rhythm, beside the first."""
    with tempfile.TemporaryDirectory() as home:
        stack = Stack(Path(home, "state"))
        stack.ensure("object-store")
        try:
            found = [prepared(stack, Path(home), minutes) for minutes in RHYTHMS]
        finally:
            stack.stop()
    print(f"{LOCATIONS} locations, {DAYS} days{'':<6}{'wall s':>8}{'core s':>8}{'x':>6}{'MB':>7}")
    for minutes, used in zip(RHYTHMS, found, strict=True):
        ratio = used.core / found[0].core
        print(f"every {minutes:>2} minutes{'':<10}{used.wall:>8.1f}{used.core:>8.1f}{ratio:>6.2f}{used.memory:>7.0f}")


if __name__ == "__main__":
    main()

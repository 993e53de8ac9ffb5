"""What data of another rhythm give, and what they cost `prepare`: `python -m tests.bench.rhythm`.

The same hours of 50 locations for 30 days, reported every hour and every 5 minutes, go through plan, fetch and prepare
on a real object store, each step a process of its own as a pod is. Bars: twice the hourly time of a core, and 1 GB.
Then two months of the sample's hours, told minute by minute and reported every 1 to 60 minutes: how many lines that is,
how many days are refused, and how far the features are from those of the hourly data, of their largest value.
"""

import os
import tempfile
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.stack import Stack
from pipeline.stack.object_store import connect, make_bucket
from steps.contract.declaration import parse
from tests.bench.history import figure, kept
from tests.bench.learning import uk_sample
from tests.bench.simulated.job import PROJECT, Job, Used
from tests.steps.support.finer import RHYTHMS, Days, Finer, apart, outcome
from tests.steps.support.openaq import HEADER, Line

LOCATIONS = int(os.environ.get("RHYTHM_LOCATIONS", "50"))
DAYS = 30
MEASURED = (60, 5)  # minutes
SAMPLE = pd.Timestamp("2003-01-01T00:00Z"), pd.Timestamp("2003-02-28T00:00Z")


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


def sample() -> Days:
    """The sample's hours between `SAMPLE`, as lines of files."""
    rows = uk_sample()
    rows = rows[(rows["time"] > SAMPLE[0]) & (rows["time"] <= SAMPLE[1])]
    ended = (rows["time"] - pd.Timedelta(hours=1)).dt.date
    days: defaultdict[tuple[int, date], list[Line]] = defaultdict(list)
    for day, row in zip(ended, rows.itertuples(), strict=True):
        days[int(str(row.location)), day].append(_line(row))
    return [(*of, lines) for of, lines in sorted(days.items())]


def _line(row: Any) -> Line:
    return dict.fromkeys(HEADER, "") | {
        "location_id": str(row.location),
        "sensors_id": f"{row.location}{row.parameter}",
        "datetime": row.time.isoformat(),
        "parameter": row.parameter,
        "units": PROJECT.quantities[row.parameter].unit,
        "value": repr(row.value),
    }


def resampled() -> None:
    """Print a line for each rhythm of the sample."""
    declaration, truth = parse(PROJECT.declaration()), sample()
    hourly = outcome(truth, 60, declaration, "no2")
    print(f"{'the sample, 58 days':<24}{'lines':>10}{'refused':>9}{'rows':>7}{'apart':>10}")
    for minutes in reversed(RHYTHMS):
        found = outcome(truth, minutes, declaration, "no2")
        same = "" if found.refused.keys() == hourly.refused.keys() else "  other days are refused"
        counts = f"{found.lines:>10}{len(found.refused):>9}{len(found.features):>7}"
        far = apart(found, hourly)
        print(f"every {minutes:>2} minutes{'':<8}{counts}{far:>10.1e}{same}")
        figure(f"the sample, every {minutes} minutes: features apart", far, "of the largest")


@kept("rhythm")
def main() -> None:
    """Print a line for each rhythm, beside the hourly one."""
    with tempfile.TemporaryDirectory() as home:
        stack = Stack(Path(home, "state"))
        stack.ensure("object-store")
        try:
            found = [prepared(stack, Path(home), minutes) for minutes in MEASURED]
        finally:
            stack.stop()
    print(f"{LOCATIONS} locations, {DAYS} days{'':<6}{'wall s':>8}{'core s':>8}{'x':>6}{'MB':>7}")
    for minutes, used in zip(MEASURED, found, strict=True):
        ratio = used.core / found[0].core
        print(f"every {minutes:>2} minutes{'':<10}{used.wall:>8.1f}{used.core:>8.1f}{ratio:>6.2f}{used.memory:>7.0f}")
        hourly = None if used is found[0] else (f"every {MEASURED[0]} minutes", found[0].core)
        figure(f"prepare, every {minutes} minutes", used.core, "s of a core", beside=hourly)
        figure(f"prepare, every {minutes} minutes: memory", used.memory, "MB")
    resampled()  # last, as a child's memory is at least what its parent had


if __name__ == "__main__":
    main()

"""How long so many small files wait for one run, and its memory: `python -m tests.bench.inbox [--postgres] [FILES …]`.

The files lie in the inbox of a real object store; the step `ingest` takes them all, in a process of its own, with an
empty database each time: SQLite, or a PostgreSQL of this machine. Side by side, for each number of files (500, 1,000,
2,000 and 4,000 if none is named): seconds on the clock and of a core, seconds of a core that the store took, and peak
memory. With twice the files twice the seconds are linear. Bar for 10,000: 120 s and 500 MB.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pipeline.stack import Stack
from pipeline.stack.object_store import connect, make_bucket
from steps.backends.objects import inbox
from tests import postgres
from tests.bench.history import figure, kept
from tests.steps.support.dropping import NEW, Dropper, survey

COUNTS = [int(word) for word in sys.argv[1:] if word != "--postgres"] or [500, 1000, 2000, 4000]
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def databases(home: Path) -> Iterator[str]:
    """What the URL of an empty database is made of, with {} for its number."""
    if "--postgres" not in sys.argv:
        yield f"sqlite:///{home}/{{}}.db"
        return
    with postgres.running() as address:
        yield address


def core_seconds(process: int) -> float:
    """Seconds of a core that a running process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def taken(stack: Stack, folder: Path, database: str, count: int) -> str:
    """A line of the table: so many files are put and taken."""
    folder.mkdir()
    settings = stack.settings("secret", "object-store")
    settings |= {"INBOX_BUCKET": f"inbox-{count}", "LAKE_BUCKET": f"lake-{count}"}
    for name in ("INBOX_BUCKET", "LAKE_BUCKET"):
        make_bucket(connect(settings), settings[name])
    os.environ |= {**settings, "DATABASE_URL": database, "LOG_FORMAT": "text"}
    bucket = inbox()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda seed: bucket.put(f"{NEW}{seed}.csv", survey(seed)), range(count)))
    store = next(one.pid for one in stack.status() if one.name == "object-store" and one.pid is not None)
    dropper = Dropper(folder)
    options = {f"--{name.replace('_', '-')}": str(value) for name, value in dropper.options("many").items()}
    words = [sys.executable, "-m", "steps.ingest", *(word for option in options.items() for word in option)]
    before, began = core_seconds(store), time.perf_counter()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(words, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
    wall, served = time.perf_counter() - began, core_seconds(store) - before
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or dropper.read("summary", "many")["counts"]["accepted"] != count:
        raise RuntimeError((folder / "log").read_text()[-2000:])
    core, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    figure(f"{count:,} files: time", wall, "s")
    figure(f"{count:,} files: the step", core, "s of a core")
    figure(f"{count:,} files: memory", memory, "MB")
    return f"| {count:,} | {wall:.1f} s | {core:.1f} s | {served:.1f} s | {memory:.0f} MB |"


@kept("inbox")
def main() -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as place:
        home, stack = Path(place), Stack(Path(place, "state"))
        stack.ensure("object-store")
        try:
            with databases(home) as address:
                print("| files | on the clock | of a core | of a core, the store | memory |\n|---|---|---|---|---|")
                for count in COUNTS:
                    sqlite = address.startswith("sqlite")
                    database = address.format(count) if sqlite else postgres.new_database(address)
                    print(taken(stack, home / str(count), database, count), flush=True)
        finally:
            stack.stop()


if __name__ == "__main__":
    main()

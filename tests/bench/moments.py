"""What a person waits for, and should take moments: `python -m tests.bench.moments`. Seconds of a core, best of three.

Figures of a machine, so they are measured here and asserted nowhere; the tests count calls, requests and modules.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.projects.wine import WINE
from pipeline.report import write
from steps.contract.declaration import parse_table
from steps.features import hourly
from steps.tables import File, examine
from tests.bench.history import figure, kept
from tests.report import example_runs
from tests.steps.support.synthetic import LEARNING, LOCATIONS, observations


def best(work: Callable[[], object]) -> float:
    """The least seconds of a core, of this process, that it took."""
    spent = []
    for _ in range(3):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return min(spent)


def importing(module: str) -> float:
    """The same of an import, in processes of their own."""
    text = f"import time; t = time.process_time(); import {module}; print(time.process_time() - t)"
    done = [subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True) for _ in range(3)]
    return min(float(each.stdout) for each in done)


@kept("moments")
def main() -> None:
    eighteen_months = observations(days=548)
    hostile = b"\n" * (60 * 2**20)
    wine = parse_table(WINE.declaration())
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        runs = [example_runs.backfill(home), example_runs.train(home), example_runs.daily(home)]
        rows: tuple[tuple[str, float, float], ...] = (
            ("import of the engine", importing("pipeline.engine"), 0.4),
            ("import of the command line", importing("pipeline.cli.commands"), 0.2),
            ("a report of three runs", best(lambda: write(runs, home / "report.html")), 0.5),
            (
                "features of 18 months of two locations",
                best(lambda: [hourly.build(eighteen_months, parameter="no2", learning=LEARNING, location=one)
                              for one in LOCATIONS]),
                2.0,
            ),
            ("a file of 60 MB of blank lines is refused", best(lambda: examine([File("u", "x", hostile)], wine)), 10.0),
        )  # fmt: skip
    print(f"{'what':<44}{'seconds':>8}{'bar':>6}")
    for what, seconds, bar in rows:
        print(f"{what:<44}{seconds:>8.2f}{bar:>6g}")
        figure(what, seconds, "s of a core")


if __name__ == "__main__":
    main()

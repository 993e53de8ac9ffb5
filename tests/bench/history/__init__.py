"""Benches that remember: each run is a line of a file, and a page plots every figure over the runs.

A bench's `main` is `kept("its name")` and says its figures as it goes:

    @kept("engine")
    def main() -> None:
        figure("processes, chain", milliseconds, "ms", beside=("bare processes", floor))

The line goes to `.bench/history.jsonl` of the checkout, or where BENCH_HISTORY says, with the commit, the machine and
its load. `python -m tests.bench.history` draws the page. Figures depend on the machine: nothing here judges them.
"""

from tests.bench.history.lines import Figure, Line, read
from tests.bench.history.recording import figure, kept

__all__ = ["Figure", "Line", "figure", "kept", "read"]

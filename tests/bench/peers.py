"""What a step costs here and elsewhere: `python -m tests.bench.peers`.

The same no-op steps, as a chain and side by side, by this engine (a process each), by Luigi (its local scheduler; one
worker runs steps within itself, two fork a process for each) and by Metaflow (a process each), in one run. The last
column is how many times longer a step takes than here. What is not installed (`make bench` installs both) is left out.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.stack import Stack
from pipeline.stack.host import StackHost
from tests.bench.engine import chain, run, wide
from tests.bench.history import figure, kept

LUIGI = """
import sys
from pathlib import Path
import luigi

class Noop(luigi.Task):
    number, after, folder = luigi.IntParameter(), luigi.IntParameter(), luigi.Parameter()
    def requires(self):
        return Noop(self.number - 1, self.after, self.folder) if self.after and self.number else []
    def output(self):
        return luigi.LocalTarget(f"{self.folder}/{self.number}")
    def run(self):
        Path(self.output().path).touch()

shape, steps, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
wanted = [Noop(steps - 1, 1, folder)] if shape == "chain" else [Noop(n, 0, folder) for n in range(steps)]
done = luigi.build(wanted, local_scheduler=True, workers=1 if shape == "chain" else 2, log_level="ERROR")
sys.exit(not done)
"""
METAFLOW_CHAIN = """
from metaflow import FlowSpec, step
class Chain(FlowSpec):
    @step
    def start(self): self.next(self.{first})
{middle}
    @step
    def end(self): pass
Chain()
"""
METAFLOW_WIDE = """
from metaflow import FlowSpec, step
class Wide(FlowSpec):
    @step
    def start(self):
        self.items = list(range({steps}))
        self.next(self.noop, foreach="items")
    @step
    def noop(self): self.next(self.join)
    @step
    def join(self, inputs): self.next(self.end)
    @step
    def end(self): pass
Wide()
"""


def here(shape: Callable[[int], str], steps: int) -> float:
    """Milliseconds a step."""
    with tempfile.TemporaryDirectory() as home:
        return 1000 * run(shape(steps), 2, StackHost(Stack(Path(home)))) / steps


def luigi(shape: str, steps: int) -> float:
    """Milliseconds a step, without the start of Luigi itself."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "flow.py")
        program.write_text(LUIGI, encoding="utf-8")
        Path(folder, "out").mkdir()

        def take(number: int) -> float:
            return _seconds([str(program), shape, str(number), f"{folder}/out"], folder)

        floor = take(1)
        for left in Path(folder, "out").iterdir():
            left.unlink()
        return 1000 * (take(steps) - floor) / steps


def metaflow(shape: str, steps: int) -> float:
    """Milliseconds a step, without the start of Metaflow itself."""
    return 1000 * (_metaflow(shape, steps + 1) - _metaflow(shape, 1)) / steps


def _metaflow(shape: str, steps: int) -> float:
    names = [f"s{number}" for number in range(steps)]
    middle = "".join(
        f"    @step\n    def {name}(self): self.next(self.{after})\n"
        for name, after in zip(names, [*names[1:], "end"], strict=True)
    )
    text = METAFLOW_WIDE.format(steps=steps) if shape == "wide" else METAFLOW_CHAIN.format(first="s0", middle=middle)
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "flow.py")
        program.write_text(textwrap.dedent(text), encoding="utf-8")
        return _seconds([str(program), "--no-pylint", "--quiet", "run", "--max-workers", "2"], folder)


def _seconds(command: list[str], folder: str) -> float:
    own = {"HOME": folder, "METAFLOW_DATASTORE_SYSROOT_LOCAL": folder, "METAFLOW_USER": "bench"}
    began = time.perf_counter()
    subprocess.run([sys.executable, *command], env={**os.environ, **own}, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - began


@kept("peers")
def main() -> None:
    print("| steps | by | ms a step | times ours |\n|---|---|---|---|")
    for words, shape, ours in (("100, one after the other", "chain", chain), ("100, side by side", "wide", wide)):
        own = here(ours, 100)
        print(f"| {words} | this engine | {own:.1f} | 1.0 |", flush=True)
        for name, module, count, measure in (("Luigi", "luigi", 100, luigi), ("Metaflow", "metaflow", 20, metaflow)):
            if importlib.util.find_spec(module) is None:
                print(f"| {words} | {name} | not installed | |", flush=True)
                continue
            theirs = measure(shape, count)
            print(f"| {words} | {name} ({count} steps) | {theirs:.1f} | {theirs / own:.1f} |", flush=True)
            figure(f"{words}, beside {name}", own, "ms a step", beside=(name, theirs))


if __name__ == "__main__":
    main()

"""What the engine costs for each step: `python tests/bench/engine.py`.

No-op steps (`true`, a process of its own each), one after the other and side by side, against the bare cost of
starting and awaiting such a process. The bar is 50 ms for a step. The last lines run the scheduler alone, without
processes or journal, to show that its work grows with the number of nodes and not faster.
"""

import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline import engine
from pipeline.engine.events import Began, Ended, Running
from pipeline.engine.parse import Manifests
from pipeline.engine.scheduler import advance, new_run
from pipeline.engine.spec import NOTHING
from pipeline.engine.state import Start

BAR_MS = 50.0
HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: bench}\nspec:\n"
SPEC = """\
  entrypoint: main
  templates:
    - name: noop
      container: {image: none, command: ["true"]}
    - name: main
      dag:
        tasks:
"""


class NoHost:
    """A host for steps that need nothing."""

    def environment(self, kind: str, name: str) -> Mapping[str, str]:
        raise engine.run.UserError(f"no {kind} {name} here")

    def spawn_step(self, module: str, arguments: Sequence[str], **where: Any) -> engine.Process:
        raise engine.run.UserError(f"no step {module} here")

    def apply(self, manifest: dict[str, Any], *, log: Path) -> dict[str, Any]:
        raise engine.run.UserError(f"nothing to apply {manifest['kind']} to")


def chain(steps: int) -> str:
    tasks = [f"          - {{name: t{n}, template: noop{f', depends: t{n - 1}' if n else ''}}}" for n in range(steps)]
    return HEAD + SPEC + "\n".join(tasks) + "\n"


def wide(steps: int) -> str:
    return HEAD + SPEC + f"          - {{name: t, template: noop, withSequence: {{count: {steps}}}}}\n"


def load(folder: Path, text: str) -> Manifests:
    (folder / "bench.yaml").write_text(text, encoding="utf-8")
    return engine.load(folder / "bench.yaml")


def run(text: str, cores: int) -> float:
    """Seconds that a run takes, from the first commit to the last."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = engine.Journal(folder / "journal.db")
        submitted = engine.submit(journal, load(folder, text), "bench", {})
        began = time.perf_counter()
        view = engine.execute(journal, submitted, NoHost(), folder, cores=cores)
        seconds = time.perf_counter() - began
        journal.close()
        assert view.phase == "Succeeded", view.message
        return seconds


def bare(steps: int) -> float:
    """Seconds that as many bare processes take, one after the other."""
    began = time.perf_counter()
    for _ in range(steps):
        subprocess.run(["true"], check=True)
    return time.perf_counter() - began


def schedule(text: str) -> float:
    """Seconds of the processor that the scheduler alone takes."""
    with tempfile.TemporaryDirectory() as name:
        workflow = load(Path(name), text).named("bench")
    state = new_run("bench-1", "uid", workflow, NOTHING, 0.0)
    began = time.process_time()
    waiting = [command.node for command in advance(state, Began(0.0))]
    while waiting:
        node = waiting.pop()
        for event in (Running(1.0, node.name), Ended(2.0, node.name, "Succeeded")):
            waiting.extend(command.node for command in advance(state, event) if isinstance(command, Start))
    assert state.phase == "Succeeded"
    return time.process_time() - began


def memory(text: str) -> float:
    """MB that it takes."""
    tracemalloc.start()
    schedule(text)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return peak


def main() -> int:
    print(f"{'':36}{'steps':>7}{'seconds':>10}{'ms/step':>10}{'MB':>8}")
    floor = bare(100)
    print(f"{'bare processes, one after the other':36}{100:>7}{floor:>10.2f}{10 * floor:>10.1f}")
    worst = 0.0
    for name, text, steps, cores in (
        ("chain", chain(100), 100, 2),
        ("side by side, 2 at once", wide(100), 100, 2),
        ("chain", chain(1000), 1000, 2),
        ("side by side, 2 at once", wide(1000), 1000, 2),
    ):
        seconds = run(text, cores)
        worst = max(worst, 1000 * seconds / steps)
        print(f"{name:36}{steps:>7}{seconds:>10.2f}{1000 * seconds / steps:>10.1f}")
    for name, make in (("scheduler alone, chain", chain), ("scheduler alone, side by side", wide)):
        for steps in (1000, 10_000):
            text = make(steps)
            seconds = schedule(text)
            print(f"{name:36}{steps:>7}{seconds:>10.2f}{1000 * seconds / steps:>10.2f}{memory(text):>8.1f}")
    print(f"worst: {worst:.1f} ms a step; the bar is {BAR_MS:.0f} ms")
    return 0 if worst <= BAR_MS else 1


if __name__ == "__main__":
    sys.exit(main())

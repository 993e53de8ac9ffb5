"""What the engine costs for each step: `python tests/bench/engine.py`.

No-op steps, one after the other and side by side: plain processes (`true`), and forks of the fork server as our own
steps are, against the bare cost of starting and awaiting a process. The bar is 50 ms for a step. The last lines run the
scheduler alone, without processes or journal, to show that its work grows with the number of nodes and not faster.
"""

import subprocess
import tempfile
import time
import tracemalloc
from pathlib import Path

from pipeline import engine
from pipeline.engine.events import Began, Ended, Running
from pipeline.engine.parse import Manifests
from pipeline.engine.scheduler import advance, new_run
from pipeline.engine.spec import NOTHING
from pipeline.engine.state import Start
from pipeline.stack import Stack
from pipeline.stack.host import LaptopHost

BAR_MS = 50.0
PLAIN = '"true"'
OURS = "python, -m, steps.settings"  # a module of ours that does nothing when it is run
HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: bench}\nspec:\n"
SPEC = """\
  entrypoint: main
  templates:
    - name: noop
      container: {image: none, command: [COMMAND]}
    - name: main
      dag:
        tasks:
"""


def chain(steps: int, command: str = PLAIN) -> str:
    tasks = [f"          - {{name: t{n}, template: noop{f', depends: t{n - 1}' if n else ''}}}" for n in range(steps)]
    return HEAD + SPEC.replace("COMMAND", command) + "\n".join(tasks) + "\n"


def wide(steps: int, command: str = PLAIN) -> str:
    return (
        HEAD
        + SPEC.replace("COMMAND", command)
        + f"          - {{name: t, template: noop, withSequence: {{count: {steps}}}}}\n"
    )


def load(folder: Path, text: str) -> Manifests:
    (folder / "bench.yaml").write_text(text, encoding="utf-8")
    return engine.load(folder / "bench.yaml")


def run(text: str, cores: int, host: engine.Host) -> float:
    """Seconds that a run takes, from the first commit to the last."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = engine.Journal(folder / "journal.db")
        submitted = engine.submit(journal, load(folder, text), "bench", {})
        began = time.perf_counter()
        view = engine.execute(journal, submitted, host, folder, cores=cores)
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


def main() -> None:
    print(f"{'':36}{'steps':>7}{'seconds':>10}{'ms/step':>10}{'MB':>8}")
    floor = bare(100)
    print(f"{'bare processes, one after the other':36}{100:>7}{floor:>10.2f}{10 * floor:>10.1f}")
    worst = 0.0
    with tempfile.TemporaryDirectory() as home:
        stack = Stack(Path(home))
        stack.ensure("fork-server")
        for name, text, steps in (
            ("processes, chain", chain(100), 100),
            ("processes, 2 side by side", wide(100), 100),
            ("processes, chain", chain(1000), 1000),
            ("processes, 2 side by side", wide(1000), 1000),
            ("forks, chain", chain(100, OURS), 100),
            ("forks, 2 side by side", wide(100, OURS), 100),
        ):
            seconds = run(text, 2, LaptopHost(stack))
            worst = max(worst, 1000 * seconds / steps)
            print(f"{name:36}{steps:>7}{seconds:>10.2f}{1000 * seconds / steps:>10.1f}")
        stack.stop()
    for name, make in (("scheduler alone, chain", chain), ("scheduler alone, side by side", wide)):
        for steps in (1000, 10_000):
            text = make(steps)
            seconds = schedule(text)
            print(f"{name:36}{steps:>7}{seconds:>10.2f}{1000 * seconds / steps:>10.2f}{memory(text):>8.1f}")
    print(f"worst: {worst:.1f} ms a step; the bar is {BAR_MS:.0f} ms")


if __name__ == "__main__":
    main()

"""What the engine costs for each step: `python -m tests.bench.engine`.

No-op steps, one after the other and side by side: plain processes (`true`), and forks of the fork server as our own
steps are, against the bare cost of starting and awaiting a process; bars: 50 ms for a step in a chain, 20 ms side by
side. Then the time from a manifest on disk to its first step, where the fork server is there; bar: 0.3 s. The last
lines run the scheduler alone, without processes or journal: time and memory must grow with the number of nodes and no
faster, so the columns for a node stay level.
"""

import subprocess
import tempfile
import time
import tracemalloc
from pathlib import Path

from pipeline import engine
from pipeline.engine.manifest.workflows import Manifests
from pipeline.engine.scheduler.events import Began, Ended, Running
from pipeline.engine.scheduler.scheduler import advance, new_run
from pipeline.engine.scheduler.state import Start
from pipeline.engine.spec import NOTHING
from pipeline.stack import Stack
from pipeline.stack.host import StackHost
from tests.bench.history import figure, kept

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


def groups(steps: int, command: str = PLAIN) -> str:
    text = (HEAD + SPEC.replace("COMMAND", command)).replace("      dag:\n        tasks:\n", "      steps:\n")
    return text + "\n".join(f"        - - {{name: t{n}, template: noop}}" for n in range(steps)) + "\n"


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


def first_step(host: engine.Host) -> float:
    """Seconds from a manifest on disk to its first step running."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seen: list[float] = []

        def look(view: engine.RunView) -> None:
            if not seen and any(node.type == "Pod" and node.started_at for node in view.nodes):
                seen.append(max(node.started_at.timestamp() for node in view.nodes if node.started_at))

        (folder / "bench.yaml").write_text(chain(1, OURS), encoding="utf-8")
        began = time.time()
        journal = engine.Journal(folder / "journal.db")
        submitted = engine.submit(journal, engine.load(folder / "bench.yaml"), "bench", {})
        engine.execute(journal, submitted, host, folder, cores=2, on_change=look)
        journal.close()
        return seen[0] - began


@kept("engine")
def main() -> None:
    print(f"{'':36}{'steps':>7}{'seconds':>10}{'ms/step':>10}{'bar':>6}")
    floor = bare(100)
    print(f"{'bare processes, one after the other':36}{100:>7}{floor:>10.2f}{10 * floor:>10.1f}")
    with tempfile.TemporaryDirectory() as home:
        stack = Stack(Path(home))
        stack.ensure("fork-server")
        for name, make, steps, command, bar in (
            ("processes, chain", chain, 100, PLAIN, 50),
            ("processes, 2 side by side", wide, 100, PLAIN, 20),
            ("processes, chain", chain, 1000, PLAIN, 50),
            ("processes, 2 side by side", wide, 1000, PLAIN, 20),
            ("forks, chain", chain, 100, OURS, 50),
            ("forks, 2 side by side", wide, 100, OURS, 20),
            ("forks, chain", chain, 1000, OURS, 50),
            ("forks, 2 side by side", wide, 1000, OURS, 20),
        ):
            seconds = run(make(steps, command), 2, StackHost(stack))
            print(f"{name:36}{steps:>7}{seconds:>10.2f}{1000 * seconds / steps:>10.1f}{bar:>6}", flush=True)
            each = 1000 * seconds / steps
            figure(f"{name}, {steps}", each, "ms a step", beside=("bare processes, one after the other", 10 * floor))
        warm = min(first_step(StackHost(stack)) for _ in range(5))
        print(f"{'manifest to first step, best of 5':43}{warm:>10.2f}{'':10}{'0.3 s':>6}")
        figure("manifest to first step", warm, "s")
        stack.stop()
    print(f"\n{'the scheduler alone':36}{'nodes':>7}{'seconds':>10}{'ms/node':>10}{'MB':>8}{'KB/node':>9}")
    for name, make in (("chain", chain), ("side by side", wide), ("steps", groups)):
        for steps in (1000, 2500, 5000, 10_000):
            text = make(steps)
            seconds, used = schedule(text), memory(text)
            print(
                f"{name:36}{steps:>7}{seconds:>10.2f}{1000 * seconds / steps:>10.2f}{used:>8.1f}"
                f"{1000 * used / steps:>9.1f}",
                flush=True,
            )
            figure(f"the scheduler alone, {name}, {steps}", 1000 * seconds / steps, "ms a node")
            figure(f"the scheduler's memory, {name}, {steps}", 1000 * used / steps, "KB a node")


if __name__ == "__main__":
    main()

"""What each place costs a step: `python -m tests.bench.places`.

No-op steps (`true`) one after the other, in a process, a sandbox and a container, beside a bare process, bubblewrap
alone and `podman run` (or `docker run`) alone. Bars: 15 ms more in a sandbox than in a process, 1.2 times the bare
program in a container. Of each the tenth percentile of single steps is told, since what else runs on the machine only
slows them; and what is compared takes turns. Then fan-outs two wide: 1,000 steps in a process and in a sandbox, and 50
in containers, of which 1,000 would take ten minutes. A place that this machine has not is left out, and so is the
container where IMAGE is not here.
"""

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from pipeline import engine
from pipeline.engine.execution.runtimes import missing
from pipeline.engine.execution.runtimes.container import tool
from tests.bench.engine import HEAD, SPEC, load
from tests.bench.history import figure, kept

IMAGE = os.environ.get("PIPELINE_TEST_IMAGE", "docker.io/library/debian:bookworm-slim")
OUT = "outputs: {parameters: [{name: p, valueFrom: {path: FOLDER/p, default: none}}]}"
ROUNDS, STEPS, CONTAINERS = 8, 15, 5
BWRAP = (
    "bwrap",
    "--ro-bind",
    "/",
    "/",
    "--dev",
    "/dev",
    "--proc",
    "/proc",
    "--unshare-pid",
    "--die-with-parent",
    "true",
)
RUN = ("run", "--rm", "--pull=never", "--network=host", "--log-driver=none", IMAGE, "true")


def manifest(tasks: str, folder: str = "") -> str:
    """A workflow of no-op steps; `folder`: one of theirs, in which they might write."""
    text = (HEAD + SPEC).replace("COMMAND", '"true"').replace("image: none", f"image: '{IMAGE}'")
    return (
        text.replace("    - name: noop\n", f"    - name: noop\n      {OUT.replace('FOLDER', folder)}\n")
        if folder
        else text
    ) + tasks


def chain(count: int, folder: str = "") -> str:
    tasks = [f"          - {{name: t{n}, template: noop{f', depends: t{n - 1}' if n else ''}}}\n" for n in range(count)]
    return manifest("".join(tasks), folder)


def wide(count: int) -> str:
    return manifest(f"          - {{name: t, template: noop, withSequence: {{count: {count}}}}}\n")


def run(text: str, where: str) -> tuple[float, engine.RunView]:
    """Seconds that a run takes, from the first commit to the last; and what became of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = engine.Journal(folder / "journal.db")
        submitted = engine.submit(journal, load(folder, text), "bench", {}, where=where)
        began = time.perf_counter()
        view = engine.execute(journal, submitted, engine.LocalHost(), folder, cores=2)
        seconds = time.perf_counter() - began
        journal.close()
        assert view.phase == "Succeeded", view.message
        return seconds, view


def steps(text: str, where: str) -> list[float]:
    """Seconds from the end of each step of a chain to that of the next."""
    _, view = run(text, where)
    ends = sorted(node.finished_at.timestamp() for node in view.nodes if node.type == "Pod" and node.finished_at)
    return [later - sooner for sooner, later in pairwise(ends)]


def bare(command: Sequence[str], times: int) -> list[float]:
    """Seconds that a program takes, each time."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(command, check=True)
        found.append(time.perf_counter() - began)
    return found


def in_turn(measures: dict[str, Callable[[], list[float]]]) -> dict[str, float]:
    """The tenth percentile of what several rounds of each bring, in milliseconds."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(ROUNDS):
        for name, measure in measures.items():
            found[name] += measure()
    return {name: 1000 * statistics.quantiles(values, n=10)[0] for name, values in found.items()}


def has_container() -> bool:
    return not missing("container") and subprocess.run([tool(), *RUN], capture_output=True, check=False).returncode == 0


@kept("places")
def main() -> None:
    sandbox, container = not missing("sandbox"), has_container()
    print(f"{'one after the other':44}{'ms/step':>9}{'more':>9}{'ratio':>8}  bar")
    measures: dict[str, Callable[[], list[float]]] = {
        "a bare process": lambda: bare(["true"], STEPS),
        "process": lambda: steps(chain(STEPS), "process"),
    }
    if sandbox:
        measures |= {
            "bubblewrap alone": lambda: bare(BWRAP, STEPS),
            "sandbox": lambda: steps(chain(STEPS), "sandbox"),
            "sandbox, with a file in /tmp": lambda: steps(chain(STEPS, "/tmp"), "sandbox"),
            "sandbox, with a folder that / has not": lambda: steps(chain(STEPS, "/nosuch"), "sandbox"),
        }
    found = in_turn(measures)
    for name, value in found.items():
        than = found["process"] if name.startswith("sandbox") else found["a bare process"]
        bar = "15 ms more than a process" if name == "sandbox" else ""
        print(f"{name:44}{value:>9.1f}{value - than:>9.1f}{value / than:>8.1f}  {bar}")
        base = "process" if name.startswith("sandbox") else "a bare process"
        figure(name, value, "ms a step", beside=(base, than))
    if container:
        program = Path(tool()).name
        alone = f"{program} run alone"
        found = in_turn(
            {
                alone: lambda: bare([tool(), *RUN], CONTAINERS),
                "container": lambda: steps(chain(CONTAINERS), "container"),
                "container, with an output": lambda: steps(chain(CONTAINERS, "/tmp"), "container"),
            }
        )
        for name, value in found.items():
            bar = f"1.2 times {alone}" if name == "container" else ""
            print(f"{name:44}{value:>9.1f}{value - found[alone]:>9.1f}{value / found[alone]:>8.2f}  {bar}")
            figure(name, value, "ms a step", beside=(alone, found[alone]))
    print(f"\n{'two side by side':44}{'steps':>9}{'seconds':>9}{'ms/step':>9}")
    for name, count, there in (("process", 1000, True), ("sandbox", 1000, sandbox), ("container", 50, container)):
        if there:
            seconds, _ = run(wide(count), name)
            print(f"{name:44}{count:>9}{seconds:>9.1f}{1000 * seconds / count:>9.1f}", flush=True)
            figure(f"{name}, {count}, two side by side", 1000 * seconds / count, "ms a step")


if __name__ == "__main__":
    main()

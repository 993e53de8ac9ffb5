"""What a newcomer waits for: `python -m tests.bench.quickstart`.

The main job on the sample in an empty state folder, the same again, the same after the servers were stopped, and
`pipeline --help`; with the most memory that all its processes had at a time (proportional set size, so that what they
share counts once); and 100 trials that find their results in the store, a step each, side by side.
Bars: 120 s and 3 GB, 10 s, 0.2 s, 3 s.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import yaml

from pipeline import engine
from pipeline.laptop.machine import LocalMachine
from pipeline.shipped import MANIFESTS
from steps.pages.words import quantity
from tests.bench.history import figure, kept

TRIALS = 8  # no family has fewer
PIPELINE = (sys.executable, "-m", "pipeline")


class Memory:
    """The most that all processes of a state folder had together, sampled every half second."""

    def __init__(self, home: Path) -> None:
        self.most_mb = 0.0
        self._home = str(home)
        self._over = threading.Event()
        self._sampler = threading.Thread(target=self._sample)

    def __enter__(self) -> "Memory":
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._sampler.join()

    def _sample(self) -> None:
        while not self._over.wait(0.5):
            self.most_mb = max(self.most_mb, sum(map(self._of, psutil.process_iter())) / 2**20)

    def _of(self, process: psutil.Process) -> float:
        try:
            mine = process.environ().get("PIPELINE_HOME") == self._home or self._home in " ".join(process.cmdline())
            mine = mine or self._home in process.cwd()
            return float(process.memory_full_info().pss) if mine else 0.0
        except psutil.Error:
            return 0.0


def seconds(home: Path, *arguments: str) -> float:
    """How long `pipeline arguments…` takes.

    Raises:
        CalledProcessError: it failed.
    """
    began = time.perf_counter()
    environment = {**os.environ, "PIPELINE_HOME": str(home)}
    subprocess.run([*PIPELINE, *arguments], env=environment, check=True, capture_output=True)
    return time.perf_counter() - began


def cached(home: Path, steps: int = 100) -> float:
    """Seconds that so many trial steps take, side by side, each of which finds the result of its one trial."""
    machine = LocalMachine(home)
    trained = next(run.id for run in machine.runs() if run.workflow == "openaq-train")
    done = next(node for node in machine.view(trained).nodes if node.template == "trial" and node.type == "Pod")
    train = yaml.safe_load((MANIFESTS / "openaq" / "openaq-train.yaml").read_text(encoding="utf-8"))
    trial = next(template for template in train["spec"]["templates"] if template["name"] == "trial")
    workers = {"worker": "{{item}}", "workers": json.dumps(list(range(steps)))}
    given = [{"name": name, "value": value} for name, value in (done.inputs["parameters"] | workers).items()]
    one = {"name": "one", "template": "trial", "arguments": {"parameters": given}}
    items = [number % TRIALS for number in range(steps)]
    tasks = [one | {"withItems": items}]
    spec = {"entrypoint": "main", "templates": [trial, {"name": "main", "dag": {"tasks": tasks}}]}
    spec |= {name: train["spec"][name] for name in ("arguments", "volumes") if name in train["spec"]}
    file = home / "cached.yaml"
    file.write_text(yaml.safe_dump(train | {"metadata": {"name": "cached"}, "spec": spec}), encoding="utf-8")
    run = engine.submit(machine.journal, engine.load(file), "cached", {})
    began = time.perf_counter()
    view = engine.execute(machine.journal, run, machine.host, home, cores=2)
    assert view.phase == "Succeeded", view.message
    return time.perf_counter() - began


@kept("quickstart")
def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "state")
        try:
            with Memory(home) as memory:
                first = seconds(home, "quickstart")
            again = seconds(home, "quickstart")
            recalled = cached(home)
            seconds(home, "down")
            cold = seconds(home, "quickstart")
        finally:
            seconds(home, "down")
        told = min(seconds(home, "--help") for _ in range(5))
    print("| what | measured | bar |\n|---|---|---|")
    for what, value, unit, bar in (
        ("the main job on the sample", first, "s", "120 s"),
        ("most memory of all processes", memory.most_mb, "MB", "3,000 MB"),
        ("again", again, "s", "10 s"),
        ("again, all servers stopped before", cold, "s", ""),
        ("100 trials that find their results", recalled, "s", "3 s"),
        ("`pipeline --help`, best of 5", told, "s", "0.2 s"),
    ):
        print(f"| {what} | {quantity(value)} {unit} | {bar} |")
        figure(what, value, unit)


if __name__ == "__main__":
    main()

"""Steps in children of a real fork server: quick, apart from each other, and gone with whoever wanted them."""

import ast
import json
import select
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

import tests
from pipeline.engine.processes import start_time, wait_until
from pipeline.errors import PipelineError
from pipeline.stack import Stack
from pipeline.stack.fork_client import ForkServer, Step, spawn
from pipeline.stack.host import StackHost
from tests.stack.witness import ROOT, processes_of, record_of

STEPS = tests.ROOT / "steps"


class Node:
    """A folder of its own for a step, and what the step left there."""

    def __init__(self, host: StackHost, folder: Path) -> None:
        self.host = host
        self.folder = folder
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder / "home")}

    def start(self, module: str, *arguments: str) -> Step:
        out, err = self.folder / "stdout", self.folder / "stderr"
        return self.host.fork(module, arguments, env=self.environment, cwd=self.folder, stdout=out, stderr=err)

    def run(self, module: str, *arguments: str) -> int | None:
        step = self.start(module, *arguments)
        code = ended(step)
        step.close()
        return code

    @property
    def stdout(self) -> str:
        return (self.folder / "stdout").read_text()

    @property
    def stderr(self) -> str:
        return (self.folder / "stderr").read_text()


def ended(step: Step) -> int | None:
    """The exit code, once the step's descriptor says that it ended."""
    assert select.select([step], [], [], 30)[0], "the step did not end"
    return step.poll()


@pytest.fixture(scope="module")
def host(steps_stack: Stack) -> StackHost:
    return StackHost(steps_stack)


@pytest.fixture
def node(host: StackHost, tmp_path: Path) -> Node:
    return Node(host, tmp_path)


@pytest.fixture(scope="module")
def heavy(host: StackHost, steps_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Wait until the process with all libraries serves."""
    folder = tmp_path_factory.mktemp("heavy")

    def has_all() -> bool:
        out = folder / "stdout"
        out.unlink(missing_ok=True)
        Node(host, folder).run("tried.tell", "0")
        return "great_expectations" in json.loads(out.read_text())["modules"]

    assert wait_until(has_all, 100)


def told(node: Node) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(node.stdout.splitlines()[-1])
    return found


def test_a_step_gets_what_it_is_told_and_nothing_else(node: Node) -> None:
    node.environment["SETTING"] = "µg/m³ \n second line"
    assert node.run("tried.tell", "0", "--option", "{{a b}}", "") == 0
    found = told(node)
    assert found["arguments"] == ["0", "--option", "{{a b}}", ""]
    assert found["environment"] == node.environment
    assert found["folder"] == str(node.folder)
    assert found["input"] == ""
    assert found["leads"]
    assert found["umask"] == 0o022
    assert found["threads"] == 1
    assert node.stderr == "to stderr\n"


def test_children_do_not_see_each_other(node: Node) -> None:
    assert [node.run("tried.tell", "0"), node.run("tried.tell", "0")] == [0, 0]
    first, second = (json.loads(line) for line in node.stdout.splitlines())
    assert not second["touched"]
    assert set(first["random"]).isdisjoint(second["random"])


@pytest.mark.parametrize("code", [0, 1, 2, 3, 255])
def test_exit_codes_are_kept(node: Node, code: int) -> None:
    assert node.run("tried.tell", str(code)) == code


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        ("text", 1, "no reason"),
        ("exception", 1, "ValueError: unexpected"),
        ("signal", -15, ""),
        ("large", 3, ""),
    ],
)
def test_it_ends_as_python_does(node: Node, how: str, code: int, said: str) -> None:
    assert node.run("tried.end", how) == code
    assert said in node.stderr
    here = subprocess.run(
        [sys.executable, "-m", "tried.end", how], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (here.returncode, here.stdout) == (code, node.stdout)


def test_a_missing_module_is_the_steps_own_failure(node: Node) -> None:
    assert node.run("tried.missing") == 1
    assert "tried.missing" in node.stderr


def test_what_cannot_be_started_says_why(node: Node) -> None:
    node.folder.rmdir()
    with pytest.raises(
        PipelineError, match=r"the step tried\.nothing could not be started: .*No such file or directory"
    ):
        node.start("tried.nothing")


def test_a_signal_reaches_the_whole_group(node: Node) -> None:
    step, pids = hanging(node)
    assert step.poll() is None
    assert start_time(step.pid) == step.started
    step.kill(15)
    assert ended(step) == -15
    assert gone(pids)
    step.kill(15)
    step.close()


def test_what_a_step_leaves_running_ends_with_it(node: Node) -> None:
    step, pids = hanging(node)
    psutil.Process(step.pid).kill()
    assert ended(step) == -9
    assert gone(pids)
    step.close()


def test_closing_ends_the_step(node: Node) -> None:
    step, pids = hanging(node)
    step.close()
    assert gone(pids)


_ENGINE = """
import pathlib, sys, time
from pipeline.stack import Stack
from pipeline.stack.host import StackHost
home, root, folder = map(pathlib.Path, sys.argv[1:])
out, err, env = folder / "stdout", folder / "stderr", {"PATH": "/usr/bin:/bin"}
host = StackHost(Stack(home, root=root))
step = host.fork("tried.hang", [str(folder / "pids")], env=env, cwd=folder, stdout=out, stderr=err)
time.sleep(1000)
"""


def another_engine(node: Node, stack: Stack) -> tuple[subprocess.Popen[bytes], list[int]]:
    """Another process that has a step hanging, with the pids of the step and of the process that it started."""
    arguments = [str(stack.home), str(ROOT), str(node.folder)]
    engine = subprocess.Popen([sys.executable, "-c", _ENGINE, *arguments])
    path = node.folder / "pids"
    assert wait_until(path.exists, 30)
    return engine, [int(pid) for pid in path.read_text().split()]


def test_steps_end_with_the_engine_that_wanted_them(node: Node, steps_stack: Stack) -> None:
    engine, pids = another_engine(node, steps_stack)
    assert not gone(pids, seconds=0)
    engine.kill()
    engine.wait()
    assert gone(pids)


def test_many_side_by_side(node: Node) -> None:
    steps = [node.start("tried.tell", str(i % 4)) for i in range(24)]
    assert [ended(step) for step in steps] == [i % 4 for i in range(24)]
    for step in steps:
        step.close()
    assert len(node.stdout.splitlines()) == 24


def test_it_has_no_thread_and_listens_to_its_user_alone(heavy: None, steps_stack: Stack) -> None:
    servers = processes_of(steps_stack, "fork-server")
    assert [server.num_threads() for server in servers] == [1, 1]
    path = ForkServer(steps_stack.home, ROOT).socket()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [server.net_connections(kind="inet") for server in servers] == [[], []]


def test_a_step_that_does_nothing_costs_little(heavy: None, node: Node, steps_stack: Stack) -> None:
    """In processor time, which does not depend on what else this machine does: imports alone are 3 to 9 s."""
    before = processor_seconds(steps_stack)
    for _ in range(20):
        assert node.run("tried.nothing") == 0
    assert processor_seconds(steps_stack) - before < 20 * 0.05


def test_all_that_our_steps_import_is_there_already(heavy: None, node: Node) -> None:
    assert node.run("tried.tell", "0") == 0
    loaded = set(told(node)["modules"])
    missing = {name for name in third_party_imports() if name not in loaded}
    assert not missing, f"add to LIGHT or HEAVY in pipeline/stack/fork_server.py: {missing}"
    assert not {name for name in loaded if name.partition(".")[0] in {"steps", "pipeline"}}


_FIRST = """
import importlib, sys
from pipeline.stack import fork_server
for each in fork_server.LIGHT:
    importlib.import_module(each)
fork_server.know_s3()
fork_server.know_models()
there = set(sys.modules)
for each in ("plan", "fetch", "admit", "record", "extra", "tidy"):
    importlib.import_module(f"steps.{each}")
ours = {"steps", *sys.stdlib_module_names}
print(*sorted(name for name in set(sys.modules) - there if name.partition(".")[0] not in ours))
"""


def test_the_first_steps_import_our_own_modules_and_nothing_else() -> None:
    """Also of what a library imports late, by itself: a dialect for an index, the rest of pydantic for a model."""
    done = subprocess.run([sys.executable, "-c", _FIRST], cwd=tests.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_steps_end_when_engine_and_server_are_killed_at_once(node: Node, steps_stack: Stack) -> None:
    engine, [step, started_by_it] = another_engine(node, steps_stack)
    servers = [process for process in processes_of(steps_stack, "fork-server") if process.pid != step]
    for process in servers:
        process.suspend()  # so that it cannot see the engine die
    engine.kill()
    engine.wait()
    for process in servers:
        process.kill()
    assert gone([step])
    psutil.Process(started_by_it).kill()  # a resumed run would: the journal names the group


def test_steps_end_with_the_server_and_the_next_step_starts_another(node: Node, steps_stack: Stack) -> None:
    step, pids = hanging(node)
    for process in processes_of(steps_stack, "fork-server"):
        if process.pid not in pids:
            process.kill()
    assert ended(step) == -9
    assert gone(pids)
    step.close()
    assert node.run("tried.tell", "0") == 0


def test_other_libraries_mean_another_server(host: StackHost, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = host._stack
    stack.ensure("fork-server")
    before = record_of(stack, "fork-server").pid
    monkeypatch.setattr("pipeline.stack.supervisor.installed", lambda: "others")
    stack.ensure("fork-server")
    assert record_of(stack, "fork-server").pid != before
    assert node.run("tried.nothing") == 0


def test_a_state_folder_with_a_long_name(tmp_path: Path) -> None:
    stack = Stack(tmp_path / ("long" * 20) / ("name" * 20), root=ROOT)
    try:
        stack.ensure("fork-server")
        assert Node(StackHost(stack), tmp_path).run("tried.tell", "3") == 3
        folder = ForkServer(stack.home, ROOT).socket().parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        stack.stop()
    shutil.rmtree(folder)


def test_without_a_server_spawning_fails_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        spawn(tmp_path / "none", "m", [], env={}, cwd=tmp_path, stdout=tmp_path / "o", stderr=tmp_path / "e")


def processor_seconds(stack: Stack) -> float:
    """What the fork server and its ended children have used."""
    return sum(sum(process.cpu_times()[:4]) for process in processes_of(stack, "fork-server"))


def hanging(node: Node) -> tuple[Step, list[int]]:
    """A step that hangs, with the pids of it and of the process that it started."""
    path = node.folder / "pids"
    step = node.start("tried.hang", str(path))
    assert wait_until(path.exists, 30)
    return step, [int(pid) for pid in path.read_text().split()]


def gone(pids: list[int], seconds: float = 10) -> bool:
    """Whether all those processes end soon."""
    return wait_until(lambda: all(start_time(pid) is None for pid in pids), seconds)


def third_party_imports() -> set[str]:
    """What the modules of `steps` import on top that is neither theirs nor the standard library's; apart from
    the model server, the router, the exporter and notebooks, which no fork of a step loads."""
    found: set[str] = set()
    named: Callable[[str], bool] = lambda name: name.partition(".")[0] not in {*sys.stdlib_module_names, "steps"}  # noqa: E731
    apart = ("serving", "router", "metrics", "backends/gauges", "notebooks")
    left_out = {STEPS / "pages" / "notebook.py", *(path for name in apart for path in (STEPS / name).rglob("*.py"))}
    for path in set(STEPS.rglob("*.py")) - left_out:
        for statement in ast.parse(path.read_text()).body:
            if isinstance(statement, ast.Import):
                found |= {alias.name for alias in statement.names if named(alias.name)}
            elif isinstance(statement, ast.ImportFrom) and statement.module and named(statement.module):
                found.add(statement.module)
    return found

"""`pipeline run` and its kin as somebody uses them in a folder of their own, with manifests of their own."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.cli.here import command

HELLO = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: hello-}
spec:
  entrypoint: main
  arguments: {parameters: [{name: who, value: world}]}
  templates:
    - name: main
      dag:
        tasks:
          - {name: greet, template: greet}
          - {name: think, template: think, depends: greet}
          - {name: part, template: greet, depends: think}
    - name: greet
      container: {image: i, command: [echo, 'hello {{workflow.parameters.who}}']}
    - name: think
      script: {image: i, command: [sh], source: 'test ! -e FAIL || { echo cannot think >&2; exit 7; }'}
"""
LOUD = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: loud-}
spec:
  entrypoint: main
  templates:
    - name: main
      script:
        image: i
        command: [sh]
        source: |
          for i in 1 2 3; do echo line $i; done
          until test -e GO; do sleep 0.02; done
          printf end
"""


@dataclass
class Place:
    """An empty folder, and a state folder of its own."""

    folder: Path
    home: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
        return {**kept, "PIPELINE_HOME": str(self.home), "COLUMNS": "100"}

    def write(self, name: str, text: str) -> None:
        text = text.replace("FAIL", str(self.folder / "fail")).replace("GO", str(self.folder / "go"))
        (self.folder / name).write_text(text.lstrip("\n"), encoding="utf-8")

    def call(self, *arguments: str, code: int = 0) -> str:
        """What a command prints to both streams; it must end with `code`."""
        ended, said, _ = command(*arguments, folder=self.folder, environment=self.environment, together=True)
        assert ended == code, said
        return said

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-u", "-m", "pipeline", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(child)
        return child

    def runs(self) -> list[str]:
        """The runs there are, newest first."""
        if not (self.home / "journal.db").exists():
            return []
        database = sqlite3.connect(self.home / "journal.db")
        try:
            return [row[0] for row in database.execute("SELECT id FROM runs ORDER BY created_at DESC")]
        finally:
            database.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "mine").mkdir()
    found = Place(tmp_path / "mine", tmp_path / "home")
    found.write("hello.yaml", HELLO)
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup the commands would not hear of it either
    yield found
    signal.signal(signal.SIGHUP, before)
    for child in found.started:
        child.kill()
        child.communicate()


def one_line(text: str) -> str:
    """The line of a command that refused."""
    [line] = text.splitlines()
    return line.removeprefix("error: ")


def test_a_file_of_ones_own_runs_and_starts_nothing_else(place: Place) -> None:
    out = place.call("run", "hello.yaml", "-p", "who=you")
    assert re.search(r"Succeeded +greet", out)
    assert "greet | hello you" in place.call("logs")
    assert not (place.home / "servers.json").exists()
    held = [each for each in psutil.process_iter(["environ"]) if str(place.home) in str(each.info["environ"])]
    assert held == [], "nothing is left running, and so nothing listens"
    assert [path.name for path in place.folder.iterdir()] == ["hello.yaml"], "nothing is written beside it"


def test_no_server_is_asked_for_while_it_runs(place: Place) -> None:
    place.write("loud.yaml", LOUD)
    child = place.begin("run", "loud.yaml", "--logs")
    assert child.stdout is not None
    while "line 3" not in child.stdout.readline():
        pass
    for each in psutil.Process(child.pid).children(recursive=True):
        assert "sh" in each.name() or "sleep" in each.name(), each
        assert not [held for held in each.net_connections() if held.status == psutil.CONN_LISTEN]
    assert not [held for held in psutil.Process(child.pid).net_connections() if held.type == socket.SOCK_STREAM]
    (place.folder / "go").touch()
    assert child.wait(20) == 0


def test_a_folder_a_name_and_a_mistake(place: Place) -> None:
    place.write("broken.yaml", "a: [1,\n")
    place.write("other.yaml", HELLO.replace("hello-", "other-"))
    said = place.call("run", ".", code=2)
    assert one_line(said) == ". holds 2 workflows: hello, other; say which: pipeline run . hello"
    note = place.call("run", ".", "other").splitlines()[0]
    assert note.startswith("note: passed over: broken.yaml, line 2, column 1: not YAML")
    assert place.runs()[0].startswith("other-")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hello.yaml", "-p", "nosuch=1"], "hello has no parameter nosuch; it has who"),
        (["hello.yaml", "nosuch"], "no workflow in hello.yaml is named 'nosuch'"),
        (["nosuch.yaml"], "nosuch.yaml is not there"),
        (["empty.yaml"], "empty.yaml is empty; wanted a Workflow"),
        (["syntax.yaml"], "syntax.yaml, line 2, column 1: not YAML"),
        (["syntax.yaml", "--dry-run"], "syntax.yaml, line 2, column 1: not YAML"),
        (["refused.yaml", "--dry-run"], "refused.yaml, line 11: hello.templates[main].dag.tasks[greet].nosuch"),
        (["hello.yaml", "--from", "greet"], "there is no earlier run of hello"),
        (["hello.yaml", "--of", "x"], "--of x says which run --from NODE takes from; give --from too"),
        (["--resume", "x", "--from", "greet"], "--resume goes on with a run as it began"),
        (["hello.yaml", "--cores", "0"], "--cores"),
    ],
)
def test_mistakes_get_one_line(place: Place, arguments: list[str], words: str) -> None:
    place.write("empty.yaml", "")
    place.write("syntax.yaml", "a: [1,\n")
    place.write(
        "refused.yaml", HELLO.replace("{name: greet, template: greet}", "{name: greet, template: greet, nosuch: 1}")
    )
    said = place.call("run", *arguments, code=2)
    assert words in said
    assert len([line for line in said.splitlines() if line.lower().startswith("error")]) == 1
    assert place.runs() == []


def test_a_dry_run_writes_nothing(place: Place) -> None:
    out = place.call("run", "hello.yaml", "--dry-run", "-p", "who=me")
    assert "think  script of sh: test" in out
    assert "who = me" in out
    assert not place.home.exists()
    assert "[" not in out.replace("[1", "").partition("think")[0], "no colours where it is no terminal"


def test_again_from_a_node(place: Place) -> None:
    (place.folder / "fail").touch()
    failed = place.call("run", "hello.yaml", "-p", "who=you", code=3)
    first = place.runs()[0]
    assert failed.splitlines()[-1] == f"error: {first} failed: think: cannot think; see: pipeline explain {first}"
    story = place.call("explain")
    assert "think: failed: main: Error (exit code 7): cannot think" in story
    assert "so part was omitted: it depends on think" in story

    (place.folder / "fail").unlink()
    tree = place.call("run", "hello.yaml", "--from", "think", "--dry-run")
    assert f"reused from {first}" in tree
    assert place.runs() == [first]
    out = place.call("run", "hello.yaml", "--from", "think")
    second = place.runs()[0]
    assert second != first
    assert re.search(rf"Succeeded +greet .*reused from run {first}", out)
    assert "part  | hello you" in place.call("logs", second), "the earlier run's parameter"
    assert f"reused from run {first}" in place.call("explain", "greet")
    assert one_line(place.call("run", "hello.yaml", "--from", "thimk", code=2)).endswith("there are think")
    page = place.call("report", second).strip()
    assert f"reused from run {first}" in Path(page).read_text(encoding="utf-8")


def test_again_from_a_node_while_the_run_goes_on(place: Place) -> None:
    place.write("loud.yaml", LOUD)
    child = place.begin("run", "loud.yaml", "--logs")
    assert child.stdout is not None
    while "line 3" not in child.stdout.readline():
        pass
    said = one_line(place.call("run", "loud.yaml", "--from", "main", code=2))
    assert said == f"run {place.runs()[0]} is being executed by process {child.pid}; wait for it or stop it"
    (place.folder / "go").touch()
    assert "loud * succeeded" in child.communicate(timeout=20)[0]


def test_logs_come_as_they_are_written(place: Place) -> None:
    place.write("loud.yaml", LOUD)
    child = place.begin("run", "loud.yaml", "--logs")
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(4)]
    run = place.runs()[0]
    assert lines == [f"loud * run {run}\n", "loud | line 1\n", "loud | line 2\n", "loud | line 3\n"]
    elsewhere = place.begin("logs", run, "--follow")
    assert elsewhere.stdout is not None
    assert [elsewhere.stdout.readline() for _ in range(4)] == lines
    (place.folder / "go").touch()
    for each in (child, elsewhere):
        rest = each.communicate(timeout=20)[0].splitlines()
        assert rest[0] == "loud | end", "the end has no line end, and is not lost"
        assert [re.sub(r"[\d.]+ s$", "N s", line) for line in rest[1:]] == ["loud * succeeded after N s"] * 2
        assert each.returncode == 0


def test_following_a_run_whose_engine_is_killed(place: Place) -> None:
    place.write("loud.yaml", LOUD)
    child = place.begin("run", "loud.yaml", "--logs")
    assert child.stdout is not None
    while "line 3" not in child.stdout.readline():
        pass
    run = place.runs()[0]
    elsewhere = place.begin("logs", run, "--follow")
    assert elsewhere.stdout is not None
    while "line 3" not in elsewhere.stdout.readline():
        pass
    child.send_signal(signal.SIGKILL)
    said = elsewhere.communicate(timeout=20)[0]
    assert f"error: no process is running {run}; resume it with: pipeline run --resume {run}" in said
    (place.folder / "go").touch()
    assert "loud * succeeded" in place.call("run", "--resume", run, "--logs")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_control_c_shows_what_was_written_last(place: Place, number: signal.Signals) -> None:
    place.write("loud.yaml", LOUD.replace("printf end", "true").replace("until", "printf half; until"))
    child = place.begin("run", "loud.yaml", "--logs")
    assert child.stdout is not None
    while "line 3" not in child.stdout.readline():
        pass
    child.send_signal(number)
    rest = child.communicate(timeout=20)[0]
    assert "loud | half" in rest
    assert f"was interrupted; resume it with: pipeline run --resume {place.runs()[0]}" in rest
    assert child.returncode == 3


def test_one_core_is_one_step_at_a_time(place: Place) -> None:
    marks = place.folder / "marks"
    many = f"for i in 1 2 3; do echo + >> {marks}; sleep 0.05; echo - >> {marks}; done"
    place.write(
        "many.yaml",
        HELLO.replace("{name: greet, template: greet}", "{name: greet, template: many, withItems: [1, 2, 3]}")
        + f"    - {{name: many, container: {{image: i, command: [sh, -c, '{many}']}}}}\n",
    )
    place.call("run", "many.yaml", "--cores", "1")
    assert marks.read_text(encoding="utf-8").split() == ["+", "-"] * 9


def test_explaining_a_file(place: Place) -> None:
    assert place.call("explain", "hello.yaml").startswith("hello.yaml: hello is not refused; ")
    place.write("refused.yaml", HELLO.replace("depends: greet", "depends: grete"))
    out = place.call("explain", "refused.yaml", code=2).splitlines()
    where = "refused.yaml, line 12: hello.templates[main].dag.tasks[think]"
    assert out[0] == f"{where} depends on grete, which is not a task of this dag"
    assert "  >   12 |           - {name: think, template: think, depends: grete}" in out
    assert one_line(place.call("explain", "nosuch", code=2)).startswith("no state yet at ")


FLOW = """
from hera.workflows import Steps, Workflow, script

@script(image="python")
def hello(who: str):
    print("hello", who)

with Workflow(name="from-hera", entrypoint="main") as w:
    with Steps(name="main"):
        hello(arguments={"who": "you"})
w.create()
"""
TOKEN = "env: [{name: T, valueFrom: {secretKeyRef: {name: login, key: token}}}], "
SECRET_USER = HELLO.replace("container: {image: i, ", f"container: {{image: i, {TOKEN}")


def test_a_file_of_hera_runs_by_itself(place: Place) -> None:
    place.write("flow.py", FLOW)
    assert "hello you" in place.call("run", "flow.py", "--logs")
    place.write("flow.py", "raise ValueError('no flow')")
    assert one_line(place.call("run", "flow.py", code=2)) == "flow.py cannot be run: ValueError: no flow"


def test_a_secret_that_was_set_is_found_and_never_shown(place: Place) -> None:
    place.write("hello.yaml", SECRET_USER)
    said = place.call("run", "hello.yaml", code=2)
    assert "set it with: pipeline secret set login token" in said
    place.call("secret", "set", "login", "token=hunter-2")
    assert place.call("secret", "list") == "login: token\n"
    assert "hunter-2" not in place.call("run", "hello.yaml", "--logs")
    place.call("secret", "remove", "login")
    assert place.call("secret", "list") == "no Secret was set\n"


def test_explaining_what_is_missing_and_what_means_nothing(place: Place) -> None:
    place.write("hello.yaml", SECRET_USER.replace("spec:\n", "spec:\n  podGC: {strategy: OnPodCompletion}\n", 1))
    said = place.call("explain", "hello.yaml", code=2)
    assert "wants the key token of the secret login, which is not here" in said
    assert "without a cluster these mean nothing: podGC" in said


def test_all_that_stands_in_the_way_is_told_at_once(place: Place) -> None:
    place.write(
        "hello.yaml", HELLO.replace("image: i,", "image: i, lifecycle: {},").replace("depends: greet", "dpends: x")
    )
    lines = place.call("run", "hello.yaml", code=2).splitlines()
    assert [re.sub(r".*templates|( is not).*", r"\1", line) for line in lines] == [
        "[main].dag.tasks[think].dpends is not",
        "[greet].container.lifecycle is not",
        "[think].script.lifecycle is not",
    ]
    assert all(line.startswith("error: hello.yaml, line ") for line in lines)

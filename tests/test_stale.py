"""What is declared is what runs: an edit that was not rendered is noticed by whatever would run the old manifests."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.laptop.setups import SetUp, SetUps
from pipeline.projects import every
from pipeline.stale import CODE
from tests import ROOT
from tests.checkout import Checkout

pytestmark = pytest.mark.timeout(400)  # a dozen processes, on a busy machine
OPENAQ, WINE = "pipeline/projects/openaq.py", "pipeline/projects/wine.py"
TRAIN = "manifests/openaq/openaq-train.yaml"
RANGE = ("--from", "2002-07-01", "--to", "2002-07-02")
HELLO = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: hello}
spec: {entrypoint: main, templates: [{name: main, container: {image: i, command: [echo, hello]}}]}
"""

SOAK = pytest.mark.soak  # each renders all manifests in a process of its own, twice


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy in which nothing stays edited."""
    return Checkout(tmp_path_factory.mktemp("fresh"))


def asked(checkout: Checkout, project: str = "openaq") -> tuple[str, bool]:
    """What is stale, and whether it took a rendering to find out."""
    probe = (
        "import sys, subprocess, pipeline.stale as stale; from pathlib import Path; asked = []; run = subprocess.run\n"
        "subprocess.run = lambda *given, **more: asked.append(1) or run(*given, **more)\n"
        f"print(stale.stale(Path({str(checkout.home)!r}), Path('manifests'), '{project}')); print(len(asked))\n"
        "sys.exit(bool({'hera', 'pydantic', 'yaml'} & sys.modules.keys()))"
    )
    done = checkout.python("-c", probe)
    assert done.returncode == 0, done.stdout
    line, times = done.stdout.splitlines()
    return line, times == "1"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("run", "openaq-train"), id="run"),
        pytest.param(("quickstart", "openaq"), id="quickstart"),
        pytest.param(("backfill", "openaq", *RANGE), id="backfill", marks=SOAK),
    ],
)
def test_what_a_person_starts_by_name_is_refused(fresh: Checkout, command: tuple[str, ...]) -> None:
    with fresh.edited(OPENAQ, "trials=12", "trials=13"):
        code, said = fresh.call(*command)
    assert code == 2
    assert said == (
        f"error: manifests/openaq/openaq-backfill.yaml differs from what {OPENAQ} declares, and 7 more; "
        "run: pipeline render\n"
    )
    assert not (fresh.home / "servers.json").exists()
    held = subprocess.run(["pgrep", "-f", str(fresh.home)], capture_output=True, text=True, check=False)
    assert held.stdout == "", "nothing was started"


def test_once_rendered_it_runs_as_declared(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.edit(OPENAQ, 'target="no2"', 'target="o3"')
    assert checkout.call("run", "openaq-train", "--dry-run")[0] == 2
    assert checkout.call("render", "openaq")[0] == 0
    code, said = checkout.call("run", "openaq-train", "--dry-run")
    assert code == 0
    assert "parameter = o3" in said
    checkout.edit(OPENAQ, 'target="o3"', 'target="no2"')
    assert checkout.call("run", "openaq-train", "--dry-run")[0] == 2, "what was right once is not right for ever"


@SOAK
def test_another_project_and_a_path_run_all_the_same(fresh: Checkout) -> None:
    with fresh.edited(OPENAQ, "trials=12", "trials=13"):
        assert fresh.call("run", "wine-train", "--dry-run")[0] == 0
        code, said = fresh.call("run", TRAIN, "--dry-run")
    assert (code, said.splitlines()[0]) == (0, f"openaq-train  WorkflowTemplate of {TRAIN}")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param(TRAIN, "hours", "minutes", id="manifest"),
        pytest.param(
            "steps/contract/declaration.py", "neighbours: int = 8", "neighbours: int = 9", id="default", marks=SOAK
        ),
        pytest.param(
            TRAIN, "activeDeadlineSeconds: 43200", "activeDeadlineSeconds: 1", id="another manifest", marks=SOAK
        ),
        pytest.param("pipeline/workflows/train.py", "hours=12", "hours=13", id="workflow", marks=SOAK),
        pytest.param("pipeline/__init__.py", '__version__ = "', '__version__ = "9.', id="version", marks=SOAK),
        pytest.param(OPENAQ, "gate=Gate()", "gate=None", id="mistake", marks=SOAK),
    ],
)
def test_whatever_was_edited_is_noticed(fresh: Checkout, file: str, old: str, new: str) -> None:
    with fresh.edited(file, old, new):
        assert fresh.call("run", "openaq-train", "--dry-run")[0] == 2


def test_a_manifest_that_is_missing_is_noticed(fresh: Checkout) -> None:
    train = fresh.folder / TRAIN
    text = train.read_bytes()
    train.unlink()
    code, said = fresh.call("backfill", "openaq", *RANGE)
    train.write_bytes(text)
    assert (code, said) == (2, f"error: {TRAIN} is missing; run: pipeline render\n")


@pytest.mark.soak
def test_an_edit_that_changes_nothing_is_none(fresh: Checkout) -> None:
    fresh.home.mkdir(exist_ok=True)
    assert asked(fresh)[0] == ""
    assert asked(fresh) == ("", False), "it is known"
    with fresh.edited("pipeline/workflows/train.py", "def train(", "# A remark.\ndef train("):
        assert asked(fresh) == ("", True)
        assert asked(fresh) == ("", False)


@SOAK
def test_where_there_is_no_state_it_is_found_out_every_time(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    assert asked(checkout) == asked(checkout) == ("", True)


@SOAK
def test_a_manifest_of_ones_own_is_ones_own(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    for place in ("openaq", "mine"):
        (checkout.folder / "manifests" / place).mkdir(exist_ok=True)
        (checkout.folder / "manifests" / place / "hello.yaml").write_text(HELLO.replace("hello", place))
    checkout.edit(WINE, "trials=6", "trials=7")
    for name in ("openaq", "mine"):
        assert checkout.call("run", name, "--dry-run")[0] == 0
    assert checkout.call("render")[0] == 0
    assert (checkout.folder / "manifests" / "openaq" / "hello.yaml").exists()


def test_all_that_decides_what_is_written_is_looked_at() -> None:
    probe = (
        "import sys; from pipeline.projects import every; from pipeline.render import rendered\n"
        "for project in every().values(): rendered(project)\n"
        "for name, module in sys.modules.items():\n"
        "    if name.partition('.')[0] in ('pipeline', 'steps'): print(module.__file__)"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = {Path(line) for line in done.stdout.splitlines()}
    assert imported <= {path for pattern in CODE for path in ROOT.glob(pattern)}


def test_a_project_lies_in_the_file_of_its_name() -> None:
    assert {path.stem for path in (ROOT / "pipeline" / "projects").glob("[a-z]*.py")} == every().keys()


@SOAK
def test_the_list_of_schedules_notes_it(fresh: Checkout) -> None:
    assert "note:" not in fresh.call("cron")[1]
    with fresh.edited(WINE, "trials=6", "trials=7"):
        code, said = fresh.call("cron")
        assert "note:" not in fresh.call("cron", "manifests")[1], "a folder that is named is what it is"
    assert code == 0
    assert re.search(rf"^note: manifests/wine/.* differs from what {WINE} declares", said, re.MULTILINE)
    assert "wine-reconcile" in said


def test_up_notes_it_and_goes_on(monkeypatch: pytest.MonkeyPatch, fresh: Checkout) -> None:
    """Without the servers, which take ten seconds and are started as ever."""
    from click.testing import CliRunner

    from pipeline.cli.commands import cli

    monkeypatch.setenv("PIPELINE_HOME", str(fresh.home))
    monkeypatch.setattr("pipeline.laptop.machine.LocalMachine.up", lambda machine: print("started"))
    monkeypatch.setattr("pipeline.stale.stale", lambda home, manifests, *projects: f"{manifests}: {' '.join(projects)}")
    answer = CliRunner().invoke(cli, ["up"])
    assert answer.exit_code == 0
    assert f"note: {ROOT}/manifests: abalone openaq wine" in answer.stderr
    assert "started" in answer.stdout


@pytest.mark.soak
def test_a_watch_says_it_and_goes_on(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    SetUps(checkout.home).keep(
        "openaq", SetUp(source="api", locations="1", parameter="no2")
    )  # else its schedules wait for that
    log = tmp_path / "log"
    with log.open("wb") as out:
        watch = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "watch"],
            cwd=checkout.folder,
            env={**checkout.environment, "PYTHONUNBUFFERED": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: "openaq-daily: watched" in log.read_text())
        checkout.edit(OPENAQ, 'daily="0 1 * * *"', 'daily="0 2 * * *"')
        until(lambda: f"openaq-daily.yaml differs from what {OPENAQ} declares; run: pipeline render" in log.read_text())
        assert checkout.call("render")[0] == 0
        until(lambda: "openaq-daily: changed" in log.read_text())
        assert log.read_text().count("differs") == 1
        assert watch.poll() is None
    finally:
        watch.send_signal(signal.SIGTERM)
        assert watch.wait() == 130
        checkout.call("down")


def until(condition: Callable[[], bool], limit: float = 300.0) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)

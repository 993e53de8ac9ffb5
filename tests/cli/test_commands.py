"""The command line as a person meets it: help with an example, one line for a mistake, the right exit code."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pipeline.cli.commands import cli, main
from pipeline.engine.processes import wait_until
from pipeline.stack.server import responds

PROMISED = "render lint run stop up down status runs logs report backfill rollback models doctor"


def pipeline(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """A command as a process."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PIPELINE_HOME": str(home)},
        timeout=60,
    )


@pytest.mark.parametrize("name", [*cli.commands])
def test_every_command_shows_an_example_that_it_understands(name: str) -> None:
    command = cli.commands[name]
    assert command.help, "a command says what it does"
    example = (command.epilog or "").split("Example:")[-1].split()
    assert example[:2] == ["pipeline", name]
    command.make_context(name, example[2:], resilient_parsing=False)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts}"


def test_the_promised_commands_are_there() -> None:
    assert set(PROMISED.split()) <= cli.commands.keys()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "openaq-nosuch"], "no workflow 'openaq-nosuch'"),
        (["run", "openaq-train", "-p", "nosuch=1"], "nosuch"),
        (["run", "openaq-train", "-p", "as-of"], "wanted name=value"),
        (["run"], "wanted the name of a workflow"),
        (["run", "--resume", "nosuch"], "nosuch"),
        (["backfill", "nosuch", "--from", "2003-01-01", "--to", "2003-01-02"], "no project 'nosuch'"),
        (["rollback", "nosuch"], "no project 'nosuch'"),
        (["rollback", "openaq", "--why", "{{workflow.name}}"], "which Argo would expand"),
        (["rollback", "openaq", "--why", "x" * 501], "wanted at most 500"),
        (["rollback", "openaq", "--to", "0"], "--to"),
        (["models", "nosuch"], "no project 'nosuch'"),
        (["models", "openaq", "1"], "openaq has no version '1'; there are: none yet"),
        (["models", "openaq", "--files"], "--files is of one version"),
        (["models", "openaq", "1", "--all"], "--all is of the list"),
        (["logs", "nosuch"], "nosuch"),
        (["report"], "no run yet"),
        (["stop", "nosuch"], "nosuch"),
        (["quickstart", "--as-of", "yesterday"], "wanted a time such as"),
        (["quickstart", "--locations", "404"], "the sample has 9000001 and 9000002, not 404"),
        (["quickstart", "--locations", "404", "--by-make"], "LOCATIONS=404: the sample has"),
        (["quickstart", "--locations", "here"], "--locations 'here' is not a location's id"),
        (["quickstart", "--parameter", "xx"], "--parameter 'xx' is no parameter of openaq, which declares co, no2"),
        (["quickstart", "--parameter", "xx", "--by-make"], "PARAMETER 'xx' is no parameter of openaq"),
        (["quickstart", "--as-of", "2999-01-01"], "--as-of 2999-01-01 is yet to come"),
        (
            ["quickstart", "--as-of", "1999-01-01", "--by-make"],
            "AS_OF=1999-01-01: the sample has hours from 2002",
        ),
        (["quickstart", "--source", "/nowhere", "--by-make"], "SOURCE '/nowhere' is not a folder"),
        (["quickstart", "--data", "x.csv", "--by-make"], "DATA=x.csv is not for openaq, which learns from an archive"),
        (["quickstart", "wine", "--as-of", "x", "--by-make"], "AS_OF=x is not for wine, which learns from a file"),
        (["quickstart", "wine", "--data", "x.csv", "--by-make"], "DATA=x.csv: there is no such file"),
        (["run", "openaq-train", "-p", "as-of=noon"], "-p as-of 'noon' is not a time"),
        (["run", "openaq-train", "-p", "locations=1,a"], "-p locations '1,a': 'a' is not a location's id"),
        (["run", "openaq-train", "-p", "parameter=dust"], "-p parameter 'dust' is no parameter of openaq"),
        (["run", "openaq-train", "-p", "workers=0"], "-p workers '0' is no number of workers"),
        (["run", "openaq-train", "-p", "workers=26"], "-p workers 26 for each of 2 model families is more than the 50"),
        (["run", "openaq-daily", "-p", "source=/nowhere"], "-p source '/nowhere' is not a folder"),
        (["run", "openaq-train", "--dry-run", "-p", "as-of=noon"], "-p as-of 'noon' is not a time"),
        (["backfill", "openaq", "--from", "may", "--to", "2003-01-02"], "--from 'may' is not a day"),
        (["backfill", "openaq", "--from", "2003-01-03", "--to", "2003-01-02"], "--from 2003-01-03 is after --to"),
        (["monitor", "openaq", "--as-of", "noon"], "--as-of 'noon' is not a time"),
        (["monitor", "openaq", "--replay", "a", "b"], "--replay 'a/b' is not two days"),
        (["lint", "/nowhere"], "/nowhere"),
        (["runs", "--limit", "x"], "see: pipeline runs --help"),
        (["nosuch"], "No such command 'nosuch'; see: pipeline --help"),
        (["inbox", "release", "nosuch", "--why", "x"], "is no file's key; wanted one such as wine/new/file.csv"),
        (["inbox", "retract", "nosuch", "--why", "x"], "is no file's key; wanted one such as wine/new/file.csv"),
        (["inbox", "retract", "wine/new/a.csv", "--why", " "], "--why is empty; say in a few words why"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_gets_one_line_and_exit_code_2(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In this process, which has imported it all; one below is a process."""
    monkeypatch.setenv("PIPELINE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["pipeline", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert words in said
    assert len([line for line in said.splitlines() if line.lower().startswith("error")]) == 1
    left = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True, check=False)
    assert left.stdout == "", "a mistake starts no server"


def test_of_a_mistake_a_process_says_that_line_alone(tmp_path: Path) -> None:
    finished = pipeline("models", "nosuch", home=tmp_path)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert re.fullmatch(r"error: no project 'nosuch'.*\n", finished.stderr)


def test_render_check_says_which_file_is_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from pipeline.errors import UserError

    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(cli, ["render", "--check"])
    assert isinstance(answer.exception, UserError)
    first, *others = str(answer.exception).splitlines()
    assert first == "manifests/openaq/openaq-backfill.yaml is missing, and 11 more; run: pipeline render"
    assert len(others) == 2, "one for each other project"


@pytest.mark.soak  # three commands that import the database
def test_metrics_of_what_is_here_are_told_until_ctrl_c_and_a_taken_port_is_one_line(tmp_path: Path) -> None:
    nothing = pipeline("metrics", home=tmp_path / "absent")
    assert (nothing.returncode, "no state yet" in nothing.stderr) == (2, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = pipeline("metrics", "--port", port, home=tmp_path)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert f"cannot listen on 127.0.0.1, port {port}: Address already in use; give another --port" in refused.stderr
    command = [sys.executable, "-m", "pipeline", "metrics", "--port", port]
    environment = {**os.environ, "PIPELINE_HOME": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        address = started.stdout.readline().strip()
        assert address == f"http://127.0.0.1:{port}/metrics"
        assert wait_until(lambda: responds(int(port), "/metrics"), 10)
        started.send_signal(signal.SIGINT)
        assert started.wait(10) == 0

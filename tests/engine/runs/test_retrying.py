"""Retrying a run in place: the same run, in which what failed begins again."""

from pathlib import Path

import pytest

from pipeline import engine
from pipeline.errors import UserError
from tests.engine.laboratory import Laboratory, log_of

CHAIN = """
entrypoint: main
arguments: {{parameters: [{{name: word, value: first}}]}}
{more}
templates:
  - name: main
    dag:
      failFast: false
      tasks:
        - {{name: good, template: say}}
        - {{name: bad, template: checked, depends: good}}
        - {{name: after, template: say, depends: bad}}
  - name: say
    container: {{image: i, command: [sh, -c, "echo {{{{workflow.parameters.word}}}}; echo x >> {marks}"]}}
  - name: checked
    {retry}
    container: {{image: i, command: [sh, -c, "test -e {flag}"]}}
"""


def chain(folder: Path, more: str = "", retry: str = "") -> str:
    return CHAIN.format(marks=folder / "marks", flag=folder / "flag", more=more, retry=retry)


def phases(view: engine.RunView) -> dict[str, str]:
    return {node.name.removeprefix(view.id).removeprefix(".") or "(root)": node.phase for node in view.nodes}


def test_what_failed_and_what_follows_begins_again(lab: Laboratory, tmp_path: Path) -> None:
    run = lab.submit(chain(tmp_path))
    first = lab.execute(run)
    assert phases(first) == {"(root)": "Failed", "good": "Succeeded", "bad": "Failed", "after": "Omitted"}
    (tmp_path / "flag").touch()
    engine.retry(lab.journal, run)
    between = engine.view(lab.journal, run)
    assert between.phase == "Running"
    assert phases(between) == {"(root)": "Running", "good": "Succeeded", "bad": "Pending"}
    again = lab.execute(run)
    assert set(phases(again).values()) == {"Succeeded"}
    assert (tmp_path / "marks").read_text() == "x\nx\n"  # good was not run again
    assert again.nodes["good"].finished_at == first.nodes["good"].finished_at
    assert log_of(again, ".good") == "first\n"


def test_it_may_fail_again_and_be_retried_again(lab: Laboratory, tmp_path: Path) -> None:
    run = lab.submit(chain(tmp_path, retry="retryStrategy: {limit: 1}"))
    assert phases(lab.execute(run))["bad(1)"] == "Failed"
    engine.retry(lab.journal, run)
    assert phases(lab.execute(run))["bad(1)"] == "Failed"
    (tmp_path / "flag").touch()
    engine.retry(lab.journal, run)
    again = lab.execute(run)
    assert again.phase == "Succeeded" and "bad(1)" not in phases(again)


def test_with_an_exit_handler_which_runs_again(lab: Laboratory, tmp_path: Path) -> None:
    run = lab.submit(chain(tmp_path, more="onExit: say"))
    assert phases(lab.execute(run))["onExit"] == "Succeeded"
    (tmp_path / "flag").touch()
    engine.retry(lab.journal, run)
    assert "onExit" not in phases(engine.view(lab.journal, run))
    assert phases(lab.execute(run))["onExit"] == "Succeeded"
    assert (tmp_path / "marks").read_text() == "x\n" * 4


def test_other_parameters(lab: Laboratory, tmp_path: Path) -> None:
    run = lab.submit(chain(tmp_path))
    lab.execute(run)
    (tmp_path / "flag").touch()
    engine.retry(lab.journal, run, parameters={"word": "second"})
    again = lab.execute(run)
    assert again.parameters == {"word": "second"}
    assert (log_of(again, ".good"), log_of(again, ".after")) == ("first\n", "second\n")


def test_a_node_that_succeeded_may_be_chosen(lab: Laboratory, tmp_path: Path) -> None:
    (tmp_path / "flag").touch()
    run = lab.submit(chain(tmp_path))
    lab.execute(run)
    with pytest.raises(UserError, match="it succeeded; say which nodes begin again"):
        engine.retry(lab.journal, run)
    engine.retry(lab.journal, run, chosen=lambda node: node.display_name == "bad")
    assert phases(engine.view(lab.journal, run)) == {"(root)": "Running", "good": "Succeeded", "bad": "Pending"}
    assert lab.execute(run).phase == "Succeeded"


def test_a_failure_that_was_dealt_with_stays(lab: Laboratory, tmp_path: Path) -> None:
    spec = """
    entrypoint: main
    templates:
      - name: main
        dag:
          failFast: false
          tasks:
            - {name: bad, template: fails}
            - {name: cleanup, template: leaf, depends: bad.Failed}
            - {name: other, template: fails}
      - name: fails
        container: {image: i, command: ["false"]}
    """
    run = lab.submit(spec)
    assert lab.execute(run).phase == "Failed"
    engine.retry(lab.journal, run)
    assert phases(engine.view(lab.journal, run)) == {
        "(root)": "Running", "bad": "Failed", "cleanup": "Succeeded", "other": "Pending",
    }  # fmt: skip


def test_only_what_is_over_can_be_retried(lab: Laboratory, tmp_path: Path) -> None:
    run = lab.submit(chain(tmp_path))
    with pytest.raises(UserError, match="it is Pending; wait for its end or stop it"):
        engine.retry(lab.journal, run)


def test_a_stopped_pause_waits_again(lab: Laboratory) -> None:
    run = lab.submit("entrypoint: main\ntemplates:\n  - name: main\n    suspend: {}\n")
    engine.stop(lab.journal, run)
    assert lab.execute(run).phase == "Failed"
    engine.retry(lab.journal, run)
    assert phases(engine.view(lab.journal, run)) == {"(root)": "Running"}
    engine.proceed(lab.journal, run, [run])
    assert lab.execute(run).phase == "Succeeded"


def test_every_change_has_a_number_of_its_own(lab: Laboratory, tmp_path: Path) -> None:
    one, other = lab.submit(chain(tmp_path)), lab.submit(chain(tmp_path))
    seen = lab.journal.version()
    lab.execute(one)
    assert list(lab.journal.changes(seen)) == [one]
    assert lab.journal.version() > seen
    lab.journal.delete(one)
    engine.suspend(lab.journal, other)
    assert one in lab.journal.changes(seen)


def test_a_daemon_runs_again_for_what_begins_again_beside_it(lab: Laboratory, tmp_path: Path) -> None:
    spec = f"""
    entrypoint: main
    templates:
      - name: main
        dag:
          tasks:
            - {{name: server, template: server}}
            - {{name: user, template: user, depends: server}}
      - name: server
        daemon: true
        container:
          image: i
          command: [sh, -c, "echo x >> {tmp_path}/starts; trap 'exit 0' TERM; while true; do sleep 0.1; done"]
      - name: user
        container: {{image: i, command: [sh, -c, "test -e {tmp_path}/flag"]}}
    """
    run = lab.submit(spec)
    assert phases(lab.execute(run)) == {"(root)": "Failed", "server": "Succeeded", "user": "Failed"}
    (tmp_path / "flag").touch()
    engine.retry(lab.journal, run)
    assert phases(lab.execute(run)) == {"(root)": "Succeeded", "server": "Succeeded", "user": "Succeeded"}
    assert (tmp_path / "starts").read_text() == "x\nx\n"


def test_a_request_that_failed_begins_again(lab: Laboratory) -> None:
    run = lab.submit("entrypoint: main\ntemplates:\n  - name: main\n    http: {url: 'http://127.0.0.1:9/'}\n")
    assert lab.execute(run).phase in ("Failed", "Error")
    engine.retry(lab.journal, run)
    assert engine.view(lab.journal, run).phase == "Running"

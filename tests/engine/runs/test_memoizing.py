"""Memoized templates: what was put out under a key is not made again.

As the controller's source has it (3.7.18, `workflow/controller`: `operator.go`, `cache/configmap_cache.go`); unlike the
cases of tests/oracle, these were not asked of a real controller.
"""

import shutil
from pathlib import Path

import pytest

from pipeline import engine
from pipeline.engine.places import folder_of
from pipeline.engine.scheduler.events import Outputs, Recalled, Resumed
from pipeline.engine.scheduler.scheduler import advance
from pipeline.engine.scheduler.state import Recall
from pipeline.errors import Refused
from pipeline.explain import of_run
from tests.engine.laboratory import Laboratory, Simulate, log_of

WORK = """
entrypoint: main
arguments: {{parameters: [{{name: key, value: k}}]}}
templates:
  - name: main
    dag:
      tasks:
        - {{name: a, template: work}}
        - {{name: b, template: work, depends: a}}
        - name: show
          template: show
          depends: b
          arguments:
            parameters: [{{name: p, value: "{{{{tasks.b.outputs.parameters.p}}}}"}}]
            artifacts: [{{name: f, from: "{{{{tasks.b.outputs.artifacts.f}}}}"}}]
  - name: work
    memoize: {{key: "{{{{workflow.parameters.key}}}}", maxAge: {age}, cache: {{configMap: {{name: {cache}}}}}}}
    {more}
    container: {{image: i, command: [sh, -c, "echo x >> {marks}; wc -l < {marks} > /out/p; cp /out/p /out/f; {end}"]}}
    outputs:
      parameters: [{{name: p, valueFrom: {{path: /out/p}}, globalName: made}}]
      artifacts: [{{name: f, path: /out/f}}]
  - name: show
    inputs: {{parameters: [{{name: p}}], artifacts: [{{name: f, path: /out/f}}]}}
    container: {{image: i, command: [sh, -c, "echo {{{{inputs.parameters.p}}}} $(cat /out/f)"]}}
"""
DAG = """
entrypoint: main
arguments: {{parameters: [{{name: key, value: k}}]}}
templates:
  - name: main
    steps: [[{{name: a, template: whole}}], [{{name: b, template: whole}}]]
  - name: whole
    memoize: {{key: "{key}", cache: {{configMap: {{name: c}}}}}}
    dag: {{tasks: [{{name: part, template: part}}]}}
    outputs: {{parameters: [{{name: p, valueFrom: {{parameter: "{{{{tasks.part.outputs.parameters.p}}}}"}}}}]}}
  - name: part
    container: {{image: i, command: [sh, -c, "echo x >> {marks}; wc -l < {marks} > /out/p"]}}
    outputs: {{parameters: [{{name: p, valueFrom: {{path: /out/p}}}}]}}
"""


def work(folder: Path, more: str = "", age: str = "''", cache: str = "c", end: str = "true") -> str:
    return WORK.format(marks=folder / "marks", more=more or "failFast: false", age=age, cache=cache, end=end)


def done(folder: Path) -> int:
    """How often the step was executed."""
    return len((folder / "marks").read_text(encoding="utf-8")) // 2


def test_what_is_known_is_not_made_again(lab: Laboratory, tmp_path: Path) -> None:
    first, second = lab.run(work(tmp_path)), lab.run(work(tmp_path))
    assert [view.phase for view in (first, second)] == ["Succeeded", "Succeeded"]
    assert (done(tmp_path), log_of(first, ".show"), log_of(second, ".show")) == (1, "1 1\n", "1 1\n")
    assert second.outputs["parameters"] == {"made": "1"}
    assert (second.nodes["a"].outputs["exitCode"], second.nodes["a"].message) == ("0", "")
    run, _, _ = engine.state(lab.journal, second.id)
    assert {node.display_name: node.recalled for node in run.nodes.values() if node.template == "work"} == {
        "a": first.id, "b": first.id,
    }  # fmt: skip


def test_why_it_was_not_executed_is_told(lab: Laboratory, tmp_path: Path) -> None:
    first, second = lab.run(work(tmp_path)), lab.run(work(tmp_path))
    told = [line.text for line in of_run(lab.journal, second.id, "a")]
    assert f"It was not executed: it is memoized, and run {first.id} has put this out." in told


def test_it_is_asked_once_the_mutex_is_held(lab: Laboratory, tmp_path: Path) -> None:
    text = work(tmp_path, more="synchronization: {mutex: {name: m}}")
    assert [lab.run(text).phase, lab.run(text).phase, done(tmp_path)] == ["Succeeded", "Succeeded", 1]


def test_another_key_or_cache_knows_nothing(lab: Laboratory, tmp_path: Path) -> None:
    lab.run(work(tmp_path))
    lab.run(work(tmp_path), key="other")
    lab.run(work(tmp_path, cache="d"))
    assert done(tmp_path) == 3


def test_what_is_too_old_is_made_again(lab: Laboratory, tmp_path: Path) -> None:
    lab.run(work(tmp_path, age="0s"))
    assert done(tmp_path) == 2
    lab.run(work(tmp_path, age="1h"))
    assert done(tmp_path) == 2


def test_a_failure_is_not_remembered(lab: Laboratory, tmp_path: Path) -> None:
    assert lab.run(work(tmp_path, end="false")).phase == "Failed"
    assert lab.run(work(tmp_path)).phase == "Succeeded"
    assert done(tmp_path) == 2


def test_a_retried_one_has_no_attempts_once_it_is_known(lab: Laboratory, tmp_path: Path) -> None:
    text = work(tmp_path, more="retryStrategy: {limit: 2}", end=f"test $(wc -l < {tmp_path / 'marks'}) -gt 1")
    first, second = lab.run(text), lab.run(text)
    assert (first.phase, second.phase, done(tmp_path)) == ("Succeeded", "Succeeded", 2)
    names = {node.name.removeprefix(second.id): node.type for node in second.nodes}
    assert names == {"": "DAG", ".a": "Retry", ".b": "Retry", ".show": "Pod"}
    assert log_of(second, ".show") == "2 2\n"


def test_a_dag_is_remembered_as_a_whole(lab: Laboratory, tmp_path: Path) -> None:
    view = lab.run(DAG.format(key="{{workflow.parameters.key}}", marks=tmp_path / "marks"))
    assert view.phase == "Succeeded"
    assert done(tmp_path) == 1
    assert [node.name.removeprefix(view.id) for node in view.nodes if node.type in ("DAG", "Pod")] == [
        "[0].a", "[0].a.part", "[1].b",
    ]  # fmt: skip
    assert [view.nodes[name].outputs["parameters"] for name in ("a", "b")] == [{"p": "1"}] * 2


def test_files_that_are_gone_are_made_again(lab: Laboratory, tmp_path: Path) -> None:
    first = lab.run(work(tmp_path))
    shutil.rmtree(folder_of(lab.home, first.id))
    assert log_of(lab.run(work(tmp_path)), ".show") == "2 2\n"


def test_a_key_that_is_none_is_an_error_of_the_node(lab: Laboratory, tmp_path: Path) -> None:
    view = lab.run(work(tmp_path), key="a/b")
    node = view.nodes["a"]
    assert (node.type, node.phase) == ("Skipped", "Error")
    assert node.message == f"task '{view.id}.a' errored: invalid cache key: a/b"


def test_an_engine_that_resumes_asks_again(prepare: Simulate, tmp_path: Path) -> None:
    simulation = prepare(work(tmp_path)).begin()
    (asked,) = advance(simulation.run, Resumed(simulation.now))
    assert isinstance(asked, Recall)
    assert (asked.memoize.key, asked.memoize.cache) == ("k", "c")
    simulation.tell(Recalled(simulation.now, asked.node.name, "other", Outputs({"p": "7"}, exit_code="0")))
    assert simulation.tree == {"(root)": "DAG Running", "a": "Pod Succeeded", "b": "Pod Pending"}
    simulation.tell(Recalled(simulation.now, asked.node.name, "other", Outputs()))  # too late: it changes nothing
    assert simulation.outputs("a").parameters == {"p": "7"}


def test_what_was_known_stays_known_where_a_run_is_retried(lab: Laboratory, tmp_path: Path) -> None:
    lab.run(work(tmp_path))
    flag = tmp_path / "flag"
    failed = lab.run(work(tmp_path).replace("$(cat /out/f)", f"$(cat /out/f); test -e {flag}"))
    assert failed.phase == "Failed"
    flag.touch()
    engine.retry(lab.journal, failed.id)
    assert (lab.execute(failed.id).phase, done(tmp_path)) == ("Succeeded", 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("key: \"{{workflow.parameters.key}}\"", "key: a_b", "memoize.key is 'a_b'; wanted letters, digits and '-'"),
        ("maxAge: ''", "maxAge: 1d", "memoize.maxAge is '1d'; wanted a duration with its unit"),
        ("maxAge: ''", "maxAge: '10'", "memoize.maxAge is '10'; wanted a duration with its unit"),
        ("{configMap: {name: c}}", "{}", "memoize.cache.configMap is missing"),
        ("workflow.parameters.key}", "inputs.parameters.kay}", "{{inputs.parameters.kay}} is not known here"),
    ],
)  # fmt: skip
def test_a_memoize_that_says_nothing_is_refused(lab: Laboratory, tmp_path: Path, old: str, new: str, said: str) -> None:
    text = work(tmp_path)
    assert old in text
    with pytest.raises(Refused) as refused:
        lab.load(text.replace(old, new))
    assert said in str(refused.value)


def test_the_key_of_a_dag_is_checked_too(lab: Laboratory, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"templates\[whole\]\.memoize\.key: .* is not known here"):
        lab.load(DAG.format(key="{{inputs.parameters.nosuch}}", marks=tmp_path / "marks"))

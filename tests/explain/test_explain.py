"""Why a node was skipped, omitted, failed, never came to be or waits; the story of a run; why a manifest is refused."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline import engine
from pipeline.engine import Patience
from pipeline.errors import UserError
from pipeline.explain import of_manifests, of_run
from tests.engine.laboratory import Laboratory, container, until

LEAVES = """
  - {name: good, container: {image: i, command: [sh, -c], args: ['echo working >&2']}}
  - {name: bad, container: {image: i, command: [sh, -c], args: ['echo first >&2; echo no such column >&2; exit 4']}}
  - {name: slow, container: {image: i, command: [sh, -c], args: ['echo begun >&2; sleep 1000']}}
  - name: say
    inputs: {parameters: [{name: x}]}
    container: {image: i, command: [echo, '{{inputs.parameters.x}}']}
"""


def text(lab: Laboratory, run: str, node: str = "") -> str:
    """An explanation, its lines indented as they are printed."""
    lines = of_run(lab.journal, run, node)
    return "\n".join(f"{'  ' * line.depth}{line.text}" for line in lines).replace(str(lab.home), "HOME")


def dag(tasks: str, more: str = "") -> str:
    body = "\n".join(f"        - {{{task}}}" for task in tasks.strip().splitlines())
    return f"entrypoint: main\n{more}templates:\n  - name: main\n    dag:\n      tasks:\n{body}{LEAVES}"


CHAIN = dag(
    """name: a, template: bad
name: side, template: good
name: b, template: good, depends: a.Succeeded && side
name: c, template: good, depends: b
name: sorry, template: good, depends: a.Failed
name: fine, template: good, depends: side.Failed"""
)


def test_what_was_omitted_says_what_came_of_what_it_depends_on(lab: Laboratory) -> None:
    run = lab.run(CHAIN).id
    assert text(lab, run, "b") == (
        "b: Omitted\n"
        "  It was omitted, because what it depends on came out otherwise:\n"
        "    depends: a.Succeeded && side\n"
        "    a.Succeeded: false (a is Failed)\n"
        "    side: true (side is Succeeded)\n"
        "  It began with a: Failed: main: Error (exit code 4): no such column"
    )
    assert "c: Omitted" in text(lab, run, "c")
    assert "b: false (b is Omitted; wanted Succeeded or Skipped)\n  It began with a: Failed" in text(lab, run, "c")
    assert text(lab, run, "fine").endswith("side.Failed: false (side is Succeeded)")


def test_the_story_of_a_run_begins_with_what_failed_first(lab: Laboratory) -> None:
    run = lab.run(CHAIN).id
    first, *lines = text(lab, run).splitlines()
    assert first.startswith(f"{run}, a run of w: failed after ")
    assert lines[0] == "a: failed: main: Error (exit code 4): no such column"
    assert lines[1].startswith(f"  The end of its log (HOME/runs/{run}/")
    assert lines[2:] == [
        "    first",
        "    no such column",
        "  so b was omitted: it depends on a.Succeeded && side",
        "  so c was omitted: it depends on b",
        "  so the run failed",
        "fine: omitted, because of what it depends on: side.Failed",
        f"More about one: pipeline explain {run} NODE",
    ]


def test_a_run_without_trouble(lab: Laboratory) -> None:
    run = lab.run(dag("name: a, template: good")).id
    assert text(lab, run).splitlines()[1:] == ["  2 nodes, and each succeeded."]
    assert text(lab, run, "a").splitlines()[1:] == ["  It ended with exit code 0."]


def test_what_failed_shows_the_end_of_its_log(lab: Laboratory) -> None:
    run = lab.run(CHAIN).id
    lines = text(lab, run, "a").splitlines()
    assert lines[1] == "  main: Error (exit code 4): no such column"
    assert lines[3:] == ["    first", "    no such column"]


WHEN = dag(
    """name: flip, template: say, arguments: {parameters: [{name: x, value: tails}]}
name: heads, template: good, depends: flip, when: '{{tasks.flip.outputs.result}} == heads'
name: prod, template: good, when: "'{{workflow.parameters.env}}' == 'prod'"
name: none, template: good, withParam: '{{workflow.parameters.list}}'
name: items, template: good, withItems: [1, 2], when: '{{item}} > 1'""",
    "arguments: {parameters: [{name: env, value: dev}, {name: list, value: '[]'}]}\n",
)


def test_what_was_skipped_shows_its_condition_with_the_values(lab: Laboratory) -> None:
    run = lab.run(WHEN).id
    assert text(lab, run, "heads") == (
        "heads: Skipped\n"
        "  It was skipped, because its condition does not hold:\n"
        "    when: {{tasks.flip.outputs.result}} == heads\n"
        "    with its values: tails == heads"
    )
    assert "with its values: 'dev' == 'prod'" in text(lab, run, "prod")
    assert text(lab, run, "none").endswith("a fan-out without items: {{workflow.parameters.list}} is empty.")
    assert "with its values: 1 > 1" in text(lab, run, "items(0:1)")
    assert "Of its parts, these did not simply succeed: items(0:1) (Skipped)" in text(lab, run, "items")
    story = text(lab, run)
    assert "heads: skipped, because {{tasks.flip.outputs.result}} == heads is false, with its values: tails" in story


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        ("{limit: 1}", "No attempt followed: the limit is 1 retry."),
        ("{limit: '{{inputs.parameters.number}}'}", "No attempt followed: the limit is 2 retries."),
        ("{limit: 5, retryPolicy: OnError}", "the policy is OnError, and the attempt ended with Failed."),
        (
            "{limit: 5, expression: 'asInt(lastRetry.exitCode) != 4'}",
            "the expression asInt(lastRetry.exitCode) != 4 is false, with lastRetry.exitCode = 4.",
        ),
    ],
)
def test_why_no_other_attempt_followed(lab: Laboratory, strategy: str, words: str) -> None:
    leaf = f"""
  - name: flaky
    inputs: {{parameters: [{{name: number, value: 2}}]}}
    retryStrategy: {strategy}
    container: {{image: i, command: [sh, -c], args: ['echo try {{{{retries}}}} >&2; exit 4']}}
"""
    run = lab.run(dag("name: a, template: flaky\nname: b, template: good, depends: a").rstrip() + leaf).id
    told = text(lab, run, "a")
    assert words in told
    assert re.search(r"^  attempt 1: Failed after [\d.]+ s: main: Error \(exit code 4\): try 0$", told, re.MULTILINE)
    assert told.endswith(f"    try {told.count('  attempt ') - 1}")
    story = text(lab, run)
    assert "It was attempt 1; see a for what followed." in text(lab, run, "a(0)")
    assert story.count("exit code 4") == 1, "attempts are not told one by one"
    assert "so b was omitted" in story


NESTED = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {name: train, template: inner}
        - {name: after, template: good, depends: train}
  - name: inner
    steps:
      - [{name: one, template: good}, {name: two, template: bad}]
      - [{name: three, template: good}]
""" + LEAVES.strip("\n")


def test_steps_that_never_came_to_be(lab: Laboratory) -> None:
    run = lab.run(NESTED).id
    assert text(lab, run, "three") == (
        "train.three: not there\n"
        "  It never came to be: train ended with Failed before.\n"
        "  It began with train.two: Failed: main: Error (exit code 4): no such column"
    )
    assert text(lab, run, "train.three") == text(lab, run, "three")
    story = text(lab, run).splitlines()
    assert story[1].startswith("train.two: failed")
    assert "  so train, the run failed" in story or "  so the run, train failed" in story
    assert "  so train.three never came to be" in story
    assert not any("[0]" in line for line in story), "groups of steps have no names to tell"
    assert text(lab, run, "train").splitlines()[1:] == [
        "  It failed with train.two: Failed: main: Error (exit code 4): no such column"
    ]


def test_a_dag_that_was_never_entered(lab: Laboratory) -> None:
    spec = NESTED.replace("{name: train, template: inner}", "{name: train, template: inner, when: 1 == 2}")
    run = lab.run(spec).id
    told = text(lab, run, "three").splitlines()
    assert told[:2] == ["three: not there", "  It is a task of the template inner, which has not begun."]
    assert "  train: Skipped" in told


def test_what_a_later_attempt_made_good_is_no_cause(lab: Laboratory) -> None:
    seen = lab.folder / "seen"
    again = LEAVES.replace("exit 4", f"test -e {seen} || {{ touch {seen}; exit 4; }}")
    spec = NESTED.replace(LEAVES.strip("\n"), again.strip("\n")).replace(
        "- name: inner\n", "- name: inner\n    retryStrategy: {limit: 2}\n"
    )
    run = lab.run(spec).id
    assert text(lab, run).splitlines()[1:] == ["  9 nodes, and each succeeded in the end."]
    assert "attempt 2: Succeeded" in text(lab, run, "train")


def test_items_that_failed_alike_are_one_cause(lab: Laboratory) -> None:
    run = lab.run(dag("name: many, template: bad, withSequence: {count: 5}\nname: z, template: good, depends: many")).id
    story = text(lab, run).splitlines()
    assert story[1].startswith("many(0:0), many(1:1), many(2:2) and 2 more: failed: main: Error (exit code 4)")
    assert sum("exit code 4" in line for line in story) == 1
    assert "many: false (many is Failed, of its 5 items 5 Failed; wanted" in text(lab, run, "z")


def test_what_could_not_begin(lab: Laboratory) -> None:
    spec = dag(
        "name: a, template: say, arguments: {parameters: [{name: x, value: hi}]}\n"
        "name: b, template: good, depends: a, withParam: '{{tasks.a.outputs.result}}'"
    )
    run = lab.run(spec).id
    assert "It could not begin: withParam value could not be parsed as a JSON list: hi" in text(lab, run, "b")
    assert "b: ended with an error: withParam value" in text(lab, run)


def test_fail_fast(lab: Laboratory) -> None:
    spec = """
entrypoint: main
templates:
  - name: main
    failFast: true
    parallelism: 1
    dag:
      tasks:
        - {name: many, template: bad, withItems: [a, b]}
        - {name: late, template: good, depends: many}
""" + LEAVES.strip("\n")
    run = lab.run(spec).id
    told = text(lab, run)
    assert "exit code 4" in told
    assert "never came to be" in told
    assert "failFast" in text(lab, run, "w")


# What goes on.


@pytest.fixture
def going(lab: Laboratory) -> Iterator[Callable[..., str]]:
    """Runs a manifest until a leaf of it says that it has begun; what it was is left, and it is ended at the end."""
    lab.patience = Patience(grace_seconds=0.2)
    started: list[tuple[threading.Event, threading.Thread]] = []

    def go(spec: str, ready: str = "begun", cores: int = 8) -> str:
        run, stop = lab.submit(spec), threading.Event()
        lab.cores = cores
        thread = threading.Thread(target=lambda: lab.execute(run, stop), daemon=True)
        thread.start()
        started.append((stop, thread))
        until(lambda: ready in text(lab, run))
        return run

    yield go
    for stop, thread in started:
        stop.set()
        thread.join(20)


def test_what_runs_and_what_waits_for_it(lab: Laboratory, going: Callable[..., str]) -> None:
    run = going(dag("name: a, template: slow\nname: b, template: good, depends: a.Succeeded"), "running: a")
    until(lambda: "begun" in text(lab, run, "a"))
    assert text(lab, run, "a").splitlines()[1] == "  It is running."
    assert text(lab, run, "b") == (
        "b: not there\n  It waits for what it depends on:\n    depends: a.Succeeded\n"
        "    a.Succeeded: not known yet (a is Running)"
    )
    assert "Process " in text(lab, run).splitlines()[1]
    assert text(lab, run, "w").splitlines()[1] == "  It goes on: a (Running)"


def test_waiting_for_a_core_for_room_and_for_a_mutex(lab: Laboratory, going: Callable[..., str]) -> None:
    run = going(dag("name: a, template: slow\nname: b, template: slow"), "running: a", cores=1)
    until(lambda: "waits for a free core" in text(lab, run, "b"))
    run = going(dag("name: a, template: slow, withItems: [1, 2, 3]", "parallelism: 1\n"), "waiting for room")
    assert "a(1:2), a(2:3): waiting for room: the workflow's parallelism is 1" in text(lab, run)
    locked = LEAVES.replace("{name: slow,", "{name: slow, synchronization: {mutexes: [{name: m}]},")
    run = going(
        dag("name: a, template: slow\nname: b, template: slow").replace(LEAVES, locked), "b: It waits for its mutex: W"
    )
    assert f"Waiting for default/Mutex/m lock. Lock status: 0/1 (run {run} has it)" in text(lab, run, "b")


def test_waiting_for_another_attempt_and_pausing(lab: Laboratory, going: Callable[..., str]) -> None:
    retried = LEAVES.replace("{name: bad,", "{name: bad, retryStrategy: {limit: 3, backoff: {duration: 1h}},")
    run = going(dag("name: a, template: bad").replace(LEAVES, retried), "waits to try again")
    assert "It waits to try again (Backoff for 3600 seconds) until " in text(lab, run, "a")
    pause = LEAVES + "  - {name: pause, suspend: {duration: 1h}}\n"
    run = going(dag("name: a, template: pause").replace(LEAVES, pause), "pauses until")
    assert text(lab, run, "a").splitlines()[1].startswith("  It pauses until ")


def test_a_group_of_steps_that_has_not_begun(lab: Laboratory, going: Callable[..., str]) -> None:
    spec = NESTED.replace("{name: two, template: bad}", "{name: two, template: slow}")
    run = going(spec, "running: train.two")
    assert text(lab, run, "three").endswith("It is of group [1] of train; group [0] goes on.")


def test_a_stopped_run_and_one_that_was_cut_off(lab: Laboratory, going: Callable[..., str]) -> None:
    run = going(dag("name: a, template: slow\nname: b, template: good, depends: a"), "running: a")
    engine.stop(lab.journal, run)
    until(lambda: engine.view(lab.journal, run).phase == "Failed")
    until(lambda: "Somebody stopped the run." in text(lab, run))
    assert "so b was omitted" in text(lab, run)
    assert "It was ended because somebody stopped the run." in text(lab, run, "a")
    waiting = lab.submit(container("true"))
    assert f"It has not begun; pipeline run --resume {waiting} begins it." in text(lab, waiting)


def test_a_deadline(lab: Laboratory) -> None:
    run = lab.run(dag("name: a, template: slow\nname: b, template: good, depends: a", "activeDeadlineSeconds: 1\n")).id
    assert "The run's deadline passed." in text(lab, run)
    assert "It was ended because the run's deadline passed." in text(lab, run, "a")


def test_a_name_that_is_not_there(lab: Laboratory) -> None:
    run = lab.run(CHAIN).id
    with pytest.raises(UserError) as error:
        text(lab, run, "sory")
    assert str(error.value) == f"run {run} has no node 'sory', nor has its manifest such a task; did you mean sorry?"
    with pytest.raises(UserError, match="no run is named"):
        text(lab, "nosuch")


def test_what_was_reused(lab: Laboratory) -> None:
    first = lab.run(CHAIN)
    manifests = lab.load(CHAIN)
    parameters, reuse = engine.again(lab.journal, manifests.named("w"), "a", {})
    run = engine.submit(lab.journal, manifests, "w", parameters, reuse=reuse)
    lab.execute(run)
    assert f"  1 node was reused from run {first.id}." in text(lab, run)
    assert text(lab, run, "side").endswith(f"It was not executed: what it put out is reused from run {first.id}.")


# Manifests.


def refused(tmp_path: Path, manifest: str) -> list[str]:
    file = tmp_path / "w.yaml"
    file.write_text(manifest, encoding="utf-8")
    lines, good = of_manifests(file)
    assert not good
    return [f"{'  ' * line.depth}{line.text}".replace(f"{tmp_path}/", "") for line in lines]


REFUSED = """apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w}
spec:
  entrypoint: main
  templates:
    - name: main
      dag:
        tasks:
          - name: a
            template: leaf
          - name: b
            template: leaf
            depends: c
    - name: leaf
      container: {image: i, command: ["true"]}
"""


def test_a_refusal_shows_the_lines_around_it(tmp_path: Path) -> None:
    assert refused(tmp_path, REFUSED) == [
        "w.yaml, line 12: w.templates[main].dag.tasks[b] depends on c, which is not a task of this dag",
        "       9 |         tasks:",
        "      10 |           - name: a",
        "      11 |             template: leaf",
        "  >   12 |           - name: b",
        "      13 |             template: leaf",
        "      14 |             depends: c",
        "      15 |     - name: leaf",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("entrypoint: main", "entrypoint: nosuch", 5),
        ("image: i", "image: i, env: 3", 16),
        ("depends: c", "nosuch: c", 14),
        ("depends: c", "when: '{{inputs.parameters.x}}'", 14),
        ("depends: c", "arguments: {parameters: [{name: x, value: '{{tasks.a.outputs.nosuch}}'}]}", 14),
        ("name: leaf\n", "name: leaf\n      nosuch: 1\n", 16),
        ('["true"]', '["{{inputs.parameters.x}}"]', 16),
    ],
)
def test_the_line_that_is_marked(tmp_path: Path, old: str, new: str, line: int) -> None:
    found = refused(tmp_path, REFUSED.replace("depends: c", "depends: a").replace(old, new) if "depends" not in old
                    else REFUSED.replace(old, new))  # fmt: skip
    [marked] = [each for each in found if each.startswith("  >")]
    assert int(marked.split()[1]) == line, found


def test_what_does_not_parse_shows_the_column(tmp_path: Path) -> None:
    lines = refused(tmp_path, "a: 1\nb: [1,\nc: 'x'\t\x1b[31m\n")
    assert lines[0].startswith("w.yaml")
    lines = refused(tmp_path, "kind: Workflow\nspec: {a: 1\n  b: 2}\n")
    at = lines.index("  >    3 |   b: 2}")
    assert lines[at + 1] == "         |    ^"


def test_a_template_of_another_file_is_shown_there(tmp_path: Path) -> None:
    library = REFUSED.replace("kind: Workflow", "kind: WorkflowTemplate").replace("{name: w}", "{name: lib}")
    (tmp_path / "lib.yaml").write_text(library, encoding="utf-8")
    lines = refused(tmp_path, "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: w}\n"
                              "spec: {workflowTemplateRef: {name: lib}}\n")  # fmt: skip
    assert "lib.yaml, line 12" in lines[0]


def test_a_folder_tells_of_each(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(REFUSED.replace("depends: c", "depends: a"), encoding="utf-8")
    (tmp_path / "refused.yaml").write_text(REFUSED.replace("{name: w}", "{name: v}"), encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("a: [", encoding="utf-8")
    lines, good = of_manifests(tmp_path)
    told = "\n".join(line.text for line in lines)
    assert not good
    assert "good.yaml: w is not refused; pipeline run " in told
    assert "refused.yaml, line 12: v.templates[main]" in told
    assert "broken.yaml, line 2, column 1: not YAML" in told
    (tmp_path / "refused.yaml").unlink()
    (tmp_path / "broken.yaml").unlink()
    assert of_manifests(tmp_path)[1]

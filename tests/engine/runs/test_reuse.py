"""Running again from a node: what an earlier run has done is taken from it, that node and all after it is not."""

import re
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline import engine
from pipeline.engine import Patience
from pipeline.errors import UserError
from tests.engine.laboratory import Laboratory, log_of, manifest, until

CHAIN = """
entrypoint: main
arguments: {parameters: [{name: p, value: one}, {name: q, value: same}]}
templates:
  - name: main
    dag:
      tasks:
        - {name: a, template: make, arguments: {parameters: [{name: word, value: 'a'}]}}
        - {name: side, template: make, arguments: {parameters: [{name: word, value: 'side'}]}}
        - name: b
          template: use
          depends: a
          arguments:
            parameters: [{name: word, value: '{{tasks.a.outputs.parameters.word}}'},
               {name: r, value: '{{tasks.a.outputs.result}}'}]
            artifacts: [{name: file, from: '{{tasks.a.outputs.artifacts.file}}'}]
        - {name: c, template: last, depends: b && side}
  - name: make
    inputs: {parameters: [{name: word}]}
    container:
      image: i
      command: [sh, -c]
      args:
        - |
          NOTE
          echo {{inputs.parameters.word}}
          echo working >&2
          printf {{inputs.parameters.word}} > {{outputs.parameters.word.path}}
          mkdir -p {{outputs.artifacts.file.path}} && printf '{{workflow.name}}' > {{outputs.artifacts.file.path}}/name
    outputs:
      parameters: [{name: word, valueFrom: {path: /o/word}}]
      artifacts: [{name: file, path: /o/file}]
  - name: use
    inputs: {parameters: [{name: word}, {name: r}], artifacts: [{name: file, path: /i/file}]}
    container:
      image: i
      command: [sh, -c]
      args: ['NOTE;
         echo {{inputs.parameters.word}} {{inputs.parameters.r}} $(cat {{inputs.artifacts.file.path}}/name);
         test ! -e MARKS.fail']
  - name: last
    container: {image: i, command: [sh, -c], args: ['NOTE; echo {{workflow.parameters.p}}']}
"""


class Bench:
    """Runs of one manifest that mark what was executed."""

    def __init__(self, lab: Laboratory) -> None:
        self.lab = lab
        self.marks = lab.folder / "marks"
        self.spec = ""

    def first(self, spec: str, **parameters: str) -> engine.RunView:
        self.spec = self.written(spec)
        view = self.lab.run(self.spec, **parameters)
        self.forget()
        return view

    def written(self, spec: str) -> str:
        """The manifest with a command that notes down the node's name, and the place of the notes."""
        return spec.replace("NOTE", 'echo "{{node.name}}" >> MARKS').replace("MARKS", str(self.marks))

    def forget(self) -> None:
        self.marks.unlink(missing_ok=True)

    def submit(self, node: str, of: str = "", spec: str = "", **given: str) -> str:
        manifests = self.lab.load(self.written(spec) or self.spec)
        parameters, reuse = engine.again(self.lab.journal, manifests.named("w"), node, given, of=of)
        return engine.submit(self.lab.journal, manifests, "w", parameters, reuse=reuse, where="process")

    def again(self, node: str, of: str = "", spec: str = "", **given: str) -> engine.RunView:
        return self.lab.execute(self.submit(node, of, spec, **given))

    @property
    def executed(self) -> list[str]:
        """The names below their run of the nodes that were executed since, sorted."""
        lines = self.marks.read_text(encoding="utf-8").split() if self.marks.exists() else []
        return sorted(re.sub(r"^w-[a-z0-9]{5}\.?", "", line) for line in lines)


@pytest.fixture
def bench(lab: Laboratory) -> Bench:
    return Bench(lab)


def reused(view: engine.RunView) -> dict[str, str]:
    """The nodes that say they were taken from another run, and from which."""
    start = "reused from run "
    return {
        node.display_name: node.message.removeprefix(start) for node in view.nodes if node.message.startswith(start)
    }


def test_only_the_node_and_what_comes_after_it_is_executed(bench: Bench) -> None:
    first = bench.first(CHAIN)
    view = bench.again("b")
    assert (first.phase, view.phase) == ("Succeeded", "Succeeded")
    assert view.id != first.id
    assert bench.executed == ["b", "c"]
    assert reused(view) == {"a": first.id, "side": first.id}
    assert log_of(view, ".b") == f"a a {first.id}\n", "parameter, result and artifact are the earlier run's"


def test_what_was_taken_is_the_new_runs_own(bench: Bench, lab: Laboratory) -> None:
    first = bench.first(CHAIN)
    second = bench.again("b")
    shutil.rmtree(lab.home / "runs" / first.id)
    third = bench.again("c", of=second.id)
    assert third.phase == "Succeeded"
    assert (log_of(third, ".a"), log_of(third, ".a", "stderr")) == ("a\n", "working\n")
    assert log_of(third, ".b") == f"a a {first.id}\n"
    a = next(node for node in third.nodes if node.display_name == "a")
    assert Path(a.outputs["artifacts"]["file"], "name").read_text() == first.id
    assert a.outputs["exitCode"] == "0"
    assert str(lab.home / "runs" / third.id) in a.outputs["artifacts"]["file"]
    shutil.rmtree(lab.home / "runs" / third.id)
    assert log_of(second, ".a") == "a\n"


def test_the_journal_has_it_all(bench: Bench, lab: Laboratory) -> None:
    bench.first(CHAIN)
    view = bench.again("b")
    with lab.journal.database.transaction() as database:
        database.execute("UPDATE runs SET finished_at = NULL, tree = NULL WHERE id = ?", (view.id,))
    replayed = engine.view(lab.journal, view.id)
    assert replayed.nodes == view.nodes


def test_a_failed_run_is_run_again_from_what_failed_with_the_manifest_as_it_is_now(bench: Bench) -> None:
    Path(f"{bench.marks}.fail").touch()
    first = bench.first(CHAIN)
    assert first.phase == "Failed"
    view = bench.again("b", spec=CHAIN.replace("test ! -e MARKS.fail", "true"))
    assert (view.phase, bench.executed) == ("Succeeded", ["b", "c"])


def test_what_had_not_succeeded_runs_too_with_all_after_it(bench: Bench) -> None:
    Path(f"{bench.marks}.fail").touch()
    bench.first(CHAIN)
    Path(f"{bench.marks}.fail").unlink()
    assert bench.again("side").phase == "Succeeded"
    assert bench.executed == ["b", "c", "side"]


def test_parameters_are_the_earlier_runs_unless_they_are_given(bench: Bench) -> None:
    first = bench.first(CHAIN, p="two")
    second = bench.again("c")
    assert (second.parameters, log_of(second, ".c")) == ({"p": "two", "q": "same"}, "two\n")
    bench.forget()
    third = bench.again("c", of=first.id, p="three")
    assert (third.parameters["p"], log_of(third, ".c"), bench.executed) == ("three", "three\n", ["c"])


READS = """
entrypoint: main
arguments: {parameters: [{name: p, value: one}, {name: q, value: same}]}
templates:
  - name: main
    inputs: {parameters: [{name: p}]}
    dag:
      tasks:
        - {name: early, template: plain}
        - {name: direct, template: direct, depends: early}
        - {name: given, template: given, depends: early,
           arguments: {parameters: [{name: x, value: '<{{inputs.parameters.p}}>'}]}}
        - {name: raw, template: raw, depends: early,
           arguments: {artifacts: [{name: x, raw: {data: '{{workflow.parameters.p}}'}}]}}
        - {name: other, template: other, depends: early}
        - {name: sometimes, template: plain, depends: early, when: '{{inputs.parameters.p}} == one'}
        - {name: afterwards, template: plain, depends: sometimes}
        - {name: behind, template: plain, depends: direct}
        - {name: end, template: plain, depends: other}
  - {name: plain, container: {image: i, command: [sh, -c], args: ['NOTE']}}
  - {name: direct, container: {image: i, command: [sh, -c], args: ['NOTE; : {{workflow.parameters.p}}']}}
  - {name: other, container: {image: i, command: [sh, -c], args: ['NOTE; : {{workflow.parameters.q}}']}}
  - {name: given, inputs: {parameters: [{name: x}]}, container: {image: i, command: [sh, -c], args: ['NOTE']}}
  - {name: raw, inputs: {artifacts: [{name: x, path: /x}]}, container: {image: i, command: [sh, -c], args: ['NOTE']}}
"""


def test_what_reads_a_parameter_that_has_changed_is_not_taken(bench: Bench) -> None:
    bench.first(READS)
    assert bench.again("end").phase == "Succeeded"
    assert bench.executed == ["end"]
    bench.forget()
    assert bench.again("end", p="one", q="same").phase == "Succeeded"
    assert bench.executed == ["end"], "given, but the same"
    bench.forget()
    assert bench.again("end", p="two").phase == "Succeeded"
    assert bench.executed == ["afterwards", "behind", "direct", "end", "given", "raw"]


FAN_OUT = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {name: list, template: list}
        - name: fetch
          depends: list
          template: work
          withParam: '{{tasks.list.outputs.result}}'
          arguments: {parameters: [{name: x, value: '{{item}}'}]}
        - {name: join, depends: fetch, template: join,
           arguments: {parameters: [{name: x, value: '{{tasks.fetch.outputs.result}}'}]}}
  - {name: list, container: {image: i, command: [sh, -c], args: ['NOTE; echo [10,20,30]']}}
  - name: work
    inputs: {parameters: [{name: x}]}
    container: {image: i, command: [sh, -c], args: ['NOTE; echo {{inputs.parameters.x}}']}
  - name: join
    inputs: {parameters: [{name: x}]}
    container: {image: i, command: [sh, -c], args: ['NOTE; echo {{inputs.parameters.x}}']}
"""


@pytest.mark.parametrize(
    ("node", "executed"),
    [
        ("fetch(1:20)", ["fetch(1:20)", "join"]),
        ("fetch", ["fetch(0:10)", "fetch(1:20)", "fetch(2:30)", "join"]),
        ("join", ["join"]),
        ("list", ["fetch(0:10)", "fetch(1:20)", "fetch(2:30)", "join", "list"]),
    ],
)
def test_a_fan_out_or_one_item_of_it(bench: Bench, node: str, executed: Sequence[str]) -> None:
    bench.first(FAN_OUT)
    view = bench.again(node)
    assert (view.phase, bench.executed) == ("Succeeded", executed)
    assert log_of(view, ".join") == "[10,20,30]\n"


NESTED = """
entrypoint: main
onExit: bye
templates:
  - name: main
    dag:
      tasks:
        - {name: train, template: inner}
        - {name: eval, template: inner, depends: train}
        - {name: end, template: plain, depends: eval}
  - name: inner
    dag:
      tasks:
        - {name: read, template: plain}
        - {name: decide, template: plain, depends: read}
  - {name: plain, container: {image: i, command: [sh, -c], args: ['NOTE']}}
  - {name: bye, container: {image: i, command: [sh, -c], args: ['NOTE']}}
"""


@pytest.mark.parametrize(
    ("node", "executed"),
    [
        ("eval.decide", ["end", "eval.decide", "onExit"]),
        ("train", ["end", "eval.decide", "eval.read", "onExit", "train.decide", "train.read"]),
        ("eval", ["end", "eval.decide", "eval.read", "onExit"]),
        ("train.decide", ["end", "eval.decide", "eval.read", "onExit", "train.decide"]),
        ("end", ["end", "onExit"]),
        ("onExit", ["onExit"]),
    ],
)
def test_dags_within_dags_and_the_exit_handler(bench: Bench, node: str, executed: Sequence[str]) -> None:
    bench.first(NESTED)
    view = bench.again(node)
    assert (view.phase, bench.executed) == ("Succeeded", executed)


def test_a_name_that_is_not_clear_or_not_there(bench: Bench) -> None:
    first = bench.first(NESTED)
    with pytest.raises(UserError) as error:
        bench.submit("decide")
    assert str(error.value) == f"2 nodes of run {first.id} are named decide: eval.decide, train.decide; say which"
    with pytest.raises(UserError) as error:
        bench.submit("evil.decide")
    assert str(error.value).startswith(f"run {first.id} has no node 'evil.decide'; there are eval.decide")
    with pytest.raises(UserError, match=r"has no node 'zzz'; there are train, train[.]read, "):
        bench.submit("zzz")
    with pytest.raises(UserError, match="no run is named 'nosuch'"):
        bench.submit("end", of="nosuch")


STEPS = """
entrypoint: main
templates:
  - name: main
    steps:
      - [{name: one, template: plain}, {name: two, template: plain}]
      - [{name: wait, template: wait}]
      - [{name: many, template: plain, withItems: [u, v]}]
      - [{name: below, template: inner}]
      - [{name: end, template: plain}]
  - name: inner
    steps: [[{name: in, template: plain}]]
  - {name: wait, suspend: {duration: PAUSE}}
  - {name: plain, container: {image: i, command: [sh, -c], args: ['NOTE']}}
"""


@pytest.mark.parametrize(
    ("node", "executed"),
    [
        ("two", ["[0].two", "[2].many(0:u)", "[2].many(1:v)", "[3].below[0].in", "[4].end"]),
        ("many(1:v)", ["[2].many(1:v)", "[3].below[0].in", "[4].end"]),
        ("many", ["[2].many(0:u)", "[2].many(1:v)", "[3].below[0].in", "[4].end"]),
        ("below", ["[3].below[0].in", "[4].end"]),
        ("below.in", ["[3].below[0].in", "[4].end"]),
        ("[4].end", ["[4].end"]),
    ],
)
def test_steps(bench: Bench, node: str, executed: Sequence[str]) -> None:
    bench.first(STEPS.replace("PAUSE", "'0'"))
    view = bench.again(node)
    assert view.phase == "Succeeded", view.message
    assert bench.executed == executed


def test_a_pause_is_not_waited_for_again(bench: Bench) -> None:
    bench.first(STEPS.replace("PAUSE", "'0'"))
    view = bench.again("end", spec=STEPS.replace("PAUSE", "1h"))
    assert (view.phase, bench.executed) == ("Succeeded", ["[4].end"])
    assert "wait" in reused(view)


RETRIED = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {name: flaky, template: flaky}
        - {name: inner, template: inner, depends: flaky}
        - {name: end, template: plain, depends: inner}
  - name: flaky
    retryStrategy: {limit: 3}
    outputs: {parameters: [{name: number, valueFrom: {path: /n}}]}
    container:
      image: i
      command: [sh, -c]
      args: ['NOTE; echo {{retries}} > {{outputs.parameters.number.path}}; test {{retries}} = 2']
  - name: inner
    retryStrategy: {limit: 3}
    dag:
      tasks:
        - {name: good, template: plain}
        - {name: bad, template: bad, depends: good}
  - {name: bad,
     container: {image: i, command: [sh, -c], args: ['NOTE; test -e MARKS.seen || { touch MARKS.seen; exit 1; }']}}
  - {name: plain, container: {image: i, command: [sh, -c], args: ['NOTE']}}
"""


@pytest.mark.parametrize(
    ("node", "executed"),
    [
        ("end", ["end"]),
        ("inner", ["end", "inner(0).bad", "inner(0).good"]),
        ("inner(1)", ["end", "inner(0).bad", "inner(0).good"]),
        ("inner(0)", ["end", "inner(0).bad", "inner(0).good"]),
        ("inner(1).bad", ["end", "inner(0).bad"]),
        ("inner.bad", ["end", "inner(0).bad"]),
        ("flaky", ["end", "flaky", "flaky", "flaky", "inner(0).bad", "inner(0).good"]),
    ],
)
def test_attempts_are_what_came_of_them(bench: Bench, node: str, executed: Sequence[str]) -> None:
    first = bench.first(RETRIED)
    assert first.phase == "Succeeded"
    view = bench.again(node)
    assert (view.phase, bench.executed) == ("Succeeded", executed)
    flaky = next(each for each in view.nodes if each.display_name == "flaky")
    assert flaky.outputs["parameters"] == {"number": "2"}


def test_a_second_attempt_takes_nothing(bench: Bench) -> None:
    bench.first(RETRIED)
    Path(f"{bench.marks}.seen").unlink()
    assert bench.again("inner.bad").phase == "Succeeded"
    assert bench.executed == ["end", "inner(0).bad", "inner(1).bad", "inner(1).good"]


def test_a_changed_manifest_upstream_runs_what_is_new_and_all_after_it(bench: Bench) -> None:
    bench.first(NESTED)
    more = NESTED.replace(
        "- {name: decide, template: plain, depends: read}",
        "- {name: decide, template: plain, depends: read && more}\n        - {name: more, template: plain}",
    )
    assert bench.again("end", spec=more).phase == "Succeeded"
    assert bench.executed == [
        *("end", "eval.decide", "eval.more", "eval.read", "onExit", "train.decide", "train.more"),
    ]


def test_a_leaf_that_lacks_an_output_by_now_is_executed(bench: Bench) -> None:
    bench.first(NESTED)
    wants = NESTED.replace(
        "- {name: plain, container: {image: i, command: [sh, -c], args: ['NOTE']}}",
        "- {name: plain, outputs: {parameters: [{name: x, valueFrom: {path: /x}}]}, container: {image: i, "
        "command: [sh, -c], args: ['NOTE; touch {{outputs.parameters.x.path}}']}}",
    )
    assert bench.again("end", spec=wants).phase == "Succeeded"
    assert len(bench.executed) == 6


def test_a_result_that_nobody_read_before_is_read_from_the_log(bench: Bench) -> None:
    unread = CHAIN.replace("{{tasks.a.outputs.result}}", "v")
    assert unread != CHAIN
    first = bench.first(unread)
    view = bench.again("b", spec=CHAIN)
    assert log_of(view, ".b") == f"a a {first.id}\n"


HOOKED = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - name: fan
          template: plain
          withItems: [0, 1]
          hooks: {exit: {template: plain}}
        - {name: end, template: plain, depends: fan}
  - {name: plain, container: {image: i, command: [sh, -c], args: ['NOTE']}}
"""


def test_an_exit_hook_belongs_to_what_it_is_for(bench: Bench) -> None:
    first = bench.first(HOOKED)
    hooks = [node.display_name for node in first.nodes if node.display_name.endswith("onExit")]
    assert hooks
    view = bench.again("end")
    assert (view.phase, bench.executed) == ("Succeeded", ["end"])
    bench.forget()
    bench.again("fan(1:1)", of=first.id)
    again = {name for name in hooks if "(0:0)" not in name}
    assert set(bench.executed) == {"end", "fan(1:1)", *again}


def test_a_kill_in_the_middle_and_a_resume(bench: Bench, lab: Laboratory) -> None:
    lab.patience = Patience(grace_seconds=0.2)
    first = bench.first(CHAIN)
    slow = CHAIN.replace("test ! -e MARKS.fail", "test -e MARKS.go || sleep 1000")
    run = bench.submit("b", spec=slow)
    stop, ended = threading.Event(), []
    thread = threading.Thread(target=lambda: ended.append(lab.execute(run, stop)), daemon=True)
    thread.start()
    until(lambda: bench.executed == ["b"])
    stop.set()
    thread.join(20)
    assert ended[0].interrupted
    shutil.rmtree(lab.home / "runs" / first.id)
    Path(f"{bench.marks}.go").touch()
    view = lab.execute(run)
    assert (view.phase, bench.executed) == ("Succeeded", ["b", "b", "c"])
    assert reused(view) == {"a": first.id, "side": first.id}


@pytest.mark.parametrize("gone", ["artifact", "run"])
def test_files_that_are_not_there_any_more(bench: Bench, lab: Laboratory, gone: str) -> None:
    first = bench.first(CHAIN)
    a = next(node for node in first.nodes if node.display_name == "a")
    shutil.rmtree(a.outputs["artifacts"]["file"] if gone == "artifact" else lab.home / "runs" / first.id)
    with pytest.raises(UserError, match=f"{first.id} cannot be run again from a node: .*, of its node a, is gone"):
        bench.submit("b")
    assert len(engine.all_runs(lab.journal)) == 1


def test_files_that_go_between_submitting_and_executing(bench: Bench, lab: Laboratory) -> None:
    first = bench.first(CHAIN)
    run = bench.submit("b")
    shutil.rmtree(lab.home / "runs" / first.id)
    view = lab.execute(run)
    assert view.phase == "Error"
    assert f"reused from run {first.id}, whose files cannot be copied: No such file" in view.message


def test_a_run_that_goes_on_or_has_not_begun(bench: Bench, lab: Laboratory) -> None:
    submitted = lab.submit(bench.written(CHAIN))
    with pytest.raises(UserError, match=f"run {submitted} has not begun; resume it with: pipeline run --resume"):
        bench.submit("b", spec=CHAIN)
    lab.execute(submitted)
    with lab.journal.database.transaction() as database:
        database.execute("UPDATE runs SET finished_at = NULL")
    lab.journal.take(submitted, lab.home)
    with pytest.raises(UserError, match="is being executed by process"):
        bench.submit("b", spec=CHAIN)


def test_an_interrupted_run_can_be_run_again_from_a_node(bench: Bench, lab: Laboratory) -> None:
    lab.patience = Patience(grace_seconds=0.2)
    slow = CHAIN.replace("test ! -e MARKS.fail", "sleep 1000")
    run = lab.submit(bench.written(slow))
    stop = threading.Event()
    thread = threading.Thread(target=lambda: lab.execute(run, stop), daemon=True)
    thread.start()
    until(lambda: "b" in bench.executed)
    stop.set()
    thread.join(20)
    bench.forget()
    view = bench.again("b", spec=CHAIN)
    assert view.phase == "Succeeded"
    assert bench.executed in (["b", "c"], ["b", "c", "side"]), "side may not have come to its end"


def test_another_workflows_run_is_not_taken(bench: Bench, lab: Laboratory) -> None:
    first = bench.first(CHAIN)
    other = manifest(bench.written(NESTED)).replace("{name: w}", "{name: v}")
    (lab.folder / "manifests" / "v.yaml").write_text(other, encoding="utf-8")
    manifests = engine.load(lab.folder / "manifests")
    with pytest.raises(UserError, match=f"run {first.id} is of the workflow w, not of v"):
        engine.again(lab.journal, manifests.named("v"), "end", {}, of=first.id)
    with pytest.raises(UserError, match="there is no earlier run of v; run it from its beginning"):
        engine.again(lab.journal, manifests.named("v"), "end", {})


def test_names_that_look_like_attempts(bench: Bench) -> None:
    spec = """
    entrypoint: main
    templates:
      - name: main
        dag:
          tasks:
            - {name: a, template: t, withItems: ['x(0', 'y.b']}
            - {name: b, template: t, depends: a}
      - {name: t, retryStrategy: {limit: 1}, container: {image: i, command: [sh, -c], args: ['NOTE']}}
    """
    first = bench.first(spec)
    item = next(node.display_name for node in first.nodes if "y.b" in node.display_name and node.type == "Retry")
    bench.again(item)
    assert bench.executed == [item, "b"]


def test_other_file_systems_get_copies(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    first = bench.first(CHAIN)
    monkeypatch.setattr("os.link", refuse)
    view = bench.again("c")
    assert (view.phase, log_of(view, ".b")) == ("Succeeded", f"a a {first.id}\n")


def test_global_outputs_of_what_is_taken(bench: Bench) -> None:
    spec = """
    entrypoint: main
    templates:
      - name: main
        dag:
          tasks:
            - {name: a, template: make}
            - {name: b, template: use, depends: a}
      - name: make
        outputs: {parameters: [{name: x, globalName: shared, valueFrom: {path: /x}}]}
        container: {image: i, command: [sh, -c], args: ['NOTE; printf hi > {{outputs.parameters.x.path}}']}
      - {name: use,
         container: {image: i, command: [sh, -c], args: ['NOTE; echo {{workflow.outputs.parameters.shared}}']}}
    """
    bench.first(spec)
    view = bench.again("b")
    assert (bench.executed, log_of(view, ".b")) == (["b"], "hi\n")

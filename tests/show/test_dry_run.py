"""The tree that would run: order, conditions, what is known by now, and what is not."""

import io
import re
import textwrap
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.engine.manifest.finding import find
from pipeline.errors import UserError
from pipeline.show.dry_run import show
from tests import ROOT

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: w}\nspec:\n"
LEAF = "\n  - {name: leaf, container: {image: i, command: [run, it]}}\n"


def shown(folder: Path, spec: str, **parameters: str) -> str:
    """What is printed where it is no terminal."""
    file = folder / "w.yaml"
    body = textwrap.dedent(spec).strip("\n") + LEAF
    file.write_text(HEAD + textwrap.indent(body, "  "), encoding="utf-8")
    printed = io.StringIO()
    console = Console(file=printed, width=40)
    show(find(str(file)), parameters, None, console)
    return printed.getvalue().replace(f"{folder}/", "")


def tree(folder: Path, spec: str, **parameters: str) -> str:
    """The same, from the entrypoint on, as it stands in from there."""
    return textwrap.dedent(shown(folder, spec, **parameters).partition("\n  main")[2].partition("\n")[2])


def test_a_dag_is_shown_in_the_order_in_which_it_starts(tmp_path: Path) -> None:
    spec = """
    entrypoint: main
    activeDeadlineSeconds: 60
    parallelism: 3
    synchronization: {mutexes: [{name: m}]}
    arguments: {parameters: [{name: p, value: one}, {name: q, value: two}]}
    templates:
      - name: main
        dag:
          tasks:
            - {name: z, template: leaf, depends: b.Succeeded || a}
            - {name: b, template: leaf, depends: a}
            - {name: a, template: leaf}
    """
    assert shown(tmp_path, spec, q="given") == textwrap.dedent("""\
        w  Workflow of w.yaml
            mutex m
            deadline 60 s
            at most 3 at once
            p = one
            q = given
          main  dag
            a  leaf: run it
            b  leaf: run it
                after a
            z  leaf: run it
                after b.Succeeded || a
        """)


def test_steps_and_what_each_kind_of_template_does(tmp_path: Path) -> None:
    spec = """
    entrypoint: main
    onExit: bye
    templates:
      - name: main
        steps:
          - [{name: one, template: leaf}, {name: two, template: script}]
          - [{name: three, template: pause, onExit: leaf, continueOn: {failed: true}}]
          - [{name: four, template: resource}]
      - {name: script, script: {image: i, command: [python3], source: "\\n  print(1)\\n  print(2)"}}
      - {name: pause, suspend: {duration: 30s}}
      - {name: resource, resource: {action: apply, manifest: 'kind: X'}}
      - {name: bye, container: {image: i, command: [echo, bye now]}}
    """
    text = shown(tmp_path, spec)
    assert [line.strip() for line in text.splitlines()[1:]] == [
        "main  steps",
        *("one  leaf: run it", "two  script: script of python3: print(1)"),
        *("three  pause: pause of 30s", "after one, two", "the run goes on after it (failed)", "then leaf"),
        *("four  resource: resource", "after three"),
        *("bye  echo 'bye now'", "exit handler: runs at the end, whatever that is"),
    ]


def test_conditions_are_decided_where_they_can_be(tmp_path: Path) -> None:
    spec = """
    entrypoint: main
    arguments: {parameters: [{name: env, value: dev}]}
    templates:
      - name: main
        dag:
          tasks:
            - {name: a, template: leaf, when: '{{workflow.parameters.env}} == dev'}
            - {name: b, template: inner, when: '{{workflow.parameters.env}} == prod'}
            - {name: c, template: leaf, depends: a, when: '{{tasks.a.outputs.result}} > 3'}
            - {name: d, template: leaf, when: 'dev =='}
      - name: inner
        dag: {tasks: [{name: hidden, template: leaf}]}
    """
    text = tree(tmp_path, spec)
    assert "when dev == dev, which is true" in text
    assert "b  skipped\n    when dev == prod, which is false" in text
    assert "hidden" not in text
    assert "when {{tasks.a.outputs.result}} > 3\n" in text
    assert "when dev == (Invalid 'when' expression" in text
    assert "b  inner: dag\n" in tree(tmp_path, spec, env="prod")


def test_fan_outs_are_expanded_where_the_items_are_known(tmp_path: Path) -> None:
    spec = """
    entrypoint: main
    arguments: {parameters: [{name: list, value: '["x", "y", "z", "u"]'}, {name: size, value: '2'}]}
    templates:
      - name: main
        inputs: {parameters: [{name: size}]}
        dag:
          tasks:
            - {name: a, template: say, withItems: [1, 2], arguments: {parameters: [{name: v, value: '{{item}}'}]}}
            - {name: b, template: leaf, withParam: '{{workflow.parameters.list}}'}
            - {name: c, template: leaf, withSequence: {count: '{{inputs.parameters.size}}'}}
            - {name: d, template: leaf, depends: a, withParam: '{{tasks.a.outputs.result}}'}
            - {name: e, template: leaf, depends: a, withSequence: {start: 1, end: '{{tasks.a.outputs.result}}'}}
            - {name: f, template: leaf, withParam: '[]'}
            - {name: g, template: leaf, withParam: 'nothing'}
      - {name: say, inputs: {parameters: [{name: v}]}, container: {image: i, command: [echo]}}
    """
    text = tree(tmp_path, spec)
    assert "2 items: a(0:1), a(1:2)\n" in text
    assert "v = {{item}}" in text
    assert "4 items: b(0:x), b(1:y), b(2:z), …\n" in text
    assert "2 items: c(0:0), c(1:1)\n" in text
    assert "for each of {{tasks.a.outputs.result}}\n" in text
    assert "for each number from 1 to {{tasks.a.outputs.result}}\n" in text
    assert "no items\n" in text
    assert "for each: withParam value could not be parsed as a JSON list: nothing" in text


def test_limits_and_retries(tmp_path: Path) -> None:
    spec = """
    entrypoint: main
    templates:
      - name: main
        failFast: true
        parallelism: 2
        dag: {tasks: [{name: a, template: tried, arguments: {parameters: [{name: size, value: 7}]}}]}
      - name: tried
        inputs: {parameters: [{name: size}]}
        activeDeadlineSeconds: '{{inputs.parameters.size}}'
        synchronization: {mutexes: [{name: 'm-{{inputs.parameters.size}}'}]}
        retryStrategy:
          {limit: 3, retryPolicy: Always, expression: 'true', backoff: {duration: 1s, factor: 2, maxDuration: 1m}}
        container: {image: i, command: [x]}
    """
    lines = [line.strip() for line in shown(tmp_path, spec).splitlines()]
    assert "at most 2 at once" in lines
    assert "ends at its first failure" in lines
    assert "deadline 7 s" in lines
    assert "mutex m-7" in lines
    assert "up to 3 retries, policy Always, while true, 1s apart, x 2 each time, for at most 1m" in lines


def test_a_template_within_itself_is_cut(tmp_path: Path) -> None:
    spec = """
    entrypoint: main
    templates:
      - name: main
        steps:
          - [{name: flip, template: leaf}]
          - [{name: again, template: main, when: '{{steps.flip.outputs.result}} == tails'}]
    """
    text = tree(tmp_path, spec)
    assert "again  main: steps\n" in text
    assert text.rstrip().endswith("main within itself: the same again, until a condition ends it")


def test_a_tree_that_doubles_and_doubles_is_cut(tmp_path: Path) -> None:
    templates = "".join(
        f"  - name: t{n}\n    steps: [[{{name: a, template: t{n + 1}}}, {{name: b, template: t{n + 1}}}]]\n"
        for n in range(40)
    )
    text = shown(tmp_path, f"entrypoint: t0\ntemplates:\n{templates}  - {{name: t40, suspend: {{duration: 1}}}}")
    assert "cut here: the tree is too long" in text
    assert len(text.splitlines()) < 20_000


def test_a_long_chain_is_no_deep_one(tmp_path: Path) -> None:
    tasks = "\n".join(
        f"        - {{name: t{n}, template: leaf{f', depends: t{n - 1}' if n else ''}}}" for n in range(1000)
    )
    text = tree(tmp_path, f"entrypoint: main\ntemplates:\n  - name: main\n    dag:\n      tasks:\n{tasks}")
    names = re.findall(r"^t(\d+) ", text, re.MULTILINE)
    assert names == [str(n) for n in range(1000)]


def test_what_a_manifest_says_is_neither_markup_nor_a_command(tmp_path: Path) -> None:
    spec = """
    entrypoint: main
    arguments: {parameters: [{name: p, value: "[bold]x[/] \\e[2J\\n \\u202e end"}]}
    templates:
      - name: main
        inputs: {parameters: [{name: p}]}
        dag: {tasks: [{name: a, template: leaf, when: "'\\e]0;t\\a' == [red]"}]}
    """
    text = shown(tmp_path, spec)
    assert "p = [bold]x[/] [2J end\n" in text
    assert not {"\x1b", "\x07", "\u202e"} & set(text)


def test_values_and_commands_that_are_long_are_shortened(tmp_path: Path) -> None:
    spec = """
    entrypoint: main
    arguments: {parameters: [{name: p, value: PLACE}]}
    templates:
      - {name: main, container: {image: i, command: [echo, '{{workflow.parameters.p}}']}}
    """
    text = shown(tmp_path, spec.replace("PLACE", "x" * 5000))
    assert max(map(len, text.splitlines())) < 130


def test_parameters_that_do_not_fit(tmp_path: Path) -> None:
    spec = """
    entrypoint: main
    arguments: {parameters: [{name: p}]}
    templates: [{name: main, inputs: {parameters: [{name: p}]}, dag: {tasks: [{name: a, template: leaf}]}}]
    """.replace("    templates: [", "    templates:\n      - ").replace("}]}}]\n", "}]}}\n")
    with pytest.raises(UserError, match="w needs a value for the parameter p; give p="):
        shown(tmp_path, spec)
    with pytest.raises(UserError, match="w has no parameter x; it has p"):
        shown(tmp_path, spec, p="1", x="2")


def test_a_terminal_gets_a_tree_in_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown(tmp_path, "entrypoint: main\ntemplates: \n  - {name: main, steps: [[{name: a, template: leaf}]]}")
    console = Console(file=io.StringIO(), width=60, force_terminal=True, _environ={"TERM": "xterm-256color"})
    show(find(str(tmp_path / "w.yaml")), {}, None, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "└── " in text
    assert "\x1b[" in text
    assert all(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) <= 60 for line in text.splitlines())


@pytest.mark.parametrize("name", ["openaq-train", "openaq-daily", "openaq-backfill", "openaq-rollback"])
def test_our_own_workflows(name: str) -> None:
    console = Console(file=io.StringIO(), width=80)
    show(
        find(name, known=ROOT / "manifests"),
        {"from": "2003-01-01", "to": "2003-01-02"} if name.endswith("backfill") else {},
        None,
        console,
    )
    assert "steps." in console.file.getvalue()  # type: ignore[attr-defined]

"""DAGs: order, `depends` in full, skipped and omitted tasks, and the phase a dag ends with."""

import pytest

from tests.engine.laboratory import Simulate

DIAMOND = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {name: a, template: leaf}
        - {name: b, template: leaf, dependencies: [a]}
        - {name: c, template: leaf, dependencies: [a]}
        - {name: d, template: leaf, dependencies: [b, c]}
"""


def test_a_diamond_runs_in_order_and_is_linked_as_the_controller_links_it(simulate: Simulate) -> None:
    found = simulate(DIAMOND)
    assert found.tree == {
        "(root)": "DAG Succeeded",
        "a": "Pod Succeeded",
        "b": "Pod Succeeded",
        "c": "Pod Succeeded",
        "d": "Pod Succeeded",
    }
    assert found.children("") == ["a"]
    assert found.children("a") == ["b", "c"]
    assert found.children("b") == found.children("c") == ["d"]
    assert found.run.phase == "Succeeded"
    assert found.started == ["w-1.a", "w-1.b", "w-1.c", "w-1.d"]


def test_ids_are_the_controllers(simulate: Simulate) -> None:
    """Seen on a cluster: the id is the workflow's name and the FNV-1a hash of the node's name."""
    found = simulate(DIAMOND)
    assert found.node("").id == "w-1"
    assert found.node("a").id == f"w-1-{_fnv1a('w-1.a')}"
    assert found.node("a").display_name == "a"


def _fnv1a(text: str) -> int:
    number = 2166136261
    for byte in text.encode():
        number = ((number ^ byte) * 16777619) % 2**32
    return number


def test_what_depends_on_a_failure_is_omitted_and_the_others_go_on(simulate: Simulate) -> None:
    found = simulate(DIAMOND, {"b": "Failed"})
    assert found.tree == {
        "(root)": "DAG Failed",
        "a": "Pod Succeeded",
        "b": "Pod Failed",
        "c": "Pod Succeeded",
        "d": "Skipped Omitted",
    }
    assert found.node("d").message == "omitted: depends condition not met"
    assert found.run.phase == "Failed"


def test_an_error_is_an_error_all_the_way_up(simulate: Simulate) -> None:
    found = simulate(DIAMOND, {"b": "Error"})
    assert (found.phases["(root)"], found.run.phase) == ("Error", "Error")


ONE_AFTER = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {{name: a, template: leaf, when: "{when}"}}
        - {{name: b, template: leaf, depends: "{depends}"}}
"""


@pytest.mark.parametrize(
    ("depends", "ended", "runs"),
    [
        ("a", "Succeeded", True),
        ("a", "Failed", False),
        ("a", "Error", False),
        ("a", "Skipped", True),
        ("a.Succeeded", "Skipped", False),
        ("a.Failed", "Failed", True),
        ("a.Failed", "Error", False),
        ("a.Errored", "Error", True),
        ("a.Skipped", "Skipped", True),
        ("!a.Failed", "Succeeded", True),
        ("!a", "Failed", True),
        ("a.Succeeded || a.Failed", "Failed", True),
        ("(a.Succeeded || a.Failed) && !a.Skipped", "Succeeded", True),
        ("a.Daemoned", "Succeeded", False),
    ],
)
def test_depends(simulate: Simulate, depends: str, ended: str, runs: bool) -> None:
    when = "1 == 2" if ended == "Skipped" else "1 == 1"
    found = simulate(ONE_AFTER.format(when=when, depends=depends), {"a": ended})
    assert found.phases["a"] == ended
    assert found.tree["b"] == ("Pod Succeeded" if runs else "Skipped Omitted")


def test_an_omitted_target_has_the_phase_of_what_it_hangs_below(simulate: Simulate) -> None:
    """b is omitted because a succeeded: nothing failed, so the dag succeeded."""
    found = simulate(ONE_AFTER.format(when="1 == 1", depends="a.Failed"))
    assert found.phases == {"(root)": "Succeeded", "a": "Succeeded", "b": "Omitted"}


def test_a_failure_that_is_dealt_with_does_not_fail_the_dag(simulate: Simulate) -> None:
    found = simulate(ONE_AFTER.format(when="1 == 1", depends="a.Failed"), {"a": "Failed"})
    assert found.phases == {"(root)": "Succeeded", "a": "Failed", "b": "Succeeded"}


def test_omission_goes_on_down_the_line(simulate: Simulate) -> None:
    found = simulate(
        """
        entrypoint: main
        templates:
          - name: main
            dag:
              tasks:
                - {name: a, template: leaf}
                - {name: b, template: leaf, depends: a}
                - {name: c, template: leaf, depends: b}
                - {name: d, template: leaf, depends: "b.Omitted"}
        """,
        {"a": "Failed"},
    )
    assert found.phases == {"(root)": "Failed", "a": "Failed", "b": "Omitted", "c": "Omitted", "d": "Succeeded"}


WHEN = """
entrypoint: main
arguments: {{parameters: [{{name: p, value: "{value}"}}]}}
templates:
  - name: main
    dag:
      tasks:
        - {{name: a, template: leaf, when: "{{{{workflow.parameters.p}}}} {rest}"}}
"""


@pytest.mark.parametrize(
    ("value", "rest", "tree"),
    [
        ("true", "== true", "Pod Succeeded"),
        ("false", "== true", "Skipped Skipped"),
        ("3", "> 2", "Pod Succeeded"),
        ("Failed", "!= Succeeded", "Pod Succeeded"),
        ("x", "in (x, y)", "Pod Succeeded"),
        ("", "== true", "Skipped Error"),
        ("a-b", "== c", "Skipped Error"),
        ("maybe", "", "Skipped Error"),
    ],
)
def test_when(simulate: Simulate, value: str, rest: str, tree: str) -> None:
    found = simulate(WHEN.format(value=value, rest=rest))
    assert found.tree["a"] == tree
    assert found.phases["(root)"] == {"Error": "Error"}.get(tree.split()[1], "Succeeded")


def test_a_skipped_task_says_why(simulate: Simulate) -> None:
    found = simulate(WHEN.format(value="false", rest="== true"))
    assert found.node("a").message == "when 'false == true' evaluated false"


def test_dependencies_with_continue_on(simulate: Simulate) -> None:
    spec = """
    entrypoint: main
    templates:
      - name: main
        dag:
          tasks:
            - {name: a, template: leaf, continueOn: {failed: true}}
            - {name: b, template: leaf, dependencies: [a]}
            - {name: c, template: leaf, continueOn: {failed: true}}
            - {name: d, template: leaf, dependencies: [c]}
    """
    found = simulate(spec, {"a": "Failed", "c": "Error"})
    assert found.phases == {
        "(root)": "Error", "a": "Failed", "b": "Succeeded", "c": "Error", "d": "Omitted",
    }  # fmt: skip


def test_a_target_with_continue_on_does_not_fail_the_dag(simulate: Simulate) -> None:
    spec = """
    entrypoint: main
    templates:
      - name: main
        dag:
          tasks:
            - {name: a, template: leaf, continueOn: {failed: true}}
    """
    assert simulate(spec, {"a": "Failed"}).phases == {"(root)": "Succeeded", "a": "Failed"}


FAIL_FAST = """
entrypoint: main
templates:
  - name: main
    dag:
      failFast: {fail_fast}
      tasks:
        - {{name: a, template: leaf}}
        - {{name: b, template: leaf}}
"""


@pytest.mark.parametrize(("fail_fast", "phase"), [("true", "Failed"), ("false", "Error")])
def test_which_failure_a_dag_shows(simulate: Simulate, fail_fast: str, phase: str) -> None:
    """With failFast the first failed target (by name) decides, without it the last one. Nothing running is ended."""
    found = simulate(FAIL_FAST.format(fail_fast=fail_fast), {"a": "Failed", "b": "Error"})
    assert found.phases == {"(root)": phase, "a": "Failed", "b": "Error"}


def test_only_what_the_target_needs_runs(simulate: Simulate) -> None:
    spec = """
    entrypoint: main
    templates:
      - name: main
        dag:
          target: b
          tasks:
            - {name: a, template: leaf}
            - {name: b, template: leaf, depends: a}
            - {name: c, template: leaf, depends: a}
    """
    assert simulate(spec).phases == {"(root)": "Succeeded", "a": "Succeeded", "b": "Succeeded"}


NESTED = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {name: inner, template: inner}
        - {name: after, template: leaf, depends: inner}
  - name: inner
    dag:
      tasks:
        - {name: p, template: leaf}
        - {name: q, template: leaf, depends: p}
        - {name: r, template: leaf, depends: p}
"""


def test_what_follows_a_nested_dag_hangs_below_its_last_nodes(simulate: Simulate) -> None:
    found = simulate(NESTED)
    assert found.tree["inner"] == "DAG Succeeded"
    assert found.children("inner") == ["inner.p"]
    assert found.children("inner.q") == found.children("inner.r") == ["after"]
    assert found.node("inner.q").display_name == "q"
    assert found.node("inner.q").boundary is found.node("inner")


def test_a_nested_failure_fails_the_outer_dag(simulate: Simulate) -> None:
    found = simulate(NESTED, {"q": "Failed"})
    assert found.phases["inner"] == "Failed"
    assert found.tree["after"] == "Skipped Omitted"
    assert found.run.phase == "Failed"


def test_a_chain_of_thousands_is_no_deep_recursion(simulate: Simulate) -> None:
    tasks = "\n".join(
        f"        - {{name: t{number}, template: leaf{f', depends: t{number - 1}' if number else ''}}}"
        for number in range(3000)
    )
    spec = f"entrypoint: main\ntemplates:\n  - name: main\n    dag:\n      tasks:\n{tasks}\n"
    found = simulate(spec, {"t0": "Failed"})
    assert list(found.phases.values()).count("Omitted") == 2999
    assert found.run.phase == "Failed"


def test_a_template_that_contains_itself_without_end_is_an_error(simulate: Simulate) -> None:
    spec = """
    entrypoint: main
    templates:
      - name: main
        dag:
          tasks:
            - {name: again, template: main}
    """
    found = simulate(spec)
    assert found.run.phase == "Error"
    assert any("Maximum recursion depth exceeded" in node.message for node in found.run.nodes.values())

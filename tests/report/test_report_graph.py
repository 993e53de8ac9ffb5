"""The node tree as tasks, their graph beside them, and the axes of the charts."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engine.views import Nodes, NodeView, RunView
from pipeline.report.rails import rails
from pipeline.report.tasks import Task, failures, tasks
from steps.pages import words
from steps.pages.scale import around, hours, seconds
from tests.report import example_runs


def follow(*after: set[int]) -> list[Task]:
    """Tasks on rows 0, 1, …, each after the rows named."""
    return [
        Task(str(row), str(row), "Succeeded", "", None, None, 0, False, False, (), tuple(map(str, sorted(sources))))
        for row, sources in enumerate(after)
    ]


def test_fan_outs_and_attempts_become_one_task(tmp_path: Path) -> None:
    found = tasks(example_runs.backfill(tmp_path))
    assert [task.name for task in found] == ["plan", "fetch", "prepare"]
    fetch = found[1]
    assert fetch.fanned
    assert (fetch.done, len(fetch.items), fetch.tries) == (2, 2, 2)
    assert [len(item.attempts) for item in fetch.items] == [1, 2]
    assert [[key.strip("/") for key in task.after] for task in found] == [[], ["plan"], ["fetch"]]


def test_a_nested_dag_holds_its_tasks(tmp_path: Path) -> None:
    found = {task.name: task for task in tasks(example_runs.train(tmp_path))}
    assert list(found) == [
        *("snapshot", "trials-linear", "trials-lightgbm", "decide", "release", "admit", "deploy", "verify"),
    ]
    assert [found[name].depth for name in ("decide", "release", "admit", "verify")] == [0, 0, 1, 1]
    assert found["release"].holder
    assert found["decide"].after == ("/trials-linear", "/trials-lightgbm")
    assert found["admit"].after == ("/release",)


def test_exit_handler_is_a_task_of_its_own(tmp_path: Path) -> None:
    names = [task.name for task in tasks(example_runs.train_that_failed(tmp_path))]
    assert names[-1] == "on exit"


def test_only_what_failed_for_good_is_a_failure(tmp_path: Path) -> None:
    assert failures(example_runs.backfill(tmp_path)) == []
    [(task, node)] = failures(example_runs.train_that_failed(tmp_path))
    assert (task.name, node.attempt) == ("decide", 1)


def test_a_run_that_is_one_step() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    node = NodeView("a", "a", "a", "t", "Pod", "Succeeded", now, now)
    run = RunView("a", "one", {}, "Succeeded", "", now, now, now, Nodes((node,)))
    assert [task.name for task in tasks(run)] == ["a"]


def test_an_empty_fan_out_has_no_items() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    root = NodeView("r", "r", "r", "t", "DAG", "Succeeded", now, now, children=("g",))
    group = NodeView("g", "r.fetch", "fetch", "t", "TaskGroup", "Succeeded", now, now, boundary="r")
    [task] = tasks(RunView("r", "w", {}, "Succeeded", "", now, now, now, Nodes((root, group))))
    assert (task.name, task.items, task.phase) == ("fetch", (), "Succeeded")


def test_a_thousand_tasks_are_quick() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    ids = [f"n{index}" for index in range(1000)]
    nodes = [
        NodeView(
            name, name, name, "t", "Pod", "Running", now, None, children=tuple(ids[index + 1 : index + 3]), boundary="r"
        )
        for index, name in enumerate(ids)
    ]
    root = NodeView("r", "r", "r", "t", "DAG", "Running", now, None, children=("n0",))
    before = datetime.now(UTC)
    found = tasks(RunView("r", "w", {}, "Running", "", now, now, None, Nodes((root, *nodes))))
    assert len(found) == 1000
    assert datetime.now(UTC) - before < timedelta(seconds=0.5)


def test_a_chain_is_a_straight_line() -> None:
    assert [rail.lane for rail in rails(follow(set(), {0}, {1}, {2}))] == [0, 0, 0, 0]


def test_what_runs_side_by_side_has_lanes_of_its_own_and_joins() -> None:
    fork, left, right, join = rails(follow(set(), {0}, {0}, {1, 2}))
    assert (fork.lane, left.lane, right.lane, join.lane) == (0, 0, 1, 0)
    assert fork.leaves == (0, 1)
    assert left.through == (1,)
    assert right.through == (0,)
    assert (right.leaves, join.enters) == ((0,), (0,))


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 7).flatmap(
        lambda rows: st.tuples(*(st.sets(st.integers(0, row - 1)) if row else st.just(set()) for row in range(rows)))
    )
)
def test_no_edge_crosses_a_task_it_does_not_touch(after: tuple[set[int], ...]) -> None:
    drawn = rails(follow(*after))
    for row, rail in enumerate(drawn):
        assert rail.lane not in rail.through
        assert bool(rail.enters) == bool(after[row])
        assert bool(rail.leaves) == any(row in sources for sources in after)
    for above, below in pairwise(drawn):
        assert {*above.through, *above.leaves} == {*below.through, *below.enters}, "an edge ends in the air"


def test_edges_of_unknown_or_later_tasks_are_left_out() -> None:
    [only] = rails([Task("a", "a", "Succeeded", "", None, None, 0, False, False, (), ("gone", "a"))])
    assert (only.enters, only.leaves, only.through) == ((), (), ())


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.booleans())
def test_axis_holds_its_values_and_has_few_round_ticks(values: list[float], from_zero: bool) -> None:
    scale, ticks = around(values, from_zero=from_zero)
    slack = 1e-6 * (abs(scale.low) + abs(scale.high))
    below = 0.05 * max(*values, 0.0) if from_zero else 0.0
    assert scale.low - slack - below <= min(values)
    assert max(values) <= scale.high + slack
    assert 2 <= len(ticks) <= 9
    assert ticks[0].share == pytest.approx(0)
    assert ticks[-1].share == pytest.approx(1)
    assert len({tick.label for tick in ticks}) == len(ticks)


def test_axis_says_what_its_ticks_are() -> None:
    scale, ticks = around([12.4, 24.1])
    assert [tick.label for tick in ticks] == ["12", "14", "16", "18", "20", "22", "24", "26"]
    assert (scale.low, scale.high) == (12, 26)
    assert [tick.label for tick in around([0, 104])[1]] == ["0", "20", "40", "60", "80", "100", "120"]


def test_axis_begins_at_zero_where_a_value_is_a_little_below() -> None:
    assert around([-0.3, 57], from_zero=True)[0].low == 0
    assert around([-12, 57], from_zero=True)[0].low == -20


@given(st.integers(0, 24 * 800), st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)))
def test_time_axis_has_few_ticks_inside_it(length: int, start: datetime) -> None:
    start = start.replace(tzinfo=UTC, minute=0, second=0, microsecond=0)
    _, ticks = hours(start, start + timedelta(hours=length))
    assert len(ticks) <= 9
    assert all(0 <= tick.share <= 1 for tick in ticks)


@pytest.mark.parametrize(
    ("length", "last"),
    [(0.0, "0.1 s"), (0.4, "0.4 s"), (27.4, "25 s"), (400, "6 min"), (95, "1:20 min"), (9000, "2.5 h")],
)
def test_elapsed_axis_speaks_in_the_right_unit(length: float, last: str) -> None:
    _, ticks = seconds(length)
    assert ticks[0].label == "0 s"
    assert len(ticks) <= 7
    assert ticks[-1].label == last


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 00 s"), (125, "2 min 05 s"), (3780, "1 h 03 min")],
)
def test_durations_are_said_in_two_units_at_most(value: float, said: str) -> None:
    assert words.duration(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (18.634, "18.63"),
        (0.0834, "0.083"),
        (105024, "105,024"),
        (-3.5, "−3.50"),
        (123.45, "123.5"),
        (float("nan"), "–"),
    ],
)
def test_numbers_are_said_with_the_digits_that_matter(value: float, said: str) -> None:
    assert words.quantity(value) == said


def test_a_step_says_why_it_failed_and_not_which_rule_kept_it_from_another_try() -> None:
    now = datetime.now(UTC)
    root = NodeView("r", "r", "r", "w", "DAG", "Failed", now, now, children=("a",))
    kept = "retryStrategy.expression evaluated to false"
    retry = NodeView("a", "r.a", "a", "a", "Retry", "Failed", now, now, kept, children=("a0", "b"), boundary="r")
    said = "main: Error (exit code 2): error: no such day"
    tried = NodeView("a0", "r.a(0)", "a(0)", "a", "Pod", "Failed", now, now, said, boundary="r")
    after = NodeView("b", "r.b", "b", "b", "Skipped", "Omitted", now, now, "omitted", boundary="r")
    [first, second] = tasks(RunView("r", "w", {}, "Failed", "", now, now, now, Nodes((root, retry, tried, after))))
    assert (first.message, second.message) == ("no such day", "omitted")

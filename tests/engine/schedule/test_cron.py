"""Schedules and the conditions of a CronWorkflow beside the answers of the controller's own modules (tests/oracle/cron,
which says how they were made), and what a CronWorkflow's fields must be."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import engine
from pipeline.engine.schedule import cron_conditions
from pipeline.engine.schedule.cron import Cron, Status
from pipeline.engine.schedule.cron_text import BadSchedule, parse
from pipeline.errors import Refused
from tests import ROOT

HERE = ROOT / "tests" / "oracle" / "cron"
CASES = json.loads((HERE / "cases.json").read_text())
ANSWERS = json.loads((HERE / "answers.json").read_text())


@pytest.fixture(autouse=True)
def machine_in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The controller's machine, where a schedule names no zone."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def named(answer: dict[str, Any]) -> str:
    return f"{answer['schedule']!r} {answer['zone'] or '-'} {answer['from']}"


def test_the_answers_are_those_of_the_cases() -> None:
    asked = [
        (schedule, zone, at)
        for group in CASES["schedules"]
        for zone in group["zones"]
        for schedule in group["schedules"]
        for at in group["from"]
    ]
    assert asked == [(each["schedule"], each["zone"], each["from"]) for each in ANSWERS["schedules"]]
    assert len(asked) >= 300
    for kind in ("when", "stop"):
        assert [each["text"] for each in ANSWERS[kind]] == CASES[kind] * len(CASES["status"])


@pytest.mark.parametrize("answer", [each for each in ANSWERS["schedules"] if "error" not in each], ids=named)
def test_a_schedule_is_due_when_the_controller_runs_it(answer: dict[str, Any]) -> None:
    schedule = parse(answer["schedule"], answer["zone"])
    times: list[int] = []
    while len(times) < answer["count"]:
        due = schedule.next(times[-1] if times else datetime.fromisoformat(answer["from"]).timestamp())
        if due is None:
            break
        times.append(due)
    assert times == answer.get("times", [])


@pytest.mark.parametrize("answer", [each for each in ANSWERS["schedules"] if "error" in each], ids=named)
def test_what_the_controller_does_not_take_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(BadSchedule, match="wanted"):
        parse(answer["schedule"], answer["zone"])


def local(schedule: str, zone: str, day: str, hours: int = 48) -> list[str]:
    """What the clock shows when it is due, from a day's midnight on."""
    at = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp()
    end, shown = at + hours * 3600, []
    while (due := parse(schedule, zone).next(at)) is not None and due < end:
        shown.append(datetime.fromtimestamp(due, ZoneInfo(zone)).strftime("%d %H:%M %Z"))
        at = due
    return shown


def test_a_time_that_the_clock_leaves_out_is_left_out() -> None:
    assert local("30 2 * * *", "Europe/Vienna", "2026-03-28", 72) == ["28 02:30 CET", "30 02:30 CEST"]


def test_a_time_that_the_clock_shows_twice_is_due_twice() -> None:
    assert local("30 2 * * *", "Europe/Vienna", "2026-10-25") == ["25 02:30 CEST", "25 02:30 CET", "26 02:30 CET"]


def test_a_zone_that_leaves_out_a_day_does_not_hang() -> None:
    assert local("0 12 * * 5", "Pacific/Apia", "2011-12-28", 24 * 12) == ["06 12:00 +14"]


def test_without_a_zone_it_is_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    at = parse("0 12 * * *").next(datetime(2026, 7, 1, tzinfo=UTC).timestamp())
    assert at is not None
    assert datetime.fromtimestamp(at, UTC).hour == 16


@settings(deadline=None, max_examples=60)
@given(
    schedule=st.sampled_from(["*/7 * * * *", "30 2 * * *", "0 0 29 2 *", "@every 7m", "0 9 * * mon-fri", "0 0 30 2 *"]),
    zone=st.sampled_from(["UTC", "Europe/Vienna", "America/New_York"]),
    after=st.integers(1_700_000_000, 1_900_000_000),
    seconds=st.integers(0, 100_000),
)
def test_the_latest_is_the_last_of_those_one_after_the_other(
    schedule: str, zone: str, after: int, seconds: int
) -> None:
    found, last = parse(schedule, zone), None
    at = found.next(after)
    while at is not None and at < after + seconds:
        last, at = at, found.next(at)
    assert found.latest(after, after + seconds) == last


def condition(kind: str) -> list[Any]:
    statuses = [each for each in CASES["status"] for _ in CASES[kind]]
    return [
        pytest.param(status, answer, id=f"{answer['text']} {status}")
        for status, answer in zip(statuses, ANSWERS[kind], strict=True)
    ]


# What has a value there by accident, and is a mistake.
REFUSED = {"cronworkflow.nosuch == nil"}


def evaluated(
    check: Callable[..., None], holds: Callable[[Cron, Status, float], bool], status: dict[str, Any], **text: Any
) -> bool | None:
    now = datetime.now(UTC).timestamp()
    last = int(now - status["last"]) if "last" in status else None
    cron = Cron("w", (), (), namespace="ns", labels=CASES["cron"]["labels"], **text)
    try:
        check(*text.values())
        return holds(cron, Status(last, failed=status["failed"], succeeded=status["succeeded"]), now)
    except cron_conditions.BadCondition as problem:
        assert str(problem)
        return None


@pytest.mark.parametrize(("status", "answer"), condition("when"))
def test_when_holds_as_on_a_cluster(status: dict[str, Any], answer: dict[str, Any]) -> None:
    found = evaluated(cron_conditions.check_when, cron_conditions.runs, status, when=answer["text"])
    assert found is answer.get("holds"), answer.get("error")


@pytest.mark.parametrize(("status", "answer"), condition("stop"))
def test_a_stop_strategy_holds_as_on_a_cluster(status: dict[str, Any], answer: dict[str, Any]) -> None:
    found = evaluated(cron_conditions.check_stop, cron_conditions.stops, status, stop=answer["text"])
    assert found is (None if answer["text"] in REFUSED else answer.get("holds")), answer.get("error")


MANIFEST = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {{name: nightly, namespace: lab, labels: {{app: x}}}}
spec:
{fields}
  workflowSpec:
    entrypoint: only
    templates:
      - {{name: only, container: {{image: i, command: ["true"]}}}}
"""


def load(tmp_path: Path, *fields: str) -> Cron:
    file = tmp_path / "nightly.yaml"
    file.write_text(MANIFEST.format(fields="\n".join(f"  {each}" for each in fields)), encoding="utf-8")
    cron = engine.load(file).named("nightly").cron
    assert cron is not None
    return cron


def test_the_fields_of_a_cron_workflow(tmp_path: Path) -> None:
    cron = load(
        tmp_path,
        "schedules: ['0 1 * * *', '@hourly']",
        "timezone: Europe/Vienna",
        "concurrencyPolicy: Replace",
        "startingDeadlineSeconds: 60",
        "suspend: true",
        "successfulJobsHistoryLimit: 0",
        "failedJobsHistoryLimit: -1",
        "when: '{{=cronworkflow.failed < 3}}'",
        "stopStrategy: {expression: cronworkflow.succeeded > 0}",
    )
    assert (cron.name, cron.namespace, cron.labels) == ("nightly", "lab", {"app": "x"})
    assert cron.timetable == "CRON_TZ=Europe/Vienna 0 1 * * *,CRON_TZ=Europe/Vienna @hourly"
    assert (cron.concurrency, cron.deadline_seconds, cron.suspended) == ("Replace", 60, True)
    assert (cron.keep_succeeded, cron.keep_failed) == (0, 1), "a negative limit is as good as none"
    assert (cron.when, cron.stop) == ("{{=cronworkflow.failed < 3}}", "cronworkflow.succeeded > 0")


def test_what_is_left_out(tmp_path: Path) -> None:
    cron = load(tmp_path, "schedule: 0 1 * * *")
    assert (cron.schedules, cron.timetable, cron.concurrency) == (("0 1 * * *",), "0 1 * * *", "Allow")
    assert (cron.deadline_seconds, cron.suspended, cron.when, cron.stop) == (None, False, "", "")
    assert (cron.keep_succeeded, cron.keep_failed) == (3, 1)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([], "spec.schedules is missing; wanted a list"),
        (["schedules: []"], "spec.schedules is missing"),
        (["schedule: '@daily'", "schedules: ['@daily']"], "line 5: spec.schedule cannot stand beside schedules"),
        (["schedules: ['@daily', 0 25 * * *]"], "line 5: spec.schedules '0 25 * * *' has 25 as hour; wanted values"),
        (["schedule: 0 1 * *"], "spec.schedule '0 1 * *' has 4 fields; wanted five"),
        (["schedule: 0 1 * * *", "timezone: Europe/Wien"], "line 6: spec.timezone names the time zone Europe/Wien"),
        (["schedule: 0 1 * * *", "timezone: Europe/Wien"], "wanted one such as Europe/Vienna"),
        (["schedule: CRON_TZ=UTC @daily", "timezone: UTC"], "has a zone of its own beside timezone"),
        (["schedule: '@daily'", "concurrencyPolicy: forbid"], "is 'forbid'; wanted Allow, Forbid or Replace"),
        (["schedule: '@daily'", "startingDeadlineSeconds: -1"], "is -1; wanted 0 or more"),
        (["schedule: '@daily'", "startingDeadlineSeconds: 1h"], "is '1h'; wanted a whole number"),
        (["schedule: '@daily'", "suspend: 'yes'"], "is 'yes'; wanted true or false"),
        (["schedule: '@daily'", "when: '{{=cronworkflow.labels.app}}'"], "cronworkflow.labels.app is not known here"),
        (["schedule: '@daily'", "when: '{{cronworkflow.failed}} < 3'"], "has {{cronworkflow.failed}}; wanted {{=…}}"),
        (["schedule: '@daily'", "when: '{{=true'"], "has {{ without }}"),
        (["schedule: '@daily'", "stopStrategy: {}"], "spec.stopStrategy.expression is missing"),
        (["schedule: '@daily'", "stopStrategy: {expression: 1 <}"], "spec.stopStrategy.expression '1 <' cannot be"),
        (["schedule: '@daily'", "stopStrategy: {expression: asInt('1') > 0}"], "calls asInt, which a stopStrategy"),
        (["schedule: '@daily'", "stopStrategy: {condition: 1}"], "expression is missing"),
        (["schedule: '@daily'", "startingDeadline: 5"], "spec.startingDeadline is not a field"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_refusal_names_file_line_and_field(fields: list[Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        load(tmp_path, *fields)
    assert "nightly.yaml" in str(refused.value)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)

"""record: how a run ended, once, whatever the controller says of its failures."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from pipeline.projects.openaq import OPENAQ
from pipeline.projects.wine import WINE
from steps import record
from steps.backends.database import begin
from steps.backends.warehouse.schema import runs
from tests import ROOT
from tests.steps.support.invoking import Ended, run_step

MANIFESTS = ROOT / "manifests"
CREATED = "2003-06-01T23:00:00Z"
NODE = {"displayName": "fetch(0:0)", "phase": "Failed", "message": "Error (exit code 3)", "templateName": "fetch"}


def quoted(nodes: list[dict[str, str]] | None) -> str:
    """As the controller writes it: JSON in a JSON string."""
    return json.dumps(json.dumps(nodes))


def recorded(*, declaration: str = OPENAQ.declaration(), **options: str) -> Ended:
    given = {"workflow": "daily", "run": "openaq-daily-x", "created": CREATED, "status": "Succeeded"}
    return run_step(record.command, declaration=declaration, **(given | {"failures": quoted(None)} | options))


def stored() -> list[Any]:
    with begin() as connection:
        return list(connection.execute(sa.select(runs)))


@pytest.mark.usefixtures("database")
class TestARun:
    def test_that_succeeded_has_a_row(self) -> None:
        assert recorded(as_of="2003-06-01T12:00:00Z").code == 0
        [row] = stored()
        assert (row.project, row.run, row.workflow, row.status, row.failed) == (
            *("openaq", "openaq-daily-x", "daily", "Succeeded"),
            None,
        )
        assert row.as_of == datetime(2003, 6, 1, 12, tzinfo=UTC)
        assert row.started_at == datetime(2003, 6, 1, 23, tzinfo=UTC) < row.ended_at

    def test_that_failed_names_its_nodes(self) -> None:
        recorded(status="Failed", failures=quoted([NODE, NODE | {"displayName": "daily", "message": ""}]))
        [row] = stored()
        assert (row.status, row.failed) == ("Failed", "fetch(0:0) Failed: Error (exit code 3)\ndaily Failed")

    def test_that_is_told_again_is_left_as_it_is(self) -> None:
        recorded()
        before = stored()
        recorded()
        assert stored() == before

    def test_that_is_retried_and_succeeds_is_told_anew(self) -> None:
        recorded(status="Failed", failures=quoted([NODE]))
        recorded()
        assert [(row.status, row.failed) for row in stored()] == [("Succeeded", None)]

    def test_with_a_wrong_time_is_recorded_too(self) -> None:
        assert recorded(as_of="yesterday", status="Failed").code == 0
        assert [row.as_of for row in stored()] == [None]

    def test_of_a_table_has_the_time_of_its_creation(self) -> None:
        recorded(declaration=WINE.declaration(), workflow="train")
        assert [(row.project, row.as_of) for row in stored()] == [("wine", datetime(2003, 6, 1, 23, tzinfo=UTC))]


@pytest.mark.parametrize("said", ["", "null", '"null"', "{", '"{"', "[1]", '{"a": 1}', '"\\"x\\""', "[" * 100_000])
def test_failures_that_cannot_be_read_are_no_error(said: str) -> None:
    assert record.failed(said) is None


def test_a_hostile_message_stays_one_short_line() -> None:
    said = record.failed(quoted([NODE | {"message": "\x1b[2J{{=1+1}}\nDROP TABLE runs;" + "x" * 9_999}]))
    assert said is not None
    assert said.startswith("fetch(0:0) Failed: [2J{{=1+1}} DROP TABLE runs;xxx")
    assert len(said) == 200
    assert said.isprintable()


def test_of_very_many_nodes_the_first_are_named() -> None:
    said = record.failed(quoted([NODE] * 100)) or ""
    assert (len(said.splitlines()), said.splitlines()[-1]) == (21, "and 80 more")


@pytest.mark.parametrize("workflow", ["daily", "backfill", "train", "rollback"])
def test_the_workflow_records_its_end(workflow: str) -> None:
    document = yaml.safe_load((MANIFESTS / f"openaq/openaq-{workflow}.yaml").read_text(encoding="utf-8"))
    spec = document["spec"].get("workflowSpec", document["spec"])
    templates = {one["name"]: one for one in spec["templates"]}
    last = templates[spec["onExit"]]
    tasks = [task["template"] for task in last.get("dag", {}).get("tasks", [])] or [last["name"]]
    assert "record" in tasks
    assert templates["record"]["container"]["args"][2:4] == ["--workflow", workflow]

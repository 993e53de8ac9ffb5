"""The workflow of the notebooks, as a declaration makes it."""

import pytest

from pipeline.errors import UserError
from pipeline.images import NOTEBOOKS
from pipeline.projects.openaq import OPENAQ
from pipeline.workflows import workflows_of
from pipeline.workflows.notebooks import nightly, notebooks

NAMES = {"openaq-notebooks", "openaq-notebooks-nightly"}


def test_a_project_without_notebooks_has_no_workflow_of_them() -> None:
    without = OPENAQ.model_copy(update={"notebooks": ()})
    assert {each.name for each in workflows_of(OPENAQ)} - {each.name for each in workflows_of(without)} == NAMES


def test_the_others_go_on_when_one_fails_and_it_fails_in_the_end() -> None:
    made = {each["name"]: each for each in notebooks(OPENAQ).to_dict()["spec"]["templates"]}
    dag = made["notebooks"]["dag"]
    (load,) = [task for task in dag["tasks"] if task["name"] == "load"]
    assert load["depends"] == "notebook.Succeeded || notebook.Skipped || notebook.Failed || notebook.Errored"
    assert (dag["failFast"], dag["target"]) == (False, "notebook load")


def test_a_pod_has_room_for_the_largest_and_time_for_the_longest() -> None:
    (one,) = OPENAQ.notebooks
    large = one.model_copy(update={"name": "large", "memory_mb": 4000, "minutes": 60})
    both = OPENAQ.model_copy(update={"notebooks": (one, large)})
    made = {each["name"]: each for each in notebooks(both).to_dict()["spec"]["templates"]}["notebook"]
    assert made["container"]["resources"]["limits"]["memory"] == "4512Mi"
    assert made["container"]["image"] == NOTEBOOKS
    assert made["activeDeadlineSeconds"] == "3900"


def test_what_argo_would_expand_is_refused() -> None:
    (one,) = OPENAQ.notebooks
    hostile = OPENAQ.model_copy(update={"notebooks": (one.model_copy(update={"parameters": {"a": "{{x}}"}}),)})
    with pytest.raises(UserError, match=r"the notebooks of openaq hold '\{\{', which Argo would expand; take it out"):
        notebooks(hostile)


def test_it_runs_every_night_after_the_daily_run_and_looks_back_from_then() -> None:
    spec = nightly(OPENAQ).to_dict()["spec"]
    assert spec["schedules"] == ["0 3 * * *"]
    assert spec["workflowSpec"]["arguments"]["parameters"] == [{"name": "as-of", "value": "{{workflow.scheduledTime}}"}]

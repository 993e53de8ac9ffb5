"""The workflow of the features, as a declaration makes it."""

from pipeline.images import FEATURES, STEPS
from pipeline.projects.openaq import OPENAQ
from pipeline.workflows.features import features, nightly


def test_only_the_second_step_is_in_feasts_image_and_it_sees_no_database_of_ours() -> None:
    made = {each["name"]: each for each in features(OPENAQ).to_dict()["spec"]["templates"]}
    flatten, apply = made["flatten"]["container"], made["apply"]["container"]
    assert (flatten["image"], apply["image"]) == (STEPS, FEATURES)
    assert [each["secretRef"]["name"] for each in apply["envFrom"]] == ["object-store", "features"]


def test_a_row_is_as_old_as_the_model_server_takes_it() -> None:
    declared = OPENAQ.model_copy(update={"features_hours": 12})
    given = features(declared).to_dict()["spec"]["arguments"]["parameters"]
    assert {"name": "hours", "value": "12"} in given


def test_it_runs_every_night_after_the_daily_run_and_looks_back_from_then() -> None:
    spec = nightly(OPENAQ).to_dict()["spec"]
    assert spec["schedules"] == ["30 3 * * *"]
    assert spec["workflowSpec"]["arguments"]["parameters"] == [{"name": "as-of", "value": "{{workflow.scheduledTime}}"}]

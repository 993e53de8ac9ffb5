"""The workflow that tidies, as a declaration makes it."""

import pytest

from pipeline.project import Tidying
from pipeline.projects.openaq import OPENAQ
from pipeline.projects.wine import WINE
from pipeline.workflows.tidy import tidy, weekly


@pytest.mark.parametrize("project", [OPENAQ, WINE])
def test_it_removes_nothing_until_the_declaration_says_so(project: object) -> None:
    shown = tidy(project).to_dict()["spec"]["arguments"]["parameters"]  # type: ignore[arg-type]
    assert {"name": "remove", "value": "no"} in shown
    declared = project.model_copy(update={"tidying": Tidying(days=90, remove=True)})  # type: ignore[attr-defined]
    given = tidy(declared).to_dict()["spec"]["arguments"]["parameters"]
    assert [each for each in given if each["name"] != "declaration"] == [
        {"name": "days", "value": "90"},
        {"name": "remove", "value": "yes"},
    ]
    assert weekly(declared).to_dict()["spec"]["schedules"] == ["30 5 * * 0"]


def test_it_may_delete_less_than_other_steps() -> None:
    step = tidy(OPENAQ).to_dict()["spec"]["templates"][0]
    settings = [(each.get("secretRef") or each["configMapRef"])["name"] for each in step["container"]["envFrom"]]
    assert settings == ["object-store-tidier", "database", "tracking"]
    assert step["serviceAccountName"] == "pipeline-steps"

"""The executed copy: what was cut off says so, and settings that nobody may read are not in it."""

import json
from io import BytesIO
from typing import Any

import pandas as pd
import pytest

from steps.notebooks.copies import in_table, marked, secrets, without_secrets

ENVIRONMENT = {
    "AWS_SECRET_ACCESS_KEY": 'a"b/c+d',
    "DATABASE_URL": "postgresql+psycopg2://me:p%40ss%2Fword@db:5432/x",
    "OPENAQ_API_KEY": "short",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


def copy(*states: str) -> dict[str, Any]:
    cells = [{"cell_type": "code", "metadata": {"papermill": {"status": state}}, "source": ""} for state in states]
    return {"cells": cells, "metadata": {"papermill": {"input_path": "x"}}}


@pytest.mark.parametrize("ended", ["kernel", "killed", "late"])
@pytest.mark.parametrize("states", [("completed", "running", "pending"), ("completed", "completed", "pending")])
def test_the_cell_that_ran_last_says_what_happened(ended: str, states: tuple[str, ...]) -> None:
    found = marked(copy(*states), ended, "Kernel died")
    assert found["metadata"] == {"papermill": {}, "pipeline": {"ended": ended, "said": "Kernel died"}}
    assert [cell["metadata"]["papermill"]["status"] for cell in found["cells"]] == ["completed", "failed", "pending"]
    (error,) = found["cells"][1]["outputs"]
    assert (error["output_type"], error["evalue"]) == ("error", "Kernel died")


def test_one_that_ended_is_left_as_it_is() -> None:
    assert all("outputs" not in cell for cell in marked(copy("completed"), "done", "")["cells"])


@pytest.mark.parametrize("text", ['say a"b/c+d', json.dumps('say a"b/c+d'), "say a%22b%2Fc%2Bd"])
def test_a_secret_is_found_as_it_is_in_json_and_in_an_address(text: str) -> None:
    shown, names = without_secrets(text, secrets(ENVIRONMENT))
    assert shown.strip('"') == "say [AWS_SECRET_ACCESS_KEY was here]"
    assert names == ["AWS_SECRET_ACCESS_KEY"]


def test_of_an_address_only_the_password_is_one_and_a_short_word_is_none() -> None:
    known = secrets(ENVIRONMENT)
    assert known == {"AWS_SECRET_ACCESS_KEY": 'a"b/c+d', "the password in DATABASE_URL": "p@ss/word"}
    assert without_secrets("eu-central-1 short db:5432", known) == ("eu-central-1 short db:5432", [])


def test_a_secret_in_a_table_is_found() -> None:
    body, broken = BytesIO(), b"no parquet"
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", 'my a"b/c+d'], "c": pd.Categorical(["x", "y"])})
    frame.to_parquet(body, index=False)
    assert in_table(body.getvalue(), secrets(ENVIRONMENT)) == ["AWS_SECRET_ACCESS_KEY"]
    assert in_table(body.getvalue(), {"other": "nowhere"}) == []
    assert in_table(broken, secrets(ENVIRONMENT)) == []

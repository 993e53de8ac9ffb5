"""Training with Hera: its runner imports this module in the image, where each step is one of its functions."""

import json
from pathlib import Path
from typing import Annotated

from hera.workflows import DAG, Artifact, Parameter, Workflow, script
from hera.workflows.artifact import ArtifactLoader

IMAGE = "localhost/pipeline-test-ml:1"


@script(constructor="runner", image=IMAGE, image_pull_policy="IfNotPresent")
def fetch(rows: int, data: Annotated[Path, Artifact(name="data", output=True)]) -> None:
    """Points on a line."""
    data.write_text(json.dumps([[x, 3 * x + 1] for x in range(rows)]))


@script(constructor="runner", image=IMAGE, image_pull_policy="IfNotPresent")
def train(
    data: Annotated[list, Artifact(name="data", loader=ArtifactLoader.json)],
    rate: float,
    error: Annotated[Path, Parameter(name="error", output=True)],
    model: Annotated[Path, Artifact(name="model", output=True)],
) -> None:
    """A slope, and how far it is off."""
    slope = rate * sum(y for _, y in data) / sum(x for x, _ in data)
    model.write_text(json.dumps({"slope": slope}))
    error.write_text(f"{sum(abs(slope * x - y) for x, y in data) / len(data):.3f}")


@script(constructor="runner", image=IMAGE, image_pull_policy="IfNotPresent")
def choose(errors: list[dict]) -> Annotated[str, Parameter(name="best")]:
    """The least error of all trials."""
    return min(each["error"] for each in errors)


BEST = Parameter(name="best", value_from={"parameter": "{{tasks.choose.outputs.parameters.best}}"})

with (
    Workflow(generate_name="ml-train-", entrypoint="main", arguments=Parameter(name="rows", value="20")) as workflow,
    DAG(name="main", outputs=[BEST]),
):
    got = fetch(arguments={"rows": "{{workflow.parameters.rows}}"})
    trials = train(
        arguments=[got.get_artifact("data"), Parameter(name="rate", value="{{item}}")], with_items=[0.5, 1.0]
    )
    best = choose(arguments={"errors": "{{tasks.train.outputs.parameters}}"})
    got >> trials >> best


if __name__ == "__main__":
    workflow.create()

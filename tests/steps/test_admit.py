"""The fence, and the object that it lets through."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.stack.serving import read
from steps import admit
from steps.backends import promotions
from steps.backends.database import begin
from steps.errors import BadInput
from tests.steps.support.released import DIGEST, decide, decision, release, run
from tests.steps.support.rendered import artifact

pytestmark = pytest.mark.usefixtures("database_environment")
IMAGE = "pipeline-serve:1"


def admitted(
    number: int, folder: Path, image: str = IMAGE, template: Path | None = None
) -> tuple[bool, dict[str, Any]]:
    template = template or artifact("openaq-train", "admit", "deployment", folder)
    outputs = ("--manifest-out", folder / "m", "--admitted-out", folder / "a")
    run(admit, "--decision", number, "--deployment", template, "--image", image, *outputs)
    return {"true": True, "false": False}[(folder / "a").read_text()], json.loads((folder / "m").read_text())


def test_the_manifest_pins_version_and_digest(tmp_path: Path) -> None:
    passed, manifest = admitted(decide("a", 7), tmp_path)
    assert passed
    assert (manifest["apiVersion"], manifest["kind"]) == ("machinelearning.seldon.io/v1", "SeldonDeployment")
    assert manifest["metadata"]["name"] == "openaq"
    assert manifest["metadata"]["annotations"] == {
        "learning-pipelines/decision": "1",
        "learning-pipelines/version": "7",
        "learning-pipelines/digest": DIGEST,
    }
    (predictor,) = manifest["spec"]["predictors"]
    assert predictor["annotations"] == {"seldon.io/no-engine": "true"}
    pod = predictor["componentSpecs"][0]["spec"]
    (container,) = pod["containers"]
    assert container["name"] == predictor["graph"]["name"], "Seldon finds the container by the node's name"
    assert container["image"] == IMAGE
    assert "<" not in json.dumps(manifest), "nothing is left to be decided"
    variables = {entry["name"]: entry["value"] for entry in container["env"]}
    assert (
        variables.items() >= {"MODEL_URI": "s3://artifacts/m-7", "MODEL_VERSION": "7", "MODEL_DIGEST": DIGEST}.items()
    )
    secrets = [source["secretRef"]["name"] for source in container["envFrom"]]
    assert secrets == ["object-store-serving", "database-serving"], "no setting that serving does not need"
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_the_server_is_told_decision_and_dataset_however_a_version_came_back(tmp_path: Path) -> None:
    for fingerprint, version in (("a", 1), ("b", 2)):
        number = decide(fingerprint, version)
        assert origin(admitted(number, tmp_path)[1]) == {"MODEL_DECISION": f"{number}", "MODEL_DATASET": fingerprint}
        release(number)
    with begin() as connection:
        back = promotions.roll_back(connection, "openaq").decision
    assert origin(admitted(back, tmp_path)[1]) == {"MODEL_DECISION": "3", "MODEL_DATASET": "a"}


def origin(manifest: dict[str, Any]) -> dict[str, str]:
    (container,) = manifest["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"]
    wanted = ("MODEL_DECISION", "MODEL_DATASET")
    return {entry["name"]: entry["value"] for entry in container["env"] if entry["name"] in wanted}


def test_a_laptop_can_run_the_manifest(tmp_path: Path) -> None:
    _, manifest = admitted(decide("a", 7), tmp_path)
    served = read(manifest).champion
    assert served.arguments == ("steps.serving.Predictor", "--service-type", "MODEL")
    assert served.sources == (("secret", "object-store-serving"), ("secret", "database-serving"))


def test_an_older_decision_never_replaces_a_newer_one(tmp_path: Path) -> None:
    older, newer = decide("a", 1), decide("b", 2)
    assert admitted(newer, tmp_path)[0]
    assert admitted(older, tmp_path) == (False, {})
    assert decision(older).admitted_at is None
    assert admitted(newer, tmp_path)[0], "what was admitted may be deployed again"


def test_what_cannot_be_deployed_is_not_admitted(tmp_path: Path) -> None:
    refused, broken, good = decide("a", None), decide("b", 2, model_uri="file:///m"), decide("c", 3)
    with pytest.raises(BadInput, match="decision 1 of openaq promoted no model"):
        admitted(refused, tmp_path)
    with pytest.raises(BadInput, match="names no model in the object store"):
        admitted(broken, tmp_path)
    with pytest.raises(BadInput, match="--image is ''"):
        admitted(good, tmp_path, image="")
    with pytest.raises(BadInput, match="no decision 9"):
        admitted(9, tmp_path)
    template = tmp_path / "template"
    template.write_text("[]", encoding="utf-8")
    with pytest.raises(BadInput, match=r"--deployment is '\[\]'; wanted an object as JSON"):
        admitted(good, tmp_path, template=template)
    template.write_text('{"a": ["<else>"]}', encoding="utf-8")
    with pytest.raises(BadInput, match=r"--deployment has <else>; wanted <image>, <parameter>, .*; render"):
        admitted(good, tmp_path, template=template)
    assert [decision(number).admitted_at for number in (refused, broken, good)] == [None] * 3

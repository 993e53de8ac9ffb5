"""What the committed manifests give to a step."""

from pathlib import Path

import yaml

from tests import ROOT


def artifact(workflow: str, step: str, name: str, folder: Path) -> Path:
    """An input artifact of a step in a workflow, as a file of that name in `folder`."""
    text = (ROOT / "manifests" / workflow.partition("-")[0] / f"{workflow}.yaml").read_text(encoding="utf-8")
    (template,) = (each for each in yaml.safe_load(text)["spec"]["templates"] if each["name"] == step)
    (raw,) = (each["raw"]["data"] for each in template["inputs"]["artifacts"] if each["name"] == name)
    file = folder / f"{name}.json"
    file.write_text(raw, encoding="utf-8")
    return file

"""What the committed manifests give to a step."""

import yaml

from tests import ROOT


def option(workflow: str, step: str, name: str) -> str:
    """The value of one option of a step in a workflow."""
    text = (ROOT / "manifests" / workflow.partition("-")[0] / f"{workflow}.yaml").read_text(encoding="utf-8")
    templates = yaml.safe_load(text)["spec"]["templates"]
    words = next(each["container"]["args"] for each in templates if each["name"] == step)
    return str(words[words.index(name) + 1])

"""A repository with several things broken: all that stands in the way of a run is told at once, each with its line,
before the first step. `--dry-run` and `run` say the same."""

import re
import shutil
from pathlib import Path

import pytest

from tests.cli.test_run import Place
from tests.repositories.test_repositories import HERE

# What is broken in which file, what is said of it, and (where it is another) the line that is told.
Fault = tuple[str, str, str, str]
CI = "ci/argo/build.yaml"
ETL = "etl/base/platform.yaml"
NOTEBOOKS = "notebooks/argo/report.yaml"
SERVICE = "service/deploy/acceptance.yaml"
SECRET = "wants the key accesskey of the secret s3-credentials, which is not here; set it with: pipeline secret set"
BROKEN: dict[str, tuple[list[str], list[Fault]]] = {
    "ci": (
        ["ci/argo", "ci-build"],
        [
            (CI, "{name: version, value: 1.4.0}", "{name: version}", "has no value; give -p version=…"),
            (CI, "template: report}", "template: reprot}", "names the template reprot of ci-toolbox, which has"),
            (CI, "template: checkout}", "template: check-out}", "names the template check-out of ci-toolbox"),
            (CI, "command: [bash, -ec]", "command: [no-such-shell, -ec]", "there is no such command here"),
        ],
    ),
    "etl": (
        ["etl", "etl-nightly"],
        [
            (ETL, "metadata: {name: etl-settings}", "metadata: {name: other-settings}", ""),
            (ETL, "configMapRef: {name: etl-settings}", "configMapRef: {name: etl-settings}", "the configMap etl-sett"),
            (ETL, "- name: orders\n            path", "- name: orders\n            path", SECRET),
            (ETL, "stringData:\n  password", "stringData:\n  pass-word", ""),
            (ETL, "key: password}}}", "key: password}}}", "the key password of the secret warehouse, which is not"),
        ],
    ),
    "notebooks": (
        [NOTEBOOKS],
        [
            (NOTEBOOKS, "template: collect\n", "template: colect\n", "there are main, notebook"),
            (NOTEBOOKS, '{name: factor, value: "1.5"}', "{name: factor}", "has no value; give -p factor=…"),
        ],
    ),
    "service": (
        [SERVICE],
        [
            (SERVICE, "metadata: {name: site}", "metadata: {name: sites}", ""),
            (SERVICE, "mountPath: /site, readOnly: true", "mountPath: /site, readOnly: true", "there are sites"),
            (SERVICE, '{name: port, value: "18731"}', "{name: port}", "has no value; give -p port=…"),
            (SERVICE, "template: accept}", "template: acceptt}", "there are main, build, accept, tell"),
        ],
    ),
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    shutil.copytree(HERE, tmp_path / "all", ignore=shutil.ignore_patterns("expected", "*.py", "__pycache__"))
    return Place(tmp_path / "all", tmp_path / "home")


def line_of(place: Place, fault: Fault) -> int:
    return next(
        number
        for number, line in enumerate((place.folder / fault[0]).read_text(encoding="utf-8").splitlines(), 1)
        if fault[2].splitlines()[0] in line
    )


@pytest.mark.parametrize("name", BROKEN)
def test_all_that_is_missing_is_told_at_once(place: Place, name: str) -> None:
    words, faults = BROKEN[name]
    for file, old, new, _ in faults:
        path = place.folder / file
        text = path.read_text(encoding="utf-8")
        if old == new:
            assert old in text
            continue
        assert text.count(old) == 1, (old, text.count(old))
        path.write_text(text.replace(old, new), encoding="utf-8")
    told = {}
    told["dry run"] = place.call("run", *words, "--in", "process", "--dry-run", code=2)
    told["run"] = place.call("run", *words, "--in", "process", code=2)
    for how, said in told.items():
        for fault in faults:
            if fault[3]:
                wanted = rf"{re.escape(fault[0])}, line {line_of(place, fault)}: .*{re.escape(fault[3])}"
                assert re.search(wanted, said), (how, wanted, said)
        assert "Traceback" not in said
    assert place.runs() == []

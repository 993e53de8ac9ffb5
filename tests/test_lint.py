"""What `pipeline lint` says beside what is refused."""

from pathlib import Path

import pytest

from pipeline.lint import lint
from tests import ROOT

CASES = ROOT / "tests" / "oracle" / "cases" / "mutexes"


@pytest.mark.parametrize(("case", "hangs"), [("of-a-dag-that-fails", True), ("of-steps-that-fail", False)])
def test_a_dag_that_keeps_the_mutex_of_the_exit_handler_is_named(case: str, hangs: bool, tmp_path: Path) -> None:
    text = (CASES / f"{case}.yaml").read_text(encoding="utf-8")
    (tmp_path / "w.yaml").write_text(text.replace("kind: Workflow", "kind: WorkflowTemplate"), encoding="utf-8")
    told = [line for line in lint(tmp_path, "3.7") if line.startswith("!!")]
    assert ["the dag release" in line and "make it steps" in line for line in told] == [True] * hangs

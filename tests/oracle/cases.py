"""The cases: small workflows, one in each file of `cases/<rule>/`, and the answers beside them.

A comment at the top says what a reader learns. Where this engine is meant to do something else than the controller
(which waits for ever, or does what nobody wants), the comment ends with `Differs: <one sentence>`; the answer then
holds both.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.engine.manifest.documents import read
from tests.oracle.normal import Answer, written

HERE = Path(__file__).parent
FOLDER = HERE / "cases"
README = HERE / "README.md"
_FILE = re.compile(r"^\S+\.yaml: ")
_NOT_GOOD = ("Failed", "Error", "Pending")
_TABLE = re.compile(r"(<!-- differences -->\n).*(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Case:
    """One case. `name`: where it is, such as `dag/diamond`."""

    file: Path

    @property
    def name(self) -> str:
        return self.file.relative_to(FOLDER).with_suffix("").as_posix()

    @cached_property
    def text(self) -> str:
        return self.file.read_text(encoding="utf-8")

    @cached_property
    def documents(self) -> list[dict[str, Any]]:
        """The Workflow, and any WorkflowTemplates before it."""
        return list(read(self.file))

    @property
    def workflow(self) -> str:
        """The name of its Workflow."""
        return str(self.documents[-1]["metadata"]["name"])

    @property
    def comment(self) -> str:
        """What it says of itself, as one line."""
        lines = re.match(r"(#.*\n)*", self.text)
        return " ".join(line.lstrip("# ") for line in lines[0].splitlines()) if lines else ""

    @property
    def why(self) -> str:
        """Why this engine's answer is meant to differ from the controller's; empty where it is not."""
        return self.comment.partition("Differs: ")[2]

    @property
    def answer_file(self) -> Path:
        return self.file.with_suffix(".json")

    def stored(self) -> Answer | None:
        """The stored answer, as it was written."""
        if not self.answer_file.exists():
            return None
        found: Answer = json.loads(self.answer_file.read_text(encoding="utf-8"))
        return found

    def wanted(self) -> Answer | None:
        """What this engine has to answer."""
        stored = self.stored()
        return stored.get("ours", stored) if stored is not None else None

    def store(self, answer: Answer) -> None:
        self.answer_file.write_text(written(answer) + "\n", encoding="utf-8")


def find(pattern: str = "") -> list[Case]:
    """The cases whose name holds `pattern`, in the order of their names."""
    return [case for case in map(Case, sorted(FOLDER.rglob("*.yaml"))) if pattern in case.name]


def in_short(answer: Answer) -> str:
    """An answer in a few words."""
    if "refused" in answer:
        return f"refused: {_FILE.sub('', answer['refused'])}"
    nodes = [node for node in answer.get("nodes", {}).values() if isinstance(node, dict)]
    leaves = [node for node in nodes if node["type"] in ("Pod", "Skipped") and node["phase"] in _NOT_GOOD]
    said = next(filter(None, (each.get("message", "") for each in (*leaves, answer))), "")
    return f"{answer['phase']}: {said}" if said else str(answer["phase"])


def differences(cases: Iterable[Case]) -> str:
    """The deliberate differences, as a table in Markdown."""
    rows = ["| case | the controller | this engine | why |", "|---|---|---|---|"]
    for case in cases:
        stored = case.stored() or {}
        if "ours" in stored:
            cells = (in_short(stored["controller"]), in_short(stored["ours"]), stored["why"])
            text = " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells)
            rows.append(f"| [`{case.name}`](cases/{case.name}.yaml) | {text} |")
    return "\n".join(rows) + "\n"


def with_differences(readme: str) -> str:
    """The README with the present table."""
    return _TABLE.sub(lambda found: found[1] + differences(find()) + found[2], readme)

"""The cases: small workflows, one in each file of `cases/<rule>/`, and the answers beside them.

A comment at the top says what a reader learns. Where this engine is meant to do something else than the controller
(which waits for ever, or does what nobody wants), the comment ends with `Differs: <one sentence>`; the answer then
holds both. Where Argo 4 answers otherwise than 3.7, its answer is in a file of its own, `<name>.argo-4.json`.
"""

import json
import re
from collections.abc import Iterable, Sequence
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
_TABLES = re.compile(r"(<!-- (differences|lines) -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Case:
    """One case. `name`: where it is, such as `dag/diamond`."""

    file: Path

    @property
    def name(self) -> str:
        return f"{self.file.parent.name}/{self.file.stem}"

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

    @property
    def controllers(self) -> Answer | None:
        """What the controller of 3.7 answers."""
        stored = self.stored()
        return stored.get("controller", stored) if stored is not None else None

    @property
    def file_of_4(self) -> Path:
        return self.file.with_suffix(".argo-4.json")

    def of_4(self) -> Answer | None:
        """What the controller of 4 answers."""
        if not self.file_of_4.exists():
            return self.controllers
        found: Answer = json.loads(self.file_of_4.read_text(encoding="utf-8"))
        return found

    def store_of_4(self, answer: Answer) -> None:
        """Keep it where it is another than that of 3.7."""
        if answer == self.controllers:
            self.file_of_4.unlink(missing_ok=True)
        else:
            self.file_of_4.write_text(written(answer) + "\n", encoding="utf-8")

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
    found = ((case, case.stored() or {}) for case in cases)
    rows = [
        (case, in_short(stored["controller"]), in_short(stored["ours"]), stored["why"])
        for case, stored in found
        if "ours" in stored
    ]
    return _table(("case", "the controller", "this engine", "why"), rows)


def lines(cases: Iterable[Case]) -> str:
    """Where the controllers of 3.7 and 4 differ, as a table in Markdown."""
    rows = [
        (case, in_short(case.controllers or {}), in_short(case.of_4() or {}))
        for case in cases
        if case.file_of_4.exists()
    ]
    return _table(("case", "3.7", "4"), rows)


def _table(columns: Sequence[str], rows: Iterable[tuple[Case, *tuple[str, ...]]]) -> str:
    found = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for case, *cells in rows:
        text = " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells)
        found.append(f"| [`{case.name}`](cases/{case.name}.yaml) | {text} |")
    return "\n".join(found) + "\n"


def with_tables(readme: str) -> str:
    """The README with the present tables."""
    tables = {"differences": differences, "lines": lines}
    return _TABLES.sub(lambda found: found[1] + tables[found[2]](find()) + found[3], readme)

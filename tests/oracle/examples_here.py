"""What this engine makes of an example: refuses it, and why; or runs it, and to which end."""

import hashlib
import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from pipeline import engine
from pipeline.errors import PipelineError
from tests.engine.laboratory import PlainHost
from tests.oracle import examples_files as files
from tests.oracle.examples_files import Document, Example
from tests.oracle.normal import Answer, of_engine

STAND_INS: Final = Path(__file__).parent / "stand_ins"
PATIENCE_SECONDS: Final = 420.0
CORES: Final = 4
NOT_ENDING: Final = "does not end"

ENTRY_POINT: Final = "its image's entry point written out"
PATHS: Final = "declared paths in braces"
_CHANGES: Final = {ENTRY_POINT: files.with_entry_points, PATHS: files.with_paths_in_braces}


def prepare() -> None:
    """Put the stand-ins for the examples' programs before all others."""
    os.environ["PATH"] = f"{STAND_INS}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.environ["PYTHONPATH"] = str(STAND_INS)


def ask(example: Example) -> dict[str, Any]:
    """The facts: `published` is why it is refused as it stands (empty where it is not), `changed` with what it is not;
    `refused`, `needs` or `phase` with `nodes` say what became of it then."""
    with tempfile.TemporaryDirectory() as folder:
        return _ask(example, Path(folder))


def _ask(example: Example, folder: Path) -> dict[str, Any]:
    if example.document is None:
        refused = _refusal(example.documents, folder)
        return {"refused": refused} if refused else {"nothing": True}
    documents = example.documents
    found: dict[str, Any] = {"published": _refusal(documents, folder), "changed": []}
    refused = found["published"]
    for name, change in _CHANGES.items():
        changed = change(documents)
        if refused and changed != list(documents):
            documents = tuple(changed)
            refused = _refusal(documents, folder)
            found["changed"].append(name)
    if refused:
        return {"refused": refused}
    missing = needs(documents)
    if missing:
        return {**found, "needs": missing}
    return {**found, **facts(_run(example, documents, folder))}


def needs(documents: Iterable[Document]) -> str:
    """What it needs that is not here; empty where that is nothing."""
    if files.uses(documents, "resource"):
        return "a cluster, whose objects it works on"
    if any("artifactRepositoryRef" in files.spec_of(document) for document in documents):
        return "an artifact repository of its own"
    program = files.network(documents)
    if program:
        return f"the network: {program}"
    gone = [each for each in sorted(files.commands(documents)) if shutil.which(each) is None]
    missing = files.special(documents) or ", ".join(gone)
    return f"its image: {missing}" if missing else ""


def _refusal(documents: Iterable[Document], folder: Path) -> str:
    if not any(document["kind"] in files.KINDS for document in documents):
        return ""
    file = files.write(documents, folder / "example.yaml")
    try:
        engine.load(file)
    except PipelineError as error:
        return _reason(str(error), file)
    return ""


def _reason(message: str, file: Path) -> str:
    """A refusal without the place in the file, and without advice."""
    plain = re.sub(rf"^{re.escape(str(file))}(, line \d+)?: ", "", message).replace(f"{file}", "this file")
    return plain.partition("; ")[0]


def _run(example: Example, documents: tuple[Document, ...], folder: Path) -> Answer:
    journal = engine.Journal(folder / "journal.db")
    try:
        manifests = engine.load(files.write(documents, folder / "example.yaml"))
        run = engine.submit(journal, manifests, example.workflow, {})
    except PipelineError as error:
        return {"phase": "refused", "message": str(error)}
    stop = threading.Event()
    timer = threading.Timer(PATIENCE_SECONDS, stop.set)
    timer.start()
    try:
        view = engine.execute(journal, run, PlainHost(), folder, cores=CORES, stop=stop)
    finally:
        timer.cancel()
    answer = of_engine(view, str(journal.row(run)["uid"]))
    return {**answer, "phase": NOT_ENDING} if stop.is_set() else answer


def facts(answer: Answer) -> dict[str, Any]:
    """An answer in the normal form as what is kept of it: its phase, and of each node type, phase and two digests: of
    its place in the tree, and of its values and message."""
    place, values = ("display", "template", "boundary", "children"), ("message", "inputs", "outputs")
    nodes = answer.get("nodes", {})
    return {
        "phase": answer["phase"],
        "nodes": {
            name: node
            if isinstance(node, str)
            else f"{node['type']} {node.get('phase', '')} {_digest(node, place)} {_digest(node, values)}"
            for name, node in nodes.items()
        },
    }


def _digest(node: Answer, fields: tuple[str, ...]) -> str:
    kept = json.dumps({field: node.get(field) for field in fields}, sort_keys=True)
    return hashlib.sha256(kept.encode()).hexdigest()[:8]

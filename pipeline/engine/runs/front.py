"""The front door: one call that runs a workflow."""

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from pipeline.engine.execution.journal import Journal
from pipeline.engine.execution.local import LocalHost, WithSettings
from pipeline.engine.execution.replacing import Function, Replacements
from pipeline.engine.host import Host
from pipeline.engine.manifest.fields import text_of
from pipeline.engine.manifest.given import Given, given
from pipeline.engine.runs.lifecycle import execute, submit
from pipeline.engine.runs.readiness import check_ready
from pipeline.engine.views import RunView


def run(
    workflow: Given,
    parameters: Mapping[str, object] | None = None,
    *,
    name: str = "",
    home: Path | str | None = None,
    host: Host | None = None,
    cores: int | None = None,
    where: str = "",
    replace: Mapping[str, Function] | None = None,
    on_change: Callable[[RunView], None] | None = None,
) -> RunView:
    """Run a workflow to its end on this machine; how it went, good or bad. `.succeeded()` raises if it failed.

        result = run("train.yaml", {"epochs": 3})
        result.phase, result.outputs, result.nodes["fetch(2)"], result.logs("train")

    `workflow`: a file or folder, YAML, a mapping, an object with `to_dict()` such as Hera's `Workflow`, or a list of
    these of which one refers to the others; `name`: which one, if there are several. `parameters`: instead of its own.
    `home`: where runs are kept, for `pipeline runs`, `logs` and `explain` to find (default: `$PIPELINE_HOME`, or
    `.pipeline` in the current folder). `host`: the machine as the engine sees it (default: plain processes). `cores`:
    how many steps run at once (default: one for each core). `where`: in a `process`, a `sandbox` or a `container`
    (default: each step in the least of these that it needs). `on_change`: called with each new state.

    `replace`: Python functions by the name of the template whose container, script or resource each replaces. Nothing
    else changes: dependencies, conditions, fan-outs, retries and exit handlers are the manifest's. A function takes
    `Inputs` and returns the template's outputs; raising is a failed attempt. Pauses and the time between attempts are
    skipped, and the run is kept in a temporary folder unless `home` says where.

    Raises:
        Refused: the manifest cannot run here; names template and field, as `pipeline run` does.
        UserError: there is no such workflow, parameter or template, or this machine has not what `where` says.
    """
    found = given(workflow, name)
    if replace is not None:
        Replacements(replace, found.manifests.named(found.name))
    texts = {key: _text(value) for key, value in (parameters or {}).items()}
    host = host or LocalHost()
    if replace is None:
        check_ready(found.manifests, found.name, WithSettings(host, found.manifests.settings), texts, where)
    default = state_folder if replace is None else _temporary_folder
    folder = Path(home).absolute() if home is not None else default()
    journal = Journal(folder / "journal.db")
    try:
        run_id = submit(journal, found.manifests, found.name, texts, where=where)
        return execute(
            journal,
            run_id,
            host,
            folder,
            cores=cores or os.cpu_count() or 1,
            replace=replace,
            on_change=on_change,
        )
    finally:
        journal.close()


def state_folder() -> Path:
    """Where runs are kept: `$PIPELINE_HOME`, or `.pipeline` in the current folder."""
    return Path(os.environ.get("PIPELINE_HOME") or ".pipeline").absolute()


@cache
def _temporary_folder() -> Path:
    """One for this process, gone when it ends."""
    folder = tempfile.mkdtemp(prefix="pipeline-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _text(value: object) -> str:
    """A parameter as in a manifest: texts and numbers as they are, anything else as JSON."""
    if isinstance(value, str | int | float | bool):
        return text_of(value)
    return json.dumps(value, ensure_ascii=False)

"""A run once more, as a new one: of the manifests that it had, with its parameters, labels and annotations.

https://argo-workflows.readthedocs.io/en/latest/cli/argo_resubmit/
"""

from collections.abc import Mapping
from typing import Final

from pipeline.engine.execution.journal import Journal
from pipeline.engine.manifest.workflows import from_snapshot
from pipeline.engine.runs.earlier import again
from pipeline.engine.runs.lifecycle import generated_name, submit
from pipeline.errors import UserError

_PREVIOUS: Final = "workflows.argoproj.io/resubmitted-from-workflow"


def resubmit(journal: Journal, run_id: str, parameters: Mapping[str, str], *, memoized: bool = False) -> str:
    """A new run, not started yet; its id. `parameters`: instead of the earlier run's. `memoized`: what succeeded there
    is reused.

    Raises:
        UserError: there is no such run or parameter; or with `memoized`, it did not fail, or its files are gone.
    """
    row = journal.row(run_id)
    manifests, given = from_snapshot(row["manifests"]), {**row["parameters"], **parameters}
    reuse = None
    if memoized:
        if row["phase"] not in ("Failed", "Error"):
            raise UserError("workflow must be Failed/Error to resubmit in memoized mode")
        given, reuse = again(journal, manifests.named(row["workflow"]), "", given, of=run_id)
    before = row["metadata"] or {}
    prefix = f"{row['workflow']}-" if run_id.startswith(f"{row['workflow']}-") else f"{run_id}-"
    return submit(
        journal,
        manifests,
        row["workflow"],
        given,
        run_id=generated_name(prefix),
        reuse=reuse,
        labels={**before.get("labels", {}), _PREVIOUS: run_id},
        annotations=before.get("annotations", {}),
        namespace=before.get("namespace", ""),
        where=before.get("in", ""),
    )

"""What memoized templates have put out, kept across runs: entries of a ConfigMap on a cluster, here of the journal.

Artifacts stay where the run that made them has them; a run that takes an entry gets its own (hard links, or copies). An
entry whose files are gone, because its run was deleted, counts as none.
https://argo-workflows.readthedocs.io/en/latest/memoization/
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.engine.execution.database import Database
from pipeline.engine.execution.reuse import link
from pipeline.engine.language import durations
from pipeline.engine.places import Place
from pipeline.engine.scheduler.events import Outputs, outputs_from_json, outputs_to_json
from pipeline.engine.spec import Artifact, Memoize

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS memos (
    namespace TEXT NOT NULL, cache TEXT NOT NULL, key TEXT NOT NULL, run TEXT NOT NULL, folder TEXT NOT NULL,
    at REAL NOT NULL, outputs TEXT NOT NULL, PRIMARY KEY (namespace, cache, key)
) WITHOUT ROWID
"""


@dataclass(frozen=True, eq=False)
class Memo:
    """What was put out under a key, and by which run."""

    run: str
    outputs: Outputs


class Memos:
    """The entries of one namespace."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace
        database.create(_SCHEMA)

    def keep(self, wanted: Memoize, outputs: Outputs, *, run: str, folder: Path, at: float) -> None:
        """Keep what a node of a run has put out, in place of an earlier entry. `folder`: where the run's files are."""
        if any(each.stored is None for each in outputs.artifacts.values()):
            return  # one that the manifest itself holds; the cache is only a saving
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO memos (namespace, cache, key, run, folder, at, outputs) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._namespace, wanted.cache, wanted.key, run, str(folder), at, outputs_to_json(outputs)),
            )

    def find(self, wanted: Memoize, place: Place, *, at: float) -> Memo | None:
        """The entry of a key, if it is not too old at the time `at`; its artifacts are then in `place`."""
        rows = self._database.read(
            "SELECT run, folder, at, outputs FROM memos WHERE namespace = ? AND cache = ? AND key = ?",
            self._namespace, wanted.cache, wanted.key,
        )  # fmt: skip
        if not rows or (wanted.max_age and at - int(rows[0]["at"]) > (durations.seconds(wanted.max_age) or 0.0)):
            return None
        outputs = outputs_from_json(rows[0]["outputs"])
        try:
            artifacts = _taken_over(outputs.artifacts, Path(rows[0]["folder"]), place)
        except (OSError, shutil.Error):
            return None
        return Memo(rows[0]["run"], Outputs(outputs.parameters, artifacts, outputs.exit_code, outputs.result))


def _taken_over(artifacts: Mapping[str, Artifact], folder: Path, place: Place) -> dict[str, Artifact]:
    place.prepare()
    found = {}
    for name, artifact in artifacts.items():
        source, target = folder / (artifact.stored or ""), place.folder / "outputs" / name
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, copy_function=link)
        else:
            link(str(source), str(target))
        found[name] = Artifact(name, stored=str(target.relative_to(place.run)))
    place.drop_scratch()
    return found

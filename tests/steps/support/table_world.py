"""A table's history and a model that is live, without files, workflows and servers: days pass in a moment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from pipeline.projects.abalone import ABALONE
from pipeline.quickstart import tabular_samples
from steps import monitor
from steps.backends import challengers, history, objects, promotions
from steps.backends.database import begin
from steps.backends.modelstore import KnownRows
from steps.backends.warehouse import skill
from steps.contract.declaration import parse_table
from steps.features.table import features
from steps.learning import decisions
from steps.models.lightgbm import LightGBM
from steps.monitoring import scores
from steps.summaries.decision import Decision, Recipe
from steps.tables import File, examine, history_rows
from tests.steps.support.invoking import run_step
from tests.steps.support.small_model import pack, upload

DECLARATION = parse_table(ABALONE.declaration())
START = datetime(2026, 1, 1, tzinfo=UTC)
TEMPLATE = {"metadata": {"name": "<name>"}, "spec": {"by": "<by>"}}


def surveys(rows: int) -> pd.DataFrame:
    """Rows of a look-alike of abalone, as a file's are after its checks."""
    body = tabular_samples.look_alike("abalone", rows, 3)
    return examine([File("u", "a.csv", body)], DECLARATION).verdicts[0].rows


@dataclass
class TableWorld:
    """Files come on days, and decisions are made; `rows` are taken from the top."""

    rows: pd.DataFrame
    folder: Path
    used: int = 0
    files: int = 0

    def file(self, day: float, count: int = 60, changed: Mapping[str, Any] = MappingProxyType({})) -> None:
        """A file is accepted; `changed`: columns made of its rows."""
        rows = self.rows.iloc[self.used : self.used + count].assign(**dict(changed)).reset_index(drop=True)
        self.used, self.files = self.used + count, self.files + 1
        self._enter(day, rows, len(rows))

    def take_back(self, day: float, rows: pd.DataFrame) -> None:
        """A file with these rows is taken back."""
        self.files += 1
        self._enter(day, rows[["row"]], -len(rows))

    def _enter(self, day: float, rows: pd.DataFrame, count: int) -> None:
        digest = f"{self.files:032d}"
        key = history_rows.place("abalone", digest)
        history_rows.put(objects.lake(), key, rows)
        with begin() as connection:
            after = history.head(connection, "abalone")
            entry = history.append(connection, "abalone", after=after, digest=digest, rows=count, key=key, run="ingest")
            c = history.history.c
            moved = sa.update(history.history).where(c.project == "abalone", c.sequence == entry.sequence)
            connection.execute(moved.values(made_at=START + timedelta(days=day)))

    def learned(
        self, day: float, version: int, *, kind: str = "train", trees: int = 60, on_trial: bool = False
    ) -> None:
        """A model of all that has come goes live, or on trial."""
        inputs = features(self.rows.iloc[: self.used], DECLARATION)
        target = self.rows["rings"].iloc[: self.used].to_numpy(dtype=np.float64)
        model = LightGBM.fit(inputs, target, {"base": "none", "leaf_rows": 20, "trees": trees}, 0)
        folder = self.folder / f"v{version}"
        folder.mkdir()
        known = inputs.to_numpy()[:3]
        digest = pack(model, folder, KnownRows(list(inputs.columns), known.tolist(), model.predict(known).tolist()))
        uri = upload(folder, f"{self.folder.name}/v{version}")
        told = {"version": version, "kind": kind, "model_uri": uri, "digest": digest}
        number = self.decided(f"s{self.files}-{version}", f"Released version {version}.", **told)
        self.tried(number, day) if on_trial else self.released(number, day)
        held = self.rows.iloc[-300:]
        truth = held["rings"].to_numpy(dtype=np.float64)
        answers = model.predict(features(held, DECLARATION).to_numpy())
        both = (scores.errors(each, truth, "regression") for each in (answers, np.full(len(truth), target.mean())))
        kept = Decision(
            number=number,
            fingerprint="a",
            words="",
            parameter="rings",
            scores=(),
            recipe=Recipe(family="boosting"),
            usual=scores.of_rows(*both),
        )
        decisions.put(objects.lake(), "abalone", kept)

    def decided(self, fingerprint: str, words: str, **model: Any) -> int:
        """A training of all that has come is decided; `model`: columns of what it promoted, if anything."""
        told: Any = {
            "promoted": bool(model),
            "words": words,
            "scores": [],
            "recipe": {},
            "sequence": self.files,
            **model,
        }
        with begin() as connection:
            number = promotions.reserve(connection, "abalone", fingerprint, "rings").decision
            promotions.settle(connection, "abalone", number, **told, run=f"t-{number}")
        return number

    def released(self, number: int, day: float) -> None:
        """Admitted, verified and live."""
        with begin() as connection:
            promotions.admit(connection, "abalone", number)
            promotions.verified(connection, "abalone", number, "http://127.0.0.1:1/")
            promotions.go_live(connection, "abalone", number)
            c = promotions.promotions.c
            at = sa.update(promotions.promotions).where(c.project == "abalone", c.decision == number)
            connection.execute(at.values(live_at=START + timedelta(days=day)))

    def tried(self, number: int, day: float, days: int = 30) -> None:
        """Admitted to a trial that has begun."""
        with begin() as connection:
            wanted = next(one for one in promotions.listed(connection, "abalone") if one.decision == number)
            assert challengers.admit(connection, wanted, how="shadow", share=0.0, days=days)
            c = challengers.challengers.c
            at = sa.update(challengers.challengers).where(c.decision == number)
            connection.execute(at.values(since=START + timedelta(days=day)))

    def looked(self, day: float, **more: object) -> dict[str, Any]:
        """Monitor as of a day; the summary, with the manifest of the training that it starts, if any."""
        template = self.folder / "template.json"
        template.write_text(json.dumps(TEMPLATE))
        outputs = {f"{name}_out": self.folder / name for name in ("train", "manifest", "summary", "page")}
        as_of = (START + timedelta(days=day)).isoformat()
        given = {"declaration": ABALONE.declaration(), "as_of": as_of, "created": as_of, "training": template}
        ended = run_step(monitor.command, **(given | outputs | more))
        assert ended.code == 0, ended.log
        found: dict[str, Any] = json.loads((self.folder / "summary").read_text())
        return found | {"manifest": json.loads((self.folder / "manifest").read_text())}

    def alarms(self) -> list[skill.Raised]:
        with begin() as connection:
            return skill.raised(connection, "abalone", "rings")

"""Files dropped into a real inbox and taken by the step itself, and what is then where."""

import base64
import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from pipeline.project import TableProject
from pipeline.projects.abalone import ABALONE
from steps import ingest
from steps.backends import ledger
from steps.backends.database import transact
from steps.backends.objects import inbox, lake
from steps.tables import history_rows
from tests.steps.support.invoking import Ended, run_step
from tests.steps.support.rendered import artifact

NEW = "abalone/new/"


def survey(seed: int, rows: int = 3) -> bytes:
    """Valid rows of abalone, others for each seed."""
    draw = Random(seed)
    lines = (
        ",".join([draw.choice("IFM"), *(f"{draw.uniform(0.1, 0.9):.6f}" for _ in range(7)), str(draw.randint(3, 20))])
        for _ in range(rows)
    )
    return "\n".join(lines).encode() + b"\n"


def longer_by(more: str, animals: bytes, count: int) -> bytes:
    """The first `count` rows of abalone with so much more length, as another export might have them."""
    rows = [line.split(",") for line in animals.decode().splitlines()[:count]]
    lines = (",".join([sex, f"{Decimal(length) + Decimal(more)}", *rest]) for sex, length, *rest in rows)
    return "\n".join(lines).encode() + b"\n"


def records(*keys: str) -> str:
    """A notification that announces these keys."""
    found = [{"s3": {"bucket": {"name": inbox().name}, "object": {"key": key, "eTag": ""}}} for key in keys]
    return base64.b64encode(json.dumps(found).encode()).decode()


@dataclass
class Dropper:
    """Drops a project's files and takes them; the step's outputs go to `folder`."""

    folder: Path
    runs: int = field(default=0)
    project: TableProject = ABALONE

    def drop(self, name: str, body: bytes) -> None:
        inbox().put(f"{self.project.name}/new/{name}", body)

    def options(self, run: str, told: str = "") -> dict[str, object]:
        return {
            "declaration": self.project.declaration(),
            "records": told,
            "run": run,
            "created": "2026-01-01T00:00:00Z",
            "training": artifact(f"{self.project.name}-ingest", "ingest", "training", self.folder),
            **{f"{kind}_out": self.folder / run / kind for kind in ("train", "manifest", "summary", "report")},
        }

    def take(self, told: str = "", run: str | None = None) -> Ended:
        """One run of the step, under a name of its own where none is given."""
        self.runs += 1
        return run_step(ingest.command, **self.options(run or f"run-{self.runs}", told))

    def read(self, kind: str, run: str | None = None) -> Any:
        return json.loads((self.folder / (run or f"run-{self.runs}") / kind).read_text())

    def rows(self) -> list[str]:
        """The history."""
        return list(history_rows.load(lake(), self.project.name)[0]["row"])

    def uploads(self) -> list[ledger.Upload]:
        return transact(lambda connection: ledger.recent(connection, self.project.name, 20_000))

    def keys(self, prefix: str) -> list[str]:
        return [one.key for one in inbox().list(f"{self.project.name}/{prefix}")]

    def settled(self) -> None:
        """Nothing waits, and every file is where the ledger says, once."""
        assert self.keys("new/") == []
        uploads = self.uploads()
        assert all(one.state in ledger.DECIDED and one.state != "retracting" and one.cleared_at for one in uploads)
        kept = {key for folder in ("old/", "quarantine/", "retracted/") for key in self.keys(folder)}
        kept = {key for key in kept if key.count("/") > 3}
        assert kept == {one.place for one in uploads}
        assert len(kept) == len(uploads)
        rows = self.rows()
        brought = sum(one.rows_new for one in uploads if one.state in {"done", "retracted"})
        assert len(set(rows)) == len(rows) == brought - sum(one.rows_left or 0 for one in uploads)

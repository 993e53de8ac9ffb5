"""plan, fetch and prepare one after the other, as the workflow runs them, on a folder in the archive's layout."""

import json
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.projects.openaq import OPENAQ
from steps import fetch, plan, prepare
from steps.archive.planned import Plan, read_plan
from steps.backends.objects import lake
from tests.report.report_page import Page
from tests.steps.support.invoking import Ended, run_step
from tests.steps.support.openaq import Seeded

CREATED = "2021-12-24T00:00:00Z"


@dataclass(frozen=True)
class Collector:
    """Runs the three steps; outputs go to `folder`."""

    folder: Path
    archive: Path
    seeded: Seeded
    declaration: str = OPENAQ.declaration()

    @property
    def plan_file(self) -> Path:
        return self.folder / "plan.json"

    def plan(self, **options: object) -> Plan:
        given = {"from_": self.seeded.first, "to": self.seeded.last, "created": CREATED} | options
        ended = run_step(
            plan.command,
            declaration=self.declaration,
            source=self.archive,
            locations=",".join(map(str, self.seeded.locations)),
            plan_out=self.plan_file,
            workers_out=self.folder / "workers.json",
            **given,
        )
        assert ended.code == 0, ended.log
        return read_plan(self.plan_file)

    def fetch(self) -> None:
        ended = run_step(fetch.command, declaration=self.declaration, plan=self.plan_file, worker=0, workers="[0]")
        assert ended.code == 0, ended.log

    def prepare(self) -> Ended:
        return run_step(
            prepare.command,
            declaration=self.declaration,
            plan=self.plan_file,
            created=CREATED,
            report_out=self.folder / "report.html",
            summary_out=self.folder / "summary.json",
        )

    def collect(self, **options: object) -> Ended:
        """All three; what prepare ended with."""
        if self.plan(**options).fetch:
            self.fetch()
        return self.prepare()

    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "summary.json").read_text())
        return found

    def refused(self) -> dict[tuple[int, date], list[str]]:
        return {(one["location"], date.fromisoformat(one["day"])): one["reasons"] for one in self.summary()["refused"]}

    def page(self) -> Page:
        return Page((self.folder / "report.html").read_text())


def features(prefix: str = "openaq/features/no2/") -> dict[str, pd.DataFrame]:
    """Every stored month of features by its place without its key; several versions of a month are an error."""
    found: dict[str, pd.DataFrame] = {}
    for one in lake().list(prefix):
        place = one.key.rpartition("/")[0]
        assert place not in found
        found[place] = pd.read_parquet(BytesIO(lake().get(one.key) or b""))
    return found


def keys(prefix: str) -> list[str]:
    """Every key under a prefix of the lake."""
    return [one.key for one in lake().list(prefix)]

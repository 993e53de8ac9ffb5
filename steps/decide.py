"""From finished trials to a decision: scored, gated, refitted, registered, and written down once.

A dataset is decided once. The decision's number is reserved first; what MLflow is told carries a key made of dataset
and recipe, and is looked for before it is made; the row in the table of promotions is settled last, in a transaction
that holds that row while MLflow is told. So a kill at any point, or the same step started twice, ends with one
decision, one run and one model version. Asked again about a decided dataset, it answers from the table and the lake,
and MLflow need not be there.
"""

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from steps.backends import caching, modelstore, objects, promotions, trainings
from steps.backends.database import begin
from steps.backends.promotions import Promotion
from steps.backends.tracking import ALIAS, Account, Registered, Tracking, Trial
from steps.contract import declaration as declared
from steps.contract import selection
from steps.contract.command import declaration_option, log, run, write_json, write_text
from steps.contract.declaration import Declaration, TableDeclaration
from steps.learning import lake, measures
from steps.learning.champion import live_recipe
from steps.learning.dataset import Dataset
from steps.learning.judge import Judgement, judge, refit
from steps.pages import decision_page
from steps.release.packing import Packed, pack


@click.command()
@declaration_option
@click.option("--dataset", required=True, help="The dataset's fingerprint.")
@click.option("--created", required=True, help="When the workflow was created (RFC 3339); shown beside the decision.")
@click.option("--run", "name", default="", help="The workflow's name; kept with the decision.")
@click.option("--by", default="", help="What or who started the workflow; likewise.")
@click.option("--decision-out", type=click.Path(path_type=Path), required=True, help="The decision's number.")
@click.option("--promoted-out", type=click.Path(path_type=Path), required=True, help="true or false.")
@click.option("--summary-out", type=click.Path(path_type=Path), required=True, help="The decision, as JSON.")
@click.option("--page-out", type=click.Path(path_type=Path), required=True, help="The decision, as a page.")
def command(
    *,
    declaration: str,
    dataset: str,
    created: str,
    name: str,
    by: str,
    decision_out: Path,
    promoted_out: Path,
    summary_out: Path,
    page_out: Path,
) -> None:
    """Judge the dataset's trials; register the refitted winner where it is promoted."""
    project = declared.parse_any(declaration)
    summary = _decided(project, dataset) or _decide(project, dataset, created, _Started(name, by))
    write_json(summary_out, summary)
    write_text(page_out, decision_page.page(project.name, summary))
    write_text(promoted_out, "true" if summary["promoted"] else "false")
    write_text(decision_out, str(summary["decision"]))
    log.info("decision %d: %s", summary["decision"], summary["words"])


@dataclass(frozen=True)
class _Started:
    """The workflow that decides, and what or who started it; empty where nobody says."""

    run: str
    by: str


@dataclass(frozen=True)
class _Decision:
    """All there is to a decision before it is written down."""

    project: Declaration | TableDeclaration
    number: int
    dataset: Dataset
    judgement: Judgement
    model: Packed | None
    created: str
    looked: int
    started: _Started

    @property
    def key(self) -> str:
        """What MLflow knows it by."""
        recipe = self.judgement.recipe.to_json()
        return caching.digest({"project": self.project.name, "dataset": self.dataset.fingerprint, "recipe": recipe})

    def refused(self, why: str) -> "_Decision":
        """The same, not promoted."""
        judgement = replace(self.judgement, promoted=False, words=f"Not promoted: {why}.")
        return replace(self, judgement=judgement, model=None)

    def summary(self, registered: Registered | None) -> dict[str, Any]:
        """What the report and the page show."""
        return {
            "kind": "decision",
            "decision": self.number,
            **self.judgement.to_json(),
            "version": registered.version if registered else None,
            "alias": ALIAS if registered else None,
            "fingerprint": self.dataset.fingerprint,
            "recipe": self.judgement.recipe.to_json(),
            "made_at": self.created,
            "looked": self.looked,
        }


def _decide(
    project: Declaration | TableDeclaration, fingerprint: str, created: str, started: _Started
) -> dict[str, Any]:
    """Judge, and write it down; the decision's summary.

    Raises:
        CheckFailed: a trial has no result, or the refitted model does not survive being stored.
        StepError: the tracking server, the object store or the database does not answer.
    """
    dataset = lake.load(objects.lake(), project.name, fingerprint)
    results = lake.results(objects.lake(), project.name, project.learning, fingerprint)
    judgement = judge(dataset, project.learning, results, live_recipe(project.name, dataset.parameter))
    with begin() as connection:
        number = promotions.reserve(connection, project.name, fingerprint, dataset.parameter).decision
        looked = promotions.looks(connection, project.name) + 1
    with tempfile.TemporaryDirectory() as home:
        model = None
        if judgement.promoted:
            around = judgement.bands.bands if judgement.bands else None
            model = pack(refit(dataset, project.learning, judgement.recipe), dataset, Path(home, "model"), around)
        return _settle(_Decision(project, number, dataset, judgement, model, created, looked, started))


def _settle(made: _Decision) -> dict[str, Any]:
    """Tell MLflow, keep the summary, settle the row; the row is held, so that nobody else does the same."""
    name = made.project.name
    with begin() as connection:
        found = promotions.get(connection, name, made.number)
        if found.promoted is not None:
            return _recall(made.project, found)
        if newer := _newer(connection, made):
            made = made.refused(f"a newer dataset, {newer}, has been decided already")
        elif aside := _set_aside(connection, made):
            made = made.refused(aside)
        if made.dataset.sequence is not None:
            trainings.done(connection, name, made.dataset.fingerprint)
        registered = _tell(made)
        if registered is not None and made.model is not None and made.dataset.sequence is not None:
            modelstore.put_pickle(name, registered.version, made.model.pickled)
        summary = made.summary(registered)
        objects.lake().put(_place(name, made.number), caching.canonical(summary).encode())
        promotions.settle(
            connection,
            name,
            made.number,
            promoted=made.judgement.promoted,
            words=made.judgement.words,
            scores=summary["scores"],
            recipe=summary["recipe"],
            sequence=made.dataset.sequence,
            data_until=made.dataset.until,
            version=registered.version if registered else None,
            model_uri=registered.model_uri if registered else None,
            digest=made.model.digest if made.model else None,
            run=made.started.run or None,
            by=made.started.by or None,
        )
    return summary


def _newer(connection: sa.Connection, made: _Decision) -> str | None:
    """The dataset, in words, because of which an older training that ends later replaces nothing; None: there is none.

    Of a table that is any newer state of the history. Of a series it is one that was decided while this training went
    on; to go back to earlier data later on is a person's wish, and judged as any other.
    """
    name, dataset = made.project.name, made.dataset
    if dataset.sequence is not None:
        newest = promotions.newest_sequence(connection, name)
        return f"number {newest} of the history" if newest > dataset.sequence else None
    if dataset.until is None:
        return None
    since = selection.moment(made.created, "--created")
    newer = promotions.newer_since(connection, name, dataset.parameter, dataset.until, since)
    return None if newer is None else f"up to {newer.data_until:%F %H:%M} UTC (decision {newer.decision})"


def _set_aside(connection: sa.Connection, made: _Decision) -> str | None:
    """Why a recipe that would be promoted is not: somebody rolled back from it, and what they put back is still live.

    A schedule must not undo on Monday what a person did on Friday. It is over once another recipe is promoted, or the
    person goes forward again.
    """
    before = promotions.set_aside(connection, made.project.name)
    own = made.judgement.parameter, made.judgement.recipe.to_json()
    if not made.judgement.promoted or before is None or (before.parameter, before.recipe) != own:
        return None
    forward = f"pipeline rollback {made.project.name} --to {before.version}"
    return f"the folds chose the recipe of version {before.version}, which was rolled back; to have it again: {forward}"


def _tell(made: _Decision) -> Registered | None:
    """The decision in MLflow; the model version, where there is one."""
    tracking, judgement, dataset = Tracking(made.project.name), made.judgement, made.dataset
    tags = {
        "project": made.project.name,
        "parameter": judgement.parameter,
        "decision": str(made.number),
        "dataset": dataset.fingerprint,
    }
    outcome = {"promoted": str(judgement.promoted).lower(), "words": judgement.words}
    account = Account(
        key=made.key,
        name=f"decision {made.number}",
        parameters={
            "family": judgement.recipe.family,
            **judgement.recipe.parameters,
            "rows": len(dataset.rows),
            "features": len(dataset.features),
            **dataset.about(),
        },
        metrics=measures.of(judgement),
        tags={**tags, **outcome, "mlflow.note.content": judgement.words},
        trials=[
            Trial(
                f"{one.family} {one.number}",
                {"family": one.family, **one.parameters},
                {"mean": one.mean, "fold": one.folds, "seconds": one.seconds},
            )
            for one in judgement.trials
        ],
    )
    run_id = tracking.log(account)
    registered = None
    if made.model is not None:
        registered = tracking.register(run_id, made.key, made.model.package, {**tags, "digest": made.model.digest})
    tracking.attach(run_id, "decision.html", decision_page.page(made.project.name, made.summary(registered)))
    return registered


def _decided(project: Declaration | TableDeclaration, fingerprint: str) -> dict[str, Any] | None:
    """The summary of the decision on that dataset, or None where there is none yet."""
    with begin() as connection:
        found = promotions.find(connection, project.name, fingerprint)
    return _recall(project, found) if found and found.promoted is not None else None


def _place(project: str, number: int) -> str:
    return f"{project}/decisions/{number}/summary.json"


def _recall(project: Declaration | TableDeclaration, found: Promotion) -> dict[str, Any]:
    """The summary that was kept; where the lake has lost it, what the table knows."""
    body = objects.lake().get(_place(project.name, found.decision))
    kept: dict[str, Any] = json.loads(body) if body else {}
    if kept.get("fingerprint") == found.fingerprint:
        return kept
    return {
        "kind": "decision",
        "decision": found.decision,
        "promoted": found.promoted,
        "words": found.words,
        "metric": project.learning.gate.metric,
        "unit": project.unit(found.parameter),
        "parameter": found.parameter,
        "scores": found.scores,
        "bootstrap": None,
        "span": "",
        "trials": [],
        "folds": [],
        "bands": None,
        "forecast": {},
        "answers": {},
        "residuals": None,
        "residual_groups": {},
        "hour_zone": None,
        "task": project.learning.task,
        "importance": [],
        "version": found.version,
        "alias": ALIAS if found.promoted else None,
        "fingerprint": found.fingerprint,
        "recipe": found.recipe,
        "made_at": found.made_at.isoformat(),
        "looked": None,
    }


if __name__ == "__main__":
    run(command)

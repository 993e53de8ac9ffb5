"""From finished trials to a decision: scored, gated, refitted, registered, and written down once.

A dataset is decided once. The decision's number is reserved first. Everything written to MLflow carries a key made of
the dataset and the recipe, and is looked up before it is created. The row in the table of promotions is settled last,
in a transaction that holds the row during the writes to MLflow. So a kill at any point, or the same step started twice,
still ends with one decision, one run and one model version. For a dataset that is already decided the step answers from
the table and the lake, without MLflow.
"""

import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from pydantic import ValidationError

from steps.backends import caching, challengers, modelstore, objects, promotions, tracking, trainings
from steps.backends.database import begin
from steps.backends.promotions import Promotion
from steps.backends.tracking import ALIAS, CHALLENGER, Account, Registered, Tracking
from steps.contract import declaration as declared
from steps.contract import selection
from steps.contract.command import declaration_option, log, run, write_json, write_text
from steps.contract.declaration import Declaration, TableDeclaration
from steps.learning import decisions, lake, measures
from steps.learning.champion import live_recipe
from steps.learning.dataset import Dataset
from steps.learning.judge import Aside, judge, refit
from steps.pages.decision import page
from steps.release.live import live_model
from steps.release.packing import Packed, pack
from steps.summaries.decision import Decision, Recipe


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
    """Judge the dataset's trials; register the refitted winner if it is promoted."""
    project = declared.parse_any(declaration)
    decision = _decided(project, dataset) or _decide(project, dataset, created, _Started(name, by))
    write_json(summary_out, decision.to_json())
    write_text(page_out, page(project.name, decision))
    write_text(promoted_out, "true" if decision.promoted else "false")
    write_text(decision_out, str(decision.number))
    log.info("decision %d: %s", decision.number, decision.words)


@dataclass(frozen=True)
class _Started:
    """The workflow that decides, and what or who started it; empty if unknown."""

    run: str
    by: str


@dataclass(frozen=True)
class _Made:
    """A decision before it is written down, and the model to register."""

    project: Declaration | TableDeclaration
    dataset: Dataset
    decision: Decision
    model: Packed | None
    started: _Started

    @property
    def recipe(self) -> dict[str, Any]:
        """What was decided about, as JSON values."""
        return self.decision.recipe.model_dump(mode="json")

    @property
    def key(self) -> str:
        """What MLflow knows it by."""
        parts = {"project": self.project.name, "dataset": self.dataset.fingerprint, "recipe": self.recipe}
        return caching.digest(parts)

    def refused(self, why: str) -> "_Made":
        """The same, not promoted."""
        words = {"promoted": False, "refreshed": False, "words": f"Not promoted: {why}."}
        return replace(self, decision=self.decision.model_copy(update=words), model=None)

    def registered(self, version: Registered | None) -> Decision:
        """The decision with the model version that it made."""
        alias = CHALLENGER if self.decision.trial else ALIAS
        return self.decision.model_copy(update={"version": version.version, "alias": alias} if version else {})

    def on_trial(self, live: promotions.Champion | None) -> "_Made":
        """The same, and that it goes on trial first, if that is how the project releases what is promoted."""
        gate, kind = self.project.learning.gate, "refresh" if self.decision.refreshed else "train"
        if live is None or not self.decision.promoted:
            return self
        if not challengers.due(gate.release, kind, self.decision.parameter, None, live):
            return self
        article = "a shadow of" if gate.release == "shadow" else "a canary beside"
        words = f"{self.decision.words} It goes on trial first, as {article} version {live.version}, "
        words += f"for at most {gate.guarded_days} days whose outcome is known."
        return replace(self, decision=self.decision.model_copy(update={"trial": gate.release, "words": words}))


def _decide(project: Declaration | TableDeclaration, fingerprint: str, created: str, started: _Started) -> Decision:
    """Judge, and record the outcome.

    Raises:
        CheckFailed: a trial has no result, or the refitted model does not survive being stored.
        StepError: the tracking server, the object store or the database does not answer.
    """
    dataset = lake.load(objects.lake(), project.name, fingerprint)
    trials = lake.results(objects.lake(), project.name, project.learning, fingerprint)
    champion = live_recipe(project.name, dataset.parameter)
    live = live_model(project.name, champion, dataset) if champion else None
    with begin() as connection:
        aside = _set_aside(connection, project.name, dataset.parameter)
    judgement = judge(dataset, project.learning, trials, champion, live=live, aside=aside)
    with begin() as connection:
        number = promotions.reserve(connection, project.name, fingerprint, dataset.parameter).decision
        looked = promotions.looks(connection, project.name) + 1
    decision = Decision(
        **dict(judgement.verdict), number=number, fingerprint=fingerprint, made_at=created, looked=looked
    )
    with tempfile.TemporaryDirectory() as home:
        model = None
        if decision.promoted:
            refitted = refit(dataset, project.learning, decision.recipe)
            model = pack(refitted, dataset, Path(home, "model"), judgement.bands)
        return _settle(_Made(project, dataset, decision, model, started))


def _settle(made: _Made) -> Decision:
    """Write to MLflow, store the summary, settle the row. The row is locked, so no other run does the same."""
    name, number, sequence = made.project.name, made.decision.number, made.dataset.sequence
    with begin() as connection:
        found = promotions.get(connection, name, number)
        if found.promoted is not None:
            return _recall(made.project, found)
        if newer := _newer(connection, made):
            made = made.refused(f"a newer dataset, {newer}, has been decided already")
        elif (aside := _set_aside(connection, name, made.decision.parameter)) and aside.recipe == made.decision.recipe:
            made = made.refused(aside.words)
        made = made.on_trial(promotions.champion(connection, name))
        if sequence is not None:
            trainings.done(connection, name, made.dataset.fingerprint)
        registered = _tell(made)
        if registered is not None and made.model is not None and sequence is not None:
            modelstore.put_pickle(name, registered.version, made.model.pickled)
        decision = made.registered(registered)
        decisions.put(objects.lake(), name, decision)
        promotions.settle(
            connection,
            name,
            number,
            kind="refresh" if decision.refreshed else "train",
            promoted=decision.promoted,
            words=decision.words,
            scores=[score.model_dump(mode="json") for score in decision.scores],
            recipe=made.recipe,
            afterwards=decision.afterwards.model_dump(mode="json") if decision.afterwards else None,
            sequence=sequence,
            data_until=made.dataset.until,
            version=decision.version,
            model_uri=registered.model_uri if registered else None,
            digest=made.model.digest if made.model else None,
            run=made.started.run or None,
            by=made.started.by or None,
        )
    return decision


def _newer(connection: sa.Connection, made: _Made) -> str | None:
    """The newer dataset, in words, that keeps this older training from replacing anything; None if there is none.

    For a table that is any newer state of the history. For a series it is one that was decided while this training ran:
    going back to earlier data later is a deliberate choice and judged like any other.
    """
    name, dataset = made.project.name, made.dataset
    if dataset.sequence is not None:
        newest = promotions.newest_sequence(connection, name)
        return f"number {newest} of the history" if newest > dataset.sequence else None
    if dataset.until is None:
        return None
    since = selection.moment(made.decision.made_at, "--created")
    newer = promotions.newer_since(connection, name, dataset.parameter, dataset.until, since)
    return None if newer is None else f"up to {newer.data_until:%F %H:%M} UTC (decision {newer.decision})"


def _set_aside(connection: sa.Connection, project: str, parameter: str) -> Aside | None:
    """The recipe that may not be promoted, because it was rolled back and what was restored is still live, or because
    it was withdrawn from its trial of late.

    A schedule must not undo on Monday what a person did on Friday. This ends once another recipe is promoted, or the
    person goes forward again.
    """
    if before := promotions.set_aside(connection, project):
        forward = f"pipeline rollback {project} --to {before.version}"
        why = f"the recipe is that of version {before.version}, which was rolled back; to have it again: {forward}"
        return _aside(before, parameter, why)
    if trial := challengers.turned_down(connection, project):
        why = f"the recipe is that of version {trial.version}, which was withdrawn from its trial: {trial.words}"
        return _aside(trial.model, parameter, why)
    return None


def _aside(before: Promotion, parameter: str, why: str) -> Aside | None:
    try:
        return Aside(Recipe.model_validate(before.recipe), why) if before.parameter == parameter else None
    except ValidationError:
        return None  # nobody can train it any more


def _tell(made: _Made) -> Registered | None:
    """Write the decision to MLflow; returns the model version, if it made one."""
    client, decision, dataset = Tracking(made.project.name), made.decision, made.dataset
    tags = {
        "project": made.project.name,
        "parameter": decision.parameter,
        "decision": str(decision.number),
        "dataset": dataset.fingerprint,
    }
    outcome = {
        "promoted": str(decision.promoted).lower(),
        "refreshed": str(decision.refreshed).lower(),
        "words": decision.words,
    }
    account = Account(
        key=made.key,
        name=f"decision {decision.number}",
        parameters={
            "family": decision.recipe.family,
            **decision.recipe.parameters,
            "rows": len(dataset.rows),
            "features": len(dataset.features),
            **dataset.about(),
        },
        metrics=measures.of(decision),
        tags={**tags, **outcome, "mlflow.note.content": decision.words},
        trials=[
            tracking.Trial(
                f"{one.family} {one.number}",
                {"family": one.family, **one.parameters},
                {"mean": one.mean, "fold": one.folds, "seconds": one.seconds or 0.0},
            )
            for one in decision.trials
        ],
    )
    run_id = client.log(account)
    registered = None
    if made.model is not None:
        registered = client.register(run_id, made.key, made.model.package, {**tags, "digest": made.model.digest})
    client.attach(run_id, "decision.html", page(made.project.name, made.registered(registered)))
    return registered


def _decided(project: Declaration | TableDeclaration, fingerprint: str) -> Decision | None:
    """The decision on that dataset, or None if there is none yet."""
    with begin() as connection:
        found = promotions.find(connection, project.name, fingerprint)
    return _recall(project, found) if found and found.promoted is not None else None


def _recall(project: Declaration | TableDeclaration, found: Promotion) -> Decision:
    """The decision as the lake keeps it; if it does not, what the table knows of it."""
    kept = decisions.find(objects.lake(), project.name, found.decision)
    if kept and kept.fingerprint == found.fingerprint:
        return kept
    with begin() as connection:
        trial = challengers.get(connection, project.name, found.decision)
    written = {
        "kind": "decision",
        "refreshed": found.kind == "refresh",
        "made_at": found.made_at.isoformat(),
        "alias": (CHALLENGER if trial else ALIAS) if found.promoted else None,
        "trial": trial.how if trial else None,
    }
    metric, task, unit = project.learning.gate.metric, project.learning.task, project.unit(found.parameter)
    return Decision.model_validate(asdict(found) | written | {"metric": metric, "task": task, "unit": unit})


if __name__ == "__main__":
    run(command)

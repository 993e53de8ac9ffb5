"""From finished trials to a decision: scored, gated, refitted, registered, and written down once.

A dataset is decided once. The decision's number is reserved first; what MLflow is told carries a key made of dataset
and recipe, and is looked for before it is made; the row in the table of promotions is settled last, in a transaction
that holds that row while MLflow is told. So a kill at any point, or the same step started twice, ends with one
decision, one run and one model version. Asked again about a decided dataset, it answers from the lake and the table,
and MLflow need not be there.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

from steps import caching, decision_page, models
from steps import declaration as declared
from steps.backends import modelstore, objects, promotions
from steps.backends.database import begin
from steps.backends.modelstore import KnownRows
from steps.backends.promotions import Promotion
from steps.backends.tracking import ALIAS, Account, Package, Registered, Tracking, Trial
from steps.command import log, run, write_json, write_text
from steps.declaration import Declaration
from steps.errors import BadInput, CheckFailed
from steps.learning import lake
from steps.learning.dataset import Dataset
from steps.learning.judge import Judgement, judge, known_rows, refit
from steps.learning.recipe import Recipe

_FOLDER = "model"
_EXAMPLE_ROWS = 3


@click.command()
@click.option("--declaration", required=True, help="The project's declaration, as JSON.")
@click.option("--dataset", required=True, help="The dataset's fingerprint.")
@click.option("--created", required=True, help="When the workflow was created (RFC 3339); shown beside the decision.")
@click.option("--decision-out", type=click.Path(path_type=Path), required=True, help="The decision's number.")
@click.option("--promoted-out", type=click.Path(path_type=Path), required=True, help="true or false.")
@click.option("--summary-out", type=click.Path(path_type=Path), required=True, help="The decision, as JSON.")
@click.option("--page-out", type=click.Path(path_type=Path), required=True, help="The decision, as a page.")
def command(
    *,
    declaration: str,
    dataset: str,
    created: str,
    decision_out: Path,
    promoted_out: Path,
    summary_out: Path,
    page_out: Path,
) -> None:
    """Judge the dataset's trials; register the refitted winner where it is promoted."""
    project = declared.parse(declaration)
    summary = decided(project.name, dataset) or decide(project, dataset, created)
    write_json(summary_out, summary)
    write_text(page_out, decision_page.page(project.name, summary))
    write_text(promoted_out, "true" if summary["promoted"] else "false")
    write_text(decision_out, str(summary["decision"]))
    log.info("decision %d: %s", summary["decision"], summary["words"])


def decided(project: str, fingerprint: str) -> dict[str, Any] | None:
    """The summary of the decision on that dataset, or None where there is none yet."""
    with begin() as connection:
        found = promotions.find(connection, project, fingerprint)
    return _recall(project, found) if found and found.promoted is not None else None


def decide(project: Declaration, fingerprint: str, created: str) -> dict[str, Any]:
    """Judge, and write it down; the decision's summary.

    Raises:
        CheckFailed: a trial has no result, or the refitted model does not survive being stored.
        StepError: the tracking server, the object store or the database does not answer.
    """
    dataset = lake.load(objects.lake(), project.name, fingerprint)
    results = lake.results(objects.lake(), project.name, project.learning, fingerprint)
    judgement = judge(dataset, project.learning, results, _champion(project.name, dataset.parameter))
    with begin() as connection:
        number = promotions.reserve(connection, project.name, fingerprint, dataset.parameter).decision
    with tempfile.TemporaryDirectory() as home:
        model = _pack(dataset, project, judgement.recipe, Path(home, _FOLDER)) if judgement.promoted else None
        return _settle(project.name, number, dataset, judgement, model, created)


def _champion(project: str, parameter: str) -> Recipe | None:
    """The recipe of the live model, where it predicts `parameter`; one that cannot be read counts as none."""
    with begin() as connection:
        live = promotions.champion(connection, project)
    if live is None or live.parameter != parameter:
        return None
    try:
        return Recipe.from_json(live.recipe)
    except BadInput as error:
        log.warning("the live model's recipe does not compete: %s", error)
        return None


@dataclass(frozen=True)
class _Packed:
    """A refitted model in its folder, as it will be stored."""

    package: Package
    digest: str


def _pack(dataset: Dataset, project: Declaration, recipe: Recipe, folder: Path) -> _Packed:
    """Refit the recipe and write it; the known answers are those of the model as it is read back.

    Raises:
        CheckFailed: what is read back answers otherwise.
    """
    model = refit(dataset, project.learning, recipe)
    model.save(folder)
    known = known_rows(dataset, models.load(folder))
    if known != known_rows(dataset, model):
        raise CheckFailed(
            f"the {recipe.family} model answers otherwise once it is stored and loaded; it is not registered"
        )
    (folder / modelstore.KNOWN_ROWS).write_bytes(known.to_bytes())
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    package = Package(folder, "steps.flavor", _requirements(files), *_example(known))
    return _Packed(package, modelstore.digest(files))


def _requirements(files: Mapping[str, bytes]) -> list[str]:
    """What loading the model needs beside `steps`, at the versions that made it."""
    libraries = ["numpy", "pandas"]
    libraries += ["lightgbm"] if b"steps.models.lightgbm:" in files["model.json"] else []
    return [f"{name}=={installed(name)}" for name in libraries]


def _example(known: KnownRows) -> tuple[pd.DataFrame, "np.ndarray[Any, np.dtype[np.float64]]"]:
    """A few whole rows with their answers; with holes, where there are no others."""
    whole = [number for number, row in enumerate(known.rows) if None not in row] or list(range(len(known.rows)))
    chosen = whole[:_EXAMPLE_ROWS]
    table = pd.DataFrame([known.rows[number] for number in chosen], columns=known.features, dtype="float64")
    return table, np.array([known.answers[number] for number in chosen])


def _settle(
    project: str, number: int, dataset: Dataset, judgement: Judgement, model: _Packed | None, created: str
) -> dict[str, Any]:
    """Tell MLflow, keep the summary, settle the row: with the row held, so that nobody else does the same."""
    recipe = judgement.recipe.to_json()
    key = caching.digest({"project": project, "dataset": dataset.fingerprint, "recipe": recipe})
    with begin() as connection:
        found = promotions.get(connection, project, number)
        if found.promoted is not None:
            return _recall(project, found)
        registered = _told(project, number, key, dataset, judgement, model)
        summary = {
            "kind": "decision",
            "decision": number,
            **judgement.to_json(),
            "version": registered.version if registered else None,
            "alias": ALIAS if registered else None,
            "fingerprint": dataset.fingerprint,
            "recipe": recipe,
            "made_at": created,
        }
        objects.lake().put(_place(project, number), caching.canonical(summary).encode())
        promotions.settle(
            connection,
            project,
            number,
            promoted=judgement.promoted,
            words=judgement.words,
            scores=summary["scores"],
            recipe=recipe,
            version=registered.version if registered else None,
            model_uri=registered.model_uri if registered else None,
            digest=model.digest if model else None,
        )
    return summary


def _told(
    project: str, number: int, key: str, dataset: Dataset, judgement: Judgement, model: _Packed | None
) -> Registered | None:
    """The decision in MLflow; the model version, where there is one."""
    tracking = Tracking(project)
    tags = {
        "project": project,
        "parameter": judgement.parameter,
        "decision": str(number),
        "dataset": dataset.fingerprint,
    }
    scores = {score.name.partition(" (")[0].replace(" ", "_"): score for score in judgement.scores}
    run_id = tracking.log(
        Account(
            key=key,
            name=f"decision {number}",
            parameters={
                "family": judgement.recipe.family,
                **judgement.recipe.parameters,
                "rows": len(dataset.rows),
                "features": len(dataset.features),
                "horizon_hours": dataset.horizon_hours,
                "holdout_from": dataset.holdout_from.isoformat(),
            },
            metrics={
                f"holdout_{metric}.{name}": score.by(metric)
                for name, score in scores.items()
                for metric in ("rmse", "mae")
            },
            tags={**tags, "promoted": str(judgement.promoted).lower(), "words": judgement.words},
            trials=[
                Trial(
                    f"{one.family} {one.number}",
                    {"family": one.family, **one.parameters},
                    {"mean": one.mean, "fold": one.folds, "seconds": one.seconds},
                )
                for one in judgement.trials
            ],
        )
    )
    return tracking.register(run_id, key, model.package, {**tags, "digest": model.digest}) if model else None


def _place(project: str, number: int) -> str:
    return f"{project}/decisions/{number}/summary.json"


def _recall(project: str, found: Promotion) -> dict[str, Any]:
    """The summary that was kept.

    Raises:
        CheckFailed: it is gone from the lake.
    """
    body = objects.lake().get(_place(project, found.decision))
    if body is None:
        raise CheckFailed(
            f"decision {found.decision} of {project} was made, but its summary is gone from the lake; train again on "
            "newer data"
        )
    summary: dict[str, Any] = json.loads(body)
    return summary


if __name__ == "__main__":
    run(command)

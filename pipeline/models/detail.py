"""One model version in full: who decided for it and why, what it was measured against, and what it was made from, down
to the raw files."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.laptop.machine import LocalMachine
from pipeline.models.decisions import Decisions, decisions_of
from pipeline.models.listing import afterwards, local, period
from pipeline.project import Project, TableProject
from pipeline.quickstart.closing import scores
from pipeline.show.tables import table
from steps.backends import datasets, ledger, objects
from steps.backends.database import begin
from steps.backends.datasets import RawFile
from steps.backends.ledger import Upload
from steps.backends.promotions import Promotion
from steps.pages.words import one_line

_LABEL = 11  # characters


def shown(machine: LocalMachine, project: Project | TableProject, version: str, *, files: bool) -> str:
    """The story of a version, named as for `Decisions.version`; with `files` all the raw files that it was made from.

    Raises:
        UserError: there is no such version.
    """
    decisions = decisions_of(machine, project.name)
    made = decisions.version(version)
    machine.use("object-store")
    about = datasets.about(objects.lake(), project.name, str(made.fingerprint)) or {}
    sources = _sources(project, made)
    alias = ", champion" if made.version == decisions.champion else ""
    lines = [
        f"{project.name} version {made.version}{alias}",
        *_facts(decisions, made),
        _fact("since then", _afterwards(decisions, made, project.learning.gate.metric)),
        _fact("recipe", _recipe(made.recipe or {})),
        _fact("dataset", ", ".join([str(made.fingerprint), *_dataset(about)])),
        _fact("raw files", _summary(sources)),
        _fact("model", f"{made.model_uri}, digest {made.digest}"),
        *_tracked(decisions, made),
        *([decisions.note] if decisions.note else []),
        *(["", scores({"scores": made.scores, "unit": about.get("unit", "")}, "ROWS HELD OUT")] if made.scores else []),
        *(["", _table(sources)] if files and sources else []),
    ]
    return "\n".join(lines)


def _fact(label: str, words: str) -> str:
    return f"{label:<{_LABEL}}{words}"


def _facts(decisions: Decisions, made: Promotion) -> Iterator[str]:
    """Each decision for this version, the training's first: who made it, why, and when it was live."""
    for one in sorted((each for each in decisions.all if each.version == made.version), key=lambda each: each.decision):
        ended = one_line(one.ended or "")
        yield _fact("decision", ", ".join([str(one.decision), local(one.made_at), *_who(one)]))
        yield _fact("", one_line(one.words or ""))
        if trial := decisions.trial(one):
            yield _fact("trial", one_line(trial))
        elif one.live_at is not None:
            yield _fact("live", period(decisions, one) + (f", {ended}" if decisions.until(one) else ""))
        else:
            yield _fact("live", f"never: {ended}" if ended else "not yet")


def _who(one: Promotion) -> Iterator[str]:
    yield one_line(one.by or "by an unknown person")
    if one.run:
        yield f"run {one_line(one.run)}"


def _afterwards(decisions: Decisions, made: Promotion, metric: str) -> str:
    said = afterwards(decisions, made, metric)
    return "no later rows were scored yet" if said == "-" else f"{metric} {said} later rows"


def _recipe(recipe: dict[str, Any]) -> str:
    parameters = ", ".join(
        f"{name} {json.dumps(value)}" for name, value in sorted(recipe.get("parameters", {}).items())
    )
    features = recipe.get("features")
    chosen = "all features" if features is None else f"{len(features)} features"
    return f"{recipe.get('family', 'unknown')}: {parameters or 'no parameters'}; {chosen}"


def _dataset(about: dict[str, Any]) -> Iterator[str]:
    """What dataset.json says, in phrases."""
    if not about:
        yield "gone from the lake"
        return
    yield f"{about['rows']:,} rows"
    if "from" in about:
        yield f"targets from {about['from'][:16].replace('T', ' ')} to {about['to'][:16].replace('T', ' ')} UTC"
    if "sequence" in about:
        yield f"number {about['sequence']} of the history"
    yield str(about["parameter"])
    if "locations" in about:
        yield f"locations {' '.join(map(str, about['locations']))}"


def _tracked(decisions: Decisions, made: Promotion) -> Iterator[str]:
    if decisions.registry is not None and made.version is not None:
        run = decisions.registry.run(decisions.project, made.version)
        where = decisions.registry.page(decisions.project, made.version)
        yield _fact("MLflow", f"{where}, run {run}" if run else "the registry does not have this version")


def _sources(project: Project | TableProject, made: Promotion) -> Sequence[RawFile] | Sequence[Upload] | None:
    """The raw files of a series, or the uploads of a table; None if they were not recorded."""
    if made.sequence is None:
        return datasets.files(objects.lake(), project.name, str(made.fingerprint))
    with begin() as connection:
        return ledger.learned(connection, project.name, made.sequence)


def _summary(sources: Sequence[RawFile] | Sequence[Upload] | None) -> str:
    if not sources:
        return "not recorded: the dataset is gone, or older than this version of the pipeline"
    names = [_name(one) for one in sources]
    span = f"from {names[0]} to {names[-1]}" if len(names) > 1 else names[0]
    return f"{len(names):,}, {span}"


def _name(one: RawFile | Upload) -> str:
    return one.path.rpartition("/")[2] if isinstance(one, RawFile) else one_line(one.name)


def _table(sources: Sequence[RawFile] | Sequence[Upload]) -> str:
    """Where each file came from, its etag, and where its bytes are now."""
    rows = [
        (one.path, one.etag, f"s3://lake/{one.key}")
        if isinstance(one, RawFile)
        else (
            f"s3://{one.bucket}/{one_line(one.key)}",
            one.etag,
            f"s3://inbox/{one_line(one.place or '')}",
        )
        for one in sources
    ]
    return table(("RAW FILE", "ETAG", "WHERE IT IS"), rows)

"""The models of a project as a table: each decision that promoted one, what became of it, and who made it and why."""

from datetime import datetime

from pipeline.laptop.machine import LocalMachine
from pipeline.laptop.watched import watched, watched_line
from pipeline.models.decisions import Decisions, decisions_of
from pipeline.project import Project, TableProject
from pipeline.show.tables import table
from steps.backends.promotions import Promotion
from steps.pages.words import one_line, shortened

_HEADER = (
    *("VERSION", "ALIAS", "DECISION", "MADE", "DATASET", "PREDICTS"),
    *("SCORE", "BEST NAIVE", "SINCE THEN", "BY", "LIVE", "WHY"),
)
_WIDEST = 60
_HIGHER = {"accuracy", "macro_f1"}  # the metrics of which more is better


def listed(machine: LocalMachine, project: Project | TableProject, *, whole: bool) -> str:
    """The decisions that promoted a model, the newest first; with `whole` also those that kept the champion."""
    decisions = decisions_of(machine, project.name)
    shown = [one for one in decisions.all if one.promoted is not None and (one.promoted or whole)]
    if not shown:
        return _nothing(decisions, project)
    newest = next((one for one in decisions.all if one.live_at and one.version == decisions.champion), None)
    rows = [_row(decisions, one, project.learning.gate.metric, champion=one is newest) for one in shown]
    return "\n".join(filter(None, (table(_HEADER, rows), decisions.note, watched_line(watched(machine), project.name))))


def _nothing(decisions: Decisions, project: Project | TableProject) -> str:
    if decisions.all:
        return f"no model of {project.name} was promoted yet; why: pipeline models {project.name} --all"
    return f"no model of {project.name} yet; make one with: pipeline quickstart {project.name}"


def _row(decisions: Decisions, one: Promotion, metric: str, *, champion: bool) -> tuple[str, ...]:
    return (
        str(one.version or "-"),
        "champion" if champion else _standing(decisions, one),
        f"{one.decision}",
        local(one.made_at),
        (decisions.dataset(one) or "-")[:8],
        one_line(one.parameter),
        _score(one, metric),
        _best_naive(one, metric),
        afterwards(decisions, one, metric),
        one_line(one.by or "-"),
        _life(decisions, one),
        shortened(one_line(one.words or ""), _WIDEST),
    )


def _standing(decisions: Decisions, one: Promotion) -> str:
    trial = decisions.trials.get(one.decision)
    return "challenger" if trial is not None and trial.ended_at is None else ""


def _life(decisions: Decisions, one: Promotion) -> str:
    if not one.promoted:
        return "not promoted"
    if trial := decisions.trial(one):
        return one_line(trial)
    if one.live_at is not None:
        return period(decisions, one)
    return shortened(f"never: {one_line(one.ended)}", _WIDEST) if one.ended else "not yet"


def period(decisions: Decisions, one: Promotion) -> str:
    """When a decision was live, local time."""
    end = decisions.until(one)
    if end is not None:
        return f"{local(one.live_at)} – {local(end)}"
    return f"{local(one.live_at)} – {'now' if one.ended is None else shortened(one_line(one.ended), _WIDEST)}"


def _score(one: Promotion, metric: str) -> str:
    """The score of the recipe that was decided about."""
    released = "champion" if one.kind == "refresh" else "challenger"
    own = [score for name, score in _scores(one, metric) if name.startswith(released)]
    return f"{metric.upper()} {_number(own[-1], metric)}" if own else "-"


def _best_naive(one: Promotion, metric: str) -> str:
    naive = [(score, name) for name, score in _scores(one, metric) if not name.startswith(("challenger", "champion"))]
    if not naive:
        return "-"
    score, name = max(naive) if metric in _HIGHER else min(naive)
    return f"{_number(score, metric)} {name}"


def afterwards(decisions: Decisions, one: Promotion, metric: str) -> str:
    """How a model did on the rows that came after it was fitted, as of the last training while it was live."""
    found = decisions.afterwards(one.version)
    if found is None or metric not in found:
        return "-"
    return f"{_number(float(found[metric]), metric)} on {found['rows']:,}"


def _scores(one: Promotion, metric: str) -> list[tuple[str, float]]:
    return [(str(each["name"]), float(each[metric])) for each in one.scores or () if metric in each]


def _number(score: float, metric: str) -> str:
    return f"{score:.{3 if metric in _HIGHER else 2}f}"


def local(time: datetime | None) -> str:
    """A time on this machine's clock."""
    return f"{time.astimezone():%Y-%m-%d %H:%M}" if time else "-"

"""Measures: the numbers of a verdict under the names that MLflow shows.

A number by fold, by month or by hour is a metric with steps. MLflow allows letters, digits and `_ - . / :` in a name.
"""

import re
from collections.abc import Iterator
from itertools import chain

from steps.backends.tracking import Measured
from steps.summaries.decision import Verdict


def of(verdict: Verdict) -> dict[str, Measured]:
    """Everything that a decision's page draws, except the forecast and the answers row by row."""
    return dict(chain(_holdout(verdict), _folds(verdict), _errors(verdict)))


def _holdout(verdict: Verdict) -> Iterator[tuple[str, Measured]]:
    for score in verdict.scores:
        for metric, value in score.values.items():
            yield f"holdout_{metric}.{_name(score.name.partition(' (')[0])}", value
    if gain := verdict.bootstrap:
        yield "gain_over_champion.difference", gain.difference
        if gain.bound is not None:
            yield "gain_over_champion.bound", gain.bound
    if bands := verdict.bands:
        yield "band.nominal", bands.nominal
        yield "band.coverage", bands.coverage
        if bands.by_month:
            yield "band.coverage_by_month", [month.coverage for month in bands.by_month]
        if bands.width is not None:
            yield "band.width", bands.width


def _folds(verdict: Verdict) -> Iterator[tuple[str, Measured]]:
    if verdict.folds:
        yield f"fold_{verdict.metric}.challenger", [fold.score for fold in verdict.folds]
        for name in verdict.folds[0].naive:
            yield f"fold_{verdict.metric}.{_name(name)}", [fold.naive[name] for fold in verdict.folds]


def _errors(verdict: Verdict) -> Iterator[tuple[str, Measured]]:
    """Residuals, truth less answer; by hour the step is the hour."""
    for kind in ("mean", "sd"):
        if verdict.residuals:
            yield f"residual_{kind}.all", getattr(verdict.residuals, kind)
        for group, rows in verdict.residual_groups.items():
            if group == "hour":
                yield f"residual_{kind}.hour", {int(one.group): getattr(one, kind) for one in rows}
            else:
                yield from ((f"residual_{kind}.{group}.{_name(one.group)}", getattr(one, kind)) for one in rows)


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", text)

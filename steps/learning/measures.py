"""Measures: the numbers of a judgement under the names that MLflow shows them by.

A number by fold, by month or by hour is a metric with steps. MLflow allows letters, digits and `_ - . / :` in a name.
"""

import re
from collections.abc import Iterator

from steps.backends.tracking import Measured
from steps.learning.judge import Judgement


def of(judgement: Judgement) -> dict[str, Measured]:
    """All that a decision's page draws, but for the forecast and the answers row by row."""
    return {**_holdout(judgement), **dict(_folds(judgement)), **dict(_errors(judgement))}


def _holdout(judgement: Judgement) -> dict[str, Measured]:
    found: dict[str, Measured] = {
        f"holdout_{metric}.{_name(score.name.partition(' (')[0])}": value
        for score in judgement.scores
        for metric, value in score.values.items()
    }
    if judgement.bootstrap:
        found["gain_over_champion.difference"] = judgement.bootstrap.difference
        if judgement.bootstrap.bound is not None:
            found["gain_over_champion.bound"] = judgement.bootstrap.bound
    if judgement.bands:
        found["band.nominal"] = judgement.bands.nominal
        found["band.coverage"] = judgement.bands.coverage
        found["band.width"] = judgement.bands.width
        found["band.coverage_by_month"] = [share for _, share, _ in judgement.bands.by_month]
    return found


def _folds(judgement: Judgement) -> Iterator[tuple[str, Measured]]:
    if judgement.folds:
        yield f"fold_{judgement.metric}.challenger", [fold["score"] for fold in judgement.folds]
        for name in judgement.folds[0]["naive"]:
            yield f"fold_{judgement.metric}.{_name(name)}", [fold["naive"][name] for fold in judgement.folds]


def _errors(judgement: Judgement) -> Iterator[tuple[str, Measured]]:
    """Residuals, truth less answer; by hour the step is the hour."""
    for kind in ("mean", "sd"):
        if judgement.residuals:
            yield f"residual_{kind}.all", judgement.residuals[kind]
        for group, rows in judgement.residual_groups.items():
            if group == "hour":
                yield f"residual_{kind}.hour", {int(one["group"]): one[kind] for one in rows}
            else:
                yield from ((f"residual_{kind}.{group}.{_name(one['group'])}", one[kind]) for one in rows)


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", text)

"""Scores on the holdout, which nothing was chosen by: the new model beside the naive predictors and the champion."""

from collections.abc import Sequence

from steps.pages.markup import Child, Markup, tag
from steps.pages.metrics import Metric, beside, deciding
from steps.pages.parts import note, section, table
from steps.pages.plot import at, legend
from steps.pages.words import names, percent, quantity
from steps.summaries.decision import Decision, Score

_ROW = 46
_LONGEST = 0.84  # of the width; the rest holds the number


def scores(decision: Decision) -> Markup:
    """Error of each predictor: a picture, what it says, and a table."""
    found, unit = decision.scores, decision.unit
    metric, other = deciding(decision), beside(decision)
    part = "rows" if decision.of_table else "the last stretch of time"
    looks = decision.holdout_looks
    better = "Longer" if metric.higher else "Shorter"
    return section(
        "scores",
        "Against the naive predictors",
        f"{'Scores' if metric.higher else 'Error'} on {part} that took no part in choosing. {better} is better."
        + (f" They have been looked at {looks} times." if looks > 1 else ""),
        legend(("naive", metric.label), *([("light", other.label)] if other else [])),
        _bars(found, unit, metric, other),
        note(_caption(found, unit, metric)) if found else None,
        _table(found, unit, metric, other),
    )


def _bars(found: Sequence[Score], unit: str, metric: Metric, other: Metric | None) -> Markup:
    longest = max((score.by(metric.name) for score in found), default=1.0) or 1.0
    words = "; ".join(f"{score.name} {metric.formatted(score.by(metric.name))}" for score in found)
    return tag(
        "svg",
        tag("title", f"{metric.label} of each predictor on the holdout"),
        tag("desc", f"{metric.titled(unit)}: {words}."),
        *(_bar(score, metric, other, unit, top=index * _ROW, longest=longest) for index, score in enumerate(found)),
        class_="bars",
        role="img",
        height=len(found) * _ROW,
    )


def _bar(score: Score, metric: Metric, other: Metric | None, unit: str, *, top: int, longest: float) -> Markup:
    """The name of a predictor, its score as a bar with the number behind it, and a thin bar for the other metric."""
    name, value, kind = score.name, score.by(metric.name), _kind(score.name)
    share = _LONGEST * value / longest
    thin = at(_LONGEST * score.by(other.name) / longest) if other else None
    return tag(
        "g",
        tag("title", f"{name}: {metric.formatted(value)} ({metric.titled(unit)})"),
        tag("text", name, y=top + 13, class_="strong" if name.startswith("challenger") else None),
        tag("rect", y=top + 20, width=at(share), height=14, class_=kind),
        tag("rect", y=top + 36, width=thin, height=4, class_=f"{kind} mae") if thin else None,
        tag("text", metric.formatted(value), x=at(share), y=top + 31, dx=8, class_="strong"),
    )


def _table(found: Sequence[Score], unit: str, metric: Metric, other: Metric | None) -> Markup:
    reference = found[0].by(metric.name) if found else 0.0
    columns = [
        "Predictor",
        f"#{metric.titled(unit)}",
        *([f"#{other.titled(unit)}"] if other else []),
        f"#against {found[0].name}" if found else "#",
        "#Rows",
    ]
    return table(columns, [_row(score, reference, metric, other) for score in found], "Scores on the holdout")


def _row(score: Score, reference: float, metric: Metric, other: Metric | None) -> list[Child]:
    name, value = score.name, score.by(metric.name)
    change = value / reference - 1 if reference else 0.0
    said = "–" if abs(change) < 5e-5 else f"{'+' if change > 0 else ''}{percent(change, 1)}"
    own = name.startswith("challenger")
    return [
        tag("b", name) if own else name,
        tag("b", metric.formatted(value)) if own else metric.formatted(value),
        *([other.formatted(score.by(other.name))] if other else []),
        said,
        "–" if score.rows is None else quantity(score.rows),
    ]


def _caption(found: Sequence[Score], unit: str, metric: Metric) -> str:
    """The last predictor, the new one, compared with each of the others."""
    *others, own = found
    value = own.by(metric.name)
    compared = [f"{_beside(value, other.by(metric.name), metric)} {other.name}" for other in others]
    said = f"{own.name}: {metric.label} {metric.formatted(value)} {unit if metric.measured else ''}".rstrip()
    return f"{said}, {names(compared)}." if compared else f"{said}."


def _beside(value: float, other: float, metric: Metric) -> str:
    where = "above" if value > other else "below"
    if not metric.measured:
        return f"{quantity(100 * abs(value - other), 1)} points {where}"
    return f"{percent(abs(value / other - 1), 1)} {where}" if other else "beside 0 of"


def _kind(name: str) -> str:
    return next((kind for kind in ("challenger", "champion") if name.startswith(kind)), "naive")

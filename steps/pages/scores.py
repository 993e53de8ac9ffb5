"""Scores: the holdout, on which nothing was chosen: the new model beside the naive predictors and the champion."""

from steps.pages.fields import Fields
from steps.pages.markup import Child, Markup, tag
from steps.pages.metrics import Metric, beside, deciding
from steps.pages.parts import note, section, table
from steps.pages.plot import at, legend
from steps.pages.words import names, percent, quantity

_ROW = 46
_LONGEST = 0.84  # of the width: what is left holds the number


def scores(decision: Fields) -> Markup:
    """Error of each predictor: a picture, what it says, and a table."""
    rows = decision.objects("scores")
    unit = decision.text_or("unit")
    metric, other = deciding(decision), beside(decision)
    part = "rows" if "answers" in decision and "truth" in decision.inner("answers") else "the last stretch of time"
    better = "Longer" if metric.higher else "Shorter"
    return section(
        "scores",
        "Against the naive predictors",
        f"{'Scores' if metric.higher else 'Error'} on {part} that took no part in choosing. {better} is better."
        + _looked(decision),
        legend(("naive", metric.label), *([("light", other.label)] if other else [])),
        _bars(rows, unit, metric, other),
        note(_caption(rows, unit, metric)) if rows else None,
        _table(rows, unit, metric, other),
    )


def _looked(fields: Fields) -> str:
    """A table's holdout stays while data come, so it is said how often it has been looked at."""
    times = fields.whole("looked") if "looked" in fields else 1
    return f" They have been looked at {times} times by now." if times > 1 else ""


def _bars(rows: list[Fields], unit: str, metric: Metric, other: Metric | None) -> Markup:
    longest = max((row.number(metric.name) for row in rows), default=1.0) or 1.0
    drawn = []
    for index, row in enumerate(rows):
        name, value = row.text("name"), row.number(metric.name)
        share = _LONGEST * value / longest
        top = index * _ROW
        second = (
            tag(
                "rect",
                y=top + 36,
                width=at(_LONGEST * row.number(other.name) / longest),
                height=4,
                class_=f"{_kind(name)} mae",
            )
            if other
            else None
        )
        drawn.append(
            tag(
                "g",
                tag("title", f"{name}: {metric.told(value)} ({metric.titled(unit)})"),
                tag("text", name, y=top + 13, class_="strong" if name.startswith("challenger") else None),
                tag("rect", y=top + 20, width=at(share), height=14, class_=_kind(name)),
                second,
                tag("text", metric.told(value), x=at(share), y=top + 31, dx=8, class_="strong"),
            )
        )
    words = "; ".join(f"{row.text('name')} {metric.told(row.number(metric.name))}" for row in rows)
    return tag(
        "svg",
        tag("title", f"{metric.label} of each predictor on the holdout"),
        tag("desc", f"{metric.titled(unit)}: {words}."),
        *drawn,
        class_="bars",
        role="img",
        height=len(rows) * _ROW,
    )


def _table(rows: list[Fields], unit: str, metric: Metric, other: Metric | None) -> Markup:
    reference = rows[0].number(metric.name) if rows else 0.0
    columns = [
        "Predictor",
        f"#{metric.titled(unit)}",
        *([f"#{other.titled(unit)}"] if other else []),
        f"#against {rows[0].text('name')}" if rows else "#",
        "#Rows",
    ]
    return table(columns, [_row(row, reference, metric, other) for row in rows], "Scores on the holdout")


def _row(row: Fields, reference: float, metric: Metric, other: Metric | None) -> list[Child]:
    name, value = row.text("name"), row.number(metric.name)
    change = value / reference - 1 if reference else 0.0
    said = "–" if abs(change) < 5e-5 else f"{'+' if change > 0 else ''}{percent(change, 1)}"
    own = name.startswith("challenger")
    return [
        tag("b", name) if own else name,
        tag("b", metric.told(value)) if own else metric.told(value),
        *([other.told(row.number(other.name))] if other else []),
        said,
        quantity(row.number("rows")) if "rows" in row else "–",
    ]


def _caption(rows: list[Fields], unit: str, metric: Metric) -> str:
    """The last predictor, which is the new one, beside each of the others."""
    *others, own = rows
    value = own.number(metric.name)
    told = [f"{_beside(value, other.number(metric.name), metric)} {other.text('name')}" for other in others]
    said = f"{own.text('name')}: {metric.label} {metric.told(value)} {unit if metric.measured else ''}".rstrip()
    return f"{said}, {names(told)}." if told else f"{said}."


def _beside(value: float, other: float, metric: Metric) -> str:
    where = "above" if value > other else "below"
    if not metric.measured:
        return f"{quantity(100 * abs(value - other), 1)} points {where}"
    return f"{percent(abs(value / other - 1), 1)} {where}" if other else "beside 0 of"


def _kind(name: str) -> str:
    return next((kind for kind in ("challenger", "champion") if name.startswith(kind)), "naive")

"""Scores: the holdout, on which nothing was chosen: the new model beside the naive predictors and the champion."""

from pipeline.report.fields import Fields
from pipeline.report.markup import Child, Markup, tag
from pipeline.report.metrics import Metric, beside, deciding
from pipeline.report.parts import facts, section, table
from pipeline.report.plot import at, legend
from pipeline.report.story import Story
from pipeline.report.words import percent, quantity

_ROW = 46
_LONGEST = 0.84  # of the width: what is left holds the number


def scores(story: Story) -> Markup:
    """Error of each predictor: a picture, a table, and the comparison with the champion where there was one."""
    fields = story.latest("decision").fields
    rows = fields.objects("scores")
    unit = fields.text_or("unit")
    metric, other = deciding(fields), beside(fields)
    part = "rows" if "answers" in fields and "truth" in fields.inner("answers") else "the last stretch of time"
    better = "Longer" if metric.higher else "Shorter"
    return section(
        "scores",
        "Against the naive predictors",
        f"{'Scores' if metric.higher else 'Error'} on {part} that took no part in choosing. {better} is better."
        + _looked(fields),
        legend(("naive", metric.label), *([("light", other.label)] if other else [])),
        _bars(rows, unit, metric, other),
        _table(rows, unit, metric, other),
        _bootstrap(fields, unit),
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


def _bootstrap(fields: Fields, unit: str) -> Markup | None:
    if "bootstrap" not in fields:
        return None
    found = fields.inner("bootstrap")
    of = f", {unit}" if unit else ""
    names = {"difference": f"Gain over the champion{of}", "bound": f"Its lower bound{of}"}
    pairs = [
        (names.get(name, name.replace("_", " ").capitalize()), _value(found.raw(name)))
        for name in found
        if isinstance(found.raw(name), str | int | float | bool)
    ]
    return facts([("Block bootstrap", "against the champion"), *pairs])


def _value(value: object) -> str:
    return f"{value:.3g}".replace("-", "−") if isinstance(value, float) else str(value)


def _kind(name: str) -> str:
    return next((kind for kind in ("challenger", "champion") if name.startswith(kind)), "naive")

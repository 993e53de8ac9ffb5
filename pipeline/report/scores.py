"""Scores: the holdout, on which nothing was chosen: the new model beside the naive predictors and the champion."""

from pipeline.report.fields import Fields
from pipeline.report.markup import Child, Markup, tag
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
    return section(
        "scores",
        "Against the naive predictors",
        "Error on the last stretch of time, which took no part in choosing. Shorter is better.",
        legend(("naive", "RMSE"), ("light", "MAE")),
        _bars(rows, unit),
        _table(rows, unit),
        _bootstrap(fields, unit),
    )


def _bars(rows: list[Fields], unit: str) -> Markup:
    longest = max((row.number("rmse") for row in rows), default=1.0) or 1.0
    drawn = []
    for index, row in enumerate(rows):
        name, rmse = row.text("name"), row.number("rmse")
        share = _LONGEST * rmse / longest
        top = index * _ROW
        mae = (
            tag(
                "rect",
                y=top + 36,
                width=at(_LONGEST * row.number("mae") / longest),
                height=4,
                class_=f"{_kind(name)} mae",
            )
            if "mae" in row
            else None
        )
        drawn.append(
            tag(
                "g",
                tag("title", f"{name}: RMSE {quantity(rmse, 2)} {unit}"),
                tag("text", name, y=top + 13, class_="strong" if name.startswith("challenger") else None),
                tag("rect", y=top + 20, width=at(share), height=14, class_=_kind(name)),
                mae,
                tag("text", quantity(rmse, 2), x=at(share), y=top + 31, dx=8, class_="strong"),
            )
        )
    words = "; ".join(f"{row.text('name')} {quantity(row.number('rmse'), 2)}" for row in rows)
    return tag(
        "svg",
        tag("title", "Error of each predictor on the holdout"),
        tag("desc", f"RMSE in {unit}: {words}."),
        *drawn,
        class_="bars",
        role="img",
        height=len(rows) * _ROW,
    )


def _table(rows: list[Fields], unit: str) -> Markup:
    reference = rows[0].number("rmse") if rows else 0.0
    columns = [
        "Predictor",
        f"#RMSE, {unit}",
        f"#MAE, {unit}",
        f"#against {rows[0].text('name')}" if rows else "#",
        "#Rows",
    ]
    return table(columns, [_row(row, reference) for row in rows], "Scores on the holdout")


def _row(row: Fields, reference: float) -> list[Child]:
    name, rmse = row.text("name"), row.number("rmse")
    change = rmse / reference - 1 if reference else 0.0
    said = "–" if abs(change) < 5e-5 else f"{'+' if change > 0 else ''}{percent(change, 1)}"
    own = name.startswith("challenger")
    return [
        tag("b", name) if own else name,
        tag("b", quantity(rmse, 2)) if own else quantity(rmse, 2),
        quantity(row.number("mae"), 2) if "mae" in row else "–",
        said,
        quantity(row.number("rows")) if "rows" in row else "–",
    ]


def _bootstrap(fields: Fields, unit: str) -> Markup | None:
    if "bootstrap" not in fields:
        return None
    found = fields.inner("bootstrap")
    names = {"difference": f"Gain over the champion, {unit}", "bound": f"Its lower bound, {unit}"}
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

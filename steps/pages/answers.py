"""Answers: what the new model said about the rows of a table's holdout, beside what is true."""

from collections import Counter

from steps.pages.fields import Absent, Fields, Unreadable
from steps.pages.markup import Child, Markup, tag
from steps.pages.parts import section, table
from steps.pages.plot import legend, line, plot
from steps.pages.scale import around
from steps.pages.words import parameter_name, quantity


def answers(decision: Fields) -> Markup:
    """Points around the diagonal for numbers, a table of counts for classes."""
    found = decision.inner("answers") if "answers" in decision else Fields({})
    if "truth" not in found:
        raise Absent("the decision was made on a series.")
    truth = [value for value in found.numbers("truth") if value is not None]
    said = [value for value in found.numbers("answer") if value is not None]
    if len(truth) != len(said):
        raise Unreadable(f"{found.where}: got {len(truth)} true values and {len(said)} answers")
    subject, unit = parameter_name(decision.text("parameter")), decision.text_or("unit")
    if decision.text_or("task") == "classification":
        note = f"How many of {len(truth)} held-out rows of each class were given which class."
        return section("answers", "Answers and truth", note, _counts(truth, said))
    note = f"{len(truth)} held-out rows, none of which the model had seen. On the line the answer is right."
    return section("answers", "Answers and truth", note, *_points(truth, said, subject, unit))


def _points(truth: list[float], said: list[float], subject: str, unit: str) -> tuple[Markup, Markup]:
    x, x_ticks = around([*truth, *said])
    y, y_ticks = x, x_ticks
    pairs = [(x.share(true), y.share(answer)) for true, answer in zip(truth, said, strict=True)]
    dots = [point for place, value in pairs for point in ((place, value), (place, None))]
    drawn = plot(
        f"Answers beside the truth: {subject}",
        f"{len(truth)} points; across, what is true, and up, what the model said, both in {unit}.",
        line([(0.0, 0.0), (1.0, 1.0)], "truth"),
        line(dots, "dots"),
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        unit=f"answer, {unit}",
        height=320,
    )
    return legend(("dots", "a row: truth across, answer up"), ("truth", "right")), drawn


def _counts(truth: list[float], said: list[float]) -> Markup:
    classes = sorted({*truth, *said})
    found = Counter(zip(truth, said, strict=True))
    rows: list[list[Child]] = [
        [quantity(true), *(_cell(found[true, answer], true == answer) for answer in classes)] for true in classes
    ]
    return table(["Truth", *(f"#said {quantity(each)}" for each in classes)], rows, "Truth and answers by class")


def _cell(count: int, right: bool) -> Child:
    return tag("b", quantity(count)) if right else quantity(count) if count else "·"

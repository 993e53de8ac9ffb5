"""Answers: the new model's answers to the rows of a table's holdout, beside the truth."""

from collections import Counter
from collections.abc import Sequence

from steps.pages.markup import Child, Markup, tag
from steps.pages.parts import section, table
from steps.pages.plot import legend, line, plot
from steps.pages.scale import around
from steps.pages.words import parameter_name, quantity
from steps.summaries.base import Absent, Unreadable
from steps.summaries.decision import Decision


def answers(decision: Decision) -> Markup:
    """Points around the diagonal for numbers, a table of counts for classes."""
    if not decision.of_table:
        raise Absent
    truth, said = decision.answers.truth, decision.answers.answer
    if len(truth) != len(said):
        raise Unreadable(f"summary.answers: got {len(truth)} true values and {len(said)} answers")
    if decision.task == "classification":
        note = f"How many of {len(truth)} held-out rows of each class were given which class."
        return section("answers", "Answers and truth", note, _counts(truth, said))
    note = f"{len(truth)} held-out rows, none of which the model had seen. On the line the answer is right."
    drawn = _points(truth, said, parameter_name(decision.parameter), decision.unit)
    return section("answers", "Answers and truth", note, *drawn)


def _points(truth: Sequence[float], said: Sequence[float], subject: str, unit: str) -> tuple[Markup, Markup]:
    scale, ticks = around([*truth, *said])
    pairs = [(scale.share(true), scale.share(answer)) for true, answer in zip(truth, said, strict=True)]
    dots = [point for place, value in pairs for point in ((place, value), (place, None))]
    drawn = plot(
        f"Answers beside the truth: {subject}",
        f"{len(truth)} points; across, what is true, and up, what the model said, both in {unit}.",
        line([(0.0, 0.0), (1.0, 1.0)], "truth"),
        line(dots, "dots"),
        x_ticks=ticks,
        y_ticks=ticks,
        unit=f"answer, {unit}",
        height=320,
    )
    return legend(("dots", "a row: truth across, answer up"), ("truth", "right")), drawn


def _counts(truth: Sequence[float], said: Sequence[float]) -> Markup:
    classes = sorted({*truth, *said})
    found = Counter(zip(truth, said, strict=True))
    rows: list[list[Child]] = [
        [quantity(true), *(_cell(found[true, answer], true == answer) for answer in classes)] for true in classes
    ]
    return table(["Truth", *(f"#said {quantity(each)}" for each in classes)], rows, "Truth and answers by class")


def _cell(count: int, right: bool) -> Child:
    if right:
        return tag("b", quantity(count))
    return quantity(count) if count else "·"

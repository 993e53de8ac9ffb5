"""Folds: how the winner and the naive predictors did, fold by fold."""

from collections.abc import Sequence

from steps.pages.markup import Child, Markup, tag
from steps.pages.metrics import Metric, deciding
from steps.pages.parts import figure, section, table
from steps.pages.plot import apart, at, line, marker, plot
from steps.pages.scale import Tick, around
from steps.pages.words import count, names, quantity, shortened
from steps.summaries.base import Unreadable
from steps.summaries.decision import Decision, Fold

_HEIGHT = 230
_OWN = "challenger"
_Scores = dict[str, list[float]]  # by predictor, fold by fold


def folds(decision: Decision) -> Markup | None:
    """A line for each predictor, with its name at the end; None if the summary has no folds."""
    found = decision.folds
    if not found:
        return None
    metric, unit = deciding(decision), decision.unit
    scores = _scores(found)
    timed = all(fold.first and fold.last for fold in found)
    kind = "rolling-origin folds: each is scored by a model of what came before it" if timed else "folds"
    return section(
        "folds",
        "Fold by fold",
        f"The recipe was chosen by its mean over {kind}. {'Higher' if metric.higher else 'Lower'} is better.",
        figure(
            None, _picture(found, scores, metric, unit), _caption(scores, metric), _table(found, scores, metric, timed)
        ),
    )


def _scores(found: Sequence[Fold]) -> _Scores:
    naive = list(found[0].naive)
    for index, fold in enumerate(found):
        if set(fold.naive) != set(naive):
            raise Unreadable(f"summary.folds[{index}].naive: got {names(list(fold.naive))}, wanted {names(naive)}")
    return {_OWN: [fold.score for fold in found], **{name: [fold.naive[name] for fold in found] for name in naive}}


def _picture(found: Sequence[Fold], scores: _Scores, metric: Metric, unit: str) -> Markup:
    y, y_ticks = around([value for values in scores.values() for value in values])
    places = [(index + 0.5) / len(found) for index in range(len(found))]
    x_ticks = [
        Tick(x, f"{fold.last:%b %y}" if fold.last else str(index + 1), minor=bool(index % 2))
        for index, (x, fold) in enumerate(zip(places, found, strict=True))
    ]
    ends = apart([y.share(values[-1]) for values in scores.values()], 15 / _HEIGHT)
    marks = []
    for index, ((name, values), end) in enumerate(zip(scores.items(), ends, strict=True)):
        shares = [y.share(value) for value in values]
        marks += [
            line(list(zip(places, shares, strict=True)), f"series s{index % 4}"),
            tag(
                "g",
                *(marker(x, share, index, "mark") for x, share in zip(places, shares, strict=True)),
                class_=f"f{index % 4}",
            ),
            tag("text", shortened(name, 16), x=at(places[-1]), dx=12, y=at(1 - end), dy="0.35em", class_="strong"),
        ]
    return plot(
        "Score on each fold",
        f"{metric.titled(unit)}, a line for each of {names(list(scores))}.",
        *marks,
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        unit=metric.titled(unit),
        height=_HEIGHT,
        class_="plot labelled",
    )


def _caption(scores: _Scores, metric: Metric) -> str:
    own, others = scores[_OWN], {name: values for name, values in scores.items() if name != _OWN}
    ahead = [
        f"{name} on {sum(metric.better(mine, its) for mine, its in zip(own, values, strict=True))}"
        for name, values in others.items()
    ]
    span = f"The challenger’s {metric.label} is from {metric.formatted(min(own))} to {metric.formatted(max(own))}"
    return f"{span}; of {count(len(own), 'fold')} it beats {names(ahead)}." if ahead else f"{span}."


def _table(found: Sequence[Fold], scores: _Scores, metric: Metric, timed: bool) -> Markup:
    rows: list[list[Child]] = [
        [
            str(index + 1),
            *([f"{fold.first:%Y-%m-%d}", f"{fold.last:%Y-%m-%d}"] if timed else []),
            quantity(fold.rows),
            *(metric.formatted(values[index]) for values in scores.values()),
        ]
        for index, fold in enumerate(found)
    ]
    columns = ["Fold", *(["From", "To"] if timed else []), "#Rows", *(f"#{name}" for name in scores)]
    return table(columns, rows, f"{metric.label} on each fold")

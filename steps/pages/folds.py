"""Folds: how the winner and the naive predictors did on each, one after the other."""

from steps.pages.fields import Fields
from steps.pages.markup import Child, Markup, tag
from steps.pages.metrics import Metric, deciding
from steps.pages.parts import figure, section, table
from steps.pages.plot import apart, at, line, marker, plot
from steps.pages.scale import Tick, around
from steps.pages.words import count, names, quantity, shortened

_HEIGHT = 230
_OWN = "challenger"


def folds(decision: Fields) -> Markup | None:
    """A line for each predictor, with its name at the end; None where the summary has no folds."""
    found = decision.objects("folds") if "folds" in decision else []
    if not found:
        return None
    metric, unit = deciding(decision), decision.text_or("unit")
    scores = {_OWN: [fold.number("score") for fold in found]}
    for name in found[0].inner("naive"):
        scores[name] = [fold.inner("naive").number(name) for fold in found]
    kind = "rolling-origin folds: each is scored by a model of what came before it" if _timed(found) else "folds"
    return section(
        "folds",
        "Fold by fold",
        f"The recipe was chosen by its mean over {kind}. {'Higher' if metric.higher else 'Lower'} is better.",
        figure(None, _picture(found, scores, metric, unit), _caption(scores, metric), _table(found, scores, metric)),
    )


def _picture(found: list[Fields], scores: dict[str, list[float]], metric: Metric, unit: str) -> Markup:
    y, y_ticks = around([value for values in scores.values() for value in values])
    places = [(index + 0.5) / len(found) for index in range(len(found))]
    x_ticks = [
        Tick(x, _label(index, fold), minor=bool(index % 2))
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


def _caption(scores: dict[str, list[float]], metric: Metric) -> str:
    own, others = scores[_OWN], {name: values for name, values in scores.items() if name != _OWN}
    ahead = [
        f"{name} on {sum(metric.better(mine, its) for mine, its in zip(own, values, strict=True))}"
        for name, values in others.items()
    ]
    told = f"The challenger’s {metric.label} is from {metric.told(min(own))} to {metric.told(max(own))}"
    return f"{told}; of {count(len(own), 'fold')} it beats {names(ahead)}." if ahead else f"{told}."


def _table(found: list[Fields], scores: dict[str, list[float]], metric: Metric) -> Markup:
    timed = _timed(found)
    rows: list[list[Child]] = [
        [
            str(index + 1),
            *([f"{fold.time('from'):%Y-%m-%d}", f"{fold.time('to'):%Y-%m-%d}"] if timed else []),
            quantity(fold.number("rows")),
            *(metric.told(values[index]) for values in scores.values()),
        ]
        for index, fold in enumerate(found)
    ]
    columns = ["Fold", *(["From", "To"] if timed else []), "#Rows", *(f"#{name}" for name in scores)]
    return table(columns, rows, f"{metric.label} on each fold")


def _label(index: int, fold: Fields) -> str:
    return f"{fold.time('to'):%b %y}" if "to" in fold else str(index + 1)


def _timed(found: list[Fields]) -> bool:
    return all("from" in fold and "to" in fold for fold in found)

"""Trials: every recipe that was tried, and how its score moved from fold to fold."""

from collections.abc import Sequence

from steps.pages.markup import Child, Markup, tag
from steps.pages.metrics import Metric, deciding
from steps.pages.parts import note, section, spent, table, unfolds
from steps.pages.plot import at, column, marker, plot, upright
from steps.pages.scale import Scale, Tick, around
from steps.pages.words import count, names, quantity
from steps.summaries.decision import Decision, Trial


def trials(decision: Decision) -> Markup:
    """A picture by family, what was chosen, and the table."""
    if not decision.trials:
        return section("trials", "Trials", None, note("Not kept."))
    unit, metric = decision.unit, deciding(decision)
    ranked = sorted(decision.trials, key=lambda trial: -trial.mean if metric.higher else trial.mean)
    families: dict[str, list[Trial]] = {}
    for trial in decision.trials:
        families.setdefault(trial.family, []).append(trial)
    best = ranked[0]
    folds = max(len(trial.folds) for trial in ranked)
    return section(
        "trials",
        "Trials",
        f"Each mark is a recipe's mean {metric.label} over {count(folds, 'fold')} of the training part, its line the "
        f"spread of the folds. {'Higher' if metric.higher else 'Lower'} is better.",
        tag(
            "p",
            f"Best of {count(len(ranked), 'trial')}: ",
            tag("b", _name(best)),
            f", {metric.formatted(best.mean)}{f' {unit}' if unit and metric.measured else ''} ({_recipe(best)}).",
        ),
        _picture(families, best, metric.titled(unit)),
        unfolds(f"All {len(ranked)} trials, best first", _table(ranked, metric, unit)),
    )


def _picture(families: dict[str, list[Trial]], best: Trial, unit: str) -> Markup:
    """The families side by side, each trial in a slot of its own and an empty slot between two families."""
    found = [trial for members in families.values() for trial in members]
    slots = len(found) + len(families) - 1
    y, y_ticks = around([value for trial in found for value in (*trial.folds, trial.mean)])
    marks, hits, x_ticks, slot = [], [], [], 0
    for index, (family, members) in enumerate(families.items()):
        x_ticks.append(Tick((slot + len(members) / 2) / slots, f"{family} · {len(members)}"))
        for trial in sorted(members, key=lambda trial: trial.number):
            x = (slot + 0.5) / slots
            marks += _marks(trial, x, y, index, "mark best" if trial is best else "mark")
            hits.append(
                column(x - 0.5 / slots, 1 / slots, f"{_name(trial)}: {quantity(trial.mean, 3)}\n{_recipe(trial)}")
            )
            slot += 1
        slot += 1
    level = at(1 - y.share(best.mean))
    return plot(
        "Mean score of each trial, by family",
        f"{unit}: {names(_spans(families))}. Best: {_name(best)}, {quantity(best.mean, 2)}.",
        tag("line", x2="100%", y1=level, y2=level, class_="rule"),
        *marks,
        *hits,
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        unit=unit,
        height=240,
    )


def _marks(trial: Trial, x: float, y: Scale, family: int, class_: str) -> list[Markup]:
    """The line over a trial's folds, a dot for each, and the mark at their mean."""
    points = [y.share(value) for value in trial.folds]
    own = f"f{family % 4}"
    dots = [tag("circle", cx=at(x), cy=at(1 - point), r=1.8, class_="fold") for point in points]
    mark = tag("g", *dots, marker(x, y.share(trial.mean), family, class_), class_=own)
    return [tag("g", upright(x, min(points), max(points), "folds"), class_=own), mark] if points else [mark]


def _spans(families: dict[str, list[Trial]]) -> list[str]:
    means = {family: [trial.mean for trial in members] for family, members in families.items()}
    return [f"{family} from {quantity(min(found), 2)} to {quantity(max(found), 2)}" for family, found in means.items()]


def _table(ranked: Sequence[Trial], metric: Metric, unit: str) -> Markup:
    best = ranked[0]
    rows: list[list[Child]] = [
        [
            tag("b", _name(trial), tag("span", "chosen", class_="tag"), class_="nowrap")
            if trial is best
            else _name(trial),
            quantity(trial.mean, 3),
            "" if trial is best else f"{'−' if metric.higher else '+'}{quantity(abs(trial.mean - best.mean), 3)}",
            f"{quantity(min(trial.folds), metric.digits - 1)} – {quantity(max(trial.folds), metric.digits - 1)}"
            if trial.folds
            else "–",
            spent(trial.seconds),
            tag("span", _recipe(trial), class_="recipe"),
        ]
        for trial in ranked
    ]
    columns = ["Trial", f"#{metric.titled(unit)}", "#to the best", "#Folds", "#Time", "Parameters"]
    return table(columns, rows, "All trials, best first")


def _name(trial: Trial) -> str:
    return f"{trial.family} {trial.number}"


def _recipe(trial: Trial) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in trial.parameters.items())


def _short(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)

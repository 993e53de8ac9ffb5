"""Trials: every recipe that was tried, and how its score moved from fold to fold."""

from dataclasses import dataclass

from steps.pages.fields import Fields
from steps.pages.markup import Child, Markup, tag
from steps.pages.metrics import Metric, deciding
from steps.pages.parts import note, section, spent, table, unfolds
from steps.pages.plot import at, column, marker, plot, upright
from steps.pages.scale import Tick, around
from steps.pages.words import count, names, quantity


@dataclass(frozen=True)
class Trial:
    """One recipe and its scores."""

    family: str
    number: int
    mean: float
    folds: list[float]
    seconds: float | None
    parameters: dict[str, str]

    @property
    def name(self) -> str:
        """Its family and number."""
        return f"{self.family} {self.number}"


def trials(decision: Fields) -> Markup:
    """A picture by family, what was chosen, and the table."""
    unit = decision.text_or("unit")
    metric = deciding(decision)
    found = [_trial(one) for one in decision.objects("trials")]
    if not found:
        return section("trials", "Trials", None, note("Not kept."))
    families = list(dict.fromkeys(trial.family for trial in found))
    found.sort(key=lambda trial: -trial.mean if metric.higher else trial.mean)
    best = found[0]
    found.sort(key=lambda trial: (families.index(trial.family), trial.number))
    folds = max(len(trial.folds) for trial in found)
    return section(
        "trials",
        "Trials",
        f"Each mark is a recipe's mean {metric.label} over {count(folds, 'fold')} of the training part, its line the "
        f"spread of the folds. {'Higher' if metric.higher else 'Lower'} is better.",
        tag(
            "p",
            f"Best of {count(len(found), 'trial')}: ",
            tag("b", best.name),
            f", {metric.told(best.mean)}{f' {unit}' if unit and metric.measured else ''} ({_recipe(best)}).",
        ),
        _picture(found, families, best, metric.titled(unit)),
        unfolds(f"All {len(found)} trials, best first", _table(found, best, metric, unit)),
    )


def _picture(found: list[Trial], families: list[str], best: Trial, unit: str) -> Markup:
    ordered = [[trial for trial in found if trial.family == family] for family in families]
    slots = len(found) + len(families) - 1
    y, y_ticks = around([value for trial in found for value in (*trial.folds, trial.mean)])
    marks: list[Markup] = [
        tag("line", x2="100%", y1=at(1 - y.share(best.mean)), y2=at(1 - y.share(best.mean)), class_="rule")
    ]
    x_ticks, hits, slot = [], [], 0
    for index, (family, members) in enumerate(zip(families, ordered, strict=True)):
        x_ticks.append(Tick((slot + len(members) / 2) / slots, f"{family} · {len(members)}"))
        for trial in members:
            x = (slot + 0.5) / slots
            points = [y.share(value) for value in trial.folds]
            if points:
                marks.append(tag("g", upright(x, min(points), max(points), "folds"), class_=f"f{index % 4}"))
            dots = [tag("circle", cx=at(x), cy=at(1 - point), r=1.8, class_="fold") for point in points]
            chosen = "mark best" if trial is best else "mark"
            marks.append(tag("g", *dots, marker(x, y.share(trial.mean), index, chosen), class_=f"f{index % 4}"))
            hits.append(
                column(x - 0.5 / slots, 1 / slots, f"{trial.name}: {quantity(trial.mean, 3)}\n{_recipe(trial)}")
            )
            slot += 1
        slot += 1
    means = [[trial.mean for trial in members] for members in ordered]
    spoken = [
        f"{family} from {quantity(min(found), 2)} to {quantity(max(found), 2)}"
        for family, found in zip(families, means, strict=True)
    ]
    return plot(
        "Mean score of each trial, by family",
        f"{unit}: {names(spoken)}. Best: {best.name}, {quantity(best.mean, 2)}.",
        *marks,
        *hits,
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        unit=unit,
        height=240,
    )


def _table(found: list[Trial], best: Trial, metric: Metric, unit: str) -> Markup:
    rows: list[list[Child]] = [
        [
            tag("b", trial.name, tag("span", "chosen", class_="tag"), class_="nowrap") if trial is best else trial.name,
            quantity(trial.mean, 3),
            "" if trial is best else f"{'−' if metric.higher else '+'}{quantity(abs(trial.mean - best.mean), 3)}",
            f"{quantity(min(trial.folds), metric.digits - 1)} – {quantity(max(trial.folds), metric.digits - 1)}"
            if trial.folds
            else "–",
            spent(trial.seconds),
            tag("span", _recipe(trial), class_="recipe"),
        ]
        for trial in sorted(found, key=lambda trial: -trial.mean if metric.higher else trial.mean)
    ]
    columns = ["Trial", f"#{metric.titled(unit)}", "#to the best", "#Folds", "#Time", "Parameters"]
    return table(columns, rows, "All trials, best first")


def _recipe(trial: Trial) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in trial.parameters.items())


def _trial(fields: Fields) -> Trial:
    recipe = fields.inner("parameters")
    return Trial(
        family=fields.text("family"),
        number=fields.whole("number"),
        mean=fields.number("mean"),
        folds=[value for value in fields.numbers("folds") if value is not None],
        seconds=fields.number("seconds") if "seconds" in fields else None,
        parameters={name: _short(recipe.raw(name)) for name in recipe},
    )


def _short(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)

"""Metrics: what each is called, which direction is better, and with how many digits it is shown."""

from dataclasses import dataclass

from steps.pages.words import quantity
from steps.summaries.decision import Decision


@dataclass(frozen=True)
class Metric:
    """A way to score. `higher`: whether more is better. `measured`: whether it has the target's unit."""

    name: str
    label: str
    higher: bool = False
    measured: bool = True

    @property
    def digits(self) -> int:
        """Decimals worth showing."""
        return 2 if self.measured else 3

    def better(self, one: float, other: float) -> bool:
        """Whether `one` is a better score than `other`."""
        return one > other if self.higher else one < other

    def formatted(self, value: float) -> str:
        """A value without its unit."""
        return quantity(value, self.digits)

    def titled(self, unit: str) -> str:
        """The metric with its unit, as the title of a column or an axis."""
        return f"{self.label}, {unit}" if unit and self.measured else self.label


_METRICS = (
    Metric("rmse", "RMSE"),
    Metric("mae", "MAE"),
    Metric("accuracy", "Accuracy", higher=True, measured=False),
    Metric("macro_f1", "Macro F1", higher=True, measured=False),
)


def deciding(decision: Decision) -> Metric:
    """The metric by which a decision was made."""
    name = decision.metric
    return next((metric for metric in _METRICS if metric.name == name), Metric(name, name.upper()))


def beside(decision: Decision) -> Metric | None:
    """Another metric that all its scores have."""
    first, scores = deciding(decision), decision.scores
    others = [metric for metric in _METRICS if metric.name != first.name and metric.higher == first.higher]
    return next((metric for metric in others if scores and all(metric.name in score.values for score in scores)), None)

"""What was decided about a dataset, and what the decision rests on."""

from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from steps.summaries.base import Count, Instant, Number, Numbers, Part, Series, Summary, Unreadable
from steps.summaries.intervals import Frequency


class Recipe(Part):
    """What competes: a model family by its name in the declaration, its parameters, and its features (None: all)."""

    family: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    features: tuple[str, ...] | None = None


class Score(Part):
    """How good a predictor was over `rows` rows, one field for each metric.

    Of numbers the root mean square error `rmse` and the mean absolute error `mae`; of classes the `accuracy`, and
    `macro_f1`, the mean over the classes of the F1 score.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Number] = Field(init=False)

    name: str
    rows: Count | None = None

    @property
    def values(self) -> dict[str, float]:
        """The scores by metric."""
        return self.__pydantic_extra__

    def by(self, metric: str) -> float:
        """The score by that metric.

        Raises:
            Unreadable: there is none.
        """
        if metric not in self.values:
            raise Unreadable(f"the score of {self.name} has no {metric}, but {', '.join(self.values) or 'nothing'}")
        return self.values[metric]


class Afterwards(Part):
    """How the live model, `version`, did on the rows that came after it was fitted."""

    version: Count
    score: Score


Seasons = dict[str, dict[str, tuple[Number, Number, Number]]]  # by month of the year and feature: its quartiles


class Usual(Part):
    """What the mean of a model's scores beside a naive predictor is at most, as long as nothing has changed: of a
    series day by day, over all locations, and for each by its id; of a table file by file. `days`: of the holdout, or
    parts of a table's, that this rests on. `seasons`: of what was learned from."""

    score: Number
    days: Count
    locations: dict[str, Number] = Field(default_factory=dict)
    seasons: Seasons = Field(default_factory=dict)


class Bootstrap(Part):
    """How much better the challenger's score is than the champion's, and what that is at least.

    `bound` is the one-sided lower bound at `confidence` over `draws` resamples of the `blocks`; None if these are too
    few to say anything.
    """

    difference: Number
    bound: Number | None = None
    confidence: Number
    blocks: Count
    draws: Count = 0


class Trial(Part):
    """The score of one recipe on each fold, and their mean, in the target's unit; how many seconds it took."""

    family: str
    number: Count
    parameters: dict[str, Any]
    mean: Number
    folds: Numbers = ()
    seconds: Number | None = None

    @property
    def recipe(self) -> Recipe:
        """What competed."""
        return Recipe(family=self.family, parameters=self.parameters)


class Fold(Part):
    """How the winner (`score`) and the naive predictors did on a fold. `first` and `last`: target times of a series."""

    first: Instant | None = Field(None, validation_alias="from", serialization_alias="from")
    last: Instant | None = Field(None, validation_alias="to", serialization_alias="to")
    score: Number
    naive: dict[str, Number]
    rows: Count


class Month(Part):
    """How much of a month's (YYYY-MM) truth the bands held, over `rows` hours."""

    month: str
    coverage: Number
    rows: Count


class Coverage(Part):
    """How much of the holdout's truth the bands held, beside the `nominal` share; `width` in the target's unit. `days`:
    of forecasts that the bands were calibrated on."""

    nominal: Number
    coverage: Number
    rows: Count | None = None
    width: Number | None = None
    days: Count | None = None
    by_month: tuple[Month, ...] = ()
    method: str = ""


class Hours(Part):
    """The end of a location's holdout, hour by hour or day by day: truth, forecast and its band, all in the target's
    unit."""

    time: tuple[Instant, ...]
    truth: Series
    forecast: Series
    low: Series | None = None
    high: Series | None = None

    @model_validator(mode="after")
    def _as_long_as_each_other(self) -> "Hours":
        hours, low, high = (len(values or self.time) for values in (self.time, self.low, self.high))
        if not (hours == len(self.truth) == len(self.forecast)):
            found = f"{len(self.truth)} true values and {len(self.forecast)} forecasts"
            raise ValueError(f"got {hours} times, {found}")
        if not (hours == low == high):
            raise ValueError(f"got {hours} times, bands of {low} and {high} hours")
        return self


class Answers(Part):
    """Truth and answer for each row of a table's holdout; empty for a series."""

    truth: Numbers = ()
    answer: Numbers = ()


class Residuals(Part):
    """Truth less answer: mean and standard deviation."""

    mean: Number
    sd: Number
    rows: Count | None = None


class Group(Residuals):
    """The residuals of a group of rows, such as an hour of the day."""

    group: str


class Importance(Part):
    """A feature's share of the whole influence."""

    feature: str
    share: Number


class Verdict(Summary):
    """What was decided, and what it rests on.

    `recipe` is the challenger's, or if the live model is `refreshed` the champion's; if `promoted`, it is refitted on
    everything and released, a refresh too. `scores` are of the holdout: the naive predictors, the champion's recipe if
    one competed, the challenger; the `bootstrap` compares the last two over the `span`, such as 74 days. `afterwards`
    is the live model's own score. `bands` and `residuals` (of numbers), `forecast` (of a series), `usual`, `answers`
    (of a table) and `importance` are those of the `recipe` trained on the training part.
    """

    promoted: bool = False
    refreshed: bool = False
    words: str
    recipe: Recipe
    metric: str = "rmse"
    unit: str = ""
    parameter: str
    scores: tuple[Score, ...]
    bootstrap: Bootstrap | None = None
    span: str = ""
    afterwards: Afterwards | None = None
    usual: Usual | None = None
    trials: tuple[Trial, ...] = ()
    folds: tuple[Fold, ...] = ()
    bands: Coverage | None = None
    forecast: dict[str, Hours] = Field(default_factory=dict)
    answers: Answers = Answers()
    residuals: Residuals | None = None
    residual_groups: dict[str, tuple[Group, ...]] = Field(default_factory=dict)
    hour_zone: str | None = None
    frequency: Frequency = "hourly"
    task: Literal["regression", "classification"] = "regression"
    importance: tuple[Importance, ...] = ()

    @property
    def of_table(self) -> bool:
        """Whether it was made on a table's rows."""
        return bool(self.answers.truth)

    @property
    def released(self) -> Score:
        """The score of the recipe that was released, or that was not promoted.

        Raises:
            Unreadable: there is none.
        """
        champion = next((score for score in self.scores if score.name == "champion"), None)
        return champion if self.refreshed and champion else self.challenger

    @property
    def challenger(self) -> Score:
        """The new model's score.

        Raises:
            Unreadable: there is none.
        """
        if own := next((score for score in self.scores if score.name.startswith("challenger")), None):
            return own
        raise Unreadable("summary.scores: got none of a challenger, wanted one")


class Decision(Verdict):
    """A verdict as it was written down. `looked`: how many decisions of the project there are, with this one. `trial`:
    how what was promoted is released, if it goes on trial beside the champion first: shadow or canary."""

    kind: Literal["decision"] = "decision"
    number: Count = Field(validation_alias="decision", serialization_alias="decision")
    version: Count | None = None
    alias: str | None = None
    trial: str | None = None
    fingerprint: str = ""
    made_at: str = ""
    looked: Count | None = None

    @property
    def holdout_looks(self) -> int:
        """How often the holdout has been looked at. A table's stays while data come, a series' moves on."""
        return self.looked or 1 if self.of_table else 1

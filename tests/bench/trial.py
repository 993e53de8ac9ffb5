"""A challenger on trial beside the champion, on the product's own forecasts: how often and how soon it takes over.

    python -m tests.bench.trial

A linear model and gradient-boosted trees learn from the first half of the UK sample (NO2) and predict the rest; the
same for PM2.5 in Beijing where OPENAQ_ARCHIVE has an archive. The first is the champion, the second the challenger, and
the other way round. Trials are drawn from the days that both predicted, each with the errors of both; the challenger's
are multiplied so that the two are equally good (a mean score of a half), and then by what it is to be better or worse.
`weeks`: weeks are drawn, not days, since one model is the better one for some weeks and the other for others.
"""

import numpy as np
import pandas as pd

from steps.learning import drawing
from steps.learning.dataset import Series
from steps.learning.recipe import ask, train
from steps.models.base import Array
from steps.monitoring import scores, versus
from steps.summaries.decision import Recipe
from tests.bench import learning as bench
from tests.bench.history import figure, kept
from tests.bench.watching import cases

TRIALS = 2000
DAYS = 120
NEVER = 999
CASES = {  # of the errors, and how many days that follow each other are drawn together
    "equally good": (1.0, 1),
    "equally good, weeks": (1.0, 7),
    "5 % better": (0.95, 1),
    "10 % better": (0.9, 1),
    "10 % better, weeks": (0.9, 7),
    "20 % better": (0.8, 1),
    "5 % worse": (1.05, 1),
    "10 % worse": (1.1, 1),
}


@kept("trial")
def main() -> None:
    """Print a table for each case."""
    for title, dataset, _, live in cases():
        days = _lived(dataset, live)
        for champion, challenger in (("linear", "lightgbm"), ("lightgbm", "linear")):
            own, other = days[champion].to_numpy(), days[challenger].to_numpy()
            print(f"\n{title}: {challenger} beside {champion}, drawn from {len(days)} days")
            columns = f"{'takes over in 60':>17}{'in 120':>8}{'median':>8}{'withdrawn in 120':>18}"
            print(f"  {'the challenger is':<22}{columns}")
            for name, (factor, block) in CASES.items():
                _row(f"{title}, {challenger}", name, own, other * _equal(own, other) * factor, block)


def _lived(dataset: Series, live: float) -> pd.DataFrame:
    """The whole days from the share `live` of the time on: the mean absolute error of each family's model."""
    times = dataset.rows["target_at"]
    begin = times.min() + live * (times.max() - times.min())
    rows = dataset.rows.loc[times >= begin]
    found = {}
    for family in bench.LEARNING.families:
        recipe = Recipe(family=family.name, parameters=drawing.draw(family, None)[0])
        model = train(bench.LEARNING, recipe, dataset, (times < begin - dataset.horizon).to_numpy())
        by_day = scores.pooled(scores.whole(scores.by_day(rows, ask(model, rows))))
        found[family.name] = by_day.set_index("day")["error"]
    return pd.DataFrame(found)


def _equal(own: Array, other: Array) -> float:
    """By what the other errors are to be multiplied, so that neither model is the better one."""
    low, high = 0.2, 5.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if versus.score(own, other * middle).mean() > 0.5 else (low, middle)
    return low


def _row(of: str, name: str, own: Array, other: Array, block: int) -> None:
    random = np.random.default_rng(0)
    told = versus.score(own, other)
    over, back = [], []
    for _ in range(TRIALS):
        starts = random.integers(0, len(told) - block + 1, -(-DAYS // block))
        drawn = told[(starts[:, None] + np.arange(block)).ravel()[:DAYS]]
        better, worse = _first(versus.evidence(drawn)), _first(versus.evidence(1 - drawn))
        over.append(better if better < worse else NEVER)
        back.append(worse if worse < better else NEVER)
    took = np.array(over)
    median = np.median(took)
    shown = f"{median:.0f} d" if median < NEVER else "–"
    away = (np.array(back) <= DAYS).mean()
    print(f"  {name:<22}{(took <= 60).mean():17.1%}{(took <= DAYS).mean():8.1%}{shown:>8}{away:18.1%}", flush=True)
    figure(f"{of}, {name}: takes over in {DAYS} days", 100 * float((took <= DAYS).mean()), "%")
    figure(f"{of}, {name}: withdrawn in {DAYS} days", 100 * float(away), "%")


def _first(evidence: Array) -> int:
    there = np.flatnonzero(evidence >= versus.TAKES)
    return int(there[0]) + 1 if len(there) else NEVER


if __name__ == "__main__":
    main()

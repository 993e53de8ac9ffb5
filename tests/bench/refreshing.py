"""Wine in five batches: how the live model does on later wines after each, with refreshes, always refitted, and never.

    python -m tests.bench.refreshing

UCI's red wines where TABLES_DATA names a folder that has them, in the order of their file and shuffled; the look-alike
besides. Half of the rows come first, then four batches of a tenth; the last tenth is never learned from.
"""

import os
from dataclasses import replace
from pathlib import Path

from pipeline.projects.wine import WINE
from pipeline.quickstart.tabular_samples import look_alike
from steps.contract import declaration
from steps.contract.declaration import TableLearning
from steps.features.table import features
from steps.learning import drawing, trials
from steps.learning.judge import judge, refit
from steps.learning.recipe import ask
from steps.learning.refresh import Live
from steps.learning.scoring import score
from steps.learning.table_dataset import Table
from steps.summaries.decision import Verdict
from steps.tables import File, examine
from tests.bench.history import figure, kept

DECLARED = declaration.parse_table(WINE.declaration())
LEARNING: TableLearning = DECLARED.learning
FIRST, BATCH, BATCHES = 0.5, 0.1, 5


@kept("refreshing")
def main() -> None:
    """Print a table for each file."""
    folder = os.environ.get("TABLES_DATA")
    if folder:
        original = _table(Path(folder, "winequality-red.csv").read_bytes())
        _report("UCI's red wines, in the order of the file", original)
        _report("UCI's red wines, shuffled", _shuffled(original))
    else:
        print("UCI's wines are left out: TABLES_DATA names no folder")
    _report("look-alike, 2,000 rows", _table(look_alike("wine", 2000, 1)))


def _table(body: bytes) -> Table:
    rows = examine([File("", "", body)], DECLARED).verdicts[0].rows.drop_duplicates("row", ignore_index=True)
    told = features(rows, DECLARED).assign(row=rows["row"], target=rows[LEARNING.target])
    return Table("0" * 32, LEARNING.target, "", "classification", LEARNING.holdout_share, 1, told)


def _shuffled(whole: Table) -> Table:
    return replace(whole, rows=whole.rows.sample(frac=1, random_state=0, ignore_index=True))


def _report(title: str, whole: Table) -> None:
    count = len(whole.rows)
    later = whole.rows.iloc[int((FIRST + (BATCHES - 1) * BATCH) * count) :]
    print(f"\n{title}: accuracy on {len(later)} later wines")
    print(f"  {'rows':>6}  {'live':>6}  {'always refitted':>16}  {'never':>6}")
    live, first, truth = None, None, later["target"].to_numpy()
    for batch in range(BATCHES):
        rows = whole.rows.iloc[: int((FIRST + batch * BATCH) * count)]
        dataset = replace(whole, number=batch + 1, rows=rows.reset_index(drop=True))
        verdict = _judged(dataset, live)
        if verdict.promoted:
            live = Live(batch + 1, verdict.recipe, refit(dataset, LEARNING, verdict.recipe), dataset)
        first = first or live
        always = refit(dataset, LEARNING, trials.best(verdict.trials, "accuracy").recipe)
        models = (live.model if live else always, always, first.model if first else always)
        scores = [score("", ask(model, later), truth, "classification").by("accuracy") for model in models]
        told = verdict.words.partition(":")[0]
        print(f"  {len(rows):>6}  {scores[0]:6.3f}  {scores[1]:16.3f}  {scores[2]:6.3f}  {told}")
        figure(f"{title}: live after {len(rows)} rows", scores[0], "accuracy", beside=("never refreshed", scores[2]))


def _judged(dataset: Table, live: Live | None) -> Verdict:
    champion = live.recipe if live else None
    lists = ((family.name, drawing.draw(family, champion)) for family in LEARNING.families)
    drawn = [(family, number, one) for family, listed in lists for number, one in enumerate(listed)]
    results = [trials.evaluate(dataset, LEARNING, *one) for one in drawn]
    return judge(dataset, LEARNING, results, champion, live=live).verdict


if __name__ == "__main__":
    main()

"""What deciding takes of so many rows: `python -m tests.bench.simulated.rows FILE LOCATIONS`.

Features of two made-up locations with 400 days, once for each two of LOCATIONS, are labelled, judged by one recipe and
refitted, as snapshot and decide do it, without store and tracking server, which are the same at any size. FILE gets
seconds of a core of each part and the peak of MB until its end, as JSON.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from steps.learning.drawing import draw
from steps.learning.judge import judge, refit
from steps.summaries.decision import Trial
from tests.steps.support.synthetic import LEARNING, dataset_of, observations
from tests.steps.support.synthetic import features as features_of

DAYS = 400


def features(locations: int) -> pd.DataFrame:
    """Hours of so many locations, an even number."""
    two = features_of(observations(days=DAYS))
    copies = (two.assign(location=two["location"] + 10 * copy) for copy in range(locations // 2))
    return pd.concat(copies, ignore_index=True)


def asked(locations: int) -> dict[str, dict[str, float]]:
    """What `main` finds, in a process of its own: `core` and `memory` of snapshot, judge and refit."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "found.json")
        subprocess.run([sys.executable, "-m", "tests.bench.simulated.rows", str(file), str(locations)], check=True)
        found: dict[str, dict[str, float]] = json.loads(file.read_bytes())
    return found


def main(file: Path, locations: int) -> None:
    """Each part after the other."""
    found = dict[str, dict[str, float]]()

    def told(name: str, began: float) -> float:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found[name] = {"memory": memory, "core": time.process_time() - began}
        return time.process_time()

    rows, began = features(locations), time.process_time()
    began = told("features", began)
    dataset = dataset_of(rows)
    began = told("snapshot", began)
    del rows
    family = LEARNING.families[0]
    drawn, folds = draw(family, None)[0], (1.0,) * LEARNING.folds
    trial = Trial(family=family.name, number=0, parameters=drawn, mean=1.0, folds=folds, seconds=1.0)
    verdict = judge(dataset, LEARNING, [trial], None).verdict
    began = told("judge", began)
    refit(dataset, LEARNING, verdict.recipe)
    told("refit", began)
    file.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

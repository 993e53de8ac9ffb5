"""What of `decide` grows with the rows: `python -m tests.bench.simulated.judging DATASET`.

The dataset is loaded, the first trial's recipe judged, and refitted on everything. The tracking server, which decide
writes to besides, is the same at any size and stays out.
"""

import sys

from pipeline.projects.openaq import OPENAQ
from steps.backends import objects
from steps.contract.declaration import parse
from steps.learning import lake
from steps.learning.judge import judge, refit


def main(fingerprint: str) -> None:
    project, bucket = parse(OPENAQ.declaration()), objects.lake()
    family = project.learning.families[0].name
    parameters = lake.trials(bucket, project.name, fingerprint)[family][0]
    trial = lake.recall(bucket, fingerprint, family, 0, parameters)
    assert trial is not None, "run that trial first"
    dataset = lake.load(bucket, project.name, fingerprint)
    refit(dataset, project.learning, judge(dataset, project.learning, [trial], None).verdict.recipe)


if __name__ == "__main__":
    main(sys.argv[1])

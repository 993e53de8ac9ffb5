"""Red wine: its quality, six classes, from eleven laboratory measurements. A file dropped, a model trained.

Columns and units are those of UCI Wine Quality (https://doi.org/10.24432/C56S3T); the ranges leave room around what
Portuguese vinho verde shows there.
"""

from pipeline.project import TableProject
from steps.contract.declaration import Column, Family, Gate, Range, Table, TableLearning

WINE = TableProject(
    name="wine",
    title="Quality of red wine, from its laboratory",
    table=Table(
        columns=(
            Column(name="fixed acidity", unit="g/l", low=1, high=40),
            Column(name="volatile acidity", unit="g/l", low=0, high=5),
            Column(name="citric acid", unit="g/l", low=0, high=5),
            Column(name="residual sugar", unit="g/l", low=0, high=200),
            Column(name="chlorides", unit="g/l", low=0, high=2),
            Column(name="free sulfur dioxide", unit="mg/l", low=0, high=500),
            Column(name="total sulfur dioxide", unit="mg/l", low=0, high=1000),
            Column(name="density", unit="g/ml", low=0.9, high=1.1),
            Column(name="pH", low=2, high=5),
            Column(name="sulphates", unit="g/l", low=0, high=5),
            Column(name="alcohol", unit="% vol", low=5, high=20),
            Column(name="quality", low=3, high=8, whole=True),
        ),
    ),
    learning=TableLearning(
        target="quality",
        task="classification",
        holdout_share=0.2,
        folds=5,
        trial_rows=50_000,
        families=(
            Family(
                name="linear-svc",
                model="steps.models.svc:LinearSVC",
                trials=6,
                space={"c": Range(low=0.01, high=10.0, log=True)},
            ),
            Family(
                name="forest",
                model="steps.models.forest:ForestClassifier",
                trials=8,
                space={
                    "trees": Range(low=80, high=200),
                    "leaf_rows": Range(low=1, high=4),
                    "column_share": Range(low=0.2, high=0.8),
                },
            ),
        ),
        gate=Gate(metric="accuracy"),
    ),
)

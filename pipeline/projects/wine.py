"""Red wine: its quality, six classes, from eleven laboratory measurements. A file dropped, a model trained.

Columns and units are those of UCI Wine Quality (https://doi.org/10.24432/C56S3T); the ranges leave room around what
Portuguese vinho verde shows there.
"""

from pipeline.project import Column, Family, Gate, Range, Table, TableLearning, TableProject

WINE = TableProject(
    name="wine",
    title="Quality of red wine, from its laboratory",
    table=Table(
        columns=(
            Column("fixed acidity", "g/l", 1, 40),
            Column("volatile acidity", "g/l", 0, 5),
            Column("citric acid", "g/l", 0, 5),
            Column("residual sugar", "g/l", 0, 200),
            Column("chlorides", "g/l", 0, 2),
            Column("free sulfur dioxide", "mg/l", 0, 500),
            Column("total sulfur dioxide", "mg/l", 0, 1000),
            Column("density", "g/ml", 0.9, 1.1),
            Column("pH", "", 2, 5),
            Column("sulphates", "g/l", 0, 5),
            Column("alcohol", "% vol", 5, 20),
            Column("quality", "", 3, 8, whole=True),
        ),
    ),
    learning=TableLearning(
        target="quality",
        task="classification",
        holdout_share=0.2,
        folds=5,
        trial_rows=50_000,
        families=(
            Family("linear-svc", "steps.models.svc:LinearSVC", trials=6, space={"c": Range(0.01, 10.0, log=True)}),
            Family(
                "forest",
                "steps.models.forest:ForestClassifier",
                trials=8,
                space={
                    "trees": Range(80, 200),
                    "leaf_rows": Range(1, 4),
                    "column_share": Range(0.2, 0.8),
                },
            ),
        ),
        gate=Gate(metric="accuracy"),
    ),
)

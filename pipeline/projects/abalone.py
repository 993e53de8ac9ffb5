"""Abalone: the number of rings, which gives the age, from measurements that do not need a microscope.

New surveys are merged with all earlier ones. Columns and units are those of UCI Abalone
(https://doi.org/10.24432/C55C7W), whose lengths are in mm and weights in g, each divided by 200. The bound on the RMSE
is that of a model worth having: the mean alone has 3.2.
"""

from pipeline.project import Column, Family, Gate, Range, Shift, Table, TableLearning, TableProject

ABALONE = TableProject(
    name="abalone",
    title="Age of abalone, in rings",
    table=Table(
        columns=(
            Column("sex", levels=("I", "F", "M")),
            Column("length", "200 mm", 0, 2, above=True),
            Column("diameter", "200 mm", 0, 2, above=True),
            Column("height", "200 mm", 0, 2, above=True),
            Column("whole weight", "200 g", 0, 10, above=True),
            Column("shucked weight", "200 g", 0, 10, above=True),
            Column("viscera weight", "200 g", 0, 10, above=True),
            Column("shell weight", "200 g", 0, 10, above=True),
            Column("rings", "rings", 1, 60, whole=True),
        ),
        header="optional",
    ),
    learning=TableLearning(
        target="rings",
        task="regression",
        holdout_share=0.2,
        folds=5,
        trial_rows=50_000,
        families=(
            Family(
                "forest",
                "steps.models.forest:ForestRegressor",
                trials=6,
                space={
                    "trees": Range(50, 150),
                    "leaf_rows": Range(2, 12, log=True),
                    "column_share": Range(0.3, 0.9),
                },
            ),
            Family(
                "boosting",
                "steps.models.lightgbm:LightGBM",
                trials=8,
                space={
                    "trees": Range(60, 250),
                    "learning_rate": Range(0.02, 0.1, log=True),
                    "leaves": Range(4, 24, log=True),
                    "leaf_rows": Range(10, 100, log=True),
                    "column_share": Range(0.4, 1.0),
                },
            ),
        ),
        gate=Gate(metric="rmse", bound=3.1),
        shift=Shift(tolerance=1.0),
    ),
)

"""Abalone: the number of rings, which gives the age, from measurements that do not need a microscope.

New surveys are merged with all earlier ones. Columns and units are those of UCI Abalone
(https://doi.org/10.24432/C55C7W), whose lengths are in mm and weights in g, each divided by 200. The bound on the RMSE
is that of a model worth having: the mean alone has 3.2.
"""

from pipeline.project import TableProject
from steps.contract.declaration import Column, Family, Gate, Range, Shift, Table, TableLearning

ABALONE = TableProject(
    name="abalone",
    title="Age of abalone, in rings",
    table=Table(
        columns=(
            Column(name="sex", levels=("I", "F", "M")),
            Column(name="length", unit="200 mm", low=0, high=2, above=True),
            Column(name="diameter", unit="200 mm", low=0, high=2, above=True),
            Column(name="height", unit="200 mm", low=0, high=2, above=True),
            Column(name="whole weight", unit="200 g", low=0, high=10, above=True),
            Column(name="shucked weight", unit="200 g", low=0, high=10, above=True),
            Column(name="viscera weight", unit="200 g", low=0, high=10, above=True),
            Column(name="shell weight", unit="200 g", low=0, high=10, above=True),
            Column(name="rings", unit="rings", low=1, high=60, whole=True),
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
                name="forest",
                model="steps.models.forest:ForestRegressor",
                trials=6,
                space={
                    "trees": Range(low=50, high=150),
                    "leaf_rows": Range(low=2, high=12, log=True),
                    "column_share": Range(low=0.3, high=0.9),
                },
            ),
            Family(
                name="boosting",
                model="steps.models.lightgbm:LightGBM",
                trials=8,
                space={
                    "trees": Range(low=60, high=250),
                    "learning_rate": Range(low=0.02, high=0.1, log=True),
                    "leaves": Range(low=4, high=24, log=True),
                    "leaf_rows": Range(low=10, high=100, log=True),
                    "column_share": Range(low=0.4, high=1.0),
                },
            ),
        ),
        gate=Gate(metric="rmse", bound=3.1),
        shift=Shift(tolerance=1.0),
    ),
)

"""Which features are worth learning from: those that will be there tomorrow."""

from datetime import timedelta
from typing import Final

import pandas as pd

from steps.learning.dataset import ROW

DEAD_AFTER: Final = timedelta(days=7)


def dead(features: pd.DataFrame) -> list[str]:
    """The features that no location has had for `DEAD_AFTER` before the newest row: a sensor died, and a model that
    learned from it would do without it from its first hour on. Whether an input reports is known without the target, so
    looking at the newest rows gives nothing away."""
    recent = features[features["time"] > features["time"].max() - DEAD_AFTER]
    return [str(name) for name in features if name not in ROW and recent[name].isna().all()]

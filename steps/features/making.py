"""The rows of one month of a location: made of its hours, or of an earlier state of the month and the hours since."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO

import pandas as pd

from steps.backends.objects import Bucket
from steps.declaration import Declaration, load
from steps.features.keys import Earlier, FeatureMonth
from steps.features.observations import Observations

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Made:
    """A month and its rows, of which the first `kept` were taken over from an earlier state."""

    month: FeatureMonth
    rows: pd.DataFrame
    kept: int


@dataclass(frozen=True)
class Maker:
    """Makes months of `observations`, and of those earlier states that are `there` in the lake (keys)."""

    store: Bucket
    there: AbstractSet[str]
    observations: Observations
    declaration: Declaration
    parameter: str

    def make(self, month: FeatureMonth) -> Made:
        """All rows of the month. From an earlier state they come out the same, to the bit."""
        state = next((one for one in reversed(month.earlier) if one.object_key in self.there), None)
        found = self._continued(month, state) if state else None
        return found or Made(month, _between(self._built(month, month.start), month.start, month.end), 0)

    def _continued(self, month: FeatureMonth, state: Earlier) -> Made | None:
        """None where the rows that are new do not follow from their history alone: none of the location's hours is in
        it, or another parameter was measured before it."""
        body = self.store.get(state.object_key)
        if body is None:
            return None
        old = pd.read_parquet(BytesIO(body))
        old = old[old["time"] < state.before]
        if old.empty:
            return None
        since = (old["time"].iloc[-1] + _HOUR).to_pydatetime()
        built = self._built(month, since)
        if built.empty or built["time"].iloc[0] > since or list(built) != list(old):
            return None
        return Made(month, pd.concat([old, _between(built, since, month.end)], ignore_index=True), len(old))

    def _built(self, month: FeatureMonth, since: datetime) -> pd.DataFrame:
        """The features of the hours that the rows from `since` on are made of."""
        begin = since - month.history
        seen = self.observations.of([day for day in month.days if day.last_hour >= begin])
        window = seen[(seen["time"] >= begin) & (seen["time"] < month.end)].reset_index(drop=True)
        rows: pd.DataFrame = load(self.declaration.learning.features)(
            window, parameter=self.parameter, learning=self.declaration.learning, location=month.location
        )
        return rows


def _between(rows: pd.DataFrame, since: datetime, end: datetime) -> pd.DataFrame:
    return rows[(rows["time"] >= since) & (rows["time"] < end)].reset_index(drop=True)

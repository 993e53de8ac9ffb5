"""The rows of one month of a location: made from its hours, or from an earlier state of the month and the hours
since."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO

import pandas as pd

from steps.backends.catalog import Accepted
from steps.backends.objects import Bucket
from steps.checking.leaks import lookahead
from steps.contract.code import load
from steps.contract.declaration import Declaration
from steps.errors import CheckFailed
from steps.features.keys import Earlier, FeatureMonth
from steps.features.observations import Observations

_TRIED = 3  # locations


@dataclass(frozen=True)
class Made:
    """A month and its rows, the first `kept` of which were copied from an earlier state."""

    month: FeatureMonth
    rows: pd.DataFrame
    kept: int


@dataclass(frozen=True)
class Maker:
    """Makes months from `observations`, and from those earlier states that are in the lake (the keys `there`)."""

    store: Bucket
    there: AbstractSet[str]
    observations: Observations
    declaration: Declaration
    parameter: str
    tried: set[int] = field(default_factory=set)

    def read_ahead(self, months: Iterable[FeatureMonth]) -> None:
        """Read in one go what these months are made of, as far as is known before their earlier states are read."""
        wanted = set[Accepted]()
        for month in months:
            state = self._state(month)
            wanted.update(_days(month, state.before if state else month.start))
        self.observations.read(sorted(wanted, key=lambda day: (day.location, day.day)))

    def make(self, month: FeatureMonth) -> Made:
        """All rows of the month. Made from an earlier state they are the same, to the bit."""
        state = self._state(month)
        found = self._continued(month, state) if state else None
        if found:
            return found
        window = self._window(month, month.start)
        rows = self._build(window, month.location)
        self._refuse_lookahead(month.location, window, rows)
        return Made(month, _between(rows, month.start, month.end), 0)

    def _state(self, month: FeatureMonth) -> Earlier | None:
        """The newest earlier state of the month in the lake."""
        return next((one for one in reversed(month.earlier) if one.object_key in self.there), None)

    def _continued(self, month: FeatureMonth, state: Earlier) -> Made | None:
        """None if the new rows do not follow from their history alone: it has no hour of the location, or another
        parameter was measured before it."""
        body = self.store.get(state.object_key)
        if body is None:
            return None
        old = pd.read_parquet(BytesIO(body))
        old = old[old["time"] < state.before]
        if old.empty:
            return None
        since = (old["time"].iloc[-1] + self.declaration.learning.interval.length).to_pydatetime()
        built = self._build(self._window(month, since), month.location)
        if built.empty or built["time"].iloc[0] > since or list(built) != list(old):
            return None
        return Made(month, pd.concat([old, _between(built, since, month.end)], ignore_index=True), len(old))

    def _refuse_lookahead(self, location: int, window: pd.DataFrame, rows: pd.DataFrame) -> None:
        """Try the feature function at the first few locations; it is the same for all.

        Raises:
            CheckFailed: it knows what comes after t.
        """
        if location in self.tried or len(self.tried) == _TRIED:
            return
        self.tried.add(location)
        words = lookahead.found(window, rows, lambda observed: self._build(observed, location))
        if words:
            name = self.declaration.learning.features
            raise CheckFailed(f"{name} looks ahead at location {location}: {words}; a row may use nothing after its t")

    def _window(self, month: FeatureMonth, since: datetime) -> pd.DataFrame:
        """The hours that the rows from `since` on are made from."""
        seen = self.observations.of(_days(month, since))
        return seen[(seen["time"] >= since - month.history) & (seen["time"] < month.end)].reset_index(drop=True)

    def _build(self, window: pd.DataFrame, location: int) -> pd.DataFrame:
        rows: pd.DataFrame = load(self.declaration.learning.features)(
            window, parameter=self.parameter, learning=self.declaration.learning, location=location
        )
        return rows


def _days(month: FeatureMonth, since: datetime) -> list[Accepted]:
    """The days that the month's rows from `since` on look at."""
    begin = since - month.history
    return [day for day in month.days if day.last_hour >= begin]


def _between(rows: pd.DataFrame, since: datetime, end: datetime) -> pd.DataFrame:
    return rows[(rows["time"] >= since) & (rows["time"] < end)].reset_index(drop=True)

"""What an answer says beside its numbers: their unit, the band around each, and which hour or day they are for.

A series' model is told the time of its features in the request's `meta.tags.time`, since its features alone do not say
it; the answer then names the hour or day that it predicts. Seldon's protocol leaves `meta.tags` to both sides:
https://docs.seldon.io/projects/seldon-core/en/latest/reference/apis/prediction.html
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from steps.models.about import About
from steps.models.bands import Bands
from steps.models.base import Array
from steps.serving.reading import bad
from steps.summaries.intervals import DAY

_Band = tuple[float, float] | None


class Saying:
    """What is said of the answers of one model. `features`: in the order of its rows."""

    def __init__(self, about: About, bands: Bands | None, features: Sequence[str]) -> None:
        self._about, self._bands = about, bands
        self._place = features.index("location") if "location" in features else None

    def always(self) -> dict[str, Any]:
        """What is said of every answer."""
        unit = {"unit": self._about.unit} if self._about.unit else {}
        return unit | ({"hours_ahead": self._about.hours_ahead} if self._about.hours_ahead else {})

    def example(self) -> dict[str, Any]:
        """The `meta` of a request with the model's example; empty without a time."""
        return {"meta": {"tags": {"time": self._about.example_time}}} if self._about.example_time else {}

    def target(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The hour or day that is predicted, if the request's tags say of which one its features are.

        Raises:
            SeldonMicroserviceException: status 400, if they name no time.
        """
        if self._about.hours_ahead is None or "time" not in asked:
            return {}
        time = moment(asked["time"], '"time"') + timedelta(hours=self._about.hours_ahead)
        return {"target_at": in_words(time)} | self.day(time)

    def day(self, target_at: datetime) -> dict[str, Any]:
        """The date that ends then, of a daily series."""
        return {"day": DAY.moment(target_at)} if self._about.frequency == "daily" else {}

    def band(self, values: Array, answers: Array, published: Sequence[_Band] = ()) -> dict[str, Any]:
        """The band around each answer, and which share of the truth it holds; of the answer that was published, the
        band that was, which follows what has come true since the model was made."""
        if self._bands is None:
            return {}
        place = self._place
        places = np.zeros(len(answers)) if place is None else np.nan_to_num(values[:, place], posinf=0, neginf=0)
        ends = [end.tolist() for end in self._bands.around(places, answers)]
        for row, band in enumerate(published):
            if band is not None:
                ends[0][row], ends[1][row] = band
        return {"band": {"share": self._bands.nominal, "low": ends[0], "high": ends[1]}}


def moment(given: object, what: str) -> datetime:
    """The time that a request names, in UTC.

    Raises:
        SeldonMicroserviceException: status 400, if it names none.
    """
    try:
        time = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise bad(f"{what} is {given!r:.60}; wanted a time with its zone, such as 2026-06-01T00:00:00Z")
    return time.astimezone(UTC)


def in_words(time: datetime) -> str:
    """A time as answers say it: RFC 3339, UTC."""
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")

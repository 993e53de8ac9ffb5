"""A request by location: the features of its newest hour are looked up, as the newest predictions were made from them.

`{"jsonData": {"locations": [9000001]}}` asks about now, and with `"as-of"` (RFC 3339) about that time. How old features
are counts from then; what is older than the project declares is refused, and so is what came later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from seldon_core.flask_utils import SeldonMicroserviceException

from steps.errors import BadInput, StepError
from steps.models.base import Array
from steps.serving.reading import bad
from steps.serving.saying import in_words, moment
from steps.settings import setting

MOST: Final = 1_000  # locations in a request
_FIELDS: Final = ("locations", "as-of")
_WANTED: Final = 'wanted {"jsonData": {"locations": [9000001]}}'
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Found:
    """The features of each location that was asked about (shape locations × features), what is said of them, and the
    band that was published with them by the model that is served (None: there is none)."""

    values: Array
    told: list[dict[str, Any]]
    bands: list[tuple[float, float] | None]


@dataclass(frozen=True)
class Asking:
    """What a request names: locations, and the time that it asks about."""

    locations: list[int]
    at: datetime


class Entities:
    """The locations of one project that a model server may be asked about. `oldest`: how old features may be; None
    where the project has no locations.

    Raises:
        BadInput: FEATURES_HOURS is not a number of hours.
    """

    def __init__(self, project: str, parameter: str, version: int, features: Sequence[str]) -> None:
        self._project, self._parameter, self._version, self._features = project, parameter, version, features
        hours = setting("FEATURES_HOURS", "0")
        if not hours.isdecimal():
            raise BadInput(f"FEATURES_HOURS is {hours!r:.40}; wanted a whole number of hours")
        self._oldest = timedelta(hours=int(hours)) or None

    def start(self) -> None:
        """Load what a look-up needs, so that the first request does not wait for it."""
        if self._oldest:
            import steps.backends.warehouse.online  # noqa: F401, PLC0415 - a table's model server has no database

    def find(self, message: Mapping[str, Any]) -> Found:
        """The features that a request asks for.

        Raises:
            SeldonMicroserviceException: what is wrong, in one line; 404 for a location that has none, 409 for features
                that are too old or too new, 503 if the database does not answer.
        """
        if self._oldest is None:
            wanted = '{"data": {"names": […], "ndarray": […]}}'
            raise bad(f"{self._project} has no locations to look up; wanted {wanted}")
        asking = _asking(message["jsonData"])
        from steps.backends.warehouse import online  # noqa: PLC0415

        try:
            known = online.read(self._project, self._parameter, asking.locations)
        except StepError as error:
            raise SeldonMicroserviceException(str(error), status_code=503, reason="NO_DATABASE") from error
        if unknown := [one for one in asking.locations if one not in known]:
            raise _refused(404, "UNKNOWN_LOCATION", self._unknown(unknown))
        rows = [known[one] for one in asking.locations]
        for row in rows:
            self._check(row.location, row.time, asking.at, self._oldest)
        listed = [[_value(row, name) for name in self._features] for row in rows]
        bands = [self._band(row) for row in rows]
        return Found(np.array(listed, dtype=np.float64), [_told(row, asking.at) for row in rows], bands)

    def _band(self, row: Any) -> tuple[float, float] | None:
        published = row.version == self._version and row.low is not None and row.high is not None
        return (row.low, row.high) if published else None

    def _unknown(self, unknown: Sequence[int]) -> str:
        named = f"location {unknown[0]}" + (f" and {len(unknown) - 1} more" if len(unknown) > 1 else "")
        wanted = f"a location that {self._project} predicts for, or run {self._project}-daily"
        return f"{named}: no features of {self._parameter} were published; wanted {wanted}"

    def _check(self, location: int, time: datetime, at: datetime, oldest: timedelta) -> None:
        """Refuse features that are not of the time that is asked about."""
        what = f"location {location}: its features are of {in_words(time)}"
        if time > at:
            words = f"{what}, after {in_words(at)}; only the newest are kept: ask about then or later"
            raise _refused(409, "NEWER_FEATURES", words)
        if at - time > oldest:
            remedy = f"run {self._project}-daily, or give as-of"
            words = f"{what}, {_hours(at - time):,.0f} hours old; wanted at most {_hours(oldest):.0f}: {remedy}"
            raise _refused(409, "OLD_FEATURES", words)


def _asking(given: object) -> Asking:
    if not isinstance(given, dict) or "locations" not in given:
        raise bad(f'"jsonData" names no locations; {_WANTED}')
    if other := [name for name in given if name not in _FIELDS]:
        raise bad(f'"jsonData" has {other[0]!r:.40}; wanted {" and ".join(_FIELDS)} alone')
    locations, at = given["locations"], given.get("as-of")
    if not isinstance(locations, list) or not locations or not all(type(one) is int for one in locations):
        raise bad(f'"locations" is {locations!r:.60}; wanted a list of ids, such as [9000001]')
    if len(locations) > MOST:
        raise bad(f"{len(locations)} locations at once; wanted at most {MOST}, ask in parts")
    if wrong := [one for one in locations if abs(one) >= 2**63]:
        raise bad(f"location {str(wrong[0])[:40]} is out of range; wanted an id")
    return Asking(locations, datetime.now(UTC) if at is None else moment(at, '"as-of"'))


def _value(row: Any, name: str) -> float | None:
    """A feature of the row; None, so NaN, for one that no location has any more: the predictions go without it too."""
    return float(row.location) if name == "location" else row.features.get(name)


def _told(row: Any, at: datetime) -> dict[str, Any]:
    return {
        "location": row.location,
        "time": in_words(row.time),
        "target_at": in_words(row.target_at),
        "as_of": in_words(row.as_of),
        "age_hours": round(_hours(at - row.time), 2),
    }


def _refused(code: int, reason: str, words: str) -> SeldonMicroserviceException:
    return SeldonMicroserviceException(words, status_code=code, reason=reason)


def _hours(span: timedelta) -> float:
    return span / _HOUR

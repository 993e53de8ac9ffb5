"""Which other locations a location's features look at: the nearest, up to a number.

If all of some hundred locations counted, a late day at one of them would change every row of every other one, and each
month would read the days of all. Far locations say little; a project with few locations looks at all.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from steps.backends.catalog import Place

_EARTH_KM = 6371.0

_Numbers = np.ndarray[Any, np.dtype[np.float64]]


def nearest(places: Mapping[int, Place | None], most: int) -> dict[int, tuple[int, ...]]:
    """For each location the ids of at most `most` others, sorted: the nearest on the globe, of equally near ones those
    with the lower ids. A location with unknown coordinates is farther than any other, and equally far from all."""
    ids = np.array(sorted(places), dtype=np.int64)
    if len(ids) <= most + 1:
        return {int(one): tuple(int(other) for other in ids if other != one) for one in ids}
    known = [places[int(one)] or (np.nan, np.nan) for one in ids]
    latitude, longitude = np.deg2rad(np.array(known, dtype=np.float64)).T
    found = {}
    for number, one in enumerate(ids):
        away = _distance(latitude[number], longitude[number], latitude, longitude)
        away[number] = np.inf
        order = np.argsort(np.where(np.isnan(away), 2 * _EARTH_KM * np.pi, away), kind="stable")
        found[int(one)] = tuple(sorted(int(other) for other in ids[order[:most]]))
    return found


def kilometres(one: Place, other: Place) -> float:
    """How far apart two places are."""
    (latitude, longitude), (latitudes, longitudes) = np.deg2rad(one), np.deg2rad([other]).T
    return float(_distance(latitude, longitude, latitudes, longitudes)[0])


def _distance(latitude: float, longitude: float, latitudes: _Numbers, longitudes: _Numbers) -> _Numbers:
    """Great-circle distances in km, by the haversine (https://en.wikipedia.org/wiki/Haversine_formula); NaN if
    coordinates are unknown."""
    half = np.sin((latitudes - latitude) / 2) ** 2
    half += np.cos(latitude) * np.cos(latitudes) * np.sin((longitudes - longitude) / 2) ** 2
    away: _Numbers = 2 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return away

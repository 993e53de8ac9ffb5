"""Which other locations a location's features look at: the nearest, up to a number.

If all of some hundred locations counted, a late day at one of them would change every row of every other one, and each
month would read the days of all. Far locations say little; a project with few locations looks at all.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from steps.backends.catalog import Place

_EARTH_KM = 6371.0
_MANY: Final = 1000  # locations; of more, those that may be the nearest are looked up, as all pairs would take too long

_Numbers = np.ndarray[Any, np.dtype[np.float64]]
_Places = np.ndarray[Any, np.dtype[np.intp]]


def nearest(places: Mapping[int, Place | None], most: int) -> dict[int, tuple[int, ...]]:
    """For each location the ids of at most `most` others, sorted: the nearest on the globe, of equally near ones those
    with the lower ids. A location with unknown coordinates is farther than any other, and equally far from all."""
    ids = np.array(sorted(places), dtype=np.int64)
    if len(ids) <= most + 1:
        return {int(one): tuple(int(other) for other in ids if other != one) for one in ids}
    known = [places[int(one)] or (np.nan, np.nan) for one in ids]
    latitude, longitude = np.deg2rad(np.array(known, dtype=np.float64)).T
    around = _around(latitude, longitude, most) if len(ids) > _MANY else [np.arange(len(ids))] * len(ids)
    found = {}
    for number, (one, near) in enumerate(zip(ids, around, strict=True)):
        away = _distance(latitude[number], longitude[number], latitude[near], longitude[near])
        away[near == number] = np.inf
        order = np.argsort(np.where(np.isnan(away), 2 * _EARTH_KM * np.pi, away), kind="stable")
        found[int(one)] = tuple(sorted(int(other) for other in ids[near[order[:most]]]))
    return found


def _around(latitude: _Numbers, longitude: _Numbers, most: int) -> list[_Places]:
    """For each location the positions, in order, of those that may be among its nearest: equally near ones are all
    there, so that who is lower in order can be told."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - a tenth of a second, of no use to few locations

    known, lacking = np.flatnonzero(~np.isnan(latitude)), np.flatnonzero(np.isnan(latitude))[: most + 1]
    around = [np.arange(most + 1)] * len(latitude)
    if len(known):
        level = np.cos(latitude[known])
        points = (level * np.cos(longitude[known]), level * np.sin(longitude[known]), np.sin(latitude[known]))
        tree = cKDTree(np.column_stack(points))
        far = tree.query(tree.data, k=[min(most + 1, len(known))])[0][:, 0]
        balls = tree.query_ball_point(tree.data, far * (1 + 1e-9) + 1e-9)
        for number, ball in zip(known, balls, strict=True):
            around[number] = np.sort(np.concatenate([known[ball], lacking]))
    return around


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

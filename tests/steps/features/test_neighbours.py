"""Neighbours are the nearest; where there are few locations, all."""

import random

import pytest

from steps.features import neighbours
from steps.features.neighbours import nearest

VIENNA, GRAZ, LINZ, TOKYO = (48.21, 16.37), (47.07, 15.44), (48.31, 14.29), (35.68, 139.69)


def test_few_locations_look_at_all_others_wherever_they_are() -> None:
    assert nearest({1: VIENNA, 2: None, 3: TOKYO}, 2) == {1: (2, 3), 2: (1, 3), 3: (1, 2)}


def test_of_many_the_nearest_are_looked_at() -> None:
    found = nearest({1: VIENNA, 2: TOKYO, 3: GRAZ, 4: LINZ}, 2)
    assert found[1] == (3, 4)
    assert found[3] == (1, 4)


def test_the_date_line_is_no_border() -> None:
    assert nearest({1: (0, 179.9), 2: (0, 170.0), 3: (0, -179.9)}, 1)[1] == (3,)


def test_a_location_whose_place_is_not_known_is_farther_than_any() -> None:
    found = nearest({1: VIENNA, 2: None, 3: TOKYO}, 1)
    assert found == {1: (3,), 2: (1,), 3: (1,)}


def test_none_may_be_looked_at() -> None:
    assert nearest({1: VIENNA, 2: GRAZ}, 0) == {1: (), 2: ()}


@pytest.mark.parametrize(("known", "most"), [(1.0, 8), (0.9, 8), (0.02, 5), (0.0, 3), (1.0, 0)])
def test_of_thousands_they_are_the_same_as_if_all_were_compared(
    known: float, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(f"{known} {most}")
    places: dict[int, tuple[float, float] | None] = {
        # on a grid, so that many are equally near, some at the same place, at the poles and beside the date line
        number: (chance.randrange(-90, 91, 15), chance.randrange(-180, 181, 20)) if chance.random() < known else None
        for number in chance.sample(range(100_000), 400)
    }
    compared = nearest(places, most)
    monkeypatch.setattr(neighbours, "_MANY", 10)
    assert nearest(places, most) == compared

"""Neighbours are the nearest; where there are few locations, all."""

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

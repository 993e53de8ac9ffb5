"""Units are converted as published factors say, in every spelling that sources use."""

import pytest

from pipeline.projects.openaq import OPENAQ
from steps.contract.units import Conversion, conversion, molar_volume

US, EU = 25.0, 20.0


def converted(value: float, given: str, wanted: str, molar_mass: float | None = None, celsius: float = US) -> float:
    found = conversion(given, wanted, molar_mass, celsius)
    assert found is not None
    return value * found.factor + found.offset


@pytest.mark.parametrize(
    ("gas", "celsius", "published"),  # µg/m³ of 1 ppb: US EPA's at 25 °C, the EU's (Defra's table) at 20 °C
    [
        ("no2", US, 1.88),
        ("o3", US, 1.96),
        ("so2", US, 2.62),
        ("co", US, 1.145),
        ("no2", EU, 1.9125),
        ("o3", EU, 1.9957),
        ("so2", EU, 2.6609),
        ("co", EU, 1.1642),
    ],
)
def test_a_share_of_the_air_becomes_a_mass_as_published(gas: str, celsius: float, published: float) -> None:
    mass = OPENAQ.quantities[gas].molar_mass
    assert mass is not None
    assert converted(1, "ppb", "µg/m³", mass, celsius) == pytest.approx(published, rel=1e-3)
    assert converted(1, "ppm", "µg/m³", mass, celsius) == pytest.approx(1000 * published, rel=1e-3)
    assert converted(1, "ppm", "mg/m³", mass, celsius) == pytest.approx(published, rel=1e-3)
    assert converted(published, "ug/m3", "ppb", mass, celsius) == pytest.approx(1, rel=1e-3)


def test_air_is_stated_at_25_degrees_unless_a_project_says_otherwise() -> None:
    assert OPENAQ.reference_celsius == US
    assert molar_volume(US) == pytest.approx(24.45, rel=1e-3)


@pytest.mark.parametrize(
    ("value", "given", "wanted", "expected"),
    [
        (32, "F", "c", 0),
        (-40, "°F", "c", -40),
        (98.6, "f", "c", 37),
        (273.15, "K", "c", 0),
        (0, "°C", "f", 32),
        (21.5, "ºC", "c", 21.5),
        (21.5, "℃", "c", 21.5),
        (101325, "Pa", "hpa", 1013.25),
        (1013.25, "mbar", "hPa", 1013.25),
        (1013.25, "mb", "hpa", 1013.25),
        (29.92, "inHg", "hpa", 1013.2),
        (760, "mmHg", "hpa", 1013.25),
        (36, "km/h", "m/s", 10),
        (10, "mph", "m/s", 4.4704),
        (10, "kn", "m/s", 5.1444),
        (10, "knots", "m/s", 5.1444),
        (1.5, "mg/m³", "µg/m³", 1500),
        (1.5, "MG/M3", "µg/m³", 1500),
        (50, "%", "percent", 50),
    ],
)
def test_weather(value: float, given: str, wanted: str, expected: float) -> None:
    assert converted(value, given, wanted) == pytest.approx(expected, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize(
    "spelling", ["µg/m³", "\u03bcg/m³", "ug/m3", "ug/m³", " µg / m^3", "UG/M3", "µg m⁻³", "µg/m**3"]
)
def test_the_same_unit_in_another_spelling_is_left_as_it_is(spelling: str) -> None:
    assert conversion(spelling, "µg/m³", None, US) == Conversion()


@pytest.mark.parametrize("given", ["", "furlongs", "c", "m/s", "1e9*1e9", "µg", "ppb"])
def test_what_is_no_unit_of_that_is_not_guessed(given: str) -> None:
    assert conversion(given, "µg/m³", None, US) is None

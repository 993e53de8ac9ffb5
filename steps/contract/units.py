"""Units of measured quantities: how each is spelled, and how a value in one becomes a value in another.

A table of factors rather than a library of units: what comes in is text from strangers, which no parser of expressions
should see, and the one conversion that needs thought, from a share of the air to a mass in it, depends on the gas.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final

_GAS_CONSTANT: Final = 8.314462618  # J/(mol K)
_PRESSURE: Final = 101_325.0  # Pa, of the air that concentrations are stated for
_ZERO_CELSIUS: Final = 273.15  # K

_MASS: Final = "mass"  # of a gas or of particles in a volume of air
_SHARE: Final = "share"  # of the air's molecules

# What each unit measures, and `factor` and `offset` of value * factor + offset in the first unit of its kind.
_UNITS: Final[dict[str, tuple[str, float, float]]] = {
    "ug/m3": (_MASS, 1.0, 0.0),
    "ng/m3": (_MASS, 0.001, 0.0),
    "mg/m3": (_MASS, 1000.0, 0.0),
    "g/m3": (_MASS, 1e6, 0.0),
    "ppb": (_SHARE, 1.0, 0.0),
    "ppt": (_SHARE, 0.001, 0.0),
    "ppm": (_SHARE, 1000.0, 0.0),
    "c": ("temperature", 1.0, 0.0),
    "k": ("temperature", 1.0, -_ZERO_CELSIUS),
    "f": ("temperature", 5 / 9, -160 / 9),
    "hpa": ("pressure", 1.0, 0.0),
    "pa": ("pressure", 0.01, 0.0),
    "kpa": ("pressure", 10.0, 0.0),
    "bar": ("pressure", 1000.0, 0.0),
    "atm": ("pressure", 1013.25, 0.0),
    "mmhg": ("pressure", 1.333223874, 0.0),
    "inhg": ("pressure", 33.86388667, 0.0),
    "m/s": ("speed", 1.0, 0.0),
    "km/h": ("speed", 1 / 3.6, 0.0),
    "mph": ("speed", 0.44704, 0.0),
    "kn": ("speed", 1.852 / 3.6, 0.0),
    "ft/s": ("speed", 0.3048, 0.0),
    "deg": ("direction", 1.0, 0.0),
    "%": ("part", 1.0, 0.0),
    "particles/cm3": ("count", 1.0, 0.0),
}
_MISTAKABLE: Final = 1.5  # times: less may be weather
_SPELLINGS: Final = {
    "ugm-3": "ug/m3",
    "mcg/m3": "ug/m3",
    "mgm-3": "mg/m3",
    "ppbv": "ppb",
    "nmol/mol": "ppb",
    "ppmv": "ppm",
    "umol/mol": "ppm",
    "pptv": "ppt",
    "°c": "c",
    "degc": "c",
    "celsius": "c",
    "°f": "f",
    "degf": "f",
    "fahrenheit": "f",
    "°k": "k",
    "degk": "k",
    "kelvin": "k",
    "mbar": "hpa",
    "mb": "hpa",
    "ms-1": "m/s",
    "kmh": "km/h",
    "kmph": "km/h",
    "kph": "km/h",
    "kmh-1": "km/h",
    "mi/h": "mph",
    "kt": "kn",
    "kts": "kn",
    "knot": "kn",
    "knots": "kn",
    "°": "deg",
    "degree": "deg",
    "degrees": "deg",
    "percent": "%",
    "#/cm3": "particles/cm3",
}


@dataclass(frozen=True)
class Conversion:
    """value * factor + offset is the value in the other unit."""

    factor: float = 1.0
    offset: float = 0.0

    @property
    def changes(self) -> bool:
        """Whether it does anything."""
        return (self.factor, self.offset) != (1.0, 0.0)


def conversion(given: str, wanted: str, molar_mass: float | None, celsius: float) -> Conversion | None:
    """How values in one unit become values in another; None if a unit is unknown or they measure different things.

    Args:
        given: the unit, in any known spelling.
        wanted: the unit that is asked for.
        molar_mass: of the gas (g/mol); without one, a share of the air cannot become a mass.
        celsius: the temperature of the air that concentrations are stated for, at 1013.25 hPa.
    """
    one, other = spelled(given), spelled(wanted)
    if one == other:
        return Conversion()
    if one not in _UNITS or other not in _UNITS:
        return None
    kind, factor, offset = _UNITS[one]
    wanted_kind, wanted_factor, wanted_offset = _UNITS[other]
    if kind != wanted_kind:
        if molar_mass is None or {kind, wanted_kind} != {_MASS, _SHARE}:
            return None
        mass_of_a_ppb = molar_mass / molar_volume(celsius)
        factor *= mass_of_a_ppb if kind == _SHARE else 1 / mass_of_a_ppb
    return Conversion(factor / wanted_factor, (offset - wanted_offset) / wanted_factor)


def mistakable(unit: str, molar_mass: float | None, celsius: float) -> dict[str, float]:
    """The units that a value in `unit` may have been taken from, had nobody converted it, and what one of each is in
    `unit`; without those that differ by an offset, or by less than a half."""
    found = {given: conversion(given, unit, molar_mass, celsius) for given in _UNITS}
    return {
        given: one.factor
        for given, one in found.items()
        if one and not one.offset and max(one.factor, 1 / one.factor) >= _MISTAKABLE
    }


def molar_volume(celsius: float) -> float:
    """Litres that a mole of gas fills at that temperature and 1013.25 hPa: 24.47 at 25 °C, 24.06 at 20 °C."""
    return 1000 * _GAS_CONSTANT * (celsius + _ZERO_CELSIUS) / _PRESSURE


def spelled(unit: str) -> str:
    """The unit's one spelling here: without regard to case, blanks, raised digits and which of the micro signs."""
    plain = unicodedata.normalize("NFKC", unit.replace("º", "°")).casefold()  # an ordinal, often typed for a degree
    plain = "".join(plain.split()).replace("\u03bc", "u").replace("^", "").replace("**", "").replace("\u2212", "-")
    return _SPELLINGS.get(plain, plain)

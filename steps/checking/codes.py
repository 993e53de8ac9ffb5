"""Numbers that an instrument sends instead of a measurement: -999, -9999, and 985 or 999 at the end of its scale.

They are looked for among the values as delivered, as an error code has no unit: converted, -999 ppt of NO2 would be a
harmless -1.9 µg/m³. The negative ones are no reading of anything. The others are, of pressure or in smoke, so they
count as codes only where they look like it: the same number more than once in a sensor's day, and nothing else above
half of it, as a level that rises comes by what lies between. Small negative values are the zero drift of an instrument
and stay.
"""

from typing import Any, Final

import numpy as np

_NEVER: Final = (-9999.0, -999.0)
_AT_TIMES: Final = (985.0, 999.0, 9985.0, 9999.0)  # a beta attenuation monitor at the end of its scale: 0.985 mg/m³
_REPEATED: Final = 2
_FAR: Final = 0.5

_Numbers = np.ndarray[Any, np.dtype[np.float64]]
_Series = np.ndarray[Any, np.dtype[np.int64]]


def codes(delivered: _Numbers, series: _Series) -> _Numbers:
    """The error code that each of the `delivered` values is, NaN if it is none. `series`: whose sensor's day each is
    of."""
    found = np.where(np.isin(delivered, _NEVER), delivered, np.nan)
    maybe = np.isin(delivered, _AT_TIMES)
    for one in np.unique(series[maybe]):
        mine = series == one
        rest = delivered[mine & ~maybe & np.isnan(found) & np.isfinite(delivered)]
        for code in np.unique(delivered[mine & maybe]):
            same = mine & (delivered == code)
            if same.sum() >= _REPEATED and rest.size and rest.max() < _FAR * code:
                found[same] = code
    return found

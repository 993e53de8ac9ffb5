"""What one version of a location's day has: its usable hours."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Version = tuple[int, date, str]  # the location, the day, and the source's etag


@dataclass(frozen=True)
class Day:
    """The hours of one version of a location's day, in arrays of one length, by time."""

    time: "NDArray[np.datetime64]"
    offset: "NDArray[np.int16]"
    parameter: "NDArray[np.int16]"  # its number among the declared parameters
    value: "NDArray[np.float64]"

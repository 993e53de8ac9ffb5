"""The same truth at any rhythm: made-up hours told minute by minute, and reported as means of so many minutes."""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests.steps.support.openaq import Line, Seeded

RHYTHMS = (1, 5, 10, 15, 30, 60)  # minutes
_SWING = 0.2  # of the hour's mean, up and down within it


@dataclass
class Finer(Seeded):
    """`Seeded`, reported every `minutes`: an hour's reports have its value as their mean, up to the last digit."""

    minutes: int = 60

    def lines(self, location: int, day: date) -> list[Line]:
        return [fine for line in super().lines(location, day) for fine in told(line, self.minutes)]


def told(line: Line, minutes: int) -> list[Line]:
    """An hour's line as the lines of one that reports every `minutes`."""
    end, mean = datetime.fromisoformat(line["datetime"]), float(line["value"])
    return [
        line
        | {
            "datetime": (end - timedelta(minutes=60 - first - minutes)).isoformat(),
            "value": f"{mean * (1 + _SWING * _swing(first, minutes)):.4f}",
        }
        for first in range(0, 60, minutes)
    ]


def _swing(first: int, minutes: int) -> float:
    """The mean over some minutes of an hour of one turn of the sine."""
    return sum(math.sin(math.tau * (minute + 0.5) / 60) for minute in range(first, first + minutes)) / minutes

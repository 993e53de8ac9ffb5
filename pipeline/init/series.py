"""From a table of hours to a project that learns from series: its hours become an archive in the layout that steps read
(https://docs.openaq.org/aws/about), a file for each entity and day.

What a table does not say is made up and said: entities get numbers, and places on the equator, one after the other.
"""

import gzip
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

from pipeline.errors import UserError
from pipeline.init import columns
from pipeline.init.columns import Found
from pipeline.init.reading import Sample
from steps.contract.written import MISSING

_LARGEST: Final = 200 * 2**20  # bytes
_HEADER: Final = ("location_id", "sensors_id", "location", "datetime", "lat", "lon", "parameter", "units", "value")
_LEAST_DAYS: Final = 60
_WITH_UNIT: Final = re.compile(r"(.+?)\s*[(\[](.+)[)\]]\s*")


@dataclass(frozen=True)
class Series:
    """What a table of hours holds. `quantities`: its columns by what they are called in the archive, the target first.
    `entities`: their numbers, from 1. `hours`: the first and the last."""

    sample: Sample
    time: str
    entity: str
    target: str
    quantities: Mapping[str, Found]
    left_out: tuple[Found, ...]
    entities: Mapping[str, int]
    hours: tuple[datetime, datetime]
    zoned: bool

    @property
    def as_of(self) -> str:
        """The time that the quickstart is asked for: all hours are known."""
        return f"{self.hours[1]:%FT%TZ}"


def told(sample: Sample, time: str, entity: str, target: str) -> Series:
    """What a table of hours holds.

    Raises:
        UserError: a column is not there, its times are no hours, or they are too few.
    """
    for option, name in (("--time", time), ("--target", target), ("--entity", entity)):
        if (name or option != "--entity") and name not in sample.names:
            named = f"no column {name!r}" if name else f"columns {', '.join(sample.names)}; name one by {option}"
            raise UserError(f"{sample.file} has {named}" + (f"; it has: {', '.join(sample.names)}" if name else ""))
    if sample.file.stat().st_size > _LARGEST:
        raise UserError(f"{sample.file} has more than {_LARGEST // 2**20} MB; lay it out as an archive, for `source`")
    times = _times(sample, time)
    entities = sample.column(sample.names.index(entity)) if entity else [""] * len(times)
    _check(sample, times, entities)
    own = [one for one in columns.told(sample) if one.name not in (time, entity)]
    numbers = [one for one in own if one.numbers is not None and not one.left_out]
    if target not in [one.name for one in numbers]:
        raise UserError(f"{sample.file}: {target!r} cannot be the target; wanted a column of numbers that change")
    ordered = sorted(numbers, key=lambda one: one.name != target)
    quantities = {_plain(one.name): one for one in ordered}
    numbered = {name: number for number, name in enumerate(sorted(set(entities)), 1)}
    left_out = tuple(one for one in own if one not in numbers)
    zoned = datetime.fromisoformat(sample.column(sample.names.index(time))[0]).tzinfo is not None
    return Series(sample, time, entity, _plain(target), quantities, left_out, numbered, (min(times), max(times)), zoned)


def lay_out(found: Series, archive: Path) -> int:
    """Write the archive; how many files it has."""
    days: defaultdict[tuple[str, date], list[tuple[str, ...]]] = defaultdict(list)
    for entity, time, values in _hours(found):
        days[entity, (time - timedelta(seconds=1)).date()] += [
            (str(found.entities[entity]), f"{found.entities[entity]}{number}", entity or "all", time.isoformat(), "0.0",
             f"{found.entities[entity] / 100:.2f}", quantity, unit(found.quantities[quantity].name), value)
            for number, (quantity, value) in enumerate(values.items(), 1)
        ]  # fmt: skip
    for (entity, day), lines in days.items():
        number = found.entities[entity]
        folder = archive / f"records/csv.gz/locationid={number}/year={day:%Y}/month={day:%m}"
        folder.mkdir(parents=True, exist_ok=True)
        text = "\n".join([",".join(_HEADER), *(_line(line) for line in lines)]) + "\n"
        (folder / f"location-{number}-{day:%Y%m%d}.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    return len(days)


def _hours(found: Series) -> Iterator[tuple[str, datetime, dict[str, str]]]:
    """Of each row: the entity, the time, and what is not missing of its quantities."""
    sample = found.sample
    places = {name: sample.names.index(one.name) for name, one in found.quantities.items()}
    at, of = sample.names.index(found.time), sample.names.index(found.entity) if found.entity else None
    for row in sample.rows:
        values = {name: row[place].strip().replace(",", ".") for name, place in places.items()}
        there = {name: value for name, value in values.items() if not re.match(MISSING, value)}
        yield "" if of is None else row[of].strip(), _time(row[at].strip()), there


def _times(sample: Sample, name: str) -> list[datetime]:
    times = []
    for number, text in enumerate(sample.column(sample.names.index(name)), 2):
        try:
            times.append(_time(text))
        except ValueError:
            like = "wanted one like 2024-03-01T13:00:00Z"
            raise UserError(f"{sample.file}, row {number:,}: {name} {text!r:.40} is no time; {like}") from None
    return times


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _check(sample: Sample, times: list[datetime], entities: list[str]) -> None:
    by_entity: defaultdict[str, list[datetime]] = defaultdict(list)
    for time, entity in zip(times, entities, strict=True):
        by_entity[entity].append(time)
    longest = sorted(by_entity[max(by_entity, key=lambda entity: len(by_entity[entity]))])
    apart = median([(later - one).total_seconds() for one, later in pairwise(longest)] or [0])
    if apart == 0:
        raise UserError(f"{sample.file}: times repeat; name the column that tells rows of one time apart by --entity")
    if apart > 3600:
        raise UserError(f"{sample.file}: its times are {apart / 3600:g} hours apart; wanted hours, or shorter")
    days = (longest[-1] - longest[0]).days
    if days < _LEAST_DAYS:
        raise UserError(f"{sample.file} has {days} days; wanted {_LEAST_DAYS} to learn from at least")


def unit(name: str) -> str:
    """The unit that a column's name has behind it, as in `load (MW)`; 1 if there is none."""
    parted = _WITH_UNIT.fullmatch(name)
    return parted[2] if parted else "1"


def _plain(name: str) -> str:
    parted = _WITH_UNIT.fullmatch(name)
    return re.sub(r"\W+", "_", (parted[1] if parted else name).casefold()).strip("_") or "value"


def _line(values: tuple[str, ...]) -> str:
    quoted = (f'"{value}"' if "," in value else value.replace('"', "'") for value in values)
    return ",".join(quoted)

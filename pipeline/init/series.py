"""From a table of hours or days to a project that learns from series: they become an archive in the layout that steps
read (https://docs.openaq.org/aws/about), a file for each entity and day.

What a table does not say is made up and said: entities get numbers, and places on the equator, one after the other.
A date is a day by whatever clock; its value gets the time that `steps.summaries.intervals` says.
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
from steps.summaries.intervals import DAY, HOUR, Frequency, Interval

_LARGEST: Final = 200 * 2**20  # bytes
_HEADER: Final = ("location_id", "sensors_id", "location", "datetime", "lat", "lon", "parameter", "units", "value")
HORIZON_HOURS: Final = 24
_LEAST_DAYS: Final = {HOUR: 60, DAY: 365}
_HOURLY: Final = 3600.0  # seconds
_DAILY: Final = 24 * _HOURLY
_WITH_UNIT: Final = re.compile(r"(.+?)\s*[(\[](.+)[)\]]\s*")


@dataclass(frozen=True)
class Series:
    """What a table of hours or days holds. `quantities`: its columns by what they are called in the archive, the target
    first. `entities`: their numbers, from 1. `span`: the ends of the first and the last hour, or day. `gaps`: how many
    days between them are not there."""

    sample: Sample
    time: str
    entity: str
    target: str
    quantities: Mapping[str, Found]
    left_out: tuple[Found, ...]
    entities: Mapping[str, int]
    interval: Interval
    span: tuple[datetime, datetime]
    zoned: bool
    gaps: int

    @property
    def as_of(self) -> str:
        """The time that the quickstart is asked for: all is known."""
        return f"{self.span[1]:%FT%TZ}"

    @property
    def frequency(self) -> Frequency:
        """As it is declared."""
        return "daily" if self.interval is DAY else "hourly"


def told(sample: Sample, time: str, entity: str, target: str) -> Series:
    """What a table of hours or days holds.

    Raises:
        UserError: a column is not there, its times are neither hours nor days, or they are too few.
    """
    for option, name in (("--time", time), ("--target", target), ("--entity", entity)):
        if (name or option != "--entity") and name not in sample.names:
            named = f"no column {name!r}" if name else f"columns {', '.join(sample.names)}; name one by {option}"
            raise UserError(f"{sample.file} has {named}" + (f"; it has: {', '.join(sample.names)}" if name else ""))
    if sample.file.stat().st_size > _LARGEST:
        raise UserError(f"{sample.file} has more than {_LARGEST // 2**20} MB; lay it out as an archive, for `source`")
    times = _times(sample, time)
    entities = sample.column(sample.names.index(entity)) if entity else [""] * len(times)
    interval = _interval(sample, times, entities)
    if interval is DAY:
        _check_days(sample, time, times, entities)
    ends = [_end(one, interval) for one in times]
    _check_length(sample, ends, entities, interval)
    own = [one for one in columns.told(sample) if one.name not in (time, entity)]
    numbers = [one for one in own if one.numbers is not None and not one.left_out]
    if target not in [one.name for one in numbers]:
        raise UserError(f"{sample.file}: {target!r} cannot be the target; wanted a column of numbers that change")
    ordered = sorted(numbers, key=lambda one: one.name != target)
    quantities = {_plain(one.name): one for one in ordered}
    numbered = {name: number for number, name in enumerate(sorted(set(entities)), 1)}
    left_out = tuple(one for one in own if one not in numbers)
    span, zoned = (min(ends), max(ends)), times[0].tzinfo is not None
    gaps = _gaps(ends, entities) if interval is DAY else 0
    return Series(sample, time, entity, _plain(target), quantities, left_out, numbered, interval, span, zoned, gaps)


def lay_out(found: Series, archive: Path) -> int:
    """Write the archive; how many files it has."""
    days: defaultdict[tuple[str, date], list[tuple[str, ...]]] = defaultdict(list)
    for entity, time, values in _values(found):
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


def _values(found: Series) -> Iterator[tuple[str, datetime, dict[str, str]]]:
    """Of each row: the entity, the end of its hour or day, and what is not missing of its quantities."""
    sample = found.sample
    places = {name: sample.names.index(one.name) for name, one in found.quantities.items()}
    at, of = sample.names.index(found.time), sample.names.index(found.entity) if found.entity else None
    for row in sample.rows:
        values = {name: row[place].strip().replace(",", ".") for name, place in places.items()}
        there = {name: value for name, value in values.items() if not re.match(MISSING, value)}
        time = _end(datetime.fromisoformat(row[at].strip()), found.interval)
        yield "" if of is None else row[of].strip(), time, there


def _times(sample: Sample, name: str) -> list[datetime]:
    """As they are written."""
    times = []
    for number, text in enumerate(sample.column(sample.names.index(name)), 2):
        try:
            times.append(datetime.fromisoformat(text))
        except ValueError:
            like = "wanted one like 2024-03-01T13:00:00Z, or 2024-03-01"
            raise UserError(f"{sample.file}, row {number:,}: {name} {text!r:.40} is no time; {like}") from None
    return times


def _end(time: datetime, interval: Interval) -> datetime:
    """When what a time stands for ends, in UTC: an hour then, a day by the midnight after its date."""
    if interval is DAY:
        return datetime.combine(time.date(), datetime.min.time(), UTC) + DAY.length
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _longest(times: list[datetime], entities: list[str]) -> list[datetime]:
    """Those of the entity that has most, in order."""
    by_entity: defaultdict[str, list[datetime]] = defaultdict(list)
    for time, entity in zip(times, entities, strict=True):
        by_entity[entity].append(time)
    return sorted(by_entity[max(by_entity, key=lambda entity: len(by_entity[entity]))])


def _interval(sample: Sample, times: list[datetime], entities: list[str]) -> Interval:
    """Guessed from how far apart times are."""
    if len({time.tzinfo is None for time in times}) > 1:
        raise UserError(f"{sample.file}: some times have an offset and some have none; wanted one or the other")
    ends = _longest([_end(time, HOUR) for time in times], entities)
    apart = median([(later - one).total_seconds() for one, later in pairwise(ends)] or [0])
    if apart == 0:
        raise UserError(f"{sample.file}: times repeat; name the column that tells rows of one time apart by --entity")
    if apart <= _HOURLY or apart == _DAILY:
        return DAY if apart == _DAILY else HOUR
    said = f"{apart / _HOURLY:g} hours" if apart < _DAILY else f"{apart / _DAILY:g} days"
    raise UserError(f"{sample.file}: its times are {said} apart; wanted days, hours, or shorter")


def _check_days(sample: Sample, name: str, times: list[datetime], entities: list[str]) -> None:
    """Refuse a day that is there twice, and one that has an hour."""
    rows: dict[tuple[str, date], int] = {}
    for row, (time, entity) in enumerate(zip(times, entities, strict=True), 2):
        if time.time() != datetime.min.time():
            what = f"{name} {time:%F %T} has a time of day, and most rows are a day apart"
            raise UserError(f"{sample.file}, row {row:,}: {what}; wanted dates alone, like {time:%F}")
        before = rows.setdefault((entity, time.date()), row)
        if before != row:
            whose = f" of {entity}" if entity else ""
            raise UserError(f"{sample.file}, rows {before:,} and {row:,} are both {time:%F}{whose}; wanted one a day")


def _check_length(sample: Sample, ends: list[datetime], entities: list[str], interval: Interval) -> None:
    longest = _longest(ends, entities)
    days, least = (longest[-1] - longest[0] + (interval.length if interval is DAY else timedelta())).days, _LEAST_DAYS
    if days < least[interval]:
        raise UserError(f"{sample.file} has {days} days; wanted {least[interval]} to learn from at least")


def _gaps(ends: list[datetime], entities: list[str]) -> int:
    """How many days of entities are not there, between their first and their last."""
    spans: defaultdict[str, list[datetime]] = defaultdict(list)
    for end, entity in zip(ends, entities, strict=True):
        spans[entity].append(end)
    return sum((max(own) - min(own)) // DAY.length + 1 - len(own) for own in spans.values())


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

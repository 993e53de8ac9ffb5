"""How the report and the live tree put numbers, times and names into words, in one place so that both do it alike."""

import math
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime

# OpenAQ's names of parameters, as people write them. Others are shown as they are.
_NAMES = {
    "no2": "NO₂",
    "o3": "O₃",
    "so2": "SO₂",
    "co": "CO",
    "pm25": "PM₂.₅",
    "pm10": "PM₁₀",
    "temperature": "temperature",
    "relativehumidity": "relative humidity",
    "wind_speed": "wind speed",
    "wind_direction": "wind direction",
}


def printable(text: str) -> str:
    """`text` without anything that could control a terminal or a page: control characters, lone surrogates, and marks
    that reverse the direction of text. Line breaks and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) not in _STRIPPED)


_STRIPPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def one_line(text: str) -> str:
    """`text` printable, and on one line."""
    return " ".join(printable(text).split())


def shortened(text: str, length: int) -> str:
    """At most `length` characters of `text`, with an ellipsis if it is longer."""
    return text if len(text) <= length else f"{text[: max(length - 1, 0)]}…"


def parameter_name(parameter: str) -> str:
    """`no2` as NO₂."""
    return _NAMES.get(parameter, parameter)


def duration(seconds: float) -> str:
    """Seconds as 0.4 s, 12 s, 2 min 05 s, 1 h 03 min."""
    seconds = max(seconds, 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def elapsed(start: datetime | None, end: datetime | None, now: datetime) -> float | None:
    """Seconds from `start` to `end`, or to `now` if there is no end yet; None if there is no start yet."""
    return None if start is None else max(((end or now) - start).total_seconds(), 0.0)


def quantity(value: float, decimals: int | None = None) -> str:
    """A number for people: three or four significant digits, commas between thousands, a real minus sign."""
    if not math.isfinite(value):
        return "–"
    places = _decimals(value) if decimals is None else decimals
    return f"{value:,.{places}f}".replace("-", "−")


def _decimals(value: float) -> int:
    if value == int(value):
        return 0
    return next((places for places, least in enumerate((1000, 100, 1)) if abs(value) >= least), 3)


def count(number: float, one: str, many: str | None = None) -> str:
    """1 row, 2 rows."""
    return f"{quantity(number)} {one if number == 1 else many or one + 's'}"


def percent(share: float, decimals: int = 0) -> str:
    """A share of 1 as a percentage."""
    return f"{quantity(share * 100, decimals)}\u00a0%"


def instant(text: str) -> datetime:
    """An RFC 3339 time, in UTC. Without an offset it is UTC already.

    Raises:
        ValueError: not a time.
    """
    moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text} is not in the years that UTC has") from error


def moment(time: datetime) -> str:
    """2003-06-22 05:00 UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def readable(time: str) -> str:
    """An RFC 3339 time as `moment` shows it; any other text as it is."""
    try:
        return moment(instant(time))
    except ValueError:
        return time


def names(words: list[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


_SAMPLE = frozenset({"9000001", "9000002"})


def attribution(locations: Iterable[str]) -> str | None:
    """The line that must accompany the sample's data, if one of the locations is in the sample."""
    return "aqeval 0.7.3 sample, unnamed UK stations" if _SAMPLE & set(locations) else None

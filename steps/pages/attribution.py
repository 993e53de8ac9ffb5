"""Attribution: the line that the sample's data must carry wherever they are shown."""

from collections.abc import Iterable

_SAMPLE = frozenset({"9000001", "9000002"})
_LINE = "aqeval 0.7.3 sample, unnamed UK stations"


def attribution(locations: Iterable[str]) -> str | None:
    """The line, where one of the locations is of the sample."""
    return _LINE if _SAMPLE & set(locations) else None

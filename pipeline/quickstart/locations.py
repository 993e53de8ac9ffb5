"""OpenAQ's locations around a place, for a person to choose from or for a quickstart from `api`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pipeline.errors import UserError
from pipeline.laptop.machine import LocalMachine
from pipeline.show.tables import table
from steps.backends.openaq import Location, OpenAQ

_STALE = timedelta(days=7)  # without a measurement: it no longer reports
_CHOSEN = 3
_FARTHEST = 25_000  # metres; the API takes no more


def near(machine: LocalMachine, latitude: float, longitude: float, metres: int, parameter: str) -> list[Location]:
    """The locations around there that measure the parameter, nearest first. Its calls of the API count as a step's do.

    Raises:
        BadInput: there is no key, or the API refuses it, or it knows no such parameter.
        StepError: the API does not answer.
    """
    api = OpenAQ.here()
    machine.use("database")
    return api.near(latitude, longitude, metres, api.parameters(parameter))


def choose(found: Sequence[Location]) -> list[Location]:
    """The nearest few of those that still report."""
    return [one for one in found if not _stale(one)][:_CHOSEN]


def place(text: str) -> tuple[float, float]:
    """The latitude and longitude in `LAT,LON`, degrees.

    Raises:
        UserError: it is not such a pair.
    """
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        latitude = longitude = float("nan")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise UserError(f"--near {text}: wanted LAT,LON in degrees, like 48.2085,16.3731")
    return latitude, longitude


def listed(found: Sequence[Location], parameter: str, kilometres: float) -> str:
    """A line for each; if there is none, what to try."""
    if not found:
        return f"no location within {kilometres:g} km measures {parameter}; try a larger --radius (at most 25)"
    rows = [
        (
            str(one.id),
            (one.name or "-")[:40],
            f"{one.distance / 1000:.1f}" if one.distance is not None else "-",
            _day(one.datetimeFirst.utc if one.datetimeFirst else None),
            _day(one.datetimeLast.utc if one.datetimeLast else None) + (" (silent)" if _stale(one) else ""),
            "; ".join(dict.fromkeys(each.name for each in one.licenses or [])) or "not given",
            ", ".join(f"{each.parameter.name} {each.parameter.units}" for each in one.sensors),
        )
        for one in found
    ]
    header = ("ID", "NAME", "KM", "FROM", "TO", "LICENCE", "MEASURES")
    ids = ",".join(str(one.id) for one in choose(found)) or str(found[0].id)
    return table(header, rows) + f"\n\npipeline quickstart --source api --parameter {parameter} --locations {ids}"


def farthest(kilometres: float) -> int:
    """The radius in metres.

    Raises:
        UserError: the API does not take it.
    """
    metres = round(1000 * kilometres)
    if not 0 < metres <= _FARTHEST:
        raise UserError(f"--radius {kilometres:g}: wanted more than 0 and at most 25 km, which is all the API takes")
    return metres


def _stale(location: Location) -> bool:
    last = location.datetimeLast
    return last is None or last.utc < datetime.now(UTC) - _STALE


def _day(moment: datetime | None) -> str:
    return f"{moment:%F}" if moment else "-"

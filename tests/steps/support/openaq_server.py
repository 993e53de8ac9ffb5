"""A real HTTP server that answers as OpenAQ's API does, and misbehaves on demand. Bodies are made up in its shapes."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from tests.steps.support.web_servers import Answer, serving

KEY = "k" * 40
ZONE = ZoneInfo("Europe/Vienna")
PARAMETERS = {  # a name may have another unit after it
    "pm25": (2, "µg/m³"),
    "no2": (5, "µg/m³"),
    "o3": (3, "µg/m³"),
    "pm10": (1, "µg/m³"),
    "so2": (6, "µg/m³"),
    "no": (35, "ppm"),
    "no2 ppb": (15, "ppb"),
}
_HOUR = timedelta(hours=1)
Fault = Callable[[str, int], Answer | None]  # of a path and the call's number, from 1


@dataclass
class Api:
    """`locations`: id → its parameters. `fault` may answer instead. `changed`: added to each value of that UTC day."""

    locations: dict[int, tuple[str, ...]]
    fault: Fault = lambda _path, _number: None
    changed: dict[str, float] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def respond(self, path: str, query: str) -> Answer:
        with self.lock:
            self.calls.append(path + (f"?{query}" if query else ""))
            number = len(self.calls)
        return self.fault(path, number) or self.answer(path, {name: one[0] for name, one in parse_qs(query).items()})

    def answer(self, path: str, asked: dict[str, str]) -> Answer:
        """What a well-behaved server says."""
        match path.strip("/").split("/"):
            case ["v3", "locations"]:
                return results([self.location(number) for number in self.locations])
            case ["v3", "locations", number] if int(number) in self.locations:
                return results([self.location(int(number))])
            case ["v3", "parameters"]:
                return results([parameter(name) for name in PARAMETERS])
            case ["v3", "sensors", number, "hours"]:
                return self.hours(int(number), asked)
        return Answer(404, json.dumps({"detail": "Location not found"}).encode(), JSON)

    def location(self, number: int) -> dict[str, Any]:
        sensors = [
            {"id": 10 * number + index, "name": name, "parameter": parameter(name)}
            for index, name in enumerate(self.locations[number])
        ]
        return {
            "id": number,
            "name": f'Station "{number}", Wien',
            "locality": None,
            "timezone": "Europe/Vienna",
            "country": {"id": 1, "code": "AT", "name": "Austria"},
            "sensors": sensors,
            "coordinates": {"latitude": 48.2, "longitude": 16.37},
            "distance": 100.0 * number,
            "licenses": [{"id": 1, "name": "CC BY 4.0", "attribution": {"name": "Stadt Wien", "url": None}}],
            "datetimeFirst": moment(datetime(2016, 1, 1, tzinfo=UTC)),
            "datetimeLast": moment(datetime.now(UTC)),
        }

    def hours(self, sensor: int, asked: dict[str, str]) -> Answer:
        """Ends of hours after datetime_from and up to datetime_to, with the count as a string, as the API does."""
        begin, end = (datetime.fromisoformat(asked[name]) for name in ("datetime_from", "datetime_to"))
        ends = [begin + number * _HOUR for number in range(1, int((end - begin) / _HOUR) + 1)]
        first = (int(asked["page"]) - 1) * int(asked["limit"])
        name = self.locations[sensor // 10][sensor % 10]
        page = [self.hour(name, stamp) for stamp in ends[first : first + int(asked["limit"])]]
        return results(page, found=f">{len(page)}")

    def hour(self, name: str, end: datetime) -> dict[str, Any]:
        value = 20.0 + end.hour + self.changed.get(f"{end:%F}", 0.0)
        return {
            "value": None if end.hour == 3 and end.day % 5 == 0 else value,
            "parameter": parameter(name),
            "period": {
                "label": "1hour",
                "interval": "01:00:00",
                "datetimeFrom": moment(end - _HOUR),
                "datetimeTo": moment(end),
            },
            "coordinates": None,
            "summary": {"min": value},
            "coverage": {"percentComplete": 100.0},
        }


JSON = {"Content-Type": "application/json"}


def results(listed: list[Any], **meta: object) -> Answer:
    body = {"meta": {"name": "openaq-api", "page": 1, "limit": 1000, "found": len(listed), **meta}, "results": listed}
    return Answer(200, json.dumps(body).encode(), JSON)


def parameter(name: str) -> dict[str, Any]:
    number, units = PARAMETERS[name]
    return {"id": number, "name": name.split(maxsplit=1)[0], "units": units, "displayName": None}


def moment(at: datetime) -> dict[str, str]:
    return {"utc": at.isoformat().replace("+00:00", "Z"), "local": at.astimezone(ZONE).isoformat()}


@contextmanager
def api(locations: dict[int, tuple[str, ...]], fault: Fault | None = None) -> Iterator[tuple[Api, str]]:
    """The server and its address."""
    server = Api(locations)
    if fault:
        server.fault = fault
    with serving(server.respond) as address:
        yield server, address

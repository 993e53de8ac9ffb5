"""OpenAQ's API, version 3 (https://docs.openaq.org): locations, their sensors, and hourly means.

Our own client, because the official one neither retries nor takes another address. The server is not trusted to be up,
to be quick, to send JSON, to count right, to end its pages, or to answer what was asked. So every answer is read up to
a limit and checked field by field; failures that may go away are retried, later each time and never in parallel; others
become a one-line error.

A key has 60 calls in a minute and 2,000 in an hour (https://docs.openaq.org/using-the-api/rate-limits), for all its
users together; whoever takes more is shut out. `rates` counts the calls, and the server's own count is obeyed.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from steps.backends.http import Answer, Client
from steps.backends.rates import Limit, Rate
from steps.errors import BadInput, StepError
from steps.settings import setting

log = logging.getLogger("steps")

ADDRESS: Final = "https://api.openaq.org"
_ON_THE_WAY = 2.0  # seconds: how much later one of two simultaneous calls may arrive
LIMITS: Final[tuple[Limit, ...]] = ((60, 60 + _ON_THE_WAY), (2000, 3600 + _ON_THE_WAY))
PAGE: Final = 1000  # the most results on a page
_PAGES = 100
_ATTEMPTS = 6
_LONGEST_HOLD = 3600.0  # seconds; longer waits are not believed
_LARGEST = 20 * 1024 * 1024
_RETRIED = (408, 425, 429, 500, 502, 503, 504)
_SAID = 5.0  # a wait of that many seconds is worth a line in the log


class Parameter(BaseModel):
    """What a sensor measures, in which unit."""

    id: int
    name: str
    units: str


class Sensor(BaseModel):
    """A series of one parameter at one location."""

    id: int
    parameter: Parameter


class Moment(BaseModel):
    """A time, in UTC and local."""

    utc: AwareDatetime
    local: AwareDatetime


class Coordinates(BaseModel):
    """Degrees, WGS 84."""

    latitude: float | None
    longitude: float | None


class Attribution(BaseModel):
    """Whom to credit."""

    name: str | None = None
    url: str | None = None


class Licence(BaseModel):
    """The terms under which a location's data are given."""

    name: str
    attribution: Attribution | None = None


class Location(BaseModel):
    """A station with its sensors. `distance`: metres from the point that was asked about, if any."""

    id: int
    name: str | None
    timezone: str
    coordinates: Coordinates
    sensors: list[Sensor]
    licenses: list[Licence] | None = None
    distance: float | None = None
    datetimeFirst: Moment | None = None
    datetimeLast: Moment | None = None


class Period(BaseModel):
    """The hour that a value is the mean of, by its end."""

    datetimeTo: Moment


class Hour(BaseModel):
    """An hourly mean; null if the hour has none."""

    value: float | None = Field(allow_inf_nan=False)
    parameter: Parameter
    period: Period


class OpenAQ:
    """The API, one request at a time.

    `pause`: waits that many seconds. Raises, on every call:
        BadInput: the key is refused or missing, the thing does not exist, the request is not understood.
        StepError: after several tries the server has not answered, or not with what was asked. Worth a retry.
    """

    def __init__(
        self,
        key: str,
        address: str = ADDRESS,
        *,
        timeout: float = 20.0,
        limits: tuple[Limit, ...] = LIMITS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise BadInput(f"OPENAQ_API_URL is {address!r}; wanted an address like {ADDRESS}")
        if not key.isascii() or not key.isprintable():
            raise BadInput("OPENAQ_API_KEY holds characters that no key has; copy it again from explore.openaq.org")
        self._base = f"{address.rstrip('/')}/v3"
        self._client = Client(timeout=timeout, headers={"X-API-Key": key, "Accept": "application/json"}, attempts=1)
        self._rate = Rate(key, limits)
        self._pause = pause

    @classmethod
    def here(cls, *, timeout: float = 20.0) -> "OpenAQ":
        """The API with the key that the environment has.

        Raises:
            BadInput: the key is missing.
        """
        key = setting("OPENAQ_API_KEY", "").strip()
        if not key:
            raise BadInput(
                "the API needs a key and OPENAQ_API_KEY is not set; get one at https://explore.openaq.org/register, "
                "then: export OPENAQ_API_KEY=… (on a cluster: the Secret openaq). The archive needs none"
            )
        return cls(key, setting("OPENAQ_API_URL", ADDRESS), timeout=timeout)

    def location(self, number: int) -> Location:
        """One location, by its id."""
        found = self._page(f"/locations/{number}", {}, Location)
        if len(found) != 1 or found[0].id != number:
            raise StepError(f"{self._base}/locations/{number} answered {len(found)} locations, wanted that one")
        return found[0]

    def near(self, latitude: float, longitude: float, metres: int, parameters: Iterable[int]) -> list[Location]:
        """The locations at most `metres` (up to 25,000) away that measure one of the parameters (ids), nearest
        first."""
        where = {"coordinates": f"{latitude:.4f},{longitude:.4f}", "radius": metres}
        found = {
            location.id: location
            for number in parameters
            for location in self._pages("/locations", {**where, "parameters_id": number}, Location, lambda one: one.id)
        }
        return sorted(found.values(), key=_distance)

    def parameters(self, name: str) -> list[int]:
        """The ids of the parameter of that name: it has one for each unit.

        Raises:
            BadInput: there is none.
        """
        found = [one for one in self._pages("/parameters", {}, Parameter, lambda one: one.id) if one.name == name]
        if not found:
            raise BadInput(f"OpenAQ has no parameter {name!r}; wanted one like pm25, no2, o3")
        return sorted(one.id for one in found)

    def hours(self, sensor: int, after: datetime, until: datetime) -> list[Hour]:
        """The sensor's hourly means for the hours that end after `after` and not after `until`, in order, each once."""
        asked = {"datetime_from": _stamp(after), "datetime_to": _stamp(until)}
        found = self._pages(f"/sensors/{sensor}/hours", asked, Hour, lambda one: one.period.datetimeTo.utc)
        inside = {one.period.datetimeTo.utc: one for one in found if after < one.period.datetimeTo.utc <= until}
        return [inside[end] for end in sorted(inside)]

    def _pages[T: BaseModel](
        self, path: str, asked: Mapping[str, Any], kind: type[T], identity: Callable[[T], object]
    ) -> Iterator[T]:
        """The results of all pages, up to the first that is not full: the server's own count cannot be trusted."""
        seen: set[object] = set()
        for number in range(1, _PAGES + 1):
            page = self._page(path, {**asked, "limit": PAGE, "page": number}, kind)
            new = {identity(one) for one in page} - seen
            if page and not new:
                raise StepError(f"{self._base}{path} gave page {number} again instead of the next one; try again later")
            yield from (one for one in page if identity(one) in new)
            seen |= new
            if len(page) < PAGE:
                return
        raise StepError(f"{self._base}{path} has pages without an end; stopped after {_PAGES}")

    def _page[T: BaseModel](self, path: str, asked: Mapping[str, Any], kind: type[T]) -> list[T]:
        url = f"{self._base}{path}" + (f"?{urlencode(asked)}" if asked else "")
        wrong = ""
        for attempt in range(1, _ATTEMPTS + 1):
            self._await_turn()
            try:
                answer = self._client.get(url, _LARGEST)
            except StepError as error:
                wrong = str(error)
            else:
                self._heed(answer)
                if answer.status not in _RETRIED:
                    _refuse(answer, self._base)
                    try:
                        return _read(answer, kind)
                    except _Unreadable as error:
                        wrong = f"{url} answered {error}"
                else:
                    wrong = f"{url} answered {answer.status}{_detail(answer)}"
            if attempt < _ATTEMPTS:
                self._pause(random.uniform(0.5, 1.0) * 2**attempt)  # noqa: S311 - so that two do not come back together
        raise StepError(f"{wrong} ({_ATTEMPTS} attempts; try again later)")

    def _await_turn(self) -> None:
        while (wait := self._rate.take()) > 0:
            if wait > _SAID:
                log.info("waiting %.0f s: the API's limit is reached", wait)
            self._pause(wait)

    def _heed(self, answer: Answer) -> None:
        """Obey the server's own count, as far as it is plausible: the key may be in use elsewhere, too."""
        spent = answer.header("x-ratelimit-remaining").strip() == "0" or answer.status in (429, 503)
        wanted = [_seconds(answer.header(name)) for name in ("Retry-After", "x-ratelimit-reset")]
        if answer.status == 429 and not any(wanted):
            wanted = [60.0]
        if spent and (longest := max(wanted)) > 0:
            self._rate.hold(min(longest, _LONGEST_HOLD))


class _Unreadable(Exception):
    """What an answer is instead of the wanted one."""


def _read[T: BaseModel](answer: Answer, kind: type[T]) -> list[T]:
    if len(answer.body) > _LARGEST:
        raise _Unreadable(f"more than {_LARGEST // 1024 // 1024} MB")
    if answer.header("Content-Type").lower().startswith("text/html") or answer.body.lstrip()[:1] == b"<":
        raise _Unreadable("a web page instead of JSON")
    try:
        listed = json.loads(answer.body)["results"]
        return [kind.model_validate(one) for one in listed]
    except ValidationError as error:
        first = error.errors()[0]
        raise _Unreadable(f"something else: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (ValueError, LookupError, TypeError, RecursionError):
        raise _Unreadable("something that is no list of results in JSON") from None


def _refuse(answer: Answer, base: str) -> None:
    """Raise the errors that another try would not change."""
    if answer.status in (401, 403):
        raise BadInput(
            f"{base} refuses the key ({answer.status}); look at OPENAQ_API_KEY, and at https://explore.openaq.org"
            " whether it still holds"
        )
    if answer.status in (404, 410):
        raise BadInput(f"{answer.url} is not there ({answer.status}); check the id, `pipeline locations` finds ids")
    if answer.status != 200:
        raise BadInput(f"{answer.url} was not understood ({answer.status}{_detail(answer)})")


def _detail(answer: Answer) -> str:
    """What the body says is wrong: a list of faults, an object, or a bare string."""
    try:
        said = json.loads(answer.body[:10_000])
    except (ValueError, RecursionError):
        return ""
    detail = said.get("detail", said) if isinstance(said, dict) else said
    first = detail[0] if isinstance(detail, list) and detail else detail
    words = first.get("msg", first) if isinstance(first, dict) else first
    return f": {' '.join(str(words).split())[:200]}"


def _seconds(text: str) -> float:
    """Seconds from now, according to a header; 0 if it says nothing plausible."""
    try:
        found = float(text)
    except ValueError:
        return 0.0
    return found if 0 < found < float("inf") else 0.0


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _distance(location: Location) -> float:
    return location.distance if location.distance is not None else float("inf")

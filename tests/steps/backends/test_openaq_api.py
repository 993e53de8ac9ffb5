"""OpenAQ's API, from a real server that misbehaves: what comes is right, or there is one line that says why not."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steps import plan
from steps.archive.api import Api
from steps.archive.layout import days
from steps.backends import http, openaq, rates
from steps.backends.database import begin
from steps.backends.objects import lake
from steps.backends.openaq import OpenAQ
from steps.backends.rates import Rate
from steps.checking.reading import read
from steps.errors import BadInput, StepError
from tests.steps.support import openaq_server
from tests.steps.support.collecting import Collector
from tests.steps.support.invoking import run_step
from tests.steps.support.openaq import Seeded
from tests.steps.support.openaq_server import JSON, KEY, Fault, results
from tests.steps.support.released import DECLARATION
from tests.steps.support.web_servers import Answer

pytestmark = pytest.mark.usefixtures("database_environment")

QUANTITIES = ("pm25", "pm10", "no2", "so2", "o3")
PLACES: dict[int, tuple[str, ...]] = dict.fromkeys((1, 2, 3, 4), QUANTITIES)
FIRST, LAST = date(2026, 3, 10), date(2026, 4, 8)  # the clocks change in between
AFTER, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 11, tzinfo=UTC)


class Clock:
    """Waits that take no time but the database's, written down."""

    now = 1_000_000.0

    def __init__(self) -> None:
        self.waited: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)
        Clock.now += seconds


@pytest.fixture(autouse=True)
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database's time is that of `Clock`, but where several really wait for each other."""
    if "at_once" not in request.node.name:
        monkeypatch.setattr(rates, "clock", lambda _connection: Clock.now)


def client(address: str, clock: Clock | None = None, **more: Any) -> OpenAQ:
    return OpenAQ(KEY, address, timeout=20.0, pause=clock or Clock(), **more)


def ends() -> list[datetime]:
    return [AFTER + timedelta(hours=hour) for hour in range(1, 241)]


def survive(fault: Fault, clock: Clock | None = None) -> list[str]:
    """Ten days of a sensor from a server with that fault, which must all come; the calls."""
    with openaq_server.api({1: ("no2",)}, fault) as (server, address):
        found = client(address, clock).hours(10, AFTER, UNTIL)
        assert [one.period.datetimeTo.utc for one in found] == ends()
        return server.calls


def told(fault: Fault, clock: Clock | None = None) -> str:
    """The one line about a server with that fault."""
    with openaq_server.api({1: ("no2",)}, fault) as (_, address), pytest.raises(StepError) as caught:
        client(address, clock).hours(10, AFTER, UNTIL)
    assert "\n" not in str(caught.value) and KEY not in str(caught.value)
    return f"{caught.value.exit_code} {caught.value}"


def first(*answers: Answer) -> Fault:
    """These answers first, one for each call; then what is right."""
    return lambda _path, number: answers[number - 1] if number <= len(answers) else None


BROKEN = {
    "429": Answer(429, b'{"detail":"Too many requests"}', JSON),
    "500": Answer(500, b"oops"),
    "503": Answer(503, b"", {"Retry-After": "7"}),
    "408": Answer(408, b'{"detail":"Connection timed out"}', JSON),
    "half a body": Answer(200, b'{"meta": {}, "resul', JSON, announced=5000),
    "half of the JSON": Answer(200, b'{"meta": {}, "resul', JSON),
    "a web page": Answer(200, b"<!doctype html><title>Sign in</title>", {"Content-Type": "text/html"}),
    "a web page called JSON": Answer(200, b"\n <html></html>", JSON),
    "no results": Answer(200, b'{"meta": {}}', JSON),
    "results that are none": Answer(200, b'{"results": 7}', JSON),
    "an hour without its end": results([{"value": 1, "parameter": openaq_server.parameter("no2"), "period": {}}]),
    "deep nesting": Answer(200, b"[" * 100_000, JSON),
    "no text": Answer(200, b"\xff\xfe\x00", JSON),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_what_may_heal_is_asked_again_later_and_later(broken: Answer) -> None:
    clock = Clock()
    assert len(survive(first(broken, broken), clock)) == 3
    backoff = [wait for wait in clock.waited if wait < 5]
    assert 1.0 <= backoff[0] <= 2.0 <= backoff[1] <= 4.0


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_what_does_not_heal_is_one_line_and_worth_a_retry(broken: Answer) -> None:
    assert told(lambda _path, _number: broken).startswith("1 http://127.0.0.1:")


def test_a_connection_that_is_reset_is_tried_again() -> None:
    survive(first(Answer(200, b"", JSON, announced=10), Answer(200, b"x" * 10, JSON, announced=11)))


def test_a_server_that_is_not_there_is_one_line() -> None:
    with pytest.raises(StepError, match=r"no connection.* \(6 attempts; try again later\)"):
        client("http://127.0.0.1:1").hours(10, AFTER, UNTIL)


REFUSED = {
    "401": (
        Answer(401, b'{"detail":"Invalid credentials"}', JSON),
        r"2 .* refuses the key \(401\); look at OPENAQ_API",
    ),
    "403": (Answer(403, b""), r"2 .* refuses the key \(403\)"),
    "404": (Answer(404, b'{"detail":"Sensor not found"}', JSON), r"2 .*/sensors/10/hours.* is not there \(404\)"),
    "410": (Answer(410, b"Gone"), r"2 .* is not there \(410\)"),
    "422 list": (
        Answer(422, b'{"detail":[{"loc":["query","datetime_from"],"msg":"invalid datetime"}]}', JSON),
        r"2 .* was not understood \(422: invalid datetime\)",
    ),
    "422 string": (
        Answer(422, b'"limit is too\\n large"', JSON),
        r"2 .* was not understood \(422: limit is too large\)",
    ),
    "422 bare": (Answer(422, b"limit", {}), r"2 .* was not understood \(422\)"),
    "302": (Answer(304, b""), r"2 .* was not understood \(304\)"),
}


@pytest.mark.parametrize(("answer", "line"), REFUSED.values(), ids=REFUSED)
def test_what_no_further_try_would_change_is_asked_once(answer: Answer, line: str) -> None:
    import re

    calls: list[int] = []

    def refuse(_path: str, number: int) -> Answer:
        calls.append(number)
        return answer

    assert re.match(line, told(refuse))
    assert calls == [1]


@pytest.mark.parametrize(
    ("headers", "held"),
    [
        ({"Retry-After": "30"}, 30),
        ({"x-ratelimit-reset": "12", "x-ratelimit-remaining": "0"}, 12),
        ({}, 60),
        ({"Retry-After": "99999999"}, 3600),
        ({"Retry-After": "-5"}, 60),
        ({"Retry-After": "nan"}, 60),
        ({"Retry-After": "Wed, 21 Oct 2065 07:28:00 GMT", "Date": "Mon, 01 Jan 1990 00:00:00 GMT"}, 60),
    ],
)
def test_all_who_use_the_key_wait_as_long_as_the_server_says(
    headers: dict[str, str], held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server's clock is of no account: only seconds from now are."""
    holds: list[float] = []
    monkeypatch.setattr(Rate, "hold", lambda _self, seconds: holds.append(seconds))
    survive(first(Answer(429, b"", headers)))
    assert holds == [held]


def test_the_last_call_that_is_left_is_followed_by_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others may use the key elsewhere: then the server counts more calls than we do."""
    holds: list[float] = []
    monkeypatch.setattr(Rate, "hold", lambda _self, seconds: holds.append(seconds))
    spent = openaq_server.Api({1: ("no2",)})

    def fault(path: str, number: int) -> Answer | None:
        if number > 1 or "hours" not in path:
            return None
        asked = {"datetime_from": AFTER.isoformat(), "datetime_to": UNTIL.isoformat(), "page": "1", "limit": "1000"}
        answer = spent.answer(path, asked)
        answer.headers = {**JSON, "x-ratelimit-remaining": "0", "x-ratelimit-reset": "41"}
        return answer

    assert len(survive(fault)) == 1
    assert holds == [41]


def test_a_full_page_is_followed_and_a_short_one_ends_it_whatever_the_count_says() -> None:
    with openaq_server.api({1: ("no2",)}) as (server, address):
        found = client(address).hours(10, AFTER, AFTER + timedelta(hours=2000))
        assert len({one.period.datetimeTo.utc for one in found}) == len(found) == 2000
        assert [call.rpartition("page=")[2] for call in server.calls] == ["1", "2", "3"]


def test_a_page_that_repeats_ends_in_one_line_not_in_a_loop() -> None:
    server = openaq_server.Api({1: ("no2",)})
    asked = {"datetime_from": AFTER.isoformat(), "page": "1", "limit": "1000"}
    page = server.answer("/v3/sensors/10/hours", asked | {"datetime_to": (AFTER + timedelta(hours=1000)).isoformat()})
    assert "gave page 2 again instead of the next one" in told(lambda _path, _number: page)


def test_hours_that_were_not_asked_for_are_left_out() -> None:
    server = openaq_server.Api({1: ("no2",)})
    hours = [server.hour("no2", AFTER + timedelta(hours=hour)) for hour in range(-3, 400)]
    survive(lambda _path, _number: results(hours + hours[:5]))


def always(answer: Answer, _path: str, _number: int) -> Answer:
    return answer


def test_values_may_be_null_and_are_nothing_else_than_numbers() -> None:
    server = openaq_server.Api({1: ("no2",)})
    for wrong in ("NaN", "Infinity", '"20"x', "[1]"):
        body = json.dumps({"results": [server.hour("no2", AFTER + timedelta(hours=1))]})
        value = str(server.hour("no2", AFTER + timedelta(hours=1))["value"])
        broken = Answer(200, body.replace(f'"value": {value}', f'"value": {wrong}').encode(), JSON)
        assert told(partial(always, broken)).startswith("1 ")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["results", "meta", "value", "period", "datetimeTo", "utc"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_json_comes_is_hours_or_no_hours_never_another_error(body: object) -> None:
    answer = http.Answer("http://x", 200, {}, json.dumps(body).encode())
    try:
        found = openaq._read(answer, openaq.Hour)
    except openaq._Unreadable:
        return
    assert all(isinstance(one, openaq.Hour) for one in found)


def test_the_key_is_asked_for_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAQ_API_KEY", raising=False)
    with pytest.raises(BadInput, match=r"OPENAQ_API_KEY is not set; get one at https://explore\.openaq\.org/register"):
        OpenAQ.here()
    monkeypatch.setenv("OPENAQ_API_KEY", "ab\ncd")
    with pytest.raises(BadInput, match="characters that no key has"):
        OpenAQ.here()
    monkeypatch.setenv("OPENAQ_API_KEY", KEY)
    monkeypatch.setenv("OPENAQ_API_URL", "ftp://x")
    with pytest.raises(BadInput, match=r"wanted an address like https://api\.openaq\.org"):
        OpenAQ.here()
    assert KEY not in repr(Rate(KEY, openaq.LIMITS))


# ---- as an archive


@pytest.fixture
def served(store_environment: dict[str, str]) -> Iterator[tuple[openaq_server.Api, Api]]:
    with openaq_server.api(PLACES) as (server, address):
        yield server, Api(client(address), QUANTITIES, lake(), "2026-04-09T00:00:00Z")


def test_thirty_days_of_twenty_sensors_take_twenty_four_calls(served: tuple[openaq_server.Api, Api]) -> None:
    """One for each of the four locations, one for each of their twenty sensors: none could be left out."""
    server, archive = served
    found = archive.survey(list(PLACES), FIRST, LAST)
    assert len(server.calls) == 24
    assert [(one.location, one.day) for one in found] == [
        (number, day) for number in PLACES for day in days(FIRST, LAST)
    ]
    assert archive.survey(list(PLACES), FIRST, LAST) == found
    assert len(server.calls) == 24, "the same run asks nothing twice"


def test_a_day_is_laid_out_as_the_archive_does(served: tuple[openaq_server.Api, Api]) -> None:
    _, archive = served
    (found,) = archive.find(1, date(2026, 3, 29), date(2026, 3, 29))
    assert found.body is not None and archive.read(found, 10**6) == found.body
    reading = read(found.body)
    assert reading.unreadable is None and reading.name == 'Station "1", Wien'
    assert set(reading.column("parameter")) == set(PLACES[1])
    stamps = sorted(set(reading.column("datetime")))
    assert stamps[0] == "2026-03-29T01:00:00+01:00" and stamps[-1] == "2026-03-30T00:00:00+02:00"
    assert len(stamps) == 23, "the night in which the clocks go forward has no third hour"
    assert archive.find(1, date(2026, 3, 29), date(2026, 3, 29))[0].etag == found.etag


def test_a_day_that_changes_is_a_new_version_and_the_others_are_not(served: tuple[openaq_server.Api, Api]) -> None:
    server, archive = served
    before = {one.day: one.etag for one in archive.find(1, FIRST, LAST)}
    server.changed["2026-03-20"] = 1.5
    later = Api(archive._api, QUANTITIES, lake(), "2026-04-10T00:00:00Z")
    after = {one.day: one.etag for one in later.find(1, FIRST, LAST)}
    assert {day for day in before if before[day] != after[day]} == {date(2026, 3, 20)}


def test_a_key_that_is_revoked_midway_loses_nothing(served: tuple[openaq_server.Api, Api]) -> None:
    server, archive = served
    server.fault = lambda _path, number: Answer(401, b"") if 15 <= number < 16 else None
    with pytest.raises(BadInput, match="refuses the key"):
        archive.survey(list(PLACES), FIRST, LAST)
    assert len(archive.survey(list(PLACES), FIRST, LAST)) == 120
    assert len(server.calls) == 25, "what was told before is not asked for again"


def test_a_location_in_no_time_zone_is_one_line(served: tuple[openaq_server.Api, Api]) -> None:
    server, archive = served
    server.fault = lambda _path, _number: results([{**server.location(1), "timezone": "../../etc/passwd"}])
    with pytest.raises(StepError, match=r"location 1 is in time zone '\.\./\.\./etc/passwd'"):
        archive.find(1, FIRST, LAST)


# ---- rates


def _spend(rate: Rate, until: float) -> None:
    while time.monotonic() < until:
        time.sleep(min(rate.take(), 0.05))


@pytest.mark.usefixtures("database")
def test_many_at_once_never_take_more_than_the_limit() -> None:
    until = time.monotonic() + 1.5
    workers = [threading.Thread(target=_spend, args=(Rate(KEY, [(3, 0.3), (8, 60.0)]), until)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with begin() as connection:
        taken = sorted(connection.execute(sa.select(rates.calls.c.at)).scalars())
    assert len(taken) <= 8
    assert all(later - earlier >= 0.3 for earlier, later in zip(taken, taken[3:], strict=False))
    assert len(taken) > 3, "the limit was reached, and room came again"
    assert Rate("another key", [(3, 0.5)]).take() == 0


@pytest.mark.usefixtures("database")
def test_a_hold_is_for_all_and_ends_by_itself() -> None:
    Rate(KEY, openaq.LIMITS).hold(30)
    Rate(KEY, openaq.LIMITS).hold(5)
    assert Rate(KEY, openaq.LIMITS).take() == 30
    Clock()(30)
    assert Rate(KEY, openaq.LIMITS).take() == 0


# ---- through the steps


def test_from_the_api_to_accepted_days(
    store_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """plan brings the days along, so that fetch has nothing to do and needs no key."""
    collector = Collector(tmp_path, Path("api"), Seeded(tuple(PLACES), FIRST, 11))
    with openaq_server.api(PLACES) as (server, address):
        monkeypatch.setenv("OPENAQ_API_KEY", KEY)
        monkeypatch.setenv("OPENAQ_API_URL", address)
        planned = collector.plan(created="2026-03-22T12:00:00Z")
        assert len(planned.fetch) == 44 and len(server.calls) == 24
        assert json.loads((tmp_path / "workers.json").read_text()) == []
        monkeypatch.delenv("OPENAQ_API_KEY")
        collector.fetch()
        ended = collector.prepare()
        assert ended.code == 0, ended.log
        assert (collector.summary()["accepted"], collector.summary()["refused"]) == (44, [])
        terms = [json.loads(lake().get(f"licences/location={number}.json") or b"[]") for number in PLACES]
        assert terms == [[{"name": "CC BY 4.0", "attribution": {"name": "Stadt Wien", "url": None}}]] * len(PLACES)
        monkeypatch.setenv("OPENAQ_API_KEY", KEY)
        server.changed["2026-03-20"] = 1.5
        again = collector.plan(created="2026-03-23T12:00:00Z")
        assert [one.day for one in again.fetch] == [date(2026, 3, 20)] * 4, "only what has changed is new"


def test_without_a_key_plan_ends_in_one_line(
    store_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAQ_API_KEY", raising=False)
    options = {f"{name}_out": tmp_path / name for name in ("plan", "workers")}
    ended = run_step(plan.command, declaration=DECLARATION, source="api", created="2026-04-09T12:00:00Z", **options)
    assert ended.code == 2
    assert ended.log.strip().splitlines()[-1].startswith("error: the API needs a key and OPENAQ_API_KEY is not set")


def test_sensors_that_are_not_asked_for_are_named(
    store_environment: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with openaq_server.api({1: ("no2 ppb", "no", "pm25")}) as (_, address), caplog.at_level("INFO", "steps"):
        archive = Api(client(address), QUANTITIES, lake(), "2026-04-09T00:00:00Z")
        (found,) = archive.find(1, FIRST, FIRST)
    assert "location 1: not asked for, as not declared: 'no'" in caplog.text
    reading = read(found.body or b"")
    pairs = zip(reading.column("parameter"), reading.column("units"), strict=True)
    assert set(pairs) == {("no2", "ppb"), ("pm25", "µg/m³")}

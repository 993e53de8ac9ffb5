"""`pipeline locations`: what a person who looks for stations is shown, from a real server."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import commands
from tests.steps.support import openaq_server


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_HOME", str(tmp_path))
    monkeypatch.setenv("OPENAQ_API_KEY", openaq_server.KEY)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/pipeline.db")


def asked(*words: str) -> Result:
    return CliRunner().invoke(commands.cli, ["locations", *words])


def test_they_are_listed_nearest_first_with_what_to_type_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with openaq_server.api({7: ("no2",), 2: ("pm25", "no")}) as (server, address):
        monkeypatch.setenv("OPENAQ_API_URL", address)
        result = asked("--near", "48.2085,16.3731", "--parameter", "pm25")
    assert result.exception is None, result.output
    lines = result.output.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["2", "7"]
    assert "pm25 µg/m³, no ppm" in lines[1] and "CC BY 4.0" in lines[1]
    assert lines[-1] == "pipeline quickstart --source api --parameter pm25 --locations 2,7"
    assert "coordinates=48.2085%2C16.3731&radius=12000&parameters_id=2" in server.calls[-1]


def test_a_station_that_is_silent_is_not_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    with openaq_server.api({7: ("no2",), 2: ("no2",)}) as (server, address):
        monkeypatch.setenv("OPENAQ_API_URL", address)
        old = {**server.location(2), "datetimeLast": server.location(2)["datetimeFirst"], "name": None}
        both = openaq_server.results([server.location(7), old])
        server.fault = lambda path, _number: both if path == "/v3/locations" else None
        output = asked("--near", "48.2,16.3").output
    assert "2016-01-01 (silent)" in output
    assert output.splitlines()[-1] == "pipeline quickstart --source api --parameter no2 --locations 7"


def test_a_parameter_is_looked_for_in_every_unit_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    with openaq_server.api({7: ("no2",), 2: ("no2 ppb",)}) as (server, address):
        monkeypatch.setenv("OPENAQ_API_URL", address)
        output = asked("--near", "48.2085,16.3731", "--parameter", "no2").output
    assert [call.rpartition("parameters_id=")[2].split("&")[0] for call in server.calls[-2:]] == ["5", "15"]
    assert "no2 ppb" in output and output.splitlines()[-1].endswith("--locations 2,7")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--near", "Vienna"), "--near Vienna: wanted LAT,LON in degrees"),
        (("--near", "98,16"), "--near 98,16: wanted LAT,LON in degrees"),
        (("--near", "nan,16"), "--near nan,16: wanted LAT,LON in degrees"),
        (("--near", "48,16", "--radius", "26"), "--radius 26: wanted more than 0 and at most 25 km"),
        (("--near", "48,16", "--radius", "0"), "--radius 0: wanted more than 0"),
        (("--near", "48,16", "--parameter", "dust"), "OpenAQ has no parameter 'dust'"),
    ],
)
def test_what_cannot_be_asked_is_one_line(words: tuple[str, ...], line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with openaq_server.api({}) as (_, address):
        monkeypatch.setenv("OPENAQ_API_URL", address)
        result = asked(*words)
    assert str(result.exception).startswith(line)


def test_where_there_is_none_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with openaq_server.api({}) as (_, address):
        monkeypatch.setenv("OPENAQ_API_URL", address)
        assert asked("--near", "48,16").output.startswith("no location within 12 km measures no2")

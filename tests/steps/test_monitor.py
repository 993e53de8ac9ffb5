"""The live model is watched: what alarms, what it is taken for, and that a storm of alarms ends in one training."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from steps import monitor
from steps.backends import catalog, objects, promotions, runs, warehouse
from steps.backends.catalog import Refused
from steps.backends.database import begin
from steps.backends.runs import Run
from steps.backends.warehouse import Prediction, detectors, schema, skill
from steps.contract import command
from steps.errors import BadInput
from steps.learning import decisions
from steps.monitoring import drift
from steps.summaries.decision import Decision, Recipe, Usual
from tests.steps.support.released import begin_trial, decide, decision, release, run

pytestmark = pytest.mark.usefixtures("database_environment", "store_environment")

START = datetime(2003, 1, 1, tzinfo=UTC)
PLACES = (9000001, 9000002)
HOURS = 24
TEMPLATE = {
    "metadata": {"name": "<name>"},
    "spec": {"asof": "<asof>", "by": "<by>", "locations": "<locations>", "parameter": "<parameter>"},
}
Change = Callable[[int, int, float], float]  # of a value: its day, its location, itself


def same(_day: int, _location: int, value: float) -> float:
    return value


class World:
    """Two stations whose hours are measured and predicted, day by day, by a model that is better than persistence."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(11)
        self.level = dict.fromkeys(PLACES, 40.0)

    def days(
        self, count: int, *, first: int = 0, version: int = 1, error: Change = same, measured: Change = same
    ) -> None:
        """Days of it. `error` changes the model's error; `measured` what the sensor says."""
        made, seen = [], []
        for day in range(first, first + count):
            for location in PLACES:
                for hour in range(1, HOURS + 1):
                    time = START + timedelta(days=day, hours=hour)
                    truth = 40 + self.random.normal(0, 10)
                    off = error(day, location, self.random.normal(0, 9))
                    made.append(Prediction(location, time, truth + off, version, time - timedelta(hours=24)))
                    key = {"project": "openaq", "location": location, "time": time, "parameter": "no2"}
                    value = measured(day, location, truth)
                    seen.append({**key, "value": value, "unit": "µg/m³", "day": time.date(), "etag": "a"})
        with begin() as connection:
            warehouse.record(connection, "openaq", "no2", made)
            connection.execute(sa.insert(schema.measurements), seen)


@pytest.fixture
def world() -> World:
    number = decide("a", 1, data_until=START)
    usual = Usual(score=0.45, days=100, locations={str(location): 0.5 for location in PLACES})
    kept = Decision(
        number=number,
        fingerprint="a",
        words="",
        parameter="no2",
        scores=(),
        recipe=Recipe(family="linear"),
        usual=usual,
    )
    decisions.put(objects.lake(), "openaq", kept)
    release(number)
    return World()


def watched(folder: Path, day: int, *more: str) -> dict[str, Any]:
    """Monitor as of the end of a day; the summary, with the manifest of the training that it starts, if any."""
    template = folder / "template.json"
    template.parent.mkdir(parents=True, exist_ok=True)
    template.write_text(json.dumps(TEMPLATE))
    words = [word for name in ("train", "manifest", "summary", "page") for word in (f"--{name}-out", folder / name)]
    as_of = (START + timedelta(days=day)).isoformat()
    run(
        monitor,
        "--as-of",
        as_of,
        "--created",
        as_of,
        "--locations",
        "9000001,9000002",
        "--training",
        template,
        *words,
        *more,
    )
    found: dict[str, Any] = json.loads((folder / "summary").read_text())
    manifest = json.loads((folder / "manifest").read_text())
    assert (folder / "train").read_text() == ("true" if manifest else "false")
    return found | {"manifest": manifest}


def alarms() -> list[skill.Raised]:
    with begin() as connection:
        return skill.raised(connection, "openaq", "no2")


def worse(since: int, factor: float, *locations: int) -> Change:
    return lambda day, location, value: value * factor if day >= since and location in (locations or PLACES) else value


def test_without_a_live_model_there_is_nothing_to_watch(tmp_path: Path) -> None:
    found = watched(tmp_path, 10)
    assert found["words"] == "No model of openaq that predicts no2 is live, so there is none to watch."


def test_as_long_as_all_is_as_usual_there_is_no_alarm(world: World, tmp_path: Path) -> None:
    world.days(180)
    found = watched(tmp_path, 180)
    assert (found["alarms"], found["manifest"]) == ([], {})
    assert "179 days watched: no alarm" in found["words"]
    assert "no alarm" in (tmp_path / "page").read_text()


def test_how_far_each_detector_is_can_be_asked(world: World, tmp_path: Path) -> None:
    world.days(30)
    watched(tmp_path, 20)
    found = watched(tmp_path, 30)
    with begin() as connection:
        rows = connection.execute(sa.select(detectors.detectors)).mappings().all()
    told = {(row["kind"], row["location"]): (row["version"], str(row["day"]), row["evidence"]) for row in rows}
    assert told[("error", 0)] == (1, found["ways"][0]["days"][-1], found["ways"][0]["evidence"][-1])
    assert len(told) == len([way for way in found["ways"] if way["days"]])


def test_a_changed_world_is_told_and_starts_one_training_however_often_it_is_looked_at(
    world: World, tmp_path: Path
) -> None:
    world.days(140, error=worse(60, 1.5))
    found = watched(tmp_path, 100)
    first = found["alarms"][-1]
    assert first["cause"] == "world" and date(2003, 3, 2) < date.fromisoformat(first["day"]) < date(2003, 4, 8)
    name = found["manifest"]["metadata"]["name"]
    assert name == f"openaq-train-drift-v1-{first['day'].replace('-', '')}" == first["training"]
    assert found["manifest"]["spec"]["locations"] == "9000001,9000002"
    again = [watched(tmp_path, day)["manifest"] for day in range(105, 140, 5)]
    assert again == [found["manifest"]] * 7, "as long as nothing is heard of it, the same is offered again"
    assert {one.training for one in alarms()} == {name, None}
    assert all("was under way" in (one.outcome or "") for one in alarms() if one.training is None)


def test_what_came_of_it_is_written_beside_the_alarm(world: World, tmp_path: Path) -> None:
    world.days(200, error=worse(60, 1.5))
    name = watched(tmp_path, 100)["manifest"]["metadata"]["name"]
    decide("b", None)
    with begin() as connection:
        found = promotions.reserve(connection, "openaq", "c", "no2").decision
        words = "Kept the champion: it was no better."
        told = {"promoted": False, "words": words, "scores": [], "recipe": {}, "run": name}
        promotions.settle(connection, "openaq", found, **told)
    later = watched(tmp_path, 140)
    assert later["manifest"] == {}
    assert [one.outcome for one in alarms() if one.training == name] == [words]
    refused = [one.outcome or "" for one in alarms() if one.training is None]
    assert refused and all("kept the champion; wanted 90 days" in words or "under way" in words for words in refused)


def test_no_other_training_begins_while_what_one_has_made_is_on_trial(world: World, tmp_path: Path) -> None:
    world.days(200, error=worse(60, 1.5))
    name = watched(tmp_path, 100)["manifest"]["metadata"]["name"]
    begin_trial("b", 2, run=name, words="Promoted: it was better.")
    assert watched(tmp_path, 180)["manifest"] == {}
    others = [one.outcome or "" for one in alarms() if one.training is None]
    assert [words for words in others if words.startswith("No training: version 2, made for the alarm of 2003-03-")]
    assert all("was on trial" in words or "under way" in words for words in others)


def test_a_training_that_failed_is_said(world: World, tmp_path: Path) -> None:
    world.days(110, error=worse(60, 1.5))
    name = watched(tmp_path, 100)["manifest"]["metadata"]["name"]
    with begin() as connection:
        runs.record(connection, Run("openaq", name, "train", None, START, "Failed", "snapshot: too few rows"))
    assert watched(tmp_path, 101)["manifest"] == {}
    assert "The training failed: snapshot: too few rows" in [one.outcome for one in alarms()]


def test_a_training_that_had_nothing_to_decide_is_not_waited_for(world: World, tmp_path: Path) -> None:
    world.days(110, error=worse(60, 1.5))
    name = watched(tmp_path, 100)["manifest"]["metadata"]["name"]
    with begin() as connection:
        runs.record(connection, Run("openaq", name, "train", None, START, "Succeeded", None))
    assert watched(tmp_path, 101)["manifest"] == {}
    assert "The training found that its dataset had been decided before." in [one.outcome for one in alarms()]


def test_a_new_model_begins_anew(world: World, tmp_path: Path) -> None:
    world.days(90, error=worse(60, 1.5))
    assert watched(tmp_path, 90)["alarms"]
    second = decide("b", 2)
    release(second)
    world.days(60, first=90, version=2)
    found = watched(tmp_path, 150)
    assert "Version 2 of openaq, 60 days watched: no alarm" in found["words"]
    assert all(way["days"][0] == "2003-04-01" for way in found["ways"])


def test_a_refit_every_week_hides_no_change(world: World, tmp_path: Path) -> None:
    """Each would begin anew otherwise, and no evidence ever last longer than a week."""
    for version in range(1, 9):
        if version > 1:
            release(decide(f"refit {version}", version, kind="refresh", by="schedule"))
        world.days(7, first=7 * (version - 1), version=version, error=worse(14, 1.5))
    found = watched(tmp_path, 56)
    assert found["words"].startswith("Version 8 of openaq, 55 days watched: alarm of")
    assert found["alarms"][-1]["cause"] == "world"
    assert {one.version for one in alarms()} == {1}, "named by the version that the others are refits of"
    replay = watched(tmp_path / "replay", 56, "--replay", "2003-01-01/2003-02-25")
    assert [one["day"] for one in replay["alarms"]] == [one["day"] for one in found["alarms"]]


def test_what_an_alarm_s_training_has_refitted_begins_anew(world: World, tmp_path: Path) -> None:
    world.days(40, error=worse(14, 2))
    name = watched(tmp_path, 40)["manifest"]["metadata"]["name"]
    release(decide("refit", 2, kind="refresh", by=f"drift ({name})", run=name, words="Refreshed: it is no worse."))
    world.days(20, first=40, version=2)
    assert "Version 2 of openaq, 20 days watched: no alarm" in watched(tmp_path, 60)["words"]


def test_a_stuck_sensor_is_the_data_s_and_trains_nothing(world: World, tmp_path: Path) -> None:
    def stuck(day: int, location: int, value: float) -> float:
        return 95.0 if day >= 60 and location == PLACES[0] else value

    world.days(120, measured=stuck)
    found = watched(tmp_path, 120)
    assert found["alarms"] and {one["cause"] for one in found["alarms"]} == {"data"}
    assert "of the hours at 9000001 since" in found["alarms"][-1]["words"]
    assert found["manifest"] == {}


def test_another_unit_is_the_data_s(world: World, tmp_path: Path) -> None:
    world.days(
        120, measured=lambda day, location, value: value / 1.88 if day >= 60 and location == PLACES[1] else value
    )
    found = watched(tmp_path, 120)
    assert found["alarms"]
    assert {one["cause"] for one in found["alarms"]} == {"data"}
    assert "0.532 times what they were (ppb for µg/m³ of NO₂)" in found["alarms"][-1]["words"]


def test_days_that_are_refused_as_those_of_a_unit_that_nobody_knows_are_the_data_s(
    world: World, tmp_path: Path
) -> None:
    world.days(120, error=worse(60, 1.6))
    days = [START.date() + timedelta(days=60 + number) for number in range(60)]
    unknown = "no2 in an unknown unit 'index'"
    catalog.record("openaq", [], [Refused(PLACES[0], day, "a", "", unknown, None) for day in days], at=START)
    found = watched(tmp_path, 120)
    assert found["alarms"] and {one["cause"] for one in found["alarms"] if "9000002" not in one["label"]} == {"data"}
    assert "14 days were refused at 9000001" in found["alarms"][-1]["words"]


def test_a_dead_sensor_is_the_data_s(world: World, tmp_path: Path) -> None:
    def dead(day: int, location: int, value: float) -> float:
        return value / 12 if day >= 60 and location == PLACES[0] else value

    world.days(75, measured=dead)
    found = watched(tmp_path, 75)
    assert found["alarms"] and {one["cause"] for one in found["alarms"]} == {"data"}
    assert "the values at 9000001 are 0.084 times what they were (a dead sensor)" in found["alarms"][-1]["words"]


def test_a_station_is_not_dead_because_the_other_one_s_values_have_risen(world: World, tmp_path: Path) -> None:
    def road(day: int, location: int, value: float) -> float:
        return value * 6 if day >= 60 and location == PLACES[1] else value

    world.days(90, measured=road)
    causes = {(one["cause"], "dead" in one["words"]) for one in watched(tmp_path, 90)["alarms"]}
    assert causes == {("world", False)}


def test_one_location_alone_is_found(world: World, tmp_path: Path) -> None:
    world.days(150, error=worse(60, 1.6, PLACES[1]))
    found = watched(tmp_path, 150)
    assert any(one["label"] == "Error, location 9000002" for one in found["alarms"])
    assert not any(one["label"] == "Error, location 9000001" for one in found["alarms"])


def test_a_harder_season_alarms_nobody(world: World, tmp_path: Path) -> None:
    def winter(day: int, _location: int, value: float) -> float:
        return value * 1.4 if day >= 60 else value

    world.days(200, error=winter, measured=lambda day, _, value: 40 + (value - 40) * 1.4 if day >= 60 else value)
    assert watched(tmp_path, 200)["manifest"] == {}


def test_outcomes_that_come_late_raise_no_alarm_twice(world: World, tmp_path: Path) -> None:
    world.days(110, error=worse(60, 1.5))
    watched(tmp_path, 110)
    before = alarms()
    with begin() as connection:  # some days are withdrawn, as by a patch that refuses them
        c = schema.measurements.c
        gone = c.time > START + timedelta(days=70), c.time <= START + timedelta(days=72)
        connection.execute(sa.delete(schema.measurements).where(*gone))
    watched(tmp_path, 110)
    keys = [(one.kind, one.location, one.number) for one in alarms()]
    assert len(keys) == len(set(keys)) and len(keys) <= len(before) + 1


def test_history_is_replayed_and_nothing_is_written_down(world: World, tmp_path: Path) -> None:
    world.days(100, error=worse(60, 1.5))
    release(decide("b", 2))
    world.days(20, first=100, version=2)
    found = watched(tmp_path, 120, "--replay", "2003-01-01/2003-05-31")
    assert found["words"].startswith("2003-01-01 to 2003-05-31, 119 days replayed: ")
    assert found["replayed"] and found["alarms"] and {one["cause"] for one in found["alarms"]} == {"world"}
    assert (alarms(), found["manifest"]) == ([], {})


@pytest.mark.parametrize("wrong", ["2003", "2003-02-01/2003-01-01", "a/b", "2003-01-01/2003-02-30/x"])
def test_a_replay_of_no_two_days_is_one_line(wrong: str, world: World, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not two days; wanted FROM/TO"):
        watched(tmp_path, 10, "--replay", wrong)


def test_days_that_are_not_whole_do_not_count(world: World, tmp_path: Path) -> None:
    world.days(60)
    with begin() as connection:
        c = schema.predictions.c
        part = c.target_at > START + timedelta(days=50, hours=8), c.target_at <= START + timedelta(days=51)
        connection.execute(sa.delete(schema.predictions).where(*part))
    ways = watched(tmp_path, 60)["ways"]
    assert all("2003-02-20" not in way["days"] for way in ways)
    assert decision(1).version == 1


def test_the_inputs_that_moved_are_ranked_against_their_own_season() -> None:
    random = np.random.default_rng(2)
    times = pd.date_range(START, periods=8760, freq="h")
    warm = 20 * np.sin((times.month - 1) / 6 * np.pi)
    rows = pd.DataFrame({"time": times, "temperature": warm, "wind": 3.0, "gone": np.nan})
    rows = rows.assign(
        temperature=rows["temperature"] + random.normal(size=8760), wind=rows["wind"] + random.normal(size=8760)
    )
    usual = drift.seasons(rows, ["location", "temperature", "wind", "gone"])
    july = rows[rows["time"].dt.month == 7].tail(300)
    calm = drift.ranked(july, usual)
    assert all(abs(one.shift) < 0.3 for one in calm) and {one.feature for one in calm} == {"temperature", "wind"}
    moved = drift.ranked(july.assign(wind=july["wind"] + 4), usual)
    assert moved[0].feature == "wind" and moved[0].shift > 2
    assert drift.ranked(july.iloc[:0], usual) == ()
    assert drift.ranked(july, {"1": usual["1"]}) == (), "July says nothing of January"


class Webhook:
    """A receiver that says what it is to say, and keeps what it got."""

    def __init__(self, *statuses: int) -> None:
        self.got: list[dict[str, Any]] = []
        self._statuses = list(statuses)

    @contextmanager
    def at(self) -> Iterator[str]:
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["Idempotency-Key"] == body["id"]
                webhook.got.append(body)
                self.send_response(webhook._statuses.pop(0) if webhook._statuses else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/token"
        finally:
            server.shutdown()
            server.server_close()


def test_a_webhook_is_told_of_each_alarm_once(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.days(100, error=worse(60, 1.5))
    webhook = Webhook(500)
    with webhook.at() as url:
        monkeypatch.setenv("NOTIFY_URL", url)
        watched(tmp_path, 100)
        assert len(webhook.got) == 1 and "token" not in caplog.text
        assert watched(tmp_path, 100)["alarms"] and watched(tmp_path, 100)["alarms"], "a dead webhook stops nothing"
    first, *rest = webhook.got
    assert rest[0] == first, "told again under the same id, since it was not taken"
    assert len({one["id"] for one in rest}) == len(rest) == len(alarms())
    assert first["id"] == "openaq-no2-v1-2003-01-02-error-0-1" and first["cause"] == "world"
    assert first["alarm"].startswith("openaq: alarm of 2003-03-") and "(Error, all locations)" in first["alarm"]
    assert first["training"].startswith("openaq-train-drift-v1-") and first["outcome"] is None
    with begin() as connection:  # killed after it was told and before that was written down
        connection.execute(
            sa.update(skill.alarms).values(told_at=None, words="</script>{{=1+1}}\n\x1b[31m" + "x" * 5000)
        )
    again = Webhook()
    with again.at() as url:
        monkeypatch.setenv("NOTIFY_URL", url)
        watched(tmp_path, 100)
    assert {one["id"] for one in again.got} == {one["id"] for one in rest}
    assert all("\n" not in one["message"] and "\x1b" not in one["message"] for one in again.got)
    assert again.got[0]["message"].startswith("</script>{{=1+1}}") and len(again.got[0]["message"]) <= 1000


@pytest.mark.parametrize(
    "url",
    [
        "no address",
        *(
            pytest.param(one, marks=pytest.mark.soak)
            for one in ("http://127.0.0.1:1/secret", "ftp://example.com/secret")
        ),
    ],
)
def test_a_webhook_that_cannot_be_reached_is_logged_without_its_address(
    url: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.days(90, error=worse(40, 2.0))
    monkeypatch.setenv("NOTIFY_URL", url)
    monkeypatch.setattr(command.log, "propagate", True)
    assert watched(tmp_path, 90)["manifest"]
    assert "was not told of openaq-no2-v1-" in caplog.text and "secret" not in caplog.text


def test_alarms_from_before_there_was_a_webhook_are_not_told(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.days(90, error=worse(40, 2.0))
    watched(tmp_path, 90)
    with begin() as connection:
        connection.execute(sa.update(skill.alarms).values(raised_at=datetime.now(UTC) - timedelta(days=8)))
    webhook = Webhook()
    with webhook.at() as url:
        monkeypatch.setenv("NOTIFY_URL", url)
        watched(tmp_path, 90)
    assert webhook.got == []

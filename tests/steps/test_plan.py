"""plan: which location-days a run takes, and which it leaves because they are known, absent or in the future."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.projects.openaq import OPENAQ
from steps import plan
from steps.archive import layout
from steps.archive.planned import Plan, read_plan
from steps.backends import catalog
from tests.steps.support.invoking import Ended, run_step
from tests.steps.support.openaq import FIRST, Seeded, put
from tests.steps.support.web_servers import Answer, bucket, files, serving

pytestmark = pytest.mark.usefixtures("database_environment")

SEEDED = Seeded(days=20)
CREATED = "2021-03-25T00:00:00Z"


def ask(tmp_path: Path, source: object, **options: object) -> Ended:
    given = {"locations": "101,102", "from_": SEEDED.first, "to": SEEDED.last, "created": CREATED} | options
    return run_step(
        plan.command,
        declaration=OPENAQ.declaration(),
        source=source,
        plan_out=tmp_path / "out/plan.json",
        workers_out=tmp_path / "out/workers.json",
        **given,
    )


def planned(tmp_path: Path, source: object, **options: object) -> Plan:
    ended = ask(tmp_path, source, **options)
    assert ended.code == 0, ended.log
    return read_plan(tmp_path / "out/plan.json")


def workers(tmp_path: Path) -> Any:
    return json.loads((tmp_path / "out/workers.json").read_text())


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return SEEDED.write(tmp_path / "archive")


def test_no_more_fetch_than_the_pods_that_are_declared(tmp_path: Path, archive: Path) -> None:
    ended = ask(tmp_path, archive, workers=51)
    assert ended.code == 2
    assert "--workers 51 is more than the 50 pods that openaq declares" in ended.error
    planned(tmp_path, archive, workers=50)
    assert workers(tmp_path) == list(range(40))  # as many as there are files


def test_everything_is_missing_at_first(tmp_path: Path, archive: Path) -> None:
    found = planned(tmp_path, archive, workers=3)
    assert [(one.location, one.day) for one in found.fetch] == [
        (location, day) for location in (101, 102) for day in layout.days(SEEDED.first, SEEDED.last)
    ]
    assert workers(tmp_path) == [0, 1, 2]
    assert found.days_without_file == 0
    assert found.as_of == datetime(2021, 3, 25, tzinfo=UTC)


def test_a_day_with_no_file_is_counted(tmp_path: Path, archive: Path) -> None:
    (archive / layout.path(102, FIRST)).unlink()
    found = planned(tmp_path, archive)
    assert found.days_without_file == 1
    assert (102, FIRST) not in {(one.location, one.day) for one in found.fetch}


def decide(found: Plan, *, reason: str | None = None, refused_for: str | None = None) -> None:
    """Record all of a plan as accepted, or as refused for a reason."""
    now = datetime.now(UTC)
    if reason is None:
        good = [catalog.Accepted(one.location, one.day, one.etag, "key", 96, now, now) for one in found.fetch]
        catalog.record("openaq", good, [], at=now)
    else:
        bad = [catalog.Refused(one.location, one.day, one.etag, "key", reason, refused_for) for one in found.fetch]
        catalog.record("openaq", [], bad, at=now)


def test_what_is_known_is_not_planned_again(tmp_path: Path, archive: Path) -> None:
    decide(planned(tmp_path, archive))
    assert planned(tmp_path, archive).fetch == ()
    assert workers(tmp_path) == []


def test_a_patched_day_is(tmp_path: Path, archive: Path) -> None:
    decide(planned(tmp_path, archive))
    put(archive, layout.path(101, FIRST), SEEDED.body(101, FIRST, lambda lines: lines[1:]))
    assert [(one.location, one.day) for one in planned(tmp_path, archive).fetch] == [(101, FIRST)]


def test_a_refused_version_is_not_fetched_again_and_its_patch_is(tmp_path: Path, archive: Path) -> None:
    decide(planned(tmp_path, archive), reason="it is not a gzip file")
    assert planned(tmp_path, archive).fetch == ()
    put(archive, layout.path(101, FIRST), SEEDED.body(101, FIRST, lambda lines: lines[1:]))
    assert len(planned(tmp_path, archive).fetch) == 1


def test_a_day_refused_for_one_target_is_looked_at_again_for_another(tmp_path: Path, archive: Path) -> None:
    decide(planned(tmp_path, archive), reason="no2 is absent", refused_for="no2")
    assert planned(tmp_path, archive).fetch == ()
    assert len(planned(tmp_path, archive, parameter="temperature").fetch) == 40


def test_a_bad_patch_of_an_accepted_day_is_not_fetched_again_either(tmp_path: Path, archive: Path) -> None:
    decide(planned(tmp_path, archive))
    put(archive, layout.path(101, FIRST), b"broken")
    decide(planned(tmp_path, archive), reason="it is not a gzip file")
    assert planned(tmp_path, archive).fetch == ()
    assert len(catalog.accepted("openaq", [101])) == 20


class TestTheRangeOfDays:
    def test_by_default_it_is_the_window_up_to_as_of(self, tmp_path: Path, archive: Path) -> None:
        found = planned(tmp_path, archive, from_="", to="", as_of="2021-03-15T00:00:00Z")
        assert (found.first, found.last) == (date(2021, 3, 5), date(2021, 3, 14))
        assert len(found.fetch) == 20

    def test_as_of_is_the_time_of_creation_where_cron_sets_none(self, tmp_path: Path, archive: Path) -> None:
        found = planned(tmp_path, archive, as_of="{{workflow.scheduledTime}}", created="2021-03-15T00:00:00Z")
        assert found.as_of == datetime(2021, 3, 15, tzinfo=UTC)

    def test_nothing_after_as_of_is_taken(self, tmp_path: Path, archive: Path) -> None:
        found = planned(tmp_path, archive, as_of="2021-03-10T00:00:00Z")
        assert found.last == max(one.day for one in found.fetch) == date(2021, 3, 9)

    def test_a_day_counts_once_it_has_ended_somewhere(self, tmp_path: Path, archive: Path) -> None:
        assert planned(tmp_path, archive, as_of="2021-03-10T09:59:00Z").last == date(2021, 3, 9)
        assert planned(tmp_path, archive, as_of="2021-03-10T10:00:00Z").last == date(2021, 3, 10)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"from_": "2021-03-05", "to": ""}, "go together"),
            ({"from_": "2021-03-05", "to": "2021-03-01"}, "earlier day first"),
            ({"from_": "yesterday", "to": "2021-03-01"}, "YYYY-MM-DD"),
            ({"as_of": "2020-01-01T00:00:00Z"}, "has not ended"),
            ({"as_of": "2020-01-01"}, "RFC 3339"),
            ({"created": "soon"}, "--created"),
        ],
    )
    def test_a_wrong_one_is_refused_in_one_line(
        self, tmp_path: Path, archive: Path, options: dict[str, str], words: str
    ) -> None:
        ended = ask(tmp_path, archive, **options)
        assert ended.code == 2
        assert words in ended.error


def test_an_unknown_parameter_is_refused_with_those_there_are(tmp_path: Path, archive: Path) -> None:
    ended = ask(tmp_path, archive, parameter="no3")
    assert ended.code == 2
    assert "'no3'" in ended.error
    assert "no2" in ended.error


def test_a_location_that_is_no_number_is_refused(tmp_path: Path, archive: Path) -> None:
    ended = ask(tmp_path, archive, locations="101,../102")
    assert ended.code == 2
    assert "'../102'" in ended.error


def test_a_location_without_any_data_is_named(tmp_path: Path, archive: Path) -> None:
    ended = ask(tmp_path, archive, locations="101,999")
    assert ended.code == 2
    assert "location 999" in ended.error
    assert "101 " not in ended.error


def test_a_location_with_data_of_other_days_alone_is_no_error(tmp_path: Path, archive: Path) -> None:
    found = planned(tmp_path, archive, from_="2021-03-22", to="2021-03-23")
    assert (found.fetch, found.days_without_file) == ((), 4)


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    ended = ask(tmp_path, tmp_path / "nowhere")
    assert ended.code == 2
    assert "is not a folder" in ended.error


def test_a_source_that_is_down_is_worth_a_retry(tmp_path: Path) -> None:
    with serving(lambda _path, _query: Answer(500)) as address:
        ended = ask(tmp_path, address, timeout=0.2)
    assert ended.code == 1
    assert "answered 500" in ended.error
    assert len(ended.log.splitlines()) == 1


def test_a_source_that_hangs_is_given_up_once_and_not_for_every_month(tmp_path: Path) -> None:
    import threading

    free = threading.Event()
    asked: list[str] = []

    def hangs(path: str, query: str) -> Answer:
        asked.append(path + query)
        return Answer(after=free, announced=9)

    try:
        with serving(hangs) as address:
            ended = ask(tmp_path, address, timeout=0.3, from_="2018-01-01")
            free.set()
    finally:
        free.set()
    assert ended.code == 1
    assert "did not answer" in ended.error
    assert len(asked) == 3, "tries of the first request, and no other"


@pytest.mark.parametrize("listed", [True, False])
def test_eighteen_months_of_two_locations_take_no_more_requests_than_needed(tmp_path: Path, listed: bool) -> None:
    many = dict.fromkeys(
        (
            layout.path(location, day)
            for location in (101, 102)
            for day in layout.days(date(2020, 1, 1), date(2021, 7, 3))
        ),
        b"\x1f\x8b",
    )
    there = bucket(many, page=1000) if listed else files(many, etags={})
    asked: list[str] = []

    def respond(path: str, query: str) -> Answer:
        asked.append(path + query)
        return there(path, query)

    with serving(respond) as address:
        found = planned(tmp_path, address, from_="2020-01-01", to="2021-07-03", created="2021-08-01T00:00:00Z")
    assert len(found.fetch) == len(many) == 2 * 550
    assert len(asked) == 1 + (2 * 19 if listed else len(many)), "for each month a listing, or for each file a look"
    assert found.last - found.first == timedelta(days=549)

"""A table's live model is watched on the files that come, beside the trainings that each of them starts."""

from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from steps.backends import history, promotions, trainings
from steps.backends.database import begin
from steps.backends.warehouse import batches, watches
from steps.learning.table_dataset import Table
from steps.learning.tables import fingerprint
from steps.release.live import live_model
from steps.summaries.decision import Recipe
from tests.steps.support.table_world import DECLARATION, START, TableWorld, surveys

pytestmark = pytest.mark.usefixtures("database_environment", "store_environment")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return surveys(3000)


@pytest.fixture
def world(rows: pd.DataFrame, tmp_path: Path) -> TableWorld:
    found = TableWorld(rows, tmp_path)
    found.file(0, 1000)
    found.learned(0.5, 1)
    return found


def turned(part: pd.DataFrame) -> "pd.Series[float]":
    """Rings that have nothing to do with the animal any more."""
    return part["rings"].sample(frac=1, random_state=1).set_axis(part.index)


def broken(world: TableWorld, first: int, last: int) -> None:
    for day in range(first, last):
        world.file(day, changed={"rings": turned})


def test_files_that_are_as_usual_alarm_nobody(world: TableWorld) -> None:
    for day in range(1, 13):
        world.file(day)
    found = world.looked(16)
    assert (found["alarms"], found["manifest"], len(found["days"])) == ([], {}, 12)
    assert found["words"].startswith("Version 1 of abalone, 12 files watched: no alarm; the evidence of a change is at")
    page = (world.folder / "page").read_text()
    assert "12 files" in page and "a naive answer" in page and "Hours" not in page and "rings, rings" not in page


def test_small_files_are_looked_at_together_and_copies_never(world: TableWorld, rows: pd.DataFrame) -> None:
    for day in range(1, 7):
        world.file(day, 11)
    world.used = 0
    world.file(8, 50, changed={"row": [f"{number:032x}" for number in range(50)]})  # the same animals again
    found = world.looked(9)
    assert [day["hours"] for day in found["days"]] == [33, 33]
    with begin() as connection:
        assert batches.scored(connection, "abalone", START.replace(year=2027))[-1].rows == 0


def test_what_was_taken_back_before_anybody_looked_is_not_looked_at(world: TableWorld, rows: pd.DataFrame) -> None:
    broken(world, 1, 13)
    world.take_back(13, rows.iloc[1000 : world.used])
    for day in range(14, 16):
        world.file(day)
    found = world.looked(16)
    assert (found["alarms"], found["manifest"]) == ([], {})
    with begin() as connection:
        scored = batches.scored(connection, "abalone", START.replace(year=2027))
    assert [one.rows for one in scored] == [0] * 12 + [60, 60]


def test_a_training_knows_how_many_of_the_live_model_s_rows_were_taken_back(
    world: TableWorld, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dataset(number: int, part: pd.DataFrame) -> Table:
        kept = part[["row"]].reset_index(drop=True)
        return Table("f" * 32, "rings", "rings", "regression", 0.2, number, kept.assign(target=1.0))

    monkeypatch.setattr("steps.release.live.lake.load", lambda *_: dataset(1, rows[:1000]))
    world.file(1)
    more = dataset(2, rows[100:1060])  # that rows are gone has another reason where nobody took any back
    world.take_back(2, rows[:100])
    fewer = dataset(3, rows[100:1060])
    for now, back in ((None, 0), (more, 0), (fewer, 100)):
        found = live_model("abalone", Recipe(family="boosting"), now)
        assert found is not None and found.taken_back == back


def test_a_changed_world_starts_one_training_where_no_file_has(world: TableWorld) -> None:
    broken(world, 1, 13)
    past = world.looked(40, replay="2026-01-01/2026-01-31")
    assert past["words"].startswith("2026-01-01 to 2026-01-31, 12 files replayed: ")
    assert past["alarms"] and (world.alarms(), past["manifest"]) == ([], {}), "nothing is written down"
    found = world.looked(16)
    alarm = found["alarms"][-1]
    assert (alarm["cause"], alarm["label"]) == ("world", "Error, all files")
    name = found["manifest"]["metadata"]["name"]
    assert found["manifest"]["spec"]["by"] == f"drift ({name})" and name.startswith("abalone-train-")
    with begin() as connection:
        (state,) = watches.states(connection)
    assert (state.watch.project, state.watch.watched, state.watch.each, state.cause) == ("abalone", 12, "file", "world")
    assert state.outcome == f"training {name}, under way"
    assert world.looked(17)["manifest"]["metadata"]["name"] == name, "nothing was heard of it: offered again, the same"
    assert {one.training for one in world.alarms()} == {name}
    world.decided("b", "Kept the champion: it was no better.")
    assert world.looked(21)["manifest"] == {}
    assert {one.outcome for one in world.alarms()} == {"Kept the champion: it was no better."}


def test_what_a_file_has_started_is_not_started_again(world: TableWorld) -> None:
    broken(world, 1, 13)
    with begin() as connection:
        head = history.head(connection, "abalone")
        assert head is not None
        dataset = fingerprint(DECLARATION, head.chain)
        offered = trainings.offer(connection, "abalone", dataset, head.sequence, to="ingest-run")
    assert offered and world.looked(16)["manifest"] == {}
    assert {one.outcome for one in world.alarms()} == {None}
    world.decided(dataset, "Refreshed with 900 new rows.")
    assert world.looked(17)["manifest"] == {}
    assert {(one.training, one.outcome) for one in world.alarms()} == {("t-2", "Refreshed with 900 new rows.")}


def test_where_the_training_of_the_alarm_s_files_was_decided_before_it_stands_beside_the_alarm(
    world: TableWorld,
) -> None:
    broken(world, 1, 13)
    world.decided("b", "Kept the champion.")
    assert world.looked(16)["manifest"] == {}
    assert {one.outcome for one in world.alarms()} == {"Kept the champion."}


def test_a_training_that_failed_too_often_is_said(world: TableWorld) -> None:
    broken(world, 1, 13)
    with begin() as connection:
        head = history.head(connection, "abalone")
        assert head is not None
        dataset = fingerprint(DECLARATION, head.chain)
        trainings.claim(connection, "abalone", dataset, head.sequence, "a")
        spent = {"until": 0.0, "failures": trainings.MOST_CLAIMS - 1}
        connection.execute(sa.update(trainings.trainings).values(**spent))
    assert world.looked(16)["manifest"] == {}
    said = "No training: it has failed 3 times; start it by hand: pipeline run abalone-train."
    assert {one.outcome for one in world.alarms()} == {said}


def test_a_refit_goes_on_with_the_evidence_and_a_new_recipe_begins_anew(world: TableWorld) -> None:
    for number in range(3):
        broken(world, 4 * number + 1, 4 * number + 4)
        if number < 2:
            world.learned(4 * number + 4, number + 2, kind="refresh")
    found = world.looked(16)
    assert len(found["days"]) == 9, "each file counts for the model that was live when it came"
    with begin() as connection:
        scored = batches.scored(connection, "abalone", START.replace(year=2027))
    assert [one.version for one in scored] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert {one["cause"] for one in found["alarms"]} == {"world"}
    assert {(one.version, one.number) for one in world.alarms()} == {(1, 1)}
    world.learned(16.5, 4)
    again = world.looked(17)
    assert (again["days"], again["words"]) == ([], again["words"]) and "0 files watched: no alarm" in again["words"]


def test_a_column_in_another_unit_is_the_data_s(world: TableWorld) -> None:
    for day in range(1, 13):
        world.file(day, changed={"shell weight": lambda part: part["shell weight"] * 28.35, "rings": turned})
    found = world.looked(16)
    assert {one["cause"] for one in found["alarms"]} == {"data"} and found["manifest"] == {}
    assert "shell weight is 28.4 times what it was since 2026-01-03 (ounces for grams)" in found["alarms"][0]["words"]
    assert {one.outcome for one in world.alarms()} == {"No training: the data are to be mended first."}
    assert found["drift"][0]["feature"] == "shell weight"


def test_a_stuck_column_is_the_data_s(world: TableWorld) -> None:
    for day in range(1, 13):
        world.file(day, changed={"shell weight": 0.1, "rings": turned})
    found = world.looked(16)
    assert found["alarms"] and "of the rows since" in found["alarms"][0]["words"]
    assert found["alarms"][0]["words"].endswith("have the same shell weight.")


def test_a_rollback_in_between_begins_anew_and_raises_nothing_twice(world: TableWorld) -> None:
    broken(world, 1, 12)
    before = {(one["day"], one["label"]) for one in world.looked(12)["alarms"]}
    world.learned(12.5, 2)
    with begin() as connection:
        back = promotions.roll_back(connection, "abalone").decision
    world.released(back, 13)
    for day in range(14, 18):
        world.file(day)
    found = world.looked(18)
    assert found["version"] == 1 and len(found["days"]) == 4
    assert {(one["day"], one["label"]) for one in found["alarms"]} == before


def test_a_model_s_clock_that_is_ahead_never_asks_it_about_rows_it_knows(world: TableWorld) -> None:
    world.file(2)
    world.learned(0.6, 2)  # said to be live before the file came that it has learned from
    world.looked(3)
    with begin() as connection:
        (only,) = batches.scored(connection, "abalone", START.replace(year=2027))
    assert (only.sequence, only.version) == (2, 1)


def test_a_model_whose_files_are_gone_scores_nothing_and_stops_nobody(world: TableWorld) -> None:
    world.file(2)
    with begin() as connection:
        connection.execute(sa.update(promotions.promotions).values(model_uri="s3://artifacts/gone"))
    assert world.looked(3)["days"] == []


def test_without_a_live_model_there_is_nothing_to_watch(rows: pd.DataFrame, tmp_path: Path) -> None:
    found = TableWorld(rows, tmp_path).looked(1)
    assert found["words"] == "No model of abalone that predicts rings is live, so there is none to watch."

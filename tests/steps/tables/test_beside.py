"""A table's challenger is told from the champion on rows that neither has learned from."""

import json
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline.projects.abalone import ABALONE
from steps.backends import challengers, objects
from steps.backends.database import begin
from steps.contract.declaration import Gate, parse_table
from steps.monitoring import beside
from steps.monitoring.beside import Beside, Ending
from steps.tables import beside as pairs
from tests.steps.support.table_world import DECLARATION, START, TableWorld, surveys

pytestmark = pytest.mark.usefixtures("database_environment", "store_environment")
LEARNING = ABALONE.learning.model_copy(update={"gate": Gate(release="shadow", trial_days=30)})
SHADOW = ABALONE.model_copy(update={"learning": LEARNING}).declaration()


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return surveys(3000)


@pytest.fixture
def world(rows: pd.DataFrame, tmp_path: Path) -> TableWorld:
    found = TableWorld(rows, tmp_path)
    found.file(0, 1000)
    return found


def standing(day: float) -> list[Beside]:
    return pairs.standing(objects.lake(), parse_table(SHADOW), START + timedelta(days=day))


@pytest.mark.parametrize(("live", "tried", "verdict"), [(4, 60, "take-over"), (60, 4, "withdraw")])
def test_the_better_one_is_told_from_rows_that_came_since(
    world: TableWorld, live: int, tried: int, verdict: str
) -> None:
    world.learned(0.5, 1, trees=live)
    world.learned(1, 2, trees=tried, on_trial=True)
    assert [one.words for one in standing(1)] == [
        "Version 2 is on trial (shadow) since 2026-01-02; no look could be compared yet."
    ]
    world.file(2, 130)
    world.file(3, 20, changed={"row": [f"{number:032x}" for number in range(20)]})
    (early,) = standing(3)
    assert (len(early.found.days), early.version, early.champion, early.each) == (3, 2, 1, "look")
    for day in range(4, 24):
        world.file(day, 80)
    found = standing(24)
    told = beside.ending(found)
    assert told is not None and (told.verdict, told.decision) == (verdict, 2)
    assert "on the same rows of" in told.why and "looks (evidence" in told.why
    assert standing(25) == found, "the same each time"


def test_the_monitor_starts_what_follows_and_shows_it(world: TableWorld) -> None:
    world.learned(0.5, 1, trees=4)
    world.learned(1, 2, on_trial=True)
    for day in range(2, 24):
        world.file(day, 80)
    conclusion = world.folder / "conclusion"
    conclusion.write_text(json.dumps({"metadata": {"name": "<name>"}, "spec": {"verdict": "<verdict>"}}))
    outputs = {f"{name}_out": world.folder / name for name in ("conclude", "ending")}
    found = world.looked(24, declaration=SHADOW, conclusion=conclusion, **outputs)
    assert (world.folder / "conclude").read_text() == "true"
    assert json.loads((world.folder / "ending").read_text()) == {
        "metadata": {"name": "abalone-take-over-2-20260125"}, "spec": {"verdict": "take-over"}
    }  # fmt: skip
    assert "it takes over" in found["words"] and "On the same rows" in (world.folder / "page").read_text()
    with begin() as connection:
        trial = challengers.on_trial(connection, "abalone")
    assert trial is not None and trial.better is not None and trial.better >= 20


def test_when_the_time_is_over_the_gates_word_stands_unless_it_was_worse(world: TableWorld) -> None:
    world.learned(0.5, 1, trees=60)
    world.learned(1, 2, trees=58, on_trial=True)
    assert beside.ending(standing(40)) is None, "without a look nothing is decided"
    world.file(2, 60)
    assert beside.ending(standing(30)) is None
    (late,) = standing(40)
    assert late.ending is not None and "the time is over" in late.ending.why
    assert late.ending.verdict == ("take-over" if (late.found.gain or 0) >= 0 else "withdraw")


def test_a_new_champion_that_is_worse_than_the_one_before_is_rolled_back(world: TableWorld) -> None:
    world.learned(0.5, 1, trees=60)
    world.learned(1, 2, trees=4)
    for day in range(2, 24):
        world.file(day, 80)
    (found,) = standing(24)
    assert found.role == "former"
    assert isinstance(found.ending, Ending) and found.ending.verdict == "roll-back"
    assert beside.ending(standing(90)) is None


def test_where_nothing_is_compared_nobody_looks(world: TableWorld) -> None:
    world.learned(0.5, 1)
    world.learned(1, 2)
    assert pairs.standing(objects.lake(), DECLARATION, START + timedelta(days=2)) == []

"""The way back, as its command."""

from pathlib import Path

import pytest
from released import decide, decision, release, run, start

from steps import rollback
from steps.errors import CheckFailed

pytestmark = pytest.mark.usefixtures("database_environment")


def roll_back(folder: Path) -> int:
    run(rollback, "--decision-out", folder / "decision")
    return int((folder / "decision").read_text())


def test_it_decides_for_the_version_that_was_live_before(tmp_path: Path) -> None:
    release(decide("a", 1))
    release(decide("b", 2))
    number = roll_back(tmp_path)
    found = decision(number)
    assert (number, found.version, found.model_uri, found.restores) == (3, 1, "s3://artifacts/m-1", 1)
    assert found.words == "Rolled back from version 2 to version 1."


def test_a_model_that_never_went_live_is_not_gone_back_to(tmp_path: Path) -> None:
    release(decide("a", 1))
    decide("b", 2)
    release(decide("c", 3))
    assert decision(roll_back(tmp_path)).version == 1


def test_with_nothing_to_go_back_to_it_says_so_in_one_line_and_exits_3(tmp_path: Path) -> None:
    release(decide("a", 1))
    with pytest.raises(CheckFailed):
        roll_back(tmp_path)
    process = start("steps.rollback", "--decision-out", tmp_path / "decision")
    _, told = process.communicate(timeout=60)
    assert process.returncode == 3
    assert told == "error: version 1 is the only one of openaq that was ever live; it stays\n"
    assert not (tmp_path / "decision").exists()

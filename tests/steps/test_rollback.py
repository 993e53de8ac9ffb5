"""The way back, as its command."""

from pathlib import Path

import pytest

from steps import rollback
from steps.errors import BadInput, CheckFailed
from tests.steps.support.invoking import run_step
from tests.steps.support.released import DECLARATION, decide, decision, release, run

pytestmark = pytest.mark.usefixtures("database_environment")


def roll_back(folder: Path, *more: object) -> int:
    run(rollback, *more, "--decision-out", folder / "decision")
    return int((folder / "decision").read_text())


def test_it_decides_for_the_version_that_was_live_before(tmp_path: Path) -> None:
    release(decide("a", 1))
    release(decide("b", 2))
    number = roll_back(tmp_path)
    found = decision(number)
    assert (number, found.version, found.model_uri, found.restores) == (3, 1, "s3://artifacts/m-1", 1)
    assert found.words == "Rolled back from version 2 to version 1."


def test_it_says_who_wanted_it_and_why_on_one_line(tmp_path: Path) -> None:
    release(decide("a", 1))
    release(decide("b", 2))
    why = '  --to 7; "too\nhigh" $(x) '
    found = decision(roll_back(tmp_path, "--run", "openaq-rollback-1", "--by", "ann", "--why", why))
    assert (found.version, found.run, found.by) == (1, "openaq-rollback-1", "ann")
    assert found.words == 'Rolled back from version 2 to version 1: --to 7; "too high" $(x)'


def test_it_goes_to_the_version_that_is_named(tmp_path: Path) -> None:
    for version in (1, 2, 3):
        release(decide(f"{version}", version))
    assert decision(roll_back(tmp_path, "--to", "1")).version == 1


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (("--to", "two"), "--to is 'two'; wanted a version's number"),
        (("--to", "٢"), "wanted a version's number"),
        (("--to", "9" * 30), "wanted a version's number"),
        (("--why", "x" * 501), "--why has 501 characters; wanted at most 500"),
    ],
)
def test_a_wish_that_cannot_be_understood_decides_nothing(wish: tuple[str, str], words: str, tmp_path: Path) -> None:
    release(decide("a", 1))
    release(decide("b", 2))
    with pytest.raises(BadInput, match=words):
        roll_back(tmp_path, *wish)
    with pytest.raises(BadInput, match="no decision 3"):
        decision(3)


def test_a_model_that_never_went_live_is_not_gone_back_to(tmp_path: Path) -> None:
    release(decide("a", 1))
    decide("b", 2)
    release(decide("c", 3))
    assert decision(roll_back(tmp_path)).version == 1


def test_with_nothing_to_go_back_to_it_says_so_in_one_line_and_exits_3(tmp_path: Path) -> None:
    release(decide("a", 1))
    with pytest.raises(CheckFailed):
        roll_back(tmp_path)
    ended = run_step(rollback.command, declaration=DECLARATION, decision_out=tmp_path / "decision")
    assert ended.code == 3
    assert ended.log == "error: version 1 is the only one of openaq that was ever live; it stays\n"
    assert not (tmp_path / "decision").exists()

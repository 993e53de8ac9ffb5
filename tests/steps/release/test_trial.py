"""A challenger on trial: how it gets there, what the server gets, and every way in which the trial ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.projects.openaq import OPENAQ
from steps import admit, conclude, follow, rollback
from steps.backends import challengers, promotions
from steps.backends.database import begin
from steps.contract import declaration
from steps.errors import BadInput
from tests.steps.support.released import (
    DECLARATION,
    begin_trial,
    decide,
    decision,
    live,
    release,
    releasing,
    run,
    trial,
)
from tests.steps.support.rendered import artifact

pytestmark = pytest.mark.usefixtures("database_environment")
SHADOW, CANARY = releasing("shadow", trial_days=30), releasing("canary", shares=(0.2, 0.4))


def admitted(number: int, folder: Path, declared: str = SHADOW) -> list[dict[str, Any]] | None:
    """The predictors of the manifest that lets a decision pass; None if it does not."""
    template = artifact("openaq-train", "admit", "deployment", folder)
    outputs = "--manifest-out", folder / "m", "--admitted-out", folder / "a"
    run(admit, "--decision", number, "--deployment", template, "--image", "i:1", *outputs, declaration=declared)
    manifest = json.loads((folder / "m").read_text())
    assert (folder / "a").read_text() == ("true" if manifest else "false")
    return list(manifest["spec"]["predictors"]) if manifest else None


def put_back(folder: Path) -> list[dict[str, Any]] | None:
    template = artifact("openaq-train", "follow", "deployment", folder)
    outputs = "--manifest-out", folder / "m", "--needed-out", folder / "n"
    run(follow, "--run", "r", "--deployment", template, "--image", "i:1", *outputs, declaration=SHADOW)
    manifest = json.loads((folder / "m").read_text())
    return list(manifest["spec"]["predictors"]) if manifest else None


def concluded(verdict: str, number: int, folder: Path, name: str = "openaq-conclude-1", share: float = 0.0) -> int:
    """What is to be released then; 0 if nothing."""
    outputs = "--needed-out", folder / "n", "--decision-out", folder / "d"
    told = "--decision", number, "--verdict", verdict, "--share", share, "--why", "it was closer"
    words = "--run", name, "--by", "monitor", *told
    run(conclude, *words, *outputs)
    made = int((folder / "d").read_text())
    assert (folder / "n").read_text() == ("true" if made else "false")
    return made


def versions(predictors: list[dict[str, Any]] | None) -> dict[str, str]:
    """Which version each predictor serves."""
    found = {}
    for one in predictors or ():
        (container,) = one["componentSpecs"][0]["spec"]["containers"]
        found[one["name"]] = next(entry["value"] for entry in container["env"] if entry["name"] == "MODEL_VERSION")
    return found


def test_a_promoted_challenger_is_served_beside_the_champion_which_stays_live(tmp_path: Path) -> None:
    release(decide("a", 1))
    number = decide("b", 2)
    champion, other = admitted(number, tmp_path) or [{}, {}]
    assert versions([champion, other]) == {"default": "1", "challenger": "2"}
    assert other["shadow"] is True and "traffic" not in champion
    assert (live(), trial(number).how, trial(number).days) == ((1, 1), "shadow", 30)
    assert versions(admitted(number, tmp_path)) == {"default": "1", "challenger": "2"}, "passing again is allowed"


def test_a_canary_gets_its_share_of_the_requests(tmp_path: Path) -> None:
    release(decide("a", 1))
    champion, other = admitted(decide("b", 2), tmp_path, CANARY) or [{}, {}]
    assert (champion["traffic"], other["traffic"], "shadow" in other) == (80, 20, False)


@pytest.mark.parametrize("declared", [DECLARATION, SHADOW])
def test_without_a_champion_or_where_the_release_is_direct_it_goes_live(declared: str, tmp_path: Path) -> None:
    assert versions(admitted(decide("a", 1), tmp_path, declared)) == {"default": "1"}
    release(1)
    assert versions(admitted(decide("b", 2), tmp_path, DECLARATION)) == {"default": "2"}


def test_a_newer_challenger_takes_an_older_one_s_place(tmp_path: Path) -> None:
    release(decide("a", 1))
    older = begin_trial("b", 2, recipe={"family": "lightgbm"})
    newer = decide("c", 3)
    assert versions(admitted(newer, tmp_path)) == {"default": "1", "challenger": "3"}
    assert (trial(older).outcome, trial(older).words) == ("replaced", "version 3 is on trial in its place")
    assert decision(older).ended == "replaced: version 3 is on trial in its place"
    assert admitted(older, tmp_path) is None, "a trial that has ended does not begin again"
    assert trial(newer).first == newer


def test_a_refit_of_the_same_recipe_goes_on_with_its_trial(tmp_path: Path) -> None:
    release(decide("a", 1))
    older = begin_trial("b", 2)
    newer = decide("c", 3)
    admitted(newer, tmp_path)
    found = trial(newer)
    with begin() as connection:
        assert (found.first, challengers.versions(connection, found)) == (older, [2, 3])


def test_an_older_decision_that_comes_late_does_not_disturb_a_trial(tmp_path: Path) -> None:
    release(decide("a", 1))
    late = decide("b", 2)
    begin_trial("c", 3)
    assert admitted(late, tmp_path) is None


def test_a_refresh_of_the_champion_leaves_the_trial_as_it_is(tmp_path: Path) -> None:
    release(decide("a", 1))
    number = begin_trial("b", 2)
    refreshed = decide("c", 3, kind="refresh")
    assert versions(admitted(refreshed, tmp_path)) == {"default": "3", "challenger": "2"}
    release(refreshed)
    taking = concluded("take-over", number, tmp_path)
    assert versions(admitted(taking, tmp_path)) == {"default": "2"}, "though a later decision is live"


def test_where_releases_become_direct_the_next_one_ends_the_trial(tmp_path: Path) -> None:
    release(decide("a", 1))
    number = begin_trial("b", 2)
    assert versions(admitted(decide("c", 3), tmp_path, DECLARATION)) == {"default": "3"}
    assert trial(number).words == "version 3 was released directly"


def test_taking_over_is_a_decision_that_the_same_run_makes_once(tmp_path: Path) -> None:
    release(decide("a", 1))
    number = begin_trial("b", 2)
    taking = concluded("take-over", number, tmp_path)
    found = decision(taking)
    assert (found.kind, found.version, found.restores, found.by) == ("takeover", 2, number, "monitor")
    assert found.words == "Took over from version 1: it was closer"
    assert concluded("take-over", number, tmp_path) == taking, "the run was killed and is repeated"
    assert concluded("take-over", number, tmp_path, "another-run") == 0
    assert (trial(number).outcome, live()) == ("taken over", (1, 1))
    release(taking)
    assert live() == (taking, 2)
    assert concluded("take-over", number, tmp_path) == taking
    with begin() as connection:
        former = promotions.former(connection, "openaq")
        assert former is not None and former.version == 1
        assert promotions.set_aside(connection, "openaq") is None, "nobody rolled the old recipe back"
        made = promotions.made(connection, "openaq", 2)
        assert made is not None and made.decision == number


def test_a_takeover_whose_release_failed_leaves_the_champion_alone(tmp_path: Path) -> None:
    release(decide("a", 1))
    number = begin_trial("b", 2)
    assert versions(admitted(concluded("take-over", number, tmp_path), tmp_path)) == {"default": "2"}
    assert versions(put_back(tmp_path)) == {"default": "1"}
    assert live() == (1, 1)


@pytest.mark.parametrize("given", ["its number", "none"])
def test_a_challenger_that_is_withdrawn_leaves_the_server(given: str, tmp_path: Path) -> None:
    release(decide("a", 1))
    number = begin_trial("b", 2)
    asked = number if given == "its number" else 0
    assert concluded("withdraw", asked, tmp_path) == 1
    assert decision(number).ended == "withdrawn: it was closer"
    assert versions(put_back(tmp_path)) == {"default": "1"}, "as long as the server was not asked since"
    assert versions(admitted(1, tmp_path)) == {"default": "1"}
    release(1)
    assert put_back(tmp_path) is None
    assert concluded("withdraw", 0, tmp_path, "another-run") == 0


def test_a_recipe_that_was_withdrawn_is_not_promoted_again_until_another_one_is(tmp_path: Path) -> None:
    release(decide("a", 1))
    number = begin_trial("b", 2)
    assert turned_down() is None
    concluded("withdraw", number, tmp_path)
    release(decide("c", 3, kind="refresh"))
    assert turned_down() == 2
    release(decide("d", 4))
    assert turned_down() is None
    older = begin_trial("e", 5)
    admitted(decide("f", 6, recipe={"family": "lightgbm"}), tmp_path)
    assert trial(older).outcome == "replaced" and turned_down() is None, "it was not judged"


def turned_down() -> int | None:
    with begin() as connection:
        found = challengers.turned_down(connection, "openaq")
    return None if found is None else found.version


def test_a_trial_whose_release_failed_is_ended_and_the_champion_put_back_alone(tmp_path: Path) -> None:
    release(decide("a", 1))
    number = decide("b", 2)
    admitted(number, tmp_path)
    assert versions(put_back(tmp_path)) == {"default": "1"}
    assert (trial(number).outcome, trial(number).words) == ("withdrawn", "its release did not succeed")


def test_what_is_put_back_keeps_the_challenger_of_a_trial_that_goes_on(tmp_path: Path) -> None:
    release(decide("a", 1))
    begin_trial("b", 2)
    assert put_back(tmp_path) is None
    admitted(decide("c", 3, kind="refresh"), tmp_path)
    assert versions(put_back(tmp_path)) == {"default": "1", "challenger": "2"}


def test_a_rollback_by_hand_ends_the_trial_and_no_verdict_comes_after_it(tmp_path: Path) -> None:
    release(decide("a", 1))
    release(decide("b", 2))
    number = begin_trial("c", 3)
    run(rollback, "--run", "back", "--by", "a person", "--decision-out", tmp_path / "d", declaration=SHADOW)
    back = int((tmp_path / "d").read_text())
    assert trial(number).words == f"what it was compared with was rolled back by {back}"
    assert versions(admitted(back, tmp_path)) == {"default": "1"}
    release(back)
    assert concluded("take-over", number, tmp_path) == 0
    assert concluded("roll-back", 2, tmp_path) == 0, "decision 2 is live no longer"
    assert live() == (back, 1)


def test_a_new_champion_that_is_worse_goes_back_once(tmp_path: Path) -> None:
    release(decide("a", 1))
    release(decide("b", 2))
    back = concluded("roll-back", 2, tmp_path)
    assert (decision(back).kind, decision(back).version) == ("rollback", 1)
    assert concluded("roll-back", 2, tmp_path, "of-the-next-day") == back, "it never went live: it is wanted still"
    release(back)
    assert concluded("roll-back", 2, tmp_path, "of-the-next-day") == back
    assert concluded("roll-back", 2, tmp_path, "of-another-day") == 0
    with begin() as connection:
        assert promotions.former(connection, "openaq") is None, "what was put back is not doubted again"
        aside = promotions.set_aside(connection, "openaq")
        assert aside is not None and aside.version == 2, "and the recipe is not promoted again at once"


def test_a_canary_that_is_to_answer_more_does_after_the_next_release(tmp_path: Path) -> None:
    release(decide("a", 1))
    number = begin_trial("b", 2, how="canary")
    for _ in range(2):
        assert concluded("widen", number, tmp_path, "openaq-widen-2", 0.25) == 1
        champion, other = admitted(1, tmp_path, CANARY) or [{}, {}]
        assert (champion["traffic"], other["traffic"]) == (75, 25)
    assert concluded("widen", number, tmp_path, "openaq-widen-2-late", 0.1) == 1
    assert trial(number).share == 0.25, "it never answers fewer"
    assert concluded("widen", 7, tmp_path, "openaq-widen-7", 0.5) == 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"release": "later"}, "learning.gate.release: got 'later', wanted 'direct', 'shadow' or 'canary'"),
        ({"trial_days": 3}, "learning.gate.trial_days: got 3, wanted greater than or equal to 7"),
        ({"shares": [0.9]}, "learning.gate.shares.0: got 0.9, wanted less than or equal to 0.5"),
        ({"shares": [0.3, 0.1]}, "wanted shares of the requests that rise"),
    ],
)
def test_a_wrong_way_of_release_is_one_line(wrong: dict[str, Any], said: str) -> None:
    fields = json.loads(OPENAQ.declaration())
    fields["learning"]["gate"] |= wrong
    with pytest.raises(BadInput) as told:
        declaration.parse(json.dumps(fields))
    assert said in str(told.value)

"""What a person says of a dropped file, as its command."""

import pytest

from pipeline.projects.wine import WINE
from steps import review
from steps.backends import ledger
from steps.backends.database import begin
from steps.backends.ledger import Upload
from tests.steps.support.invoking import Ended, run_step

pytestmark = pytest.mark.usefixtures("database_environment")
KEY = "wine/new/{{x}}.csv"


def say(action: str, key: str = KEY, why: str = "it is red") -> Ended:
    declaration = WINE.declaration()
    return run_step(review.command, declaration=declaration, action=action, key=key, by="ann", why=why)


def put(state: str) -> str:
    """A file that a run has decided about; its id."""
    with begin() as connection:
        [taken] = ledger.claim(connection, "wine", "r", "o", [ledger.Object("inbox", KEY, "", "e", None, 7)])
        place = f"wine/{state}/there.csv"
        ledger.decide(connection, "wine", "o", [ledger.Verdict(taken.upload, state, place)], None)  # type: ignore[arg-type]
        ledger.cleared(connection, [taken.upload])
    return taken.upload


def now() -> Upload:
    with begin() as connection:
        [found] = ledger.known(connection, "wine", KEY)
    return found


@pytest.mark.parametrize("name", ["key", "place", "id"])
def test_a_file_is_let_out_by_any_of_its_names(name: str) -> None:
    upload = put("quarantined")
    say("release", {"key": KEY, "place": "wine/quarantined/there.csv", "id": upload}[name])
    assert (now().state, now().who, now().why) == ("released", "ann", "it is red")


def test_an_accepted_file_is_to_be_taken_back() -> None:
    put("done")
    say("retract", why=" it  is\nwhite ")
    assert (now().state, now().retracted_by, now().retracted_why) == ("retracting", "ann", "it is white")


@pytest.mark.parametrize(("state", "action"), [("quarantined", "release"), ("done", "retract")])
def test_saying_it_again_after_a_kill_is_the_same(state: str, action: str) -> None:
    upload = put(state)
    say(action)
    before = now()
    say(action, upload)
    assert now() == before


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"action": "retract"}, "is quarantined, not accepted, so there is nothing to retract"),
        ({"action": "release", "key": "wine/new/other.csv"}, "other.csv was never dropped"),
        ({"action": "burn"}, "--action is 'burn'; wanted release or retract"),
        ({"action": "release", "key": " "}, "--key is empty"),
        ({"action": "release", "why": " "}, "--why is empty; say in a few words why to release the file"),
        ({"action": "release", "why": "x" * 501}, "--why has 501 characters; wanted at most 500"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(given: dict[str, str], words: str) -> None:
    put("quarantined")
    before = now()
    ended = say(**given)
    assert (ended.code, words in ended.error, now()) == (2, True, before), ended.error

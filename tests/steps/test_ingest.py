"""ingest against a real store and database: what was dropped is taken once, whatever it is called and whatever ends
the run."""

import contextlib
import os
import signal
import unicodedata
from dataclasses import replace
from functools import partial
from multiprocessing import get_context, set_start_method
from pathlib import Path
from random import Random
from unittest.mock import create_autospec

import pytest

from pipeline.errors import UserError
from pipeline.inbox.listing import listed, retract
from pipeline.laptop.machine import LocalMachine
from pipeline.projects.wine import WINE
from pipeline.quickstart.tabular_samples import look_alike
from steps import ingest
from steps.backends import ledger
from steps.backends.database import transact
from steps.backends.objects import inbox, lake
from steps.contract import command as steps_command
from steps.tables import history_rows
from tests.steps.support.dropping import NEW, Dropper, longer_by, records, survey
from tests.steps.support.killing import proxied
from tests.steps.support.white_wine import white_wine

HOSTILE = [
    "two words.csv",
    "a+b.csv",
    "a b.csv",
    "a%2Fb.csv",
    unicodedata.normalize("NFC", "ä.csv"),
    unicodedata.normalize("NFD", "ä.csv"),
    'it\'s "quoted".csv',
    "$(touch owned).csv",
    "{{workflow.name}}.csv",
    "d{{=1+1}}.csv",
    "new\nline.csv",
    "Case.csv",
    "case.csv",
    "x.csv.reason.json",
    "s" * 251 + ".csv",
    "/".join(["deep" * 50] * 4) + "/" + "d" * 190 + ".csv",
]


def test_hostile_names_come_back_as_they_were(dropper: Dropper) -> None:
    longest = "n" * (254 - len(NEW)) + "/" + "m" * 255 + "/" + "o" * 255 + "/" + "p" * 255
    assert len((NEW + longest).encode()) == 1021 + 1
    names = [*HOSTILE, longest]
    for seed, name in enumerate(names):
        dropper.drop(name, survey(seed))

    assert dropper.take(records(*(NEW + name for name in names))).code == 0

    dropper.settled()
    uploads = {one.name: one for one in dropper.uploads()}
    assert set(uploads) == set(names)
    for seed, name in enumerate(names):
        assert uploads[name].state == "done"
        assert inbox().get(str(uploads[name].place)) == survey(seed)
    manifest, spec = dropper.read("manifest"), dropper.read("manifest")["spec"]
    assert manifest["metadata"]["name"] == dropper.read("summary")["training"]
    assert spec["workflowTemplateRef"] == {"name": "abalone-train"}
    assert spec["arguments"]["parameters"] == [{"name": "by", "value": "upload (run-1)"}], (
        "a run's name, never a file's"
    )
    assert not Path("owned").exists()


def test_the_same_file_again_is_known_and_kept(dropper: Dropper) -> None:
    dropper.drop("a.csv", survey(1))
    assert dropper.take().code == 0
    dropper.drop("again.csv", survey(1))
    assert dropper.take().code == 0

    dropper.settled()
    assert {one.name: one.state for one in dropper.uploads()} == {"a.csv": "done", "again.csv": "known"}
    assert len(dropper.rows()) == 3
    assert dropper.read("train") is False  # the training was offered to the first run


def test_a_run_that_finds_nothing_new_says_so(dropper: Dropper) -> None:
    assert dropper.take().code == 0
    assert dropper.read("summary")["words"].startswith("Nothing new")
    assert dropper.read("manifest") == {}

    assert dropper.take(records(NEW + "gone.csv")).code == 0
    assert dropper.read("summary")["words"].startswith("1 file gone before it could be read")
    assert [(one.key, one.state) for one in dropper.uploads()] == [(NEW + "gone.csv", "missing")]


@pytest.mark.parametrize("told", ["%%%", "bm8=", "aHR0cDovL3g="])
def test_a_notification_that_is_none_is_one_clear_line(dropper: Dropper, told: str) -> None:
    ended = dropper.take(told)

    assert ended.code == 2
    assert "is not base64 of a JSON list of S3 event records" in ended.error


@pytest.mark.parametrize("key", ["wine/new/x.csv", NEW + "../../lake/x", NEW + "/x.csv", NEW + "a//b", NEW, "", "\0"])
def test_what_is_announced_outside_the_inbox_is_passed_over(dropper: Dropper, key: str) -> None:
    assert dropper.take(records(key)).code == 0

    assert dropper.uploads() == []


def test_a_released_file_goes_through_the_checks_again(dropper: Dropper) -> None:
    dropper.drop("bad.csv", b"not a survey")
    dropper.drop("good.csv", survey(1))
    assert dropper.take().code == 0
    (bad,) = (one for one in dropper.uploads() if one.state == "quarantined")
    assert bad.reason

    transact(lambda connection: ledger.release(connection, "abalone", bad.key, who="somebody", why="looks right"))
    assert dropper.take().code == 0

    dropper.settled()
    (again,) = (one for one in dropper.uploads() if one.upload == bad.upload)
    assert (again.state, again.who, again.why, again.place) == ("quarantined", "somebody", "looks right", bad.place)


def test_a_file_that_is_taken_back_leaves_with_its_own_rows_alone(dropper: Dropper) -> None:
    dropper.drop("a.csv", survey(1, rows=4))
    assert dropper.take().code == 0
    dropper.drop("b.csv", b"".join(survey(1, rows=4).splitlines(keepends=True)[:2]) + survey(2))
    assert dropper.take().code == 0
    before, earlier = dropper.rows(), dropper.read("summary")["training"]

    asked = transact(lambda connection: ledger.ask_back(connection, "abalone", NEW + "a.csv", who="me", why="white"))
    assert asked is not None
    assert dropper.take().code == 0

    dropper.settled()
    assert dropper.rows() == [*before[:2], *before[4:]]
    assert list(history_rows.load(lake(), "abalone", 2)[0]["row"]) == before, "an older dataset is what it was"
    (gone,) = (one for one in dropper.uploads() if one.name == "a.csv")
    assert (gone.state, gone.rows_left, gone.retracted_by, gone.retracted_why) == ("retracted", 2, "me", "white")
    assert inbox().get(str(gone.place)) == survey(1, rows=4)
    assert str(gone.place).startswith("abalone/retracted/")
    summary = dropper.read("summary")
    assert summary["words"].startswith("1 file retracted with 2 rows. Training: abalone-train-")
    assert summary["training"] != earlier
    assert "2 rows left the history" in (dropper.folder / "run-3" / "report").read_text()
    learned = [transact(partial(ledger.learned, project="abalone", upto=at)) for at in (2, 3)]
    assert [[one.name for one in each] for each in learned] == [["a.csv", "b.csv"], ["b.csv"]]
    machine = create_autospec(LocalMachine, instance=True)
    said = listed(machine, "abalone", 5)
    assert "retracted by me: white" in said and "2 left" in said
    for key, why in ((gone.key, "is retracted already"), (NEW + "no.csv", "was ever dropped; see: pipeline inbox")):
        with pytest.raises(UserError, match=why):
            retract(machine, key, who="me", why="white")
    machine.submit.assert_not_called()

    assert dropper.take().code == 0
    assert dropper.read("summary")["words"].startswith("Nothing new. ")


def test_a_file_that_is_gone_cannot_be_taken_back_and_holds_up_nobody(dropper: Dropper) -> None:
    dropper.drop("a.csv", survey(1))
    assert dropper.take().code == 0
    (there,) = dropper.uploads()
    inbox().delete(str(there.place))
    transact(lambda connection: ledger.ask_back(connection, "abalone", there.key, who="me", why="white"))
    dropper.drop("b.csv", survey(2))
    assert dropper.take().code == 0

    states = {one.name: (one.state, one.reason) for one in dropper.uploads()}
    why = f"not retracted: its content is gone from {there.place}; restore it"
    assert states == {"a.csv": ("done", why), "b.csv": ("done", None)}
    assert len(dropper.rows()) == 6


def test_copies_up_to_rounding_are_taken_and_said_to_be_copies(dropper: Dropper) -> None:
    dropper.drop("a.csv", look_alike("abalone", 300, 1))
    assert dropper.take().code == 0
    assert "copies" not in dropper.read("summary")["words"]
    dropper.drop("b.csv", longer_by("0.001", look_alike("abalone", 300, 1), 80) + survey(1, rows=20))
    assert dropper.take().code == 0

    dropper.settled()
    assert {one.name: (one.rows_new, one.rows_copied) for one in dropper.uploads()} == {
        "a.csv": (298, 0),
        "b.csv": (100, 80),
    }
    words = "1 file accepted with 100 new rows, 80 of them copies of earlier ones up to rounding"
    assert dropper.read("summary")["words"].startswith(words)
    assert "100 new, 80 copies " in listed(create_autospec(LocalMachine, instance=True), "abalone", 5)
    assert "(80 of them copies up to rounding)" in (dropper.folder / "run-2" / "report").read_text()


def test_white_wine_among_red_waits_for_a_person(dropper: Dropper) -> None:
    wines = replace(dropper, project=WINE)
    wines.drop("red.csv", look_alike("wine", 400, 1))
    wines.drop("white.csv", white_wine(60, 1))
    assert wines.take().code == 0
    wines.drop("more-red.csv", look_alike("wine", 60, 2))
    assert wines.take().code == 0

    wines.settled()
    states = {one.name: (one.state, one.rows_new) for one in wines.uploads()}
    assert states == {"red.csv": ("done", 400), "white.csv": ("quarantined", 0), "more-red.csv": ("done", 60)}
    (white,) = (one for one in wines.uploads() if one.state == "quarantined")
    assert "look like another table's than the 400 of the history" in str(white.reason)

    transact(lambda connection: ledger.release(connection, "wine", white.key, who="somebody", why="we sell both"))
    assert wines.take().code == 0
    wines.settled()
    assert {one.name: one.rows_new for one in wines.uploads() if one.state == "done"}["white.csv"] == 60


def test_two_runs_at_once_take_each_file_once(dropper: Dropper) -> None:
    for seed in range(40):
        dropper.drop(f"{seed}.csv", survey(seed))
    context = get_context("forkserver")
    context.set_forkserver_preload(["steps.ingest"])
    runs = [context.Process(target=_step, args=(dict(os.environ), _arguments(dropper, f"both-{n}"))) for n in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)

    assert [run.exitcode for run in runs] == [0, 0]
    dropper.settled()
    assert len(dropper.rows()) == 120


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.soak) for n in range(1, 30))])
def test_a_run_killed_at_a_request_is_finished_by_its_next_attempt(dropper: Dropper, seed: int) -> None:
    for number in range(6):
        dropper.drop(f"{number}.csv", survey(number))
    dropper.drop("bad.csv", b"\x00\x01rubbish")
    request = Random(seed).randint(2, 30)  # of some 32

    context = get_context("forkserver")
    context.set_forkserver_preload(["steps.ingest"])
    with proxied(os.environ["AWS_ENDPOINT_URL_S3"], request) as proxy:
        environment = dict(os.environ) | {"AWS_ENDPOINT_URL_S3": proxy.address}
        child = context.Process(target=_step, args=(environment, _arguments(dropper, "one")))
        child.start()
        assert proxy.reached.wait(60)
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join(10)
        assert child.exitcode == -signal.SIGKILL
        child.close()
    assert dropper.take(run="one").code == 0

    dropper.settled()
    assert len(dropper.rows()) == 18
    assert {one.name for one in dropper.uploads() if one.state == "quarantined"} == {"bad.csv"}


def _arguments(dropper: Dropper, run: str) -> list[str]:
    return [
        text for name, value in dropper.options(run).items() for text in (f"--{name.replace('_', '-')}", str(value))
    ]


def _step(environment: dict[str, str], arguments: list[str]) -> None:
    os.environ.update(environment)
    with contextlib.suppress(RuntimeError):
        set_start_method("fork", force=True)  # else locks that libraries make are said to leak when it is killed
    steps_command.run(ingest.command, arguments)

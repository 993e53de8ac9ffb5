"""A file is dropped, a model is served: the way of `make run PROJECT=abalone`, then what people do next."""

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT
from tests.cli.here import command
from tests.quickstart.quickstarting import Place, asked

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("arrivals")]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str]]:
    """A place where the look-alike has been learned from, and what was printed."""
    folder = tmp_path_factory.mktemp("arrivals")
    place = Place(folder / "state", folder)
    code, printed = place.run("quickstart", "abalone", "--data", "look-alike")
    assert code == 0, printed
    yield place, printed
    assert place.run("down")[0] == 0
    assert place.processes() == []


def inbox(place: Place, key: str, *, until: str) -> str:
    """The line of `pipeline inbox` about the newest file of that key, once it is in that state."""
    deadline = time.monotonic() + 60
    while True:
        line = next((line for line in place.run("inbox", "abalone")[1].splitlines() if line.startswith(key)), "")
        if until in line.split() or time.monotonic() > deadline:
            return line
        time.sleep(0.1)


def test_it_ends_with_scores_a_decision_and_the_file_s_place(done: tuple[Place, str]) -> None:
    _, printed = done
    for words in ("training mean", "challenger", "RMSE rings", "Decision 1: Promoted", "alias champion"):
        assert words in printed
    assert re.search(r"abalone/new/\S*look-alike\S* → abalone/old/abalone-ingest-\w+/", printed)
    report = re.search(r"Report:\s+(\S+)", printed)
    assert report and "Files" in Path(report[1]).read_text(encoding="utf-8")


def test_the_printed_line_asks_the_live_model(done: tuple[Place, str]) -> None:
    answer = json.loads(asked(done[1]))
    assert answer["meta"]["tags"]["project"] == "abalone"
    assert 0 < answer["data"]["ndarray"][0][0] < 30


def test_from_an_answer_one_gets_to_the_dropped_file(done: tuple[Place, str]) -> None:
    dataset = json.loads(asked(done[1]))["meta"]["tags"]["dataset"]
    code, printed = done[0].run("models", "abalone", dataset, "--files")
    assert code == 0, printed
    assert printed.startswith("abalone version 1, champion\ndecision   1, ")
    assert re.search(r"upload \(abalone-ingest-\w+\), run abalone-train-\w+", printed)
    assert re.search(
        r"s3://inbox/abalone/new/\S*look-alike\S* +\w+ +s3://inbox/abalone/old/abalone-ingest-\w+/", printed
    )


def test_the_same_again_is_known_and_trains_nothing(done: tuple[Place, str]) -> None:
    place, _ = done
    code, printed = place.run("quickstart", "abalone", "--data", "look-alike")
    assert code == 0, printed
    assert "known before, every row of it. No training is needed." in printed
    assert "Decision 1, made before: Promoted" in printed
    assert place.table("select count(*) from promotions") == [(1,)]


def test_what_cannot_be_read_is_in_quarantine_with_the_reason(done: tuple[Place, str], tmp_path: Path) -> None:
    place, _ = done
    file = tmp_path / "bad.csv"
    file.write_bytes(b"PK\x03\x04 not a table")
    assert place.run("put", "abalone", str(file), "--name", "{{workflow.name}}.csv")[0] == 0
    line = inbox(place, "abalone/new/{{workflow.name}}.csv", until="quarantined")
    assert "zip" in line
    code, printed = place.run(
        "inbox", "release", "abalone/new/{{workflow.name}}.csv", "--why", "try again", "--who", "Ada"
    )
    assert code == 3 and "quarantined" in printed
    assert "released by Ada: try again" in inbox(place, "abalone/new/{{workflow.name}}.csv", until="quarantined")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["put", "openaq", "README.md"], "these do: abalone, wine"),
        (["put", "abalone", "README.md", "--name", "a//b"], "empty, '.' or '..' part"),
        (["put", "abalone", "README.md", "--name", "n" * 1024], "wanted at most 1024"),
        (["inbox", "release", "abalone/new/nosuch.csv", "--why", "x"], "is in quarantine"),
        (["inbox", "release", "nosuch/x", "--why", "x"], "no project 'nosuch'"),
        (["quickstart", "abalone", "--locations", "1"], "--locations 1 is not for abalone, which learns from a file"),
        (["quickstart", "openaq", "--data", "x.csv"], "--data x.csv is not for openaq, which learns from an archive"),
        (["quickstart", "wine", "--data", "/nowhere.csv"], "/nowhere.csv"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line(done: tuple[Place, str], arguments: list[str], words: str) -> None:
    environment = {**os.environ, "PIPELINE_HOME": str(done[0].home)}
    code, printed, _ = command(*arguments, folder=ROOT, environment=environment, together=True)
    assert code == 2, printed
    assert words in printed

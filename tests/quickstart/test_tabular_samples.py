"""Data for a user who has none: the original as it was, or a look-alike that says so and can be learned from."""

import csv
import hashlib
import io
import urllib.error
from collections import Counter
from pathlib import Path

import pytest

from pipeline.errors import PipelineError, UserError
from pipeline.quickstart import tabular_samples
from pipeline.quickstart.typed import Typed

TYPED = Typed(make=True)


def answering(monkeypatch: pytest.MonkeyPatch, body: bytes | Exception) -> None:
    def answer(url: str, timeout: float) -> io.BytesIO:
        if isinstance(body, Exception):
            raise body
        return io.BytesIO(body)

    monkeypatch.setattr("urllib.request.urlopen", answer)


def test_without_a_network_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answering(monkeypatch, urllib.error.URLError("Name or service not known"))
    with pytest.raises(PipelineError, match=r"cannot be fetched \(Name or service not known\); .* DATA=look-alike"):
        tabular_samples.file("wine", "", tmp_path, TYPED)


def test_another_content_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answering(monkeypatch, b"<html>moved</html>")
    with pytest.raises(PipelineError, match="the table has changed"):
        tabular_samples.file("abalone", "", tmp_path, TYPED)
    assert not list(tmp_path.iterdir())


def test_the_original_is_fetched_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    body = b"a table"
    original = tabular_samples.Original("https://example.org/t.csv", hashlib.sha256(body).hexdigest())
    answering(monkeypatch, body)
    assert tabular_samples.fetch(original, tmp_path, TYPED).read_bytes() == body
    answering(monkeypatch, OSError("no network"))
    assert tabular_samples.fetch(original, tmp_path, TYPED) == tmp_path / "t.csv"


def test_a_file_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "mine.csv"
    own.write_text("1")
    assert tabular_samples.file("wine", str(own), tmp_path / "samples", TYPED) == own
    with pytest.raises(UserError, match=r"DATA=other\.csv: there is no such file"):
        tabular_samples.file("wine", "other.csv", tmp_path, TYPED)
    with pytest.raises(UserError, match="no sample for openaq"):
        tabular_samples.file("openaq", "look-alike", tmp_path, TYPED)


@pytest.mark.parametrize("project", ["wine", "abalone"])
def test_a_look_alike_says_so_and_is_the_same_each_time(project: str, tmp_path: Path) -> None:
    made = tabular_samples.file(project, "look-alike", tmp_path, TYPED)
    assert made.name == f"{project}-look-alike.csv"
    assert tabular_samples.look_alike(project, 50, 1) == tabular_samples.look_alike(project, 50, 1)
    assert tabular_samples.look_alike(project, 50, 1) != tabular_samples.look_alike(project, 50, 2)


def test_the_wine_has_the_shares_of_its_qualities() -> None:
    rows = list(csv.DictReader(io.StringIO(tabular_samples.look_alike("wine", 4000, 5).decode()), delimiter=";"))
    share = {quality: count / len(rows) for quality, count in Counter(row["quality"] for row in rows).items()}
    assert sorted(share) == ["3", "4", "5", "6", "7", "8"]
    assert share["5"] == pytest.approx(0.43, abs=0.04)
    assert share["6"] == pytest.approx(0.40, abs=0.04)


def test_the_abalone_can_be_learned_and_the_mean_is_not_enough() -> None:
    from sklearn.ensemble import RandomForestRegressor

    rows = [line.split(",") for line in tabular_samples.look_alike("abalone", 3000, 5).decode().splitlines()]
    assert sum(row[3] == "0" for row in rows) == 2
    numbers = [[float(row[0] == "I"), *map(float, row[1:8])] for row in rows]
    rings = [float(row[8]) for row in rows]
    mean = sum(rings[:2000]) / 2000
    model = RandomForestRegressor(30, min_samples_leaf=5, random_state=0).fit(numbers[:2000], rings[:2000])

    def error(expected: list[float]) -> float:
        return float((sum((a - b) ** 2 for a, b in zip(expected, rings[2000:], strict=True)) / 1000) ** 0.5)

    assert error(list(model.predict(numbers[2000:]))) < 2.4
    assert error([mean] * 1000) > 3.1

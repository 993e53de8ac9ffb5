"""The list of models as a person reads it: what is live, what each was measured against, and where two books differ."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.cli.commands import cli
from pipeline.errors import PipelineError, UserError
from pipeline.laptop.machine import LocalMachine
from pipeline.models.decisions import Decisions, decisions_of
from pipeline.models.mlflow import ModelRegistry
from steps.backends import challengers, promotions
from steps.backends.database import begin

SCORES = [
    {"name": "persistence", "rmse": 23.84, "rows": 9},
    {"name": "training mean", "rmse": 22.01, "rows": 9},
    {"name": "champion", "rmse": 18.0, "rows": 9},
    {"name": "challenger (linear)", "rmse": 18.846, "rows": 9},
]


@pytest.fixture
def place(tmp_path: Path, database_environment: str, monkeypatch: pytest.MonkeyPatch) -> LocalMachine:
    """A machine where nothing runs and nothing was decided."""
    monkeypatch.setenv("PIPELINE_HOME", str(tmp_path / "state"))
    return LocalMachine(tmp_path / "state")


def decide(fingerprint: str, version: int | None = None, *, live: bool = True, **more: Any) -> None:
    model = {"version": version, "model_uri": f"s3://artifacts/{version}", "digest": f"{version}" * 32}
    words = "Promoted: it is better.\x1b[31m" if version else "The champion stays: it is not worse."
    with begin() as connection:
        number = promotions.reserve(connection, "openaq", fingerprint * 32, "no2").decision
        settled = {"words": words, "scores": SCORES, "recipe": {}, **(model if version else {}), **more}
        promotions.settle(connection, "openaq", number, promoted=version is not None, **settled)
    if version and live:
        release(number)


def release(number: int) -> None:
    with begin() as connection:
        promotions.admit(connection, "openaq", number)
        promotions.verified(connection, "openaq", number, "http://127.0.0.1:1")
        promotions.go_live(connection, "openaq", number)


def told(*arguments: str) -> list[str]:
    answer = CliRunner().invoke(cli, ["models", "openaq", *arguments], catch_exceptions=False)
    assert answer.exit_code == 0
    return answer.output.splitlines()


def test_without_a_model_it_says_what_to_run(place: LocalMachine) -> None:
    assert told() == ["no model of openaq yet; make one with: pipeline quickstart openaq"]
    decide("a")
    assert told() == ["no model of openaq was promoted yet; why: pipeline models openaq --all"]


def test_models_are_listed_with_what_is_live_and_what_they_beat(place: LocalMachine) -> None:
    decide("a", 1, by="by hand")
    decide("b", 2, by="schedule")
    decide("c")
    decide("d", 3, live=False)
    header, third, second, first, note = told()
    assert header.split()[:3] == ["VERSION", "ALIAS", "DECISION"]
    assert "not yet" in third
    assert second.split()[:3] == ["2", "champion", "2"]
    assert "bbbbbbbb  no2       RMSE 18.85  22.01 training mean  -           schedule" in second
    assert "– now" in second and "– now" not in first
    assert second.endswith("Promoted: it is better.[31m"), "nothing in it steers the terminal"
    assert "MLflow is not running" in note
    kept = told("--all")[2]
    assert kept.startswith("-  ") and "not promoted" in kept and "The champion stays" in kept


def test_a_model_s_score_on_what_came_after_it_stands_beside_the_one_it_was_promoted_with(place: LocalMachine) -> None:
    decide("a", 1)
    later = {"version": 1, "score": {"name": "live model", "rmse": 31.4, "rows": 3137}}
    decide("b", afterwards=later)
    newer = later | {"score": {"name": "live model", "rmse": 29.5, "rows": 4000}}
    decide("c", 2, kind="refresh", afterwards=newer)
    _, second, first, _ = told()
    assert "RMSE 18.00  22.01 training mean  - " in second, "a refresh has the score of the champion's recipe"
    assert "RMSE 18.85  22.01 training mean  29.50 on 4,000 " in first


def test_a_model_that_never_went_live_says_why(place: LocalMachine) -> None:
    decide("a", 1, live=False)
    with begin() as connection:
        promotions.end(connection, "openaq", 1, "failed verify: it answers otherwise")
    assert "never: failed verify: it answers otherwise" in told()[1]


def test_a_challenger_on_trial_says_since_when_and_how_the_evidence_stands(place: LocalMachine) -> None:
    decide("a", 1)
    decide("b", 2, live=False)
    with begin() as connection:
        wanted = promotions.get(connection, "openaq", 2)
        assert challengers.admit(connection, wanted, how="shadow", share=0.1, days=60)
        trial = challengers.get(connection, "openaq", 2)
        assert trial is not None
        challengers.begun(connection, trial)
    second, first, _ = told()[1:]
    assert second.split()[:2] == ["2", "challenger"] and first.split()[:2] == ["1", "champion"]
    assert re.search(r"on trial \(shadow\) since \d{4}-.*; no day was compared yet", second)
    with begin() as connection:
        challengers.looked(connection, trial, counted=23, better=6.13, worse=0.21, gain=0.041)
    assert "; 23 of 60 days, 4.1% closer, evidence 6.1 for it, 0.21 against, of 20" in told()[1]
    with begin() as connection:
        challengers.end(connection, trial, "withdrawn", "it was 3.0% further off")
    assert "never: withdrawn: it was 3.0% further off" in told()[1] and "challenger" not in told()[1]


@pytest.fixture
def decisions(place: LocalMachine) -> Decisions:
    decide("a", 1)
    decide("b", 2)
    return decisions_of(place, "openaq")


def test_a_version_is_found_by_what_an_answer_says(decisions: Decisions) -> None:
    named = ("2", "2" * 32, "222222", "b" * 32, "bbbbbbbb")
    assert {decisions.version(text).version for text in named} == {2}
    for text in ("3", "22222", "x", "", "b" * 33):
        with pytest.raises(UserError, match=r"has no version .* there are: 1, 2"):
            decisions.version(text)


def test_a_model_was_live_until_the_next_one_was(decisions: Decisions) -> None:
    second, first = decisions.all
    assert decisions.until(first) == second.live_at
    assert decisions.until(second) is None


@pytest.mark.parametrize(
    ("alias", "words"),
    [
        (2, ""),
        (1, "note: .*on version 1, version 2 was released last; .*: pipeline rollback openaq --to 1"),
        (None, "note: .*is gone"),
    ],
)
def test_where_alias_and_decisions_differ_it_says_so(alias: int | None, words: str, decisions: Decisions) -> None:
    asked = replace(decisions, registry=ModelRegistry("http://127.0.0.1:1"), alias=alias)
    assert asked.champion == alias, "the alias is the truth"
    assert re.fullmatch(words, asked.note or "")


def test_a_registry_that_does_not_answer_is_one_line() -> None:
    with pytest.raises(PipelineError, match="did not answer to registered-models"):
        ModelRegistry("http://127.0.0.1:1").champion("openaq")

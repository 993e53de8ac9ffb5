"""What the tests of a release share: the declaration, decisions in the table, and running a step as its command."""

import subprocess
import sys
from typing import Any, Literal

from click.testing import CliRunner

from pipeline.projects.openaq import OPENAQ
from steps.backends import challengers, promotions
from steps.backends.database import begin
from steps.contract.declaration import Gate
from tests import ROOT

DECLARATION = OPENAQ.declaration()


def releasing(release: Literal["direct", "shadow", "canary"], **more: Any) -> str:
    """The declaration of the same project with another way of release."""
    learning = OPENAQ.learning.model_copy(update={"gate": Gate(release=release, **more)})
    return OPENAQ.model_copy(update={"learning": learning}).declaration()


DIGEST = "d" * 32
URL = "http://127.0.0.1:1/api/v1.0/predictions"


def decide(fingerprint: str, version: int | None, **model: Any) -> int:
    """A settled decision on a dataset of its own; promoted where it has a version."""
    found = {"model_uri": f"s3://artifacts/m-{version}", "digest": DIGEST, **model} if version else {}
    with begin() as connection:
        number = promotions.reserve(connection, "openaq", fingerprint, "no2").decision
        promotions.settle(
            connection,
            "openaq",
            number,
            promoted=version is not None,
            scores=[],
            version=version,
            **{"recipe": {"family": "linear"}, "words": "", **found},
        )
    return number


def release(decision: int, url: str = URL) -> None:
    """All the way to live, as admit and verify write it."""
    with begin() as connection:
        assert promotions.admit(connection, "openaq", decision)
        promotions.verified(connection, "openaq", decision, url)
        promotions.go_live(connection, "openaq", decision)


def live() -> tuple[int, int] | None:
    """The live decision and its version."""
    with begin() as connection:
        found = promotions.champion(connection, "openaq")
    return None if found is None else (found.decision, found.version)


def decision(number: int) -> promotions.Promotion:
    """One decision as the table has it."""
    with begin() as connection:
        return promotions.get(connection, "openaq", number)


def begin_trial(fingerprint: str, version: int, *, how: str = "shadow", days: int = 30, **model: Any) -> int:
    """A decision whose model is on trial, as admit and verify write it."""
    number = decide(fingerprint, version, **model)
    with begin() as connection:
        wanted = promotions.get(connection, "openaq", number)
        assert challengers.admit(connection, wanted, how=how, share=0.1, days=days)
        trial = challengers.get(connection, "openaq", number)
        assert trial is not None
        challengers.begun(connection, trial)
    return number


def trial(number: int) -> challengers.Trial:
    """The trial of a decision's model as the table has it."""
    with begin() as connection:
        found = challengers.get(connection, "openaq", number)
    assert found is not None
    return found


def run(step: Any, *arguments: object, declaration: str = DECLARATION) -> None:
    """Run a step's command in this process; its errors are raised."""
    words = ["--declaration", declaration, *map(str, arguments)]
    CliRunner().invoke(step.command, words, standalone_mode=False, catch_exceptions=False)


def start(module: str, *arguments: object, **more: Any) -> subprocess.Popen[str]:
    """Start a step as a process, as the engine does."""
    words = [sys.executable, "-m", module, "--declaration", DECLARATION, *map(str, arguments)]
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=ROOT, **more)

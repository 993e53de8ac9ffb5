"""Check that the live server really serves the decided model; only then does it become the champion.

An applied object may still show the `Available` of its predecessor, so the server itself is asked: until its answers
name the decision's version and digest, and then for the known rows, whose answers must equal those the model gave when
it was made. The order of what follows makes every crash repairable: the table says *verified*, the alias moves, the
table says *live*. Verifying again takes the same path; `follow` finishes whatever was left in between.

Of a decision that is on trial, it is the champion that must answer as before; then the trial begins. The alias
`challenger` names the version that is on trial, if one is.
"""

import time
from typing import Any

import click
import requests

from steps.backends import challengers, modelstore, promotions
from steps.backends.challengers import Trial
from steps.backends.database import begin
from steps.backends.modelstore import KnownRows
from steps.backends.promotions import Promotion
from steps.backends.tracking import ALIAS, Tracking
from steps.contract import declaration as declared
from steps.contract.command import declaration_option, log, run
from steps.errors import BadInput, CheckFailed

TOLERANCE = 1e-6  # relative; processors round differently
_REQUEST_SECONDS = 10
_CHAMPION = {"X-Predictor": "default"}  # where a router shares requests with a challenger


@click.command()
@declaration_option
@click.option("--decision", type=int, required=True, help="The number of the decision that was deployed.")
@click.option("--url", required=True, help="Where the server takes predictions.")
@click.option("--timeout-seconds", type=float, default=60, show_default=True, help="How long the server may take.")
def command(declaration: str, decision: int, url: str, timeout_seconds: float) -> None:
    """Ask the live server for version, digest and known answers; then move the alias `champion`."""
    project = declared.parse_any(declaration).name
    trial = _trial(project, decision)
    wanted = _live(project) if trial else _wanted(project, decision)
    known = modelstore.known_rows(modelstore.fetch(str(wanted.model_uri), str(wanted.digest)))
    try:
        compare(known, ask(url, wanted, known, timeout_seconds))
    except CheckFailed as error:
        _failed(project, wanted, trial, str(error))
        raise
    with begin() as connection:
        promotions.verified(connection, project, wanted.decision, url)
        if trial:
            challengers.begun(connection, trial)
    tracking = Tracking(project)
    tracking.move_alias(int(wanted.version or 0))
    with begin() as connection:
        promotions.go_live(connection, project, wanted.decision)
        newest, standing = challengers.last(connection, project), challengers.on_trial(connection, project)
    if newest is not None:
        tracking.name_challenger(standing.version if standing else None)
    log.info("version %s of %s is live at %s and is the %s", wanted.version, project, url, ALIAS)
    if trial:
        log.info("version %s of %s is on trial beside it", trial.version, project)


def _trial(project: str, decision: int) -> Trial | None:
    """The trial of that decision's model, which has not ended; None if it is to be live itself.

    Raises:
        CheckFailed: the trial has ended.
    """
    with begin() as connection:
        trial = challengers.get(connection, project, decision)
    if trial is not None and trial.ended_at is not None:
        raise CheckFailed(f"decision {decision} of {project} is on trial no longer: {trial.outcome}, {trial.words}")
    return trial


def _live(project: str) -> Promotion:
    with begin() as connection:
        return promotions.live(connection, project)


def _wanted(project: str, decision: int) -> Promotion:
    with begin() as connection:
        wanted = promotions.get(connection, project, decision)
        admitted = promotions.newest_admitted(connection, project)
    if not wanted.promoted or wanted.version is None:
        raise BadInput(f"decision {decision} of {project} promoted no model, so there is none to verify")
    if admitted is None or admitted.decision != decision:
        passed = f"{admitted.decision} was admitted last" if admitted else "none was admitted"
        raise CheckFailed(f"decision {decision} of {project} is not the one to be live: {passed}")
    return wanted


def ask(url: str, wanted: Promotion, known: KnownRows, timeout_seconds: float) -> list[float]:
    """The server's answers to the known rows, once it serves the wanted version and digest.

    Raises:
        CheckFailed: it did not within `timeout_seconds`; says what it did instead.
    """
    deadline, pause = time.monotonic() + timeout_seconds, 0.05
    body = modelstore.request_body(known) | {"meta": {"tags": {"keep": False}}}  # nobody asks that
    while True:
        answer, instead = _post(url, body)
        if answer is not None:
            tags = answer["meta"]["tags"]
            if (tags.get("version"), tags.get("digest")) == (wanted.version, wanted.digest):
                return [float(row[0]) for row in answer["data"]["ndarray"]]
            instead = f"it serves version {tags.get('version')}, digest {str(tags.get('digest'))[:12]}"
        if time.monotonic() + pause > deadline:
            raise CheckFailed(
                f"the server at {url} does not serve version {wanted.version}, digest {str(wanted.digest)[:12]}, "
                f"after {timeout_seconds:g} s: {instead}"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)


def _post(url: str, body: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """A complete answer of our model server, or None and what came instead."""
    try:
        response = requests.post(url, json=body, headers=_CHAMPION, timeout=_REQUEST_SECONDS)
        answer = response.json()
        if response.status_code == 200 and isinstance(answer["meta"]["tags"], dict) and answer["data"]["ndarray"]:
            return answer, ""
    except requests.exceptions.JSONDecodeError:
        return None, f"it answered {response.status_code} without JSON"
    except requests.RequestException as error:
        return None, f"it did not answer ({type(error).__name__})"
    except (KeyError, TypeError):
        pass
    return None, f"it answered {response.status_code}: {response.text[:200].strip()}"


def compare(known: KnownRows, got: list[float]) -> None:
    """Compare the server's answers with the model's own.

    Raises:
        CheckFailed: one differs by more than the tolerance.
    """
    if len(got) != len(known.answers):
        raise CheckFailed(f"the server gave {len(got)} answers to {len(known.answers)} known rows")
    for number, (mine, answer) in enumerate(zip(known.answers, got, strict=True), 1):
        if not abs(answer - mine) <= TOLERANCE * max(1.0, abs(mine)):
            raise CheckFailed(f"known row {number}: the server answers {answer!r}, the model itself {mine!r}")


def _failed(project: str, wanted: Promotion, trial: Trial | None, why: str) -> None:
    """Record the failure, unless this is the live model, which must stay restorable."""
    with begin() as connection:
        live = promotions.champion(connection, project)
        if trial is not None:
            challengers.end(connection, trial, "withdrawn", f"failed verify: {why}")
        if live is None or live.decision != wanted.decision:
            promotions.end(connection, project, wanted.decision, f"failed verify: {why}")


if __name__ == "__main__":
    run(command)

"""What the router of a project says of the challenger: whether the service alarm has withdrawn it.

A router acts at once and alone; the monitor reads here that it did, and ends the trial.
Where there is no router, or it does not answer, nothing is known.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from steps.backends import challengers, promotions
from steps.backends.database import begin
from steps.monitoring.beside import Ending

_PATIENCE = 2.0  # seconds
_PORT = 9000  # of a router on a cluster


@dataclass(frozen=True)
class Withdrawn:
    """A challenger that a router sends nothing any more. `version`: of its model. `at`: UTC, RFC 3339."""

    version: str
    words: str
    at: str


def withdrawn(project: str, url: str | None) -> Withdrawn | None:
    """The challenger that the project's router has withdrawn; None if it has not, or nothing is known. `url`: where
    the champion takes predictions: on a laptop that is the router, on a cluster it is the model server."""
    for place in (_host(url), f"{project}-router:{_PORT}"):
        try:
            state = requests.get(f"http://{place}/router", timeout=_PATIENCE).json() if place else {}
            challenger = state["challenger"] or {}
            if alarm := challenger.get("alarm"):
                return Withdrawn(str(challenger["version"]), str(alarm["words"]), str(alarm["at"]))
            return None
        except (requests.RequestException, LookupError, TypeError, AttributeError):
            continue
    return None


def ending(project: str) -> Ending | None:
    """What is to be done where the router has withdrawn the challenger on trial."""
    with begin() as connection:
        live, trial = promotions.champion(connection, project), challengers.on_trial(connection, project)
    found = withdrawn(project, live.url) if live and trial else None
    if trial is None or found is None or found.version != str(trial.model.version):
        return None
    return Ending("withdraw", trial.model.decision, f"service alarm: {found.words}")


def _host(url: str | None) -> str:
    return urlsplit(url or "").netloc

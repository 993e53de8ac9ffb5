"""A webhook is told of alarms: what the Secret `notify` has as NOTIFY_URL, if anything.

Each alarm once: it is told after it was written down, and then that it was. Killed in between, it is told again, under
the same `id`, which a receiver may use to tell (it is the Idempotency-Key, too). What it does not take today is told at
the next look, for a week. That a webhook is down stops no monitoring.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import requests

from steps.backends.database import begin
from steps.backends.warehouse import skill
from steps.backends.warehouse.skill import Raised
from steps.contract.command import log
from steps.pages.words import one_line, shortened
from steps.settings import setting

_RECENT: Final = timedelta(days=7)
_SECONDS: Final = 10
_LONGEST: Final = 1000  # characters of a text


def tell(project: str, parameter: str, label: Callable[[Raised], str]) -> None:
    """Tell of the project's alarms that were not told yet. `label`: what the detector of one watches, in words."""
    url = setting("NOTIFY_URL", "")
    if not url:
        return
    with begin() as connection:
        waiting = skill.untold(connection, project, parameter, datetime.now(UTC) - _RECENT)
    for one in waiting:
        if not _posted(url, _message(project, parameter, one, label(one))):
            return
        with begin() as connection:
            skill.told(connection, project, parameter, one, datetime.now(UTC))


def _message(project: str, parameter: str, one: Raised, label: str) -> dict[str, str | None]:
    key = (project, parameter, f"v{one.version}", f"{one.since:%F}", one.kind, one.location, one.number)
    return {
        "id": "-".join(map(str, key)),
        "alarm": _text(f"{project}: alarm of {one.day:%F} ({label}), version {one.version}, {parameter}"),
        "cause": one.cause,
        "message": _text(one.words),
        "training": one.training,
        "outcome": _text(one.outcome) if one.outcome else None,
    }


def _text(words: str) -> str:
    return shortened(one_line(words), _LONGEST)


def _posted(url: str, message: dict[str, str | None]) -> bool:
    """Whether the webhook took it. The address is a secret, so only its host is logged."""
    try:
        headers = {"Idempotency-Key": str(message["id"])}
        answer = requests.post(url, json=message, headers=headers, timeout=_SECONDS, allow_redirects=False)
        if answer.ok and not answer.is_redirect:
            return True
        said = f"it answered {answer.status_code}"
    except (requests.RequestException, ValueError) as error:
        said = type(error).__name__
    log.warning("the webhook at %s was not told of %s: %s", _host(url), message["id"], said)
    return False


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "?"
    except ValueError:
        return "?"

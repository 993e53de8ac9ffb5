"""The models that must be served here, and those that are.

What must be is what the decisions record: the champion of each project. So it is the same after `pipeline down`, a
reboot or a kill, whatever process or file these took away. `up`, the main job and the watch bring the servers there;
`status` and `doctor` only compare. While a release is under way, the server is the release's: it is kept running as it
was applied.
"""

import json
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import sqlalchemy as sa

from pipeline.engine import Journal
from pipeline.errors import PipelineError, UserError
from pipeline.projects import find
from pipeline.show.tables import table
from pipeline.stack import Stack
from pipeline.stack.doctor import Check
from pipeline.stack.watcher import watching
from steps.backends import challengers, promotions
from steps.backends.challengers import Trial
from steps.backends.challengers.served import beside
from steps.backends.database import read
from steps.contract.manifests import completed

_PATIENCE = 2.0  # seconds for an answer about itself


@dataclass(frozen=True)
class Beside:
    """A challenger on trial, made of `dataset`."""

    trial: Trial
    dataset: str | None


@dataclass(frozen=True)
class Served:
    """One project's model. `champion`: what must be served, made of `dataset`; `beside` it, what is on trial. `now`:
    the version and digest that its server names; None if none answers. `release`: the run that is releasing a later
    decision. `stopped`: everything was, on purpose."""

    champion: promotions.Promotion
    dataset: str | None
    beside: Beside | None
    now: tuple[int, str] | None
    release: str | None
    stopped: bool

    @property
    def project(self) -> str:
        """Its name."""
        return self.champion.project

    @property
    def right(self) -> bool:
        """Whether what must be served is."""
        return self.now == (self.champion.version, self.champion.digest)

    @property
    def words(self) -> str:
        """What must be served, what is, and what to do if they differ."""
        must = f"version {self.champion.version} (decision {self.champion.decision})"
        if self.right:
            return f"{must} is live"
        is_now = "no server answers" if self.now is None else f"version {self.now[0]}, {self.now[1][:12]} is served"
        if self.release:
            return f"{must} is the champion, {is_now}: {self.release} is releasing another; see: pipeline runs"
        return f"{must} must be live, but {is_now}; run: pipeline up"


def served(stack: Stack, journal: Journal) -> list[Served]:
    """Each project that has a champion, by name. Starts nothing; the environment must name the database."""
    recorded = read(lambda connection: [_recorded(connection, project) for project in promotions.projects(connection)])
    return [_served(stack, journal, each) for each in recorded]


def serve(stack: Stack, journal: Journal) -> list[str]:
    """Make each server serve its project's champion, and wait for it; what could not be done, a line each."""
    problems = []
    for each in served(stack, journal):
        try:
            if not each.right:
                _put_right(stack, each)
            elif stack.lacks(each.project):  # a challenger's
                stack.ensure(each.project)
        except PipelineError as error:
            problems.append(f"version {each.champion.version} of {each.project} is not served: {error}")
    return problems


def models_table(found: list[Served]) -> str:
    """One line for each model."""
    return table(("MODEL", "CHAMPION", "SERVED", "STATE"), [_row(each) for each in found])


def checks(found: list[Served]) -> list[Check]:
    """One check for each model. That everything was stopped on purpose is nothing to mend."""
    return [Check(f"model of {each.project}", each.right or each.stopped, each.words) for each in found]


def _row(each: Served) -> tuple[str, str, str, str]:
    now = f"version {each.now[0]}" if each.now else "-"
    return each.project, f"version {each.champion.version}", now, each.words


@dataclass(frozen=True)
class _Recorded:
    """What the decisions say of a project. `admitted`: the run of a later decision that has passed the fence."""

    champion: promotions.Promotion
    dataset: str | None
    beside: Beside | None
    admitted: str | None


def _recorded(connection: sa.Connection, project: str) -> _Recorded:
    live, last = promotions.live(connection, project), promotions.newest_admitted(connection, project)
    later = last is not None and last.decision != live.decision and last.ended is None
    admitted = last.run if last is not None and later else None
    trial, beside = challengers.on_trial(connection, project), None
    if trial is not None:
        beside = Beside(trial, promotions.dataset(connection, project, trial.version))
        admitted = admitted or (trial.model.run if trial.since is None else None)
    return _Recorded(live, promotions.dataset(connection, project, live.version), beside, admitted)


def _served(stack: Stack, journal: Journal, recorded: _Recorded) -> Served:
    project = recorded.champion.project
    return Served(
        recorded.champion,
        recorded.dataset,
        recorded.beside,
        _identity(stack.known_address(project)),
        _going_on(journal, recorded.admitted),
        watching(stack.home) is None and stack.was_stopped(project),
    )


def _going_on(journal: Journal, run: str | None) -> str | None:
    """That run, unless it is over."""
    standing = journal.standing([run]).get(run) if run is not None else None
    return run if standing is not None and standing.finished_at is None else None


def _identity(address: str | None) -> tuple[int, str] | None:
    """The version and digest that the server there names."""
    if address is None:
        return None
    try:
        with urllib.request.urlopen(urljoin(address, "/metadata"), timeout=_PATIENCE) as answer:  # noqa: S310 - our own
            found = json.load(answer)
        return int(found["versions"][0]), str(found["custom"]["digest"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _put_right(stack: Stack, each: Served) -> None:
    """Raises PipelineError if the server does not come up, or it is not known how the project is served."""
    wanted = {"MODEL_VERSION": str(each.champion.version), "MODEL_DIGEST": str(each.champion.digest)}
    applied = stack.applied(each.project)
    if applied is not None and (each.release or wanted.items() <= applied.environment.items()):
        stack.ensure(each.project)
    elif not each.release:
        stack.deploy(_manifest(each))


def _manifest(each: Served) -> dict[str, Any]:
    from pipeline.workflows.serving import deployment  # noqa: PLC0415 - Hera takes a second, and this is rare

    project = find(each.project)
    template = json.loads(str(deployment(project).data))

    def alone(model: promotions.Promotion, dataset: str | None) -> dict[str, Any]:
        found = completed(template, {"image": project.images.serving_image, **promotions.pins(model, dataset)})
        if not isinstance(found, dict):
            raise UserError(f"how {each.project} is served is no object; render the manifests again")
        return found

    champion = alone(each.champion, each.dataset)
    if each.beside is None or each.beside.trial.since is None:
        return champion
    return beside(champion, alone(each.beside.trial.model, each.beside.dataset), each.beside.trial)

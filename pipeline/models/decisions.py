"""A project's decisions as people look them up: which one made a version, what is live, and since when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipeline.errors import UserError
from pipeline.laptop.machine import LocalMachine
from pipeline.models.mlflow import ModelRegistry
from steps.backends import challengers, promotions
from steps.backends.challengers import Trial
from steps.backends.database import read
from steps.backends.promotions import Promotion

_SHORTEST = 6  # digits that may name a digest or fingerprint


@dataclass(frozen=True)
class Decisions:
    """All decisions of `project`, the newest first; `trials` by decision. `registry`: MLflow's, None if its server does
    not run; `alias`: the version that has the alias `champion` there."""

    project: str
    all: tuple[Promotion, ...]
    registry: ModelRegistry | None
    alias: int | None
    trials: Mapping[int, Trial] = field(default_factory=dict)

    @property
    def live(self) -> Promotion | None:
        """The last decision that was released and is in force."""
        return next((one for one in self.all if one.live_at is not None and one.ended is None), None)

    @property
    def champion(self) -> int | None:
        """The version that is live: by the alias, which is the truth, or by the decisions if that cannot be asked."""
        if self.registry is not None:
            return self.alias
        return self.live.version if self.live else None

    @property
    def note(self) -> str | None:
        """What to know and to do if alias and decisions disagree, or the alias could not be read."""
        said = self.live.version if self.live else None
        if self.registry is None:
            return "note: MLflow is not running, so the champion is as the decisions say; start it: pipeline up"
        if self.alias == said:
            return None
        if self.alias is None:
            return f"note: version {said} was released last, but MLflow's alias champion is gone"
        return (
            f"note: MLflow's alias champion is on version {self.alias}, version {said or 'none'} was released last; "
            f"to make the server follow the alias: pipeline rollback {self.project} --to {self.alias}"
        )

    def trial(self, one: Promotion) -> str | None:
        """How the trial of the model that a decision promoted stands or ended; None if it was on none."""
        trial = self.trials.get(one.decision)
        if trial is None or (trial.ended_at is not None and trial.outcome != "taken over"):
            return None
        if trial.outcome == "taken over":
            return f"took over {trial.words}"
        if trial.since is None:
            return "on its way to a trial"
        since = f"on trial ({trial.how}) since {trial.since.astimezone():%Y-%m-%d %H:%M}"
        if not trial.counted:
            return f"{since}; no day was compared yet"
        days, gain = f"{trial.counted} of {trial.days} days", trial.gain or 0.0
        closer = f"{abs(gain):.1%} {'closer' if gain >= 0 else 'further off'}"
        return f"{since}; {days}, {closer}, evidence {trial.better:.2g} for it, {trial.worse:.2g} against, of 20"

    def made(self, version: int) -> Promotion | None:
        """The decision of the training that made a version."""
        return next((one for one in self.all if one.fitted and one.version == version), None)

    def afterwards(self, version: int | None) -> dict[str, Any] | None:
        """The last score of a version on the rows that came after it was fitted; None if no training has seen any."""
        told = (one.afterwards for one in self.all if one.afterwards)
        return next((each["score"] for each in told if each["version"] == version), None)

    def dataset(self, one: Promotion) -> str | None:
        """The fingerprint of the dataset that a decision's model was made from, or that it judged."""
        made = self.made(one.version) if one.version is not None else one
        return made.fingerprint if made else None

    def until(self, one: Promotion) -> datetime | None:
        """When a decision ceased to be live; None while it is."""
        after = [each.live_at for each in self.all if each.live_at and one.live_at and each.live_at > one.live_at]
        return min(after) if one.ended is not None and after else None

    def version(self, text: str) -> Promotion:
        """The decision of the training that made a version; named by its number, or by the first digits of its model's
        digest or its dataset's fingerprint.

        Raises:
            UserError: no version fits, or several do.
        """
        made = [one for one in self.all if one.fitted and one.version is not None]
        found = [one for one in made if str(one.version) == text]
        if not found and len(text) >= _SHORTEST:
            found = [one for one in made if f"{one.digest}".startswith(text) or f"{one.fingerprint}".startswith(text)]
        if len(found) == 1:
            return found[0]
        there = ", ".join(str(one.version) for one in reversed(made)) or "none yet"
        if found:
            raise UserError(f"{text} fits several versions of {self.project}; give a number: {there}")
        raise UserError(f"{self.project} has no version {text[:64]!r}; there are: {there}")


def decisions_of(machine: LocalMachine, project: str) -> Decisions:
    """The decisions of a project, with MLflow's alias if its server runs."""
    machine.home.mkdir(parents=True, exist_ok=True)
    machine.use("database")
    listed, trials = read(
        lambda connection: (promotions.listed(connection, project), challengers.listed(connection, project))
    )
    registry = _registry(machine) if listed else None
    return Decisions(project, tuple(listed), registry, registry.champion(project) if registry else None, trials)


def _registry(machine: LocalMachine) -> ModelRegistry | None:
    address = machine.stack.answering("tracking")
    return ModelRegistry(address.rstrip("/")) if address else None

"""The models that predict beside the live one, as they stand: a challenger on trial, and the former champion while the
live one is new. What is to be done follows from the warehouse and the tables alone, so it is the same each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from steps.backends import challengers, promotions, warehouse
from steps.backends.challengers import Trial
from steps.backends.database import begin
from steps.backends.promotions import Promotion
from steps.contract.declaration import Declaration
from steps.monitoring import versus
from steps.monitoring.versus import TAKES, Versus
from steps.pages.words import count
from steps.summaries.intervals import Frequency


@dataclass(frozen=True)
class Ending:
    """What is to be done: with the challenger of a decision that is on trial, or with a decision that is live."""

    verdict: Literal["take-over", "withdraw", "roll-back", "widen"]
    decision: int
    why: str
    share: float = 0.0  # of the requests, that a canary is to answer

    def name(self, project: str, now: datetime) -> str:
        """The workflow that does it: one a day, if it has to be tried again."""
        return f"{project}-{self.verdict}-{self.decision}-{now:%Y%m%d}"


@dataclass(frozen=True)
class Beside:
    """A model beside the champion. `how`: shadow or canary, of a challenger; `decision`: the one that is on trial, or
    that is live beside a former champion; `most`: the days after which it is over; `late`: nothing follows any more."""

    role: Literal["challenger", "former"]
    version: int
    champion: int
    decision: int
    how: str | None
    since: datetime | None
    most: int
    found: Versus
    late: bool = False
    each: str = "day"  # what is compared: days, or a table's looks
    wider: float = 0.0  # the share of the requests that is due for a canary; 0 for none
    frequency: Frequency = "hourly"  # of what each day has

    @property
    def ending(self) -> Ending | None:
        """What the evidence asks for, if it does."""
        found = self.found
        if self.role == "former":
            back = found.proved and found.verdict == "better" and not self.late
            return Ending("roll-back", self.decision, f"version {self.version} {self._told}") if back else None
        if found.verdict is None:
            why = f"it {self._told}; {self.wider:.0%} of the requests next"
            return Ending("widen", self.decision, why, self.wider) if self.wider and (found.gain or 0.0) >= 0 else None
        return Ending("take-over" if found.verdict == "better" else "withdraw", self.decision, f"it {self._told}")

    @property
    def _told(self) -> str:
        found = self.found
        within = {"hourly": "hours of ", "daily": ""}[self.frequency] if self.each == "day" else "rows of "
        same = f"on the same {within}{count(len(found.days), self.each)}"
        if found.gain is None:
            return f"was as good {same}"
        closer = f"was {_closer(found.gain)} {same}"
        if found.verdict is None:
            return closer
        if not found.proved:
            return f"{closer}, and the time is over"
        shown = max(found.better[-1], found.worse[-1])
        return f"{closer} (evidence {shown:.0f}, wanted {TAKES:.0f})"

    @property
    def words(self) -> str:
        """How it stands, in a sentence."""
        found, begun = self.found, self.found.days[0] if self.found.days and self.each == "day" else self.since
        since = f" since {begun:%F}" if begun else ""
        if self.role == "challenger":
            what = f"Version {self.version} is on trial ({self.how}){since}"
        else:
            what = f"Version {self.version}, which was live before, still predicts beside version {self.champion}"
        if not found.days:
            return f"{what}; no {self.each} could be compared yet."
        if ending := self.ending:
            done = {"take-over": "it takes over", "withdraw": "it is withdrawn", "roll-back": "it comes back"}
            done |= {"widen": "it answers more"}
            return f"{what}; {done[ending.verdict]}: {ending.why}."
        closer = f"{_closer(found.gain or 0.0)} than version {self.champion}"
        evidence = f"the evidence that it is better is {found.better[-1]:.2g}, that it is worse {found.worse[-1]:.2g}"
        seen = f"{len(found.days)} of {self.most} days" if self.each == "day" else count(len(found.days), self.each)
        return f"{what}; on {seen} it was {closer}; {evidence}, of {TAKES:.0f}."


def _closer(gain: float) -> str:
    return f"{abs(gain):.1%} {'closer' if gain >= 0 else 'further off'}"


def wider(shares: Sequence[float], trial: Trial, part: float) -> float:
    """The share of the requests that is due for a canary of which that `part` (0 to 1) of the trial is over; 0 where it
    answers as many."""
    due = shares[min(int(part * len(shares)), len(shares) - 1)]
    return due if trial.how == "canary" and due > trial.share else 0.0


def standing(project: Declaration, parameter: str, locations: Sequence[int], now: datetime) -> list[Beside]:
    """The models beside the live one, as of a time; first the former champion, whose return would end a trial."""
    with begin() as connection:
        live = promotions.champion(connection, project.name)
        if live is None or live.parameter != parameter:
            return []
        look = _Look(connection, project, parameter, locations, now, live)
        return [one for one in (look.former(), look.challenger()) if one is not None]


def ending(found: Sequence[Beside]) -> Ending | None:
    """The one thing to do now, if there is any."""
    return next((one.ending for one in found if one.ending), None)


def write_down(project: str, found: Sequence[Beside]) -> None:
    """Keep how the evidence about the challenger stands, for those who ask."""
    for one in found:
        if one.role == "challenger":
            last = {"better": (one.found.better or (1.0,))[-1], "worse": (one.found.worse or (1.0,))[-1]}
            with begin() as connection:
                if trial := challengers.get(connection, project, one.decision):
                    challengers.looked(connection, trial, counted=len(one.found.days), gain=one.found.gain, **last)


@dataclass(frozen=True)
class _Look:
    connection: sa.Connection
    project: Declaration
    parameter: str
    locations: Sequence[int]
    now: datetime
    live: promotions.Champion

    def challenger(self) -> Beside | None:
        trial = challengers.on_trial(self.connection, self.project.name)
        if trial is None or trial.since is None or trial.model.parameter != self.parameter:
            return None
        found = self._judged("challenger", challengers.versions(self.connection, trial), None, trial.days)
        return self._beside("challenger", trial.model, trial.model.decision, trial.days, found, trial=trial)

    def former(self) -> Beside | None:
        guarded = self.project.learning.gate.guarded_days
        model = promotions.former(self.connection, self.project.name) if guarded else None
        began = warehouse.began(self.connection, self.project.name, self.parameter, self.live.version)
        if model is None or model.version is None or began is None:
            return None
        found = self._judged("former", [model.version], self.live.version, guarded)
        if not found.days and self.now > began + timedelta(days=guarded):
            return None
        late = self.now > began + 2 * timedelta(days=guarded)  # what is patched then does not bring it back
        return self._beside("former", model, self.live.decision, guarded, found, late=late)

    def _judged(self, role: str, versions: Sequence[int], champion: int | None, most: int) -> Versus:
        days = warehouse.versus.days(
            self.connection,
            self.project.name,
            self.parameter,
            self.locations,
            self.now.astimezone(UTC),
            role=role,
            versions=versions,
            champion=champion,
        )
        return versus.judged(days, most, self.project.learning.interval)

    def _beside(
        self,
        role: Literal["challenger", "former"],
        model: Promotion,
        decision: int,
        most: int,
        found: Versus,
        *,
        trial: Trial | None = None,
        late: bool = False,
    ) -> Beside:
        how, since = (trial.how, trial.since) if trial else (None, None)
        version, part = int(model.version or 0), len(found.days) / max(most, 1)
        due = wider(self.project.learning.gate.shares, trial, part) if trial else 0.0
        more: dict[str, Any] = {"late": late, "wider": due, "frequency": self.project.learning.frequency}
        return Beside(role, version, self.live.version, decision, how, since, most, found, **more)

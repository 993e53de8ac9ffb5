"""The live model of a table: its looks, its alarms, and what comes of them.

Each file starts a training, so an alarm seldom has to: the training that it is about is the first that is decided on a
history with what was alarmed at, whoever started it. Only where none is and none is under way is one started, of the
newest state, once for each state as ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Final, Protocol

import pandas as pd

from steps.backends import ledger, objects, promotions
from steps.backends.database import begin, transact
from steps.backends.promotions import Promotion
from steps.backends.warehouse import batches, skill, watches
from steps.backends.warehouse.skill import Alarm, Raised
from steps.contract.declaration import TableDeclaration
from steps.features.table import features
from steps.monitoring import drift, telling
from steps.monitoring.cause import RECENT
from steps.monitoring.watching import ALL, QUIET
from steps.pages.words import count
from steps.summaries.monitoring import Day, Drift, Monitoring
from steps.tables import faults, history_rows, looks, scored
from steps.tables.looks import Look, Spell, UsualOf

WHERE: Final = "all files"
_SHOWN: Final = 10  # looks whose inputs are compared with what was learned from
_MOST_UPLOADS: Final = 1000


class Trainings(Protocol):
    """What is known of the training of a project's newest state."""

    def wanted(self) -> str | None:
        """The name of the workflow to start now; None if it was decided, or another run starts it or has."""

    def given_up(self) -> str | None:
        """Why nobody starts it any more; None if somebody does."""


@dataclass(frozen=True)
class Watch:
    """All that a project's models did on what came, as of `now`; the newest spell is that of the live model."""

    project: TableDeclaration
    now: datetime
    version: int
    spells: Sequence[Spell]
    decisions: Sequence[Promotion]

    @classmethod
    def of(cls, project: TableDeclaration, now: datetime, *, usual: UsualOf) -> "Watch | None":
        """None if no model is live. What is not scored yet is scored first. `usual`: of a model, by the decision that
        made it."""
        with begin() as connection:
            live = promotions.champion(connection, project.name)
        if live is None:
            return None
        scored.score(objects.lake(), project, now)
        with begin() as connection:
            known = scored.lives(connection, project.name)
            found = looks.spells(known, batches.scored(connection, project.name, now), usual)
            listed = promotions.listed(connection, project.name)
        return cls(project, now, live.version, found, listed) if found else None

    @property
    def _target(self) -> str:
        return self.project.learning.target

    def raised(self, trainings: Trainings) -> str | None:
        """Write down the alarms that are new, and what came of each; the name of the training to start now, if any,
        which is the same each time this is asked."""
        for alarm in self.alarms(self._known()):
            outcome = None if alarm.cause == "world" else f"No training: {telling.against(alarm.cause)}."
            with begin() as connection:
                skill.raise_alarm(connection, self.project.name, self._target, alarm, datetime.now(UTC))
                skill.made_of(connection, self.project.name, self._target, alarm, outcome=outcome)
        return self._followed(trainings)

    def _known(self) -> list[Raised]:
        with begin() as connection:
            return skill.raised(connection, self.project.name, self._target)

    def alarms(self, known: Sequence[Raised] = ()) -> list[Alarm]:
        """Those that are not `known`, each with its cause, in order. Of a recipe that has gone only recent ones."""
        keys = {(one.version, one.since, one.number) for one in known}
        return [
            self.judged(spell, number)
            for spell in self.spells
            for number, place in enumerate(spell.alarms, 1)
            if (spell.version, spell.since, number) not in keys
            and (spell is self.spells[-1] or self.now.date() - spell.looks[place].day <= RECENT)
        ]

    def judged(self, spell: Spell, number: int) -> Alarm:
        """The alarm of that number, from 1, with its cause."""
        place = spell.alarms[number - 1]
        cause, words = faults.judge(*self._evidence(spell, place), self.project)
        day = spell.looks[place].day
        return Alarm(spell.version, spell.since, "error", ALL, number, day, cause, words)

    def _evidence(self, spell: Spell, place: int) -> tuple[pd.DataFrame, pd.DataFrame, list[Look], int]:
        """The rows since the evidence began to grow, those that were learned from, the looks, the files refused."""
        quiet = [before for before in range(place) if spell.way.evidence[before] <= QUIET]
        first = quiet[-1] + 1 if quiet else 0
        counted = list(spell.looks[first : place + 1])
        after = spell.looks[first - 1].sequence if first else spell.lives[0].sequence
        recent, learned = self._rows(after, counted[-1].sequence), self._rows(0, spell.lives[0].sequence)
        uploads = transact(lambda connection: ledger.recent(connection, self.project.name, _MOST_UPLOADS))
        days = [one.decided_at.date() for one in uploads if one.state == "quarantined" and one.decided_at]
        return recent, learned, counted, sum(counted[0].day <= day <= counted[-1].day for day in days)

    def _rows(self, after: int, upto: int) -> pd.DataFrame:
        """The rows of the history after one number and up to another."""
        return self._history.between(after, upto)

    @cached_property
    def _history(self) -> history_rows.Ever:
        return history_rows.ever(objects.lake(), self.project.name)

    def _followed(self, trainings: Trainings) -> str | None:
        """Write down what came of the alarms that nothing is known of; the training to start for them."""
        waits, name = False, None
        for one in self._known():
            if one.cause != "world" or one.outcome is not None:
                continue
            if decided := self._decided(one):
                told: dict[str, str | None] = {"training": decided.run, "outcome": decided.words}
            elif why := trainings.given_up():
                told = {"outcome": f"No training: {why}."}
            else:
                name = name if waits else trainings.wanted()
                waits = True
                told = {"training": name} if name else {}
            if told:
                with begin() as connection:
                    skill.made_of(connection, self.project.name, self._target, one, **told)
        return name

    def _decided(self, alarm: Raised) -> Promotion | None:
        """The first decision on a history with what was alarmed at."""
        for spell in self.spells:
            if (spell.version, spell.since) == (alarm.version, alarm.since) and len(spell.alarms) >= alarm.number:
                about = spell.looks[spell.alarms[alarm.number - 1]].sequence
                fitted = (
                    one for one in reversed(self.decisions) if one.kind != "rollback" and one.promoted is not None
                )
                return next((one for one in fitted if (one.sequence or 0) >= about), None)
        return None

    def state(self) -> watches.Watch:
        """How far the watch is."""
        way, name = self.spells[-1].way, self.project.name
        share = way.evidence[-1] / way.level if way.evidence else 0.0
        return watches.Watch(name, self._target, self.version, self.now, len(way.days), "file", share)

    def summary(self) -> Monitoring:
        """All of it, in words and figures."""
        known, spell = self._known(), self.spells[-1]
        model, seen = f"Version {self.version} of {self.project.name}", f"{count(len(spell.looks), 'file')} watched"
        own = [one for one in known if (one.version, one.since) == (spell.version, spell.since)]
        return summary_of(self, spell).model_copy(
            update={
                "alarms": tuple(telling.alarm(one, WHERE) for one in reversed(known)),
                "drift": self._moved(spell),
                "words": telling.words(f"{model}, {seen}", [spell.way], own, self.now.date(), WHERE),
            }
        )

    def _moved(self, spell: Spell) -> tuple[Drift, ...]:
        """The inputs that moved most in what came last, against what was learned from."""
        if not spell.looks:
            return ()
        shown = spell.looks[-_SHOWN - 1 : -_SHOWN]
        after = shown[0].sequence if shown else spell.lives[0].sequence
        recent, learned = self._rows(after, spell.looks[-1].sequence), self._rows(0, spell.lives[0].sequence)
        return drift.moved(features(recent, self.project), drift.quartiles(features(learned, self.project)))


def summary_of(watch: Watch, spell: Spell) -> Monitoring:
    """A spell's figures."""
    return Monitoring(
        as_of=watch.now,
        parameter=watch.project.learning.target,
        unit=watch.project.target.unit,
        version=watch.version,
        each="file",
        days=tuple(map(_day, spell.looks)),
        ways=(telling.way(spell.way, WHERE),) if spell.looks else (),
    )


def _day(look: Look) -> Day:
    return Day(day=look.day, hours=look.rows, error=look.error, persistence=look.naive)


def replayed(watch: Watch, first: date, last: date) -> Monitoring:
    """What it would have alarmed at in what came on these days; nothing is written down."""
    found = [
        watch.judged(spell, number)
        for spell in watch.spells
        for number, place in enumerate(spell.alarms, 1)
        if first <= spell.looks[place].day <= last
    ]
    seen = sum(first <= look.day <= last for spell in watch.spells for look in spell.looks)
    raised = count(len(found), "alarm") if found else "no alarm"
    told = tuple(telling.alarm(one, WHERE) for one in reversed(found))
    words = f"{first:%F} to {last:%F}, {count(seen, 'file')} replayed: {raised}."
    return summary_of(watch, watch.spells[-1]).model_copy(update={"alarms": told, "words": words, "replayed": True})

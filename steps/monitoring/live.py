"""The live model's days, its alarms, and what comes of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pandas as pd

from steps.backends import catalog, challengers, objects, promotions, runs
from steps.backends.database import begin
from steps.backends.warehouse import skill, watches
from steps.backends.warehouse.skill import Alarm, Raised
from steps.contract.declaration import Declaration
from steps.contract.units import mistakable
from steps.errors import CheckFailed
from steps.features import keys
from steps.monitoring import cause, drift, retraining, telling, watching
from steps.monitoring.cause import BEFORE, RECENT, Evidence
from steps.monitoring.watching import ALL, Watched
from steps.pages.words import count, parameter_name
from steps.summaries.decision import Usual
from steps.summaries.monitoring import Monitoring

_MOST_LOOKED_AT: Final = 100  # locations, for an alarm about all
_COMPARED: Final = 20  # locations beside those of an alarm
UsualOf = Callable[[int], Usual]  # what is usual of the model that a decision made


@dataclass(frozen=True)
class Watch:
    """A model's days as of a time, and the detectors' ways over them. `version`: the live one; `first`: the one that
    began it, of which the live one may be a refit, and which names its alarms. `learned_until`: the last day that the
    live one knows."""

    project: Declaration
    parameter: str
    locations: tuple[int, ...]
    now: datetime
    version: int
    first: int
    learned_until: date | None
    days: pd.DataFrame
    ways: Sequence[Watched]
    usual: Usual

    @classmethod
    def of(
        cls, project: Declaration, parameter: str, locations: Sequence[int], now: datetime, *, usual: UsualOf
    ) -> "Watch | None":
        """None if no model that predicts the parameter is live. `usual`: of a model, by the decision that made it."""
        with begin() as connection:
            live = promotions.champion(connection, project.name)
            if live is None or live.parameter != parameter:
                return None
            known = promotions.watched_as(connection, project.name)
            first = known[live.version]
            own = {version for version, began in known.items() if began == first}
            before = skill.last_of_another(connection, project.name, parameter, own)
            days = skill.days(connection, project.name, parameter, locations, now, after=before)
        days = watching.since_last_model(days, own)
        return cls.over(project, parameter, locations, now, days=days, version=live.version, first=first, usual=usual)

    @classmethod
    def over(
        cls,
        project: Declaration,
        parameter: str,
        locations: Sequence[int],
        now: datetime,
        *,
        days: pd.DataFrame,
        version: int,
        first: int,
        usual: UsualOf,
    ) -> "Watch":
        """The days of a version and of those that it is a refit of. What is usual is what the first one was promoted
        with."""
        with begin() as connection:
            made = promotions.made(connection, project.name, version)
            began = promotions.made(connection, project.name, first)
        known = usual(began.decision if began else 0)
        until = made.data_until.date() if made and made.data_until else None
        ways = watching.watch(days, known, project.learning.band, project.learning.interval)
        return cls(project, parameter, tuple(locations), now, version, first, until, days, ways, known)

    def raised(self) -> tuple[str, datetime] | None:
        """Write down the alarms that are new and how earlier trainings ended; the training to start now, if any: its
        name, and up to when it learns, which are the same each time this is asked."""
        self._follow(self._known())
        for alarm in self.alarms(self._known()):
            self._act(alarm)
        return self._pending(self._known())

    def _known(self) -> list[Raised]:
        with begin() as connection:
            return skill.raised(connection, self.project.name, self.parameter)

    def alarms(self, known: Sequence[Raised] = ()) -> list[Alarm]:
        """The alarms that are not `known`, each with its cause, in the order of their days."""
        if self.days.empty:
            return []
        since = self.days["day"].min().date()
        keys = {(one.version, one.kind, one.location, one.number) for one in known if one.since == since}
        found = []
        for way in self.ways:
            for number, day in enumerate(way.alarms, 1):
                if (self.first, way.kind, way.location, number) not in keys:
                    judged, words = cause.judge(self._evidence(way, day))
                    found.append(Alarm(self.first, since, way.kind, way.location, number, day, judged, words))
        return sorted(found, key=lambda one: (one.day, one.kind, one.location))

    def _act(self, alarm: Alarm) -> None:
        """Write an alarm down, with the training that it starts, if it does."""
        against = self._against(alarm)
        name = None if against else self._name(alarm)
        outcome = f"No training: {against}." if against else None
        with begin() as connection:
            skill.raise_alarm(connection, self.project.name, self.parameter, alarm, datetime.now(UTC))
            told: dict[str, str | datetime | None] = {"training": name, "outcome": outcome, "as_of": self.now}
            skill.made_of(connection, self.project.name, self.parameter, alarm, **told)

    def _against(self, alarm: Alarm) -> str | None:
        if alarm.cause != "world":
            return telling.against(alarm.cause)
        own = [one for one in self._known() if one.training and one.version == alarm.version]
        with begin() as connection:
            trial = challengers.on_trial(connection, self.project.name)
        tried = {trial.model.run: trial.version} if trial else {}
        earlier = [retraining.Earlier(one.day, _released(one), tried.get(one.training)) for one in own]
        return retraining.reason_against(alarm.day, self.learned_until, earlier)

    def _name(self, alarm: Alarm) -> str:
        return f"{self.project.name}-train-drift-v{alarm.version}-{alarm.day:%Y%m%d}"

    def _pending(self, known: Sequence[Raised]) -> tuple[str, datetime] | None:
        """The training of an alarm of which nothing was heard: it may not be there, since a run was killed before that
        was applied. Applied again, it is there once."""
        for one in reversed(known):
            if one.training and one.outcome is None and one.version == self.first:
                return one.training, one.as_of or self.now
        return None

    def _follow(self, known: Sequence[Raised]) -> None:
        """Write down how the trainings of earlier alarms ended."""
        for one in known:
            if one.training and one.outcome is None:
                with begin() as connection:
                    decided = promotions.of_run(connection, self.project.name, one.training)
                    end = runs.end(connection, self.project.name, one.training)
                    if words := decided.words if decided else end and _undecided(*end):
                        skill.made_of(connection, self.project.name, self.parameter, one, outcome=words)

    def _evidence(self, way: Watched, day: date) -> Evidence:
        last = pd.Timestamp(day, tz="UTC")
        since = max(watching.began(way, day), last + pd.Timedelta(days=1) - RECENT)
        until = min(watching.began(each, each.alarms[0]) for each in self.ways if each.alarms)
        places = self._worst(since, last) if way.location == ALL else (way.location,)
        days = self.days[self.days["location"].isin(places) & (self.days["day"] <= last)]
        spans = (until - BEFORE, until), (since, last + pd.Timedelta(days=1))
        hours = pd.concat([self._measured(places, *span) for span in spans], ignore_index=True)
        refused = catalog.refused(self.project.name, places, first=since.date(), last=day)
        interval = self.project.learning.interval
        return Evidence(hours, days, refused, places, since, until, self._mistakable(), interval)

    def _worst(self, since: pd.Timestamp, last: pd.Timestamp) -> list[int]:
        """Of many locations those that were most off in these days, which an alarm about all is about."""
        recent = self.days[(self.days["day"] >= since) & (self.days["day"] <= last)]
        off = recent.groupby("location")["error"].mean().sort_values(ascending=False, kind="stable")
        return [int(str(location)) for location in off.index[:_MOST_LOOKED_AT]]

    def _measured(self, places: Sequence[int], first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
        """What was measured there, and at some other locations that these are compared with."""
        others = [location for location in self.locations if location not in places]
        span = {"first": first.to_pydatetime(), "last": last.to_pydatetime()}
        wanted = [*places, *others[:_COMPARED]]
        with begin() as connection:
            return skill.measured(connection, self.project.name, self.parameter, wanted, **span)

    def _mistakable(self) -> dict[str, float]:
        quantity = self.project.quantities[self.parameter]
        what = f"for {quantity.unit} of {parameter_name(self.parameter)}"
        factors = mistakable(quantity.unit, quantity.molar_mass, self.project.reference_celsius)
        return {f"{given} {what}": factor for given, factor in factors.items()}

    def summary(self) -> Monitoring:
        """All of it, in words and figures."""
        known = self._known()
        own = [one for one in known if one.version == self.first]
        return Monitoring(
            as_of=self.now,
            parameter=self.parameter,
            unit=self.project.quantities[self.parameter].unit,
            version=self.version,
            days=telling.days(self.days),
            ways=tuple(map(telling.way, self.ways)),
            alarms=tuple(map(telling.alarm, reversed(known))),
            drift=drift.ranked(self._recent(), self.usual.seasons) if self.usual.seasons else (),
            words=telling.words(self._seen(), self.ways, own, self.now.date()),
        )

    def state(self) -> watches.Watch:
        """How far the watch is."""
        shares = [one.evidence[-1] / one.level for one in self.ways if one.evidence]
        watched, most = len(telling.seen(self.ways)), max(shares, default=0.0)
        return watches.Watch(self.project.name, self.parameter, self.version, self.now, watched, "day", most)

    def _seen(self) -> str:
        return f"Version {self.version} of {self.project.name}, {count(len(telling.seen(self.ways)), 'day')} watched"

    def _recent(self) -> pd.DataFrame:
        """The features of the recent days, as far as the lake has them."""
        first = self.now - RECENT
        span = {"first": first.date(), "last": self.now.date()}
        try:
            months = keys.months(self.project.name, self.project, self.locations, self.parameter, **span)
            rows = keys.read(objects.lake(), months)
        except CheckFailed:
            return pd.DataFrame()
        return rows[(rows["time"] > first) & (rows["time"] <= self.now)]


def _undecided(status: str, failed: str | None) -> str:
    """What came of a training that ended without a decision of its own."""
    if status == "Succeeded":
        return "The training found that its dataset had been decided before."
    return f"The training failed: {failed or status}"


def _released(one: Raised) -> bool | None:
    if one.outcome is None:
        return None
    return one.outcome.startswith(("Promoted", "Refreshed"))


def _key(one: Alarm) -> tuple[object, ...]:
    return one.version, one.since, one.kind, one.location, one.number


def replayed(
    project: Declaration, parameter: str, locations: Sequence[int], first: date, last: date, *, usual: UsualOf
) -> Monitoring:
    """When each model that was live from `first` to `last` would have alarmed, and why, with what came of it where it
    did; nothing is written down."""
    now = datetime.combine(last + timedelta(days=1), datetime.min.time(), UTC)
    with begin() as connection:
        days = skill.days(connection, project.name, parameter, locations, now)
        roots = promotions.watched_as(connection, project.name)
    days = days[days["day"] >= pd.Timestamp(first, tz="UTC")]
    newest = days.groupby("day")["version"].max()
    roots = {version: roots.get(version, version) for version in map(int, newest.unique())}
    watched_as = newest.map(roots)
    watched = []
    for _, spell in newest.groupby(watched_as.ne(watched_as.shift()).cumsum()):
        own = days[(days["day"].map(spell)) == days["version"]]
        version = int(spell.iloc[-1])
        began = roots[version]
        watched.append(
            Watch.over(project, parameter, locations, now, days=own, version=version, first=began, usual=usual)
        )
    found = [alarm for watch in watched for alarm in watch.alarms()]
    with begin() as connection:
        told = {_key(one): one for one in skill.raised(connection, project.name, parameter)}
    raised = count(len(found), "alarm") if found else "no alarm"
    words = f"{first:%F} to {last:%F}, {count(len(newest), 'day')} replayed: {raised}."
    return Monitoring(
        as_of=now,
        parameter=parameter,
        unit=project.quantities[parameter].unit,
        version=watched[-1].version if watched else None,
        days=telling.days(days),
        ways=tuple(map(telling.way, watching.joined([way for watch in watched for way in watch.ways]))),
        alarms=tuple(telling.alarm(told.get(_key(one), one)) for one in reversed(found)),
        replayed=True,
        words=words,
    )

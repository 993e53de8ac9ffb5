"""Watch the live model: its days are judged, alarms are told apart and written down, and the world's start a training.

Everything follows from the warehouse, so the step may be killed and repeated, and outcomes may come late or be patched:
the same days give the same alarms, and an alarm that is written down is not raised again. The training that an alarm
starts is a workflow of its own, whose name is its identity: applied twice, it is there once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import click
import pandas as pd

from steps.backends import catalog, objects, promotions, runs
from steps.backends.database import begin
from steps.backends.promotions import Promotion
from steps.backends.warehouse import skill
from steps.backends.warehouse.skill import Alarm, Raised
from steps.contract import declaration as declared
from steps.contract import selection
from steps.contract.command import declaration_option, input_file, log, run, write_json, write_text
from steps.contract.declaration import Declaration
from steps.contract.manifests import filled
from steps.learning import decisions
from steps.monitoring import cause, retraining, scores, telling, watching
from steps.monitoring.cause import BEFORE, RECENT, Evidence
from steps.monitoring.watching import ALL, Watched
from steps.pages.monitoring import page
from steps.summaries.decision import Usual
from steps.summaries.monitoring import Monitoring

_QUIET = 2.0  # of the evidence, which grows by at most 1 a day while nothing has changed


@click.command()
@declaration_option
@click.option("--locations", default="", help="Ids, separated by commas; empty: the declared ones.")
@click.option("--parameter", default="", help="What is predicted; empty: the declared target.")
@click.option("--as-of", default="", help="The logical time (RFC 3339); empty: --created.")
@click.option("--created", required=True, help="When the workflow was created (RFC 3339).")
@click.option("--training", "template", type=input_file, required=True, help="The Workflow, but for each <…>.")
@click.option("--train-out", type=click.Path(path_type=Path), required=True, help="true or false.")
@click.option(
    "--manifest-out", type=click.Path(path_type=Path), required=True, help="The training to start; {} if none."
)
@click.option("--summary-out", type=click.Path(path_type=Path), required=True, help="What was found, as JSON.")
@click.option("--page-out", type=click.Path(path_type=Path), required=True, help="What was found, as a page.")
def command(
    *,
    declaration: str,
    locations: str,
    parameter: str,
    as_of: str,
    created: str,
    template: Path,
    train_out: Path,
    manifest_out: Path,
    summary_out: Path,
    page_out: Path,
) -> None:
    """Judge the live model's days up to as-of."""
    project = declared.parse(declaration)
    chosen, target = selection.locations(locations, project), selection.parameter(parameter, project)
    now = selection.as_of(as_of, created)
    watch = _Watch.of(project, target, chosen, now)
    training = watch.raised() if watch else None
    summary = watch.summary() if watch else _nothing(project, target, now)
    values = {"name": training or "", "asof": now.isoformat(), "parameter": target}
    values |= {"locations": ",".join(map(str, chosen)), "by": f"drift ({training})"}
    write_json(summary_out, summary.to_json())
    write_text(page_out, page(project.name, summary))
    write_json(manifest_out, filled("--training", template, values) if training else {})
    write_text(train_out, "true" if training else "false")
    log.info("%s", summary.words)


@dataclass(frozen=True)
class _Watch:
    """The live model's days as of a time, and the detectors' ways over them."""

    project: Declaration
    parameter: str
    locations: tuple[int, ...]
    now: datetime
    live: Promotion
    made: Promotion
    days: pd.DataFrame
    ways: Sequence[Watched]

    @classmethod
    def of(cls, project: Declaration, parameter: str, locations: Sequence[int], now: datetime) -> "_Watch | None":
        """None if no model that predicts the parameter is live."""
        with begin() as connection:
            live = promotions.champion(connection, project.name)
            if live is None or live.parameter != parameter:
                return None
            whole = promotions.get(connection, project.name, live.decision)
            made = promotions.made(connection, project.name, live.version) or whole
            days = skill.days(connection, project.name, parameter, now)
        days = watching.since_last_model(days, live.version)
        ways = watching.watch(days, _usual(project.name, made), project.learning.band)
        return cls(project, parameter, tuple(locations), now, whole, made, days, ways)

    @property
    def version(self) -> int:
        return int(self.live.version or 0)

    def raised(self) -> str | None:
        """Write down the alarms that are new and how earlier trainings ended; the name of the training to start now, if
        any, which is the same each time this is asked."""
        self._follow(self._known())
        for alarm in self._new(self._known()):
            self._act(alarm)
        return self._pending(self._known())

    def _known(self) -> list[Raised]:
        with begin() as connection:
            return skill.raised(connection, self.project.name, self.parameter)

    def _new(self, known: Sequence[Raised]) -> list[Alarm]:
        if self.days.empty:
            return []
        since = self.days["day"].min().date()
        keys = {(one.version, one.kind, one.location, one.number) for one in known if one.since == since}
        found = []
        for way in self.ways:
            for number, day in enumerate(way.alarms, 1):
                if (self.version, way.kind, way.location, number) not in keys:
                    judged, words = cause.judge(self._evidence(way, day))
                    found.append(Alarm(self.version, since, way.kind, way.location, number, day, judged, words))
        return sorted(found, key=lambda one: (one.day, one.kind, one.location))

    def _act(self, alarm: Alarm) -> None:
        """Write an alarm down, with the training that it starts, if it does."""
        against = self._against(alarm)
        name = None if against else self._name(alarm)
        outcome = f"No training: {against}." if against else None
        with begin() as connection:
            skill.raise_alarm(connection, self.project.name, self.parameter, alarm, datetime.now(UTC))
            skill.made_of(connection, self.project.name, self.parameter, alarm, training=name, outcome=outcome)

    def _against(self, alarm: Alarm) -> str | None:
        if alarm.cause != "world":
            return "the data are to be mended first" if alarm.cause == "data" else "a person has to look"
        own = [one for one in self._known() if one.training and one.version == alarm.version]
        earlier = [retraining.Earlier(one.day, _released(one)) for one in own]
        until = self.made.data_until.date() if self.made.data_until else None
        return retraining.reason_against(alarm.day, until, earlier)

    def _name(self, alarm: Alarm) -> str:
        return f"{self.project.name}-train-drift-v{alarm.version}-{alarm.day:%Y%m%d}"

    def _pending(self, known: Sequence[Raised]) -> str | None:
        """The training of an alarm of which nothing was heard: it may not be there, since a run was killed before that
        was applied. Applied again, it is there once."""
        waiting = [one.training for one in known if one.outcome is None and one.version == self.version]
        return next((name for name in reversed(waiting) if name), None)

    def _follow(self, known: Sequence[Raised]) -> None:
        """Write down how the trainings of earlier alarms ended."""
        for one in known:
            if one.training and one.outcome is None:
                with begin() as connection:
                    ended = promotions.of_run(connection, self.project.name, one.training)
                    failed = runs.failed(connection, self.project.name, one.training)
                    words = ended.words if ended else f"The training failed: {failed}" if failed else None
                    if words:
                        skill.made_of(connection, self.project.name, self.parameter, one, outcome=words)

    def _evidence(self, way: Watched, day: date) -> Evidence:
        last = pd.Timestamp(day, tz="UTC")
        since = max(_began(way, day), last + pd.Timedelta(days=1) - RECENT)
        until = min(_began(each, each.alarms[0]) for each in self.ways if each.alarms)
        places = self.locations if way.location == ALL else (way.location,)
        days = self.days[self.days["location"].isin(places) & (self.days["day"] <= last)]
        spans = (until - BEFORE, until), (since, last + pd.Timedelta(days=1))
        with begin() as connection:
            hours = pd.concat(
                [
                    skill.measured(
                        connection, self.project.name, self.parameter, *(one.to_pydatetime() for one in span)
                    )
                    for span in spans
                ],
                ignore_index=True,
            )
        refused = catalog.refused(self.project.name, places, first=since.date(), last=day)
        return Evidence(hours, days, refused, places, since, until)

    def summary(self) -> Monitoring:
        """All of it, in words and figures."""
        known = self._known()
        own = [one for one in known if one.version == self.version]
        return Monitoring(
            as_of=self.now,
            parameter=self.parameter,
            unit=self.project.quantities[self.parameter].unit,
            version=self.version,
            days=telling.days(self.days),
            ways=tuple(map(telling.way, self.ways)),
            alarms=tuple(map(telling.alarm, reversed(known))),
            words=telling.words(f"Version {self.version} of {self.project.name}", self.ways, own, self.now.date()),
        )


def _usual(project: str, made: Promotion) -> Usual:
    """What is usual of a model, by the decision that released it; for one of which nothing is kept: that it is no worse
    than persistence."""
    kept = decisions.find(objects.lake(), project, made.decision)
    if kept is not None and kept.usual is not None:
        return kept.usual
    return Usual(score=(0.5 - scores.LOW) / (scores.HIGH - scores.LOW), days=0)


def _began(way: Watched, alarm: date) -> pd.Timestamp:
    """The day on which the evidence began to grow to that alarm."""
    quiet = [one for one, level in zip(way.days, way.evidence, strict=True) if one < alarm and level <= _QUIET]
    return pd.Timestamp(quiet[-1] if quiet else way.days[0], tz="UTC") + pd.Timedelta(days=1)


def _released(one: Raised) -> bool | None:
    if one.outcome is None:
        return None
    return one.outcome.startswith(("Promoted", "Refreshed"))


def _nothing(project: Declaration, parameter: str, now: datetime) -> Monitoring:
    unit = project.quantities[parameter].unit
    words = f"No model of {project.name} that predicts {parameter} is live, so there is none to watch."
    return Monitoring(as_of=now, parameter=parameter, unit=unit, words=words)


if __name__ == "__main__":
    run(command)

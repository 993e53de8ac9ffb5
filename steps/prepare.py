"""prepare: check what was fetched, record it, and make features of it.

The order makes a run that was killed and repeated end in the same state: examine the files in batches and put refused
ones in quarantine with the reason; record all decisions in one transaction; clear what has moved; load accepted files
into the warehouse; compute the features that the catalog now requires and the lake lacks. Finished parts are not done
again.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import click
import numpy as np
import pandas as pd

from steps.archive.planned import Plan, read_plan
from steps.backends import catalog
from steps.backends.objects import Bucket, lake
from steps.checking import quarantine
from steps.checking.examine import Examined, Examiner, Several, Verdict
from steps.checking.expectations import Expectations, Outcome
from steps.checking.page import page
from steps.checking.reading import RawFile
from steps.checking.table import Converted
from steps.contract import selection
from steps.contract.batches import batches
from steps.contract.command import declaration_option, input_file, run, write_json, write_text
from steps.contract.declaration import Declaration, parse
from steps.contract.threads import each
from steps.errors import CheckFailed
from steps.features import keys
from steps.features.computing import Computed, compute
from steps.features.judging import judge
from steps.features.kept import Kept
from steps.features.loading import load
from steps.features.look import Look
from steps.features.neighbours import kilometres
from steps.features.observations import Observations
from steps.summaries import validation as summaries
from steps.summaries.validation import Features, Refused, Stale, Validation, added_up

log = logging.getLogger("steps")
_THREADS = 8
_STILL_KM = 1.0  # what a place may be off by
_FILES_AT_ONCE = 400  # some 60,000 rows of a station with six parameters
_DAYS_LATE = 3  # that a location may be behind others
_MOST_NAMED = 20  # reasons for which values are left out; files may hold any names
_BYTES_AT_ONCE = 1024 * 1024  # compressed, for stations that report more often


@dataclass
class Taken:
    """What a run has examined."""

    verdicts: list[Verdict] = field(default_factory=list)
    spans: dict[int, tuple[int, pd.Timestamp, pd.Timestamp]] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    converted: Counter[Converted] = field(default_factory=Counter)
    several: Counter[Several] = field(default_factory=Counter)
    names: dict[int, str] = field(default_factory=dict)

    def add(self, examined: Examined) -> None:
        """Add a batch; the contents of its files are no longer needed."""
        by_file = examined.observations.groupby("file")["time"].agg(["size", "min", "max"])
        for number, size, first, last in by_file.itertuples():
            self.spans[len(self.verdicts) + number] = (size, first, last)
        self.verdicts += [replace(one, file=replace(one.file, body=b"")) for one in examined.verdicts]
        self.outcomes += examined.outcomes
        self.left_out += examined.left_out
        self.converted += examined.converted
        self.several += examined.several
        self.names |= examined.names


@click.command()
@declaration_option
@click.option("--plan", "plan_file", required=True, type=input_file, help="The plan, as `plan` wrote it (JSON).")
@click.option("--created", required=True, help="When the workflow was created (RFC 3339).")
@click.option("--report-out", required=True, type=click.Path(path_type=Path), help="Where the page goes (HTML).")
@click.option("--summary-out", required=True, type=click.Path(path_type=Path), help="Where the summary goes (JSON).")
def command(*, declaration: str, plan_file: Path, created: str, report_out: Path, summary_out: Path) -> None:
    """Check what was fetched, record what is accepted, compute the missing features.

    Example: python -m steps.prepare --declaration "$D" --plan plan.json --created 2016-04-02T00:00:00Z
    --report-out report.html --summary-out summary.json
    """
    project = parse(declaration)
    plan = read_plan(plan_file)
    decided_at = selection.moment(created, "--created")
    store = lake()
    expectations = Expectations()
    examiner = Examiner(project, plan.parameter, expectations)
    kept = Kept(store, project, plan.locations, days=keys.looking_back(project).days + _DAYS_LATE)
    observations = Observations(store, examiner, list(project.quantities), kept)
    taken = Taken()
    fetched = _fetched(store, project.name, plan)
    for files in batches(fetched, lambda file: len(file.body), largest=_BYTES_AT_ONCE, most=_FILES_AT_ONCE):
        examined = examiner.examine(files)
        observations.keep(examined)
        quarantine.put(store, project.name, examined.verdicts)
        taken.add(examined)
        log.info("%d of %d location-days examined", len(taken.verdicts), len(plan.fetch))

    good, bad = _decisions(project.name, taken)
    catalog.record(project.name, good, bad, at=decided_at)
    quarantine.clear(store, project.name, taken.verdicts)
    revision = catalog.revision(project.name)
    loaded = load(project, plan.locations, observations)

    fresh, stale = _freshness(project, plan)
    taken.outcomes.append(fresh)
    stopped = _too_many_refused(project, taken)
    span = {"first": plan.first, "last": plan.last}
    left_out = judge(store, project, plan.parameter, plan.locations, **span, revision=revision, at=decided_at)
    if stopped is None and left_out.keys() == set(plan.locations):
        stopped = keys.all_left_out(left_out)
    computed = Computed(0, 0, 0, 0, 0, [])
    if stopped is None:
        basis = keys.Basis.of(project.name, project, plan.locations, plan.parameter)
        look = Look.begin(basis, plan.first, plan.last)
        computed = compute(store, look, observations, expectations, declaration=project, parameter=plan.parameter)
        observations.leave()
        stopped = _all_stale(project, plan, stale)
    summary = _summary(plan, taken, computed, stale, left_out).model_copy(update=_whereabouts(project.name, plan))
    write_json(summary_out, summary.to_json())
    write_text(report_out, page(project.title, plan, summary, stopped))
    log.info(
        "%d accepted, %d refused, %d measurements loaded, %d location-months computed",
        *(len(good), len(bad), loaded, computed.computed),
    )
    _say(summary)
    if stopped is not None:
        raise CheckFailed(stopped)


def _say(summary: Validation) -> None:
    """What was converted and left out, in the log."""
    for one in summary.converted:
        log.info(
            "%s: %d values converted from %s to %s (%s)",
            *(one.parameter, one.values, one.given, one.unit, one.formula),
        )
    for reason, values in summary.left_out.items():
        log.warning("%d values left out: %s", values, reason)
    for out in summary.left_out_locations:
        log.warning("location %d is left out: %s", out.location, out.reason)


def _fetched(store: Bucket, project: str, plan: Plan) -> Iterator[RawFile]:
    """The plan's files that have been fetched."""
    found = 0
    for _, file in each(lambda item: quarantine.find(store, project, item), plan.fetch, threads=_THREADS):
        if file is not None:
            found += 1
            yield file
    if plan.fetch and not found:
        raise CheckFailed(f"none of the plan's {len(plan.fetch)} files is in the lake; run fetch with this plan first")
    if found < len(plan.fetch):
        log.info(
            "%d location-days changed at the source since the plan; the next one sees them", len(plan.fetch) - found
        )


def _decisions(project: str, taken: Taken) -> tuple[list[catalog.Accepted], list[catalog.Refused]]:
    good, bad = [], []
    for number, verdict in enumerate(taken.verdicts):
        file, key = verdict.file, quarantine.place(project, verdict)
        if verdict.reasons:
            words = "; ".join(verdict.reasons)
            bad.append(catalog.Refused(file.location, file.day, file.etag, key, words, verdict.refused_for))
        else:
            rows, first, last = taken.spans[number]
            hours = first.to_pydatetime(), last.to_pydatetime()
            good.append(catalog.Accepted(file.location, file.day, file.etag, key, rows, *hours, verdict.place))
    return good, bad


def _freshness(project: Declaration, plan: Plan) -> tuple[Outcome, dict[int, date | None]]:
    """How old the locations' newest accepted days are at the plan's last; and the locations that are too old, with that
    day."""
    newest = dict.fromkeys(plan.locations) | catalog.newest(project.name, plan.locations)
    most = project.expectations.age_days
    old = np.array([(plan.last - (day or date.min)).days > most for day in newest.values()])
    name = f"its newest accepted day is at most {most} days old at as-of"
    outcome = Outcome("stale", name, "location", len(old), np.flatnonzero(old))
    return outcome, {location: day for (location, day), stale in zip(newest.items(), old, strict=True) if stale}


def _too_many_refused(project: Declaration, taken: Taken) -> str | None:
    refused = [one for one in taken.verdicts if one.reasons]
    limit = project.expectations.refused_share
    if len(refused) <= limit * len(taken.verdicts):
        return None
    first = refused[0]
    return (
        f"{len(refused)} of {len(taken.verdicts)} location-days were refused, more than {limit:.0%}; the first is "
        f"{first.file.location} on {first.file.day}: {first.reasons[0]}; look at the page of results, and at the source"
    )


def _all_stale(project: Declaration, plan: Plan, stale: dict[int, date | None]) -> str | None:
    if set(stale) != set(plan.locations):
        return None
    location, newest = next(iter(stale.items()))
    words = f"is {newest}" if newest else "does not exist"
    return (
        f"no location has data of the last {project.expectations.age_days} days up to {plan.last}: the newest accepted "
        f"day of {location} {words}; has the source stopped, or is as-of later than its data?"
    )


def _whereabouts(project: str, plan: Plan) -> dict[str, object]:
    """Of the summary: which locations have moved, and which have no place."""
    travels = catalog.travels(project, plan.locations)
    moved = []
    for location, places in travels.items():
        away = [(since, kilometres(places[0][1], place)) for since, place in places]
        far = [(since, distance) for since, distance in away if distance > _STILL_KM]
        if far:
            since, distance = far[0]
            moved.append(summaries.Moved(location=location, kilometres=round(distance, 1), since=since.isoformat()))
    known = catalog.newest(project, plan.locations)
    return {"moved": tuple(moved), "unplaced": tuple(sorted(known.keys() - travels.keys()))}


def _summary(
    plan: Plan, taken: Taken, computed: Computed, stale: dict[int, date | None], left_out: dict[int, str]
) -> Validation:
    refused = [one for one in taken.verdicts if one.reasons]
    return Validation(
        names={str(location): name for location, name in sorted(taken.names.items())},
        location_days=len(plan.fetch),
        accepted=len(taken.verdicts) - len(refused),
        rows=sum(size for number, (size, _, _) in taken.spans.items() if not taken.verdicts[number].reasons),
        refused=tuple(
            Refused(location=one.file.location, day=one.file.day.isoformat(), reasons=one.reasons) for one in refused
        ),
        left_out=_left_out(taken.left_out),
        converted=tuple(
            summaries.Converted(
                parameter=one.parameter,
                given=one.given,
                unit=one.unit,
                factor=one.conversion.factor,
                offset=one.conversion.offset,
                values=values,
            )
            for one, values in sorted(taken.converted.items(), key=lambda item: (item[0].parameter, item[0].given))
        ),
        several=tuple(
            summaries.Several.of(one, days=days)
            for one, days in sorted(taken.several.items(), key=lambda item: str(item[0]))
        ),
        left_out_locations=tuple(
            summaries.LeftOut(location=location, reason=reason) for location, reason in left_out.items()
        ),
        stale=tuple(
            Stale(location=location, newest=newest.isoformat() if newest else None)
            for location, newest in stale.items()
        ),
        expectations=added_up(outcome.counted() for outcome in (*taken.outcomes, *computed.outcomes)),
        features=Features.of(computed),
    )


def _left_out(found: Counter[str]) -> dict[str, int]:
    """The reasons that cost most values, by name, and the rest as one."""
    most = dict(found.most_common(_MOST_NAMED))
    rest = found.total() - sum(most.values())
    return dict(sorted(most.items())) | ({"for other reasons": rest} if rest else {})


if __name__ == "__main__":
    run(command)

"""`make drift`: a year of the live model's days on the sample, told in minutes: a sensor breaks, and nothing is learned
from it; the world changes, and a challenger is trained, proves itself in shadow, and takes over.

    python -m pipeline.quickstart.drift

The steps, the engine and the servers are the real ones, in a state folder of its own that is made anew; the project is
`openaq`, declared with `Gate(release="shadow")`. Only the days are quick: each fortnight is one run, in which every day
is predicted from what was known the night before, and the monitor then looks at all of them; while a challenger is on
trial, it looks every third day. Told of the sample's values: the roadside station's sensor reads a twelfth of the truth
for three weeks; from New Year on a new road adds 30 µg/m³ at both stations. The weekly training is left out.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import yaml

from pipeline.errors import PipelineError, RunFailed, UserError
from pipeline.laptop.home import home
from pipeline.laptop.machine import LocalMachine
from pipeline.projects.openaq import OPENAQ, SAMPLE
from pipeline.quickstart import sample
from pipeline.render import write
from steps.backends import challengers, promotions
from steps.backends.database import begin
from steps.backends.warehouse import skill
from steps.backends.warehouse.skill import Raised
from steps.contract.declaration import Gate
from steps.errors import StepError

if TYPE_CHECKING:
    from pipeline.engine.views import RunView

FIRST: Final = date(2001, 1, 1)
LIVE: Final = date(2002, 5, 13)
BROKEN: Final = date(2002, 9, 1), date(2002, 9, 22)  # mended on the second
CHANGED: Final = date(2003, 1, 1)
END: Final = date(2003, 5, 13)
ROADSIDE: Final = SAMPLE[0]
_TWELFTH: Final = 1 / 12
_ROAD: Final = 30.0  # µg/m³
_PROJECT: Final = OPENAQ.name
_STRETCH: Final = 14  # days of a run
_ON_TRIAL: Final = 3  # while a challenger is on trial
_PATIENCE: Final = 300.0  # seconds for a training
_STARTED: Final = f"{_PROJECT}-train", f"{_PROJECT}-conclude"  # what the monitor starts


def main() -> None:
    """Tell it, and say where its page is."""
    os.environ["PIPELINE_HOME"] = str(home() / "drift")
    sample.require()
    began, machine = time.monotonic(), _anew(home())
    try:
        page = _Story(machine).told()
    finally:
        machine.down()
    click.echo(f"\n{time.monotonic() - began:.0f} s. The page of the year: {page}")


def changed(location: int, parameter: str, ends: datetime, value: str) -> str:
    """A value of the sample as the story has it."""
    day = (ends.astimezone(UTC) - timedelta(hours=1)).date()
    if parameter != OPENAQ.learning.target or not value:
        return value
    if location == ROADSIDE and BROKEN[0] <= day < BROKEN[1]:
        return f"{float(value) * _TWELFTH:.2f}"
    return f"{float(value) + _ROAD:g}" if day >= CHANGED else value


def _anew(folder: Path) -> LocalMachine:
    machine = LocalMachine(folder)
    if folder.is_dir():
        machine.down()
        shutil.rmtree(folder)
    learning = OPENAQ.learning.model_copy(update={"gate": Gate(release="shadow")})
    write(OPENAQ.model_copy(update={"learning": learning}), folder / "manifests" / _PROJECT)
    return LocalMachine(folder, folder / "manifests")


@contextmanager
def _quietly() -> Iterator[Callable[["RunView"], None]]:
    yield lambda _view: None


class _Story:
    """The story on a machine."""

    def __init__(self, machine: LocalMachine) -> None:
        self._machine = machine
        self._width = {"workers": str(os.cpu_count() or 1)}
        self._selection = {"locations": ",".join(map(str, SAMPLE)), "parameter": OPENAQ.learning.target}
        self._ended: set[str] = set()  # the runs that were told of
        self._live = 0  # the version that was told of

    def told(self) -> Path:
        """All of it; the page of the year."""
        machine = self._machine
        machine.stack.start_in_background(["fork-server", "tracking"])
        machine.use("database")
        source = machine.home / "samples" / "openaq"
        _say(FIRST, f"{sample.ATTRIBUTION}: 28 months of them are laid out, changed as the story has it")
        sample.write(source, sample.Span(FIRST, END - timedelta(days=1), changed))
        span = {"source": str(source), "from": f"{FIRST:%F}", "to": f"{END - timedelta(days=1):%F}"}
        self._run("backfill", span | self._width, END)
        _say(LIVE, "16 months are there to learn from; what is promoted later is on trial first, as a shadow")
        self._run("train", self._width, LIVE)
        self._released(LIVE)
        manifest, day = self._manifest(), LIVE
        while day < END:
            until = min(day + timedelta(days=_ON_TRIAL if self._trial() else _STRETCH), END)
            self._stretch(manifest, day, until)
            day = until
        return self._page(self._run("monitor", {"replay": f"{LIVE:%F}/{END - timedelta(days=1):%F}"}, END))

    def _run(self, workflow: str, parameters: dict[str, str], as_of: date) -> "RunView":
        given = self._selection | parameters | {"as-of": f"{as_of:%F}T00:00:00Z"}
        found = self._machine.find(str(self._machine.manifests / _PROJECT), f"{_PROJECT}-{workflow}")
        run = self._machine.begin(found, given)
        self._ended.add(run)
        return self._machine.succeed(run, _quietly)

    def _page(self, ended: "RunView") -> Path:
        """What the monitor has found in that run."""
        pages = (node.outputs.get("artifacts", {}).get("page") for node in ended.nodes)
        return Path(str(next(page for page in pages if page)))

    def _stretch(self, manifest: Path, day: date, until: date) -> None:
        """Days are predicted one after the other, then looked at; what this starts is waited for."""
        said = {(when, words) for when, words in _EVENTS.items() if day <= when < until}
        known = {_key(one) for one in self._alarms()}
        last, count = until - timedelta(days=1), (until - day).days
        parameters = {"as-of": f"{until:%F}T00:00:00Z", "last": f"{last:%F}T00:00:00Z", "days": f"{count}"}
        run = self._machine.begin(self._machine.find(str(manifest)), self._selection | parameters)
        ended = self._machine.succeed(run, _quietly)
        said |= {(one.day, _alarm(one)) for one in self._alarms() if _key(one) not in known}
        for when, words in sorted(said):
            _say(when, words)
        if trial := self._trial():
            _say(until, f"on trial: {_standing(trial)}. Its page: {self._page(ended)}")
        for name in self._started():
            self._awaited(name, until)

    def _started(self) -> Sequence[str]:
        """The runs that the monitor has started and that nothing was said of."""
        runs = (run.id for run in reversed(self._machine.runs()) if run.workflow in _STARTED)
        return [run for run in runs if run not in self._ended]

    def _awaited(self, name: str, day: date) -> None:
        """Wait for a run to end, and say how it went."""
        deadline = time.monotonic() + _PATIENCE
        while (standing := self._machine.journal.standing([name]).get(name)) is None or not standing.finished_at:
            if time.monotonic() > deadline:
                raise RunFailed(f"{name} has not ended after {_PATIENCE:.0f} s; see: pipeline runs")
            time.sleep(0.2)
        self._ended.add(name)
        with begin() as connection:
            decided = promotions.of_run(connection, _PROJECT, name)
        _say(day, f"{name}: {decided.words if decided else f'it ended without a decision ({standing.phase})'}")
        self._released(day)

    def _released(self, day: date) -> None:
        with begin() as connection:
            live = promotions.live(connection, _PROJECT)
        if live.version != self._live:
            _say(day, f"version {live.version} is verified and live, at {live.url}")
            self._live = live.version or 0

    def _trial(self) -> challengers.Trial | None:
        with begin() as connection:
            return challengers.on_trial(connection, _PROJECT)

    def _alarms(self) -> list[Raised]:
        with begin() as connection:
            return skill.raised(connection, _PROJECT, OPENAQ.learning.target)

    def _manifest(self) -> Path:
        """A workflow of the project's own templates: publish `days` days, then monitor, and what follows from it."""
        folder = self._machine.manifests / _PROJECT
        own = yaml.safe_load((folder / f"{_PROJECT}-monitor.yaml").read_text(encoding="utf-8"))
        daily = yaml.safe_load((folder / f"{_PROJECT}-daily.yaml").read_text(encoding="utf-8"))
        publish = next(one for one in daily["spec"]["workflowSpec"]["templates"] if one["name"] == "publish")
        words = publish["container"]["args"]
        words[words.index("--as-of") + 1] = "{{workflow.parameters.last}}"
        words += ["--days", "{{workflow.parameters.days}}"]
        spec = own["spec"]
        spec["arguments"]["parameters"] += [{"name": "last", "value": ""}, {"name": "days", "value": "1"}]
        dag = next(one for one in spec["templates"] if one["name"] == spec["entrypoint"])
        _after_publish(dag["dag"]["tasks"])
        spec["templates"].append(publish)
        own["metadata"]["name"] = f"{_PROJECT}-fortnight"
        path = self._machine.home / "fortnight.yaml"
        path.write_text(yaml.safe_dump(own, allow_unicode=True), encoding="utf-8")
        return path


def _after_publish(tasks: list[dict[str, Any]]) -> None:
    next(one for one in tasks if one["name"] == "monitor")["depends"] = "publish"
    tasks.append({"name": "publish", "template": "publish"})


_EVENTS: Final = {
    BROKEN[0]: f"the sensor at {ROADSIDE} breaks: it reads a twelfth of the truth",
    BROKEN[1]: "it is mended",
    CHANGED: f"a new road: {_ROAD:g} µg/m³ more at both stations, day and night",
}


def _key(one: Raised) -> tuple[object, ...]:
    return one.version, one.since, one.kind, one.location, one.number


def _alarm(one: Raised) -> str:
    where = f"location {one.location}" if one.location else "all locations"
    return f"ALARM ({one.kind}, {where}): {one.cause}. {one.words} {one.outcome or ''}".rstrip()


def _standing(trial: challengers.Trial) -> str:
    """How the challenger has done, as the monitor saw it last."""
    seen = "no day could be compared yet" if not trial.counted else f"{trial.counted} days compared"
    return f"version {trial.version} in {trial.how}, {seen}, evidence {trial.better or 1:.2g} that it is better"


def _say(day: date, words: str) -> None:
    click.echo(f"{day:%F}  {words}")


if __name__ == "__main__":
    try:
        main()
    except (PipelineError, StepError, UserError) as error:
        raise SystemExit(f"error: {error}") from None

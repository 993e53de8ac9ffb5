"""`make drift`: a year of the live model's days on the sample, told in minutes: a sensor breaks, and nothing is learned
from it; the world changes, and the model is trained again, verified and live.

    python -m pipeline.quickstart.drift

The steps, the engine and the servers are the real ones, in a state folder of its own that is made anew. Only the days
are quick: each fortnight is one run, in which every day is predicted from what was known the night before, and the
monitor then looks at all of them. Told of the sample's values: the roadside station's sensor reads a twelfth of the
truth for three weeks; from New Year on a new road adds 30 µg/m³ at both stations.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
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
from steps.backends import promotions
from steps.backends.database import begin
from steps.backends.objects import Bucket
from steps.backends.warehouse import skill
from steps.backends.warehouse.skill import Raised
from steps.errors import StepError

if TYPE_CHECKING:
    from pipeline.engine.views import RunView

FIRST: Final = date(2001, 7, 1)
LIVE: Final = date(2002, 7, 1)
BROKEN: Final = date(2002, 9, 1), date(2002, 9, 22)  # mended on the second
CHANGED: Final = date(2003, 1, 1)
END: Final = date(2003, 7, 1)
ROADSIDE: Final = SAMPLE[0]
_TWELFTH: Final = 1 / 12
_ROAD: Final = 30.0  # µg/m³
_PROJECT: Final = OPENAQ.name
_STRETCH: Final = 14  # days of a run
_PATIENCE: Final = 300.0  # seconds for a training


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
    return LocalMachine(folder)


@contextmanager
def _quietly() -> Iterator[Callable[["RunView"], None]]:
    yield lambda _view: None


class _Story:
    """The story on a machine."""

    def __init__(self, machine: LocalMachine) -> None:
        self._machine = machine
        self._width = {"workers": str(os.cpu_count() or 1)}
        self._selection = {"locations": ",".join(map(str, SAMPLE)), "parameter": OPENAQ.learning.target}

    def told(self) -> Path:
        """All of it; the page of the year."""
        machine = self._machine
        machine.stack.start_in_background(["fork-server", "tracking"])
        machine.use("object-store", "database")
        source = machine.stack.public_bucket("openaq-archive")
        _say(FIRST, f"three years of {sample.ATTRIBUTION}; two of them are laid out, changed as the story has it")
        sample.lay_out(Bucket("openaq-archive"), sample.Span(FIRST, END - timedelta(days=1), changed))
        span = {"source": source, "from": f"{FIRST:%F}", "to": f"{END - timedelta(days=1):%F}"}
        self._run("backfill", span | self._width, END)
        _say(LIVE, "a year of days is there to learn from")
        self._run("train", self._width, LIVE)
        self._released(LIVE)
        manifest, day = self._manifest(), LIVE
        while day < END:
            until = min(day + timedelta(days=_STRETCH), END)
            self._stretch(manifest, day, until)
            day = until
        return self._page()

    def _run(self, workflow: str, parameters: dict[str, str], as_of: date) -> "RunView":
        given = self._selection | parameters | {"as-of": f"{as_of:%F}T00:00:00Z"}
        run = self._machine.submit(f"{_PROJECT}-{workflow}", given)
        return self._machine.succeed(run, _quietly)

    def _page(self) -> Path:
        """That of the whole year."""
        last = END - timedelta(days=1)
        ended = self._run("monitor", {"replay": f"{LIVE:%F}/{last:%F}"}, END)
        pages = (node.outputs.get("artifacts", {}).get("page") for node in ended.nodes)
        return Path(str(next(page for page in pages if page)))

    def _stretch(self, manifest: Path, day: date, until: date) -> None:
        """Days are predicted one by one, then looked at; a training that this starts is waited for."""
        said = {(when, words) for when, words in _EVENTS.items() if day <= when < until}
        known = {_key(one) for one in self._alarms()}
        days = [f"{day + timedelta(days=number):%F}T00:00:00Z" for number in range((until - day).days)]
        parameters = self._selection | {"days": json.dumps(days)}
        found = self._machine.find(str(manifest))
        run = self._machine.begin(found, parameters | {"as-of": f"{until:%F}T00:00:00Z"})
        self._machine.succeed(run, _quietly)
        said |= {(one.day, _alarm(one)) for one in self._alarms() if _key(one) not in known}
        for when, words in sorted(said):
            _say(when, words)
        self._awaited(until)

    def _awaited(self, until: date) -> None:
        """Wait for the training that the monitor has started, if any, and say how it went."""
        waiting = [one.training for one in self._alarms() if one.training and one.outcome is None]
        for name in waiting:
            deadline = time.monotonic() + _PATIENCE
            while (standing := self._machine.journal.standing([name]).get(name)) is None or not standing.finished_at:
                if time.monotonic() > deadline:
                    raise RunFailed(f"{name} has not ended after {_PATIENCE:.0f} s; see: pipeline runs")
                time.sleep(0.2)
            with begin() as connection:
                decided = promotions.of_run(connection, _PROJECT, name)
            words = decided.words if decided else f"it ended without a decision ({standing.phase})"
            _say(until, f"the training {name}: {words}")
            self._released(until)

    def _released(self, day: date) -> None:
        with begin() as connection:
            live = promotions.live(connection, _PROJECT)
        _say(day, f"version {live.version} is verified and live, at {live.url}")

    def _alarms(self) -> list[Raised]:
        with begin() as connection:
            return skill.raised(connection, _PROJECT, OPENAQ.learning.target)

    def _manifest(self) -> Path:
        """A workflow of the project's own templates: publish for each of `days`, then monitor, then perhaps train."""
        folder = self._machine.manifests / _PROJECT
        own = yaml.safe_load((folder / f"{_PROJECT}-monitor.yaml").read_text(encoding="utf-8"))
        daily = yaml.safe_load((folder / f"{_PROJECT}-daily.yaml").read_text(encoding="utf-8"))
        publish = next(one for one in daily["spec"]["workflowSpec"]["templates"] if one["name"] == "publish")
        words = publish["container"]["args"]
        words[words.index("--as-of") + 1] = "{{inputs.parameters.day}}"
        publish["inputs"] = {"parameters": [{"name": "day"}]}
        spec = own["spec"]
        spec["arguments"]["parameters"].append({"name": "days", "value": "[]"})
        dag = next(one for one in spec["templates"] if one["name"] == spec["entrypoint"])
        _after_publish(dag["dag"]["tasks"])
        spec["templates"].append(publish)
        own["metadata"]["name"] = f"{_PROJECT}-fortnight"
        path = self._machine.home / "fortnight.yaml"
        path.write_text(yaml.safe_dump(own, allow_unicode=True), encoding="utf-8")
        return path


def _after_publish(tasks: list[dict[str, Any]]) -> None:
    next(one for one in tasks if one["name"] == "monitor")["depends"] = "publish"
    day = {"parameters": [{"name": "day", "value": "{{item}}"}]}
    tasks.append(
        {"name": "publish", "template": "publish", "withParam": "{{workflow.parameters.days}}", "arguments": day}
    )


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


def _say(day: date, words: str) -> None:
    click.echo(f"{day:%F}  {words}")


if __name__ == "__main__":
    try:
        main()
    except (PipelineError, StepError, UserError) as error:
        raise SystemExit(f"error: {error}") from None

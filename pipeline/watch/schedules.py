"""Schedules as a source of the watch: told the time, it starts what is due and notes what has ended.

Every step can be cut off. A time is given to a run (`CronLog.claim`), the run is submitted, a process started for it;
the next look, of this watch or another one, goes on with whatever is not done. What is decided is in `engine.schedule`.
"""

import shutil
from dataclasses import dataclass, replace

from pipeline import engine
from pipeline.engine.schedule import crons
from pipeline.engine.schedule.cron import Cron
from pipeline.engine.views.viewing import folder_of
from pipeline.errors import UserError
from pipeline.laptop.children import Children
from pipeline.laptop.cron_log import CronLog, Entry
from pipeline.watch.manifests import Folder, Scheduled
from pipeline.watch.messages import Say, coming, end, moment, stamped


@dataclass
class _Watched:
    """A CronWorkflow as this watch knows it. `again`: there is a reason to look for what was missed. `told`: what was
    said to be skipped last, and why."""

    scheduled: Scheduled
    alarms: crons.Alarms
    again: bool = True
    looked_again: float = 0.0
    active: tuple[str, ...] = ()
    told: tuple[int | None, str] = (None, "")


class Crons:
    """The schedules of a folder's CronWorkflows."""

    def __init__(self, folder: Folder, journal: engine.Journal, ledger: CronLog, children: Children, say: Say) -> None:
        self._folder, self._journal, self._ledger, self._children, self._say = folder, journal, ledger, children, say
        self._watched: dict[str, _Watched] = {}
        self._given_up: set[str] = set()
        self._now = 0.0

    def look(self, now: float) -> None:
        """Do what is to be done."""
        self._now = now
        self._reread()
        self._look_after_runs()
        for watched in self._watched.values():
            self._decide(watched)

    def next(self) -> float | None:
        """When the first schedule rings, or a manifest is read again."""
        ahead = [self._folder.settles, *(each.alarms.next for each in self._watched.values())]
        return min((at for at in ahead if at is not None), default=None)

    def descriptors(self) -> list[int]:
        """None: it asks the clock."""
        return []

    def names(self) -> list[str]:
        """What is watched."""
        return list(self._watched)

    def running(self) -> list[str]:
        """The runs that a process executes now."""
        return [entry.run for entry in self._ledger.open() if entry.pid is not None or self._children.busy(entry.run)]

    def _tell(self, text: str) -> None:
        self._say(stamped(self._now, text))

    def _reread(self) -> None:
        problems = self._folder.look(self._now)
        if problems is None:
            return
        for problem in problems:
            self._tell(problem)
        known = self._folder.known
        for name in self._watched.keys() - known.keys():
            del self._watched[name]
            self._tell(f"{name}: gone from {self._folder.place}; not watched any more")
        for name, scheduled in known.items():
            before = self._watched.get(name)
            if before is not None and before.scheduled.text == scheduled.text:
                continue
            alarms = crons.armed(scheduled.cron, self._now)
            if (
                before is not None
                and before.alarms.next is not None
                and before.scheduled.cron.timetable == scheduled.cron.timetable
            ):
                alarms = before.alarms  # one of them may have rung a moment ago
            watched = self._watched[name] = _Watched(scheduled, alarms)
            self._tell(f"{name}: {'watched' if before is None else 'changed'}, {self._outlook(watched)}")

    def _outlook(self, watched: _Watched) -> str:
        cron = watched.scheduled.cron
        if self._ledger.status(cron).stopped:
            return "ended by its stopStrategy"
        return f"{coming(cron, watched.alarms.next)}{', suspended' if cron.suspended else ''}"

    def _look_after_runs(self) -> None:
        """Note which runs have ended, and go on with those that nobody executes."""
        self._ledger.adopt(set(self._watched))
        for entry in self._ledger.open():
            watched = self._watched.get(entry.cron)
            if entry.finished_at is not None:
                self._note_end(entry, watched)
            elif entry.phase == "":
                self._finish_start(entry, watched)
            elif entry.pid is None and self._is_mine(entry) and not self._children.busy(entry.run):
                self._go_on(entry)
        there = [each for each in self._ledger.open() if each.pid is not None or self._is_mine(each)]
        for name, watched in self._watched.items():
            watched.active = tuple(each.run for each in there if each.cron == name)

    def _note_end(self, entry: Entry, watched: _Watched | None) -> None:
        cron = watched.scheduled.cron if watched is not None else Cron(entry.cron, (), ())
        finished = entry.finished_at or self._now
        status = crons.ended(cron, self._ledger.status(cron), entry.run, entry.phase, self._now)
        self._ledger.end(entry.run, entry.phase, finished, cron, status)
        took = None if entry.started_at is None else finished - entry.started_at
        self._tell(f"{entry.cron}: {end(entry.run, entry.phase, took, entry.message)}")
        if watched is not None:
            watched.again = True
            self._delete_surplus(cron)

    def _delete_surplus(self, cron: Cron) -> None:
        """Delete the runs that the history limits do not keep: files first, so that nothing is left behind."""
        for run in crons.surplus(cron, self._ledger.ended(cron.name)):
            shutil.rmtree(folder_of(self._journal.path.parent, run), ignore_errors=True)
            self._journal.delete(run)
            self._ledger.deleted(run, self._now)
            self._tell(f"{cron.name}: {run} deleted, as its history limits say")

    def _finish_start(self, entry: Entry, watched: _Watched | None) -> None:
        """Go on with a start that was cut off before the run was submitted, unless it is too late by now."""
        if watched is None or entry.scheduled_at is None:
            return
        cron, at = watched.scheduled.cron, entry.scheduled_at
        if self._now - at < max(crons.LATE_SECONDS, cron.deadline_seconds or 0):
            self._submit(watched, entry.run, at)
            return
        self._ledger.end(entry.run, "Missed", self._now, cron, self._ledger.status(cron))
        self._tell(f"{cron.name}: skipped {moment(cron, at)}: its start was cut off, and it is too late by now")

    def _is_mine(self, entry: Entry) -> bool:
        """Whether it is for the watch to go on with a run that nobody executes."""
        return entry.scheduled_at is not None and entry.run not in self._given_up

    def _go_on(self, entry: Entry) -> None:
        """Nobody executes it; or somebody did, and ended it in this very moment, which the ledger has by now."""
        now = next((each for each in self._ledger.open() if each.run == entry.run), None)
        if now is None or now.finished_at is not None or now.pid is not None:
            return
        if self._children.start(entry.run):
            self._tell(f"{entry.cron}: going on with {entry.run}, which nobody executed")
            return
        self._given_up.add(entry.run)
        self._tell(
            f"{entry.cron}: {entry.run} was cut off again and again; go on with: pipeline run --resume {entry.run}"
        )

    def _decide(self, watched: _Watched) -> None:
        cron = watched.scheduled.cron
        again = watched.again or self._now - watched.looked_again >= crons.LOOK_AGAIN_SECONDS
        before = self._ledger.status(cron, watched.active)
        found = crons.decide(
            cron, before, watched.alarms, self._now, again=again, taken=lambda at: self._ledger.taken(cron.name, at)
        )
        watched.alarms = found.alarms
        if again:
            watched.again, watched.looked_again = False, self._now
        if found.start is not None:
            self._start(watched, found, found.start)
            return
        if replace(found.status, active=()) != replace(before, active=()):
            self._ledger.keep(cron, found.status)
        told = found.skipped, found.reason
        if found.skipped is not None and watched.told != told:  # looked at again, it may be skipped for the same reason
            watched.told = told
            ahead = "" if found.status.stopped else f"; {coming(cron, found.alarms.next)}"
            self._tell(f"{cron.name}: skipped {moment(cron, found.skipped)}: {found.reason}{ahead}")

    def _start(self, watched: _Watched, found: crons.Decision, at: int) -> None:
        cron = watched.scheduled.cron
        run = f"{cron.name}-{at}"
        if not self._ledger.claim(cron, crons.started(found.status, run, at), run, at):
            return
        for old in found.stop:
            self._terminate(cron, old)
        self._submit(watched, run, at)

    def _terminate(self, cron: Cron, run: str) -> None:
        try:
            engine.stop(self._journal, run, "Terminate")
            self._tell(f"{cron.name}: terminating {run}, since concurrencyPolicy is Replace")
        except UserError:
            return  # it has ended by itself, or has not begun

    def _submit(self, watched: _Watched, run: str, at: int) -> None:
        cron = watched.scheduled.cron
        try:
            engine.submit(self._journal, watched.scheduled.manifests, cron.name, {}, run_id=run, scheduled_at=at)
        except UserError as problem:
            status = crons.ended(cron, self._ledger.status(cron), run, "Error", self._now)
            self._ledger.end(run, "Error", self._now, cron, status)
            self._tell(f"{cron.name}: cannot start {run}: {problem}")
            return
        self._children.start(run)
        self._tell(f"{cron.name}: started {run}, due {moment(cron, at)}; {coming(cron, watched.alarms.next)}")

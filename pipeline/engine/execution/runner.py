"""Processes and threads: starts leaves, watches them, ends them in time, gathers what they leave behind.

Whatever may block (servers that are not ready, slow disks) is done in threads, so that it holds up one leaf and nothing
else; pidfds tell when processes end. At most `cores` leaves run at a time. After `close` no process is left.
"""

import contextlib
import os
import selectors
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, Literal

from pipeline.engine.execution import leaves, web
from pipeline.engine.execution.clock import Clock
from pipeline.engine.execution.leaves import Outcome
from pipeline.engine.execution.pods import ports, probes, starting
from pipeline.engine.execution.pods.ports import Ports
from pipeline.engine.execution.pods.starting import Ear, Heard
from pipeline.engine.execution.pods.supervisor import NO_COMMAND
from pipeline.engine.execution.process import Child
from pipeline.engine.execution.runtimes import Runtimes
from pipeline.engine.execution.runtimes.contract import Runtime
from pipeline.engine.host import Host, NoSuchCommand, Process
from pipeline.engine.log_times import LogClock
from pipeline.engine.places import Place
from pipeline.engine.scheduler.events import Outputs
from pipeline.engine.scheduler.state import Node
from pipeline.engine.spec import Template
from pipeline.errors import PipelineError

_LATE: Final = "Pod was active on the node longer than the specified deadline"


@dataclass(frozen=True)
class Patience:
    """`grace_seconds`: between TERM and KILL. `logs_seconds`: between two checks whether a log floods the disk.
    `lines_seconds`: between two looks at whether logs have grown, which is how exact the times of their lines are."""

    grace_seconds: float = 5.0
    logs_seconds: float = 1.0
    lines_seconds: float = 0.05


@dataclass(slots=True, eq=False)
class Leaf:
    """A leaf that is to run. `printed`: its stdout is an output. `latest`: when its `timeout` or backoff ends (seconds
    since 1970). `instead`: what to do instead of starting it. `deadline` and `kill_at` are of the monotonic clock."""

    node: Node
    template: Template
    place: Place
    printed: bool = False
    latest: float | None = None
    instead: Callable[[], Outcome] | None = None
    runtime: Runtime | None = None
    process: Process | None = None
    ear: Ear | None = None  # hears of its containers, where it has several
    log_clock: LogClock | None = None
    holds_core: bool = False
    deadline: float | None = None
    kill_at: float | None = None
    gathering: bool = False  # its process has ended, and its outputs are being gathered
    late: str = ""  # its message if it runs too long
    abandoned: bool = False  # it has been reported as ended; what its thread still brings is dropped


# What a thread brings: a daemon that is ready is told by a word.
READY: Final = "ready"  # a daemon that what follows need not wait for any more
Result = Process | Outcome | Literal["ready"]
# Started (None: without a process), ready, a container of it begun or ended, or ended.
Happening = tuple[Leaf, Result | Heard | None]


class LeafRunner:
    """The leaves of one run."""

    def __init__(self, host: Host, runtimes: Runtimes, cores: int, clock: Clock, patience: Patience) -> None:
        self._host, self._runtimes = host, runtimes
        self._clock = clock
        self._patience = patience
        self._cores = cores
        self._queue: deque[Leaf] = deque()
        self._active: dict[str, Leaf] = {}
        self._busy = 0
        self._ports = Ports()
        self._results: SimpleQueue[tuple[Leaf, Result]] = SimpleQueue()
        self._wakeup = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wakeup, selectors.EVENT_READ)
        self._closing = threading.Lock()
        self._closed = False
        self._logs_checked_at = self._lines_timed_at = time.monotonic()

    def enqueue(self, leaf: Leaf) -> None:
        """Start a leaf when a core is free."""
        self._queue.append(leaf)

    def wait(self, seconds: float) -> list[Happening]:
        """What has happened, after waiting up to `seconds` for anything to happen."""
        found = self._fill_cores()
        for key, _ in self._selector.select(0.0 if found else seconds):
            if key.data is not None:
                self._exited(key.data)
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._wakeup)
        found.extend(self._enforce_deadlines())
        found.extend((leaf, each) for leaf in self._active.values() for each in self._news(leaf))
        while True:
            try:
                leaf, result = self._results.get_nowait()
            except Empty:
                return found
            if leaf.abandoned:
                _discard(result)
            elif isinstance(result, Outcome):
                found.append((leaf, self._ended(leaf, result)))
            elif result == READY:
                if leaf.process is not None:
                    self._free_core(leaf)
                    found.append((leaf, READY))
            else:
                leaf.process, leaf.log_clock = result, LogClock(leaf.place)
                self._selector.register(result, selectors.EVENT_READ, leaf)
                found.append((leaf, result))

    def _news(self, leaf: Leaf) -> list[Heard]:
        if leaf.ear is None or leaf.template.container_set is None:
            return []
        names = {part.name for part in leaf.template.parts}
        return [each for each in leaf.ear.news() if each.name in names]

    def _fill_cores(self) -> list[Happening]:
        found: list[Happening] = []
        while self._queue and self._busy < self._cores:
            leaf = self._queue.popleft()
            self._active[leaf.node.name] = leaf
            leaf.holds_core = True
            self._busy += 1
            try:
                self._set_deadline(leaf)
            except ValueError as error:
                found.append((leaf, self._ended(leaf, Outcome("Error", str(error)))))
                continue
            if leaf.instead is not None:
                found.append((leaf, None))
                self._in_thread(leaf, leaf.instead)
            elif leaf.template.http is not None:
                found.append((leaf, None))
                self._in_thread(leaf, partial(web.call, leaf.template, leaf.place, self._host))
            elif leaf.template.resource is not None:
                found.append((leaf, None))
                self._in_thread(leaf, partial(leaves.apply, leaf.template, leaf.place, self._host))
            else:
                leaf.runtime = self._runtimes.of(leaf.template)
                self._in_thread(leaf, partial(self._start, leaf, leaf.runtime))
        return found

    def _start(self, leaf: Leaf, runtime: Runtime) -> Process:
        if leaf.template.daemon and leaf.template.main is not None:
            self._ports.take(leaf.node.name, ports.of(leaf.template.main))
        if leaf.template.several:
            process = starting.start(leaf.template, leaf.place, self._host, runtime, self._patience.grace_seconds)
            leaf.ear = Ear(leaf.template, leaf.place, runtime)  # not before: what an earlier try left there is gone now
            return process
        return leaves.start(leaf.template, leaf.place, self._host, runtime)

    def await_ready(self, leaf: Leaf) -> None:
        """Tell of a daemon that has started when it is ready."""
        container = leaf.template.main
        if container is None:
            return

        def job() -> None:
            runtime = leaf.runtime or self._runtimes.of(leaf.template)
            try_command = partial(probes.succeeds, leaf.template, leaf.place, self._host, runtime)
            if probes.wait(container, try_command, lambda: leaf.process is None or self._closed):
                self._report(leaf, READY)

        threading.Thread(target=job, name=f"probe of {leaf.node.id}", daemon=True).start()

    def _set_deadline(self, leaf: Leaf) -> None:
        text = leaf.template.deadline_seconds
        if text is not None:
            if not text.isdecimal():
                raise ValueError(f"activeDeadlineSeconds is {text!r}; wanted a whole number")
            leaf.deadline, leaf.late = time.monotonic() + int(text), _LATE
        if leaf.latest is not None:
            latest = time.monotonic() + leaf.latest - self._clock.now()
            if leaf.deadline is None or latest < leaf.deadline:
                leaf.deadline, leaf.late = latest, "Step exceeded its deadline"

    def _in_thread(self, leaf: Leaf, work: Callable[[], Process | Outcome]) -> None:
        def job() -> None:
            result: Result
            try:
                result = work()
            except NoSuchCommand as error:
                said = f"main: Error (exit code {NO_COMMAND}): there is no command {error} here, or it may not be run"
                result = Outcome("Failed", said, Outputs(exit_code=str(NO_COMMAND)))
            except Exception as error:
                expected = isinstance(error, PipelineError | OSError | ValueError)
                name = "" if expected else f"{type(error).__name__}: "
                result = Outcome("Error", name + leaves.explain(error))
            self._report(leaf, result)

        threading.Thread(target=job, name=f"leaf {leaf.node.id}", daemon=True).start()

    def _report(self, leaf: Leaf, result: Result) -> None:
        """Hand what a thread has brought to who waits; end it where nobody does."""
        with self._closing:
            if self._closed:
                _discard(result)
                return
            self._results.put((leaf, result))
            os.eventfd_write(self._wakeup, 1)

    def _exited(self, leaf: Leaf) -> None:
        process = leaf.process
        code = process.poll() if process is not None else None
        if process is None or code is None:
            return
        self._selector.unregister(process)
        process.close()
        leaf.process, leaf.gathering = None, True
        if leaf.log_clock is not None:
            leaf.log_clock.look()
        self._free_core(leaf)
        if leaf.ear is not None:
            leaf.ear.hear()
        if not leaf.abandoned:
            of_one = partial(leaves.gather, leaf.template, leaf.place, runtime=leaf.runtime)
            gather = leaf.ear.gather if leaf.ear is not None else of_one
            self._in_thread(leaf, partial(gather, code, printed=leaf.printed, host=self._host))

    def _free_core(self, leaf: Leaf) -> None:
        if leaf.holds_core:
            leaf.holds_core = False
            self._busy -= 1

    def _ended(self, leaf: Leaf, outcome: Outcome) -> Outcome:
        self._free_core(leaf)
        self._ports.give_back(leaf.node.name)
        del self._active[leaf.node.name]
        if leaf.kill_at is not None and leaf.late:
            found = outcome.outputs
            return Outcome("Failed", leaf.late, replace(found, exit_code=None) if found is not None else None)
        return outcome

    def stop(self, leaf: Leaf) -> bool:
        """End a leaf: TERM now, KILL after the grace. Returns True if it had no process and is now finished."""
        if leaf in self._queue:
            self._queue.remove(leaf)
            return True
        if leaf.process is not None:
            if leaf.kill_at is None:
                leaf.late = ""
                self._terminate(leaf)
            return False
        if leaf.gathering:
            return False
        self._abandon(leaf)
        return True

    def _abandon(self, leaf: Leaf) -> None:
        leaf.abandoned = True
        self._free_core(leaf)
        self._ports.give_back(leaf.node.name)
        del self._active[leaf.node.name]

    def _terminate(self, leaf: Leaf) -> None:
        leaf.kill_at = time.monotonic() + self._patience.grace_seconds
        if leaf.process is not None:
            leaf.process.kill(signal.SIGTERM)

    def _enforce_deadlines(self) -> list[Happening]:
        now = time.monotonic()
        found: list[Happening] = []
        for leaf in list(self._active.values()):
            if leaf.process is not None and leaf.kill_at is not None and now >= leaf.kill_at:
                leaf.process.kill(signal.SIGKILL)
                leaf.kill_at = now + self._patience.grace_seconds
            if leaf.deadline is not None and now >= leaf.deadline and leaf.kill_at is None and not leaf.gathering:
                if leaf.process is not None:
                    self._terminate(leaf)
                else:
                    self._abandon(leaf)
                    found.append((leaf, Outcome("Failed", leaf.late)))
        self._attend_logs(now)
        return found

    def _attend_logs(self, now: float) -> None:
        if now - self._lines_timed_at >= self._patience.lines_seconds:
            self._lines_timed_at = now
            for leaf in self._active.values():
                if leaf.log_clock is not None:
                    leaf.log_clock.look()
        if now - self._logs_checked_at >= self._patience.logs_seconds:
            self._logs_checked_at = now
            for leaf in self._active.values():
                with contextlib.suppress(OSError):
                    leaf.place.shorten_logs()

    def close(self) -> None:
        """End all processes, and wait until they are gone."""
        with self._closing:
            self._closed = True
        while True:
            try:
                _discard(self._results.get_nowait()[1])
            except Empty:
                break
        for number, patience in ((signal.SIGTERM, self._patience.grace_seconds), (signal.SIGKILL, 10.0)):
            left = [leaf.process for leaf in self._active.values() if leaf.process is not None]
            for process in left:
                process.kill(number)
            until = time.monotonic() + patience
            while any(process.poll() is None for process in left) and time.monotonic() < until:
                self._selector.select(0.02)
        for leaf in self._active.values():
            if leaf.process is not None:
                leaf.process.close()
        self._selector.close()
        os.close(self._wakeup)


def _discard(result: Result) -> None:
    """End a process that is no longer wanted."""
    if isinstance(result, Outcome | str):
        return
    result.kill(signal.SIGKILL)
    if isinstance(result, Child):
        result.wait()
    result.close()

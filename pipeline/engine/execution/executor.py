"""The engine's loop: what happened is committed, then the scheduler is told, then what it asks for is done.

However the loop ends, no process of the run is left; what was running is started again when the run is resumed.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from pipeline.engine.execution.clock import Clock
from pipeline.engine.execution.journal import Journal, Started
from pipeline.engine.execution.leaves import Outcome
from pipeline.engine.execution.memos import Memos
from pipeline.engine.execution.pods.starting import Heard
from pipeline.engine.execution.pods.supervisor import NO_COMMAND
from pipeline.engine.execution.runner import READY, Happening, Leaf, LeafRunner, Patience
from pipeline.engine.execution.runtimes import Runtimes
from pipeline.engine.host import Host, Process
from pipeline.engine.places import Place
from pipeline.engine.processes import end_group
from pipeline.engine.scheduler import retries
from pipeline.engine.scheduler.entering import timeout
from pipeline.engine.scheduler.events import (
    Began,
    Ended,
    Event,
    Locked,
    Outputs,
    Ready,
    Recalled,
    Resumed,
    Running,
    Stopped,
    Tick,
    Waiting,
)
from pipeline.engine.scheduler.scheduler import advance
from pipeline.engine.scheduler.state import Command, Kill, Lock, Node, Recall, Remember, Run, Start, Unlock
from pipeline.engine.spec import SEMAPHORE

_POLL_SECONDS: Final = 0.1  # how long the loop sleeps at most before it checks mutexes, requests, and whether to stop


class Substitute(Protocol):
    """What takes the place of starting leaves, and of waiting."""

    def instead(self, node: Node, place: Place, *, printed: bool) -> Callable[[], Outcome] | None:
        """What to do instead of starting a leaf; None to start it. `printed`: its stdout is an output."""
        ...

    def pauses(self, now: float) -> list[Event]:
        """The ends of suspensions that need no waiting."""
        ...


class Executor:
    """Executes one run that this process owns. `number`: how many of its events are in the journal. `substitute`: what
    takes the place of its leaves."""

    def __init__(
        self,
        journal: Journal,
        run: Run,
        host: Host,
        runtimes: Runtimes,
        folder: Path,
        *,
        number: int,
        cores: int,
        stop: threading.Event,
        clock: Clock,
        patience: Patience,
        changed: Callable[[], None],
        substitute: Substitute | None = None,
    ) -> None:
        self._journal, self._run, self._folder = journal, run, folder
        self._stop, self._changed, self._number = stop, changed, number
        self._clock = clock
        self._runtimes = runtimes
        self._runner = LeafRunner(host, runtimes, cores, self._clock, patience)
        self._leaves: dict[str, Leaf] = {}
        self._locking: dict[str, Lock] = {}
        self._substitute = substitute
        self._polled_at = 0.0
        self._answered = 0  # the last request that was taken in

    def execute(self) -> None:
        """Execute the run until it is over or `stop` is set.

        Raises:
            PipelineError: the journal cannot be written. Once it can, the run can be resumed.
        """
        try:
            self._begin()
            while not self._run.over and not self._stop.is_set():
                self._changed()
                self._turn()
        finally:
            self._runner.close()
            self._runtimes.sweep(self._folder)

    def _begin(self) -> None:
        if self._number == 0:
            self._accept([Began(self._clock.now())])
            return
        for process in self._journal.processes(self._run.id):
            end_group(process.pid, process.started)
        self._runtimes.sweep(self._folder)
        self._journal.forget_processes(self._run.id)
        for node in self._run.locking.values():
            while node.lock == "held" and self._locked(node.mutexes, node.name):
                if self._stop.wait(_POLL_SECONDS):
                    return
        self._accept([Resumed(self._clock.now())])

    def _turn(self) -> None:
        events: list[Event] = []
        started: list[Started] = []
        processes: list[Process] = []
        daemons: list[Leaf] = []
        for happening in self._runner.wait(self._wait_seconds()):
            events.append(self._event(happening))
            leaf, result = happening
            if result is not None and result != READY and not isinstance(result, Outcome | Heard):
                started.append(Started(leaf.node.name, result.pid, result.started))
                processes.append(result)
                daemons += [leaf] if leaf.template.daemon else []
        now = self._clock.now()
        if self._run.next_tick is not None and now >= self._run.next_tick:
            events.append(Tick(now))
        if now - self._polled_at >= _POLL_SECONDS:
            self._polled_at = now
            events.extend(self._news(now))
        if events:
            self._accept(events, started)
        for process in processes:
            process.release()
        for leaf in daemons:
            self._runner.await_ready(leaf)

    def _wait_seconds(self) -> float:
        tick = self._run.next_tick
        if tick is None:
            return _POLL_SECONDS
        if not self._leaves:
            self._clock.idle_until(tick)
        return min(_POLL_SECONDS, max(0.0, tick - self._clock.now()))

    def _event(self, happening: Happening) -> Event:
        leaf, result = happening
        if isinstance(result, Heard):
            return self._of_container(leaf, result)
        if result == READY:
            return Ready(self._clock.now(), leaf.node.name)
        if not isinstance(result, Outcome):
            return Running(self._clock.now(), leaf.node.name)
        if leaf.template.daemon and leaf.instead is not None and result.phase == "Succeeded":
            del self._leaves[leaf.node.name]
            return Ready(self._clock.now(), leaf.node.name)  # what stands in for it runs on
        del self._leaves[leaf.node.name]
        return Ended(self._clock.now(), leaf.node.name, result.phase, result.message, result.outputs)

    def _of_container(self, leaf: Leaf, heard: Heard) -> Event:
        at, name = self._clock.now(), f"{leaf.node.name}.{heard.name}"
        if heard.code is None:
            return Running(at, name)
        if heard.code == 0:
            return Ended(at, name, "Succeeded")
        return Ended(at, name, "Error" if heard.code == NO_COMMAND else "Failed", heard.message)

    def _news(self, now: float) -> list[Event]:
        """What other processes have done: released a mutex, asked for the run's end."""
        found: list[Event] = []
        for name, command in list(self._locking.items()):
            if not self._locked(command.mutexes, name):
                del self._locking[name]
                found.append(Locked(now, name))
        asked = self._journal.requested(self._run.id)
        if asked is not None and asked != self._run.strategy:
            found.append(Stopped(now, asked))
        events, number = self._journal.asked(self._run.id)
        self._answered = number or self._answered
        return found + [replace(event, at=now) for event in events]

    def _accept(self, events: list[Event], started: list[Started] | None = None) -> None:
        """Commit events, tell the scheduler, do what it asks for; and again while that has immediate results."""
        while events and not self._run.over:
            self._journal.record(self._run.id, self._number, events, started or (), answered=self._answered)
            self._number += len(events)
            commands = [command for event in events for command in advance(self._run, event)]
            events = [event for command in commands for event in self._carry_out(command)]
            events.extend(self._substitute.pauses(self._clock.now()) if self._substitute is not None else ())
            started = None

    def _carry_out(self, command: Command) -> list[Event]:
        node = command.node
        match command:
            case Start():
                self._start(node)
            case Kill():
                leaf = self._leaves.get(node.name)
                if leaf is None or self._runner.stop(leaf):
                    return self._ended_at_once(node)
            case Lock():
                return [self._lock(command)]
            case Unlock():
                self._locking.pop(node.name, None)
                self._journal.unlock(self._run.id, node.name)
            case Recall():
                return [self._recall(command)]
            case Remember():
                self._remember(command)
        return []

    def _ended_at_once(self, node: Node) -> list[Event]:
        """The end of a leaf of which no process is left: it had not begun, or was a stand-in."""
        self._leaves.pop(node.name, None)
        waits = any(node.name in those for those in (self._run.live, self._run.daemons, self._run.retired))
        return [Ended(self._clock.now(), node.name, "Failed", node.condemned)] if waits else []

    @cached_property
    def _memos(self) -> Memos:
        return Memos(self._journal.database, self._run.variables["workflow.namespace"])

    def _recall(self, command: Recall) -> Event:
        at, node = self._clock.now(), command.node
        found = self._memos.find(command.memoize, Place(self._folder, node.id), at=at)
        return Recalled(at, node.name) if found is None else Recalled(at, node.name, found.run, found.outputs)

    def _remember(self, command: Remember) -> None:
        run, outputs = self._run.id, command.node.outputs or Outputs()
        self._memos.keep(command.memoize, outputs, run=run, folder=self._folder, at=self._clock.now())

    def _start(self, node: Node) -> None:
        if node.bound is None:
            return
        frame = node.enclosing
        leaf = Leaf(
            node,
            node.bound,
            Place(self._folder, node.id),
            printed=frame is not None and node.task in frame.plan.printed,
            latest=min(filter(None, (retries.execution_deadline(node), timeout(node))), default=None),
        )
        if self._substitute is not None:
            leaf.instead = self._substitute.instead(node, leaf.place, printed=leaf.printed)
        self._leaves[node.name] = leaf
        self._runner.enqueue(leaf)

    def _lock(self, command: Lock) -> Event:
        node = command.node
        holder = self._locked(command.mutexes, node.name)
        if not holder:
            return Locked(self._clock.now(), node.name)
        self._locking[node.name] = command
        first = command.mutexes[0]
        lock = (
            f"{self._run.variables['workflow.namespace']}/{first if first.startswith(SEMAPHORE) else f'Mutex/{first}'}"
        )
        status = f"Lock status: 0/{self._limits(command.mutexes).get(first, 1)}"
        return Waiting(self._clock.now(), node.name, f"Waiting for {lock} lock. {status} (run {holder} has it)")

    def _locked(self, mutexes: tuple[str, ...], node: str) -> str:
        """Get mutexes and semaphores for a node; empty if it has them, else which run has one."""
        return self._journal.lock(mutexes, self._run.id, node, self._limits(mutexes))

    def _limits(self, mutexes: tuple[str, ...]) -> dict[str, int]:
        """How many may have each of the semaphores; none where its ConfigMap does not say."""
        found = {}
        for name in mutexes:
            if name.startswith(SEMAPHORE):
                config_map, _, key = name.removeprefix(SEMAPHORE).partition("/")
                text = (self._run.workflow.config_maps or {}).get(config_map, {}).get(key, "")
                found[name] = int(text) if text.isdecimal() else 0
        return found

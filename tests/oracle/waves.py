"""Submitting many workflows to a small cluster: only so many at a time, the next as others end.

What still runs when nothing has changed on the cluster for a while does not end; it is put aside, and the others go on.
Between two changes of a workflow it is seen to that what its case says a person does to it is done.
"""

import json
import queue
import random
import re
import string
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pipeline.errors import UserError
from tests.oracle.acting import acts, there
from tests.oracle.cases import Case
from tests.oracle.cluster import kubectl
from tests.oracle.normal import OVER, Answer

_PAUSE_SECONDS = 0.2
_REFUSED = re.compile(r"is invalid: |strict decoding error: ")
_PHASES = 'jsonpath={.metadata.name} {.status.phase} {.status.nodes.*.phase}{"\\n"}'


class Waves:
    """The workflows of `cases` in a namespace. `quiet`: the seconds after which what has not changed does not end."""

    def __init__(self, cases: Sequence[Case], namespace: str, *, at_once: int, quiet: float) -> None:
        self._namespace, self._at_once, self._quiet = namespace, at_once, quiet
        self._cases = {case.workflow: case for case in cases}
        self._waiting: deque[dict[str, Any]] = deque()
        self._running: set[str] = set()
        self._over = 0
        self._persons: dict[str, there.Person] = {}  # who does something to a workflow, by its name
        self.names: dict[str, str] = {}  # of the workflows, by case
        self.persons: dict[str, there.Person] = {}  # the same, by case
        self.refusals: dict[str, Answer] = {}  # what the API server has not taken, by case

    def run(self) -> None:
        """Submit all, and wait until each has ended or does not."""
        for found in self._read():
            if found["kind"] == "Workflow":
                self._waiting.append(found)
            else:
                kubectl("create", "-f", "-", given=json.dumps(found))
        with _phases(self._namespace) as changes:
            while self._waiting or self._running:
                self._fill()
                try:
                    name, phase = changes.get(timeout=self._quiet)
                except queue.Empty:
                    print(f"\nnothing has changed for {self._quiet:g} s: {', '.join(sorted(self._running))}")
                    self._over += len(self._running)
                    self._running.clear()
                    continue
                if name in self._running and self._ended(name, phase):
                    self._running.remove(name)
                    self._over += 1
                    print(f"\r{self._over} of {len(self._cases)} done", end="", flush=True)
        print()

    def _ended(self, name: str, phase: str) -> bool:
        """Whether a workflow is over, and nothing is left to be done to it; what is due is done."""
        person = self._persons.get(name)
        if person is None:
            return phase in OVER
        try:
            ended = person.look()
        except UserError as error:  # of this one nothing more is known; the others go on
            print(f"\n{name}: {error}", flush=True)
            return True
        if person.name != name:  # it was submitted again, and the new one counts
            self._running.add(person.name)
            self._over -= 1
            self._persons[person.name] = person
            return True
        return ended

    def _read(self) -> Iterator[dict[str, Any]]:
        """The objects of all cases as kubectl reads them, each workflow with a random suffix."""
        files = [option for case in self._cases.values() for option in ("-f", str(case.file))]
        text = kubectl("create", "--dry-run=client", "--validate=false", "-o", "json", *files).strip()
        decoder = json.JSONDecoder()
        while text:
            found, end = decoder.raw_decode(text)
            text = text[end:].lstrip()
            metadata = found["metadata"]
            metadata["namespace"] = self._namespace
            if found["kind"] == "Workflow":
                case = self._cases[metadata["name"]]
                suffix = "".join(random.choices(string.ascii_lowercase, k=5))
                metadata["name"] = self.names[case.name] = f"{case.workflow[:57]}-{suffix}"
                found["spec"].setdefault("serviceAccountName", "executor")
            yield found

    def _fill(self) -> None:
        while self._waiting and len(self._running) < self._at_once:
            workflow = self._waiting.popleft()
            name = workflow["metadata"]["name"]
            try:
                kubectl("create", "-f", "-", given=json.dumps(workflow))
            except UserError as error:
                case = next(case for case, given in self.names.items() if given == name)
                del self.names[case]
                said = _REFUSED.split(str(error))[-1].replace(name, "<workflow>")
                self.refusals[case] = {"refused": said}
                self._over += 1
            else:
                self._running.add(name)
                self._accompany(name)

    def _accompany(self, name: str) -> None:
        case = next(case for case in self._cases.values() if self.names.get(case.name) == name)
        if acts.of(case):
            self.persons[case.name] = self._persons[name] = there.Person(case, self._namespace, name)


@contextmanager
def _phases(namespace: str) -> Iterator["queue.SimpleQueue[tuple[str, str]]"]:
    """Each change of a workflow's phase or of those of its nodes: its name and phase. Argo 4 goes on writing to what
    does not end, and nothing of that changes. The API server ends a watch after a while; then there is another, which
    begins with what there is."""
    changes: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
    seen: dict[str, tuple[str, ...]] = {}
    command = ["kubectl", "-n", namespace, "get", "workflows", "--watch", "-o", _PHASES]
    over = threading.Event()
    watches: list[subprocess.Popen[str]] = []

    def read() -> None:
        while not over.wait(_PAUSE_SECONDS):
            watches[:] = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True)]
            if over.is_set():
                watches[0].terminate()
            for line in watches[0].stdout or ():
                name, phase, *nodes = [*line.split(), ""]
                if seen.get(name) != (phase, *sorted(nodes)):
                    seen[name] = (phase, *sorted(nodes))
                    changes.put((name, phase))
            watches[0].wait()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield changes
    finally:
        over.set()
        for watch in watches:
            watch.terminate()
        reader.join()

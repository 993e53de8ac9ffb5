"""Runs the containers of one pod as processes of its own group: `supervisor.py FILE`, a plan as `plans` makes it.

First those before, one after the other; then those beside, and the main ones, each once what it depends on has
succeeded. When the main ones have ended, those beside are told to (TERM, later KILL). What happens is appended to the
plan's `record` as JSON lines. It exits with the code of `main`, or of the first that failed.

It is a program by itself that imports nothing of ours, so that it starts at once, wherever a step's process is started;
whoever ends its process group ends all of the pod.
"""

import contextlib
import json
import math
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

NO_COMMAND, NOT_BEGUN, TERMINATED = 64, 64, 143

Launch = dict[str, Any]  # name, command, env, cwd, stdout, stderr, after


class Pod:
    """The containers of one plan."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.stopping = False
        self.codes: dict[str, int] = {}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.ends: dict[str, int] = {}  # readable when it has ended
        self.kill_at: dict[str, float] = {}
        self.endings: dict[str, list[str]] = {}
        self.again_at: dict[str, float] = {}
        self.attempts: dict[str, int] = {}

    def run(self) -> int:
        """Run it to its end; its exit code."""
        signal.signal(signal.SIGTERM, self.stop)
        for launch in self.plan["before"]:
            if self.stopping or self._alone(launch) != 0:
                return self.codes.get(launch["name"], TERMINATED)
        for launch in self.plan["beside"]:
            self._start(launch)
        self._run_main()
        self._end_beside()
        failed = [self.codes[launch["name"]] for launch in self.plan["main"] if self.codes[launch["name"]]]
        return self.codes.get("main", 0) or (failed[0] if failed else 0)

    def stop(self, *_: object) -> None:
        """Begin nothing more; whoever sent the signal has sent it to all containers too."""
        self.stopping = True

    def _alone(self, launch: Launch) -> int:
        self._start(launch)
        while launch["name"] in self.running:
            self._look()
        return self.codes[launch["name"]]

    def _run_main(self) -> None:
        waiting = list(self.plan["main"])
        names = {launch["name"] for launch in waiting}
        while waiting or self.again_at or names & self.running.keys():
            for launch in list(waiting):
                broken = next((name for name in launch["after"] if self.codes.get(name, 0) != 0), "")
                if broken:
                    self._end(launch["name"], NOT_BEGUN, f'dependency "{broken}" exited with non-zero code: '
                                                         f"{self.codes[broken]}")  # fmt: skip
                elif self.stopping:
                    self._end(launch["name"], TERMINATED)
                elif all(name in self.codes for name in launch["after"]):
                    self._start(launch)
                else:
                    continue
                waiting.remove(launch)
            self._start_again(self.plan["main"])
            self._look()
            if self.stopping or any(self.codes.get(name) for name in names):
                self._terminate(names)

    def _start_again(self, launches: list[Launch]) -> None:
        for launch in launches:
            due = self.again_at.get(launch["name"])
            if due is not None and (self.stopping or time.monotonic() >= due):
                del self.again_at[launch["name"]]
                self._start(launch)

    def _start(self, launch: Launch) -> None:
        name = launch["name"]
        self.endings[name] = launch["ending"]
        self.attempts[name] = self.attempts.get(name, 0) + 1
        try:
            with Path(launch["stdout"]).open("ab") as out, Path(launch["stderr"]).open("ab") as err:
                self.running[name] = subprocess.Popen(
                    launch["command"], env=launch["env"], cwd=launch["cwd"], stdin=subprocess.DEVNULL,
                    stdout=out, stderr=err, restore_signals=True,
                )  # fmt: skip
        except OSError as error:
            self._end(name, NO_COMMAND, f"{error.strerror}: {error.filename}")
            return
        self.ends[name] = os.pidfd_open(self.running[name].pid)
        self._note(name, state="Running")

    def _look(self) -> None:
        """Note which containers have ended, after waiting a moment for one."""
        select.select(list(self.ends.values()), [], [], 0.1)
        for name, process in list(self.running.items()):
            code = process.poll()
            if code is not None:
                del self.running[name]
                os.close(self.ends.pop(name))
                self._ended(name, code if code >= 0 else 128 - code)
            elif time.monotonic() > self.kill_at.get(name, math.inf):
                self._kill(name)

    def _ended(self, name: str, code: int) -> None:
        is_main = any(launch["name"] == name for launch in self.plan["main"])
        if code and is_main and not self.stopping and self.attempts[name] < self.plan["attempts"]:
            self.again_at[name] = time.monotonic() + self.plan["pause"]
        else:
            self._end(name, code)

    def _end_beside(self) -> None:
        names = {launch["name"] for launch in self.plan["beside"]}
        self._terminate(names)
        while names & self.running.keys():
            self._look()

    def _terminate(self, names: set[str]) -> None:
        """Tell what runs of these to end: TERM once, KILL after a while."""
        for name in (names & self.running.keys()) - self.kill_at.keys():
            for pid in tree(self.running[name].pid):
                send(pid, signal.SIGTERM)
            self.kill_at[name] = time.monotonic() + self.plan["grace"]

    def _kill(self, name: str) -> None:
        self.kill_at[name] = math.inf
        for pid in tree(self.running[name].pid):
            send(pid, signal.SIGKILL)
        if self.endings[name]:
            subprocess.run(self.endings[name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    def _end(self, name: str, code: int, message: str = "") -> None:
        self.codes[name] = code
        self._note(name, state="Ended", code=code, message=message)

    def _note(self, name: str, **what: Any) -> None:
        with Path(self.plan["record"]).open("a", encoding="utf-8") as record:
            record.write(json.dumps({"name": name, **what}) + "\n")


def tree(pid: int) -> list[int]:
    """A process and all below it: in a sandbox the step is a grandchild."""
    found = [pid]
    for each in found:
        with contextlib.suppress(OSError):  # it has ended meanwhile
            found += map(int, Path(f"/proc/{each}/task/{each}/children").read_text(encoding="utf-8").split())
    return found


def send(pid: int, number: int) -> None:
    """Send a signal to a process; no error if it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def main(file: str) -> int:
    """The program; the plan may hold secrets, so its file is gone once it is read."""
    plan = json.loads(Path(file).read_text(encoding="utf-8"))
    Path(file).unlink()
    return Pod(plan).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""This machine as a place to run workflows: the state folder, the servers, the journal, and a run in the foreground.

The process that asks for a run executes it, and shows its live tree. Ctrl-C ends the run's processes and leaves the run
where it was; so does any other end of that process, since the journal has every transition.
"""

import getpass
import os
import re
import signal
import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from pipeline import engine, projects, shipped, stale
from pipeline.engine.execution import WithSettings
from pipeline.engine.manifest import Commands, Found, Unresolved, find, is_place, read_commands
from pipeline.engine.settings import NO_SETTINGS, of_file
from pipeline.engine.views import labels, plainly
from pipeline.errors import Refused, RunFailed, UserError
from pipeline.laptop.applying import AppliedWorkflows
from pipeline.laptop.home import MAIN_JOB, absent, home
from pipeline.laptop.stopping import end_runs, end_watch
from pipeline.stack import Stack
from pipeline.stack.host import Beforehand, StackHost, is_step
from pipeline.stack.locks import holder
from pipeline.stack.objects import secrets
from pipeline.stack.state import make
from pipeline.stack.watcher import SERVE_LOCK, watching

if TYPE_CHECKING:
    from pipeline.engine.views import RunSummary, RunView
    from pipeline.explain.lines import Line
    from pipeline.laptop.champions import Served
    from pipeline.project import Project, TableProject

Shown = Callable[[], AbstractContextManager[Callable[["RunView"], None]]]


def _as_tree() -> AbstractContextManager[Callable[["RunView"], None]]:
    from pipeline.show.tree import live_tree  # noqa: PLC0415 — rich is needed only to show a run

    return live_tree()


def user() -> str:
    """The name of the user who types; empty if there is none, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


@dataclass(frozen=True)
class Again:
    """Running a workflow again from `node`. `run`: the earlier run; empty for the newest of the workflow."""

    node: str
    run: str = ""


class LocalMachine:
    """Everything that `pipeline` commands share. `home`: the state folder; `manifests`: where names are looked up."""

    def __init__(self, home: Path, manifests: Path | None = None) -> None:
        self.home = home
        self.settings = NO_SETTINGS  # that are given for the runs of this command
        self.commands: Commands = {}  # that are given for images
        self.host_paths = self.cluster = False
        self.where = ""  # in which of the engine's runtimes steps run; empty: each in the least that it needs
        self.manifests = manifests or shipped.manifests()

    @classmethod
    def here(cls) -> "LocalMachine":
        """The machine whose state is in the present folder (or `$PIPELINE_HOME`)."""
        return cls(home())

    @classmethod
    def known(cls) -> "LocalMachine":
        """That of the present folder, where something was started from it.

        Raises:
            UserError: nothing was.
        """
        if words := absent():
            raise UserError(words)
        return cls.here()

    def give(
        self, secrets: Path | None, images: Iterable[str], *, host_paths: bool, cluster: bool, where: str = ""
    ) -> None:
        """Give the runs of this command more than the machine has: a file of secrets, the commands of images
        (`IMAGE=COMMAND`), the folders that hostPath volumes name, kubectl's cluster; and say where their steps run.

        Raises:
            UserError: the file cannot be read, or an image says no command.
        """
        self.settings = of_file(secrets) if secrets is not None else NO_SETTINGS
        self.commands = read_commands(images)
        self.host_paths, self.cluster, self.where = host_paths, cluster, where

    @cached_property
    def stack(self) -> Stack:
        """Its servers."""
        return Stack(self.home)

    @cached_property
    def host(self) -> StackHost:
        """The machine as the engine sees it."""
        workflows = AppliedWorkflows(self.home, self.journal, self.manifests)
        return StackHost(self.stack, workflows, host_paths=self.host_paths, cluster=self.cluster)

    def use(self, *secrets: str) -> None:
        """Put the settings of these Secrets into this process's environment, where `steps.backends` looks for them."""
        for name in secrets:
            os.environ.update(self.host.environment("secret", name))

    @cached_property
    def journal(self) -> engine.Journal:
        """All runs of this machine."""
        make(self.home)
        return engine.Journal(self.home / "journal.db")

    def up(self) -> list[str]:
        """Start all servers that a run may need, those of the champions, the watch, and the API that clients speak, and
        wait for them. What cannot be served, a line each."""
        self.stack.start_in_background(["tracking", "fork-server"])
        for name in ("object-store", "fork-server", "tracking"):
            self.stack.ensure(name)
        problems = self.serve()
        background = {each.name: each.pid for each in self.stack.status()}
        for name, by in (("watch", watching(self.home)), ("serve", holder(self.home / SERVE_LOCK))):
            if by in (None, background.get(name)):  # else there is one in a terminal
                self.stack.ensure(name)
        return problems

    def serve(self) -> list[str]:
        """Make the servers serve the champions; what could not be done, a line each."""
        from pipeline.laptop import champions  # noqa: PLC0415 - SQLAlchemy is slow to import, and not needed to run

        return champions.serve(self.stack, self.journal) if self.has_decisions() else []

    def served(self) -> list["Served"]:
        """The models that must be served, and what is; starts nothing."""
        from pipeline.laptop import champions  # noqa: PLC0415 - likewise

        return champions.served(self.stack, self.journal) if self.has_decisions() else []

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Around what only looks: where no server ran before, and nothing that may need one has begun meanwhile, those
        that it started end with it."""
        before = self.stack.running() if self.home.is_dir() else set()
        try:
            yield
        finally:
            started = self.stack.running() if self.home.is_dir() else set()
            if not before and started and started <= {"object-store", "tracking"} and not self._busy():
                self.stack.stop()

    def _busy(self) -> bool:
        """Whether a process executes a run, or is about to."""
        if holder(self.home / MAIN_JOB) is not None:
            return True
        return any(run.finished_at is None and not run.interrupted for run in self.runs())

    def has_database(self) -> bool:
        """Whether there is one, which nothing makes by looking."""
        return "DATABASE_URL" in os.environ or (self.home / "pipeline.db").exists()

    def has_decisions(self) -> bool:
        """Whether there is a database that may hold some; it is in the environment then. Looking into a SQLite file
        that is not there would make it."""
        if not self.home.is_dir():
            return False
        self.use("database")
        url = os.environ["DATABASE_URL"]
        file = url.removeprefix("sqlite:///")
        return file == url or Path(file).exists()

    def down(self) -> None:
        """Stop the watch, the runs that it or another run started (the next `up` resumes them), then the servers."""
        end_watch(self.home)
        end_runs(self.journal)
        self.stack.stop()

    def watched(self) -> bool:
        """Whether the inboxes and the schedules are being watched."""
        return watching(self.home) is not None

    def find(self, target: str, name: str = "", parameters: Mapping[str, str] | None = None) -> Found:
        """The workflow that a command means: see `finding.find`; of manifests/, it is what its project declares.
        `parameters`: those that are given, for what is said of one that is refused.

        Raises:
            UserError: it is not, or what `finding.find` raises.
        """
        try:
            found = find(target, name, known=self.manifests)
        except Unresolved as problem:
            self._refuse_unrendered(target)
            raise Refused(*problem.problems, *self._also(problem, parameters or {})) from None
        except UserError:
            self._refuse_unrendered(target)
            raise
        folder = Path(found.manifests.named(found.name).source).parent
        if folder.parent == self.manifests and not is_place(target):
            stale.refuse(self.home, self.manifests, folder.name)
        return replace(found, manifests=self._given(found.manifests.with_commands(self.commands)))

    def _given(self, manifests: engine.Manifests) -> engine.Manifests:
        """Manifests with the settings that are given here."""
        settings = manifests.settings.without(secrets.names(self.home))
        return replace(manifests, settings=settings).given(self.settings)

    def _also(self, problem: Unresolved, parameters: Mapping[str, str]) -> Iterable[str]:
        """What else is missing of a workflow that is refused."""
        manifests = problem.manifests
        try:
            manifests.with_commands(self.commands)
        except Unresolved as again:
            manifests = again.manifests
        if problem.name not in manifests.workflows:
            return ()
        return self.lacking(Found(self._given(manifests.given(problem.manifests.settings)), problem.name), parameters)

    def _refuse_unrendered(self, target: str) -> None:
        """Say of a workflow of a project that has no manifests here yet that it has none.

        Raises:
            UserError: so it is.
        """
        own = [name for name in projects.names() if (each := projects.entry(name)) is not None and not each.ships]
        for name in own:
            if target.startswith(f"{name}-") and not is_place(target) and not (self.manifests / name).is_dir():
                stale.refuse(self.home, self.manifests, name)

    def submit(self, name: str, parameters: Mapping[str, str], options: Container[str] = ()) -> str:
        """A new run of the workflow of that name, not started yet; its id. `options`: the parameters that were typed as
        options of their own, not by -p.

        Raises:
            UserError: no manifest has that name, or it is stale, or a parameter is unknown or missing.
        """
        return self.begin(self.find(name), parameters, options=options)

    def begin(
        self,
        found: Found,
        parameters: Mapping[str, str],
        again: Again | None = None,
        options: Container[str] = (),
    ) -> str:
        """A new run of a workflow, not started yet; its id. `again`: what it takes from an earlier run; `options`: as
        for `submit`.

        Raises:
            UserError: a parameter is unknown or missing; or what `taken` raises.
        """
        values, reuse = self.taken(found, parameters, again)
        self.check(found, values, options)
        return engine.submit(self.journal, found.manifests, found.name, values, reuse=reuse, where=self.where)

    def check(self, found: Found, parameters: Mapping[str, str], options: Container[str] = ()) -> None:
        """Refuse to start a workflow of which something is missing here (see `engine.check_ready`), or a project's own
        with values that a step would refuse. `options`: as for `submit`."""
        if (declared := self._declared(found)) is not None:
            from pipeline.laptop import given  # noqa: PLC0415 - pydantic is slow to import, and not needed to look

            given.refuse(
                declared, found.name, parameters, lambda name: f"--{name}" if name in options else f"-p {name}"
            )
        engine.check_ready(found.manifests, found.name, self._beforehand(found), parameters, self.where)

    def lacking(self, found: Found, parameters: Mapping[str, str]) -> Iterable[str]:
        """What a workflow needs and has not (see `engine.lacking`)."""
        return engine.lacking(found.manifests, found.name, self._beforehand(found), parameters, self.where)

    def _beforehand(self, found: Found) -> WithSettings:
        plain = Beforehand(self.home, host_paths=self.host_paths, cluster=self.cluster)
        return WithSettings(plain, found.manifests.settings)

    def told(self, found: Found) -> str:
        """Where the steps of a workflow run that do not run as plain processes; empty if all do."""
        return engine.where_it_runs(found.manifests, found.name, self.where)

    def _declared(self, found: Found) -> "Project | TableProject | None":
        """The project whose own workflow it is, by its name; None if it is somebody's file."""
        folder = Path(found.manifests.named(found.name).source).parent
        own = folder.parent == self.manifests and projects.entry(folder.name) is not None
        return projects.find(folder.name) if own else None

    def taken(
        self, found: Found, parameters: Mapping[str, str], again: Again | None
    ) -> tuple[Mapping[str, str], engine.Reuse | None]:
        """The parameters of a new run, and what it takes from an earlier one.

        Raises:
            UserError: there is no such run or node, or it is not clear which.
        """
        if again is None:
            return parameters, None
        if not (self.home / "journal.db").exists():
            raise UserError(f"there is no earlier run of {found.name}; run it from its beginning")
        return engine.again(self.journal, found.manifests.named(found.name), again.node, parameters, of=again.run)

    def unfinished(self, name: str, parameters: dict[str, str]) -> str | None:
        """The newest run of that workflow with those parameters, if it was cut off."""
        for run in self.runs():
            if run.workflow == name and parameters.items() <= run.parameters.items():
                return run.id if run.interrupted else None
        return None

    def succeed(self, run: str, shown: Shown = _as_tree, *, cores: int | None = None) -> "RunView":
        """Execute a run to its end. `shown`: how it is shown (default: the live tree). `cores`: how many steps run at
        once (default: as many as there are).

        Raises:
            UserError: there is no such run.
            RunFailed: it did not succeed; or it was interrupted, and can be resumed.
        """
        commands = engine.commands(self.journal, run)  # which fails before any server starts if there is no such run
        if any(map(is_step, commands)):
            self.stack.start_in_background(["fork-server"])
        with shown() as show, _stoppable() as stop:
            ended = engine.execute(
                self.journal, run, self.host, self.home, cores=cores or os.cpu_count() or 1, on_change=show, stop=stop
            )
        return self.succeeded(ended)

    def succeeded(self, ended: "RunView") -> "RunView":
        """That run, if it succeeded.

        Raises:
            RunFailed: it did not, or it was interrupted, and can be resumed.
        """
        run = ended.id
        if ended.interrupted:
            raise RunFailed(f"{run} was interrupted; resume it with: pipeline run --resume {run}")
        if ended.phase != "Succeeded":
            raise RunFailed(f"{run} {ended.phase.lower()}: {_plainly(ended)}; see: pipeline explain {run}")
        return ended

    def runs(self) -> list["RunSummary"]:
        """All runs, newest first."""
        return engine.all_runs(self.journal)

    def newest(self) -> str:
        """The id of the newest run.

        Raises:
            UserError: there is none.
        """
        runs = self.runs()
        if not runs:
            raise UserError("no run yet; start one with: pipeline quickstart, or pipeline run FILE")
        return runs[0].id

    def view(self, run: str | None) -> "RunView":
        """A run (the newest, for None) as it stands.

        Raises:
            UserError: there is none of that id.
        """
        return engine.view(self.journal, run or self.newest())

    def stop(self, run: str) -> str:
        """Ask the process that executes the run to stop it; a line that says what was done."""
        return engine.stop(self.journal, run)

    def logs(self, run: str | None, node: str, *, follow: bool) -> None:
        """Print the lines that a run's nodes wrote (the newest run's, for None), each after its node's name; only of
        nodes whose name contains `node`. `follow`: keep printing until the run ends.

        Raises:
            UserError: there is no such run, or no such node in it.
        """
        from pipeline.show.logs import LogStream, Printer  # noqa: PLC0415 — rich is needed only to show a run

        first = self.view(run)
        if not follow and not any(node in name for name in (*labels(first).values(), *(n.name for n in first.nodes))):
            raise UserError(f"run {first.id} has no node whose name contains {node!r}")
        stream = LogStream(Printer(), node, told=follow)
        for seen in engine.follow(self.journal, first.id) if follow else [first]:
            stream.update(seen)
        stream.close()
        if follow and seen.interrupted:
            raise RunFailed(f"no process is running {seen.id}; resume it with: pipeline run --resume {seen.id}")

    def explain(self, run: str | None, node: str | None) -> list["Line"]:
        """The story of a run (the newest, for None), or of one node; if `run` names no run, it is taken for a node.

        Raises:
            UserError: there is no such run or node.
        """
        from pipeline.explain import of_run  # noqa: PLC0415 — rich is needed only to show a run

        if run is not None and node is None and all(each.id != run for each in self.runs()):
            run, node = self.newest(), run
        return of_run(self.journal, run or self.newest(), node or "")

    def report(self, runs: Sequence[str]) -> Path:
        """Write one page for those runs (the newest, for none); its path."""
        from pipeline.report import write  # noqa: PLC0415 — not needed to run

        views = [self.view(run) for run in (runs or [self.newest()])]
        return write(views, self.home / "reports" / f"{views[-1].id}.html")


def _plainly(run: "RunView") -> str:
    """A run's message without what the controller puts before a step's own line; instead of a node's id, what that node
    said."""
    message, nodes = run.message, {node.id: node for node in run.nodes}
    while (child := re.fullmatch(r"child '(\S+)' failed", message)) and child[1] in nodes:
        node = nodes[child[1]]
        message = node.message if node.message.startswith("child '") else f"{labels(run)[node.id]}: {node.message}"
    return plainly(message)


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM and the end of the terminal (SIGHUP) set; a second such signal has its usual
    effect."""
    stop = threading.Event()
    previous: dict[signal.Signals, signal.Handlers | int | Callable[[int, FrameType | None], Any] | None] = {}

    def ask(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, previous[signal.Signals(number)])

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # as nohup wants it
            previous[number] = signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)

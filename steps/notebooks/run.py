"""Execute one notebook, and keep its copy whatever happens.

papermill and the kernel are processes below this one, which looks at the copy while they work: it is kept every few
seconds, so that even a pod that is killed leaves one. A cell that fails is a check that stops this node (3); a kernel
that dies, or a papermill that is killed, is tried again (1).
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import click

from steps.contract import declaration as declared
from steps.contract import notebooks as contract
from steps.contract.command import declaration_option, input_file, log, run, write_json, write_text
from steps.contract.notebooks import Notebook, Work
from steps.errors import BadInput, CheckFailed, StepError
from steps.notebooks import copies, reading
from steps.notebooks.keeping import Place
from steps.notebooks.kernels import end_session
from steps.notebooks.request import Request
from steps.pages.notebook import page
from steps.pages.words import duration
from steps.summaries.notebook import Executed

_LOOK_SECONDS: Final = 5.0
_MINUTE: Final = 60.0
_LARGEST_TABLE: Final = 256 << 20  # bytes of a delivered file
_ROOT: Final = Path(__file__).parents[2]  # where the package `steps` is, for the kernel to import
_ERRORS: Final[dict[str, type[StepError]]] = {"kernel": StepError, "killed": StepError, "refused": BadInput}


@dataclass(frozen=True)
class Ending:
    """How it ended; see `Executed.ended`. `cell`: which code cell was the last, from 1; 0: not known."""

    ended: str
    said: str = ""
    cell: int = 0


class Stopped(Exception):
    """The step was asked to end."""


@click.command()
@declaration_option
@click.option("--notebooks", required=True, help="The project's notebooks, as JSON.")
@click.option("--plan", type=input_file, required=True, help="What the run executes.")
@click.option("--index", type=click.IntRange(min=0), required=True, help="Which of the plan.")
@click.option("--run", "name", required=True, help="The name of the run.")
@click.option("--copy-out", type=click.Path(path_type=Path), required=True, help="The executed copy.")
@click.option("--page-out", type=click.Path(path_type=Path), required=True, help="The same as a page.")
@click.option("--summary-out", type=click.Path(path_type=Path), required=True, help="How it ended, as JSON.")
def command(
    *,
    declaration: str,
    notebooks: str,
    plan: Path,
    index: int,
    name: str,
    copy_out: Path,
    page_out: Path,
    summary_out: Path,
) -> None:
    """Execute one notebook of the plan."""
    project, work = declared.parse(declaration), contract.parse_plan(plan.read_text(encoding="utf-8")).work
    if index >= len(work):
        raise BadInput(f"--index {index}: the plan has {len(work)}")
    notebook = contract.named(contract.parse(notebooks), work[index].notebook)
    place = Place.of(project.name, name, index, work[index])
    _refuse_secrets(work[index])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        one = _One(notebook, work[index], place, Path(scratch))
        began = time.monotonic()
        ending = one.execute()
        ending, tables = one.handed_over(ending)
        copy, shown, leaked = one.drawn(ending)
        if leaked:
            ending = Ending("secret", f"it wrote {', '.join(leaked)}, which is blacked out in the copy; take it out")
            copy, shown, _ = one.drawn(ending)
        write_text(copy_out, copy)
        write_text(page_out, shown)
        place.keep(copy, shown)
        summary = one.summary(ending, time.monotonic() - began, sorted(tables))
        write_json(summary_out, summary.to_json())
        if ending.ended != "done":
            raise _ERRORS.get(ending.ended, CheckFailed)(summary.words)
        place.deliver(tables)
    log.info("%s", summary.words)


def _refuse_secrets(work: Work) -> None:
    """
    Raises:
        BadInput: a parameter is one of the settings that nobody may read.
    """
    for name, value in work.parameters.items():
        if found := copies.without_secrets(str(value), copies.secrets())[1]:
            raise BadInput(f"the parameter {name} holds {found[0]}, which the copy would show; leave it out")


class _One:
    """One notebook in its own folder."""

    def __init__(self, notebook: Notebook, work: Work, place: Place, scratch: Path) -> None:
        self._notebook, self._work, self._place, self._scratch = notebook, work, place, scratch
        self._copy, self._outcome, self._folder = (
            scratch / name for name in ("notebook.ipynb", "outcome.json", "files")
        )
        (self._folder / "deliver").mkdir(parents=True)
        self._title = " ".join(filter(None, (notebook.title or notebook.name, work.item)))

    def execute(self) -> Ending:
        """Execute it by papermill, to its end or until its time is up."""
        self._place.put_aside()
        request = Request(
            self._notebook.path,
            self._work.parameters,
            self._notebook.kernel,
            str(self._copy),
            str(self._outcome),
            str(self._folder),
            self._notebook.memory_mb,
            str(session := self._scratch / "session"),
            os.getpid(),
        )
        asked = self._scratch / "request.json"
        asked.write_text(json.dumps(asdict(request)), encoding="utf-8")
        command = [sys.executable, "-m", "steps.notebooks.executing", str(asked)]
        log_file = self._scratch / "papermill.log"
        with log_file.open("wb") as errors, _asked_to_end():
            child = subprocess.Popen(command, env=self._environment(), stdout=errors, stderr=errors, cwd=self._folder)
            try:
                late = self._wait(child)
            except Stopped:
                return Ending("killed", "the step was asked to end")
            finally:
                child.kill()
                child.wait()
                end_session(session)
        if late:
            return Ending("late", f"it had not ended after {self._notebook.minutes} minutes")
        if self._outcome.exists():
            return Ending(**json.loads(self._outcome.read_text(encoding="utf-8")))
        lines = log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        said = f": {lines[-1]:.200}" if lines and child.returncode > 0 else ""
        return Ending("killed", f"papermill ended with {child.returncode}{said}")

    def _wait(self, child: "subprocess.Popen[bytes]") -> bool:
        """Wait for the end; whether its time was up. What there is of the copy is kept meanwhile."""
        deadline = time.monotonic() + self._notebook.minutes * _MINUTE
        seen = 0.0
        while (left := deadline - time.monotonic()) > 0:
            try:
                child.wait(min(_LOOK_SECONDS, left))
                return False
            except subprocess.TimeoutExpired:
                with contextlib.suppress(OSError, ValueError):
                    if (changed := self._copy.stat().st_mtime) != seen:
                        seen = changed
                        self._place.keep(*self.drawn(Ending("running"))[:2])
        return True

    def _environment(self) -> dict[str, str]:
        """This step's, with everything that Jupyter writes in a folder of its own."""
        own = {
            name: str(self._scratch / name.lower()) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR")
        }
        own |= {name: str(self._scratch / "jupyter") for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
        paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        return os.environ | own | {"PYTHONPATH": os.pathsep.join(paths), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}

    def handed_over(self, ending: Ending) -> tuple[Ending, dict[str, bytes]]:
        """The tables that the notebook wrote. One that it declares and did not write, or that is too large, is a check
        that fails."""
        if ending.ended != "done":
            return ending, {}
        tables = {}
        for each in self._notebook.delivers:
            file = self._folder / "deliver" / f"{each.table}.parquet"
            if not file.is_file():
                return Ending("cell", f"it did not write deliver/{each.table}.parquet, which it declares"), {}
            if (size := file.stat().st_size) > _LARGEST_TABLE:
                most = _LARGEST_TABLE >> 20
                return Ending("cell", f"deliver/{each.table}.parquet has {size >> 20} MB; wanted at most {most}"), {}
            tables[each.table] = file.read_bytes()
            if leaked := copies.in_table(tables[each.table], copies.secrets()):
                return Ending("secret", f"deliver/{each.table}.parquet holds {', '.join(leaked)}; take it out"), {}
        return ending, tables

    def drawn(self, ending: Ending) -> tuple[str, str, list[str]]:
        """The copy as it is kept, its page, and the names of the settings that were in it."""
        copy = copies.marked(self._read(), ending.ended, ending.said)
        text, leaked = copies.without_secrets(json.dumps(copy, indent=1, ensure_ascii=False), copies.secrets())
        shown = page(json.loads(text), self._title, self._work.parameters)
        return text, shown, leaked

    def _read(self) -> dict[str, Any]:
        """The copy, or the notebook itself where nothing of it was executed."""
        with contextlib.suppress(OSError, ValueError):
            found: dict[str, Any] = json.loads(self._copy.read_text(encoding="utf-8"))
            return found
        with contextlib.suppress(BadInput):
            notebook: dict[str, Any] = reading.read(reading.found(self._notebook.path))
            return notebook
        return {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}

    def summary(self, ending: Ending, seconds: float, tables: list[str]) -> Executed:
        """What became of it."""
        cells = sum(cell["cell_type"] == "code" for cell in self._read()["cells"])
        where = f", cell {ending.cell}" if ending.cell else ""
        said = copies.without_secrets(ending.said, copies.secrets())[0]
        words = f"{self._title}{where}: {said or 'done'}"
        words += f" (in {duration(seconds)})" if ending.ended == "done" else f"; its copy is {self._place.address}"
        return Executed(
            notebook=self._notebook.name,
            item=self._work.item,
            ended=ending.ended,
            said=said,
            address=self._place.address,
            seconds=round(seconds, 2),
            cells=cells,
            tables=tuple(tables),
            words=words,
        )


@contextlib.contextmanager
def _asked_to_end() -> Iterator[None]:
    """SIGTERM becomes an exception, so that the copy is kept before the step ends."""

    def stop(*_: object) -> None:
        raise Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    run(command)

"""What this engine answers to a case: real processes in a temporary folder, no cluster."""

import re
import threading
from pathlib import Path

from pipeline import engine
from pipeline.errors import PipelineError
from tests.engine.laboratory import PlainHost
from tests.oracle.acting.here import Person
from tests.oracle.cases import Case
from tests.oracle.normal import Answer

PATIENCE_SECONDS = 30.0
CORES = 4
_LINE = re.compile(r", line \d+(?=: )")


def ask(case: Case, folder: Path) -> Answer:
    """Run it, and give the answer in the normal form; `{"refused": …}` where it is not run (without the line, which
    a new comment would change)."""
    journal = engine.Journal(folder / "journal.db")
    try:
        run = engine.submit(journal, engine.load(case.file), case.workflow, {}, where="process")
    except PipelineError as error:
        return {"refused": _LINE.sub("", str(error).replace(str(case.file), case.file.name))}
    person = Person(case, journal, folder, run)
    stop = threading.Event()
    timer = threading.Timer(PATIENCE_SECONDS, stop.set)
    timer.start()
    try:
        while True:
            with person.beside():
                engine.execute(journal, person.name, PlainHost(), folder, cores=CORES, stop=stop)
            if stop.is_set() or not person.look():
                break
    finally:
        timer.cancel()
    answer = person.answer()
    return {**answer, "phase": "does not end"} if stop.is_set() else answer

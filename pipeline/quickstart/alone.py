"""One main job at a time in a state folder: two would execute the same workflows, and one of them would fail midway."""

from contextlib import AbstractContextManager
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.laptop.home import MAIN_JOB
from pipeline.stack import locks
from pipeline.stack.state import make


def alone(home: Path) -> AbstractContextManager[None]:
    """Be the only main job of a state folder; however this process ends, the next one may begin.

    Raises:
        PipelineError: another one is going on.
        UserError: the folder cannot be written.
    """

    def taken(process: str) -> PipelineError:
        return PipelineError(
            f"process {process} is doing the main job in {home} already; wait for its end, or look at it with "
            "`pipeline runs`; for one beside it, call this in another folder"
        )

    make(home)
    return locks.alone(home / MAIN_JOB, taken)

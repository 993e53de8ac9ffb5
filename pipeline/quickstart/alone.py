"""One main job at a time in a state folder: two would execute the same workflows, and one of them would fail midway."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.stack.locks import holder, locked
from pipeline.stack.state import make

_LOCK = "quickstart.lock"


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Be the only main job of a state folder; however this process ends, the next one may begin.

    Raises:
        PipelineError: another one is going on.
        UserError: the folder cannot be written.
    """
    make(home)
    with ExitStack() as held:
        try:
            held.enter_context(locked(home / _LOCK, wait=False))
        except BlockingIOError:
            raise PipelineError(
                f"process {holder(home / _LOCK) or '?'} is doing the main job in {home} already; wait for its end, or "
                "look at it with `pipeline runs`; for one beside it, call this in another folder"
            ) from None
        yield

"""What `pipeline doctor` looks at on this machine: what a run needs, the servers, and the models that must be live."""

from collections.abc import Iterator

from pipeline.engine.execution import NAMES, by, missing
from pipeline.errors import PipelineError
from pipeline.laptop.home import home
from pipeline.laptop.machine import LocalMachine
from pipeline.stack.doctor import Check
from pipeline.stack.doctor import examine as examine_stack
from steps.errors import StepError


def examine() -> Iterator[Check]:
    """Every check; starts nothing."""
    yield from examine_stack(home())
    for name in NAMES[1:]:
        problem = missing(name)
        yield Check(f"steps in a {name}", True, f"not here: {problem}" if problem else f"{by(name)} answers")
    if home().is_dir():
        yield from _models()


def _models() -> list[Check]:
    from pipeline.laptop import champions  # noqa: PLC0415 - what it imports may be what is not installed

    try:
        return champions.checks(LocalMachine.here().served())
    except (PipelineError, StepError) as error:
        return [Check("models", False, f"what must be live cannot be read: {error}")]

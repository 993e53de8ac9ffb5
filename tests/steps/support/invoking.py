"""A step run as the engine runs it, in this process: its options, its exit code, and what it said."""

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass

from steps.contract import command as steps_command


@dataclass(frozen=True)
class Ended:
    """`error` is what follows "error: " on stderr; empty where there is none."""

    code: int
    log: str

    @property
    def error(self) -> str:
        return next((line.removeprefix("error: ") for line in self.log.splitlines() if line.startswith("error: ")), "")


def run_step(command: Callable[..., object], **options: object) -> Ended:
    """Run a step's command; `plan_out=…` is `--plan-out …`, and a `_` after a keyword of Python is dropped."""
    arguments = [
        text for name, value in options.items() for text in (f"--{name.rstrip('_').replace('_', '-')}", str(value))
    ]
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            steps_command.run(command, arguments)
        except SystemExit as end:
            return Ended(int(end.code or 0), said.getvalue())
    raise AssertionError("a step ends with an exit code")

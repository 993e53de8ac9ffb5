"""The errors that the command line turns into one line and an exit code.

    PipelineError            1  something outside failed; the same command may work later
    ├── UserError            2  a wrong argument, manifest or setting
    │   └── Refused          2  a manifest uses what this engine does not run; names template and field
    └── RunFailed            3  a run ended, and did not succeed

A message is one line: what was got, what was wanted, what to do. A refusal may have several, one for each problem.
"""


class PipelineError(Exception):
    """Something outside failed: a server, a disk, a port. Exit code 1."""

    exit_code = 1


class UserError(PipelineError):
    """A wrong argument, manifest or setting. Exit code 2."""

    exit_code = 2


class Refused(UserError):
    """A manifest uses what this engine does not run, or needs what is not here. Each of its `problems` is a line that
    names the template and the field. Exit code 2."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class RunFailed(PipelineError):
    """A run ended, and did not succeed. Exit code 3."""

    exit_code = 3

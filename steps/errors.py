"""The errors that a step ends with, and the exit codes they become.

    StepError                1  try again: the world may have changed
    ├── BadInput             2  bad input or configuration; trying again changes nothing
    └── CheckFailed          3  a check that stops the run; trying again changes nothing

A message is one line: what was got, what was wanted, what to do.
"""


class StepError(Exception):
    """Something outside the step failed (a server, a disk, a network). Retried. Exit code 1."""

    exit_code = 1


class BadInput(StepError):
    """An option, a setting or the declaration is wrong. Not retried. Exit code 2."""

    exit_code = 2


class CheckFailed(StepError):
    """A check failed and the run must stop. Not retried. Exit code 3."""

    exit_code = 3
